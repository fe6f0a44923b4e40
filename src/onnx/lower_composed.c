// Lowers operators that are made of the operations of others, so that they need no kernels of their own: activations with
// a bend, clipping, normalization by known numbers, and what makes floats of integers and one-hot vectors.
// Uses: onnx/lower.
#include <math.h>
#include <string.h>

#include "onnx/lower_operators.h"

// A number in the type of the node's first input.
static int number(struct ql_lower *lower, float value)
{
    const int constant = ql_lower_constant(lower, QL_ELEMENT_F32, 0, NULL, &value);
    return ql_lower_cast(lower, constant, ql_lower_value(lower, ql_lower_input(lower, 0))->type);
}

// The shape to which two values broadcast.
static bool join_shapes(struct ql_lower *lower, int a, int b, int *rank, int *dims)
{
    *rank = 0;
    return ql_lower_broadcast(lower, a, rank, dims) && ql_lower_broadcast(lower, b, rank, dims);
}

static bool is_comparison(const char *stem)
{
    return strcmp(stem, "less") == 0 || strcmp(stem, "equal") == 0;
}

// A new value: stem(a, b), broadcast. The first of the two when an error is there already.
static int combine(struct ql_lower *lower, int a, int b, const char *stem)
{
    const enum ql_element type = is_comparison(stem) ? QL_ELEMENT_BOOL : ql_lower_value(lower, a)->type;
    int rank;
    int dims[QL_RANK_LIMIT];

    if (lower->status != QL_OK || !join_shapes(lower, a, b, &rank, dims)) {
        return a;
    }
    const int y = ql_lower_temporary(lower, type, rank, dims);
    ql_lower_binary(lower, y, a, b, stem);
    return y;
}

static int apply(struct ql_lower *lower, int x, const char *stem)
{
    const struct ql_program_value v = *ql_lower_value(lower, x);

    if (lower->status != QL_OK) {
        return x;
    }
    const int y = ql_lower_temporary(lower, v.type, v.rank, v.dims);
    ql_lower_unary(lower, y, x, stem);
    return y;
}

// y = a where the condition holds, b elsewhere, in the shape of the three together.
static int choose(struct ql_lower *lower, int condition, int a, int b)
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

// Makes the value the node's first output.
static void give(struct ql_lower *lower, int value)
{
    if (lower->status == QL_OK) {
        const struct ql_program_value v = *ql_lower_value(lower, value);
        ql_lower_alias(lower, 0, value, v.rank, v.dims, 0);
    }
}

static bool is_floating(struct ql_lower *lower, int value)
{
    const enum ql_element type = ql_lower_value(lower, value)->type;
    if (type != QL_ELEMENT_F32 && type != QL_ELEMENT_F64) {
        ql_lower_fail(lower, "the type %s is not supported here", ql_element_write(type));
    }
    return lower->status == QL_OK;
}

void ql_lower_op_reciprocal(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    if (is_floating(lower, x)) {
        give(lower, combine(lower, number(lower, 1.0f), x, "div"));
    }
}

// Mean is a sum, divided by the number of inputs.
void ql_lower_op_mean(struct ql_lower *lower)
{
    int sum = ql_lower_input(lower, 0);

    if (is_floating(lower, sum)) {
        for (int k = 1; k < lower->input_count; k++) {
            sum = combine(lower, sum, ql_lower_input(lower, k), "add");
        }
        give(lower, combine(lower, sum, number(lower, (float)lower->input_count), "div"));
    }
}

// Before version 11 the limits are attributes. Where the least is above the most, the most wins.
void ql_lower_op_clip(struct ql_lower *lower)
{
    const bool by_attributes = lower->opset < 11;
    int y = ql_lower_input(lower, 0);
    int limits[] = {ql_lower_input(lower, 1), ql_lower_input(lower, 2)};

    if (by_attributes) {
        limits[0] = ql_node_find(lower->node, "min") == NULL ? -1 : number(lower, ql_lower_float(lower, "min", 0.0f));
        limits[1] = ql_node_find(lower->node, "max") == NULL ? -1 : number(lower, ql_lower_float(lower, "max", 0.0f));
    }
    for (int k = 0; k < 2; k++) {
        if (limits[k] < 0) {
            continue;
        }
        if (ql_lower_value(lower, limits[k])->count != 1) {
            ql_lower_fail(lower, "'%s' must be a single number", ql_lower_value(lower, limits[k])->name);
            return;
        }
        y = combine(lower, y, ql_lower_view(lower, limits[k], 0, NULL, 0), k == 0 ? "max" : "min");
    }
    give(lower, y);
}

// x where it is not below 0, and below 0 what the operator makes of it.
static void bend(struct ql_lower *lower, int below)
{
    const int x = ql_lower_input(lower, 0);
    const int condition = combine(lower, x, number(lower, 0.0f), "less");
    give(lower, choose(lower, condition, below, x));
}

void ql_lower_op_leaky_relu(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    if (is_floating(lower, x)) {
        bend(lower, combine(lower, number(lower, ql_lower_float(lower, "alpha", 0.01f)), x, "mul"));
    }
}

void ql_lower_op_prelu(struct ql_lower *lower)
{
    const struct ql_program_value v = *ql_lower_value(lower, ql_lower_input(lower, 0));
    int rank;
    int dims[QL_RANK_LIMIT];

    if (!is_floating(lower, ql_lower_input(lower, 0)) ||
        !join_shapes(lower, ql_lower_input(lower, 0), ql_lower_input(lower, 1), &rank, dims)) {
        return;
    }
    if (rank != v.rank || memcmp(dims, v.dims, (size_t)rank * sizeof dims[0]) != 0) {
        ql_lower_fail(lower, "the slope does not broadcast to the shape of the input");
        return;
    }
    bend(lower, combine(lower, ql_lower_input(lower, 1), ql_lower_input(lower, 0), "mul"));
}

// alpha (e^x - 1)
static int exponential_below(struct ql_lower *lower, float alpha)
{
    const int e = apply(lower, ql_lower_input(lower, 0), "exponential");
    return combine(lower, number(lower, alpha), combine(lower, e, number(lower, 1.0f), "sub"), "mul");
}

void ql_lower_op_elu(struct ql_lower *lower)
{
    if (is_floating(lower, ql_lower_input(lower, 0))) {
        bend(lower, exponential_below(lower, ql_lower_float(lower, "alpha", 1.0f)));
    }
}

void ql_lower_op_selu(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    if (is_floating(lower, x)) {
        const int below = exponential_below(lower, ql_lower_float(lower, "alpha", 1.67326319217681884765625f));
        const int bent = choose(lower, combine(lower, x, number(lower, 0.0f), "less"), below, x);
        give(lower,
             combine(lower, number(lower, ql_lower_float(lower, "gamma", 1.05070102214813232421875f)), bent, "mul"));
    }
}

void ql_lower_op_thresholded_relu(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    if (is_floating(lower, x)) {
        const int above = combine(lower, number(lower, ql_lower_float(lower, "alpha", 1.0f)), x, "less");
        give(lower, choose(lower, above, x, number(lower, 0.0f)));
    }
}

// max(0, min(1, alpha x + beta))
static int hard_sigmoid(struct ql_lower *lower, float alpha, float beta)
{
    const int x = ql_lower_input(lower, 0);
    const int line = combine(lower, combine(lower, number(lower, alpha), x, "mul"), number(lower, beta), "add");
    return combine(lower, combine(lower, line, number(lower, 1.0f), "min"), number(lower, 0.0f), "max");
}

void ql_lower_op_hard_sigmoid(struct ql_lower *lower)
{
    if (is_floating(lower, ql_lower_input(lower, 0))) {
        give(lower, hard_sigmoid(lower, ql_lower_float(lower, "alpha", 0.2f), ql_lower_float(lower, "beta", 0.5f)));
    }
}

void ql_lower_op_hard_swish(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    if (is_floating(lower, x)) {
        give(lower, combine(lower, x, hard_sigmoid(lower, 1.0f / 6.0f, 0.5f), "mul"));
    }
}

void ql_lower_op_softsign(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    if (is_floating(lower, x)) {
        give(lower, combine(lower, x, combine(lower, number(lower, 1.0f), apply(lower, x, "abs"), "add"), "div"));
    }
}

// Floor and Ceil: the nearest whole number, and one less or more where it is on the wrong side.
void ql_lower_op_floor(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const bool up = lower->row->exchanged;

    if (is_floating(lower, x)) {
        const int nearest = apply(lower, x, "round");
        const int other = combine(lower, nearest, number(lower, 1.0f), up ? "add" : "sub");
        const int wrong = up ? combine(lower, nearest, x, "less") : combine(lower, x, nearest, "less");
        give(lower, choose(lower, wrong, other, nearest));
    }
}

void ql_lower_op_cast_like(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value v = *ql_lower_value(lower, x);
    const enum ql_element type = ql_lower_value(lower, ql_lower_input(lower, 1))->type;

    ql_lower_cast_to(lower, ql_lower_output(lower, 0, type, v.rank, v.dims), x);
}

// --- Along one axis ---

// A value (C) as one that broadcasts along the axis of a shape with `rank` dimensions.
static int along_axis(struct ql_lower *lower, int value, int axis, int rank)
{
    int dims[QL_RANK_LIMIT];

    for (int k = 0; k < rank; k++) {
        dims[k] = k == axis ? ql_lower_value(lower, value)->count : 1;
    }
    return ql_lower_view(lower, value, rank, dims, 0);
}

// Of what was learned: (x - mean) (scale / sqrt(variance + epsilon)) + B. Where these are constants, the factor is one.
void ql_lower_op_batch_normalization(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value v = *ql_lower_value(lower, x);
    int parts[4]; // scale, B, mean, variance

    if (!is_floating(lower, x)) {
        return;
    }
    if (ql_lower_int(lower, "training_mode", 0) != 0 || ql_lower_int(lower, "spatial", 1) != 1) {
        ql_lower_fail(lower, "only what was learned is supported, over the channels: training_mode 0, spatial 1");
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
        parts[k] = along_axis(lower, ql_lower_input(lower, 1 + k), 1, v.rank);
    }
    const int variance = combine(lower, parts[3], number(lower, ql_lower_float(lower, "epsilon", 1e-5f)), "add");
    const int factor = combine(lower, parts[0], apply(lower, variance, "sqrt"), "div");
    give(lower, combine(lower, combine(lower, combine(lower, x, parts[2], "sub"), factor, "mul"), parts[1], "add"));
}

// What DequantizeLinear and QuantizeLinear share: their scale or zero point beside x, one number or one along an axis.
static int quantization_part(struct ql_lower *lower, int value, const struct ql_program_value *v)
{
    const struct ql_program_value *part = ql_lower_value(lower, value);

    if (ql_lower_int(lower, "block_size", 0) != 0) {
        ql_lower_fail(lower, "the attribute 'block_size' is not supported");
        return value;
    }
    if (part->count == 1 && part->rank <= 1) {
        return ql_lower_view(lower, value, 0, NULL, 0);
    }
    const int axis = ql_lower_axis(lower, ql_lower_int(lower, "axis", 1), v->rank);
    if (lower->status == QL_OK && (part->rank != 1 || part->count != v->dims[axis])) {
        ql_lower_fail(lower, "'%s' must be one number, or one for each of %d along axis %d", part->name, v->dims[axis],
                      axis);
    }
    return lower->status == QL_OK ? along_axis(lower, value, axis, v->rank) : value;
}

void ql_lower_op_dequantize_linear(struct ql_lower *lower)
{
    const struct ql_program_value v = *ql_lower_value(lower, ql_lower_input(lower, 0));
    const int zero = ql_lower_input(lower, 2);

    if (!ql_lower_require(lower, ql_lower_input(lower, 1), QL_ELEMENT_F32)) {
        return;
    }
    const int scale = quantization_part(lower, ql_lower_input(lower, 1), &v);
    int x = ql_lower_cast(lower, ql_lower_input(lower, 0), QL_ELEMENT_S64);
    if (zero >= 0 && lower->status == QL_OK) {
        x = combine(lower, x, ql_lower_cast(lower, quantization_part(lower, zero, &v), QL_ELEMENT_S64), "sub");
    }
    if (lower->status == QL_OK) {
        give(lower, combine(lower, ql_lower_cast(lower, x, QL_ELEMENT_F32), scale, "mul"));
    }
}

// Rounded to even, moved by the zero point, and cut off at the ends of its type.
void ql_lower_op_quantize_linear(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value v = *ql_lower_value(lower, x);
    const int zero = ql_lower_input(lower, 2);
    const enum ql_element type = zero >= 0 ? ql_lower_value(lower, zero)->type : QL_ELEMENT_U8;
    const bool is_narrow =
        type == QL_ELEMENT_U8 || type == QL_ELEMENT_S8 || type == QL_ELEMENT_U16 || type == QL_ELEMENT_S16;

    if (!ql_lower_require(lower, x, QL_ELEMENT_F32) ||
        !ql_lower_require(lower, ql_lower_input(lower, 1), QL_ELEMENT_F32)) {
        return;
    }
    if (!is_narrow || ql_lower_int(lower, "output_dtype", 0) != 0 || ql_lower_int(lower, "precision", 0) != 0) {
        ql_lower_fail(lower, "only integers of 8 or 16 bits are supported, of the zero point's type");
        return;
    }
    const int scale = quantization_part(lower, ql_lower_input(lower, 1), &v);
    int y = apply(lower, combine(lower, x, scale, "div"), "round");
    if (zero >= 0 && lower->status == QL_OK) {
        y = combine(lower, y, ql_lower_cast(lower, quantization_part(lower, zero, &v), QL_ELEMENT_F32), "add");
    }
    const bool is_signed = type == QL_ELEMENT_S8 || type == QL_ELEMENT_S16;
    const float span = ql_element_bytes(type) == 1 ? 256.0f : 65536.0f;
    const float least = is_signed ? -span / 2.0f : 0.0f;
    y = combine(lower, y, number(lower, least), "max");
    y = combine(lower, y, number(lower, least + span - 1.0f), "min");
    if (lower->status == QL_OK) {
        ql_lower_cast_to(lower, ql_lower_output(lower, 0, type, v.rank, v.dims), y);
    }
}

// A comparison with 0, 1, ... along a new axis. An index outside of -depth to depth - 1 has no place.
void ql_lower_op_one_hot(struct ql_lower *lower)
{
    const struct ql_program_value v = *ql_lower_value(lower, ql_lower_input(lower, 0));
    const int values = ql_lower_input(lower, 2);
    const int given = ql_lower_cast(lower, ql_lower_input(lower, 1), QL_ELEMENT_S64);
    int64_t depth = 0, numbers[QL_SPLIT_LIMIT * 16];
    int dims[QL_RANK_LIMIT];

    if (ql_lower_ints(lower, given, &depth, 1) != 1 || depth < 1 ||
        depth > (int64_t)(sizeof numbers / sizeof numbers[0]) || v.rank == QL_RANK_LIMIT ||
        ql_lower_value(lower, values)->count != 2) {
        ql_lower_fail(lower, "'depth' must be one number, from 1 to %d, and 'values' two",
                      (int)(sizeof numbers / sizeof numbers[0]));
        return;
    }
    const int axis = ql_lower_axis(lower, ql_lower_int(lower, "axis", -1), v.rank + 1);
    for (int k = 0; k < v.rank; k++) {
        dims[k < axis ? k : k + 1] = v.dims[k];
    }
    dims[axis] = 1;
    for (int64_t k = 0; k < depth; k++) {
        numbers[k] = k;
    }
    const int count = (int)depth;
    const int64_t zero = 0;
    const int list = ql_lower_constant(lower, QL_ELEMENT_S64, 1, &count, numbers);
    const int none = ql_lower_constant(lower, QL_ELEMENT_S64, 0, NULL, &zero);
    const int depths = ql_lower_constant(lower, QL_ELEMENT_S64, 0, NULL, &depth);
    int index = ql_lower_cast(lower, ql_lower_input(lower, 0), QL_ELEMENT_S64);
    index = ql_lower_view(lower, index, v.rank + 1, dims, 0);
    index = choose(lower, combine(lower, index, none, "less"), combine(lower, index, depths, "add"), index);
    const int hot = combine(lower, index, along_axis(lower, list, axis, v.rank + 1), "equal");
    if (lower->status == QL_OK) {
        give(lower,
             choose(lower, hot, ql_lower_view(lower, values, 0, NULL, 1), ql_lower_view(lower, values, 0, NULL, 0)));
    }
}
