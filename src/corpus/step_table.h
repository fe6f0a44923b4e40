// The table of the cleaning steps in their order, and how --skip and --only are read against it.
// Uses: base, corpus/clean_step.
#ifndef QL_CORPUS_STEP_TABLE_H
#define QL_CORPUS_STEP_TABLE_H

#include <stdbool.h>

#include "base/status.h"
#include "corpus/clean_step.h"

// The table, in the order of work. Ends with a step whose name is NULL.
extern const struct ql_step ql_steps[];

enum { QL_STEP_LIMIT = 32 };

// Which steps are on: enabled[i] for ql_steps[i]. Errors: QL_ERROR_USAGE for an unknown name in `skip` or `only`,
// for a required step in `skip`, and when both are given.
enum ql_status ql_step_read_switches(bool enabled[QL_STEP_LIMIT], const char *skip, const char *only,
                                     struct ql_error *error);

#endif
