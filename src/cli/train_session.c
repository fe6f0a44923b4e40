// One training from the command line: see train_session.h.
// Uses: base, corpus, model, train, checkpoint, quantize, engine/integer_form, zlib (crc32).
#include "cli/train_session.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <zlib.h>

#include "base/vectors.h"
#include "base/version.h"
#include "checkpoint/checkpoint.h"
#include "cli/progress.h"
#include "engine/integer_form.h"
#include "engine/text_session.h"
#include "quantize/product_x86.h"
#include "quantize/text_loss.h"

// What the samples during training are drawn with: a little on the safe side, so that one can read them.
static const float sample_temperature = 0.8f;

// The symbols of all texts of the training together.
static enum ql_status scan_vocabulary(struct ql_train_session *session, struct ql_error *error)
{
    struct ql_vocabulary other;
    struct ql_vocabulary *vocabulary = &session->info.vocabulary;
    enum ql_status status = ql_token_text_scan(vocabulary, session->settings.input, error);

    if (status != QL_OK || session->settings.validation == NULL) {
        return status;
    }
    status = ql_token_text_scan(&other, session->settings.validation, error);
    return status == QL_OK ? ql_vocabulary_merge(vocabulary, &other, error) : status;
}

static enum ql_status load_texts(struct ql_train_session *session, struct ql_error *error)
{
    const struct ql_train_settings *settings = &session->settings;
    const struct ql_vocabulary *vocabulary = &session->info.vocabulary;
    enum ql_status status = ql_token_text_load(&session->text, vocabulary, settings->input, error);

    if (status != QL_OK) {
        return status;
    }
    if (settings->validation != NULL) {
        status = ql_token_text_load(&session->validation, vocabulary, settings->validation, error);
    } else if (session->info.items) {
        status = ql_token_text_divide_lines(&session->text, &session->validation, settings->validation_share,
                                            vocabulary, error);
    } else {
        status = ql_token_text_divide_end(&session->text, &session->validation, settings->validation_share, error);
    }
    if (status != QL_OK) {
        return settings->validation == NULL ? ql_error_prefix(error, "%s: ", settings->input) : status;
    }
    uLong crc = crc32_z(0, (const Bytef *)vocabulary->symbols, (size_t)vocabulary->count * sizeof(uint32_t));
    crc = crc32_z(crc, (const Bytef *)session->text.tokens, session->text.count * sizeof(uint16_t));
    session->text_crc =
        (uint32_t)crc32_z(crc, (const Bytef *)session->validation.tokens, session->validation.count * sizeof(uint16_t));
    return QL_OK;
}

// A model option that was given must be that of the checkpoint.
static enum ql_status check_given(struct ql_option *options, const char *name, int there, struct ql_error *error)
{
    const struct ql_option *option = ql_option_find(options, name);

    if (option->given && *(const int *)option->target != there) {
        return ql_error_write(error, QL_ERROR_USAGE, "--%s %d: the model of --init_from has %d", name,
                              *(const int *)option->target, there);
    }
    *(int *)option->target = there;
    return QL_OK;
}

// Takes the model of a checkpoint and makes the settings say what it is.
static enum ql_status take_checkpoint(struct ql_train_session *session, struct ql_option *options,
                                      struct ql_error *error)
{
    struct ql_train_settings *settings = &session->settings;
    enum ql_status status = ql_checkpoint_load(settings->init_from, &session->model, &session->info, error);

    if (status != QL_OK) {
        return status;
    }
    const struct ql_dimensions d = session->model.dimensions;
    if ((status = check_given(options, "embedding_size", d.E, error)) != QL_OK ||
        (status = check_given(options, "rnn_size", d.H, error)) != QL_OK ||
        (status = check_given(options, "num_layers", d.L, error)) != QL_OK) {
        return status;
    }
    if (ql_option_find(options, "model")->given && strcmp(settings->model, ql_cell_write(d.cell)) != 0) {
        return ql_error_write(error, QL_ERROR_USAGE, "--model %s: the model of --init_from is of type %s",
                              settings->model, ql_cell_write(d.cell));
    }
    settings->model = ql_cell_write(d.cell);
    bool begun = session->summary != NULL; // by an earlier session, which has settled what was not given
    if (!begun && !ql_option_find(options, "sequences")->given && session->info.items) {
        settings->sequences = "items";
    }
    if (!begun && !ql_option_find(options, "quantize")->given) {
        settings->quantize = ql_weight_format_write(session->info.weights);
    }
    if (session->info.vocabulary.count == 0) { // written by PyTorch: the text has to tell what the tokens mean
        status = scan_vocabulary(session, error);
        if (status == QL_OK && session->info.vocabulary.count != d.V) {
            status = ql_error_write(error, QL_ERROR_INPUT,
                                    "%s: has no vocabulary, and its %d symbols cannot be the %d of %s",
                                    settings->init_from, d.V, session->info.vocabulary.count, settings->input);
        }
    }
    return status;
}

// The vocabulary of a model that the run began with may have more symbols than the run's texts.
static enum ql_status read_summary_vocabulary(struct ql_train_session *session, struct ql_error *error)
{
    const char *text = json_string_value(json_object_get(session->summary, "vocabulary"));

    if (text == NULL || ql_vocabulary_read(&session->info.vocabulary, text, strlen(text), error) != QL_OK) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s/summary.json: the vocabulary is damaged", session->run.folder);
    }
    return QL_OK;
}

static enum ql_status make_model(struct ql_train_session *session, struct ql_option *options, struct ql_error *error)
{
    const struct ql_train_settings *settings = &session->settings;
    struct ql_dimensions d = {.E = settings->embedding_size, .H = settings->rnn_size, .L = settings->num_layers};
    bool other_model = settings->init_from != NULL; // what the run began with; a state makes up for it
    enum ql_status status;

    if (other_model && !session->has_state) {
        status = take_checkpoint(session, options, error);
    } else if ((status = ql_cell_read(&d.cell, settings->model, error)) == QL_OK &&
               (status = other_model ? read_summary_vocabulary(session, error) : scan_vocabulary(session, error)) ==
                   QL_OK) {
        d.V = session->info.vocabulary.count;
        status = ql_model_init(&session->model, d, error);
        if (status == QL_OK) {
            ql_model_reset(&session->model, settings->seed);
        }
    }
    if (status != QL_OK) {
        return status;
    }
    session->info.items = strcmp(settings->sequences, "items") == 0;
    session->info.dropout = settings->dropout;
    if ((status = ql_weight_format_read(&session->info.weights, settings->quantize, error)) != QL_OK) {
        return status;
    }
    if (!session->info.items && strcmp(settings->sequences, "stream") != 0) {
        return ql_error_write(error, QL_ERROR_USAGE, "--sequences %s: there are stream and items", settings->sequences);
    }
    return QL_OK;
}

static enum ql_status make_trainer(struct ql_train_session *session, struct ql_error *error)
{
    const struct ql_train_settings *settings = &session->settings;
    struct ql_trainer_options options = {
        .seq_length = settings->seq_length,
        .threads = settings->threads,
        .dropout = session->model.dimensions.L > 1 ? settings->dropout : 0.0,
        .grad_clip = settings->grad_clip,
        .weight_decay = settings->weight_decay,
        .schedule = {.learning_rate = settings->learning_rate,
                     .final_learning_rate = settings->final_learning_rate,
                     .warmup_steps = settings->warmup_steps},
        .seed = settings->seed,
    };
    enum ql_status status = ql_schedule_read(&options.schedule.shape, settings->schedule, error);

    options.weights = session->info.weights;
    if (status == QL_OK) {
        status = ql_batcher_init(&session->batcher, &session->text, session->info.items, settings->batch_size,
                                 settings->seq_length, &session->arena, error);
    }
    if (status == QL_OK) {
        status = ql_batcher_init(&session->validation_batcher, &session->validation, session->info.items,
                                 settings->batch_size, settings->seq_length, &session->arena, error);
    }
    if (status != QL_OK) {
        return status;
    }
    int B = session->batcher.B > session->validation_batcher.B ? session->batcher.B : session->validation_batcher.B;
    options.batch_size = B;
    return ql_trainer_init(&session->trainer, &session->model, &options, error);
}

static json_t *make_summary(const struct ql_train_session *session, const struct ql_option *options)
{
    char vocabulary[4 * QL_VOCABULARY_LIMIT + 1];
    char started[40];
    time_t now = time(NULL);
    struct tm local;
    const struct ql_dimensions d = session->model.dimensions;

    ql_vocabulary_write(&session->info.vocabulary, vocabulary);
    (void)strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%S%z", localtime_r(&now, &local));
    return json_pack(
        "{s:s, s:s, s:o, s:s, s:{s:s, s:i, s:i, s:i, s:i, s:I}, s:{s:I, s:I, s:I}, s:{s:s, s:s, s:s}}", "started",
        started, "status", "running", "arguments", ql_train_options_to_json(options), "vocabulary", vocabulary, "model",
        "cell", ql_cell_write(d.cell), "vocabulary_size", d.V, "embedding_size", d.E, "rnn_size", d.H, "num_layers",
        d.L, "parameters", (json_int_t)session->model.count, "text", "train_symbols", (json_int_t)session->text.count,
        "validation_symbols", (json_int_t)session->validation.count, "crc32", (json_int_t)session->text_crc, "versions",
        "quillet", QL_VERSION, "vectors", ql_vectors_name(ql_vectors()), "compiler", __VERSION__);
}

enum ql_status ql_train_session_save(struct ql_train_session *session, const char *state, struct ql_error *error)
{
    char checkpoint[64];
    const struct ql_training_progress *done = &session->done;

    (void)snprintf(checkpoint, sizeof checkpoint, "checkpoint.%d.safetensors", done->best_epoch);
    (void)json_object_set_new(session->summary, "status", json_string(state));
    (void)json_object_set_new(session->summary, "epochs", json_integer(done->epoch));
    (void)json_object_set_new(session->summary, "steps", json_integer((json_int_t)session->trainer.step));
    (void)json_object_set_new(session->summary, "elapsed_seconds", json_real(done->elapsed_seconds));
    if (done->best_epoch > 0) {
        json_t *best = json_pack("{s:i, s:f, s:f, s:s}", "epoch", done->best_epoch, "val_loss", done->best_loss,
                                 "val_bits_per_char", ql_training_bits(done->best_loss), "checkpoint", checkpoint);
        (void)json_object_set_new(session->summary, "best", best);
    }
    return ql_training_run_save_summary(&session->run, session->summary, error);
}

static enum ql_status save_state(struct ql_train_session *session, struct ql_error *error)
{
    char path[QL_RUN_PATH_BYTES];

    ql_training_run_path(&session->run, path, "training.safetensors");
    return ql_training_state_save(path, &session->trainer, &session->done, error);
}

// Opens a run to go on with, and takes the settings of its start.
static enum ql_status open_run(struct ql_train_session *session, struct ql_option *options, struct ql_error *error)
{
    char path[QL_RUN_PATH_BYTES];
    struct stat info;
    enum ql_status status = ql_training_run_open(&session->run, session->settings.init_from, error);

    if (status != QL_OK || (status = ql_training_run_load_summary(&session->run, &session->summary, error)) != QL_OK) {
        return status;
    }
    status = ql_train_options_from_json(options, json_object_get(session->summary, "arguments"), error);
    if (status != QL_OK) {
        return status == QL_ERROR_INPUT ? ql_error_prefix(error, "%s/summary.json: ", session->run.folder) : status;
    }
    ql_training_run_path(&session->run, path, "training.safetensors");
    session->has_state = stat(path, &info) == 0;
    json_int_t epochs = json_integer_value(json_object_get(session->summary, "epochs"));
    if (!session->has_state && epochs > 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: is missing, and without it the training cannot go on; to start a new run from its "
                              "model, give --init_from %s/checkpoint.%" JSON_INTEGER_FORMAT ".safetensors",
                              path, session->run.folder, epochs);
    }
    return QL_OK;
}

// Takes up the state that the run's last session left. A run that was killed at its very start has none, and starts
// over.
static enum ql_status take_up(struct ql_train_session *session, const json_t *summary, struct ql_error *error)
{
    char path[QL_RUN_PATH_BYTES];
    const json_t *crc = json_object_get(json_object_get(summary, "text"), "crc32");

    if (json_integer_value(crc) != (json_int_t)session->text_crc) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: the text is not the one that the run was started with; to train its model on "
                              "another text, give a checkpoint of it as --init_from",
                              session->settings.input);
    }
    if (!session->has_state) {
        return ql_training_run_reset(&session->run, 0, error);
    }
    ql_training_run_path(&session->run, path, "training.safetensors");
    enum ql_status status = ql_training_state_load(path, &session->trainer, &session->done, error);
    return status == QL_OK ? ql_training_run_reset(&session->run, session->done.epoch, error) : status;
}

static bool is_folder(const char *path)
{
    struct stat info;
    return path != NULL && stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

// Pipes and the like are empty when they are read a second time. What is missing is reported by the reader.
static enum ql_status check_text_path(const char *option_name, const char *path, struct ql_error *error)
{
    struct stat info;

    if (path != NULL &&
        (strcmp(path, "-") == 0 || (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)))) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--%s %s: texts must be files, because a resumed run reads them again", option_name,
                              path);
    }
    return QL_OK;
}

static enum ql_status check_run_name(const struct ql_train_settings *settings, struct ql_error *error)
{
    const char *name = settings->run_name;

    if (settings->checkpoint_dir[0] == '\0') {
        return ql_error_write(error, QL_ERROR_USAGE, "--checkpoint_dir: needs the name of a folder");
    }
    if (name != NULL && (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--run_name '%s': must not be empty, begin with a dot or have a slash; the folder around "
                              "it is --checkpoint_dir",
                              name);
    }
    return QL_OK;
}

enum ql_status ql_train_session_init(struct ql_train_session *session, struct ql_option *options,
                                     struct ql_error *error)
{
    struct ql_train_settings *settings = &session->settings;
    bool resumed = is_folder(settings->init_from);
    enum ql_status status = QL_OK;

    if (resumed && (status = open_run(session, options, error)) != QL_OK) {
        return status;
    }
    if (settings->input == NULL) {
        return ql_error_write(error, QL_ERROR_USAGE, "--input is missing: the text to train on");
    }
    if ((status = check_text_path("input", settings->input, error)) != QL_OK ||
        (status = check_text_path("validation", settings->validation, error)) != QL_OK) {
        return status;
    }
    if (!resumed && (status = check_run_name(settings, error)) != QL_OK) {
        return status;
    }
    if ((status = make_model(session, options, error)) != QL_OK || (status = load_texts(session, error)) != QL_OK ||
        (status = make_trainer(session, error)) != QL_OK) {
        return status;
    }
    if (resumed) {
        ql_train_options_given_to_json(options, json_object_get(session->summary, "arguments"));
        if ((status = take_up(session, session->summary, error)) != QL_OK || !session->has_state) {
            return status;
        }
        (void)json_object_set_new(session->summary, "resumed_after", json_integer(session->done.epoch));
        return ql_train_session_save(session, "running", error);
    }
    session->summary = make_summary(session, options);
    if (session->summary == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
    }
    if ((status = ql_training_run_init(&session->run, settings->checkpoint_dir, settings->run_name, error)) != QL_OK ||
        (status = ql_train_session_save(session, "running", error)) != QL_OK) {
        return status;
    }
    return save_state(session, error);
}

// The words of the model, or of its integer form unless that is NULL, as a string that the caller frees; NULL when
// memory is out. Words end where the logits are not finite.
static char *write_sample(const struct ql_train_session *session, struct ql_integer_stepper *integer)
{
    const struct ql_draw draw = {.temperature = sample_temperature, .top_p = 1.0f, .seed = session->settings.seed};
    const int count = session->settings.generate;
    struct ql_stepper stepper = {0};
    struct ql_text_session words = {0};
    struct ql_error ignored;
    char *text = malloc(4 * (size_t)count + 1);
    size_t used = 0;
    enum ql_status status = text == NULL ? QL_ERROR_SYSTEM : QL_OK;

    if (status == QL_OK && integer == NULL) {
        status = ql_stepper_init(&stepper, &session->model, &session->info, &ignored);
    }
    if (status == QL_OK) {
        status = integer == NULL ? ql_text_session_open_stepper(&words, &stepper, &ignored)
                                 : ql_text_session_open_integer(&words, integer, &ignored);
    }
    if (status == QL_OK) {
        int token = ql_text_session_begin(&words, &draw);
        for (int i = 0; i < count && ql_text_session_next(&words, &token, NULL, &ignored) == QL_OK; i++) {
            used += ql_utf8_encode((unsigned char *)text + used, session->info.vocabulary.symbols[token]);
        }
        text[used] = '\0';
    } else {
        free(text);
        text = NULL;
    }
    ql_text_session_close(&words);
    ql_stepper_free(&stepper);
    return text;
}

static bool model_is_finite(const struct ql_model *model)
{
    bool finite = true;

    for (size_t i = 0; i < model->count; i++) {
        finite = finite && isfinite(model->block[i]);
    }
    return finite;
}

// The validation loss and the sample of the model as it now is. One that is trained for integers is judged by its
// integer form, as `evaluate --quantize` has it: what the trainer rounds is nearly, but not quite the same.
static enum ql_status judge(struct ql_train_session *session, double *loss, char **sample, struct ql_error *error)
{
    const bool wanted = session->settings.generate > 0;
    struct ql_integer_form form;

    if (session->info.weights == QL_WEIGHTS_F32) {
        *loss = ql_trainer_evaluate(&session->trainer, &session->validation_batcher).loss;
        *sample = wanted ? write_sample(session, NULL) : NULL;
        return QL_OK;
    }
    enum ql_status status =
        ql_integer_form_open_model(&form, &session->model, &session->info, session->info.weights, NULL, error);
    if (status == QL_OK) {
        status = ql_integer_loss(loss, &form.model, ql_integer_product_fastest(), session->validation.tokens,
                                 session->validation.count, &session->trainer.pool, error);
    }
    if (status == QL_OK && wanted) {
        *sample = write_sample(session, &form.stepper);
    }
    ql_integer_form_close(&form);
    return status;
}

enum ql_status ql_train_session_step(struct ql_train_session *session, ql_trainer_progress *progress, void *context,
                                     struct ql_train_epoch *epoch, struct ql_error *error)
{
    const double epochs = session->settings.max_epochs;
    const int number = session->done.epoch + 1;
    const double start = ql_cli_seconds();
    struct ql_training_progress *done = &session->done;
    struct ql_trainer_result train;
    char path[QL_RUN_PATH_BYTES];

    *epoch = (struct ql_train_epoch){0};
    enum ql_status status = ql_trainer_epoch(&session->trainer, &session->batcher, number, done->epoch / epochs,
                                             number / epochs, progress, context, &train, error);
    if (status != QL_OK) {
        return status;
    }
    double train_seconds = ql_cli_seconds() - start;
    // The last step of an epoch is followed by no other that would notice.
    double loss = NAN;
    bool finite = model_is_finite(&session->model);
    if (finite && (status = judge(session, &loss, &epoch->sample, error)) != QL_OK) {
        return status;
    }
    if (!isfinite(loss)) {
        return ql_error_write(error, QL_ERROR_NUMERIC,
                              "step %" PRIu64 ": the %s not a finite number; try a smaller --learning_rate or "
                              "--grad_clip",
                              session->trainer.step, finite ? "validation loss is" : "model has a parameter that is");
    }
    epoch->best = done->best_epoch == 0 || loss < done->best_loss;
    done->epoch = number;
    done->elapsed_seconds += ql_cli_seconds() - start;
    if (epoch->best) {
        done->best_epoch = number;
        done->best_loss = loss;
    }
    epoch->row = (struct ql_training_row){
        .epoch = number,
        .step = session->trainer.step,
        .train_loss = train.loss,
        .val_loss = loss,
        .learning_rate = train.learning_rate,
        .chars_per_second = train.symbols / train_seconds,
        .elapsed_seconds = done->elapsed_seconds,
    };
    // The state comes last: whatever is killed before it is done again.
    ql_training_run_path(&session->run, path, "checkpoint.%d.safetensors", done->epoch);
    status = ql_checkpoint_save(path, &session->model, &session->info, error);
    if (status == QL_OK) {
        status = ql_training_run_write(&session->run, &epoch->row, epoch->sample, error);
    }
    if (status == QL_OK) {
        status = save_state(session, error);
    }
    return status == QL_OK ? ql_train_session_save(session, "running", error) : status;
}

bool ql_train_session_ended(const struct ql_train_session *session)
{
    const struct ql_training_progress *done = &session->done;
    int patience = session->settings.early_stop;

    return done->epoch >= session->settings.max_epochs ||
           (patience > 0 && done->best_epoch > 0 && done->epoch - done->best_epoch >= patience);
}

void ql_train_session_free(struct ql_train_session *session)
{
    ql_trainer_free(&session->trainer);
    ql_arena_free(&session->arena);
    ql_token_text_free(&session->text);
    ql_token_text_free(&session->validation);
    ql_model_free(&session->model);
    json_decref(session->summary);
    ql_training_run_close(&session->run);
}
