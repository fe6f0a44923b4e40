// Follows the logs of runs as they are written, and puts what is new into an event list.
// The files may be missing, cut short, replaced or full of rubbish at any time. Nothing outside the folder is opened.
// Uses: base, dashboard/event_list, jansson, POSIX.
#ifndef QL_DASHBOARD_RUN_WATCHER_H
#define QL_DASHBOARD_RUN_WATCHER_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "base/status.h"
#include "dashboard/event_list.h"

enum {
    QL_WATCHER_RUN_LIMIT = 64,   // of a folder with more runs, the newest are shown
    QL_WATCHER_NAME_BYTES = 256, // of a folder's name, as file systems allow
    QL_WATCHER_TAIL_BYTES = 64,
};

// A file of lines of which those before `offset` were read.
struct ql_followed_file {
    bool open; // something was read of it
    ino_t inode;
    off_t offset;
    unsigned char tail[QL_WATCHER_TAIL_BYTES]; // the last bytes before `offset`, by which a rewritten file is noticed
    size_t tail_bytes;
    long lines;
};

struct ql_watched_run {
    char name[QL_WATCHER_NAME_BYTES];
    struct ql_followed_file log, samples;
    struct timespec summary_time; // of the last summary that was told
    ino_t summary_inode;
};

// Zero-initialised is closed.
struct ql_run_watcher {
    int root; // the folder that holds the runs' folders
    bool open;
    char only[QL_WATCHER_NAME_BYTES]; // the one run that is watched, or "" for all of the folder
    struct ql_watched_run *runs;      // (QL_WATCHER_RUN_LIMIT)
    int run_count;
    struct ql_event_list *events;
    bool full; // the event list takes no more; this has been told
};

// `path` is RUN/training.log.csv (which need not be there yet), RUN, or a folder of runs.
// Errors: QL_ERROR_SYSTEM for a folder that is not there.
enum ql_status ql_run_watcher_open(struct ql_run_watcher *watcher, const char *path, struct ql_event_list *events,
                                   struct ql_error *error);
void ql_run_watcher_close(struct ql_run_watcher *watcher);

// Looks once; returns whether there are new events. Of these there are, all with "run" among their fields:
//   run      it is there (a run's first event)
//   row      a row of the log, its columns as fields
//   sample   epoch, text
//   summary  status, started, input, max_epochs, epochs, best_epoch, resumed_after, parameters, cell, rnn_size,
//            num_layers, embedding_size: of summary.json, null where it has none
//   problem  text: what could not be read, or that the list is full, for a person
// Errors: QL_ERROR_SYSTEM for no memory. A file that cannot be read is a problem, not an error.
enum ql_status ql_run_watcher_step(struct ql_run_watcher *watcher, bool *news, struct ql_error *error);

// This and the next one may be called while another thread is in ql_run_watcher_step.
//
// Opens RUN/checkpoint.EPOCH.safetensors for reading, following no link. `run` is a name that a client sent.
// Errors: QL_ERROR_INPUT for a run that is not watched, QL_ERROR_SYSTEM for a file that is not there or no plain one.
enum ql_status ql_run_watcher_open_checkpoint(const struct ql_run_watcher *watcher, int *file, const char *run,
                                              int epoch, struct ql_error *error);

// The epochs of the run's checkpoints, in rising order; the caller frees `*epochs`. Errors as above.
enum ql_status ql_run_watcher_find_checkpoints(const struct ql_run_watcher *watcher, int **epochs, int *count,
                                               const char *run, struct ql_error *error);

#endif
