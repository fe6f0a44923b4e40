// Follows the logs of runs as they are written, and puts what is new into an event list.
// The files may be missing, cut short, replaced, or malformed at any time. Nothing outside the folder is opened.
// Uses: base, dashboard/event_list, jansson, POSIX.
#ifndef QL_DASHBOARD_RUN_WATCHER_H
#define QL_DASHBOARD_RUN_WATCHER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/status.h"
#include "dashboard/event_list.h"
#include "dashboard/run_history.h"

enum {
    QL_WATCHER_RUN_LIMIT = 64,   // of a folder with more runs, those whose folders changed last are shown
    QL_WATCHER_NAME_BYTES = 256, // of a folder's name, as file systems allow
    QL_WATCHER_TAIL_BYTES = 64,
    QL_WATCHER_ENTRY_LIMIT = 4 << 20, // rows and samples of all runs together, of which one takes up to 64 bytes
};

// A file of lines of which those before `offset` were read.
struct ql_followed_file {
    bool open; // something was read of it
    ino_t inode;
    off_t offset;
    unsigned char tail[QL_WATCHER_TAIL_BYTES]; // the last bytes before `offset`, by which a rewritten file is noticed
    size_t tail_bytes;
    long lines;
    off_t line_offset; // of the line that is being taken
    time_t changed;    // when the file was written, as of the last look that found news
};

struct ql_watched_run {
    char name[QL_WATCHER_NAME_BYTES];
    struct ql_followed_file log, samples;
    struct ql_run_history history;
    size_t rows_event, samples_event, summary_event; // the numbers of the last events of this kind
    struct timespec summary_time;                    // of the last summary that was told
    ino_t summary_inode;
};

// Zero-initialized is closed.
struct ql_run_watcher {
    int root; // the folder that holds the runs' folders
    bool open;
    char only[QL_WATCHER_NAME_BYTES]; // the one run that is watched, or "" for all of the folder
    pthread_mutex_t lock;             // of the runs, for those who ask for rows and samples
    struct ql_watched_run *runs;      // (QL_WATCHER_RUN_LIMIT)
    int run_count;
    size_t entry_count, entry_limit; // of all histories
    // When the folder of runs was searched last, how long that took, and its time of change then.
    int64_t searched_us, search_us;
    int64_t replaced_us; // when newer runs took the place of older ones last
    struct timespec folder_time;
    struct ql_event_list *events;
    bool full; // the event list is full; an event has said so
};

// `path` is RUN/training.log.csv (which need not be there yet), RUN, or a folder of runs.
// Errors: QL_ERROR_SYSTEM for a folder that is not there.
enum ql_status ql_run_watcher_open(struct ql_run_watcher *watcher, const char *path, struct ql_event_list *events,
                                   struct ql_error *error);
void ql_run_watcher_close(struct ql_run_watcher *watcher);

// Looks once; returns whether there are new events. The kinds of events, all with "run" among their fields:
//   run      it is there (a run's first event)
//   rows     count, last, best (rows of the log, their columns as fields), seconds_per_epoch, changed: the log has grown
//   samples  count: the samples have grown
//   summary  status, started, input, cell (texts), max_epochs, epochs, best_epoch, resumed_after, parameters, rnn_size,
//            num_layers, embedding_size (numbers): of summary.json, null where it has none of that type; changed
//   `changed` is when the file was last written, in seconds since 1970.
//   problem  text: what could not be read, or that there is no room for more, for a person
// An event "rows", "samples" or "summary" replaces the former one of its run.
// Errors: QL_ERROR_SYSTEM for no memory. A file that cannot be read is a problem, not an error.
enum ql_status ql_run_watcher_step(struct ql_run_watcher *watcher, bool *news, struct ql_error *error);

// This and the next ones may be called while another thread is in ql_run_watcher_step.
//
// Opens RUN/checkpoint.EPOCH.safetensors for reading, following no link. `run` is a name that a client sent.
// Errors: QL_ERROR_INPUT for a run that is not watched, QL_ERROR_SYSTEM for a file that does not exist or is not a plain one.
enum ql_status ql_run_watcher_open_checkpoint(const struct ql_run_watcher *watcher, int *file, const char *run,
                                              int epoch, struct ql_error *error);

// A text that the caller frees: rows of the run as JSON, thinned as ql_run_history_thin says.
// Errors: QL_ERROR_INPUT for a run that is not watched, QL_ERROR_SYSTEM for no memory.
enum ql_status ql_run_watcher_read_rows(struct ql_run_watcher *watcher, char **text, const char *run, double from,
                                        double to, int points, struct ql_error *error);

// A line of samples.jsonl, which the caller frees: of the last epoch up to `epoch` that has a sample, or of the first.
// Errors: as above; also QL_ERROR_SYSTEM for a file that has changed, QL_ERROR_INPUT for a run without samples.
enum ql_status ql_run_watcher_read_sample(struct ql_run_watcher *watcher, char **text, const char *run, int epoch,
                                          struct ql_error *error);

// The epochs of the run's checkpoints, in rising order; the caller frees `*epochs`. Errors as above.
enum ql_status ql_run_watcher_find_checkpoints(const struct ql_run_watcher *watcher, int **epochs, int *count,
                                               const char *run, struct ql_error *error);

#endif
