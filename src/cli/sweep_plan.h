// The plan of a sweep: which models are trained, and with which settings. A grid has a run for each combination of the
// listed values, random draws have as many as are asked for. docs/many-machines.md has the format of the file.
// Uses: base, model/weight_format, device/random.h, jansson, cli/train_options.
#ifndef QL_CLI_SWEEP_PLAN_H
#define QL_CLI_SWEEP_PLAN_H

#include <jansson.h>
#include <stdbool.h>

#include "base/status.h"
#include "model/weight_format.h"

enum { QL_SWEEP_RUN_LIMIT = 10000, QL_SWEEP_RUNG_LIMIT = 16, QL_SWEEP_NAME_BYTES = 16 };

// What has to fit on the chip. 0 means no limit.
struct ql_sweep_limits {
    enum ql_weight_format weights; // in which sizes and speeds are predicted; int8 unless told
    double flash_bytes;            // at most
    double tokens_per_second;      // at least
};

// Starts as {0}; ql_sweep_plan_free frees it.
struct ql_sweep_plan {
    json_t *varied;                 // array of names of options, in the order of the file
    json_t *runs;                   // array of objects, an argument of `quillet train` under each option's name
    int rungs[QL_SWEEP_RUNG_LIMIT]; // epochs after which the worse half ends, in rising order
    int rung_count;
    struct ql_sweep_limits limits;
};

// Makes the object that a plan's file would have of arguments such as --rnn-size 64,128, which list their values.
// The caller owns it. Errors: QL_ERROR_USAGE for what is not an option of `quillet train`.
enum ql_status ql_sweep_plan_from_arguments(json_t **file, const char *const *arguments, size_t count,
                                            struct ql_error *error);

// Makes the plan. Errors: QL_ERROR_INPUT, naming the field, for a file that is not a plan, options that do not exist
// or that a sweep sets itself, values that `quillet train` would not take, ranges with too few values for the draws,
// and more than QL_SWEEP_RUN_LIMIT runs.
enum ql_status ql_sweep_plan_init(struct ql_sweep_plan *plan, const json_t *file, struct ql_error *error);
void ql_sweep_plan_free(struct ql_sweep_plan *plan);

// The name of a run, which is that of its folder: "07" of 24.
void ql_sweep_plan_name(const struct ql_sweep_plan *plan, size_t run, char name[QL_SWEEP_NAME_BYTES]);

// Arguments as argv, each as --name=value, which the caller frees with ql_sweep_arguments_free. NULL without memory.
// `more` are put before them.
char **ql_sweep_arguments(const json_t *values, const char *const *more, int more_count, int *argc);
void ql_sweep_arguments_free(char **argv);

#endif
