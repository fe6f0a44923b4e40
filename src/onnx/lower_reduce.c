// Lowers the operators that work along axes: reductions, running sums, softmax.
// Uses: onnx/{lower,lower_compose}.
#include <float.h>
#include <stdint.h>
#include <string.h>

#include "onnx/lower_compose.h"
#include "onnx/lower_operators.h"

// Which axes are reduced. False when none are given.
static bool read_reduced(struct ql_lower *lower, const struct ql_program_value *v, bool *marks)
{
    int64_t axes[QL_RANK_LIMIT];
    const int input = ql_lower_input(lower, 1);
    int count = input >= 0 ? ql_lower_ints(lower, input, axes, QL_RANK_LIMIT)
                           : ql_lower_int_list(lower, "axes", axes, QL_RANK_LIMIT);

    for (int k = 0; k < count; k++) {
        int axis = ql_lower_axis(lower, axes[k], v->rank);
        if (lower->status != QL_OK) {
            return false;
        }
        marks[axis] = true;
    }
    return count > 0;
}

// The least number of an integer type, before the result is cast to that type.
static int64_t least_integer(enum ql_element type)
{
    switch (type) {
    case QL_ELEMENT_S64:
        return INT64_MIN;
    case QL_ELEMENT_S32:
        return INT32_MIN;
    case QL_ELEMENT_S16:
        return INT16_MIN;
    case QL_ELEMENT_S8:
        return INT8_MIN;
    default: // unsigned numbers and booleans
        return 0;
    }
}

// The greatest number of an integer type, likewise. 0 for floats, which have infinity.
static int64_t greatest_integer(enum ql_element type)
{
    switch (type) {
    case QL_ELEMENT_F32:
    case QL_ELEMENT_F64:
        return 0;
    case QL_ELEMENT_S64:
        return INT64_MAX;
    case QL_ELEMENT_U64:
        return -1; // all bits
    case QL_ELEMENT_BOOL:
        return 1;
    default: {
        const int bits = 8 * (int)ql_element_bytes(type);
        const bool is_signed = type == QL_ELEMENT_S32 || type == QL_ELEMENT_S16 || type == QL_ELEMENT_S8;
        return ((int64_t)1 << (is_signed ? bits - 1 : bits)) - 1;
    }
    }
}

// The result of a reduction over no elements: 0, 1 for a product, or the least or greatest number of the node's type.
static int empty_result(struct ql_lower *lower, enum ql_element type, const char *stem)
{
    static const uint64_t zero = 0;
    static const float least_f32 = -__builtin_inff();
    static const double least_f64 = -__builtin_inf();
    static const float greatest_f32 = __builtin_inff();
    static const double greatest_f64 = __builtin_inf();
    const enum ql_element node_type = ql_lower_value(lower, lower->node->inputs[0])->type;
    const int64_t least_s64 = least_integer(node_type), greatest_s64 = greatest_integer(node_type);
    const bool sum = strcmp(stem, "add") == 0;
    const bool finds_least = strcmp(stem, "min") == 0;
    const float one = 1.0f;
    if (strcmp(stem, "mul") == 0) {
        return ql_lower_cast(lower, ql_lower_constant(lower, QL_ELEMENT_F32, 0, NULL, &one), type);
    }
    const void *least = type == QL_ELEMENT_F32   ? (const void *)(finds_least ? &greatest_f32 : &least_f32)
                        : type == QL_ELEMENT_F64 ? (const void *)(finds_least ? &greatest_f64 : &least_f64)
                                                 : (const void *)(finds_least ? &greatest_s64 : &least_s64);

    return ql_lower_constant(lower, type, 0, NULL, sum ? (const void *)&zero : least);
}

// y (rank, dims) = 0, or the least number, wherever a reduction has no elements to reduce.
static void reduce_nothing(struct ql_lower *lower, int y, enum ql_element type, const char *stem, bool mean, int rank,
                           const int *dims)
{
    int strides[QL_RANK_LIMIT];
    const int steps[QL_RANK_LIMIT] = {0};

    if (mean) {
        ql_lower_fail(lower, "there is no mean of no elements");
        return;
    }
    ql_lower_strides(rank, dims, strides);
    const int nothing = ql_lower_cast(lower, empty_result(lower, type, stem), ql_lower_value(lower, y)->type);
    ql_lower_copy(lower, y, nothing, rank, dims, strides, steps);
}

// A shape in two parts: the axes that a reduction keeps [0] and those that it removes [1].
struct parts {
    int ranks[2];
    int dims[2][QL_RANK_LIMIT];
    int strides[2][1][QL_KERNEL_RANK_LIMIT];
};

// Splits the axes of v into parts and sets the shape of the result, in which a removed axis has size 1 or is not there.
// Returns the rank of the result.
static int split_axes(struct parts *parts, int *dims, const struct ql_program_value *v, const bool *marks, bool keeps)
{
    int own[QL_RANK_LIMIT];
    int rank = 0;

    *parts = (struct parts){0};
    ql_lower_strides(v->rank, v->dims, own);
    for (int axis = 0; axis < v->rank; axis++) {
        const int is_reduced = marks[axis];
        parts->dims[is_reduced][parts->ranks[is_reduced]] = v->dims[axis];
        parts->strides[is_reduced][0][parts->ranks[is_reduced]++] = own[axis];
        if (!is_reduced || keeps) {
            dims[rank++] = is_reduced ? 1 : v->dims[axis];
        }
    }
    return rank;
}

// y = the operation over the removed axes of x, divided by the number of their elements for a mean.
static void reduce_some(struct ql_lower *lower, int y, int x, const struct parts *parts,
                        const struct ql_operation *operation, bool mean)
{
    const struct ql_program_value *v = ql_lower_value(lower, x);
    const struct ql_program_value *result = ql_lower_value(lower, y);
    struct ql_kernel_call kept = {0};
    struct ql_kernel_call reduced = {0};
    struct ql_kernel_call call = {.operations = {operation}};

    call.kernel = &ql_kernels[v->type == QL_ELEMENT_F32   ? QL_KERNEL_REDUCE_F32
                              : v->type == QL_ELEMENT_F64 ? QL_KERNEL_REDUCE_F64
                                                          : QL_KERNEL_REDUCE_S64];
    call.ints[0] = ql_lower_set_arrays(&kept, parts->ranks[0], parts->dims[0], 1, parts->strides[0]);
    call.ints[1] = ql_lower_set_arrays(&reduced, parts->ranks[1], parts->dims[1], 1, parts->strides[1]);
    memcpy(call.arrays[0], kept.arrays, 2 * sizeof call.arrays[0]);
    memcpy(call.arrays[2], reduced.arrays, 2 * sizeof call.arrays[0]);
    for (int k = 0; k < 4; k++) {
        call.array_lengths[k] = call.ints[k / 2];
    }
    call.buffers[0] = mean ? ql_lower_temporary(lower, v->type, result->rank, result->dims) : y;
    call.buffers[1] = x;
    ql_lower_call(lower, &call);
    if (mean) {
        const int64_t number = ql_lower_product(parts->dims[1], 0, parts->ranks[1]);
        int count = ql_lower_constant(lower, QL_ELEMENT_S64, 0, NULL, &number);
        ql_lower_binary(lower, y, call.buffers[0], ql_lower_cast(lower, count, v->type), "div");
    }
}

void ql_lower_op_reduce(struct ql_lower *lower)
{
    const int given = ql_lower_input(lower, 0);
    const enum ql_element type = ql_lower_value(lower, given)->type;
    const char *stem = lower->row->stem;
    // Booleans are compared as the numbers 0 and 1.
    const bool truth =
        type == QL_ELEMENT_BOOL && (strcmp(stem, "max") == 0 || strcmp(stem, "min") == 0) && lower->opset >= 20;
    const int x = truth ? ql_lower_cast(lower, given, QL_ELEMENT_S64) : given;
    const struct ql_program_value *v = ql_lower_value(lower, x);
    const bool keeps = ql_lower_int(lower, "keepdims", 1) != 0;
    bool marks[QL_RANK_LIMIT] = {false};
    int dims[QL_RANK_LIMIT];
    struct parts parts;

    if (!read_reduced(lower, v, marks)) {
        if (ql_lower_int(lower, "noop_with_empty_axes", 0) != 0) {
            ql_lower_alias(lower, 0, given, v->rank, v->dims, 0);
            return;
        }
        for (int axis = 0; axis < v->rank; axis++) {
            marks[axis] = true;
        }
    }
    const int rank = split_axes(&parts, dims, v, marks, keeps);
    const int output = ql_lower_output(lower, 0, type, rank, dims);
    const int y = truth ? ql_lower_temporary(lower, v->type, rank, dims) : output;
    const struct ql_operation *operation = ql_lower_operation(lower, stem, v->type);
    if (lower->status != QL_OK) {
        return;
    }

    if (ql_lower_product(parts.dims[1], 0, parts.ranks[1]) == 0) {
        reduce_nothing(lower, output, v->type, stem, lower->row->divided, rank, dims);
        return;
    }
    reduce_some(lower, y, x, &parts, operation, lower->row->divided);
    if (truth) {
        ql_lower_cast_to(lower, output, y);
    }
}

// stem(x) over the marked axes, divided by the number of their elements for a mean.
static int reduce(struct ql_lower *lower, int x, const char *stem, bool mean, const bool *marks, bool keeps)
{
    const struct ql_program_value v = *ql_lower_value(lower, x);
    const struct ql_operation *operation = ql_lower_operation(lower, stem, v.type);
    int dims[QL_RANK_LIMIT];
    struct parts parts;

    if (lower->status != QL_OK) {
        return x;
    }
    const int rank = split_axes(&parts, dims, &v, marks, keeps);
    const int y = ql_lower_temporary(lower, v.type, rank, dims);
    if (ql_lower_product(parts.dims[1], 0, parts.ranks[1]) == 0) {
        reduce_nothing(lower, y, v.type, stem, mean, rank, dims);
    } else {
        reduce_some(lower, y, x, &parts, operation, mean);
    }
    return y;
}

int ql_lower_reduced(struct ql_lower *lower, int x, const char *stem, const bool *marks, bool keeps)
{
    return reduce(lower, x, stem, false, marks, keeps);
}

int ql_lower_mean(struct ql_lower *lower, int x, const bool *marks)
{
    return reduce(lower, x, "add", true, marks, true);
}

// stem(x) over the node's axes, where x has the shape of the node's input. What no axes mean with noop_with_empty_axes is
// not the same in all versions for the operators below, so it is refused.
static int reduced(struct ql_lower *lower, int x, const char *stem, bool keeps)
{
    bool marks[QL_RANK_LIMIT] = {false};

    if (!read_reduced(lower, ql_lower_value(lower, x), marks)) {
        if (ql_lower_int(lower, "noop_with_empty_axes", 0) != 0) {
            ql_lower_fail(lower, "'noop_with_empty_axes' is not supported here without axes");
        }
        memset(marks, true, sizeof marks);
    }
    return ql_lower_reduced(lower, x, stem, marks, keeps);
}

static int reduced_sum(struct ql_lower *lower, int x)
{
    return reduced(lower, x, "add", ql_lower_int(lower, "keepdims", 1) != 0);
}

void ql_lower_op_reduce_l1(struct ql_lower *lower)
{
    ql_lower_give(lower, reduced_sum(lower, ql_lower_apply(lower, ql_lower_input(lower, 0), "abs")));
}

static int sum_of_squares(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    return reduced_sum(lower, ql_lower_combine(lower, x, x, "mul"));
}

void ql_lower_op_reduce_l2(struct ql_lower *lower)
{
    ql_lower_give(lower, ql_lower_apply(lower, sum_of_squares(lower), "sqrt"));
}

void ql_lower_op_reduce_sum_square(struct ql_lower *lower)
{
    ql_lower_give(lower, sum_of_squares(lower));
}

void ql_lower_op_reduce_log_sum(struct ql_lower *lower)
{
    ql_lower_give(lower, ql_lower_apply(lower, reduced_sum(lower, ql_lower_input(lower, 0)), "log"));
}

// The largest finite number of the type of the node's first input, or the smallest.
static int largest(struct ql_lower *lower, double sign)
{
    const double wide = sign * DBL_MAX;

    if (ql_lower_value(lower, ql_lower_input(lower, 0))->type == QL_ELEMENT_F64) {
        return ql_lower_constant(lower, QL_ELEMENT_F64, 0, NULL, &wide);
    }
    return ql_lower_number(lower, (float)sign * FLT_MAX);
}

// max + log(sum(e^(x - max))), in which no exponential overflows. The maximum is kept finite, so that an infinity is not
// subtracted from itself.
void ql_lower_op_reduce_log_sum_exp(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    int greatest = reduced(lower, x, "max", true);

    greatest = ql_lower_combine(lower, greatest, largest(lower, -1.0), "max");
    greatest = ql_lower_combine(lower, greatest, largest(lower, 1.0), "min");
    const int below = ql_lower_combine(lower, x, greatest, "sub");
    const int y = ql_lower_apply(lower, reduced_sum(lower, ql_lower_apply(lower, below, "exponential")), "log");
    if (lower->status == QL_OK) {
        const struct ql_program_value v = *ql_lower_value(lower, y);
        ql_lower_give(lower, ql_lower_combine(lower, y, ql_lower_view(lower, greatest, v.rank, v.dims, 0), "add"));
    }
}

void ql_lower_op_argmax(struct ql_lower *lower)
{
    const int x = ql_lower_widened(lower, ql_lower_input(lower, 0));
    const struct ql_program_value *v = ql_lower_value(lower, x);
    const int axis = ql_lower_axis(lower, ql_lower_int(lower, "axis", 0), v->rank);
    const bool keeps = ql_lower_int(lower, "keepdims", 1) != 0;
    const int last = ql_lower_int(lower, "select_last_index", 0) != 0;
    int dims[QL_RANK_LIMIT];
    int rank = 0;

    if (lower->status == QL_OK && (v->type == QL_ELEMENT_BOOL || v->type == QL_ELEMENT_U64)) {
        ql_lower_fail(lower, "the type %s is not supported here", ql_element_write(v->type));
    }
    if (lower->status == QL_OK && v->dims[axis] == 0) {
        ql_lower_fail(lower, "there is no largest of no elements");
    }
    if (lower->status != QL_OK) {
        return;
    }
    for (int k = 0; k < v->rank; k++) {
        if (k != axis || keeps) {
            dims[rank++] = k == axis ? 1 : v->dims[k];
        }
    }
    const enum ql_kernel_id kernel = v->type == QL_ELEMENT_F32   ? QL_KERNEL_ARGMAX_F32
                                     : v->type == QL_ELEMENT_F64 ? QL_KERNEL_ARGMAX_F64
                                                                 : QL_KERNEL_ARGMAX_S64;
    ql_lower_call(lower, &(struct ql_kernel_call){.kernel = &ql_kernels[kernel],
                                                  .buffers = {ql_lower_output(lower, 0, QL_ELEMENT_S64, rank, dims), x},
                                                  .ints = {last, ql_lower_product(v->dims, 0, axis), v->dims[axis],
                                                           ql_lower_product(v->dims, axis + 1, v->rank)}});
}

void ql_lower_op_cumsum(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value *v = ql_lower_value(lower, x);
    int64_t given = 0;

    if (ql_lower_ints(lower, ql_lower_input(lower, 1), &given, 1) != 1) {
        ql_lower_fail(lower, "the input 'axis' must be a single number");
    }
    const int axis = ql_lower_axis(lower, given, v->rank);
    if (lower->status == QL_OK && v->type == QL_ELEMENT_BOOL) {
        ql_lower_fail(lower, "the type bool is not supported here");
    }
    if (lower->status != QL_OK) {
        return;
    }
    const enum ql_kernel_id kernel = v->type == QL_ELEMENT_F32   ? QL_KERNEL_CUMSUM_F32
                                     : v->type == QL_ELEMENT_F64 ? QL_KERNEL_CUMSUM_F64
                                                                 : QL_KERNEL_CUMSUM_S64;
    ql_lower_call(lower, &(struct ql_kernel_call){.kernel = &ql_kernels[kernel],
                                                  .buffers = {ql_lower_output(lower, 0, v->type, v->rank, v->dims), x},
                                                  .ints = {ql_lower_int(lower, "exclusive", 0) != 0,
                                                           ql_lower_int(lower, "reverse", 0) != 0,
                                                           ql_lower_product(v->dims, 0, axis), v->dims[axis],
                                                           ql_lower_product(v->dims, axis + 1, v->rank)}});
}

// Softmax and LogSoftmax. Before version 13 the axis splits the shape into a matrix, whose whole rows are normalized.
void ql_lower_op_softmax(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value *v = ql_lower_value(lower, x);
    const bool splits = lower->opset < 13;
    const int64_t given = ql_lower_int(lower, "axis", splits ? 1 : -1);
    const bool behind_all = splits && given == v->rank;
    const int axis = behind_all ? v->rank : ql_lower_axis(lower, given, v->rank);

    if (lower->status != QL_OK || !ql_lower_require(lower, x, QL_ELEMENT_F32)) {
        return;
    }
    const int end = splits ? v->rank : axis + 1;
    const bool logarithm = strcmp(lower->row->stem, "log_softmax") == 0;
    ql_lower_call(lower, &(struct ql_kernel_call){
                             .kernel = &ql_kernels[logarithm ? QL_KERNEL_LOG_SOFTMAX_F32 : QL_KERNEL_SOFTMAX_F32],
                             .buffers = {ql_lower_output(lower, 0, v->type, v->rank, v->dims), x},
                             .ints = {ql_lower_product(v->dims, 0, axis), ql_lower_product(v->dims, axis, end),
                                      ql_lower_product(v->dims, end, v->rank)}});
}
