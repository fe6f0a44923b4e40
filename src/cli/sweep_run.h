// Trains one run of a sweep up to an epoch, in an ordinary run folder, and reads its results.
// Uses: base, jansson, cli/{interrupt,train_session}.
#ifndef QL_CLI_SWEEP_RUN_H
#define QL_CLI_SWEEP_RUN_H

#include <jansson.h>
#include <stdbool.h>

#include "base/status.h"

// What a run's folder tells.
struct ql_sweep_result {
    // of its summary: "running", "waiting" (for the other runs), "finished", "ended early", "failed"; empty where it
    // has not begun
    char status[64];
    int epochs, best_epoch;
    double bits;    // per character held out, of the best epoch; 0 before the first
    double seconds; // of training
};

// Trains the run FOLDER/NAME up to `epoch`, or to its end where that comes first. Goes on from what is there, and
// returns at once where nothing is left to do. A loss that is not finite, or a model without the integer form that it is
// trained for, ends the run as "failed", which is not an error. Errors: those of a training; QL_ERROR_STOPPED after a signal (cli/interrupt.h).
enum ql_status ql_sweep_run_train(const char *folder, const char *name, const json_t *arguments, int epoch, int threads,
                                  struct ql_error *error);

// Reads the results of the run. Errors: a summary that is damaged.
enum ql_status ql_sweep_run_read(struct ql_sweep_result *result, const char *folder, const char *name,
                                 struct ql_error *error);

// Returns the lowest loss of the epochs up to `epoch`, in nats; infinity for a run without any, or that failed.
double ql_sweep_run_best_loss(const char *folder, const char *name, int epoch);

// Notes in the summary that the run ended before its time.
enum ql_status ql_sweep_run_end(const char *folder, const char *name, struct ql_error *error);

#endif
