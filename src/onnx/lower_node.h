// Lowers a node by the row of its operator. Inside src/onnx only.
// Uses: onnx/lower, onnx/operators.
#ifndef QL_ONNX_LOWER_NODE_H
#define QL_ONNX_LOWER_NODE_H

#include "onnx/lower.h"

// Lowers the node whose number, inputs and outputs are in `lower`, after the checks that all operators share.
void ql_lower_node(struct ql_lower *lower);

#endif
