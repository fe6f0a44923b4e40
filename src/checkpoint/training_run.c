// A run's folder: see training_run.h.
#include "checkpoint/training_run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/system.h"

static const char log_header[] =
    "epoch,step,train_loss,val_loss,val_bits_per_char,learning_rate,chars_per_second,elapsed_seconds\n";

// Our files have a few kilobytes.
static const size_t summary_limit_bytes = (size_t)1 << 26;

// Room that a path leaves for the name of a file in the folder.
enum { FILE_NAME_BYTES = 64 };

// True when the folder contains only files left by a killed write.
static bool folder_is_empty(const char *path)
{
    DIR *folder = opendir(path);
    bool empty = true;

    if (folder == NULL) {
        return true;
    }
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        const char *suffix = strrchr(entry->d_name, '.');
        empty = empty && suffix != NULL && (suffix[1] == '\0' || strcmp(suffix, ".partial") == 0);
    }
    (void)closedir(folder);
    return empty;
}

static enum ql_status run_set_folder(struct ql_training_run *run, const char *parent, const char *name,
                                     struct ql_error *error)
{
    int used = name == NULL ? snprintf(run->folder, sizeof run->folder, "%s", parent)
                            : snprintf(run->folder, sizeof run->folder, "%s/%s", parent, name);

    if (used < 0 || (size_t)used >= sizeof run->folder - FILE_NAME_BYTES) {
        return ql_error_write(error, QL_ERROR_INPUT, "the name of the run's folder is too long");
    }
    return QL_OK;
}

// Two processes in one folder would write each other's files. The lock is held by the system, so it ends with the
// process, however that ends. Where locks are not supported, as on some network disks, the run does without.
static enum ql_status run_lock(struct ql_training_run *run, struct ql_error *error)
{
    enum ql_status status = ql_folder_lock(&run->lock, run->folder, "training this run", error);

    run->open = status == QL_OK;
    return status;
}

// Creates a folder that is named after the time; trainings that start in the same second get -2, -3 and so on.
static enum ql_status run_init_by_time(struct ql_training_run *run, const char *parent, struct ql_error *error)
{
    enum { ATTEMPTS = 1000 };
    char stamp[32], name[48];
    time_t now = time(NULL);
    struct tm local;
    enum ql_status status = ql_folder_init(parent, error);

    (void)strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", localtime_r(&now, &local));
    for (int i = 1; status == QL_OK; i++) {
        (void)snprintf(name, sizeof name, "%s%s%.0d", stamp, i == 1 ? "" : "-", i == 1 ? 0 : i);
        status = run_set_folder(run, parent, name, error);
        if (status != QL_OK || mkdir(run->folder, 0777) == 0) {
            break;
        }
        if (errno != EEXIST || i == ATTEMPTS) {
            status =
                ql_error_write(error, QL_ERROR_SYSTEM, "%s: cannot make the folder: %s", run->folder, strerror(errno));
        }
    }
    return status;
}

enum ql_status ql_training_run_init(struct ql_training_run *run, const char *parent, const char *name,
                                    struct ql_error *error)
{
    enum ql_status status;

    run->open = false;
    if (name == NULL) {
        status = run_init_by_time(run, parent, error);
    } else if ((status = run_set_folder(run, parent, name, error)) == QL_OK) {
        status = ql_folder_init(run->folder, error);
    }
    if (status != QL_OK || (status = run_lock(run, error)) != QL_OK) {
        return status;
    }
    if (!folder_is_empty(run->folder)) {
        ql_training_run_close(run);
        return ql_error_write(
            error, QL_ERROR_INPUT,
            "%s: a run of this name exists already; choose another --run-name, or resume it with --init-from %s",
            run->folder, run->folder);
    }
    return QL_OK;
}

enum ql_status ql_training_run_open(struct ql_training_run *run, const char *folder, struct ql_error *error)
{
    enum ql_status status = run_set_folder(run, folder, NULL, error);

    run->open = false;
    return status == QL_OK ? run_lock(run, error) : status;
}

void ql_training_run_close(struct ql_training_run *run)
{
    if (run->open) {
        ql_folder_unlock(run->lock);
    }
    run->open = false;
}

void ql_training_run_path(const struct ql_training_run *run, char *path, const char *format, ...)
{
    va_list arguments;
    int used = snprintf(path, QL_RUN_PATH_BYTES, "%s/", run->folder);

    va_start(arguments, format);
    (void)vsnprintf(path + used, QL_RUN_PATH_BYTES - (size_t)used, format, arguments);
    va_end(arguments);
}

// Appends text to a file of the run, and syncs it to disk.
static enum ql_status append(const char *path, const char *text, struct ql_error *error)
{
    const int descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    FILE *stream = descriptor < 0 ? NULL : fdopen(descriptor, "a");
    bool failed = stream == NULL;

    if (failed && descriptor >= 0) {
        (void)close(descriptor);
        errno = ENOMEM;
    } else if (!failed) {
        failed = fputs(text, stream) < 0;
        failed = fflush(stream) != 0 || failed;
        failed = !ql_system_sync(fileno(stream)) || failed;
        int reason = errno;
        (void)fclose(stream);
        errno = reason;
    }
    if (failed) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: cannot write: %s", path, strerror(errno));
    }
    return QL_OK;
}

enum ql_status ql_training_run_write(const struct ql_training_run *run, const struct ql_training_row *row,
                                     const char *sample, struct ql_error *error)
{
    char path[QL_RUN_PATH_BYTES];
    char line[512];
    struct stat info;

    ql_training_run_path(run, path, "training.log.csv");
    bool fresh = stat(path, &info) != 0 || info.st_size == 0;
    (void)snprintf(line, sizeof line, "%s%d,%" PRIu64 ",%.6f,%.6f,%.6f,%.6g,%.0f,%.3f\n", fresh ? log_header : "",
                   row->epoch, row->step, row->train_loss, row->val_loss, ql_training_bits(row->val_loss),
                   row->learning_rate, row->chars_per_second, row->elapsed_seconds);
    enum ql_status status = append(path, line, error);
    if (status != QL_OK || sample == NULL) {
        return status;
    }

    json_t *object = json_pack("{s:i, s:s}", "epoch", row->epoch, "text", sample);
    char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (text == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for a sample");
    }
    ql_training_run_path(run, path, "samples.jsonl");
    status = append(path, text, error);
    free(text);
    return status == QL_OK ? append(path, "\n", error) : status;
}

// Keeps the lines of a file that belong to epochs up to `epoch`: `format` reads the number from a line's start.
// A line that does not match is kept if it is the header, which comes first, and dropped if it was cut short.
static enum ql_status keep_epochs(const char *path, const char *format, int epoch, struct ql_error *error)
{
    struct ql_file_view view;
    struct stat info;
    enum ql_status status;

    if (lstat(path, &info) != 0) {
        return QL_OK;
    }
    if ((status = ql_file_open_kind(&view, path, QL_FILE_IN_FOLDER, ql_file_limit_bytes, error)) != QL_OK) {
        return status;
    }
    char *kept = malloc(view.size_bytes + 1);
    size_t kept_bytes = 0;
    const char *text = (const char *)view.data;
    const char *end = text + view.size_bytes;
    for (const char *line = text; kept != NULL && line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        if (newline == NULL) {
            break;
        }
        char start[32] = {0};
        size_t length = (size_t)(newline + 1 - line);
        memcpy(start, line, length < sizeof start - 1 ? length : sizeof start - 1);
        int number = 0;
        bool has_number = sscanf(start, format, &number) == 1;
        if ((has_number && number <= epoch) || (!has_number && line == text)) {
            memcpy(kept + kept_bytes, line, length);
            kept_bytes += length;
        }
        line = newline + 1;
    }
    ql_file_close(&view);
    status = kept == NULL ? ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", path)
                          : ql_file_save_kind(path, QL_FILE_IN_FOLDER, kept, kept_bytes, error);
    free(kept);
    return status;
}

enum ql_status ql_training_run_reset(const struct ql_training_run *run, int epoch, struct ql_error *error)
{
    char path[QL_RUN_PATH_BYTES];

    ql_training_run_path(run, path, "training.log.csv");
    enum ql_status status = keep_epochs(path, "%d,", epoch, error);
    if (status != QL_OK) {
        return status;
    }
    ql_training_run_path(run, path, "samples.jsonl");
    return keep_epochs(path, "{\"epoch\":%d", epoch, error);
}

enum ql_status ql_training_run_save_summary(const struct ql_training_run *run, const json_t *summary,
                                            struct ql_error *error)
{
    char path[QL_RUN_PATH_BYTES];
    char *text = json_dumps(summary, JSON_INDENT(2));

    if (text == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the summary");
    }
    ql_training_run_path(run, path, "summary.json");
    enum ql_status status = ql_file_save_kind(path, QL_FILE_IN_FOLDER, text, strlen(text), error);
    free(text);
    return status;
}

enum ql_status ql_training_run_load_summary(const struct ql_training_run *run, json_t **summary, struct ql_error *error)
{
    char path[QL_RUN_PATH_BYTES];
    json_error_t json_error;
    struct stat info;

    ql_training_run_path(run, path, "summary.json");
    if (lstat(path, &info) != 0) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: is not the folder of a run: it has no summary.json",
                              run->folder);
    }
    struct ql_file_view view;
    enum ql_status status = ql_file_open_kind(&view, path, QL_FILE_IN_FOLDER, summary_limit_bytes, error);
    if (status != QL_OK) {
        return status;
    }
    *summary = json_loadb((const char *)view.data, view.size_bytes, JSON_REJECT_DUPLICATES, &json_error);
    ql_file_close(&view);
    if (!json_is_object(*summary)) {
        json_decref(*summary);
        *summary = NULL;
        return ql_error_write(error, QL_ERROR_INPUT, "%s:%d: is damaged: %s", path, json_error.line, json_error.text);
    }
    return QL_OK;
}

int ql_training_run_best_epoch(const char *folder)
{
    struct ql_training_run run = {.lock = -1};
    char path[QL_RUN_PATH_BYTES];
    json_t *summary = NULL;
    json_int_t epoch = 0;

    if (run_set_folder(&run, folder, NULL, NULL) == QL_OK &&
        ql_training_run_load_summary(&run, &summary, NULL) == QL_OK) {
        epoch = json_integer_value(json_object_get(json_object_get(summary, "best"), "epoch"));
        json_decref(summary);
    }
    epoch = epoch > 0 && epoch <= INT32_MAX ? epoch : 0;
    ql_training_run_path(&run, path, "checkpoint.%d.safetensors", (int)epoch);
    return access(path, F_OK) == 0 ? (int)epoch : 0;
}
