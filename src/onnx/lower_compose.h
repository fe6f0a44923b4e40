// Values that are made of others by operations that have kernels, for operators that need none of their own.
// Inside src/onnx only. Uses: onnx/lower.
#ifndef QL_ONNX_LOWER_COMPOSE_H
#define QL_ONNX_LOWER_COMPOSE_H

#include "onnx/lower.h"

// Sets the shape to which two values broadcast. False where they do not; then the error is kept.
bool ql_lower_join_shapes(struct ql_lower *lower, int a, int b, int *rank, int *dims);

// False where a value is neither float nor double; then the error is kept.
bool ql_lower_is_floating(struct ql_lower *lower, int value);

// Each of these makes a new value; when an error is kept already, it returns one of its operands.

// A constant of one number, in the type of the node's first input.
int ql_lower_number(struct ql_lower *lower, float value);

// stem(a, b), in the shape to which the two broadcast. "less" and "equal" give truth values.
int ql_lower_combine(struct ql_lower *lower, int a, int b, const char *stem);

// stem(x)
int ql_lower_apply(struct ql_lower *lower, int x, const char *stem);

// a where the condition holds, b elsewhere, in the shape to which the three broadcast.
int ql_lower_choose(struct ql_lower *lower, int condition, int a, int b);

// A value (C) as one that broadcasts along the axis of a shape with `rank` dimensions.
int ql_lower_along_axis(struct ql_lower *lower, int value, int axis, int rank);

// stem over the axes that are marked, such as "add" and "max": without these axes, or with size 1 where `keeps` is set.
int ql_lower_reduced(struct ql_lower *lower, int x, const char *stem, const bool *marks, bool keeps);

// The mean over the axes that are marked, which keep size 1.
int ql_lower_mean(struct ql_lower *lower, int x, const bool *marks);

// a b, a product of matrices in the last two of at least two dimensions; the others broadcast. Both are float.
int ql_lower_matmul(struct ql_lower *lower, int a, int b);

// Makes the value the node's first output.
void ql_lower_give(struct ql_lower *lower, int value);

#endif
