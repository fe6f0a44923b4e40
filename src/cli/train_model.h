// The model that a training begins with: a new one, that of a checkpoint, or one whose state a run will fill.
// Uses: base, model, cli/{train_options,train_record}.
#ifndef QL_CLI_TRAIN_MODEL_H
#define QL_CLI_TRAIN_MODEL_H

#include "cli/train_options.h"
#include "cli/train_record.h"
#include "model/model.h"

// Makes the model and what is known of it. Where it comes from a checkpoint, the settings are made to say what it is; an
// option that was given must agree. `record` is that of the run to go on with, or {0} for a new one.
// Errors: QL_ERROR_USAGE, those of the checkpoint and of the texts.
enum ql_status ql_train_model_init(struct ql_model *model, struct ql_model_info *info,
                                   struct ql_train_settings *settings, struct ql_option *options,
                                   const struct ql_train_record *record, struct ql_error *error);

#endif
