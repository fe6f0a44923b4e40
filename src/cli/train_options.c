// The options of `quillet train`: see train_options.h.
// Uses: base, model, jansson.
#include "cli/train_options.h"

#include <stdlib.h>
#include <string.h>

#include "base/thread_pool.h"
#include "model/model.h"

// Long because it is a table: a row for each option.
void ql_train_options_init(struct ql_option options[QL_TRAIN_OPTION_COUNT], struct ql_train_settings *settings)
{
    struct ql_train_settings *const s = settings;

    *s = (struct ql_train_settings){
        .sequences = "stream",
        .model = "lstm",
        .schedule = "constant",
        .quantize = "off",
        .checkpoint_dir = "checkpoints",
        .validation_share = 0.05,
        .dropout = 0.2,
        .learning_rate = 0.001,
        .weight_decay = 0.01,
        .beta2 = 0.999,
        .grad_clip = 5.0,
        .embedding_size = 84,
        .rnn_size = 128,
        .num_layers = 2,
        .num_heads = 4,
        .feed_size = 256,
        .context_length = 128,
        .max_epochs = 50,
        .batch_size = 64,
        .seq_length = 64,
        .generate = 128,
        .threads = ql_thread_processors(),
        .seed = 1,
    };
// clang-format off
#define GROUP(title) {"", QL_OPTION_FLAG, NULL, 0, 0, NULL, title, false}
#define TEXT(name, value, help) {#name, QL_OPTION_STRING, &s->name, 0, 0, value, help, false}
#define WHOLE(name, from, to, help) {#name, QL_OPTION_INT, &s->name, from, to, "N", help, false}
#define REAL(name, from, to, help) {#name, QL_OPTION_FLOAT, &s->name, from, to, "X", help, false}
#define SEED(name, help) {#name, QL_OPTION_UINT32, &s->name, 0, 0, "N", help, false}
#define FLAG(name, help) {#name, QL_OPTION_FLAG, &s->name, 0, 0, NULL, help, false}
    const struct ql_option table[QL_TRAIN_OPTION_COUNT] = {
        GROUP("Text"),
        TEXT(input, "FILE", "the text, UTF-8"),
        TEXT(validation, "FILE", "text to measure the loss on; without it a share of the input is held out"),
        REAL(validation_share, 0.001, 0.5, "share held out: the end of a stream, cut at a line end where one is near, or items chosen by hash"),
        TEXT(sequences, "KIND", "stream: one running text; items: every line a sequence of its own"),
        WHOLE(pieces, 0, QL_PIECE_LIMIT, "pieces of several characters to learn from the text; 0: characters only"),
        GROUP("Model"),
        TEXT(model, "KIND", "lstm, gru, rnn or transformer"),
        WHOLE(embedding_size, 1, QL_MODEL_SIZE_LIMIT, "values per token; for a transformer, the default is 128"),
        WHOLE(rnn_size, 1, QL_MODEL_SIZE_LIMIT, "units per layer of a recurrent model"),
        WHOLE(num_layers, 1, QL_MODEL_LAYER_LIMIT, "layers"),
        WHOLE(num_heads, 1, QL_MODEL_SIZE_LIMIT, "attention heads of a transformer; they divide the embedding size"),
        WHOLE(num_kv_heads, 0, QL_MODEL_SIZE_LIMIT, "heads of keys and values; 0: as many as --num-heads"),
        WHOLE(feed_size, 1, QL_FEED_SIZE_LIMIT, "feed-forward units of a transformer's layer"),
        WHOLE(context_length, 1, QL_CONTEXT_LIMIT, "tokens that a transformer's attention reaches"),
        TEXT(init_from, "PATH", "a run's folder: resume it; a checkpoint: start a new run from that model"),
        GROUP("Training"),
        WHOLE(max_epochs, 1, 1000000, "passes over the text"),
        WHOLE(early_stop, 0, 1000000, "stop after this many epochs without a better validation loss; 0 never"),
        WHOLE(batch_size, 1, 4096, "sequences side by side"),
        WHOLE(seq_length, 1, 4096, "tokens that a gradient reaches back; for a transformer, the default is --context-length"),
        TEXT(quantize, "FORMAT", "off, int8 or int4: train with the rounding of an integer format"),
        REAL(dropout, 0, 0.95, "dropout between recurrent layers; in a transformer, after the embedding and both halves of a layer"),
        REAL(output_dropout, 0, 0.95, "dropout of the output layer's inputs"),
        REAL(label_smoothing, 0, 0.95, "share of a target's probability that is spread evenly over all tokens"),
        REAL(learning_rate, 0, 1000, "step size of AdamW"),
        TEXT(schedule, "SHAPE", "constant or cosine"),
        REAL(final_learning_rate, 0, 1000, "rate at the end of a cosine schedule"),
        WHOLE(warmup_steps, 0, 1000000000, "steps over which the rate rises from 0"),
        REAL(weight_decay, 0, 100, "weight decay of AdamW; for a transformer, the default is 0.1"),
        REAL(beta2, 0, 0.999999, "share of AdamW's mean of squares that a step keeps; for a transformer, the default is 0.98"),
        REAL(grad_clip, 0, 1e9, "largest norm of a gradient; 0 is off; for a transformer, the default is 0.3"),
        SEED(seed, "seed of all random numbers; the same seed gives the same model"),
        WHOLE(generate, 0, 100000, "characters of a sample after each epoch"),
        GROUP("Run"),
        TEXT(checkpoint_dir, "DIR", "where runs are kept"),
        TEXT(run_name, "NAME", "name of the run's folder (default: the time)"),
        WHOLE(threads, 1, QL_THREAD_LIMIT, "threads to compute with; any number gives the same model"),
        FLAG(quiet, "print the result only"),
        FLAG(json, "print the summary as JSON"),
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
// clang-format on
#undef GROUP
#undef TEXT
#undef WHOLE
#undef REAL
#undef SEED
#undef FLAG
    memcpy(options, table, sizeof table);
}

// An option whose value does not change the trained model, or may grow in a resumed run. Files may have moved; a
// separate check ensures that their text is the same.
static bool option_is_free(const struct ql_option *option)
{
    static const char *const names[] = {"max_epochs",     "early_stop", "threads",  "quiet", "json",      "init_from",
                                        "checkpoint_dir", "run_name",   "generate", "input", "validation"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(option->name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static json_t *option_value(const struct ql_option *option)
{
    switch (option->type) {
    case QL_OPTION_FLAG:
        return json_boolean(*(const bool *)option->target);
    case QL_OPTION_STRING: {
        const char *text = *(const char *const *)option->target;
        return text == NULL ? json_null() : json_string(text);
    }
    case QL_OPTION_INT:
        return json_integer(*(const int *)option->target);
    case QL_OPTION_UINT32:
        return json_integer(*(const uint32_t *)option->target);
    case QL_OPTION_FLOAT:
        return json_real(*(const double *)option->target);
    }
    return NULL;
}

// A resumed run may grow, but the number of epochs affects the learning rate of each epoch, and the time of stopping
// affects the result.
static bool option_decides(const struct ql_option *option)
{
    return !option_is_free(option) || strcmp(option->name, "max_epochs") == 0 ||
           strcmp(option->name, "early_stop") == 0;
}

static json_t *options_to_json(const struct ql_option *options, bool deciding_only)
{
    json_t *arguments = json_object();

    for (const struct ql_option *option = options; option->name != NULL; option++) {
        if (option->name[0] != '\0' && (!deciding_only || option_decides(option))) {
            (void)json_object_set_new(arguments, option->name, option_value(option));
        }
    }
    return arguments;
}

json_t *ql_train_options_to_json(const struct ql_option *options)
{
    return options_to_json(options, false);
}

json_t *ql_train_options_deciding_to_json(const struct ql_option *options)
{
    return options_to_json(options, true);
}

void ql_train_options_given_to_json(const struct ql_option *options, json_t *arguments)
{
    static const char *const kept[] = {"input", "validation", "max_epochs", "early_stop", "generate"};

    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        for (const struct ql_option *option = options; option->name != NULL; option++) {
            if (option->given && strcmp(option->name, kept[i]) == 0) {
                (void)json_object_set_new(arguments, kept[i], option_value(option));
            }
        }
    }
}

// True when the command line could have given the option this value. Null means a text without a default that was not
// given.
static bool value_fits(const struct ql_option *option, const json_t *value)
{
    const json_int_t whole = json_integer_value(value);
    const double number = json_number_value(value);

    switch (option->type) {
    case QL_OPTION_FLAG:
        return json_is_boolean(value);
    case QL_OPTION_STRING:
        return json_is_string(value) || (json_is_null(value) && *(const char *const *)option->target == NULL);
    case QL_OPTION_INT:
        return json_is_integer(value) && number >= option->minimum && number <= option->maximum;
    case QL_OPTION_UINT32:
        return json_is_integer(value) && whole >= 0 && whole <= (json_int_t)UINT32_MAX;
    case QL_OPTION_FLOAT:
        return json_is_number(value) && number >= option->minimum && number <= option->maximum;
    }
    return false;
}

// True for the names of the folder, which no longer have an effect once it is there.
static bool option_names_folder(const struct ql_option *option)
{
    return strcmp(option->name, "run_name") == 0 || strcmp(option->name, "checkpoint_dir") == 0;
}

// Sets an option that the user has not given to the value that the run was started with; a value that was given must be
// the same, or be allowed to differ. Strings still belong to the JSON value.
static enum ql_status argument_from_json(struct ql_option *option, const json_t *value, struct ql_error *error)
{
    bool is_init = strcmp(option->name, "init_from") == 0; // given: the folder; recorded: the model that it began with

    if (option->given && !is_init) {
        json_t *given = option_value(option);
        bool same = json_equal(given, value) != 0;
        json_decref(given);
        if (!same && option_names_folder(option)) {
            return ql_error_write(error, QL_ERROR_USAGE,
                                  "--%s: a resumed run stays in its folder; leave it out, or give a checkpoint as "
                                  "--init-from to start a new run",
                                  ql_option_spell(option->name).text);
        }
        if (!same && !option_is_free(option)) {
            char *text = json_dumps(value, JSON_ENCODE_ANY);
            enum ql_status status =
                ql_error_write(error, QL_ERROR_USAGE, "--%s: the run was started with %s; a resumed run keeps it",
                               ql_option_spell(option->name).text, text == NULL ? "another value" : text);
            free(text);
            return status;
        }
        return QL_OK;
    }
    if (strcmp(option->name, "threads") == 0 || option->type == QL_OPTION_FLAG) {
        return QL_OK;
    }
    if (!value_fits(option, value)) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the argument '%s' is damaged: it is not a value that --%s can have", option->name,
                              ql_option_spell(option->name).text);
    }
    switch (option->type) {
    case QL_OPTION_FLAG:
        break;
    case QL_OPTION_STRING:
        *(const char **)option->target = json_string_value(value);
        break;
    case QL_OPTION_INT:
        *(int *)option->target = (int)json_integer_value(value);
        break;
    case QL_OPTION_UINT32:
        *(uint32_t *)option->target = (uint32_t)json_integer_value(value);
        break;
    case QL_OPTION_FLOAT:
        *(double *)option->target = json_number_value(value);
        break;
    }
    return QL_OK;
}

enum ql_status ql_train_options_from_json(struct ql_option *options, const json_t *arguments, struct ql_error *error)
{
    if (!json_is_object(arguments)) {
        return ql_error_write(error, QL_ERROR_INPUT, "has no arguments");
    }
    // The folder is not an argument of the run.
    *(const char **)ql_option_find(options, "init_from")->target = NULL;
    for (struct ql_option *option = options; option->name != NULL; option++) {
        const json_t *value = option->name[0] == '\0' ? NULL : json_object_get(arguments, option->name);
        enum ql_status status = value == NULL ? QL_OK : argument_from_json(option, value, error);
        if (status != QL_OK) {
            return status;
        }
    }
    return QL_OK;
}
