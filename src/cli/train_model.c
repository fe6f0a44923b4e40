// The model that a training begins with: see train_model.h.
// Uses: base, corpus/pieces, model, checkpoint, cli/{train_options,train_record,train_texts}.
#include "cli/train_model.h"

#include <string.h>

#include "base/file.h"
#include "checkpoint/checkpoint.h"
#include "cli/train_texts.h"
#include "corpus/pieces.h"

// A model option that was given must agree with the checkpoint.
static enum ql_status check_given(struct ql_option *options, const char *name, int there, struct ql_error *error)
{
    const struct ql_option *option = ql_option_find(options, name);

    if (option->given && *(const int *)option->target != there) {
        return ql_error_write(error, QL_ERROR_USAGE, "--%s %d: the model of --init-from has %d",
                              ql_option_spell(name).text, *(const int *)option->target, there);
    }
    *(int *)option->target = there;
    return QL_OK;
}

// The sizes of the checkpoint's model.
static enum ql_status check_sizes(struct ql_option *options, const struct ql_dimensions *d, struct ql_error *error)
{
    const struct {
        const char *option;
        int there;
        bool of_decoder, of_recurrent;
    } sizes[] = {
        {"embedding_size", d->E, true, true},
        {"num_layers", d->L, true, true},
        {"rnn_size", d->H, false, true},
        {"num_heads", d->heads, true, false},
        {"num_kv_heads", d->kv_heads, true, false},
        {"feed_size", d->feed, true, false},
        {"context_length", d->context, true, false},
    };
    enum ql_status status = QL_OK;

    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0] && status == QL_OK; k++) {
        if (d->layer == QL_LAYER_DECODER ? sizes[k].of_decoder : sizes[k].of_recurrent) {
            status = check_given(options, sizes[k].option, sizes[k].there, error);
        }
    }
    return status;
}

// An option for the other kind of model is an error if it was given, and is not silently ignored.
static enum ql_status check_kind(struct ql_option *options, const struct ql_dimensions *d, struct ql_error *error)
{
    static const char *const of_recurrent[] = {"rnn_size", NULL};
    static const char *const of_decoder[] = {"num_heads", "num_kv_heads", "feed_size", "context_length", NULL};
    const bool is_decoder = d->layer == QL_LAYER_DECODER;

    for (const char *const *name = is_decoder ? of_recurrent : of_decoder; *name != NULL; name++) {
        if (ql_option_find(options, *name)->given) {
            return ql_error_write(error, QL_ERROR_USAGE, "--%s is for %s: leave it out, or choose another --model",
                                  ql_option_spell(*name).text,
                                  is_decoder ? "recurrent models; the layers of a transformer are as wide as "
                                               "--embedding-size says"
                                             : "--model transformer");
        }
    }
    return QL_OK;
}

// The default width of a transformer: most numbers of heads divide it.
enum { DECODER_EMBEDDING_SIZE = 128 };

// Training options of a transformer that were not given. The defaults of recurrent models cost it 0.3 bits per character:
// a few steps in which the loss jumps undo many others (bench/results.md, "Steps of a transformer's training").
static void take_decoder_defaults(struct ql_train_settings *settings, struct ql_option *options)
{
    const struct {
        const char *option;
        double *target, value;
    } defaults[] = {
        {"weight_decay", &settings->weight_decay, 0.1},
        {"beta2", &settings->beta2, 0.98},
        {"grad_clip", &settings->grad_clip, 0.3},
    };

    for (size_t k = 0; k < sizeof defaults / sizeof defaults[0]; k++) {
        if (!ql_option_find(options, defaults[k].option)->given) {
            *defaults[k].target = defaults[k].value;
        }
    }
}

// The dimensions of a new model, or of one that was `begun` by an earlier session, from the settings.
static enum ql_status read_dimensions(struct ql_dimensions *d, struct ql_train_settings *settings,
                                      struct ql_option *options, bool begun, struct ql_error *error)
{
    *d = (struct ql_dimensions){.E = settings->embedding_size, .H = settings->rnn_size, .L = settings->num_layers};
    enum ql_status status = ql_architecture_read(d, settings->model, error);

    if (status == QL_OK && (status = check_kind(options, d, error)) == QL_OK && d->layer == QL_LAYER_DECODER) {
        if (!begun && !ql_option_find(options, "embedding_size")->given) {
            settings->embedding_size = DECODER_EMBEDDING_SIZE;
            d->E = DECODER_EMBEDDING_SIZE;
        }
        if (!begun) {
            take_decoder_defaults(settings, options);
        }
        d->H = d->E;
        d->heads = settings->num_heads;
        d->kv_heads = settings->num_kv_heads == 0 ? d->heads : settings->num_kv_heads;
        d->feed = settings->feed_size;
        d->context = settings->context_length;
        status = ql_architecture_check(d, error);
    }
    return status;
}

// Takes the model of a checkpoint and sets the settings accordingly. `begun`: an earlier session has determined the
// settings that were not given.
static enum ql_status take_checkpoint(struct ql_model *model, struct ql_model_info *info,
                                      struct ql_train_settings *settings, struct ql_option *options, bool begun,
                                      struct ql_error *error)
{
    // A name in a run's summary is not always the one that the user would give.
    enum ql_status status = begun ? ql_file_check_rereadable(settings->init_from, error) : QL_OK;

    if (status == QL_OK) {
        status = ql_checkpoint_load(settings->init_from, model, info, error);
    }
    if (status != QL_OK) {
        return status;
    }
    // No parameter depends on the context, so a new run may have another one.
    if (model->dimensions.layer == QL_LAYER_DECODER && (begun || ql_option_find(options, "context_length")->given)) {
        model->dimensions.context = settings->context_length;
    }
    const struct ql_dimensions d = model->dimensions;
    if (info->vocabulary.count > 0 &&
        (status = check_given(options, "pieces", info->vocabulary.piece_count, error)) != QL_OK) {
        return status;
    }
    if (ql_option_find(options, "model")->given && strcmp(settings->model, ql_architecture_of(&d)->name) != 0) {
        return ql_error_write(error, QL_ERROR_USAGE, "--model %s: the model of --init-from is of type %s",
                              settings->model, ql_architecture_of(&d)->name);
    }
    settings->model = ql_architecture_of(&d)->name;
    if ((status = check_kind(options, &d, error)) != QL_OK || (status = check_sizes(options, &d, error)) != QL_OK) {
        return status;
    }
    if (!begun && d.layer == QL_LAYER_DECODER) {
        take_decoder_defaults(settings, options);
    }
    if (!begun && !ql_option_find(options, "sequences")->given && info->items) {
        settings->sequences = "items";
    }
    if (!begun && !ql_option_find(options, "quantize")->given) {
        settings->quantize = ql_weight_format_write(info->weights);
    }
    if (info->vocabulary.count == 0) { // written by PyTorch: the meaning of the tokens follows from the text
        status = ql_train_texts_scan(&info->vocabulary, settings, error);
        if (status == QL_OK && info->vocabulary.count != d.V) {
            status = ql_error_write(error, QL_ERROR_INPUT,
                                    "%s: has no vocabulary, and its %d symbols cannot be the %d of %s",
                                    settings->init_from, d.V, info->vocabulary.count, settings->input);
        }
    }
    return status;
}

// The vocabulary of the model that a run started from may have more symbols than the run's texts, and other pieces.
static enum ql_status read_summary_vocabulary(struct ql_vocabulary *vocabulary, const struct ql_train_record *record,
                                              struct ql_error *error)
{
    const char *text = json_string_value(json_object_get(record->summary, "vocabulary"));
    const char *pieces = json_string_value(json_object_get(record->summary, "pieces"));

    if (text == NULL || ql_vocabulary_read(vocabulary, text, strlen(text), error) != QL_OK ||
        (pieces != NULL && ql_pieces_read(vocabulary, pieces, error) != QL_OK)) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s/summary.json: the vocabulary is damaged", record->run.folder);
    }
    return QL_OK;
}

enum ql_status ql_train_model_init(struct ql_model *model, struct ql_model_info *info,
                                   struct ql_train_settings *settings, struct ql_option *options,
                                   const struct ql_train_record *record, struct ql_error *error)
{
    struct ql_dimensions d;
    bool other_model = settings->init_from != NULL; // the model that the run started from; a saved state replaces it
    enum ql_status status;

    if (other_model && !record->has_state) {
        status = take_checkpoint(model, info, settings, options, record->summary != NULL, error);
    } else if ((status = read_dimensions(&d, settings, options, record->summary != NULL, error)) == QL_OK &&
               (status = other_model ? read_summary_vocabulary(&info->vocabulary, record, error)
                                     : ql_train_texts_scan(&info->vocabulary, settings, error)) == QL_OK) {
        d.V = info->vocabulary.count;
        status = ql_model_init(model, d, error);
        if (status == QL_OK) {
            ql_model_reset(model, settings->seed);
        }
    }
    if (status != QL_OK) {
        return status;
    }
    if (model->dimensions.layer == QL_LAYER_DECODER && record->summary == NULL &&
        !ql_option_find(options, "seq_length")->given) {
        settings->seq_length = model->dimensions.context;
    }
    info->items = strcmp(settings->sequences, "items") == 0;
    info->dropout = settings->dropout;
    if ((status = ql_weight_format_read(&info->weights, settings->quantize, error)) != QL_OK) {
        return status;
    }
    if (!info->items && strcmp(settings->sequences, "stream") != 0) {
        return ql_error_write(error, QL_ERROR_USAGE, "--sequences %s: must be stream or items", settings->sequences);
    }
    return QL_OK;
}
