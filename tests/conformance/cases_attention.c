// Random cases of transformer operators: Attention, RotaryEmbedding, and TopK.
// Uses: conformance_case, conformance_operators.
#include <string.h>

#include "conformance_operators.h"

// Ties are frequent; the smallest numbers come first if `largest` is 0. With "sorted" 0 the order is open; the
// equivalent graph uses ours.
void generate_top_k(struct conformance_case *c, const char *operator_name)
{
    const int opset = c->graph.opset;
    const enum ql_element type = case_type(c, opset >= 11 ? "f32 f32 f64 s64 s32" : "f32");
    int dims[QL_RANK_LIMIT], inputs[2], results[2];

    const int rank = case_shape(c, dims, 1, 4);
    const int axis = case_chance(c, 50) ? rank - 1 : case_between(c, 0, rank - 1);
    const int64_t K = case_between(c, 1, dims[axis]);
    const bool is_sorted = opset < 11 || case_chance(c, 70);
    inputs[0] = case_operand(c, type, rank, dims, case_chance(c, 50) ? CASE_GRID : CASE_REAL);
    if (opset >= 10) {
        inputs[1] = case_numbers(c, &K, 1, false);
    }
    results[0] = case_result(c, type);
    results[1] = case_result(c, QL_ELEMENT_S64);
    if (!is_sorted) {
        case_twin_init(c);
    }
    const int64_t largest = opset >= 11 && case_chance(c, 40) ? 0 : 1;
    const int spelled = case_spell_axis(c, axis, rank);
    for (int twin = 0; twin < (is_sorted ? 1 : 2); twin++) {
        struct ql_graph *graph = twin ? &c->twin : &c->graph;
        ql_graph_add_node(graph, operator_name, "node", inputs, opset >= 10 ? 2 : 1, results, 2);
        if (axis != rank - 1 || rank > 1) {
            ql_graph_add_int(graph, "axis", opset >= 11 ? spelled : axis);
        }
        if (opset < 10) {
            ql_graph_add_int(graph, "k", K);
        }
        if (largest == 0) {
            ql_graph_add_int(graph, "largest", 0);
        }
        if (!is_sorted) {
            ql_graph_add_int(graph, "sorted", twin);
        }
    }
}

// Positions are given or not; the input has three dimensions or four; all of a head is rotated, or a part.
void generate_rotary_embedding(struct conformance_case *c, const char *operator_name)
{
    const int batch = case_between(c, 1, 3), tokens = case_between(c, 1, 6), heads = case_between(c, 1, 3);
    const int half = case_between(c, 1, 4), rest = case_chance(c, 50) ? 0 : 2 * case_between(c, 1, 2);
    const int size = 2 * half + rest, rows = tokens + case_between(c, 0, 4);
    const bool is_flat = case_chance(c, 50), has_positions = case_chance(c, 50);
    const int shape[] = {batch, heads, tokens, size}, flat[] = {batch, tokens, heads * size};
    const int cache[] = {has_positions ? rows : batch, has_positions ? half : tokens, half};
    int64_t positions[64];
    int inputs[4];

    inputs[0] = case_operand(c, QL_ELEMENT_F32, is_flat ? 3 : 4, is_flat ? flat : shape, CASE_GRID);
    for (int k = 1; k < 3; k++) {
        inputs[k] = case_operand(c, QL_ELEMENT_F32, has_positions ? 2 : 3, cache, CASE_GRID);
    }
    for (int k = 0; k < batch * tokens; k++) {
        positions[k] = case_between(c, 0, rows - 1);
    }
    if (has_positions) {
        const int dims[] = {batch, tokens};
        inputs[3] = case_given(c, QL_ELEMENT_S64, 2, dims, positions, case_chance(c, 30));
    }
    case_node(c, operator_name, inputs, has_positions ? 4 : 3, QL_ELEMENT_F32);
    if (is_flat || case_chance(c, 30)) {
        ql_graph_add_int(&c->graph, "num_heads", heads);
    }
    if (rest > 0 || case_chance(c, 30)) {
        ql_graph_add_int(&c->graph, "rotary_embedding_dim", 2 * half);
    }
    if (case_chance(c, 50)) {
        ql_graph_add_int(&c->graph, "interleaved", 1);
    }
}

// A boolean mask lets each query see the first key, so that no row is masked entirely.
static int add_mask(struct conformance_case *c, int batch, int heads, int tokens, int total)
{
    const int dims[] = {case_chance(c, 50) ? 1 : batch, case_chance(c, 50) ? 1 : heads, tokens, total};
    const int rank = case_between(c, 2, 4);
    uint8_t truth[2048];
    int count = tokens * total;

    for (int k = 4 - rank; k < 2; k++) {
        count *= dims[k];
    }
    if (case_chance(c, 50) || count > (int)sizeof truth) {
        return case_operand(c, QL_ELEMENT_F32, rank, dims + 4 - rank, CASE_REAL);
    }
    for (int k = 0; k < count; k++) {
        truth[k] = k % total == 0 || case_chance(c, 60);
    }
    return case_given(c, QL_ELEMENT_BOOL, rank, dims + 4 - rank, truth, case_chance(c, 30));
}

// Queries with three or four dimensions; keys that several heads share; a past; a mask of either type, or a causal one.
void generate_attention(struct conformance_case *c, const char *operator_name)
{
    const int batch = case_between(c, 1, 2), kv_heads = case_between(c, 1, 3), group = case_between(c, 1, 2);
    const int heads = kv_heads * group, size = case_between(c, 1, 5), value_size = case_between(c, 1, 5);
    const int tokens = case_between(c, 1, 5), past = case_chance(c, 40) ? case_between(c, 1, 4) : 0;
    const bool is_flat = case_chance(c, 50), is_masked = case_chance(c, 50);
    const bool is_causal = !is_masked && case_chance(c, 50);
    const int keys = is_causal ? tokens : case_between(c, 1, 6);
    const int shapes[3][4] = {
        {batch, heads, tokens, size}, {batch, kv_heads, keys, size}, {batch, kv_heads, keys, value_size}};
    int inputs[6] = {-1, -1, -1, -1, -1, -1}, results[4] = {-1, -1, -1, -1}, count = 3;

    for (int k = 0; k < 3; k++) {
        const int flat[] = {batch, shapes[k][2], shapes[k][1] * shapes[k][3]};
        inputs[k] = case_operand(c, QL_ELEMENT_F32, is_flat ? 3 : 4, is_flat ? flat : shapes[k], CASE_REAL);
    }
    if (is_masked) {
        inputs[3] = add_mask(c, batch, heads, tokens, past + keys);
        count = 4;
    }
    for (int k = 0; k < 2 && past > 0; k++) {
        const int dims[] = {batch, kv_heads, past, k == 0 ? size : value_size};
        inputs[4 + k] = case_operand(c, QL_ELEMENT_F32, 4, dims, CASE_REAL);
        count = 6;
    }
    results[0] = case_result(c, QL_ELEMENT_F32);
    for (int k = 1; k < 3 && past > 0; k++) {
        results[k] = case_result(c, QL_ELEMENT_F32);
    }
    ql_graph_add_node(&c->graph, operator_name, "node", inputs, count, results, past > 0 ? 3 : 1);
    if (is_flat) {
        ql_graph_add_int(&c->graph, "q_num_heads", heads);
        ql_graph_add_int(&c->graph, "kv_num_heads", kv_heads);
    }
    if (is_causal) {
        ql_graph_add_int(&c->graph, "is_causal", 1);
    }
    if (case_chance(c, 40)) {
        ql_graph_add_float(&c->graph, "scale", (float)case_between(c, 1, 8) / 8.0f);
    }
    if (!is_masked && !is_causal && case_chance(c, 30)) {
        ql_graph_add_float(&c->graph, "softcap", (float)case_between(c, 1, 16) / 4.0f);
    }
    c->relative = 64.0 * CASE_ROUNDING;
    c->absolute = 4e-6;
}
