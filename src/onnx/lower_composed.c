// Lowers operators that are composed of the operations of others and need no kernels of their own: activations, means,
// clipping, signs, rounding up and down, and one-hot vectors.
// Uses: onnx/{lower,lower_compose}.
#include <string.h>

#include "onnx/lower_compose.h"
#include "onnx/lower_operators.h"

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

// A comparison with 0, 1, ... along a new axis. An index outside -depth to depth - 1 gives all `off` values.
void ql_lower_op_one_hot(struct ql_lower *lower)
{
    const struct ql_program_value v = *ql_lower_value(lower, ql_lower_input(lower, 0));
    const int values = ql_lower_input(lower, 2);
    const int given = ql_lower_cast(lower, ql_lower_input(lower, 1), QL_ELEMENT_S64);
    enum { DEPTH_LIMIT = 4096 };
    int64_t depth = 0, numbers[DEPTH_LIMIT];
    int dims[QL_RANK_LIMIT];

    if (ql_lower_ints(lower, given, &depth, 1) != 1 || depth < 1 || depth > DEPTH_LIMIT || v.rank == QL_RANK_LIMIT ||
        ql_lower_value(lower, values)->count != 2) {
        ql_lower_fail(lower, "'depth' must be one number, from 1 to %d, and 'values' two", (int)DEPTH_LIMIT);
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
