// Random cases of matrix products. Most have operands whose products and sums are exact in float, so that any order of
// summation must give exactly the same result; the others allow for the rounding of their sums.
// Uses: conformance_case, conformance_operators.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance_operators.h"

// The percentage of cases with operands whose sums are exact.
enum { EXACT_CHANCE = 75 };

// Terms of at most `bound`: each engine makes at most two roundings per term, of a sum of at most terms * bound.
static void set_sum_tolerance(struct conformance_case *c, int terms, double bound)
{
    c->absolute = 2.0 * 2.0 * (terms + 2) * CASE_ROUNDING * (terms + 2) * bound;
}

static float pick_factor(struct conformance_case *c)
{
    static const float factors[] = {0.0f, 1.0f, -1.0f, 0.5f, 2.0f, -0.25f};
    return factors[case_between(c, 0, 5)];
}

void generate_gemm(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element type = case_type(c, "f32 f32 f32 f32 f32 f32 f16");
    const bool exact = type == QL_ELEMENT_F32 && case_chance(c, EXACT_CHANCE);
    const bool transposes[] = {case_chance(c, 50), case_chance(c, 50)};
    const enum case_content content = exact ? CASE_GRID : CASE_REAL;
    int inputs[3];
    int count = 2;

    c->allows_empty = true;
    const int M = case_size(c);
    const int N = case_chance(c, 40) ? M : case_size(c);
    const int K = case_size(c);
    const int a[] = {transposes[0] ? K : M, transposes[0] ? M : K};
    const int b[] = {transposes[1] ? N : K, transposes[1] ? K : N};
    inputs[0] = case_operand(c, type, 2, a, content);
    inputs[1] = case_operand(c, type, 2, b, content);
    // C is left out (allowed from version 11 on), or broadcasts from any shape that can: taking a column for a row is
    // the fault that square results hide.
    if (c->graph.opset < 11 || case_chance(c, 80)) {
        const int forms[][2] = {{M, N}, {N, 0}, {1, N}, {M, 1}, {1, 1}, {1, 0}, {0, 0}};
        const int ranks[] = {2, 1, 2, 2, 2, 1, 0};
        const int form = case_between(c, 0, 6);
        inputs[count++] = case_operand(c, type, ranks[form], forms[form], content);
    }
    case_node(c, operator_name, inputs, count, type);
    for (int k = 0; k < 2; k++) {
        if (transposes[k] || case_chance(c, 30)) {
            ql_graph_add_int(&c->graph, k == 0 ? "transA" : "transB", transposes[k]);
        }
    }
    for (int k = 0; k < 2; k++) {
        // If there is nothing to sum, ONNX Runtime ignores beta.
        if (case_chance(c, 50) && (k == 0 || K > 0)) {
            const float factor = exact ? pick_factor(c) : (float)case_between(c, -20, 20) * 0.1f;
            ql_graph_add_float(&c->graph, k == 0 ? "alpha" : "beta", factor);
        }
    }
    if (!exact) {
        set_sum_tolerance(c, K, 2.0 * 2.0 * 2.0);
        c->relative = type == QL_ELEMENT_F16 ? 0x1p-10 : 0.0;
    }
}

// Makes a shape that broadcasts with the given one.
static void join_batch(int *shape, int *shape_rank, const int *dims, int rank)
{
    if (rank > *shape_rank) {
        memmove(shape + rank - *shape_rank, shape, (size_t)*shape_rank * sizeof shape[0]);
        for (int axis = 0; axis < rank - *shape_rank; axis++) {
            shape[axis] = 1;
        }
        *shape_rank = rank;
    }
    for (int k = 1; k <= rank; k++) {
        int *size = &shape[*shape_rank - k];
        *size = *size == 1 ? dims[rank - k] : *size;
    }
}

// Both operands of any rank from 1 on; the batch dimensions broadcast.
void generate_matmul(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element type = case_type(c, "f32 f32 f32 f32 f32 f32 f16");
    const bool exact = type == QL_ELEMENT_F32 && case_chance(c, EXACT_CHANCE);
    const enum case_content content = exact ? CASE_GRID : CASE_REAL;
    int batch[QL_RANK_LIMIT];
    int shape[QL_RANK_LIMIT];
    int shape_rank = 0;
    int inputs[2];

    c->allows_empty = true;
    const int batch_rank = case_shape(c, batch, 0, 2);
    const int M = case_size(c);
    const int N = case_size(c);
    const int K = case_size(c);
    const bool vectors[] = {case_chance(c, 20), case_chance(c, 20)};
    for (int k = 0; k < 2; k++) {
        int dims[QL_RANK_LIMIT];
        memcpy(dims, batch, sizeof dims);
        int rank = case_narrow(c, dims, batch_rank);
        if (vectors[k]) {
            rank = 0;
            dims[rank++] = K;
        } else {
            join_batch(shape, &shape_rank, dims, rank);
            dims[rank++] = k == 0 ? M : K;
            dims[rank++] = k == 0 ? K : N;
        }
        inputs[k] = case_operand(c, type, rank, dims, content);
    }
    case_node(c, operator_name, inputs, 2, type);
    if (!vectors[0]) {
        shape[shape_rank++] = M;
    }
    if (!vectors[1]) {
        shape[shape_rank++] = N;
    }
    bool empty = K == 0;
    for (int axis = 0; axis < shape_rank; axis++) {
        empty = empty || shape[axis] == 0;
    }
    // For empty operands ONNX Runtime loses batch dimensions, or returns memory that it never wrote.
    if (empty) {
        case_twin_fill(c, shape_rank, shape, 0);
    }
    if (!exact) {
        set_sum_tolerance(c, K, 2.0 * 2.0);
        c->relative = type == QL_ELEMENT_F16 ? 0x1p-10 : 0.0;
    }
}

enum { EINSUM_LETTERS = 6, EINSUM_AXES = 4 };

static int compare_letters(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

// Letters with sizes, some of them for each operand, now and then one twice, which takes the diagonal; an ellipsis for
// dimensions that broadcast; the result's letters in any order, or left to the operator. ONNX Runtime fails, or crashes,
// where an ellipsis stands for no dimensions, or for less in one operand than in another, and where capital letters have
// no arrow behind them; of one operand, it mixes the axes up that it sums and moves.
void generate_einsum(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element type = case_type(c, "f32 f32 f32 f64 s32 s64");
    const int count = case_between(c, 1, 3);
    const bool exact = count < 3 && case_chance(c, EXACT_CHANCE);
    const bool has_ellipsis = case_chance(c, 30), has_arrow = case_chance(c, 75);
    const char *letters = has_arrow ? "bXaijk" : "bxaijk";
    int sizes[EINSUM_LETTERS], batch[QL_RANK_LIMIT], inputs[3], terms = 1;
    bool used[EINSUM_LETTERS] = {false};
    char equation[80] = "";
    size_t length = 0;

    for (int letter = 0; letter < EINSUM_LETTERS; letter++) {
        sizes[letter] = case_chance(c, 30) ? 3 : case_between(c, 1, 6);
    }
    const int batch_rank = has_ellipsis ? case_shape(c, batch, 1, 2) : 0;
    for (int k = 0; k < count; k++) {
        int dims[QL_RANK_LIMIT], rank = 0;
        const bool takes_ellipsis = has_ellipsis && (k == 0 || case_chance(c, 70));
        if (takes_ellipsis) {
            for (; rank < batch_rank; rank++) {
                dims[rank] = case_chance(c, 25) ? 1 : batch[rank];
            }
            length += (size_t)snprintf(equation + length, sizeof equation - length, "...");
        }
        int64_t order[EINSUM_LETTERS];
        int axes = case_axes(c, order, EINSUM_LETTERS);
        if (count == 1 && has_arrow) {
            qsort(order, (size_t)axes, sizeof order[0], compare_letters);
        }
        axes = axes > EINSUM_AXES ? EINSUM_AXES : axes;
        if (axes > 1 && case_chance(c, 15)) {
            order[axes - 1] = order[0];
        }
        for (int axis = 0; axis < axes; axis++) {
            used[order[axis]] = true;
            dims[rank++] = sizes[order[axis]];
            equation[length++] = letters[order[axis]];
        }
        inputs[k] = case_operand(c, type, rank, dims, exact ? CASE_GRID : CASE_REAL);
        length += (size_t)snprintf(equation + length, sizeof equation - length, "%s",
                                   k + 1 == count       ? ""
                                   : case_chance(c, 50) ? ","
                                                        : " , ");
    }
    if (has_arrow) {
        int64_t order[EINSUM_LETTERS] = {0, 1, 2, 3, 4, 5};
        const int axes = count == 1 ? case_between(c, 0, EINSUM_LETTERS) : case_axes(c, order, EINSUM_LETTERS);
        length += (size_t)snprintf(equation + length, sizeof equation - length, "->%s", has_ellipsis ? "..." : "");
        for (int axis = 0; axis < axes; axis++) {
            if (used[order[axis]]) {
                equation[length++] = letters[order[axis]];
            }
        }
    }
    equation[length] = '\0';
    case_node(c, operator_name, inputs, count, type);
    ql_graph_add_string(&c->graph, "equation", equation);
    for (int letter = 0; letter < EINSUM_LETTERS; letter++) {
        terms *= used[letter] ? sizes[letter] : 1;
    }
    if (!exact) {
        set_sum_tolerance(c, terms, count == 1 ? 2.0 : count == 2 ? 4.0 : 8.0);
    }
}
