// A run: the folder in which one training leaves its log, its samples, its summary and its checkpoints.
//   training.log.csv          a row per epoch, as docs/training-log.md says
//   samples.jsonl             a line per epoch: what the model wrote then
//   summary.json              arguments, vocabulary, sizes, versions, best epoch
//   checkpoint.N.safetensors  the model after epoch N
//   training.safetensors      what a resumed training goes on from
// The folder may come from somebody else. So none of these files may be a symbolic link: that is an error.
// Uses: base, checkpoint/training_state, jansson, POSIX.
#ifndef QL_CHECKPOINT_TRAINING_RUN_H
#define QL_CHECKPOINT_TRAINING_RUN_H

#include <jansson.h>
#include <stdbool.h>

#include "base/status.h"
#include "checkpoint/training_state.h"

enum { QL_RUN_PATH_BYTES = 4096 };

// Zero-initialized is closed. While it is open, no other process can open the same run.
struct ql_training_run {
    char folder[QL_RUN_PATH_BYTES];
    bool open;
    int lock; // the folder, locked by flock; -1 where the file system knows no locks
};

// Bits per symbol of a loss in nats: divided by ln 2.
static inline double ql_training_bits(double nats)
{
    return nats / 0.6931471805599453;
}

// One row of training.log.csv.
struct ql_training_row {
    int epoch;
    uint64_t step;
    double train_loss, val_loss; // nats per symbol
    double learning_rate, chars_per_second, elapsed_seconds;
};

// Makes PARENT/NAME, which must not exist or be empty; a NULL name is the local time, YYYYMMDD-HHMMSS, with -2 and so
// on where that is taken. Errors, here and at the open: QL_ERROR_SYSTEM when another process has the run open, too.
enum ql_status ql_training_run_init(struct ql_training_run *run, const char *parent, const char *name,
                                    struct ql_error *error);

// Takes up a run that is there.
enum ql_status ql_training_run_open(struct ql_training_run *run, const char *folder, struct ql_error *error);

// Lets others open the run. Harmless on one that is closed.
void ql_training_run_close(struct ql_training_run *run);

// Writes the path of a file of the run; `path` has QL_RUN_PATH_BYTES. ("checkpoint.%d.safetensors", epoch)
void ql_training_run_path(const struct ql_training_run *run, char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Adds a row to the log, and a sample to the samples, and flushes them. `sample` may be NULL.
enum ql_status ql_training_run_write(const struct ql_training_run *run, const struct ql_training_row *row,
                                     const char *sample, struct ql_error *error);

// Removes what the log and the samples say of epochs after `epoch`, which a killed training may have left.
enum ql_status ql_training_run_reset(const struct ql_training_run *run, int epoch, struct ql_error *error);

enum ql_status ql_training_run_save_summary(const struct ql_training_run *run, const json_t *summary,
                                            struct ql_error *error);
// The caller owns the result.
enum ql_status ql_training_run_load_summary(const struct ql_training_run *run, json_t **summary,
                                            struct ql_error *error);

// Return the epoch of the best checkpoint that a folder's summary names; 0 without a summary, before the first epoch has
// ended, or where that checkpoint was removed. Does not open the run: another process may be training it.
int ql_training_run_best_epoch(const char *folder);

#endif
