// Lowers operators that are composed of the operations of others and need no kernels of their own: piecewise
// activations, clipping, conversion from and to quantized integers, and one-hot vectors.
// Uses: onnx/{lower,lower_compose}.
#include <math.h>
#include <string.h>

#include "onnx/lower_compose.h"
#include "onnx/lower_operators.h"
#include "onnx/onnx_types.h"

void ql_lower_op_reciprocal(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    if (ql_lower_is_floating(lower, x)) {
        ql_lower_give(lower, ql_lower_combine(lower, ql_lower_number(lower, 1.0f), x, "div"));
    }
}

// Mean is a sum, divided by the number of inputs.
void ql_lower_op_mean(struct ql_lower *lower)
{
    int sum = ql_lower_input(lower, 0);

    if (ql_lower_is_floating(lower, sum)) {
        for (int k = 1; k < lower->input_count; k++) {
            sum = ql_lower_combine(lower, sum, ql_lower_input(lower, k), "add");
        }
        ql_lower_give(lower, ql_lower_combine(lower, sum, ql_lower_number(lower, (float)lower->input_count), "div"));
    }
}

// Before version 11 the limits are attributes. Where the minimum is above the maximum, the maximum wins.
void ql_lower_op_clip(struct ql_lower *lower)
{
    const bool by_attributes = lower->opset < 11;
    int y = ql_lower_input(lower, 0);
    int limits[] = {ql_lower_input(lower, 1), ql_lower_input(lower, 2)};

    if (by_attributes) {
        limits[0] =
            ql_node_find(lower->node, "min") == NULL ? -1 : ql_lower_number(lower, ql_lower_float(lower, "min", 0.0f));
        limits[1] =
            ql_node_find(lower->node, "max") == NULL ? -1 : ql_lower_number(lower, ql_lower_float(lower, "max", 0.0f));
    }
    for (int k = 0; k < 2; k++) {
        if (limits[k] < 0) {
            continue;
        }
        if (ql_lower_value(lower, limits[k])->count != 1) {
            ql_lower_fail(lower, "'%s' must be a single number", ql_lower_value(lower, limits[k])->name);
            return;
        }
        y = ql_lower_combine(lower, y, ql_lower_view(lower, limits[k], 0, NULL, 0), k == 0 ? "max" : "min");
    }
    ql_lower_give(lower, y);
}

// x where it is at least 0; below 0, the operator's other branch.
static void bend(struct ql_lower *lower, int below)
{
    const int x = ql_lower_input(lower, 0);
    const int condition = ql_lower_combine(lower, x, ql_lower_number(lower, 0.0f), "less");
    ql_lower_give(lower, ql_lower_choose(lower, condition, below, x));
}

void ql_lower_op_leaky_relu(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    if (ql_lower_is_floating(lower, x)) {
        bend(lower, ql_lower_combine(lower, ql_lower_number(lower, ql_lower_float(lower, "alpha", 0.01f)), x, "mul"));
    }
}

void ql_lower_op_prelu(struct ql_lower *lower)
{
    const struct ql_program_value v = *ql_lower_value(lower, ql_lower_input(lower, 0));
    int rank;
    int dims[QL_RANK_LIMIT];

    if (!ql_lower_is_floating(lower, ql_lower_input(lower, 0)) ||
        !ql_lower_join_shapes(lower, ql_lower_input(lower, 0), ql_lower_input(lower, 1), &rank, dims)) {
        return;
    }
    if (rank != v.rank || memcmp(dims, v.dims, (size_t)rank * sizeof dims[0]) != 0) {
        ql_lower_fail(lower, "the slope does not broadcast to the shape of the input");
        return;
    }
    bend(lower, ql_lower_combine(lower, ql_lower_input(lower, 1), ql_lower_input(lower, 0), "mul"));
}

// alpha (e^x - 1)
static int exponential_below(struct ql_lower *lower, int x, float alpha)
{
    const int e = ql_lower_apply(lower, x, "exponential");
    return ql_lower_combine(lower, ql_lower_number(lower, alpha),
                            ql_lower_combine(lower, e, ql_lower_number(lower, 1.0f), "sub"), "mul");
}

void ql_lower_op_elu(struct ql_lower *lower)
{
    if (ql_lower_is_floating(lower, ql_lower_input(lower, 0))) {
        bend(lower, exponential_below(lower, ql_lower_input(lower, 0), ql_lower_float(lower, "alpha", 1.0f)));
    }
}

void ql_lower_op_selu(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    if (ql_lower_is_floating(lower, x)) {
        const int below = exponential_below(lower, x, ql_lower_float(lower, "alpha", 1.67326319217681884765625f));
        const int bent =
            ql_lower_choose(lower, ql_lower_combine(lower, x, ql_lower_number(lower, 0.0f), "less"), below, x);
        ql_lower_give(
            lower,
            ql_lower_combine(lower, ql_lower_number(lower, ql_lower_float(lower, "gamma", 1.05070102214813232421875f)),
                             bent, "mul"));
    }
}

void ql_lower_op_thresholded_relu(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    if (ql_lower_is_floating(lower, x)) {
        const int above =
            ql_lower_combine(lower, ql_lower_number(lower, ql_lower_float(lower, "alpha", 1.0f)), x, "less");
        ql_lower_give(lower, ql_lower_choose(lower, above, x, ql_lower_number(lower, 0.0f)));
    }
}

// max(0, min(1, alpha x + beta))
static int hard_sigmoid(struct ql_lower *lower, float alpha, float beta)
{
    const int x = ql_lower_input(lower, 0);
    const int line = ql_lower_combine(lower, ql_lower_combine(lower, ql_lower_number(lower, alpha), x, "mul"),
                                      ql_lower_number(lower, beta), "add");
    return ql_lower_combine(lower, ql_lower_combine(lower, line, ql_lower_number(lower, 1.0f), "min"),
                            ql_lower_number(lower, 0.0f), "max");
}

void ql_lower_op_hard_sigmoid(struct ql_lower *lower)
{
    if (ql_lower_is_floating(lower, ql_lower_input(lower, 0))) {
        ql_lower_give(lower,
                      hard_sigmoid(lower, ql_lower_float(lower, "alpha", 0.2f), ql_lower_float(lower, "beta", 0.5f)));
    }
}

void ql_lower_op_hard_swish(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    if (ql_lower_is_floating(lower, x)) {
        ql_lower_give(lower, ql_lower_combine(lower, x, hard_sigmoid(lower, 1.0f / 6.0f, 0.5f), "mul"));
    }
}

void ql_lower_op_softsign(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    if (ql_lower_is_floating(lower, x)) {
        ql_lower_give(lower, ql_lower_combine(lower, x,
                                              ql_lower_combine(lower, ql_lower_number(lower, 1.0f),
                                                               ql_lower_apply(lower, x, "abs"), "add"),
                                              "div"));
    }
}

// log(1 + e^x) as max(x, 0) + log(1 + e^-|x|), in which no exponential overflows.
static int softplus(struct ql_lower *lower, int x)
{
    const int positive = ql_lower_combine(lower, x, ql_lower_number(lower, 0.0f), "max");
    const int distance = ql_lower_apply(lower, ql_lower_apply(lower, x, "abs"), "neg");
    const int sum =
        ql_lower_combine(lower, ql_lower_number(lower, 1.0f), ql_lower_apply(lower, distance, "exponential"), "add");
    return ql_lower_combine(lower, positive, ql_lower_apply(lower, sum, "log"), "add");
}

void ql_lower_op_softplus(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    if (ql_lower_is_floating(lower, x)) {
        ql_lower_give(lower, softplus(lower, x));
    }
}

// x tanh(softplus(x))
void ql_lower_op_mish(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    if (ql_lower_is_floating(lower, x)) {
        ql_lower_give(lower, ql_lower_combine(lower, x, ql_lower_apply(lower, softplus(lower, x), "tanh"), "mul"));
    }
}

// alpha (e^(x / alpha) - 1) below 0
void ql_lower_op_celu(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    if (ql_lower_is_floating(lower, x)) {
        const float alpha = ql_lower_float(lower, "alpha", 1.0f);
        bend(lower, exponential_below(lower, ql_lower_combine(lower, x, ql_lower_number(lower, alpha), "div"), alpha));
    }
}

// -1, 0 or 1; NaN stays NaN.
void ql_lower_op_sign(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const int zero = ql_lower_number(lower, 0.0f);
    const int above = ql_lower_choose(lower, ql_lower_combine(lower, zero, x, "less"), ql_lower_number(lower, 1.0f), x);
    ql_lower_give(
        lower, ql_lower_choose(lower, ql_lower_combine(lower, x, zero, "less"), ql_lower_number(lower, -1.0f), above));
}

// x sigmoid(alpha x)
void ql_lower_op_swish(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const int scaled = ql_lower_combine(lower, ql_lower_number(lower, ql_lower_float(lower, "alpha", 1.0f)), x, "mul");
    ql_lower_give(lower, ql_lower_combine(lower, x, ql_lower_apply(lower, scaled, "sigmoid"), "mul"));
}

// What is not equal to itself.
void ql_lower_op_is_nan(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    if (ql_lower_is_floating(lower, x)) {
        ql_lower_give(lower, ql_lower_apply(lower, ql_lower_combine(lower, x, x, "equal"), "not"));
    }
}

// Both infinities, or one of them, or none.
void ql_lower_op_is_infinite(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const float highest = ql_lower_int(lower, "detect_positive", 1) != 0 ? INFINITY : NAN;
    const float lowest = ql_lower_int(lower, "detect_negative", 1) != 0 ? -INFINITY : NAN;

    if (ql_lower_is_floating(lower, x)) {
        const int above = ql_lower_combine(lower, x, ql_lower_number(lower, highest), "equal");
        const int below = ql_lower_combine(lower, x, ql_lower_number(lower, lowest), "equal");
        ql_lower_give(lower, ql_lower_combine(lower, above, below, "or"));
    }
}

void ql_lower_op_xor(struct ql_lower *lower)
{
    const int equal = ql_lower_combine(lower, ql_lower_input(lower, 0), ql_lower_input(lower, 1), "equal");
    ql_lower_give(lower, ql_lower_apply(lower, equal, "not"));
}

// Floor and Ceil: the nearest whole number, and one less or more where it is on the wrong side.
void ql_lower_op_floor(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const bool up = lower->row->exchanged;

    if (ql_lower_is_floating(lower, x)) {
        const int nearest = ql_lower_apply(lower, x, "round");
        const int other = ql_lower_combine(lower, nearest, ql_lower_number(lower, 1.0f), up ? "add" : "sub");
        const int wrong =
            up ? ql_lower_combine(lower, nearest, x, "less") : ql_lower_combine(lower, x, nearest, "less");
        ql_lower_give(lower, ql_lower_choose(lower, wrong, other, nearest));
    }
}

void ql_lower_op_cast_like(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value v = *ql_lower_value(lower, x);
    const enum ql_element type = ql_lower_value(lower, ql_lower_input(lower, 1))->type;

    ql_lower_cast_to(lower, ql_lower_output(lower, 0, type, v.rank, v.dims), x);
}

// --- Quantization ---

// A scale or zero point of blocks, in the shape of x: each number is repeated `block` times along the axis.
static int repeat_blocks(struct ql_lower *lower, int value, const struct ql_program_value *v, int axis, int64_t block)
{
    enum { AXIS_LIMIT = 4096 };
    const struct ql_program_value part = *ql_lower_value(lower, value);
    const int count = v->dims[axis];
    int64_t numbers[AXIS_LIMIT];
    bool fits = part.rank == v->rank && block > 0 && count <= AXIS_LIMIT;

    for (int k = 0; k < v->rank && fits; k++) {
        fits = part.dims[k] == (k == axis ? (int)(count / block + (count % block != 0)) : v->dims[k]);
    }
    if (!fits) {
        ql_lower_fail(lower, "'%s' must have one number for each block of %lld along axis %d, which has at most %d",
                      part.name, (long long)block, axis, (int)AXIS_LIMIT);
        return value;
    }
    for (int k = 0; k < count; k++) {
        numbers[k] = k / block;
    }
    const int list = ql_lower_constant(lower, QL_ELEMENT_S64, 1, &count, numbers);
    const int y = ql_lower_temporary(lower, part.type, v->rank, v->dims);
    ql_lower_call(lower, &(struct ql_kernel_call){.kernel = &ql_kernels[QL_KERNEL_GATHER],
                                                  .buffers = {y, value, list},
                                                  .ints = {(int)ql_element_bytes(part.type),
                                                           ql_lower_product(v->dims, 0, axis), part.dims[axis],
                                                           ql_lower_product(v->dims, axis + 1, v->rank), count}});
    return y;
}

// What DequantizeLinear and QuantizeLinear share: the scale or zero point, broadcast to x: one number, one per index
// along an axis, or one per block along it.
static int quantization_part(struct ql_lower *lower, int value, const struct ql_program_value *v)
{
    const struct ql_program_value *part = ql_lower_value(lower, value);
    const int64_t block = ql_lower_int(lower, "block_size", 0);

    if (block != 0) {
        const int blocked = ql_lower_axis(lower, ql_lower_int(lower, "axis", 1), v->rank);
        return lower->status == QL_OK ? repeat_blocks(lower, value, v, blocked, block) : value;
    }
    if (part->count == 1 && part->rank <= 1) {
        return ql_lower_view(lower, value, 0, NULL, 0);
    }
    const int axis = ql_lower_axis(lower, ql_lower_int(lower, "axis", 1), v->rank);
    if (lower->status == QL_OK && (part->rank != 1 || part->count != v->dims[axis])) {
        ql_lower_fail(lower, "'%s' must be one number, or one for each of %d along axis %d", part->name, v->dims[axis],
                      axis);
    }
    return lower->status == QL_OK ? ql_lower_along_axis(lower, value, axis, v->rank) : value;
}

void ql_lower_op_dequantize_linear(struct ql_lower *lower)
{
    const struct ql_program_value v = *ql_lower_value(lower, ql_lower_input(lower, 0));
    const int zero = ql_lower_input(lower, 2);

    if (!ql_lower_require(lower, ql_lower_input(lower, 1), QL_ELEMENT_F32)) {
        return;
    }
    const int64_t named = ql_lower_int(lower, "output_dtype", 0); // 0: the type of the scale
    if (named != 0 && ql_onnx_type_decode(named) != QL_ELEMENT_F32) {
        ql_lower_fail(lower, "the attribute 'output_dtype' must be float");
        return;
    }
    const int scale = quantization_part(lower, ql_lower_input(lower, 1), &v);
    int x = ql_lower_cast(lower, ql_lower_input(lower, 0), QL_ELEMENT_S64);
    if (zero >= 0 && lower->status == QL_OK) {
        x = ql_lower_combine(lower, x, ql_lower_cast(lower, quantization_part(lower, zero, &v), QL_ELEMENT_S64), "sub");
    }
    if (lower->status == QL_OK) {
        ql_lower_give(lower, ql_lower_combine(lower, ql_lower_cast(lower, x, QL_ELEMENT_F32), scale, "mul"));
    }
}

// Rounded with ties to even, shifted by the zero point, and saturated at the limits of its type.
void ql_lower_op_quantize_linear(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value v = *ql_lower_value(lower, x);
    const int zero = ql_lower_input(lower, 2);
    const int64_t named = ql_lower_int(lower, "output_dtype", 0);
    const enum ql_element type = zero >= 0    ? ql_lower_value(lower, zero)->type
                                 : named != 0 ? ql_onnx_type_decode(named)
                                              : QL_ELEMENT_U8;
    const bool is_narrow =
        type == QL_ELEMENT_U8 || type == QL_ELEMENT_S8 || type == QL_ELEMENT_U16 || type == QL_ELEMENT_S16;

    if (!ql_lower_require(lower, x, QL_ELEMENT_F32) ||
        !ql_lower_require(lower, ql_lower_input(lower, 1), QL_ELEMENT_F32)) {
        return;
    }
    if (!is_narrow || (named != 0 && ql_onnx_type_decode(named) != type) || ql_lower_int(lower, "precision", 0) > 1) {
        ql_lower_fail(lower, "only integers of 8 or 16 bits are supported, of the zero point's type, in float");
        return;
    }
    const int scale = quantization_part(lower, ql_lower_input(lower, 1), &v);
    int y = ql_lower_apply(lower, ql_lower_combine(lower, x, scale, "div"), "round");
    if (zero >= 0 && lower->status == QL_OK) {
        y = ql_lower_combine(lower, y, ql_lower_cast(lower, quantization_part(lower, zero, &v), QL_ELEMENT_F32), "add");
    }
    const bool is_signed = type == QL_ELEMENT_S8 || type == QL_ELEMENT_S16;
    const float span = ql_element_bytes(type) == 1 ? 256.0f : 65536.0f;
    const float least = is_signed ? -span / 2.0f : 0.0f;
    y = ql_lower_combine(lower, y, ql_lower_number(lower, least), "max");
    y = ql_lower_combine(lower, y, ql_lower_number(lower, least + span - 1.0f), "min");
    if (lower->status == QL_OK) {
        ql_lower_cast_to(lower, ql_lower_output(lower, 0, type, v.rank, v.dims), y);
    }
}

// A comparison with 0, 1, ... along a new axis. An index outside -depth to depth - 1 gives all `off` values.
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
    index = ql_lower_choose(lower, ql_lower_combine(lower, index, none, "less"),
                            ql_lower_combine(lower, index, depths, "add"), index);
    const int hot = ql_lower_combine(lower, index, ql_lower_along_axis(lower, list, axis, v.rank + 1), "equal");
    if (lower->status == QL_OK) {
        ql_lower_give(lower, ql_lower_choose(lower, hot, ql_lower_view(lower, values, 0, NULL, 1),
                                             ql_lower_view(lower, values, 0, NULL, 0)));
    }
}
