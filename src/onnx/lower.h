// Lowering: how one node becomes kernel calls. The functions of the operators (lower_operators.h) stand on this. Inside
// src/onnx only. An error is kept in `status`; from then on the functions have no further effect, and an operator may
// return at the next convenient place.
// Uses: base, onnx/graph, onnx/program.
#ifndef QL_ONNX_LOWER_H
#define QL_ONNX_LOWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "onnx/graph.h"
#include "onnx/program.h"

enum { QL_ANY_OPERANDS = 1 << 16 }; // in a row of the table: as many operands as a node has

struct ql_lower;

// An operator in some versions of the operator set: a row of the table in operators.c.
struct ql_operator {
    const char *name;
    int first, last; // the versions that the row holds for
    int input_least, input_most, output_most;
    const char *attributes;   // the names that are allowed, with spaces between
    uint32_t constant_inputs; // bit k: input k must be known when the program is made, because a shape depends on it
    bool widens;              // narrow types are computed in the next wider one that has kernels: float16 in float32
    void (*lower)(struct ql_lower *lower);
    const char *stem; // of the operation's name, for operators that share their function
    bool exchanged;   // the operation takes its two operands in reverse: Greater is Less so; Ceil is Floor so, upward
    bool divided;     // the result of a reduction is divided by the number of elements: ReduceMean is ReduceSum so
};

struct ql_lower {
    struct ql_program *program;
    const struct ql_operator *row; // of the node's operator
    const struct ql_node *node;
    int node_index;
    int opset;
    const int *inputs; // values of the program in the node's order; -1 for those left out
    int input_count;
    const int *outputs;
    int output_count;
    bool folding; // all inputs are constants, so the calls run at once and the outputs are constants
    size_t byte_limit, constant_bytes;
    int64_t work_limit, work;
    enum ql_status status;
    struct ql_error *error;
};

// Keeps the error, with the node's name and operator in front. Later errors do not replace it.
void ql_lower_fail(struct ql_lower *lower, const char *format, ...) __attribute__((format(printf, 2, 3)));

// --- Inputs and attributes: lower.c ---

// The program's value of that index. The pointer stays valid while the node is lowered.
struct ql_program_value *ql_lower_value(const struct ql_lower *lower, int value);

// The index of input k, or -1 when it is left out.
int ql_lower_input(const struct ql_lower *lower, int k);

bool ql_lower_is_constant(const struct ql_lower *lower, int value);

// The content of a constant.
const void *ql_lower_data(const struct ql_lower *lower, int value);

// Reads a constant of int64 or int32 into at most `limit` numbers. Fails for other types, and for more.
int ql_lower_ints(struct ql_lower *lower, int value, int64_t *numbers, int limit);

// A single attribute, or `otherwise`.
int64_t ql_lower_int(struct ql_lower *lower, const char *attribute, int64_t otherwise);
float ql_lower_float(struct ql_lower *lower, const char *attribute, float otherwise);
const char *ql_lower_string(struct ql_lower *lower, const char *attribute, const char *otherwise);

// A list attribute; -1 when it is not there.
int ql_lower_int_list(struct ql_lower *lower, const char *attribute, int64_t *numbers, int limit);

// Turns an axis that may count from the end into 0 to rank - 1; fails outside.
int ql_lower_axis(struct ql_lower *lower, int64_t axis, int rank);

// Fails unless the value has this type.
bool ql_lower_require(struct ql_lower *lower, int value, enum ql_element type);

// --- Values: lower_value.c ---

// Gives output k its type and shape and returns its index. For an output that is left out, it is a value that nothing
// else uses.
int ql_lower_output(struct ql_lower *lower, int k, enum ql_element type, int rank, const int *dims);

// True when the node has output k.
bool ql_lower_has_output(const struct ql_lower *lower, int k);

// Makes output k another name and shape for the elements of a value, from element `offset` on.
void ql_lower_alias(struct ql_lower *lower, int k, int value, int rank, const int *dims, int offset);

// A new value: of its own, a part of another, or a constant (the data are copied).
int ql_lower_temporary(struct ql_lower *lower, enum ql_element type, int rank, const int *dims);
int ql_lower_view(struct ql_lower *lower, int value, int rank, const int *dims, int offset);
int ql_lower_constant(struct ql_lower *lower, enum ql_element type, int rank, const int *dims, const void *data);

// A new value whose type and shape are not known yet.
int ql_lower_new_value(struct ql_lower *lower);

// Gives a root memory of its own as a constant. False when there is none; then the error is kept.
bool ql_lower_make_constant(struct ql_lower *lower, struct ql_program_value *root);

// Where a folded call may write: the content of a constant that the compiler made itself.
void *ql_lower_writable(const struct ql_lower *lower, int value);

// --- Shapes: lower_value.c ---

// dims[from] * ... * dims[to - 1]
int ql_lower_product(const int *dims, int from, int to);

// Row-major strides of a shape.
void ql_lower_strides(int rank, const int *dims, int *strides);

// Widens (rank, dims) so that the value broadcasts to it; fails where the sizes contradict.
bool ql_lower_broadcast(struct ql_lower *lower, int value, int *rank, int *dims);

// The strides by which the value is read as if it had the larger shape.
void ql_lower_broadcast_strides(const struct ql_lower *lower, int value, int rank, const int *dims, int *strides);

// --- Calls: lower_call.c ---

// Sets arrays[0] to the shape and the following ones to the strides, as few axes as possible; returns their number.
int ql_lower_set_arrays(struct ql_kernel_call *call, int rank, const int *dims, int count,
                        const int (*strides)[QL_KERNEL_RANK_LIMIT]);

// Adds the call to the program, or runs it now when its inputs are constants.
void ql_lower_call(struct ql_lower *lower, const struct ql_kernel_call *call);

// y(i...) = x(i...) for all indices below dims.
void ql_lower_copy(struct ql_lower *lower, int y, int x, int rank, const int *dims, const int *strides_y,
                   const int *strides_x);

// The value with its axes in another order: axis k of the result is axis order[k] of the value. A view where that moves
// no element.
int ql_lower_transposed(struct ql_lower *lower, int value, const int *order);

// The value in another type; itself when it has that type.
int ql_lower_cast(struct ql_lower *lower, int value, enum ql_element type);
void ql_lower_cast_to(struct ql_lower *lower, int y, int value);

// The type in which the kernels compute for a type: float32 for float16, int64 for int32. And the value in it.
enum ql_element ql_lower_wider(enum ql_element type);
int ql_lower_widened(struct ql_lower *lower, int value);

// y = stem(x) and y = stem(a, b), broadcast. Fails when the operation does not exist for the type.
void ql_lower_unary(struct ql_lower *lower, int y, int x, const char *stem);
void ql_lower_binary(struct ql_lower *lower, int y, int a, int b, const char *stem);

// The operation ql_STEM_SUFFIX for a type, and the type in which the kernels of that type work. Fails when it does not
// exist.
const struct ql_operation *ql_lower_operation(struct ql_lower *lower, const char *stem, enum ql_element type);

#endif
