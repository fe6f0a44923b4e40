// The learning rate over a training: see schedule.h.
// Uses: base/cosine.
#include "train/schedule.h"

#include <string.h>

#include "base/cosine.h"

enum ql_status ql_schedule_read(enum ql_schedule_shape *shape, const char *name, struct ql_error *error)
{
    if (strcmp(name, "constant") == 0) {
        *shape = QL_SCHEDULE_CONSTANT;
    } else if (strcmp(name, "cosine") == 0) {
        *shape = QL_SCHEDULE_COSINE;
    } else {
        return ql_error_write(error, QL_ERROR_USAGE, "'%s' is not a schedule; give constant or cosine", name);
    }
    return QL_OK;
}

double ql_schedule_step(const struct ql_schedule *schedule, uint64_t step, double progress)
{
    double rate = schedule->learning_rate;

    if (schedule->shape == QL_SCHEDULE_COSINE) {
        double fall = schedule->learning_rate - schedule->final_learning_rate;
        rate = schedule->final_learning_rate + 0.5 * fall * (1.0 + ql_cosine_of_turns(0.5 * progress));
    }
    if (step < (uint64_t)schedule->warmup_steps) {
        rate *= (double)step / (double)schedule->warmup_steps;
    }
    return rate;
}
