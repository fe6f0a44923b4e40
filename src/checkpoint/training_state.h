// Saves all that a training needs to continue exactly where it stopped: parameters, the optimizer's moments, and its
// progress. It is saved at the end of each epoch, when no recurrent state is carried over and no shuffled text is half
// read, so nothing else is needed.
// Uses: base, model, train/trainer, checkpoint/safetensors.
#ifndef QL_CHECKPOINT_TRAINING_STATE_H
#define QL_CHECKPOINT_TRAINING_STATE_H

#include "base/status.h"
#include "model/model.h"
#include "train/trainer.h"

struct ql_training_progress {
    int epoch;              // epochs done
    int best_epoch;         // 0 before the first
    double best_loss;       // validation, nats per symbol
    double elapsed_seconds; // of training, all sessions together
    uint64_t step;          // optimizer steps of the epochs
};

// Writes the state at the end of an epoch, whole or not at all.
enum ql_status ql_training_state_save(const char *path, const struct ql_trainer *trainer,
                                      const struct ql_training_progress *progress, struct ql_error *error);

// Reads it into a trainer whose model has the same dimensions. Errors: unreadable, damaged, of another model.
enum ql_status ql_training_state_load(const char *path, struct ql_trainer *trainer,
                                      struct ql_training_progress *progress, struct ql_error *error);

#endif
