// The learning rate over a training: constant, or half a cosine down to a final rate, after a linear warm-up.
// Uses: base/status.
#ifndef QL_TRAIN_SCHEDULE_H
#define QL_TRAIN_SCHEDULE_H

#include <stdint.h>

#include "base/status.h"

enum ql_schedule_shape { QL_SCHEDULE_CONSTANT, QL_SCHEDULE_COSINE };

struct ql_schedule {
    enum ql_schedule_shape shape;
    double learning_rate;       // after the warm-up
    double final_learning_rate; // at the end of a cosine
    int warmup_steps;           // 0 for none
};

// "constant" or "cosine". Errors: QL_ERROR_USAGE for any other name.
enum ql_status ql_schedule_read(enum ql_schedule_shape *shape, const char *name, struct ql_error *error);

// The rate of step `step` (from 1), when the share `progress` (0 to 1) of the training is done.
double ql_schedule_step(const struct ql_schedule *schedule, uint64_t step, double progress);

#endif
