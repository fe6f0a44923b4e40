// Finds the first node at which two engines differ: both run the same graph, with all its values exposed, on the same
// inputs.
// Uses: base, onnx/graph, verify/{runner,difference}.
#ifndef QL_VERIFY_BISECTION_H
#define QL_VERIFY_BISECTION_H

#include <stdbool.h>

#include "onnx/graph.h"
#include "verify/difference.h"
#include "verify/runner.h"

// The first node, in the order of the graph, with an output that differs.
struct ql_bisection {
    int node;   // of the graph, or -1 when no node differs
    int output; // of the node
    bool is_float;
    struct ql_difference difference; // of floats; of other types only `count` and `worst`
    int worst[QL_RANK_LIMIT];        // the worst element's indices
    int compared;                    // nodes that were compared, up to that one: both engines show an output of theirs
};

// Runs both on the inputs of `left`. Where `right` does not show a value, its node is passed over.
// Errors: those of the runners; an input of `left` that `right` does not have in the same shape.
enum ql_status ql_bisection_read(struct ql_bisection *bisection, const struct ql_graph *graph, struct ql_runner *left,
                                 struct ql_runner *right, bool to_the_bit, double tolerance, struct ql_error *error);

// Describes what was found, in a few lines: node, operator, shapes of its inputs and of the output, the worst element.
// text: memory of the caller; what does not fit is cut off.
void ql_bisection_write(const struct ql_bisection *bisection, char *text, size_t text_bytes,
                        const struct ql_graph *graph, struct ql_runner *left, const char *right_name);

#endif
