// Random cases of the operators that sum, compare or normalize along dimensions.
// Uses: conformance_case, conformance_operators.
#include <math.h>
#include <string.h>

#include "conformance_operators.h"

enum { EXACT_CHANCE = 70 };

static int product(const int *dims, int rank)
{
    int count = 1;
    for (int axis = 0; axis < rank; axis++) {
        count *= dims[axis];
    }
    return count;
}

// Reduces a shape; the axes may count from the end. Returns the rank.
static int reduce_shape(int *dims, int rank, const int64_t *axes, int axis_count, bool reduces_all, bool keeps)
{
    bool reduced[QL_RANK_LIMIT];
    int left = 0;

    for (int axis = 0; axis < rank; axis++) {
        reduced[axis] = reduces_all;
    }
    for (int k = 0; k < axis_count; k++) {
        reduced[axes[k] < 0 ? axes[k] + rank : axes[k]] = true;
    }
    for (int axis = 0; axis < rank; axis++) {
        if (!reduced[axis] || keeps) {
            dims[left++] = reduced[axis] ? 1 : dims[axis];
        }
    }
    return left;
}

// The maximum of no numbers.
static double least_number(enum ql_element type)
{
    switch (type) {
    case QL_ELEMENT_S64:
        return -0x1p63;
    case QL_ELEMENT_S32:
        return -0x1p31;
    case QL_ELEMENT_S8:
        return -0x1p7;
    default:
        return case_is_float(type) ? -HUGE_VAL : 0.0;
    }
}

// Adds the node. Its axes are an attribute, or an input; they may be left out, or be an empty list. Sets them, and returns
// how many are given, or -1.
static int add_reduction(struct conformance_case *c, const char *operator_name, int x, int rank, enum ql_element type,
                         bool by_input, int64_t *axes)
{
    int inputs[] = {x, -1};
    const int axis_count = case_axes(c, axes, rank);

    for (int k = 0; k < axis_count; k++) {
        axes[k] = case_spell_axis(c, (int)axes[k], rank);
    }
    const bool given = case_chance(c, 80) && (by_input || axis_count > 0);
    if (given && by_input) {
        inputs[1] = case_numbers(c, axes, axis_count, false);
    }
    case_node(c, operator_name, inputs, given && by_input ? 2 : 1, type);
    if (given && !by_input) {
        ql_graph_add_ints(&c->graph, "axes", axes, axis_count);
    }
    return given ? axis_count : -1;
}

// Adds the attribute, which is 1 if it is left out.
static bool add_keepdims(struct conformance_case *c)
{
    const bool keeps = case_chance(c, 60);

    if (!keeps || case_chance(c, 50)) {
        ql_graph_add_int(&c->graph, "keepdims", keeps);
    }
    return keeps;
}

void generate_reduce(struct conformance_case *c, const char *operator_name)
{
    const bool sum = strcmp(operator_name, "ReduceSum") == 0;
    const bool min = strcmp(operator_name, "ReduceMin") == 0;
    const bool max = min || strcmp(operator_name, "ReduceMax") == 0;
    const bool multiplies = strcmp(operator_name, "ReduceProd") == 0;
    const int opset = c->graph.opset;
    const bool by_input = opset >= (sum ? 13 : 18);
    const enum ql_element type = case_type(c, multiplies           ? "f32"
                                              : max && opset >= 20 ? "f32 f64 f16 s64 s32 u32 u64 s8 u8 bool"
                                              : max && opset >= 12 ? "f32 f64 f16 s64 s32 u32 u64 s8 u8"
                                              : sum || max         ? "f32 f32 f64 f16 s64 s32 u32 u64"
                                                                   : "f32 f32 f64 f16 s32 s64 u32 u64");
    const bool exact = type != QL_ELEMENT_F16 && case_chance(c, EXACT_CHANCE);
    int dims[QL_RANK_LIMIT];
    int64_t axes[QL_RANK_LIMIT];

    c->allows_empty = sum || (max && !min);
    const int rank = case_shape(c, dims, 0, 5);
    const int x = case_operand(c, type, rank, dims, exact ? CASE_GRID : CASE_REAL);
    const int axis_count = add_reduction(c, operator_name, x, rank, type, by_input, axes);
    const bool keeps = add_keepdims(c);
    const bool no_operation = by_input && case_chance(c, 30);
    if (no_operation || (by_input && case_chance(c, 30))) {
        ql_graph_add_int(&c->graph, "noop_with_empty_axes", no_operation);
    }
    // For empty tensors ONNX Runtime keeps dimensions that it should remove.
    if (product(dims, rank) == 0) {
        const bool reduces_all = axis_count <= 0 && !no_operation;
        const int result_rank = reduce_shape(dims, rank, axes, axis_count, reduces_all, keeps);
        case_twin_fill(c, result_rank, dims, max ? least_number(type) : 0.0);
    }
    if (multiplies) {
        c->relative = (double)product(dims, rank) * 0x1p-23;
    } else if (!exact && !max) {
        const int terms = product(dims, rank);
        c->absolute = 2.0 * terms * CASE_ROUNDING * terms * 2.0;
        c->relative = type == QL_ELEMENT_F16 ? 0x1p-10 : 0.0;
    } else if (!sum && !max) {
        c->relative = 2 * CASE_ROUNDING; // a sum divided by a number, or multiplied by its reciprocal
    }
}

// Sums of sizes, squares or exponentials, and what follows them.
void generate_reduce_norm(struct conformance_case *c, const char *operator_name)
{
    const bool logarithm = strncmp(operator_name, "ReduceLog", 9) == 0;
    const bool exponential = strcmp(operator_name, "ReduceLogSumExp") == 0;
    const bool by_input = c->graph.opset >= 18;
    const enum ql_element type = case_type(c, "f32 f32 f64");
    int dims[QL_RANK_LIMIT];
    int64_t axes[QL_RANK_LIMIT];

    const int rank = case_shape(c, dims, 0, 5);
    const int x = case_operand(c, type, rank, dims, logarithm && !exponential ? CASE_POSITIVE : CASE_REAL);
    const int axis_count = add_reduction(c, operator_name, x, rank, type, by_input, axes);
    (void)add_keepdims(c);
    if (by_input && case_chance(c, 30)) {
        ql_graph_add_int(&c->graph, "noop_with_empty_axes", axis_count > 0 && case_chance(c, 50));
    }
    // All terms are positive, so the relative error of a sum is at most one rounding for each.
    c->relative = (product(dims, rank) + 8) * CASE_ROUNDING;
    c->absolute = logarithm ? (product(dims, rank) + 16) * CASE_ROUNDING : 0.0;
}

void generate_argmax(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element type = case_type(c, "f32 f32 f64 f16 s64 s32 s8 u8");
    int dims[QL_RANK_LIMIT];

    const int rank = case_shape(c, dims, 1, 4);
    const int x = case_operand(c, type, rank, dims, CASE_GRID);
    case_node(c, operator_name, &x, 1, QL_ELEMENT_S64);
    if (case_chance(c, 80)) {
        ql_graph_add_int(&c->graph, "axis", case_spell_axis(c, case_between(c, 0, rank - 1), rank));
    }
    if (case_chance(c, 60)) {
        ql_graph_add_int(&c->graph, "keepdims", case_between(c, 0, 1));
    }
    if (c->graph.opset >= 12 && case_chance(c, 60)) {
        ql_graph_add_int(&c->graph, "select_last_index", case_between(c, 0, 1));
    }
}

void generate_cumsum(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element type = case_type(c, "f32 f64 s64 s32");
    const bool exact = case_chance(c, EXACT_CHANCE);
    int dims[QL_RANK_LIMIT];
    int inputs[2];

    c->allows_empty = true;
    const int rank = case_shape(c, dims, 1, 4);
    inputs[0] = case_operand(c, type, rank, dims, exact ? CASE_GRID : CASE_REAL);
    const int64_t axis = case_spell_axis(c, case_between(c, 0, rank - 1), rank);
    inputs[1] =
        case_chance(c, 50) ? case_given(c, QL_ELEMENT_S64, 0, NULL, &axis, true) : case_numbers(c, &axis, 1, true);
    case_node(c, operator_name, inputs, 2, type);
    if (case_chance(c, 60)) {
        ql_graph_add_int(&c->graph, "exclusive", case_between(c, 0, 1));
    }
    if (case_chance(c, 60)) {
        ql_graph_add_int(&c->graph, "reverse", case_between(c, 0, 1));
    }
    c->absolute = exact ? 0.0 : 2.0 * 19 * CASE_ROUNDING * 19 * 2.0; // at most 19 terms of at most 2
}

void generate_softmax(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element type = case_type(c, "f32 f32 f32 f16");
    int dims[QL_RANK_LIMIT];

    c->allows_empty = true;
    const int rank = case_shape(c, dims, c->graph.opset < 13 ? 2 : 1, 4);
    const int x = case_operand(c, type, rank, dims, CASE_REAL);
    case_node(c, operator_name, &x, 1, type);
    if (case_chance(c, 80)) {
        const int axis = case_between(c, 0, rank - 1);
        ql_graph_add_int(&c->graph, "axis", c->graph.opset < 11 ? axis : case_spell_axis(c, axis, rank));
    }
    // Exponentials with errors of some units, summed, and one division or logarithm.
    c->relative = type == QL_ELEMENT_F16 ? 0x1p-10 : 16 * CASE_ROUNDING;
    c->absolute = 16 * CASE_ROUNDING * 4.0; // a logarithm near 0
}

void generate_layer_normalization(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element type = case_type(c, "f32 f32 f32 f16");
    int dims[QL_RANK_LIMIT];
    int inputs[3];
    int count = 1;

    const int rank = case_shape(c, dims, 1, 4);
    const int axis = case_chance(c, 50) ? rank - 1 : case_between(c, 0, rank - 1);
    inputs[0] = case_operand(c, type, rank, dims, CASE_REAL);
    const int operands = case_between(c, 1, 2);
    for (int k = 0; k < operands; k++) {
        int part[QL_RANK_LIMIT];
        memcpy(part, dims + axis, (size_t)(rank - axis) * sizeof part[0]);
        const int part_rank = case_chance(c, 15) ? case_narrow(c, part, rank - axis) : rank - axis;
        inputs[count++] = case_operand(c, type, part_rank, part, CASE_REAL);
    }
    // Mean and reciprocal deviation are optional outputs, in the type of the computation.
    int results[3] = {case_result(c, type), -1, -1};
    for (int k = 1; k < 3; k++) {
        results[k] = case_chance(c, 50) ? case_result(c, QL_ELEMENT_F32) : -1;
    }
    ql_graph_add_node(&c->graph, operator_name, "node", inputs, count, results, results[2] >= 0 ? 3 : 2);
    if (axis != rank - 1 || case_chance(c, 50)) {
        ql_graph_add_int(&c->graph, "axis", case_spell_axis(c, axis, rank));
    }
    const int terms = product(dims + axis, rank - axis);
    // Nearly equal values leave a deviation that is only rounding error, which a large epsilon covers.
    if (terms < 8 || case_chance(c, 50)) {
        ql_graph_add_float(&c->graph, "epsilon", case_chance(c, 50) ? 0.125f : 0.5f);
    }
    if (case_chance(c, 30)) {
        ql_graph_add_int(&c->graph, "stash_type", 1);
    }
    // ONNX Runtime computes the deviation as a difference of two means, of up to 4 each, and divides by it.
    c->absolute = type == QL_ELEMENT_F16 ? 2e-3 : (terms + 8) * CASE_ROUNDING * 2.0 * 2.0 * 10.0;
    c->relative = type == QL_ELEMENT_F16 ? 0x1p-9 : 64 * CASE_ROUNDING;
}

void generate_rms_normalization(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element type = case_type(c, "f32 f32 f32 f16");
    int dims[QL_RANK_LIMIT], part[QL_RANK_LIMIT], inputs[2];

    const int rank = case_shape(c, dims, 1, 4);
    const int axis = case_chance(c, 50) ? rank - 1 : case_between(c, 0, rank - 1);
    inputs[0] = case_operand(c, type, rank, dims, CASE_REAL);
    memcpy(part, dims + axis, (size_t)(rank - axis) * sizeof part[0]);
    const int part_rank = case_chance(c, 15) ? case_narrow(c, part, rank - axis) : rank - axis;
    inputs[1] = case_operand(c, type, part_rank, part, CASE_REAL);
    case_node(c, operator_name, inputs, 2, type);
    if (axis != rank - 1 || case_chance(c, 50)) {
        ql_graph_add_int(&c->graph, "axis", case_spell_axis(c, axis, rank));
    }
    if (case_chance(c, 50)) {
        ql_graph_add_float(&c->graph, "epsilon", case_chance(c, 50) ? 0.125f : 1e-6f);
    }
    if (case_chance(c, 30)) {
        ql_graph_add_int(&c->graph, "stash_type", 1);
    }
    // A sum of squares, a root, a division and a product; in float16 the quotient is rounded before the product.
    c->relative = type == QL_ELEMENT_F16 ? 0x1p-9 : (product(dims + axis, rank - axis) + 8) * CASE_ROUNDING;
    c->absolute = type == QL_ELEMENT_F16 ? 0x1p-23 : 0.0;
}
