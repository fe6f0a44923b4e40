// The files of a training in its run's folder: see train_record.h.
// Uses: base, corpus, model, checkpoint, cli/{train_options,train_texts}.
#include "cli/train_record.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/vectors.h"
#include "base/version.h"
#include "corpus/pieces.h"

enum ql_status ql_train_record_check_name(const struct ql_train_settings *settings, struct ql_error *error)
{
    const char *name = settings->run_name;

    if (settings->checkpoint_dir[0] == '\0') {
        return ql_error_write(error, QL_ERROR_USAGE, "--checkpoint-dir: needs the name of a folder");
    }
    if (name != NULL && (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--run-name '%s': must not be empty, begin with a dot or have a slash; the folder around "
                              "it is --checkpoint-dir",
                              name);
    }
    return QL_OK;
}

static json_t *make_model_summary(const struct ql_model *model)
{
    const struct ql_dimensions d = model->dimensions;

    if (d.layer == QL_LAYER_DECODER) {
        return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:I}", "cell", ql_architecture_of(&d)->name,
                         "vocabulary_size", d.V, "embedding_size", d.E, "num_layers", d.L, "num_heads", d.heads,
                         "num_kv_heads", d.kv_heads, "feed_size", d.feed, "context_length", d.context, "parameters",
                         (json_int_t)model->count);
    }
    return json_pack("{s:s, s:i, s:i, s:i, s:i, s:I}", "cell", ql_architecture_of(&d)->name, "vocabulary_size", d.V,
                     "embedding_size", d.E, "rnn_size", d.H, "num_layers", d.L, "parameters", (json_int_t)model->count);
}

static json_t *make_summary(const struct ql_option *options, const struct ql_model *model,
                            const struct ql_vocabulary *symbols, const struct ql_train_texts *texts)
{
    char vocabulary[4 * QL_VOCABULARY_LIMIT + 1];
    char started[40];
    time_t now = time(NULL);
    struct tm local;

    ql_vocabulary_write(symbols, vocabulary);
    (void)strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%S%z", localtime_r(&now, &local));
    json_t *summary =
        json_pack("{s:s, s:s, s:o, s:s, s:o, s:{s:I, s:I, s:I}, s:{s:s, s:s, s:s}}", "started", started, "status",
                  "running", "arguments", ql_train_options_to_json(options), "vocabulary", vocabulary, "model",
                  make_model_summary(model), "text", "train_symbols", (json_int_t)texts->training_characters,
                  "validation_symbols", (json_int_t)texts->validation_characters, "crc32", (json_int_t)texts->crc,
                  "versions", "quillet", QL_VERSION, "vectors", ql_vectors_name(ql_vectors()), "compiler", __VERSION__);
    char *pieces = symbols->piece_count > 0 ? ql_pieces_write(symbols) : NULL;
    if (pieces != NULL) {
        (void)json_object_set_new(summary, "pieces", json_string(pieces));
    }
    free(pieces);
    return summary;
}

enum ql_status ql_train_record_save(struct ql_train_record *record, const struct ql_trainer *trainer,
                                    const char *status, struct ql_error *error)
{
    char checkpoint[64];
    const struct ql_training_progress *done = &record->done;

    (void)snprintf(checkpoint, sizeof checkpoint, "checkpoint.%d.safetensors", done->best_epoch);
    (void)json_object_set_new(record->summary, "status", json_string(status));
    (void)json_object_set_new(record->summary, "epochs", json_integer(done->epoch));
    (void)json_object_set_new(record->summary, "steps", json_integer((json_int_t)done->step));
    (void)json_object_set_new(record->summary, "elapsed_seconds", json_real(done->elapsed_seconds));
    const struct ql_exchange *exchange = trainer->options.exchange;
    if (exchange->ranks > 1) {
        json_t *ranks = json_pack("{s:i, s:f}", "count", exchange->ranks, "exchange_seconds", exchange->seconds);
        (void)json_object_set_new(record->summary, "ranks", ranks);
    } else {
        (void)json_object_del(record->summary, "ranks");
    }
    if (done->best_epoch > 0) {
        json_t *best = json_pack("{s:i, s:f, s:f, s:s}", "epoch", done->best_epoch, "val_loss", done->best_loss,
                                 "val_bits_per_char", ql_training_bits(done->best_loss), "checkpoint", checkpoint);
        (void)json_object_set_new(record->summary, "best", best);
    }
    return ql_training_run_save_summary(&record->run, record->summary, error);
}

enum ql_status ql_train_record_save_state(const struct ql_train_record *record, const struct ql_trainer *trainer,
                                          struct ql_error *error)
{
    char path[QL_RUN_PATH_BYTES];

    ql_training_run_path(&record->run, path, "training.safetensors");
    return ql_training_state_save(path, trainer, &record->done, error);
}

enum ql_status ql_train_record_begin(struct ql_train_record *record, const struct ql_train_settings *settings,
                                     const struct ql_option *options, const struct ql_model *model,
                                     const struct ql_vocabulary *vocabulary, const struct ql_train_texts *texts,
                                     const struct ql_trainer *trainer, struct ql_error *error)
{
    enum ql_status status;

    record->summary = make_summary(options, model, vocabulary, texts);
    if (record->summary == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
    }
    if ((status = ql_training_run_init(&record->run, settings->checkpoint_dir, settings->run_name, error)) != QL_OK ||
        (status = ql_train_record_save(record, trainer, "running", error)) != QL_OK) {
        return status;
    }
    return ql_train_record_save_state(record, trainer, error);
}

enum ql_status ql_train_record_open(struct ql_train_record *record, const char *folder, struct ql_error *error)
{
    char path[QL_RUN_PATH_BYTES];
    struct stat info;
    enum ql_status status = ql_training_run_open(&record->run, folder, error);

    if (status != QL_OK || (status = ql_training_run_load_summary(&record->run, &record->summary, error)) != QL_OK) {
        return status;
    }
    ql_training_run_path(&record->run, path, "training.safetensors");
    record->has_state = lstat(path, &info) == 0;
    json_int_t epochs = json_integer_value(json_object_get(record->summary, "epochs"));
    if (!record->has_state && epochs > 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: is missing, and without it the training cannot go on; to start a new run from its "
                              "model, give --init-from %s/checkpoint.%" JSON_INTEGER_FORMAT ".safetensors",
                              path, record->run.folder, epochs);
    }
    return QL_OK;
}

enum ql_status ql_train_record_set_options(const struct ql_train_record *record, struct ql_option *options,
                                           struct ql_error *error)
{
    const json_t *arguments = json_object_get(record->summary, "arguments");
    const enum ql_status status = ql_train_options_from_json(options, arguments, error);

    return status == QL_ERROR_INPUT ? ql_error_prefix(error, "%s/summary.json: ", record->run.folder) : status;
}

// The checksum runs over both texts as if they were one, so their sizes have to be compared, too.
static bool texts_are_same(const json_t *text, const struct ql_train_texts *texts)
{
    return json_integer_value(json_object_get(text, "crc32")) == (json_int_t)texts->crc &&
           json_integer_value(json_object_get(text, "train_symbols")) == (json_int_t)texts->training_characters &&
           json_integer_value(json_object_get(text, "validation_symbols")) == (json_int_t)texts->validation_characters;
}

enum ql_status ql_train_record_take_up(struct ql_train_record *record, struct ql_trainer *trainer,
                                       const struct ql_option *options, const struct ql_train_texts *texts,
                                       const char *input, struct ql_error *error)
{
    char path[QL_RUN_PATH_BYTES];

    if (!texts_are_same(json_object_get(record->summary, "text"), texts)) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: the text is not the one that the run was started with; to train its model on "
                              "another text, give a checkpoint of it as --init-from",
                              input);
    }
    ql_train_options_given_to_json(options, json_object_get(record->summary, "arguments"));
    if (!record->has_state) {
        return ql_training_run_reset(&record->run, 0, error);
    }
    ql_training_run_path(&record->run, path, "training.safetensors");
    enum ql_status status = ql_training_state_load(path, trainer, &record->done, error);
    json_t *arguments = json_object_get(record->summary, "arguments");
    if (json_integer_value(json_object_get(arguments, "max_epochs")) < record->done.epoch) {
        (void)json_object_set_new(arguments, "max_epochs", json_integer(record->done.epoch));
    }
    if (status == QL_OK && (status = ql_training_run_reset(&record->run, record->done.epoch, error)) == QL_OK) {
        (void)json_object_set_new(record->summary, "resumed_after", json_integer(record->done.epoch));
        status = ql_train_record_save(record, trainer, "running", error);
    }
    return status;
}

void ql_train_record_free(struct ql_train_record *record)
{
    json_decref(record->summary);
    ql_training_run_close(&record->run);
}
