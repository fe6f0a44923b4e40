// What a training leaves in its run's folder, so that a later session can go on with it: the log, the summary, and the
// state after each epoch. Uses: base, corpus, model, train, checkpoint, cli/{train_options,train_texts}.
#ifndef QL_CLI_TRAIN_RECORD_H
#define QL_CLI_TRAIN_RECORD_H

#include <jansson.h>
#include <stdbool.h>

#include "checkpoint/training_run.h"
#include "checkpoint/training_state.h"
#include "cli/train_options.h"
#include "cli/train_texts.h"
#include "model/model.h"
#include "train/trainer.h"

// Starts as {0}; ql_train_record_free frees it.
struct ql_train_record {
    struct ql_training_run run;
    struct ql_training_progress done;
    json_t *summary; // NULL before the run has begun
    bool has_state;  // that the run's last session left
};

// Checks the names of a new run. Errors: QL_ERROR_USAGE.
enum ql_status ql_train_record_check_name(const struct ql_train_settings *settings, struct ql_error *error);

// Begins a run: makes its folder, and saves summary and state as they are before the first epoch.
enum ql_status ql_train_record_begin(struct ql_train_record *record, const struct ql_train_settings *settings,
                                     const struct ql_option *options, const struct ql_model *model,
                                     const struct ql_vocabulary *vocabulary, const struct ql_train_texts *texts,
                                     const struct ql_trainer *trainer, struct ql_error *error);

// Opens a run to go on with.
enum ql_status ql_train_record_open(struct ql_train_record *record, const char *folder, struct ql_error *error);

// Sets the options that were not given to those of the start of an opened run.
enum ql_status ql_train_record_set_options(const struct ql_train_record *record, struct ql_option *options,
                                           struct ql_error *error);

// Takes up the state that the last session left in an opened run. A run that was killed at its very start has none, and
// starts over. Errors: QL_ERROR_INPUT for other texts than those of the start, which `input` names.
enum ql_status ql_train_record_take_up(struct ql_train_record *record, struct ql_trainer *trainer,
                                       const struct ql_option *options, const struct ql_train_texts *texts,
                                       const char *input, struct ql_error *error);

// Brings the summary up to date and saves it; `status` is "running", "finished" or the like.
enum ql_status ql_train_record_save(struct ql_train_record *record, const struct ql_trainer *trainer,
                                    const char *status, struct ql_error *error);

// Saves all that the next session needs to go on after the last epoch.
enum ql_status ql_train_record_save_state(const struct ql_train_record *record, const struct ql_trainer *trainer,
                                          struct ql_error *error);

void ql_train_record_free(struct ql_train_record *record);

#endif
