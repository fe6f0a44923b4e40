// Values that are composed from others by operations with kernels: see lower_compose.h.
// Uses: onnx/lower.
#include "onnx/lower_compose.h"

#include <string.h>

bool ql_lower_is_floating(struct ql_lower *lower, int value)
{
    const enum ql_element type = ql_lower_value(lower, value)->type;
    if (type != QL_ELEMENT_F32 && type != QL_ELEMENT_F64) {
        ql_lower_fail(lower, "the type %s is not supported here", ql_element_write(type));
    }
    return lower->status == QL_OK;
}

// A number in the type of the node's first input.
int ql_lower_number(struct ql_lower *lower, float value)
{
    const int constant = ql_lower_constant(lower, QL_ELEMENT_F32, 0, NULL, &value);
    return ql_lower_cast(lower, constant, ql_lower_value(lower, ql_lower_input(lower, 0))->type);
}

// The shape to which two values broadcast.
bool ql_lower_join_shapes(struct ql_lower *lower, int a, int b, int *rank, int *dims)
{
    *rank = 0;
    return ql_lower_broadcast(lower, a, rank, dims) && ql_lower_broadcast(lower, b, rank, dims);
}

static bool is_comparison(const char *stem)
{
    return strcmp(stem, "less") == 0 || strcmp(stem, "equal") == 0;
}

// A new value: stem(a, b), broadcast. Returns a when there is an error already.
int ql_lower_combine(struct ql_lower *lower, int a, int b, const char *stem)
{
    const enum ql_element type = is_comparison(stem) ? QL_ELEMENT_BOOL : ql_lower_value(lower, a)->type;
    int rank;
    int dims[QL_RANK_LIMIT];

    if (lower->status != QL_OK || !ql_lower_join_shapes(lower, a, b, &rank, dims)) {
        return a;
    }
    const int y = ql_lower_temporary(lower, type, rank, dims);
    ql_lower_binary(lower, y, a, b, stem);
    return y;
}

int ql_lower_apply(struct ql_lower *lower, int x, const char *stem)
{
    const struct ql_program_value v = *ql_lower_value(lower, x);

    if (lower->status != QL_OK) {
        return x;
    }
    const int y = ql_lower_temporary(lower, v.type, v.rank, v.dims);
    ql_lower_unary(lower, y, x, stem);
    return y;
}

// y = a where the condition holds, b elsewhere, in the broadcast shape of all three.
int ql_lower_choose(struct ql_lower *lower, int condition, int a, int b)
{
    const enum ql_element type = ql_lower_value(lower, a)->type;
    const int operands[] = {condition, a, b};
    struct ql_kernel_call call = {.kernel = &ql_kernels[QL_KERNEL_WHERE]};
    int strides[3][QL_KERNEL_RANK_LIMIT];
    int rank = 0;
    int dims[QL_RANK_LIMIT];

    for (int k = 0; k < 3 && lower->status == QL_OK; k++) {
        (void)ql_lower_broadcast(lower, operands[k], &rank, dims);
    }
    if (lower->status != QL_OK) {
        return a;
    }
    call.buffers[0] = ql_lower_temporary(lower, type, rank, dims);
    for (int k = 0; k < 3; k++) {
        call.buffers[1 + k] = operands[k];
        ql_lower_broadcast_strides(lower, operands[k], rank, dims, strides[k]);
    }
    call.ints[0] = (int)ql_element_bytes(type);
    call.ints[1] = ql_lower_set_arrays(&call, rank, dims, 3, (const int(*)[QL_KERNEL_RANK_LIMIT])strides);
    ql_lower_call(lower, &call);
    return call.buffers[0];
}

int ql_lower_along_axis(struct ql_lower *lower, int value, int axis, int rank)
{
    int dims[QL_RANK_LIMIT];

    for (int k = 0; k < rank; k++) {
        dims[k] = k == axis ? ql_lower_value(lower, value)->count : 1;
    }
    return ql_lower_view(lower, value, rank, dims, 0);
}

// Makes the value the node's first output.
void ql_lower_give(struct ql_lower *lower, int value)
{
    if (lower->status == QL_OK) {
        const struct ql_program_value v = *ql_lower_value(lower, value);
        ql_lower_alias(lower, 0, value, v.rank, v.dims, 0);
    }
}
