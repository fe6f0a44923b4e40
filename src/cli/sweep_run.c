// One run of a sweep: see sweep_run.h.
// Uses: base, checkpoint, jansson, cli/{interrupt,sweep_plan,train_session}.
#include "cli/sweep_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/file.h"
#include "cli/interrupt.h"
#include "cli/sweep_plan.h"
#include "cli/train_session.h"

static const char status_early[] = "ended early", status_failed[] = "failed";
static const char status_waiting[] = "waiting"; // for the other runs of the rung

enum { ARGUMENT_BYTES = QL_RUN_PATH_BYTES + 32 };

static bool has_summary(const char *folder, const char *name)
{
    char path[QL_RUN_PATH_BYTES];
    struct stat info;

    (void)snprintf(path, sizeof path, "%s/%s/summary.json", folder, name);
    return lstat(path, &info) == 0;
}

static bool status_is_final(const char *status)
{
    return strcmp(status, "finished") == 0 || strcmp(status, "stopped early") == 0 ||
           strcmp(status, status_early) == 0 || strcmp(status, status_failed) == 0;
}

enum ql_status ql_sweep_run_read(struct ql_sweep_result *result, const char *folder, const char *name,
                                 struct ql_error *error)
{
    struct ql_training_run run = {.lock = -1};
    json_t *summary = NULL;

    *result = (struct ql_sweep_result){0};
    (void)snprintf(run.folder, sizeof run.folder, "%s/%s", folder, name);
    enum ql_status status = ql_folder_check_real(run.folder, error);
    if (status != QL_OK || !has_summary(folder, name)) {
        return status;
    }
    status = ql_training_run_load_summary(&run, &summary, error);
    const json_t *best = json_object_get(summary, "best");
    const char *text = json_string_value(json_object_get(summary, "status"));
    (void)snprintf(result->status, sizeof result->status, "%s", text == NULL ? "running" : text);
    result->epochs = (int)json_integer_value(json_object_get(summary, "epochs"));
    result->best_epoch = (int)json_integer_value(json_object_get(best, "epoch"));
    result->bits = json_number_value(json_object_get(best, "val_bits_per_char"));
    result->seconds = json_number_value(json_object_get(summary, "elapsed_seconds"));
    json_decref(summary);
    return status;
}

static bool on_step(void *context, double share)
{
    (void)context;
    (void)share;
    return ql_cli_interrupted != 0;
}

// The arguments of a session: those of a new run, or the folder of a resumed one. NULL when there is not enough memory.
static char **arguments_of_session(int *argc, const char *folder, const char *name, const json_t *arguments,
                                   int threads)
{
    char parent[ARGUMENT_BYTES], own[ARGUMENT_BYTES], with[32];
    const bool begun = has_summary(folder, name);
    const char *more[] = {"train", "--quiet", with, own, parent};

    (void)snprintf(with, sizeof with, "--threads=%d", threads);
    (void)snprintf(parent, sizeof parent, "--checkpoint-dir=%s", folder);
    if (begun) {
        (void)snprintf(own, sizeof own, "--init-from=%s/%s", folder, name);
    } else {
        (void)snprintf(own, sizeof own, "--run-name=%s", name);
    }
    return ql_sweep_arguments(begun ? NULL : arguments, more, begun ? 4 : 5, argc);
}

// Trains the session's run up to `epoch`, and records in the summary how it ended, if it did.
static enum ql_status train(struct ql_train_session *session, int epoch, struct ql_error *error)
{
    enum ql_status status = QL_OK;

    while (status == QL_OK && session->record.done.epoch < epoch && !ql_train_session_ended(session)) {
        struct ql_train_epoch done;
        status = ql_train_session_step(session, on_step, NULL, &done, error);
        free(done.sample);
    }
    // The training diverged, or the model that is trained for integers has no integer form.
    if (status == QL_ERROR_NUMERIC || status == QL_ERROR_INPUT) {
        return ql_train_session_save(session, status_failed, error);
    }
    if (status == QL_ERROR_STOPPED) {
        struct ql_error ignored; // the stop is what matters
        (void)ql_train_session_save(session, "interrupted", &ignored);
    }
    if (status == QL_OK && ql_train_session_ended(session)) {
        const bool early = session->record.done.epoch < session->settings.max_epochs;
        status = ql_train_session_save(session, early ? "stopped early" : "finished", error);
    } else if (status == QL_OK) {
        status = ql_train_session_save(session, status_waiting, error);
    }
    return status;
}

enum ql_status ql_sweep_run_train(const char *folder, const char *name, const json_t *arguments, int epoch, int threads,
                                  struct ql_error *error)
{
    struct ql_option options[QL_TRAIN_OPTION_COUNT];
    struct ql_sweep_result before;
    int argc;
    enum ql_status status = ql_sweep_run_read(&before, folder, name, error);

    if (status != QL_OK || status_is_final(before.status) || before.epochs >= epoch) {
        return status;
    }
    struct ql_train_session *session = calloc(1, sizeof *session);
    char **argv = arguments_of_session(&argc, folder, name, arguments, threads);
    if (session == NULL || argv == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for a run");
    } else {
        ql_train_options_init(options, &session->settings);
        if ((status = ql_option_read(options, argc, argv, NULL, 0, NULL, error)) == QL_OK &&
            (status = ql_train_session_init(session, options, ql_exchange_alone(), error)) == QL_OK) {
            status = train(session, epoch, error);
        }
        ql_train_session_free(session);
    }
    free(session);
    ql_sweep_arguments_free(argv);
    return status;
}

double ql_sweep_run_best_loss(const char *folder, const char *name, int epoch)
{
    char path[QL_RUN_PATH_BYTES];
    struct ql_sweep_result result;
    double best = INFINITY;
    struct ql_file_view view;
    struct ql_bytes_line line = {0};

    if (ql_sweep_run_read(&result, folder, name, NULL) != QL_OK || strcmp(result.status, status_failed) == 0) {
        return INFINITY;
    }
    (void)snprintf(path, sizeof path, "%s/%s/training.log.csv", folder, name);
    if (ql_file_open_kind(&view, path, QL_FILE_IN_FOLDER, ql_file_limit_bytes, NULL) != QL_OK) {
        return best;
    }
    while (ql_bytes_line_step(&line, view.data, view.size_bytes)) {
        char row[128] = "";
        double loss;
        int number;
        memcpy(row, line.bytes, line.length < sizeof row - 1 ? line.length : sizeof row - 1);
        if (sscanf(row, "%d,%*u,%*f,%lf", &number, &loss) == 2 && number <= epoch && loss < best) {
            best = loss;
        }
    }
    ql_file_close(&view);
    return best;
}

enum ql_status ql_sweep_run_end(const char *folder, const char *name, struct ql_error *error)
{
    struct ql_training_run run = {0};
    char path[QL_RUN_PATH_BYTES];
    json_t *summary = NULL;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    enum ql_status status = ql_training_run_open(&run, path, error);
    if (status == QL_OK && (status = ql_training_run_load_summary(&run, &summary, error)) == QL_OK) {
        const char *before = json_string_value(json_object_get(summary, "status"));
        if (before == NULL || !status_is_final(before)) {
            (void)json_object_set_new(summary, "status", json_string(status_early));
            status = ql_training_run_save_summary(&run, summary, error);
        }
    }
    json_decref(summary);
    ql_training_run_close(&run);
    return status;
}
