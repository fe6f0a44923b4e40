// The ONNX operators that are supported: one row per operator and range of versions.
// Uses: onnx/lower.
#ifndef QL_ONNX_OPERATORS_H
#define QL_ONNX_OPERATORS_H

#include <stddef.h>

#include "onnx/lower.h"

// The rows, in the order of their names and versions; NULL behind the last one.
const struct ql_operator *ql_operator_at(size_t index);

// The row of an operator in a version of the operator set, or NULL; with opset 0, in any version.
const struct ql_operator *ql_operator_find(const char *name, int opset);

// What must hold for an If, Loop or Scan to be taken into the graph before it is compiled (inlining.h); NULL for other
// operators.
const char *ql_operator_flow_need(const char *name);

#endif
