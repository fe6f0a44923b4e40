// The cases as generated C: many at once are written, compiled into one program, and run; every result must have the
// very bits of the engine's.
// Uses: conformance_case, conformance_check, base, codegen, verify.
#ifndef CONFORMANCE_COMPILED_H
#define CONFORMANCE_COMPILED_H

#include <stdio.h>

#include "conformance_check.h"

enum { COMPILED_LIMIT = 100 }; // cases of one program

struct compiled_case {
    char id[CASE_NAME_BYTES];
    struct case_results results; // the engine's
};

struct compiled_cases {
    char folder[64]; // of the sources and the program; "" until there is one
    int count;
    FILE *driver, *inputs;
    struct ql_arena arena;
    struct compiled_case cases[COMPILED_LIMIT];
};

// Writes the C of a case and takes over a copy of its results. The struct must start as {0}; there must be room.
// Errors: QL_ERROR_INPUT for a graph that the engine runs and codegen refuses; QL_ERROR_SYSTEM.
enum ql_status compiled_cases_add(struct compiled_cases *compiled, struct conformance_case *c,
                                  const struct case_results *results, struct ql_error *error);

// Compiles and runs all cases that were added, prints each that differs, adds their number to `differing`, and starts
// anew. Errors: QL_ERROR_INPUT when the C does not compile without a warning, or the program ends early, with the
// compiler's words and the folder, which then stays.
enum ql_status compiled_cases_check(struct compiled_cases *compiled, int *differing, struct ql_error *error);

// Removes the folder. Harmless on {0}.
void compiled_cases_free(struct compiled_cases *compiled);

#endif
