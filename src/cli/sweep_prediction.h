// Predicts the memory and the speed of a run's model on the chip from its settings alone: the compiler measures the
// model before it is trained.
// Uses: base, model, cli/train_options.
#ifndef QL_CLI_SWEEP_PREDICTION_H
#define QL_CLI_SWEEP_PREDICTION_H

#include "base/status.h"
#include "cli/train_options.h"
#include "model/weight_format.h"

enum { QL_SWEEP_REASON_BYTES = 160 };

struct ql_sweep_prediction {
    double parameters;
    double flash_bytes;                 // weights, tables, and symbols; 0 where the model has no such form
    double tokens_per_second;           // on both processors of an RP2040 (codegen/chip_speed.h)
    char reason[QL_SWEEP_REASON_BYTES]; // why it has no such form, or empty
};

// Predicts for the settings that `options` have filled. The weights are random, which changes no size by more than a
// few bytes. Errors: those of a training that begins with these settings: texts that cannot be read, sizes that do not
// fit together.
enum ql_status ql_sweep_predict(struct ql_sweep_prediction *prediction, struct ql_option *options,
                                struct ql_train_settings *settings, enum ql_weight_format weights,
                                struct ql_error *error);

#endif
