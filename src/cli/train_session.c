// One training from the command line: see train_session.h. Each step provides what the next one needs: options, record,
// model, texts, trainer.
// Uses: base, corpus, model, train, checkpoint, quantize, engine,
// cli/{cli,train_model,train_ranks,train_record,train_texts}.
#include "cli/train_session.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "checkpoint/checkpoint.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/train_model.h"
#include "engine/integer_form.h"
#include "engine/text_loss.h"
#include "engine/text_session.h"
#include "quantize/calibration.h"
#include "quantize/integer_decoder.h"
#include "quantize/product_x86.h"

// The settings for samples during training: slightly conservative, so that they are readable.
static const float sample_temperature = 0.8f;

// Batches of both texts, and a trainer for the larger ones.
static enum ql_status make_trainer(struct ql_train_session *session, struct ql_error *error)
{
    const struct ql_train_settings *settings = &session->settings;
    const struct ql_dimensions *d = &session->model.dimensions;
    const bool drops = d->L > 1 || d->layer == QL_LAYER_DECODER; // a single recurrent layer has no layer below it
    struct ql_trainer_options options = {
        .seq_length = settings->seq_length,
        .threads = settings->threads,
        .dropout = drops ? settings->dropout : 0.0,
        .output_dropout = settings->output_dropout,
        .label_smoothing = settings->label_smoothing,
        .grad_clip = settings->grad_clip,
        .weight_decay = settings->weight_decay,
        .beta2 = settings->beta2,
        .schedule = {.learning_rate = settings->learning_rate,
                     .final_learning_rate = settings->final_learning_rate,
                     .warmup_steps = settings->warmup_steps},
        .seed = settings->seed,
        .exchange = session->exchange,
    };
    enum ql_status status = ql_schedule_read(&options.schedule.shape, settings->schedule, error);

    options.weights = session->info.weights;
    if (status == QL_OK) {
        status = ql_batcher_init(&session->batcher, &session->texts.training, session->info.items, settings->batch_size,
                                 settings->seq_length, &session->arena, error);
    }
    if (status == QL_OK) {
        const struct ql_token_text *text = &session->texts.validation;
        const bool items = session->info.items;
        status = ql_batcher_init(&session->validation_batcher, text, items,
                                 ql_batcher_evaluation_size(text, items, settings->batch_size), settings->seq_length,
                                 &session->arena, error);
    }
    if (status != QL_OK) {
        return status;
    }
    int B = session->batcher.B > session->validation_batcher.B ? session->batcher.B : session->validation_batcher.B;
    options.batch_size = B;
    return ql_trainer_init(&session->trainer, &session->model, &options, error);
}

static bool is_folder(const char *path)
{
    struct stat info;
    return path != NULL && stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

// Finds out whether a run is resumed, and with which settings. Rank 0 looks, and tells the others.
static enum ql_status open_record(struct ql_train_session *session, struct ql_option *options, bool *resumed,
                                  struct ql_error *error)
{
    struct ql_train_record *record = &session->record;
    enum ql_status status = QL_OK;

    *resumed = is_folder(session->settings.init_from);
    ql_exchange_share(session->exchange, resumed, sizeof *resumed);
    if (*resumed && session->exchange->rank == 0) {
        status = ql_train_record_open(record, session->settings.init_from, error);
    }
    if ((status = ql_exchange_agree(session->exchange, status, error)) != QL_OK || !*resumed ||
        (status = ql_train_ranks_share_record(session->exchange, record, error)) != QL_OK) {
        return status;
    }
    return ql_train_record_set_options(record, options, error);
}

// An option that another one leaves without effect is an error if it was given.
static enum ql_status check_effects(const struct ql_train_settings *settings, struct ql_option *options,
                                    struct ql_error *error)
{
    if (settings->validation != NULL && ql_option_find(options, "validation_share")->given) {
        return ql_error_write(
            error, QL_ERROR_USAGE,
            "--validation-share: with --validation, no share of the input is held out: leave one out");
    }
    if (strcmp(settings->schedule, "constant") == 0 && ql_option_find(options, "final_learning_rate")->given) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--final-learning-rate: the rate of --schedule constant stays as it is: leave it out, or "
                              "choose cosine");
    }
    return QL_OK;
}

// The names that the summary needs, so that a later session finds the files.
static enum ql_status check_names(const struct ql_train_settings *settings, struct ql_error *error)
{
    const char *const names[][2] = {
        {"input", settings->input}, {"validation", settings->validation}, {"init_from", settings->init_from}};
    enum ql_status status = QL_OK;

    for (size_t k = 0; k < sizeof names / sizeof names[0] && status == QL_OK; k++) {
        status = ql_cli_utf8_check(names[k][0], names[k][1], error);
    }
    return status;
}

// Model, texts, and trainer, separately on each rank.
static enum ql_status load(struct ql_train_session *session, struct ql_option *options, bool resumed,
                           struct ql_error *error)
{
    struct ql_train_settings *settings = &session->settings;
    enum ql_status status = ql_train_texts_check(settings, error);

    if (status == QL_OK) {
        status = check_effects(settings, options, error);
    }
    if (status == QL_OK) {
        status = check_names(settings, error);
    }
    if (status == QL_OK && !resumed) {
        status = ql_train_record_check_name(settings, error);
    }
    if (status == QL_OK) {
        status = ql_train_model_init(&session->model, &session->info, settings, options, &session->record, error);
    }
    const struct ql_dimensions *d = &session->model.dimensions;
    if (status == QL_OK && session->info.weights != QL_WEIGHTS_F32 && d->layer == QL_LAYER_DECODER) {
        status = ql_integer_decoder_check_sizes(d->E / d->heads, d->E, error);
    }
    if (status == QL_OK) {
        status = ql_train_texts_load(&session->texts, settings, &session->info.vocabulary, session->info.items, error);
    }
    return status == QL_OK ? make_trainer(session, error) : status;
}

enum ql_status ql_train_session_init(struct ql_train_session *session, struct ql_option *options,
                                     struct ql_exchange *exchange, struct ql_error *error)
{
    struct ql_train_record *record = &session->record;
    bool resumed;

    session->exchange = exchange;
    enum ql_status status = open_record(session, options, &resumed, error);
    if ((status = ql_exchange_agree(exchange, status, error)) != QL_OK ||
        (status = ql_exchange_agree(exchange, load(session, options, resumed, error), error)) != QL_OK ||
        (status = ql_train_ranks_check(exchange, options, &session->texts, &session->model, session->settings.input,
                                       session->note, error)) != QL_OK) {
        return status;
    }
    if (exchange->rank == 0) {
        status = resumed ? ql_train_record_take_up(record, &session->trainer, options, &session->texts,
                                                   session->settings.input, error)
                         : ql_train_record_begin(record, &session->settings, options, &session->model,
                                                 &session->info.vocabulary, &session->texts, &session->trainer, error);
    }
    if ((status = ql_exchange_agree(exchange, status, error)) == QL_OK) {
        ql_train_ranks_share_state(exchange, &session->trainer, &record->done);
    }
    return status;
}

enum ql_status ql_train_session_save(struct ql_train_session *session, const char *state, struct ql_error *error)
{
    return session->exchange->rank == 0 ? ql_train_record_save(&session->record, &session->trainer, state, error)
                                        : QL_OK;
}

// A sample of the model, or of its integer form unless that is NULL, as a string that the caller frees; NULL when there
// is not enough memory. The sample ends if the logits are not finite.
static char *write_sample(const struct ql_model *model, const struct ql_model_info *info,
                          struct ql_integer_stepper *integer, int count, uint32_t seed)
{
    const struct ql_draw draw = {.temperature = sample_temperature, .top_p = 1.0f, .seed = seed};
    struct ql_stepper stepper = {0};
    struct ql_text_session words = {0};
    struct ql_error ignored;
    char *text = malloc(4 * (size_t)count + QL_TOKEN_BYTES + 1);
    size_t used = 0;
    enum ql_status status = text == NULL ? QL_ERROR_SYSTEM : QL_OK;

    if (status == QL_OK && integer == NULL) {
        status = ql_stepper_init(&stepper, model, info, &ignored);
    }
    if (status == QL_OK) {
        status = integer == NULL ? ql_text_session_open_stepper(&words, &stepper, &ignored)
                                 : ql_text_session_open_integer(&words, integer, &ignored);
    }
    if (status == QL_OK) {
        int token = ql_text_session_begin(&words, &draw);
        for (int i = 0; i < count && ql_text_session_next(&words, &token, NULL, &ignored) == QL_OK; i++) {
            int length;
            (void)ql_vocabulary_spell(&info->vocabulary, token, &length);
            used += ql_vocabulary_write_token(&info->vocabulary, token, text + used);
            i += length - 1;
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

static enum ql_status take_sample(char **sample, const struct ql_train_session *session,
                                  struct ql_integer_stepper *integer, struct ql_error *error)
{
    const int count = session->settings.generate;

    *sample = NULL;
    if (session->exchange->rank > 0 || count == 0) {
        return QL_OK;
    }
    *sample = write_sample(&session->model, &session->info, integer, count, session->settings.seed);
    return *sample != NULL ? QL_OK
                           : ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the sample of an epoch");
}

// The validation loss and the sample of the current model. A model that is trained for integers is validated with its
// integer form, as in `evaluate --quantize`: the trainer's rounding is nearly the same, but not quite. Every rank has
// the same loss.
static enum ql_status judge(double *loss, char **sample, struct ql_train_session *session, struct ql_error *error)
{
    const struct ql_model *model = &session->model;
    const struct ql_model_info *info = &session->info;
    struct ql_integer_form form;
    struct ql_thread_pool pool = {0}; // the trainer's has no more threads than a batch has use for

    if (info->weights == QL_WEIGHTS_F32) {
        *loss =
            ql_trainer_evaluate(&session->trainer, &session->validation_batcher).loss * session->texts.validation_share;
        return take_sample(sample, session, NULL, error);
    }
    enum ql_status status = ql_integer_form_open_model(&form, model, info, info->weights, NULL, error);
    if (status == QL_OK) {
        status = ql_thread_pool_init(&pool, session->settings.threads, error);
    }
    if (status == QL_OK) {
        status = ql_integer_loss(loss, &form.model, ql_integer_product_fastest(), session->texts.validation.tokens,
                                 session->texts.validation.count, &pool, error);
    }
    *loss *= (double)session->texts.validation.count / (double)session->texts.validation_characters;
    if (status == QL_OK) {
        status = take_sample(sample, session, &form.stepper, error);
    }
    ql_thread_pool_free(&pool);
    ql_integer_form_close(&form);
    return status;
}

// A model with a parameter or a loss that is not finite is an error, and is not saved. This is checked here because no
// step follows the last one of an epoch that would notice.
static enum ql_status judge_finite(double *loss, char **sample, struct ql_train_session *session,
                                   struct ql_error *error)
{
    const bool finite = model_is_finite(&session->model);
    const enum ql_status status = finite ? judge(loss, sample, session, error) : QL_OK;

    if (status == QL_OK && !(finite && isfinite(*loss))) {
        return ql_error_write(error, QL_ERROR_NUMERIC,
                              "step %" PRIu64 ": the %s not a finite number; try a smaller --learning-rate or "
                              "--grad-clip",
                              session->trainer.step, finite ? "validation loss is" : "model has a parameter that is");
    }
    return status;
}

// Records an epoch with this loss. Returns true when it is the best so far.
static bool note_epoch(struct ql_training_progress *done, uint64_t step, double loss, double seconds)
{
    const bool best = done->best_epoch == 0 || loss < done->best_loss;

    done->epoch++;
    done->step = step;
    done->elapsed_seconds += seconds;
    if (best) {
        done->best_epoch = done->epoch;
        done->best_loss = loss;
    }
    return best;
}

// The state is saved last: if the process is killed before that, the epoch is repeated.
static enum ql_status save_epoch(struct ql_train_session *session, const struct ql_train_epoch *epoch,
                                 struct ql_error *error)
{
    struct ql_train_record *record = &session->record;
    char path[QL_RUN_PATH_BYTES];

    ql_training_run_path(&record->run, path, "checkpoint.%d.safetensors", record->done.epoch);
    enum ql_status status = ql_checkpoint_save(path, &session->model, &session->info, error);
    if (status == QL_OK) {
        status = ql_training_run_write(&record->run, &epoch->row, epoch->sample, error);
    }
    if (status == QL_OK) {
        status = ql_train_record_save_state(record, &session->trainer, error);
    }
    return status == QL_OK ? ql_train_record_save(record, &session->trainer, "running", error) : status;
}

// A decoder that is trained for integers rounds with the calibration of its integer form, which depends only on the
// model: repeated before each epoch, it is the same for a resumed run.
static enum ql_status calibrate(struct ql_train_session *session, struct ql_error *error)
{
    const struct ql_dimensions *d = &session->model.dimensions;
    struct ql_calibration calibration = {0};
    struct ql_chain chain;

    if (session->info.weights == QL_WEIGHTS_F32 || d->layer != QL_LAYER_DECODER) {
        return QL_OK;
    }
    enum ql_status status = ql_chain_init(&chain, &session->model, &session->info, error);
    if (status == QL_OK) {
        status = ql_calibration_init(&calibration, &chain, NULL, 0, error);
        ql_chain_free(&chain);
    }
    for (int l = 0; l < d->L && status == QL_OK; l++) {
        ql_trainer_set_units(&session->trainer, l, calibration.decoder[l].value, calibration.decoder[l].product);
    }
    ql_calibration_free(&calibration);
    return status;
}

enum ql_status ql_train_session_step(struct ql_train_session *session, ql_trainer_progress *progress, void *context,
                                     struct ql_train_epoch *epoch, struct ql_error *error)
{
    const double epochs = session->settings.max_epochs;
    struct ql_training_progress *done = &session->record.done;
    const int number = done->epoch + 1;
    const double start = ql_cli_seconds();
    struct ql_trainer_result train;
    double loss = NAN;

    *epoch = (struct ql_train_epoch){0};
    enum ql_status status = calibrate(session, error);
    if ((status = ql_exchange_agree(session->exchange, status, error)) != QL_OK ||
        (status = ql_trainer_epoch(&session->trainer, &session->batcher, number, done->epoch / epochs, number / epochs,
                                   progress, context, &train, error)) != QL_OK) {
        return status;
    }
    const double train_seconds = ql_cli_seconds() - start;
    status = judge_finite(&loss, &epoch->sample, session, error);
    if ((status = ql_exchange_agree(session->exchange, status, error)) != QL_OK) {
        return status;
    }
    epoch->best = note_epoch(done, session->trainer.step, loss, ql_cli_seconds() - start);
    epoch->row = (struct ql_training_row){
        .epoch = number,
        .step = session->trainer.step,
        .train_loss = train.loss * session->texts.training_share,
        .val_loss = loss,
        .learning_rate = train.learning_rate,
        .chars_per_second = train.symbols / session->texts.training_share / train_seconds,
        .elapsed_seconds = done->elapsed_seconds,
    };
    status = session->exchange->rank == 0 ? save_epoch(session, epoch, error) : QL_OK;
    return ql_exchange_agree(session->exchange, status, error);
}

bool ql_train_session_ended(const struct ql_train_session *session)
{
    const struct ql_training_progress *done = &session->record.done;
    int patience = session->settings.early_stop;

    return done->epoch >= session->settings.max_epochs ||
           (patience > 0 && done->best_epoch > 0 && done->epoch - done->best_epoch >= patience);
}

void ql_train_session_free(struct ql_train_session *session)
{
    ql_trainer_free(&session->trainer);
    ql_arena_free(&session->arena);
    ql_train_texts_free(&session->texts);
    ql_model_free(&session->model);
    ql_train_record_free(&session->record);
}
