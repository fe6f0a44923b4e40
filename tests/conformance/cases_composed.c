// Random cases of the operators that are composed from others' operations, and of convolution, padding, and
// quantization.
// Uses: conformance_case, conformance_operators.
#include <string.h>

#include "conformance_operators.h"

enum { AXES = 2 };

// A function of one operand: its attributes with their defaults, and the tolerance for ONNX Runtime.
static const struct bend {
    const char *name, *attributes[2];
    double relative, absolute;
} bends[] = {
    {"Ceil", {NULL}, 0.0, 0.0},
    {"Celu", {"alpha"}, 4.0 * 0x1p-23, 6e-7},
    {"Elu", {"alpha"}, 4.0 * 0x1p-23, 3e-7},
    {"Floor", {NULL}, 0.0, 0.0},
    {"HardSigmoid", {"alpha", "beta"}, 0x1p-23, 1e-7},
    {"HardSwish", {NULL}, 4.0 * 0x1p-23, 1e-7},
    {"LeakyRelu", {"alpha"}, 0.0, 0.0},
    {"Mish", {NULL}, 8.0 * 0x1p-23, 3e-7},
    {"Reciprocal", {NULL}, 0x1p-23, 0.0},
    {"Round", {NULL}, 0.0, 0.0},
    {"Selu", {"alpha", "gamma"}, 4.0 * 0x1p-23, 6e-7},
    {"Sign", {NULL}, 0.0, 0.0},
    {"Softplus", {NULL}, 4.0 * 0x1p-23, 2e-7},
    {"Softsign", {NULL}, 0x1p-23, 0.0},
    {"Swish", {"alpha"}, 4.0 * 0x1p-23, 4e-7},
    {"ThresholdedRelu", {"alpha"}, 0.0, 0.0},
};

void generate_bend(struct conformance_case *c, const char *operator_name)
{
    const struct bend *bend = bends;
    int dims[QL_RANK_LIMIT];

    while (strcmp(bend->name, operator_name) != 0) {
        bend++;
    }
    c->allows_empty = true;
    const int rank = case_shape(c, dims, 0, 4);
    const int x = case_operand(c, QL_ELEMENT_F32, rank, dims,
                               strcmp(operator_name, "Reciprocal") == 0 ? CASE_NONZERO : CASE_REAL);
    case_node(c, operator_name, &x, 1, QL_ELEMENT_F32);
    for (int k = 0; k < 2 && bend->attributes[k] != NULL; k++) {
        if (case_chance(c, 60)) {
            ql_graph_add_float(&c->graph, bend->attributes[k], (float)case_between(c, 1, 24) / 8.0f);
        }
    }
    c->relative = bend->relative;
    c->absolute = bend->absolute;
}

void generate_sum(struct conformance_case *c, const char *operator_name)
{
    const int count = case_between(c, 1, 4);
    int whole[QL_RANK_LIMIT], dims[QL_RANK_LIMIT], inputs[4];

    c->allows_empty = true;
    const int rank = case_shape(c, whole, 0, 4);
    for (int k = 0; k < count; k++) {
        memcpy(dims, whole, sizeof dims);
        const int narrowed = case_chance(c, 40) ? rank : case_narrow(c, dims, rank);
        inputs[k] = case_operand(c, QL_ELEMENT_F32, narrowed, dims, CASE_GRID);
    }
    case_node(c, operator_name, inputs, count, QL_ELEMENT_F32);
    c->relative = strcmp(operator_name, "Mean") == 0 ? 0x1p-23 : 0.0;
}

void generate_clip(struct conformance_case *c, const char *operator_name)
{
    int dims[QL_RANK_LIMIT], inputs[3] = {-1, -1, -1};
    const float least = (float)case_between(c, -16, 8) / 8.0f, most = least + (float)case_between(c, 0, 16) / 8.0f;
    const bool has_least = case_chance(c, 70), has_most = case_chance(c, 70);

    c->allows_empty = true;
    const int rank = case_shape(c, dims, 0, 4);
    inputs[0] = case_operand(c, QL_ELEMENT_F32, rank, dims, CASE_REAL);
    const bool by_input = c->graph.opset >= 11;
    if (by_input && has_least) {
        inputs[1] = case_given(c, QL_ELEMENT_F32, 0, NULL, &least, case_chance(c, 50));
    }
    if (by_input && has_most) {
        inputs[2] = case_given(c, QL_ELEMENT_F32, 0, NULL, &most, case_chance(c, 50));
    }
    case_node(c, operator_name, inputs, !by_input ? 1 : has_most ? 3 : has_least ? 2 : 1, QL_ELEMENT_F32);
    if (!by_input && has_least) {
        ql_graph_add_float(&c->graph, "min", least);
    }
    if (!by_input && has_most) {
        ql_graph_add_float(&c->graph, "max", most);
    }
}

void generate_prelu(struct conformance_case *c, const char *operator_name)
{
    int dims[QL_RANK_LIMIT], inputs[2];

    const int rank = case_shape(c, dims, 1, 4);
    inputs[0] = case_operand(c, QL_ELEMENT_F32, rank, dims, CASE_REAL);
    inputs[1] = case_operand(c, QL_ELEMENT_F32, case_narrow(c, dims, rank), dims, CASE_REAL);
    case_node(c, operator_name, inputs, 2, QL_ELEMENT_F32);
}

void generate_cast_like(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element from = case_type(c, "f32 f64 f16 s64 s32"), to = case_type(c, "f32 f64 s64 s32");
    const int one = 1;
    int dims[QL_RANK_LIMIT], inputs[2];

    c->allows_empty = true;
    const int rank = case_shape(c, dims, 0, 4);
    inputs[0] = case_operand(c, from, rank, dims, CASE_REAL);
    inputs[1] = case_operand(c, to, 1, &one, CASE_GRID);
    case_node(c, operator_name, inputs, 2, to);
}

// InstanceNormalization, and GroupNormalization, whose scale and B are of groups before version 21.
void generate_group_normalization(struct conformance_case *c, const char *operator_name)
{
    const bool grouped = strcmp(operator_name, "GroupNormalization") == 0;
    const int groups = case_between(c, 1, 3);
    int dims[QL_RANK_LIMIT], inputs[3];

    const int rank = case_shape(c, dims, 3, 4);
    dims[1] = grouped ? groups * case_between(c, 1, 4) : dims[1];
    const int parts = grouped && c->graph.opset < 21 ? groups : dims[1];
    inputs[0] = case_operand(c, QL_ELEMENT_F32, rank, dims, CASE_REAL);
    inputs[1] = case_operand(c, QL_ELEMENT_F32, 1, &parts, CASE_REAL);
    inputs[2] = case_operand(c, QL_ELEMENT_F32, 1, &parts, CASE_REAL);
    case_node(c, operator_name, inputs, 3, QL_ELEMENT_F32);
    if (grouped) {
        ql_graph_add_int(&c->graph, "num_groups", groups);
    }
    // Where all numbers of a channel are near to one another, epsilon decides how much their roundings count.
    ql_graph_add_float(&c->graph, "epsilon", 0.125f);
    c->relative = 64.0 * CASE_ROUNDING;
    c->absolute = 1e-4;
}

void generate_batch_normalization(struct conformance_case *c, const char *operator_name)
{
    int dims[QL_RANK_LIMIT], inputs[5];

    const int rank = case_shape(c, dims, 2, 4);
    inputs[0] = case_operand(c, QL_ELEMENT_F32, rank, dims, CASE_REAL);
    for (int k = 1; k < 5; k++) {
        inputs[k] = case_operand(c, QL_ELEMENT_F32, 1, &dims[1], k == 4 ? CASE_POSITIVE : CASE_REAL);
    }
    case_node(c, operator_name, inputs, 5, QL_ELEMENT_F32);
    if (case_chance(c, 50)) {
        ql_graph_add_float(&c->graph, "epsilon", 0.0009765625f);
    }
    c->relative = 8.0 * 0x1p-23;
    c->absolute = 4e-6;
}

// An index may be out of range on either side, nearby or beyond 32 bits; then no element is hot.
void generate_one_hot(struct conformance_case *c, const char *operator_name)
{
    const int depth = case_between(c, 1, 9), two = 2;
    const int64_t depths = depth;
    int64_t indices[1024];
    int dims[QL_RANK_LIMIT], inputs[3], count = 1;

    const int rank = case_shape(c, dims, 1, 3); // ONNX Runtime refuses a single index
    for (int k = 0; k < rank; k++) {
        count *= dims[k];
    }
    for (int k = 0; k < count && k < 1024; k++) {
        indices[k] = case_between(c, -depth - 1, depth + 1);
        if (case_chance(c, 5)) {
            indices[k] += (int64_t)case_between(c, 1, 9) << 32;
        }
    }
    inputs[0] = case_given(c, QL_ELEMENT_S64, rank, dims, indices, case_chance(c, 20));
    inputs[1] = case_given(c, QL_ELEMENT_S64, 0, NULL, &depths, true);
    inputs[2] = case_operand(c, QL_ELEMENT_F32, 1, &two, CASE_REAL);
    case_node(c, operator_name, inputs, 3, QL_ELEMENT_F32);
    if (case_chance(c, 60)) {
        ql_graph_add_int(&c->graph, "axis", case_spell_axis(c, case_between(c, 0, rank), rank + 1));
    }
}

void generate_gather_elements(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element type = case_type(c, "f32 f64 s64 s32 bool");
    int64_t indices[1024];
    int dims[QL_RANK_LIMIT], narrow[QL_RANK_LIMIT], inputs[2], count = 1;

    const int rank = case_shape(c, dims, 1, 4);
    const int axis = case_between(c, 0, rank - 1);
    for (int k = 0; k < rank; k++) {
        narrow[k] = k == axis ? case_between(c, 1, 4) : case_between(c, 1, dims[k]);
        count *= narrow[k];
        if (count > 1024) {
            count = count / narrow[k];
            narrow[k] = 1;
        }
    }
    for (int k = 0; k < count; k++) {
        indices[k] = case_between(c, -dims[axis], dims[axis] - 1);
    }
    inputs[0] = case_operand(c, type, rank, dims, CASE_REAL);
    inputs[1] = case_given(c, QL_ELEMENT_S64, rank, narrow, indices, case_chance(c, 30));
    case_node(c, operator_name, inputs, 2, type);
    if (axis != 0 || case_chance(c, 50)) {
        ql_graph_add_int(&c->graph, "axis", case_spell_axis(c, axis, rank));
    }
}

// Indices along the axis that are all different for the same other coordinates: which of several updates counts is
// undefined.
void generate_scatter_elements(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element type = case_type(c, "f32 f64 s64 s32 bool");
    int64_t indices[4096];
    int dims[QL_RANK_LIMIT], narrow[QL_RANK_LIMIT], inputs[3], count = 1, inner = 1;

    const int rank = case_shape(c, dims, 1, 4);
    const int axis = case_between(c, 0, rank - 1);
    for (int k = 0; k < rank; k++) {
        narrow[k] = case_between(c, 1, dims[k]);
        narrow[k] = count * narrow[k] > 4096 ? 1 : narrow[k];
        count *= narrow[k];
        inner *= k > axis ? narrow[k] : 1;
    }
    const int shift = case_between(c, 0, dims[axis] - 1), turned = case_between(c, 0, dims[axis]);
    for (int k = 0; k < count; k++) {
        const int place = (k / inner % narrow[axis] + shift) % dims[axis];
        indices[k] = place < turned ? place : place - dims[axis];
    }
    inputs[0] = case_operand(c, type, rank, dims, CASE_REAL);
    inputs[1] = case_given(c, QL_ELEMENT_S64, rank, narrow, indices, case_chance(c, 30));
    inputs[2] = case_operand(c, type, rank, narrow, CASE_REAL);
    case_node(c, operator_name, inputs, 3, type);
    if (axis != 0 || case_chance(c, 50)) {
        ql_graph_add_int(&c->graph, "axis", case_spell_axis(c, axis, rank));
    }
}

// Blocks that are all different: their numbers count up from a random start.
void generate_scatter_nd(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element type = case_type(c, "f32 f64 s64 s32 bool");
    int64_t indices[64];
    int dims[QL_RANK_LIMIT], shape[2], updates[QL_RANK_LIMIT], inputs[3], blocks = 1;

    const int rank = case_shape(c, dims, 1, 4), depth = case_between(c, 1, rank);
    for (int k = 0; k < depth; k++) {
        blocks *= dims[k];
    }
    const int count = case_between(c, 1, blocks < 16 ? blocks : 16), first = case_between(c, 0, blocks - 1);
    for (int i = 0; i < count; i++) {
        for (int k = depth - 1, rest = (first + i) % blocks; k >= 0; rest /= dims[k--]) {
            indices[i * depth + k] = rest % dims[k] - (case_chance(c, 20) ? dims[k] : 0);
        }
    }
    shape[0] = count;
    shape[1] = depth;
    updates[0] = count;
    for (int k = depth; k < rank; k++) {
        updates[1 + k - depth] = dims[k];
    }
    inputs[0] = case_operand(c, type, rank, dims, CASE_REAL);
    inputs[1] = case_given(c, QL_ELEMENT_S64, 2, shape, indices, case_chance(c, 30));
    inputs[2] = case_operand(c, type, 1 + rank - depth, updates, CASE_REAL);
    case_node(c, operator_name, inputs, 3, type);
}

// A batch of blocks at any places.
void generate_gather_nd(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element type = case_type(c, "f32 f64 s64 s32 bool");
    int64_t indices[4096];
    int dims[QL_RANK_LIMIT], shape[QL_RANK_LIMIT], inputs[2], shape_rank = 0, count = 1;

    const int rank = case_shape(c, dims, 1, 4);
    const int batch = c->graph.opset >= 12 && case_chance(c, 40) ? case_between(c, 0, rank - 1) : 0;
    const int depth = case_between(c, 1, rank - batch);
    for (; shape_rank < batch; shape_rank++) {
        shape[shape_rank] = dims[shape_rank] = dims[shape_rank] > 6 ? 6 : dims[shape_rank];
        count *= shape[shape_rank];
    }
    for (int k = case_between(c, 0, 1); k < 2; k++) {
        shape[shape_rank] = case_between(c, 1, 3);
        count *= shape[shape_rank++];
    }
    shape[shape_rank++] = depth;
    for (int i = 0; i < count * depth; i++) {
        const int size = dims[batch + i % depth];
        indices[i] = case_between(c, -size, size - 1);
    }
    inputs[0] = case_operand(c, type, rank, dims, CASE_REAL);
    inputs[1] = case_given(c, QL_ELEMENT_S64, shape_rank, shape, indices, case_chance(c, 30));
    case_node(c, operator_name, inputs, 2, type);
    if (batch != 0 || (c->graph.opset >= 12 && case_chance(c, 30))) {
        ql_graph_add_int(&c->graph, "batch_dims", batch);
    }
}

void generate_pad(struct conformance_case *c, const char *operator_name)
{
    static const char *const modes[] = {"constant", "reflect", "edge", "wrap"};
    const int mode = case_between(c, 0, c->graph.opset >= 19 ? 3 : 2);
    const float fill = (float)case_between(c, -16, 16) / 8.0f;
    int64_t pads[2 * QL_RANK_LIMIT];
    int dims[QL_RANK_LIMIT], inputs[3] = {-1, -1, -1};

    const int rank = case_shape(c, dims, 1, 4);
    for (int k = 0; k < 2 * rank; k++) {
        const int size = dims[k % rank];
        // A reflection must not be longer than what it reflects.
        pads[k] = mode == 0 ? case_between(c, 0, 3) : case_between(c, 0, size - 1 < 3 ? size - 1 : 3);
    }
    inputs[0] = case_operand(c, QL_ELEMENT_F32, rank, dims, CASE_REAL);
    const bool by_input = c->graph.opset >= 11;
    const bool filled = mode == 0 && case_chance(c, 60);
    if (by_input) {
        inputs[1] = case_numbers(c, pads, 2 * rank, false);
        inputs[2] = filled ? case_given(c, QL_ELEMENT_F32, 0, NULL, &fill, case_chance(c, 50)) : -1;
    }
    case_node(c, operator_name, inputs, !by_input ? 1 : filled ? 3 : 2, QL_ELEMENT_F32);
    if (!by_input) {
        ql_graph_add_ints(&c->graph, "pads", pads, 2 * rank);
    }
    if (!by_input && filled) {
        ql_graph_add_float(&c->graph, "value", fill);
    }
    if (mode != 0 || case_chance(c, 40)) {
        ql_graph_add_string(&c->graph, "mode", modes[mode]);
    }
}

void generate_conv(struct conformance_case *c, const char *operator_name)
{
    const int axes = case_between(c, 1, AXES), groups = case_chance(c, 60) ? 1 : case_between(c, 2, 3);
    const int channels = case_between(c, 1, 4), outputs = case_between(c, 1, 4);
    int x[2 + AXES] = {case_between(c, 1, 2), channels * groups}, w[2 + AXES] = {outputs * groups, channels}, inputs[3];
    int64_t strides[AXES], distances[AXES], pads[2 * AXES], kernel[AXES];

    for (int k = 0; k < axes; k++) {
        w[2 + k] = case_between(c, 1, 4);
        strides[k] = case_between(c, 1, 3);
        distances[k] = case_between(c, 1, 2);
        kernel[k] = w[2 + k];
        x[2 + k] = (int)((kernel[k] - 1) * distances[k]) + 1 + case_between(c, 0, 6);
        pads[k] = case_between(c, 0, (int)kernel[k] - 1);
        pads[axes + k] = case_between(c, 0, (int)kernel[k] - 1);
    }
    inputs[0] = case_operand(c, QL_ELEMENT_F32, 2 + axes, x, CASE_GRID);
    inputs[1] = case_operand(c, QL_ELEMENT_F32, 2 + axes, w, CASE_GRID);
    const bool has_bias = case_chance(c, 60);
    if (has_bias) {
        inputs[2] = case_operand(c, QL_ELEMENT_F32, 1, w, CASE_GRID);
    }
    case_node(c, operator_name, inputs, has_bias ? 3 : 2, QL_ELEMENT_F32);
    if (groups > 1 || case_chance(c, 30)) {
        ql_graph_add_int(&c->graph, "group", groups);
    }
    if (case_chance(c, 50)) {
        ql_graph_add_ints(&c->graph, "kernel_shape", kernel, axes);
    }
    if (case_chance(c, 60)) {
        ql_graph_add_ints(&c->graph, "strides", strides, axes);
    }
    // Only the unambiguous forms of ONNX Runtime's automatic padding: without dilation.
    if (case_chance(c, 30)) {
        ql_graph_add_string(&c->graph, "auto_pad",
                            case_chance(c, 50)   ? "SAME_UPPER"
                            : case_chance(c, 50) ? "SAME_LOWER"
                                                 : "VALID");
        return;
    }
    if (case_chance(c, 60)) {
        ql_graph_add_ints(&c->graph, "pads", pads, 2 * axes);
    }
    if (case_chance(c, 60)) {
        ql_graph_add_ints(&c->graph, "dilations", distances, axes);
    }
}

// One scale, or from version 13 on one for each along an axis. Quotients are kept away from the midpoint between two
// integers.
void generate_quantize(struct conformance_case *c, const char *operator_name)
{
    const bool quantizes = strcmp(operator_name, "QuantizeLinear") == 0;
    const enum ql_element type = case_type(c, "u8 s8");
    const bool by_axis = c->graph.opset >= 13 && case_chance(c, 50);
    float scales[64];
    int dims[QL_RANK_LIMIT], inputs[3];

    const int rank = case_shape(c, dims, 1, 4);
    int axis = case_between(c, 0, rank - 1);
    if (dims[axis] > 64) {
        dims[axis] = 64;
    }
    for (int k = 0; k < 64; k++) {
        scales[k] = quantizes ? 0.125f : (float)case_between(c, 1, 64) / 64.0f;
    }
    inputs[0] = case_operand(c, quantizes ? QL_ELEMENT_F32 : type, rank, dims, CASE_GRID);
    inputs[1] = case_given(c, QL_ELEMENT_F32, by_axis ? 1 : 0, &dims[axis], scales, case_chance(c, 50));
    inputs[2] = case_operand(c, type, by_axis ? 1 : 0, &dims[axis], CASE_GRID);
    case_node(c, operator_name, inputs, 3, quantizes ? type : QL_ELEMENT_F32);
    if (by_axis) {
        ql_graph_add_int(&c->graph, "axis", case_spell_axis(c, axis, rank));
    }
    if (c->graph.opset >= 23 && case_chance(c, 30)) {
        ql_graph_add_int(&c->graph, "output_dtype", 0); // the default
    }
}
