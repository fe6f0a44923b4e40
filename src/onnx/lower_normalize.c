// Lowers the operators that normalize: vectors, channels, groups of channels, and by statistics that were learned.
// Uses: onnx/{lower,lower_compose}.
#include <string.h>

#include "onnx/lower_compose.h"
#include "onnx/lower_operators.h"

// From the learned statistics: (x - mean) (scale / sqrt(variance + epsilon)) + B. If they are constants, so is the
// factor.
void ql_lower_op_batch_normalization(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value v = *ql_lower_value(lower, x);
    int parts[4]; // scale, B, mean, variance

    if (!ql_lower_is_floating(lower, x)) {
        return;
    }
    if (ql_lower_int(lower, "training_mode", 0) != 0 || ql_lower_int(lower, "spatial", 1) != 1) {
        ql_lower_fail(lower, "only learned means and variances of channels are supported: training_mode 0, spatial 1");
        return;
    }
    for (int k = 1; k < lower->output_count; k++) {
        if (ql_lower_has_output(lower, k)) {
            ql_lower_fail(lower, "only the first output is supported");
            return;
        }
    }
    for (int k = 0; k < 4; k++) {
        const struct ql_program_value *part = ql_lower_value(lower, ql_lower_input(lower, 1 + k));
        if (v.rank < 2 || part->type != v.type || part->rank != 1 || part->count != v.dims[1]) {
            ql_lower_fail(lower, "'%s' must be a list of one number for each channel, in the type of the input",
                          part->name);
            return;
        }
        parts[k] = ql_lower_along_axis(lower, ql_lower_input(lower, 1 + k), 1, v.rank);
    }
    const int variance =
        ql_lower_combine(lower, parts[3], ql_lower_number(lower, ql_lower_float(lower, "epsilon", 1e-5f)), "add");
    const int factor = ql_lower_combine(lower, parts[0], ql_lower_apply(lower, variance, "sqrt"), "div");
    ql_lower_give(lower, ql_lower_combine(
                             lower, ql_lower_combine(lower, ql_lower_combine(lower, x, parts[2], "sub"), factor, "mul"),
                             parts[1], "add"));
}

// (x - mean) / sqrt(variance + epsilon), over the axes of x from 2 on.
static int normalized(struct ql_lower *lower, int x)
{
    bool marks[QL_RANK_LIMIT];

    for (int axis = 0; axis < QL_RANK_LIMIT; axis++) {
        marks[axis] = axis >= 2;
    }
    const int centered = ql_lower_combine(lower, x, ql_lower_mean(lower, x, marks), "sub");
    const int variance = ql_lower_mean(lower, ql_lower_combine(lower, centered, centered, "mul"), marks);
    const int shifted =
        ql_lower_combine(lower, variance, ql_lower_number(lower, ql_lower_float(lower, "epsilon", 1e-5f)), "add");
    return ql_lower_combine(lower, centered, ql_lower_apply(lower, shifted, "sqrt"), "div");
}

// y = x scale + B, with one number for each of `count` parts of axis 1.
static int scale_and_shift(struct ql_lower *lower, int x, int count)
{
    static const char *const stems[] = {"mul", "add"};
    int y = x;

    for (int k = 0; k < 2; k++) {
        const int part = ql_lower_input(lower, 1 + k);
        const struct ql_program_value *v = ql_lower_value(lower, part);
        if (v->type != ql_lower_value(lower, x)->type || v->rank != 1 || v->count != count) {
            ql_lower_fail(lower, "'%s' must be a list of %d numbers, in the type of the input", v->name, count);
            return x;
        }
        y = ql_lower_combine(lower, y, ql_lower_along_axis(lower, part, 1, ql_lower_value(lower, x)->rank), stems[k]);
    }
    return y;
}

void ql_lower_op_instance_normalization(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value v = *ql_lower_value(lower, x);

    if (!ql_lower_is_floating(lower, x)) {
        return;
    }
    if (v.rank < 3) {
        ql_lower_fail(lower, "the input has %d dimensions; a batch of channels has at least 3", v.rank);
        return;
    }
    ql_lower_give(lower, scale_and_shift(lower, normalized(lower, x), v.dims[1]));
}

// Each group of channels is one channel of an instance normalization. Scale and B are of groups before version 21, then of
// channels.
void ql_lower_op_group_normalization(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value v = *ql_lower_value(lower, x);
    const int64_t groups = ql_lower_int(lower, "num_groups", 0);

    if (!ql_lower_is_floating(lower, x)) {
        return;
    }
    if (v.rank < 2 || groups < 1 || groups > v.dims[1] || v.dims[1] % groups != 0) {
        ql_lower_fail(lower, "'num_groups' must divide the number of channels");
        return;
    }
    const int G = (int)groups;
    const int grouped[] = {v.dims[0], G, v.dims[1] / G * ql_lower_product(v.dims, 2, v.rank)};
    int y = normalized(lower, ql_lower_view(lower, x, 3, grouped, 0));
    if (lower->opset < 21) {
        y = scale_and_shift(lower, y, G);
    }
    if (lower->status == QL_OK) {
        y = ql_lower_view(lower, y, v.rank, v.dims, 0);
        ql_lower_give(lower, lower->opset < 21 ? y : scale_and_shift(lower, y, v.dims[1]));
    }
}

// --- Vectors ---

// Scale or bias (input 1 + k), broadcast to the shape that is normalized: the axes of v from `axis` on.
static int fit_operand(struct ql_lower *lower, int value, int k, enum ql_element type, const struct ql_program_value *v,
                       int axis)
{
    const int rank = v->rank - axis;
    int fitted_rank = rank;
    int dims[QL_RANK_LIMIT];
    int strides_x[QL_RANK_LIMIT];
    int strides_y[QL_RANK_LIMIT];

    if (!ql_lower_require(lower, value, type)) {
        return value;
    }
    const int wide = ql_lower_widened(lower, value);
    memcpy(dims, v->dims + axis, (size_t)rank * sizeof dims[0]);
    if (!ql_lower_broadcast(lower, wide, &fitted_rank, dims)) {
        return value;
    }
    if (fitted_rank != rank || memcmp(dims, v->dims + axis, (size_t)rank * sizeof dims[0]) != 0) {
        ql_lower_fail(lower, "the shape of input %d does not fit the dimensions from axis %d on", 1 + k, axis);
        return value;
    }
    if (ql_lower_value(lower, wide)->count == ql_lower_product(dims, 0, rank)) {
        return wide;
    }
    const int y = ql_lower_temporary(lower, QL_ELEMENT_F32, rank, dims);
    ql_lower_strides(rank, dims, strides_y);
    ql_lower_broadcast_strides(lower, wide, rank, dims, strides_x);
    ql_lower_copy(lower, y, wide, rank, dims, strides_y, strides_x);
    return y;
}

// x / sqrt(mean of squares + epsilon) * scale, with the mean over all axes from `axis` on, in float.
void ql_lower_op_rms_norm(struct ql_lower *lower)
{
    const enum ql_element type = ql_lower_value(lower, ql_lower_input(lower, 0))->type;
    const int x = ql_lower_widened(lower, ql_lower_input(lower, 0));
    const struct ql_program_value v = *ql_lower_value(lower, x);
    const int axis = ql_lower_axis(lower, ql_lower_int(lower, "axis", -1), v.rank);
    const float epsilon = ql_lower_float(lower, "epsilon", 1e-5f);
    bool marks[QL_RANK_LIMIT] = {false};

    if (lower->status == QL_OK && ql_lower_int(lower, "stash_type", 1) != 1) {
        ql_lower_fail(lower, "the attribute 'stash_type' must be 1 (float)");
    }
    if (lower->status == QL_OK && ql_lower_product(v.dims, axis, v.rank) == 0) {
        ql_lower_fail(lower, "there is no mean of no elements");
    }
    if (lower->status != QL_OK || !ql_lower_require(lower, x, QL_ELEMENT_F32)) {
        return;
    }
    const int scale = fit_operand(lower, ql_lower_input(lower, 1), 0, type, &v, axis);
    for (int k = axis; k < v.rank; k++) {
        marks[k] = true;
    }
    const int mean = ql_lower_mean(lower, ql_lower_combine(lower, x, x, "mul"), marks);
    const int shifted =
        ql_lower_combine(lower, mean, ql_lower_constant(lower, QL_ELEMENT_F32, 0, NULL, &epsilon), "add");
    const int unit = ql_lower_combine(lower, x, ql_lower_apply(lower, shifted, "sqrt"), "div");
    const int y = ql_lower_combine(lower, unit, scale, "mul");
    if (lower->status == QL_OK) {
        ql_lower_cast_to(lower, ql_lower_output(lower, 0, type, v.rank, v.dims), y);
    }
}

// Mean and deviation are floats whatever the type of the input is, so the node widens its operands itself.
void ql_lower_op_layer_norm(struct ql_lower *lower)
{
    const enum ql_element type = ql_lower_value(lower, ql_lower_input(lower, 0))->type;
    const int x = ql_lower_widened(lower, ql_lower_input(lower, 0));
    const struct ql_program_value *v = ql_lower_value(lower, x);
    const int axis = ql_lower_axis(lower, ql_lower_int(lower, "axis", -1), v->rank);
    int operands[2] = {ql_lower_input(lower, 1), ql_lower_input(lower, 2)};
    int dims[QL_RANK_LIMIT];

    if (lower->status == QL_OK && ql_lower_int(lower, "stash_type", 1) != 1) {
        ql_lower_fail(lower, "the attribute 'stash_type' must be 1 (float)");
    }
    if (lower->status != QL_OK || !ql_lower_require(lower, x, QL_ELEMENT_F32)) {
        return;
    }
    const int size = ql_lower_product(v->dims, axis, v->rank);
    for (int k = 0; k < 2; k++) {
        if (operands[k] >= 0) {
            operands[k] = fit_operand(lower, operands[k], k, type, v, axis);
        }
    }
    if (lower->status != QL_OK) {
        return;
    }
    for (int k = 0; k < v->rank; k++) {
        dims[k] = k < axis ? v->dims[k] : 1;
    }
    struct ql_kernel_call call = {.kernel = &ql_kernels[QL_KERNEL_LAYER_NORM_F32]};
    const int y = ql_lower_output(lower, 0, type, v->rank, v->dims);
    call.buffers[0] = type == v->type ? y : ql_lower_temporary(lower, v->type, v->rank, v->dims);
    for (int k = 1; k < 3; k++) {
        call.buffers[k] = ql_lower_has_output(lower, k) ? ql_lower_output(lower, k, QL_ELEMENT_F32, v->rank, dims) : -1;
    }
    call.buffers[3] = x;
    call.buffers[4] = operands[0];
    call.buffers[5] = operands[1];
    call.ints[0] = ql_lower_product(v->dims, 0, axis);
    call.ints[1] = size;
    call.floats[0] = ql_lower_float(lower, "epsilon", 1e-5f);
    if (size == 0 && call.ints[0] > 0) {
        ql_lower_fail(lower, "there is no mean of no elements");
    }
    ql_lower_call(lower, &call);
    if (call.buffers[0] != y) {
        ql_lower_cast_to(lower, y, call.buffers[0]);
    }
}
