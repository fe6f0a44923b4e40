// The rows of a run's log and the places of its samples, which the page requests when it needs them, thinned for the
// graph. Not safe for several threads by itself; the watcher has the lock. Zero-initialized is empty.
// Uses: the C library only.
#ifndef QL_DASHBOARD_RUN_HISTORY_H
#define QL_DASHBOARD_RUN_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum {
    QL_HISTORY_EPOCH,
    QL_HISTORY_STEP,
    QL_HISTORY_TRAIN_LOSS,
    QL_HISTORY_VAL_LOSS,
    QL_HISTORY_BITS,
    QL_HISTORY_LEARNING_RATE,
    QL_HISTORY_SPEED,
    QL_HISTORY_ELAPSED,
    QL_HISTORY_COLUMNS
};

// The names of the columns, as the log's first line has them.
extern const char *const ql_history_columns[QL_HISTORY_COLUMNS];

struct ql_history_row {
    double values[QL_HISTORY_COLUMNS]; // finite
};

// A line of samples.jsonl.
struct ql_history_sample {
    int64_t epoch;
    off_t offset;
    size_t size;
};

struct ql_run_history {
    struct ql_history_row *rows;
    size_t row_count, row_room;
    struct ql_history_sample *samples;
    size_t sample_count, sample_room;
    bool rows_unsorted, samples_unsorted;
};

void ql_run_history_free(struct ql_run_history *history);

// Return false when there is not enough memory; the history is as before then.
bool ql_run_history_add_row(struct ql_run_history *history, const struct ql_history_row *row);
bool ql_run_history_add_sample(struct ql_run_history *history, const struct ql_history_sample *sample);

// Sorts the added entries by epoch. Of several entries for one epoch the last one stays. Call it before the functions
// below.
void ql_run_history_sort(struct ql_run_history *history);

// The row with the lowest validation loss; NULL when there is none.
const struct ql_history_row *ql_run_history_best(const struct ql_run_history *history);

// Seconds that an epoch takes, by the newest rows; 0 when there is none.
double ql_run_history_seconds(const struct ql_run_history *history);

// The sample of the last epoch up to `epoch`, or of the first one that there is; NULL when there is none.
const struct ql_history_sample *ql_run_history_find_sample(const struct ql_run_history *history, int64_t epoch);

// Writes {"stride": N, "rows": [[epoch, step, ...], ...]}: the rows from epoch `from` to `to`, in their order. N is the
// least of 1, 2, 5, 10, 20, ... for which the range has at most `points` times N epochs. Of each N epochs that begin at
// a multiple of N, the rows with the lowest and the highest loss on the text held out are written; for N = 1 all.
void ql_run_history_thin(const struct ql_run_history *history, FILE *stream, double from, double to, int points);

#endif
