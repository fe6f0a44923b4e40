// The graph of a trained model: see model_graph.h. Embedding by Gather, one recurrent node per layer, and Gemm, whose
// sums begin with the bias as the stepper's do.
#include "onnx/model_graph.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx/decoder_graph.h"

enum { NAME_BYTES = 48, STATE_LIMIT = 2 }; // parts of the state of a layer

// Gate k of ONNX is gate order[k] of PyTorch's. ONNX: i, o, f, c and z, r, h. PyTorch: i, f, g, o and r, z, n.
static const struct {
    const char *operator_name;
    int order[4];
} cells[] = {
    [QL_CELL_LSTM] = {"LSTM", {0, 3, 1, 2}},
    [QL_CELL_GRU] = {"GRU", {1, 0, 2}},
    [QL_CELL_RNN] = {"RNN", {0}},
};

static int add_float(struct ql_graph *graph, const char *name, int rank, const int *dims, const float *data)
{
    return ql_graph_add_value(graph, name, QL_ELEMENT_F32, rank, dims, data);
}

// A value that a node computes; its shape is not needed.
static int add_result(struct ql_graph *graph, const char *name)
{
    return ql_graph_add_value(graph, name, QL_ELEMENT_F32, -1, NULL, NULL);
}

// Copies (GH, columns) with the gates in ONNX's order.
static void copy_gates(float *to, const float *from, enum ql_cell cell, int H, int columns)
{
    const size_t gate = (size_t)H * (size_t)columns;
    for (int k = 0; k < ql_cell_gates(cell); k++) {
        memcpy(to + (size_t)k * gate, from + (size_t)cells[cell].order[k] * gate, gate * sizeof to[0]);
    }
}

// Adds W (1, GH, I), R (1, GH, H) and B (1, 2GH) of a layer. `scratch` has room for the largest of them.
static void add_layer_weights(struct ql_graph *graph, const struct ql_model *model, int l, int *values, float *scratch)
{
    const struct ql_dimensions d = model->dimensions;
    const struct ql_recurrent_layer *layer = &model->layers[l].recurrent;
    const int I = l == 0 ? d.E : d.H;
    const int GH = ql_cell_gates(d.cell) * d.H;
    char name[NAME_BYTES];

    copy_gates(scratch, layer->weight_ih, d.cell, d.H, I);
    (void)snprintf(name, sizeof name, "rnn.W_l%d", l);
    values[0] = add_float(graph, name, 3, (const int[]){1, GH, I}, scratch);

    copy_gates(scratch, layer->weight_hh, d.cell, d.H, d.H);
    (void)snprintf(name, sizeof name, "rnn.R_l%d", l);
    values[1] = add_float(graph, name, 3, (const int[]){1, GH, d.H}, scratch);

    copy_gates(scratch, layer->bias_ih, d.cell, d.H, 1);
    copy_gates(scratch + GH, layer->bias_hh, d.cell, d.H, 1);
    (void)snprintf(name, sizeof name, "rnn.B_l%d", l);
    values[2] = add_float(graph, name, 2, (const int[]){1, 2 * GH}, scratch);
}

// Splits a state into one value per layer.
static void add_state_input(struct ql_graph *graph, const struct ql_state_part *part, int *layers)
{
    const int L = part->dims[0];
    char part_name[NAME_BYTES];
    const int state = ql_graph_add_value(graph, part->name, part->type, part->rank, part->dims, NULL);

    ql_graph_add_input(graph, state);
    if (L == 1) {
        layers[0] = state;
        return;
    }
    for (int l = 0; l < L; l++) {
        (void)snprintf(part_name, sizeof part_name, "%s_l%d", part->name, l);
        layers[l] = add_result(graph, part_name);
    }
    (void)snprintf(part_name, sizeof part_name, "split_%s", part->name);
    ql_graph_add_node(graph, "Split", part_name, &state, 1, layers, L);
    ql_graph_add_int(graph, "axis", 0);
}

// The values for the new state of each layer; with one layer, this is the output itself.
static void begin_state_output(struct ql_graph *graph, const struct ql_state_part *part, int *layers)
{
    const int L = part->dims[0];
    char part_name[NAME_BYTES];

    for (int l = 0; l < L; l++) {
        (void)snprintf(part_name, sizeof part_name, "%s_l%d", part->output, l);
        layers[l] = L == 1 ? ql_graph_add_value(graph, part->output, part->type, part->rank, part->dims, NULL)
                           : add_result(graph, part_name);
    }
}

static void end_state_output(struct ql_graph *graph, const struct ql_state_part *part, const int *layers)
{
    const int L = part->dims[0];
    char node_name[NAME_BYTES];
    int state = layers[0];

    if (L > 1) {
        state = ql_graph_add_value(graph, part->output, part->type, part->rank, part->dims, NULL);
        (void)snprintf(node_name, sizeof node_name, "join_%s", part->output);
        ql_graph_add_node(graph, "Concat", node_name, layers, L, &state, 1);
        ql_graph_add_int(graph, "axis", 0);
    }
    ql_graph_add_output(graph, state);
}

// An axes input for Squeeze and Unsqueeze.
static int add_axes(struct ql_graph *graph, const char *name, int count, const int64_t *axes)
{
    return ql_graph_add_value(graph, name, QL_ELEMENT_S64, 1, &count, axes);
}

static void add_layer(struct ql_graph *graph, const struct ql_model *model, int l, int x, int y, const int *before,
                      const int *after, float *scratch)
{
    const struct ql_dimensions d = model->dimensions;
    const bool lstm = d.cell == QL_CELL_LSTM;
    char name[NAME_BYTES];
    int inputs[7] = {x, -1, -1, -1, -1, before[0], before[1]};
    const int outputs[3] = {y, after[0], after[1]};

    add_layer_weights(graph, model, l, inputs + 1, scratch);
    (void)snprintf(name, sizeof name, "rnn_l%d", l);
    ql_graph_add_node(graph, cells[d.cell].operator_name, name, inputs, lstm ? 7 : 6, outputs, lstm ? 3 : 2);
    ql_graph_add_int(graph, "hidden_size", d.H);
    if (d.cell == QL_CELL_GRU) {
        ql_graph_add_int(graph, "linear_before_reset", 1);
    }
}

// Long because it lists the parts of the graph one after another.
enum ql_status ql_model_graph_init(struct ql_graph *graph, const struct ql_model *model, int sequence,
                                   struct ql_error *error)
{
    const struct ql_dimensions d = model->dimensions;
    struct ql_state_layout state = {0};
    const int widest = d.E > d.H ? d.E : d.H;
    float *scratch = d.layer == QL_LAYER_DECODER
                         ? NULL
                         : malloc(4 * (size_t)d.H * (size_t)(widest > 2 ? widest : 2) * sizeof scratch[0]);
    int before[STATE_LIMIT][QL_MODEL_LAYER_LIMIT];
    int after[STATE_LIMIT][QL_MODEL_LAYER_LIMIT] = {{0}};
    char name[NAME_BYTES];

    ql_architecture_graph_state_add(&state, &d);
    assert(sequence >= 0 && d.L >= 1 && d.L <= QL_MODEL_LAYER_LIMIT);
    if (scratch == NULL && d.layer != QL_LAYER_DECODER) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to export the model");
    }
    ql_graph_init(graph, "quillet", QL_MODEL_OPSET);
    const int length = sequence > 0 ? sequence : -1;
    const int tokens = ql_graph_add_value(graph, "tokens", QL_ELEMENT_S64, 2, (const int[]){length, 1}, NULL);
    const int logits = add_float(graph, "logits", 3, (const int[]){length, 1, d.V}, NULL);
    if (!graph->arena.exhausted && sequence == 0) {
        graph->values[tokens].dim_names[0] = "sequence";
        graph->values[logits].dim_names[0] = "sequence";
    }
    ql_graph_add_input(graph, tokens);
    ql_graph_add_output(graph, logits);
    if (d.layer == QL_LAYER_DECODER) {
        ql_decoder_graph_add(graph, model, &state, tokens, logits);
        return ql_graph_check(graph, error);
    }
    assert(state.part_count <= STATE_LIMIT);
    for (int s = 0; s < state.part_count; s++) {
        add_state_input(graph, &state.parts[s], before[s]);
        begin_state_output(graph, &state.parts[s], after[s]);
    }

    int x = add_result(graph, "embedded");
    const int embedding = add_float(graph, "embedding.weight", 2, (const int[]){d.V, d.E}, model->embedding);
    ql_graph_add_node(graph, "Gather", "embedding", (const int[]){embedding, tokens}, 2, &x, 1);
    const int direction_axis = add_axes(graph, "axes_direction", 1, (const int64_t[]){1});
    const int both_axes = add_axes(graph, "axes_direction_batch", 2, (const int64_t[]){1, 2});
    for (int l = 0; l < d.L; l++) {
        // Y is (sequence, 1, 1, H); the next layer needs (sequence, 1, H), the output layer (sequence, H).
        (void)snprintf(name, sizeof name, "rnn_y_l%d", l);
        const int y = add_result(graph, name);
        const bool has_second = state.part_count > 1;
        add_layer(graph, model, l, x, y, (const int[]){before[0][l], has_second ? before[1][l] : -1},
                  (const int[]){after[0][l], has_second ? after[1][l] : -1}, scratch);
        (void)snprintf(name, sizeof name, "rnn_out_l%d", l);
        x = add_result(graph, name);
        (void)snprintf(name, sizeof name, "squeeze_l%d", l);
        ql_graph_add_node(graph, "Squeeze", name, (const int[]){y, l < d.L - 1 ? direction_axis : both_axes}, 2, &x, 1);
    }
    const int weight = add_float(graph, "output.weight", 2, (const int[]){d.V, d.H}, model->output_weight);
    const int bias = add_float(graph, "output.bias", 1, &d.V, model->output_bias);
    const int flat = add_result(graph, "logits_flat");
    ql_graph_add_node(graph, "Gemm", "output", (const int[]){x, weight, bias}, 3, &flat, 1);
    ql_graph_add_int(graph, "transB", 1);
    ql_graph_add_node(graph, "Unsqueeze", "unsqueeze", (const int[]){flat, direction_axis}, 2, &logits, 1);
    for (int s = 0; s < state.part_count; s++) {
        end_state_output(graph, &state.parts[s], after[s]);
    }
    free(scratch);
    return ql_graph_check(graph, error);
}
