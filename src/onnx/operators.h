// The ONNX operators that are supported: one row per operator and range of versions.
// Uses: onnx/lower.
#ifndef QL_ONNX_OPERATORS_H
#define QL_ONNX_OPERATORS_H

#include <stdint.h>

#include "onnx/lower.h"

struct ql_operator {
    const char *name;
    int first, last; // versions of the operator set that the row holds for
    int input_least, input_most, output_most;
    const char *attributes;   // the names that are allowed, with spaces between
    uint32_t constant_inputs; // bit k: input k must be known when the program is made, because a shape depends on it
    bool widens;              // narrow types are computed in the next wider one that has kernels: float16 in float32
    void (*lower)(struct ql_lower *lower);
    const char *stem; // of the operation's name, for operators that work element by element
};

// The row of an operator in a version of the operator set, or NULL; with opset 0, in any version.
const struct ql_operator *ql_operator_find(const char *name, int opset);

#endif
