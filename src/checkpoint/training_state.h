// What a training needs to go on exactly where it was: parameters, the optimizer's moments, and how far it is.
// It is written at the end of every epoch, where no recurrent state and no part of a shuffled text is pending, so the
// file holds all there is.
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
};

// Writes the state, whole or not at all.
enum ql_status ql_training_state_save(const char *path, const struct ql_trainer *trainer,
                                      const struct ql_training_progress *progress, struct ql_error *error);

// Reads it into a trainer whose model has the same dimensions. Errors: unreadable, damaged, of another model.
enum ql_status ql_training_state_load(const char *path, struct ql_trainer *trainer,
                                      struct ql_training_progress *progress, struct ql_error *error);

#endif
