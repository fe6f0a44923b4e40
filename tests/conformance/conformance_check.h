// Runs a case in the engine and in ONNX Runtime and compares the results.
// The engine runs it three times: as built; as read back from its file, with outputs in the memory of inputs; and with
// every input known at compile time. These three must agree bit for bit.
// Uses: conformance_case, base, onnx, engine, verify.
#ifndef CONFORMANCE_CHECK_H
#define CONFORMANCE_CHECK_H

#include <stdio.h>

#include "conformance_case.h"
#include "onnx/program_compile.h"
#include "verify/process.h"

enum { CASE_OUTPUT_LIMIT = 64, CASE_MESSAGE_BYTES = 1024 };

enum case_outcome {
    CASE_AGREED,
    CASE_WIDENED, // agreed, after ONNX Runtime computed in a wider type what it has no kernel for
    CASE_REFUSED, // ONNX Runtime does not run it; the message is its own
    CASE_DIFFERED,
};

// A tensor with its content; the arena that it was made in owns all.
struct case_tensor {
    const char *name;
    enum ql_element type;
    int rank, count;
    int dims[QL_RANK_LIMIT];
    void *data;
};

struct case_results {
    int count;
    struct case_tensor tensors[CASE_OUTPUT_LIMIT]; // in the order of the graph's outputs
};

// What fixes the sizes that the case's graph leaves open, and, with `folds`, makes its inputs constants.
struct case_bindings {
    int count;
    struct ql_binding bindings[CASE_INPUT_LIMIT * (QL_RANK_LIMIT + 1)];
    char names[CASE_INPUT_LIMIT][QL_RANK_LIMIT][CASE_NAME_BYTES];
};
void case_bindings_init(struct case_bindings *to, const struct conformance_case *c, bool folds);

// True when both have the same types, shapes and bits, but for those of a NaN, of which there are many.
bool case_results_are_identical(const struct case_results *a, const struct case_results *b);

struct case_report {
    enum case_outcome outcome;
    char message[CASE_MESSAGE_BYTES];
    double used; // the largest share of the tolerance that a float made use of; 0 where all were equal
    struct case_results ours, theirs;
};

// Runs the case in the engine alone, in the three ways. Results lie in the case's arena.
enum ql_status conformance_run(struct case_results *results, struct conformance_case *c, struct ql_error *error);

// Compares results, both named and ordered alike, within the case's tolerance. Returns false with the first
// difference in the report.
bool conformance_compare(struct case_report *report, const struct conformance_case *c);

// Does all for one case. The server is web/ort_server.js; one that ended is left with pid 0.
// Errors: what keeps the comparison itself from working. That engines differ is in the report.
enum ql_status conformance_check(struct case_report *report, struct conformance_case *c, struct ql_process *server,
                                 struct ql_error *error);

// Prints a case for a person: its nodes, the content of its operands, and the results of both sides.
void conformance_write(FILE *stream, const struct conformance_case *c, const struct case_report *report);

#endif
