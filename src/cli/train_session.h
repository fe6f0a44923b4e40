// One training from the command line: its texts, model, trainer and run folder, and its epochs.
// A session begins a run, or takes up one that an earlier session has left. It prints nothing.
// Where mpirun has started several ranks, each has a session, and all call the same functions in the same order: every
// one trains, and rank 0 alone reads and writes the run's folder.
// Uses: base, corpus, model, train, checkpoint, cli/{train_options,train_ranks,train_record,train_texts}.
#ifndef QL_CLI_TRAIN_SESSION_H
#define QL_CLI_TRAIN_SESSION_H

#include "cli/train_options.h"
#include "cli/train_ranks.h"
#include "cli/train_record.h"
#include "cli/train_texts.h"
#include "model/model.h"
#include "train/batcher.h"
#include "train/trainer.h"

// Everything that a training holds. Starts as {0}; ql_train_session_free frees it all.
struct ql_train_session {
    struct ql_train_settings settings;
    struct ql_train_record record;
    struct ql_model model;
    struct ql_model_info info;
    struct ql_train_texts texts;
    struct ql_arena arena; // of the batchers
    struct ql_batcher batcher, validation_batcher;
    struct ql_trainer trainer;
    struct ql_exchange *exchange;         // with the other ranks; the caller's
    char note[QL_TRAIN_RANKS_NOTE_BYTES]; // on how the ranks differ; empty where they do not
};

// The result of an epoch.
struct ql_train_epoch {
    struct ql_training_row row;
    char *sample; // of the model, or of its integer form; NULL where none was wanted, and on other ranks than 0. The
                  // caller frees it
    bool best;    // of all epochs so far
};

// Prepares everything before the first epoch, from options that have been read into session->settings. `exchange`
// outlives the session. Errors are the same on all ranks.
enum ql_status ql_train_session_init(struct ql_train_session *session, struct ql_option *options,
                                     struct ql_exchange *exchange, struct ql_error *error);
void ql_train_session_free(struct ql_train_session *session);

// True when no epoch is left, or the loss has not improved for as many epochs as --early-stop says.
bool ql_train_session_ended(const struct ql_train_session *session);

// Trains one epoch, measures it, and saves checkpoint, log, state and summary. `progress` is called after each step.
// Errors: as ql_trainer_epoch; QL_ERROR_NUMERIC for a model that is not finite, which is not saved; QL_ERROR_SYSTEM.
enum ql_status ql_train_session_step(struct ql_train_session *session, ql_trainer_progress *progress, void *context,
                                     struct ql_train_epoch *epoch, struct ql_error *error);

// Brings the summary up to date and saves it; `state` is "running", "finished" or the like. Ranks other than 0 do nothing.
enum ql_status ql_train_session_save(struct ql_train_session *session, const char *state, struct ql_error *error);

#endif
