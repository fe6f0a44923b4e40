// Follows the logs of runs: see run_watcher.h.
// A look opens each file again, reads on from the position reached before, and closes it. So a replaced file is noticed
// by its inode, a truncated one by its size, and one that was rewritten in place by its tail.
// Uses: base, jansson, POSIX.
#include "dashboard/run_watcher.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory_stream.h"
#include "base/system.h"

enum {
    LINE_BYTES = 65536,   // of a log or of the samples; a longer one is a problem
    READ_BYTES = 1 << 20, // in one look, so that a huge file does not block everything else
    SUMMARY_BYTES = 1 << 20,
    PROBLEM_LIMIT = 20, // reported lines of a file; more would tell nothing new
    SEARCH_SHARE = 200, // a search for new runs may take one part in this many of the time
    CHANGED_SHARE = 20, // if the folder has changed, and at first
    REPLACE_PAUSE_US =
        20000000, // between two replacements of older runs by newer ones, after which everything is sent again
    OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, // O_NONBLOCK: a pipe does not block us
};

// The result of a look at one file.
enum look { LOOK_NOTHING, LOOK_NEWS, LOOK_REWRITTEN };

static bool name_is_plain(const char *name)
{
    return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL && strlen(name) < QL_WATCHER_NAME_BYTES;
}

// Opens a regular file of a run; -1 when there is none.
static int open_file(int folder, const char *name, struct stat *properties)
{
    int file = openat(folder, name, OPEN_FLAGS);

    if (file >= 0 && (fstat(file, properties) != 0 || !S_ISREG(properties->st_mode))) {
        (void)close(file);
        return -1;
    }
    return file;
}

static bool run_is_there(int root, const char *name)
{
    struct stat properties;
    bool found = false;
    int folder = openat(root, name, OPEN_FLAGS | O_DIRECTORY);

    if (folder >= 0) {
        found = fstatat(folder, "training.log.csv", &properties, AT_SYMLINK_NOFOLLOW) == 0 ||
                fstatat(folder, "summary.json", &properties, AT_SYMLINK_NOFOLLOW) == 0;
        (void)close(folder);
    }
    return found;
}

enum ql_status ql_run_watcher_open(struct ql_run_watcher *watcher, const char *path, struct ql_event_list *events,
                                   struct ql_error *error)
{
    static const char log_name[] = "training.log.csv";
    char folder[PATH_MAX], real[PATH_MAX];
    size_t length = strlen(path);
    struct stat properties;

    *watcher = (struct ql_run_watcher){.events = events};
    if (length >= sizeof folder) {
        return ql_error_write(error, QL_ERROR_USAGE, "the path has %zu bytes, more than a path can have", length);
    }
    memcpy(folder, path, length + 1);
    bool is_folder = stat(folder, &properties) == 0 && S_ISDIR(properties.st_mode);
    bool names_log =
        !is_folder && length >= strlen(log_name) && strcmp(folder + length - strlen(log_name), log_name) == 0;
    if (!is_folder && !names_log) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "%s: is not a folder; name a run's training.log.csv, its folder, or a folder of runs",
                              path);
    }
    if (names_log) {
        folder[length - strlen(log_name)] = '\0';
    }
    if (realpath(folder[0] == '\0' ? "." : folder, real) == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: %s; a training makes the folder when it begins", folder,
                              strerror(errno));
    }
    char *last = strrchr(real, '/');
    int here = open(real, OPEN_FLAGS | O_DIRECTORY);
    bool one = here >= 0 && (names_log || fstatat(here, log_name, &properties, AT_SYMLINK_NOFOLLOW) == 0 ||
                             fstatat(here, "summary.json", &properties, AT_SYMLINK_NOFOLLOW) == 0);
    if (here >= 0 && one) {
        if (!name_is_plain(last + 1)) {
            (void)close(here);
            return ql_error_write(error, QL_ERROR_USAGE, "%s: a run's folder needs a name that is not hidden", real);
        }
        int parent = openat(here, "..", OPEN_FLAGS | O_DIRECTORY);
        (void)close(here);
        here = parent;
        memcpy(watcher->only, last + 1, strlen(last + 1) + 1);
    }
    if (here < 0) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: %s", real, strerror(errno));
    }
    watcher->root = here;
    watcher->runs = calloc(QL_WATCHER_RUN_LIMIT, sizeof *watcher->runs);
    if (watcher->runs == NULL) {
        (void)close(here);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the runs");
    }
    watcher->entry_limit = QL_WATCHER_ENTRY_LIMIT;
    (void)pthread_mutex_init(&watcher->lock, NULL);
    watcher->open = true;
    return QL_OK;
}

static void forget_runs(struct ql_run_watcher *watcher)
{
    (void)pthread_mutex_lock(&watcher->lock);
    for (int i = 0; i < watcher->run_count; i++) {
        ql_run_history_free(&watcher->runs[i].history);
    }
    watcher->run_count = 0;
    watcher->entry_count = 0;
    watcher->full = false;
    watcher->searched_us = watcher->search_us = 0;
    (void)pthread_mutex_unlock(&watcher->lock);
}

void ql_run_watcher_close(struct ql_run_watcher *watcher)
{
    if (watcher->open) {
        forget_runs(watcher);
        (void)pthread_mutex_destroy(&watcher->lock);
        (void)close(watcher->root);
        free(watcher->runs);
    }
    *watcher = (struct ql_run_watcher){0};
}

typedef enum ql_status add_event(struct ql_event_list *list, const char *name, const char *data,
                                 struct ql_error *error);

static enum ql_status tell_by(add_event *add, struct ql_run_watcher *watcher, const char *name, const json_t *data,
                              struct ql_error *error)
{
    char *text = data == NULL ? NULL : json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(9));
    enum ql_status status = text == NULL ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the logs")
                                         : add(watcher->events, name, text, error);

    free(text);
    return status;
}

// Takes ownership of `data`. The first event that does not fit into the list is replaced by a problem; later ones are
// not shown.
static enum ql_status tell(struct ql_run_watcher *watcher, const char *name, json_t *data, struct ql_error *error)
{
    struct ql_error reason;
    enum ql_status status = QL_OK;

    if (!watcher->full && (status = tell_by(ql_event_list_add, watcher, name, data, &reason)) != QL_OK) {
        watcher->full = status == QL_ERROR_INPUT;
        if (watcher->full) {
            json_t *problem = json_pack("{s:O, s:s}", "run", json_object_get(data, "run"), "text", reason.message);
            status = tell_by(ql_event_list_add_last, watcher, "problem", problem, &reason);
            json_decref(problem);
        }
        if (status != QL_OK && error != NULL) {
            *error = reason;
        }
    }
    json_decref(data);
    return status;
}

// A text from a file, or a mark if it is not UTF-8.
static json_t *text_of(const char *text)
{
    json_t *string = json_string(text);
    return string == NULL ? json_string("(not in UTF-8)") : string;
}

// Reports once that no more is accepted, and why.
static enum ql_status tell_full(struct ql_run_watcher *watcher, const struct ql_watched_run *run, const char *reason,
                                struct ql_error *error)
{
    json_t *problem = json_pack("{s:o, s:s}", "run", text_of(run->name), "text", reason);
    enum ql_status status = tell_by(ql_event_list_add_last, watcher, "problem", problem, error);

    watcher->full = true;
    json_decref(problem);
    return status;
}

// The same for rows and samples.
static enum ql_status tell_entries_full(struct ql_run_watcher *watcher, const struct ql_watched_run *run,
                                        struct ql_error *error)
{
    char text[128];

    (void)snprintf(text, sizeof text, "the logs have more than the %zu rows and samples that are shown",
                   watcher->entry_limit);
    return tell_full(watcher, run, text, error);
}

static enum ql_status tell_problem(struct ql_run_watcher *watcher, const struct ql_watched_run *run, const char *file,
                                   const struct ql_followed_file *place, const char *what, struct ql_error *error)
{
    char text[512];

    if (place->lines > PROBLEM_LIMIT) {
        return QL_OK;
    }
    (void)snprintf(text, sizeof text, "%s, line %ld: %s", file, place->lines, what);
    return tell(watcher, "problem", json_pack("{s:o, s:s}", "run", text_of(run->name), "text", text), error);
}

// Under the lock: whether there is room for one more row or sample. `added` says whether there was memory for it.
static enum ql_status count_entry(struct ql_run_watcher *watcher, bool added, struct ql_error *error)
{
    watcher->entry_count += added;
    return added ? QL_OK : ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the logs");
}

// A row of the log: the columns with which all our logs begin, in order.
static enum ql_status take_row(struct ql_run_watcher *watcher, struct ql_watched_run *run,
                               const struct ql_followed_file *place, const char *line, struct ql_error *error)
{
    struct ql_history_row row;
    const char *rest = line;

    if (place->lines == 1) {
        return strncmp(line, "epoch,step,train_loss,val_loss", 30) == 0
                   ? QL_OK
                   : tell_problem(watcher, run, "training.log.csv", place, "this is not a log of `quillet train`",
                                  error);
    }
    for (int i = 0; i < QL_HISTORY_COLUMNS; i++) {
        char *end;
        double value = row.values[i] = strtod(rest, &end);
        bool ended = end != rest && !isspace((unsigned char)*rest) && *end == (i + 1 < QL_HISTORY_COLUMNS ? ',' : '\0');
        bool countable = i > QL_HISTORY_STEP || (value >= 0.0 && value < 9e15 && value == floor(value));
        if (!ended || !isfinite(value) || !countable) {
            return tell_problem(watcher, run, "training.log.csv", place, "is not a row of eight numbers", error);
        }
        rest = end + 1;
    }
    if (watcher->entry_count >= watcher->entry_limit) {
        return tell_entries_full(watcher, run, error);
    }
    (void)pthread_mutex_lock(&watcher->lock);
    enum ql_status status = count_entry(watcher, ql_run_history_add_row(&run->history, &row), error);
    (void)pthread_mutex_unlock(&watcher->lock);
    return status;
}

static enum ql_status take_sample(struct ql_run_watcher *watcher, struct ql_watched_run *run,
                                  const struct ql_followed_file *place, const char *line, struct ql_error *error)
{
    json_t *sample = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    const json_t *epoch = json_object_get(sample, "epoch");
    const bool sound = json_is_integer(epoch) && json_is_string(json_object_get(sample, "text"));
    const struct ql_history_sample entry = {
        .epoch = json_integer_value(epoch), .offset = place->line_offset, .size = strlen(line)};

    json_decref(sample);
    if (!sound) {
        return tell_problem(watcher, run, "samples.jsonl", place, "is not an epoch with its text", error);
    }
    if (watcher->entry_count >= watcher->entry_limit) {
        return tell_entries_full(watcher, run, error);
    }
    (void)pthread_mutex_lock(&watcher->lock);
    enum ql_status status = count_entry(watcher, ql_run_history_add_sample(&run->history, &entry), error);
    (void)pthread_mutex_unlock(&watcher->lock);
    return status;
}

static json_t *row_of(const struct ql_history_row *row)
{
    json_t *object = json_object();

    for (int i = 0; i < QL_HISTORY_COLUMNS; i++) {
        (void)json_object_set_new(object, ql_history_columns[i],
                                  i <= QL_HISTORY_STEP ? json_integer((json_int_t)row->values[i])
                                                       : json_real(row->values[i]));
    }
    return object;
}

// Sends an event that replaces the previous one of this kind. Takes ownership of `data`.
static enum ql_status tell_again(struct ql_run_watcher *watcher, const struct ql_watched_run *run, size_t *former,
                                 const char *name, json_t *data, struct ql_error *error)
{
    struct ql_error reason = {0};
    char *text = data == NULL ? NULL : json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(9));
    enum ql_status status = text == NULL ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the logs")
                                         : ql_event_list_renew(watcher->events, former, name, text, &reason);

    json_decref(data);
    if (status == QL_ERROR_INPUT) {
        free(text);
        return watcher->full ? QL_OK : tell_full(watcher, run, reason.message, error);
    }
    if (status != QL_OK && text != NULL && error != NULL) {
        *error = reason;
    }
    free(text);
    return status;
}

// Reports the number of rows and samples. No other thread changes them, so reading needs no lock.
static enum ql_status tell_progress(struct ql_run_watcher *watcher, struct ql_watched_run *run, bool rows, bool samples,
                                    struct ql_error *error)
{
    const struct ql_run_history *history = &run->history;
    enum ql_status status = QL_OK;

    (void)pthread_mutex_lock(&watcher->lock);
    ql_run_history_sort(&run->history);
    (void)pthread_mutex_unlock(&watcher->lock);
    if (rows && history->row_count > 0) {
        status =
            tell_again(watcher, run, &run->rows_event, "rows",
                       json_pack("{s:o, s:I, s:o, s:o, s:f, s:I}", "run", text_of(run->name), "count",
                                 (json_int_t)history->row_count, "last", row_of(&history->rows[history->row_count - 1]),
                                 "best", row_of(ql_run_history_best(history)), "seconds_per_epoch",
                                 ql_run_history_seconds(history), "changed", (json_int_t)run->log.changed),
                       error);
    }
    if (samples && history->sample_count > 0 && status == QL_OK) {
        status = tell_again(
            watcher, run, &run->samples_event, "samples",
            json_pack("{s:o, s:I}", "run", text_of(run->name), "count", (json_int_t)history->sample_count), error);
    }
    return status;
}

typedef enum ql_status take_line(struct ql_run_watcher *watcher, struct ql_watched_run *run,
                                 const struct ql_followed_file *place, const char *line, struct ql_error *error);

static bool file_was_rewritten(int file, const struct ql_followed_file *place, const struct stat *properties)
{
    unsigned char tail[QL_WATCHER_TAIL_BYTES];
    ssize_t wanted = (ssize_t)place->tail_bytes;

    return place->inode != properties->st_ino || properties->st_size < place->offset ||
           pread(file, tail, place->tail_bytes, place->offset - wanted) != wanted ||
           memcmp(tail, place->tail, place->tail_bytes) != 0;
}

// Reads complete lines from the position reached before, and passes each on without its newline.
static enum ql_status follow(struct ql_run_watcher *watcher, struct ql_watched_run *run, int folder, const char *name,
                             struct ql_followed_file *place, take_line *take, enum look *look, struct ql_error *error)
{
    struct stat properties;
    enum ql_status status = QL_OK;
    int file = open_file(folder, name, &properties);

    *look = LOOK_NOTHING;
    if (file < 0 || (place->open && file_was_rewritten(file, place, &properties))) {
        *look = place->open ? LOOK_REWRITTEN : LOOK_NOTHING;
        if (file >= 0) {
            (void)close(file);
        }
        return QL_OK;
    }
    if (watcher->full || properties.st_size == place->offset) {
        (void)close(file);
        return QL_OK;
    }
    const off_t rest = properties.st_size - place->offset;
    const size_t most = rest < READ_BYTES ? (size_t)rest : READ_BYTES;
    char *bytes = malloc(most + 1);
    ssize_t size = bytes == NULL ? -1 : pread(file, bytes, most, place->offset);
    (void)close(file);
    if (bytes == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the logs");
    }
    place->open = true;
    place->inode = properties.st_ino;
    place->changed = ql_system_change_time(&properties).tv_sec;
    size_t start = 0;
    for (char *end; status == QL_OK && size > 0 && !watcher->full &&
                    (end = memchr(bytes + start, '\n', (size_t)size - start)) != NULL;) {
        size_t length = (size_t)(end - (bytes + start));
        *end = '\0';
        place->lines++;
        place->line_offset = place->offset + (off_t)start;
        if (length > LINE_BYTES || memchr(bytes + start, '\0', length) != NULL) {
            status = tell_problem(watcher, run, name, place, "is too long, or is not text", error);
        } else {
            status = take(watcher, run, place, bytes + start, error);
        }
        *end = '\n';
        start += length + 1;
        *look = LOOK_NEWS;
    }
    if (start == 0 && size > LINE_BYTES) { // no line ends here: skip it
        start = (size_t)size;
    }
    if (start > 0) {
        place->offset += (off_t)start;
        place->tail_bytes = start < QL_WATCHER_TAIL_BYTES ? start : QL_WATCHER_TAIL_BYTES;
        memcpy(place->tail, bytes + start - place->tail_bytes, place->tail_bytes);
    }
    free(bytes);
    return status;
}

// Fields of a file that anybody may have written: null if they are missing or of another type, so that a client can rely
// on the type.
static json_t *text_field(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    return json_is_string(value) ? json_incref(value) : json_null();
}

static json_t *number_field(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    return json_is_number(value) ? json_incref(value) : json_null();
}

static enum ql_status follow_summary(struct ql_run_watcher *watcher, struct ql_watched_run *run, int folder, bool *news,
                                     struct ql_error *error)
{
    struct stat properties;
    int file = open_file(folder, "summary.json", &properties);

    if (file < 0) {
        return QL_OK;
    }
    const struct timespec time = ql_system_change_time(&properties);
    bool same = properties.st_ino == run->summary_inode && time.tv_sec == run->summary_time.tv_sec &&
                time.tv_nsec == run->summary_time.tv_nsec;
    json_t *summary = same || properties.st_size > SUMMARY_BYTES ? NULL : json_loadfd(file, 0, NULL);
    (void)close(file);
    if (same) {
        return QL_OK;
    }
    run->summary_inode = properties.st_ino;
    run->summary_time = time;
    *news = true;
    if (!json_is_object(summary)) {
        json_decref(summary);
        return tell(watcher, "problem",
                    json_pack("{s:o, s:s}", "run", text_of(run->name), "text", "summary.json cannot be read"), error);
    }
    const json_t *model = json_object_get(summary, "model");
    const json_t *arguments = json_object_get(summary, "arguments");
    json_t *told = json_pack(
        "{s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "run", text_of(run->name), "changed",
        (json_int_t)time.tv_sec, "status", text_field(summary, "status"), "started", text_field(summary, "started"),
        "max_epochs", number_field(arguments, "max_epochs"), "input", text_field(arguments, "input"), "best_epoch",
        number_field(json_object_get(summary, "best"), "epoch"), "parameters", number_field(model, "parameters"),
        "cell", text_field(model, "cell"), "rnn_size", number_field(model, "rnn_size"), "num_layers",
        number_field(model, "num_layers"), "embedding_size", number_field(model, "embedding_size"), "epochs",
        number_field(summary, "epochs"), "resumed_after", number_field(summary, "resumed_after"));
    json_decref(summary);
    return tell_again(watcher, run, &run->summary_event, "summary", told, error);
}

struct candidate {
    char name[QL_WATCHER_NAME_BYTES];
    struct timespec time;
};

static int compare_times(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? (a->tv_sec > b->tv_sec) - (a->tv_sec < b->tv_sec)
                                  : (a->tv_nsec > b->tv_nsec) - (a->tv_nsec < b->tv_nsec);
}

static int newer_first(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    const int order = compare_times(&b->time, &a->time);

    return order != 0 ? order : strcmp(b->name, a->name);
}

static bool run_is_known(const struct ql_run_watcher *watcher, const char *name)
{
    for (int i = 0; i < watcher->run_count; i++) {
        if (strcmp(watcher->runs[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static enum ql_status add_run(struct ql_run_watcher *watcher, const char *name, bool *news, struct ql_error *error)
{
    struct ql_watched_run *run = &watcher->runs[watcher->run_count];

    *run = (struct ql_watched_run){0};
    memcpy(run->name, name, strlen(name) + 1);
    (void)pthread_mutex_lock(&watcher->lock);
    watcher->run_count++;
    (void)pthread_mutex_unlock(&watcher->lock);
    *news = true;
    return tell(watcher, "run", json_pack("{s:o}", "run", text_of(name)), error);
}

static int64_t now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// Returns whether it is time to search the folder. The longer a search takes, with thousands of folders, the less often
// it is done; it is done sooner when the folder has changed.
static bool search_is_due(const struct ql_run_watcher *watcher)
{
    struct stat properties;
    const int64_t pause = now_us() - watcher->searched_us;

    if (pause < CHANGED_SHARE * watcher->search_us ||
        (watcher->run_count == QL_WATCHER_RUN_LIMIT && now_us() - watcher->replaced_us < REPLACE_PAUSE_US)) {
        return false;
    }
    if (pause >= SEARCH_SHARE * watcher->search_us) {
        return true;
    }
    if (fstat(watcher->root, &properties) != 0) {
        return false;
    }
    const struct timespec time = ql_system_change_time(&properties);
    return time.tv_sec != watcher->folder_time.tv_sec || time.tv_nsec != watcher->folder_time.tv_nsec;
}

// The time of the last change in the shown run that changed longest ago; 0 for one that is gone.
static struct timespec find_oldest(const struct ql_run_watcher *watcher)
{
    struct timespec oldest = {0};
    struct stat properties;

    for (int i = 0; i < watcher->run_count; i++) {
        if (fstatat(watcher->root, watcher->runs[i].name, &properties, AT_SYMLINK_NOFOLLOW) != 0) {
            return (struct timespec){0};
        }
        const struct timespec time = ql_system_change_time(&properties);
        if (i == 0 || compare_times(&time, &oldest) < 0) {
            oldest = time;
        }
    }
    return oldest;
}

// Finds the runs of the folder that are not known yet, and adds the newest of them, as many as there is room for. If
// there is none, `*replace` says whether one of them is newer than one that is shown.
static enum ql_status find_runs(struct ql_run_watcher *watcher, bool *news, bool *replace, struct ql_error *error)
{
    const bool full = watcher->run_count == QL_WATCHER_RUN_LIMIT;
    const struct timespec oldest = full ? find_oldest(watcher) : (struct timespec){0};
    struct candidate *found = NULL;
    size_t count = 0, room = 0;
    enum ql_status status = QL_OK;
    const int64_t start = now_us();
    struct stat root;
    int copy = openat(watcher->root, ".", OPEN_FLAGS | O_DIRECTORY);
    DIR *folder = copy < 0 ? NULL : fdopendir(copy);

    if (folder == NULL) {
        if (copy >= 0) {
            (void)close(copy);
        }
        return QL_OK;
    }
    if (fstat(copy, &root) == 0) {
        watcher->folder_time = ql_system_change_time(&root);
    }
    for (const struct dirent *entry; status == QL_OK && (entry = readdir(folder)) != NULL;) {
        struct stat properties;
        if (!name_is_plain(entry->d_name) || run_is_known(watcher, entry->d_name) ||
            fstatat(watcher->root, entry->d_name, &properties, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        const struct timespec time = ql_system_change_time(&properties);
        if ((full && compare_times(&time, &oldest) <= 0) || !run_is_there(watcher->root, entry->d_name)) {
            continue;
        }
        if (full) {
            *replace = true;
            break;
        }
        if (count == room) {
            room = room == 0 ? 64 : 2 * room;
            struct candidate *grown = realloc(found, room * sizeof *found);
            if (grown == NULL) {
                status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the runs");
                break;
            }
            found = grown;
        }
        memcpy(found[count].name, entry->d_name, strlen(entry->d_name) + 1);
        found[count++].time = time;
    }
    (void)closedir(folder);
    if (count > 1) {
        qsort(found, count, sizeof *found, newer_first);
    }
    for (size_t i = 0; i < count && status == QL_OK && watcher->run_count < QL_WATCHER_RUN_LIMIT; i++) {
        status = add_run(watcher, found[i].name, news, error);
    }
    free(found);
    watcher->searched_us = now_us();
    watcher->search_us = watcher->searched_us - start;
    return status;
}

static enum ql_status follow_run(struct ql_run_watcher *watcher, struct ql_watched_run *run, bool *news,
                                 bool *rewritten, struct ql_error *error)
{
    enum look log = LOOK_NOTHING, samples = LOOK_NOTHING;
    enum ql_status status;
    int folder = openat(watcher->root, run->name, OPEN_FLAGS | O_DIRECTORY);

    if (folder < 0) {
        *rewritten = run->log.open || run->samples.open || run->summary_inode != 0;
        return QL_OK;
    }
    status = follow(watcher, run, folder, "training.log.csv", &run->log, take_row, &log, error);
    if (status == QL_OK) {
        status = follow(watcher, run, folder, "samples.jsonl", &run->samples, take_sample, &samples, error);
    }
    if (status == QL_OK && !watcher->full) {
        status = follow_summary(watcher, run, folder, news, error);
    }
    (void)close(folder);
    if (status == QL_OK) {
        status = tell_progress(watcher, run, log == LOOK_NEWS, samples == LOOK_NEWS, error);
    }
    *news = *news || log == LOOK_NEWS || samples == LOOK_NEWS;
    *rewritten = log == LOOK_REWRITTEN || samples == LOOK_REWRITTEN;
    return status;
}

enum ql_status ql_run_watcher_step(struct ql_run_watcher *watcher, bool *news, struct ql_error *error)
{
    enum ql_status status = QL_OK;
    bool rewritten = false, replace = false;

    *news = false;
    if (watcher->only[0] == '\0') {
        status = search_is_due(watcher) ? find_runs(watcher, news, &replace, error) : QL_OK;
    } else if (watcher->run_count == 0) {
        status = add_run(watcher, watcher->only, news, error);
    }
    for (int i = 0; i < watcher->run_count && status == QL_OK && !rewritten; i++) {
        status = follow_run(watcher, &watcher->runs[i], news, &rewritten, error);
    }
    if (replace) {
        watcher->replaced_us = now_us();
    }
    if ((rewritten || replace) && status == QL_OK) {
        forget_runs(watcher);
        ql_event_list_reset(watcher->events);
        *news = true;
    }
    return status;
}

static enum ql_status open_run(const struct ql_run_watcher *watcher, int *folder, const char *run,
                               struct ql_error *error)
{
    *folder = -1;
    if (name_is_plain(run) && (watcher->only[0] == '\0' || strcmp(watcher->only, run) == 0)) {
        *folder = openat(watcher->root, run, OPEN_FLAGS | O_DIRECTORY);
    }
    return *folder >= 0 ? QL_OK : ql_error_write(error, QL_ERROR_INPUT, "there is no such run");
}

// Under the lock: the watched run of that name, or NULL.
static struct ql_watched_run *find_run(struct ql_run_watcher *watcher, const char *name)
{
    for (int i = 0; i < watcher->run_count; i++) {
        if (strcmp(watcher->runs[i].name, name) == 0) {
            return &watcher->runs[i];
        }
    }
    return NULL;
}

enum ql_status ql_run_watcher_read_rows(struct ql_run_watcher *watcher, char **text, const char *run, double from,
                                        double to, int points, struct ql_error *error)
{
    struct ql_memory_stream memory;

    *text = NULL;
    (void)pthread_mutex_lock(&watcher->lock);
    struct ql_watched_run *found = find_run(watcher, run);
    if (found != NULL && ql_memory_stream_open(&memory)) {
        ql_run_history_sort(&found->history);
        ql_run_history_thin(&found->history, memory.stream, from, to, points);
        *text = ql_memory_stream_close(&memory);
    }
    (void)pthread_mutex_unlock(&watcher->lock);
    if (*text != NULL) {
        return QL_OK;
    }
    return found == NULL ? ql_error_write(error, QL_ERROR_INPUT, "there is no such run")
                         : ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the rows");
}

enum ql_status ql_run_watcher_read_sample(struct ql_run_watcher *watcher, char **text, const char *run, int epoch,
                                          struct ql_error *error)
{
    const struct ql_history_sample *sample = NULL;
    struct ql_history_sample copy;
    struct stat properties;
    int folder;

    *text = NULL;
    (void)pthread_mutex_lock(&watcher->lock);
    struct ql_watched_run *found = find_run(watcher, run);
    if (found != NULL) {
        ql_run_history_sort(&found->history);
        sample = ql_run_history_find_sample(&found->history, epoch);
    }
    if (sample != NULL) {
        copy = *sample;
    }
    (void)pthread_mutex_unlock(&watcher->lock);
    if (sample == NULL) {
        return ql_error_write(error, QL_ERROR_INPUT, found == NULL ? "there is no such run" : "the run has no samples");
    }
    enum ql_status status = open_run(watcher, &folder, run, error);
    if (status != QL_OK) {
        return status;
    }
    int file = open_file(folder, "samples.jsonl", &properties);
    (void)close(folder);
    *text = malloc(copy.size + 1);
    bool read = file >= 0 && *text != NULL && pread(file, *text, copy.size, copy.offset) == (ssize_t)copy.size;
    if (file >= 0) {
        (void)close(file);
    }
    if (read) {
        (*text)[copy.size] = '\0';
        json_t *line = json_loads(*text, JSON_REJECT_DUPLICATES, NULL);
        read = json_integer_value(json_object_get(line, "epoch")) == copy.epoch;
        json_decref(line);
    }
    if (read) {
        return QL_OK;
    }
    free(*text);
    *text = NULL;
    return ql_error_write(error, QL_ERROR_SYSTEM, "the samples of the run have changed");
}

enum ql_status ql_run_watcher_open_checkpoint(const struct ql_run_watcher *watcher, int *file, const char *run,
                                              int epoch, struct ql_error *error)
{
    char name[64];
    struct stat properties;
    int folder;
    enum ql_status status = open_run(watcher, &folder, run, error);

    if (status != QL_OK) {
        return status;
    }
    (void)snprintf(name, sizeof name, "checkpoint.%d.safetensors", epoch);
    *file = open_file(folder, name, &properties);
    (void)close(folder);
    return *file >= 0 ? QL_OK : ql_error_write(error, QL_ERROR_SYSTEM, "the run has no checkpoint of epoch %d", epoch);
}

static int compare_ints(const void *left, const void *right)
{
    int a = *(const int *)left, b = *(const int *)right;
    return (a > b) - (a < b);
}

enum ql_status ql_run_watcher_find_checkpoints(const struct ql_run_watcher *watcher, int **epochs, int *count,
                                               const char *run, struct ql_error *error)
{
    int room = 0, folder;
    enum ql_status status = open_run(watcher, &folder, run, error);

    *epochs = NULL;
    *count = 0;
    if (status != QL_OK) {
        return status;
    }
    DIR *entries = fdopendir(folder);
    if (entries == NULL) {
        (void)close(folder);
        return ql_error_write(error, QL_ERROR_SYSTEM, "the run's folder cannot be read: %s", strerror(errno));
    }
    for (const struct dirent *entry; status == QL_OK && (entry = readdir(entries)) != NULL;) {
        int epoch, end = 0;
        if (sscanf(entry->d_name, "checkpoint.%9d.safetensors%n", &epoch, &end) != 1 || end == 0 ||
            entry->d_name[end] != '\0' || epoch < 0) {
            continue;
        }
        if (*count == room) {
            room = room == 0 ? 64 : 2 * room;
            int *grown = realloc(*epochs, (size_t)room * sizeof **epochs);
            if (grown == NULL) {
                status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the checkpoints");
                break;
            }
            *epochs = grown;
        }
        (*epochs)[(*count)++] = epoch;
    }
    (void)closedir(entries);
    if (*count > 1) {
        qsort(*epochs, (size_t)*count, sizeof **epochs, compare_ints);
    }
    return status;
}
