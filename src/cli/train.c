// `quillet train`: trains a model on a text file, epoch by epoch, into a run's folder.
// Starts a run, goes on with one that was interrupted, or starts one from another model's checkpoint.
// Uses: base, corpus, model, train, checkpoint.
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <zlib.h>

#include "base/version.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/training_run.h"
#include "checkpoint/training_state.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/train_options.h"
#include "corpus/token_text.h"
#include "model/stepper.h"
#include "train/blas.h"
#include "train/trainer.h"

static const char usage[] = "train --input FILE [OPTION ...]\n       quillet train --init_from RUN_FOLDER";
static const char summary_text[] = "Trains a character-level model on a text. Prints the path of the best\n"
                                   "checkpoint; everything else is in the run's folder, where --init_from takes an\n"
                                   "interrupted training up again, to the same bits.";

static const double nats_per_bit = 0.6931471805599453;

// What the samples during training are drawn with: a little on the safe side, so that one can read them.
static const float sample_temperature = 0.8f;

// Everything that a training holds. All of it is freed at the end of ql_cli_train.
struct session {
    struct ql_train_settings settings;
    struct ql_model model;
    struct ql_model_info info;
    struct ql_token_text text, validation;
    uint32_t text_crc;
    struct ql_arena arena; // of the batchers
    struct ql_batcher batcher, validation_batcher;
    struct ql_trainer trainer;
    struct ql_training_run run;
    struct ql_training_progress done;
    json_t *summary;
    struct ql_cli_progress bar;
    double epoch_start;   // seconds
    double epoch_symbols; // of a whole epoch
    int epoch;            // at work
    bool has_state;       // that the run's last session left
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

// The symbols of all texts of the training together.
static enum ql_status scan_vocabulary(struct session *session, struct ql_error *error)
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

static enum ql_status load_texts(struct session *session, struct ql_error *error)
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
static enum ql_status take_checkpoint(struct session *session, struct ql_option *options, struct ql_error *error)
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
    if (!ql_option_find(options, "sequences")->given && session->info.items) {
        settings->sequences = "items";
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
static enum ql_status read_summary_vocabulary(struct session *session, struct ql_error *error)
{
    const char *text = json_string_value(json_object_get(session->summary, "vocabulary"));

    if (text == NULL || ql_vocabulary_read(&session->info.vocabulary, text, strlen(text), error) != QL_OK) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s/summary.json: the vocabulary is damaged", session->run.folder);
    }
    return QL_OK;
}

static enum ql_status make_model(struct session *session, struct ql_option *options, struct ql_error *error)
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
    if (!session->info.items && strcmp(settings->sequences, "stream") != 0) {
        return ql_error_write(error, QL_ERROR_USAGE, "--sequences %s: there are stream and items", settings->sequences);
    }
    return QL_OK;
}

static enum ql_status make_trainer(struct session *session, struct ql_error *error)
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

static json_t *make_summary(const struct session *session, const struct ql_option *options)
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
        "quillet", QL_VERSION, "openblas_core", ql_blas_core(), "compiler", __VERSION__);
}

// Brings the summary up to date and saves it.
static enum ql_status save_summary(struct session *session, const char *state, struct ql_error *error)
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
                                 "val_bits_per_char", done->best_loss / nats_per_bit, "checkpoint", checkpoint);
        (void)json_object_set_new(session->summary, "best", best);
    }
    return ql_training_run_save_summary(&session->run, session->summary, error);
}

static enum ql_status save_state(struct session *session, struct ql_error *error)
{
    char path[QL_RUN_PATH_BYTES];

    ql_training_run_path(&session->run, path, "training.safetensors");
    return ql_training_state_save(path, &session->trainer, &session->done, error);
}

// Opens a run to go on with, and takes the settings of its start.
static enum ql_status open_run(struct session *session, struct ql_option *options, struct ql_error *error)
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
static enum ql_status take_up(struct session *session, const json_t *summary, struct ql_error *error)
{
    char path[QL_RUN_PATH_BYTES];
    const json_t *crc = json_object_get(json_object_get(summary, "text"), "crc32");
    const char *core = json_string_value(json_object_get(json_object_get(summary, "versions"), "openblas_core"));

    if (json_integer_value(crc) != (json_int_t)session->text_crc) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: the text is not the one that the run was started with; to train its model on "
                              "another text, give a checkpoint of it as --init_from",
                              session->settings.input);
    }
    if (core != NULL && strcmp(core, ql_blas_core()) != 0 && !session->settings.quiet) {
        (void)fprintf(stderr,
                      "quillet train: the run was started with OpenBLAS's kernels for %s, this machine takes those for "
                      "%s:\nthe model will be as good, but not the same to the last bit.\n",
                      core, ql_blas_core());
    }
    if (!session->has_state) {
        return ql_training_run_reset(&session->run, 0, error);
    }
    ql_training_run_path(&session->run, path, "training.safetensors");
    enum ql_status status = ql_training_state_load(path, &session->trainer, &session->done, error);
    return status == QL_OK ? ql_training_run_reset(&session->run, session->done.epoch, error) : status;
}

// The model's own words, as a string that the caller frees; NULL when memory is out or the logits are not finite.
static char *write_sample(const struct session *session)
{
    struct ql_stepper stepper;
    struct ql_error ignored;
    struct ql_sampler sampler = {.temperature = sample_temperature, .top_p = 1.0f};
    int count = session->settings.generate;
    char *text = malloc(4 * (size_t)count + 1);
    size_t used = 0;

    if (text == NULL || ql_stepper_init(&stepper, &session->model, &session->info, &ignored) != QL_OK) {
        free(text);
        return NULL;
    }
    ql_random_init(&sampler.random, session->settings.seed);
    int token = ql_vocabulary_encode(&session->info.vocabulary, '\n');
    token = token < 0 ? 0 : token; // a foreign model may do without newlines
    for (int i = 0; i < count && token >= 0; i++) {
        token = ql_stepper_next(&stepper, token, &sampler);
        if (token >= 0) {
            used += ql_utf8_encode((unsigned char *)text + used, session->info.vocabulary.symbols[token]);
        }
    }
    text[used] = '\0';
    ql_stepper_free(&stepper);
    return text;
}

static bool on_step(void *context, double share)
{
    struct session *session = context;
    const struct ql_train_settings *settings = &session->settings;
    char text[128], left[32], rate[32];

    if (session->bar.shown) {
        double now = ql_cli_seconds();
        double speed = share * session->epoch_symbols / (now - session->epoch_start);
        double epochs_left = (double)(settings->max_epochs - session->epoch) + 1.0 - share;
        ql_cli_write_time(left, epochs_left * session->epoch_symbols / speed);
        ql_cli_write_count(rate, speed);
        (void)snprintf(text, sizeof text, "epoch %d/%d  %s chars/s  %s left", session->epoch, settings->max_epochs,
                       rate, left);
        ql_cli_progress_write(&session->bar, share, text);
    }
    return interrupted != 0;
}

// Prints the sample in lines of a terminal's width, its own lines divided by slashes: names take little room so.
static void print_sample(const char *sample)
{
    enum { INDENT = 4, WIDTH = 78 };
    const char *dim = ql_cli_color_wanted() ? "\033[2m" : "";
    const char *plain = dim[0] == '\0' ? "" : "\033[0m";
    int column = 0;

    for (const char *word = sample; *word != '\0';) {
        size_t space = strspn(word, " \n");
        bool line_ends = memchr(word, '\n', space) != NULL;
        word += space;
        size_t length = strcspn(word, " \n");
        int width = 0;
        for (size_t i = 0; i < length; i++) {
            width += ((unsigned char)word[i] & 0xc0) != 0x80; // bytes that begin a symbol
        }
        bool divide = line_ends && column > 0 && length > 0;
        if (column > 0 && column + width + (divide ? 3 : 1) > WIDTH) {
            (void)fprintf(stderr, "%s%s\n", divide ? " /" : "", plain);
            column = 0;
            divide = false;
        }
        if (length > 0) {
            column += column == 0 ? fprintf(stderr, "%*s%s", INDENT, "", dim) - (int)strlen(dim)
                                  : fprintf(stderr, "%s", divide ? " / " : " ");
            (void)fprintf(stderr, "%.*s", (int)length, word);
            column += width;
        }
        word += length;
    }
    if (column > 0) {
        (void)fprintf(stderr, "%s\n", plain);
    }
}

static void print_epoch(struct session *session, const struct ql_training_row *row, const char *sample, bool best)
{
    char rate[32];

    ql_cli_progress_reset(&session->bar);
    if (session->settings.quiet) {
        return;
    }
    ql_cli_write_count(rate, row->chars_per_second);
    int digits = snprintf(NULL, 0, "%d", session->settings.max_epochs);
    (void)fprintf(stderr, "epoch %*d/%d  train %.4f  val %.4f (%.3f bits)  %s chars/s%s\n", digits, row->epoch,
                  session->settings.max_epochs, row->train_loss, row->val_loss, row->val_loss / nats_per_bit, rate,
                  best ? "  best" : "");
    if (sample != NULL) {
        print_sample(sample);
    }
}

static bool model_is_finite(const struct ql_model *model)
{
    bool finite = true;

    for (size_t i = 0; i < model->count; i++) {
        finite = finite && isfinite(model->block[i]);
    }
    return finite;
}

static enum ql_status run_epoch(struct session *session, struct ql_error *error)
{
    const double epochs = session->settings.max_epochs;
    struct ql_training_progress *done = &session->done;
    struct ql_trainer_result train;
    char path[QL_RUN_PATH_BYTES];

    session->epoch = done->epoch + 1;
    session->epoch_start = ql_cli_seconds();
    session->epoch_symbols = session->batcher.total;
    enum ql_status status = ql_trainer_epoch(&session->trainer, &session->batcher, session->epoch, done->epoch / epochs,
                                             session->epoch / epochs, on_step, session, &train, error);
    if (status != QL_OK) {
        return status;
    }
    double train_seconds = ql_cli_seconds() - session->epoch_start;
    struct ql_trainer_result validation = ql_trainer_evaluate(&session->trainer, &session->validation_batcher);
    // The last step of an epoch is followed by no other that would notice.
    if (!isfinite(validation.loss) || !model_is_finite(&session->model)) {
        return ql_error_write(error, QL_ERROR_NUMERIC,
                              "step %" PRIu64 ": the %s not a finite number; try a smaller --learning_rate or "
                              "--grad_clip",
                              session->trainer.step,
                              isfinite(validation.loss) ? "model has a parameter that is" : "validation loss is");
    }
    bool best = done->best_epoch == 0 || validation.loss < done->best_loss;
    double epoch_seconds = ql_cli_seconds() - session->epoch_start;

    done->epoch = session->epoch;
    done->elapsed_seconds += epoch_seconds;
    if (best) {
        done->best_epoch = done->epoch;
        done->best_loss = validation.loss;
    }
    struct ql_training_row row = {
        .epoch = done->epoch,
        .step = session->trainer.step,
        .train_loss = train.loss,
        .val_loss = validation.loss,
        .learning_rate = train.learning_rate,
        .chars_per_second = train.symbols / train_seconds,
        .elapsed_seconds = done->elapsed_seconds,
    };
    char *sample = session->settings.generate > 0 ? write_sample(session) : NULL;
    print_epoch(session, &row, sample, best);
    // The state comes last: whatever is killed before it is done again.
    ql_training_run_path(&session->run, path, "checkpoint.%d.safetensors", done->epoch);
    status = ql_checkpoint_save(path, &session->model, &session->info, error);
    if (status == QL_OK) {
        status = ql_training_run_write(&session->run, &row, sample, error);
    }
    free(sample);
    if (status == QL_OK) {
        status = save_state(session, error);
    }
    return status == QL_OK ? save_summary(session, "running", error) : status;
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

// Everything before the first epoch: a new run, or an old one taken up.
static enum ql_status prepare_session(struct session *session, struct ql_option *options, struct ql_error *error)
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
        return take_up(session, session->summary, error);
    }
    session->summary = make_summary(session, options);
    if (session->summary == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
    }
    if ((status = ql_training_run_init(&session->run, settings->checkpoint_dir, settings->run_name, error)) != QL_OK ||
        (status = save_summary(session, "running", error)) != QL_OK) {
        return status;
    }
    return save_state(session, error);
}

static void print_start(const struct session *session)
{
    const struct ql_dimensions d = session->model.dimensions;
    char symbols[32], held_out[32], parameters[32];

    ql_cli_write_count(symbols, (double)session->text.count);
    ql_cli_write_count(held_out, (double)session->validation.count);
    ql_cli_write_count(parameters, (double)session->model.count);
    (void)fprintf(stderr, "run %s\n%s: %s symbols, %s held out, %d different\n", session->run.folder,
                  session->settings.input, symbols, held_out, d.V);
    int threads = session->trainer.options.threads;
    (void)fprintf(stderr, "%s: %d x %d, embedding %d, %s parameters; %d thread%s\n", session->settings.model, d.L, d.H,
                  d.E, parameters, threads, threads == 1 ? "" : "s");
    if (session->done.epoch > 0) {
        (void)fprintf(stderr, "going on after epoch %d\n", session->done.epoch);
    }
}

static bool should_stop(const struct session *session)
{
    const struct ql_training_progress *done = &session->done;
    int patience = session->settings.early_stop;

    return done->epoch >= session->settings.max_epochs ||
           (patience > 0 && done->best_epoch > 0 && done->epoch - done->best_epoch >= patience);
}

static void print_result(const struct session *session)
{
    if (session->settings.json) {
        char *text = json_dumps(session->summary, JSON_INDENT(2));
        (void)printf("%s\n", text == NULL ? "{}" : text);
        free(text);
        return;
    }
    if (!session->settings.quiet) {
        (void)fprintf(stderr, "best: epoch %d, %.4f nats, %.3f bits per character\n", session->done.best_epoch,
                      session->done.best_loss, session->done.best_loss / nats_per_bit);
    }
    (void)printf("%s/checkpoint.%d.safetensors\n", session->run.folder, session->done.best_epoch);
}

// After a training that ended before its time: says so in the summary, and tells the user how to go on.
static void save_ended(struct session *session, enum ql_status why)
{
    const char *folder = session->run.folder;
    int epoch = session->done.epoch;
    struct ql_error ignored; // the user has just been told of a worse one

    (void)save_summary(session, why == QL_ERROR_STOPPED ? "interrupted" : "failed", &ignored);
    if (why == QL_ERROR_STOPPED) {
        (void)fprintf(stderr, "To go on after epoch %d: quillet train --init_from %s\n", epoch, folder);
    } else if (epoch > 0) {
        (void)fprintf(stderr,
                      "The model of epoch %d is good; to start a new run from it:\n"
                      "quillet train --init_from %s/checkpoint.%d.safetensors --input %s --learning_rate ...\n",
                      epoch, folder, epoch, session->settings.input);
    }
}

int ql_cli_train(int argc, char **argv)
{
    static struct session session; // zero; too large for some stacks
    struct ql_train_settings *settings = &session.settings;
    struct ql_option options[QL_TRAIN_OPTION_COUNT];
    struct ql_error error;
    int exit_code;

    ql_train_options_init(options, settings);
    if (!ql_cli_read_options(usage, summary_text, options, argc, argv, NULL, 0, NULL, &exit_code)) {
        return exit_code;
    }
    enum ql_status status = prepare_session(&session, options, &error);
    if (status == QL_OK) {
        // A second one kills. No write is cut short by the first.
        struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
        (void)sigaction(SIGINT, &action, NULL);
        (void)sigaction(SIGTERM, &action, NULL);
        session.bar.shown = ql_cli_progress_wanted(settings->quiet);
        if (!settings->quiet) {
            print_start(&session);
        }
    }
    while (status == QL_OK && !should_stop(&session)) {
        status = run_epoch(&session, &error);
    }
    ql_cli_progress_reset(&session.bar);
    if (status == QL_OK) {
        bool early = session.done.epoch < settings->max_epochs;
        status = save_summary(&session, early ? "stopped early" : "finished", &error);
    }
    if (status == QL_OK) {
        print_result(&session);
        exit_code = ql_cli_finish("train", QL_EXIT_DONE);
    } else {
        exit_code = ql_cli_fail("train", &error);
        if (status == QL_ERROR_STOPPED || status == QL_ERROR_NUMERIC) {
            save_ended(&session, status);
        }
    }
    ql_trainer_free(&session.trainer);
    ql_arena_free(&session.arena);
    ql_token_text_free(&session.text);
    ql_token_text_free(&session.validation);
    ql_model_free(&session.model);
    json_decref(session.summary);
    ql_training_run_close(&session.run);
    return exit_code;
}
