// The results of a sweep: a table as CSV and Markdown, and a page with pictures of what a better model costs.
// Uses: base, jansson, cli/sweep_plan.
#ifndef QL_CLI_SWEEP_TABLE_H
#define QL_CLI_SWEEP_TABLE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/status.h"
#include "cli/sweep_plan.h"

// A run with its results. `bits` is 0 before its first epoch.
struct ql_sweep_row {
    char name[QL_SWEEP_NAME_BYTES];
    const json_t *arguments; // the plan's
    const char *status;      // "finished", "ended early", "left out: ..."
    int epochs, best_epoch;
    double bits, parameters, flash_bytes, tokens_per_second, seconds;
};

// What a row costs, drawn against its bits.
enum ql_sweep_cost {
    QL_SWEEP_PARAMETERS,
    QL_SWEEP_FLASH,
    QL_SWEEP_SECONDS,
    QL_SWEEP_SPEED, // more is better
    QL_SWEEP_COSTS
};

// True when no other row with a result has at most the bits and at most the cost, and less of one of them.
bool ql_sweep_row_is_best(const struct ql_sweep_row *rows, size_t count, size_t row, enum ql_sweep_cost cost);

// Writes FOLDER/sweep.csv, sweep.md and sweep.html. Rows are in the order of runs in the first, of bits in the others.
// Errors: QL_ERROR_SYSTEM.
enum ql_status ql_sweep_table_save(const char *folder, const struct ql_sweep_plan *plan,
                                   const struct ql_sweep_row *rows, size_t count, struct ql_error *error);

#endif
