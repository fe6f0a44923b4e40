// Random cases of LSTM, GRU and RNN: every attribute over its range, every optional input and output present or not.
// Uses: conformance_case, conformance_operators.
#include <string.h>

#include "conformance_operators.h"

enum { ACTIVATION_LIMIT = 6, INPUT_LIMIT = 8, OUTPUT_LIMIT = 3 };

struct parameters {
    int count;
    float numbers[ACTIVATION_LIMIT];
};

// A recurrent node as drawn.
struct layer {
    const char *name;
    int gates, cell_activations;
    bool is_lstm, is_gru;
    int T, B, I, H, D;
    int inputs[INPUT_LIMIT], input_count;
    int outputs[OUTPUT_LIMIT], output_count;
    const char *direction;
    enum case_content weights;
    const char *activations[ACTIVATION_LIMIT];
    int activation_count;                   // 0: the defaults
    struct parameters given[2], spelled[2]; // alphas, betas
    float clip;                             // 0: none
    bool input_forget, linear_before_reset, batch_first;
};

static const struct {
    const char *name;
    int parameters;    // none, alpha, or alpha and beta
    float alpha, beta; // defaults; the last two functions have none
} functions[] = {
    {"Relu", 0, 0.0f, 0.0f},
    {"Tanh", 0, 0.0f, 0.0f},
    {"Sigmoid", 0, 0.0f, 0.0f},
    {"Softsign", 0, 0.0f, 0.0f},
    {"Softplus", 0, 0.0f, 0.0f},
    {"LeakyRelu", 1, 0.01f, 0.0f},
    {"ThresholdedRelu", 1, 1.0f, 0.0f},
    {"Elu", 1, 1.0f, 0.0f},
    {"HardSigmoid", 2, 0.2f, 0.5f},
    {"Affine", 2, 0.0f, 0.0f},
    {"ScaledTanh", 2, 0.0f, 0.0f},
};

static bool is_rnn(const struct layer *layer)
{
    return !layer->is_lstm && !layer->is_gru;
}

// Draws functions and their parameters: each list has a number for each function that uses one, in order, and may end
// early, so that defaults apply. Each function's parameters are spelled out for ONNX Runtime, which has other defaults
// (0 for ThresholdedRelu, and for all in RNN), and whose RNN needs a number for each function, used or not.
static void draw_activations(struct conformance_case *c, struct layer *layer)
{
    bool gives[] = {case_chance(c, 60), case_chance(c, 60)};

    layer->activation_count = layer->cell_activations * layer->D;
    for (int k = 0; k < layer->activation_count; k++) {
        const int f = case_between(c, 0, gives[0] && gives[1] ? 10 : 8);
        float values[] = {functions[f].alpha, functions[f].beta};
        layer->activations[k] = functions[f].name;
        for (int p = 0; p < 2; p++) {
            struct parameters *given = &layer->given[p];
            struct parameters *spelled = &layer->spelled[p];
            if (p < functions[f].parameters && gives[p]) {
                values[p] = 0.03f + (float)case_between(c, 1, 9) / 10.0f;
                given->numbers[given->count++] = values[p];
                gives[p] = case_chance(c, 90);
            }
            if (p < functions[f].parameters || is_rnn(layer)) {
                spelled->numbers[spelled->count++] = values[p];
            }
        }
    }
}

static void draw_layer(struct conformance_case *c, struct layer *layer, const char *operator_name)
{
    static const char *const directions[] = {"forward", "reverse", "bidirectional"};
    const int direction = case_between(c, 0, 2);

    *layer = (struct layer){.name = operator_name, .gates = 1, .cell_activations = 1, .weights = CASE_WEIGHT};
    layer->is_lstm = strcmp(operator_name, "LSTM") == 0;
    layer->is_gru = strcmp(operator_name, "GRU") == 0;
    if (layer->is_lstm) {
        layer->gates = 4;
        layer->cell_activations = 3;
    } else if (layer->is_gru) {
        layer->gates = 3;
        layer->cell_activations = 2;
    }
    layer->direction = directions[direction];
    layer->D = direction == 2 ? 2 : 1;
    layer->T = case_size(c);
    layer->B = case_size(c);
    layer->I = case_size(c);
    layer->H = case_size(c);
    layer->batch_first = c->graph.opset >= 14 && case_chance(c, 25);
    // Never 1, because a clipped state would be exactly at ThresholdedRelu's threshold: ONNX's text for these operators
    // lets it pass there (x >= alpha), as we do; ONNX Runtime does not.
    layer->clip = case_chance(c, 35) ? 0.05f + (float)case_between(c, 0, 8) / 4.0f : 0.0f;
    layer->input_forget = layer->is_lstm && case_chance(c, 20);
    layer->linear_before_reset = layer->is_gru && case_chance(c, 50);
    if (case_chance(c, 50)) {
        draw_activations(c, layer);
        // Functions without bounds let a state grow from step to step, until ONNX Runtime's Softplus overflows.
        layer->T = layer->T > 3 ? 3 : layer->T;
        layer->weights = CASE_LIGHT;
    }
}

static int add_state(struct conformance_case *c, const struct layer *layer)
{
    const int dims[] = {layer->D, layer->B, layer->H};
    const int batch_first[] = {layer->B, layer->D, layer->H};
    return case_operand(c, QL_ELEMENT_F32, 3, layer->batch_first ? batch_first : dims, CASE_WEIGHT);
}

// Not 0: the specification does not define the last state after no steps. Ours is the initial one, ONNX Runtime's 0.
static int add_lengths(struct conformance_case *c, const struct layer *layer)
{
    int32_t *lengths = ql_arena_take(&c->arena, (size_t)layer->B, sizeof lengths[0]);

    for (int b = 0; b < layer->B && lengths != NULL; b++) {
        lengths[b] = case_chance(c, 40) ? layer->T : case_between(c, 1, layer->T);
    }
    return case_given(c, QL_ELEMENT_S32, 1, &layer->B, lengths, case_chance(c, 30));
}

static void add_operands(struct conformance_case *c, struct layer *layer)
{
    const int D = layer->D;
    const int G = layer->gates;
    const int H = layer->H;
    const int x[] = {layer->batch_first ? layer->B : layer->T, layer->batch_first ? layer->T : layer->B, layer->I};
    const int last = layer->is_lstm ? 7 : 5;

    layer->inputs[0] = case_operand(c, QL_ELEMENT_F32, 3, x, CASE_REAL);
    layer->inputs[1] = case_operand(c, QL_ELEMENT_F32, 3, (const int[]){D, G * H, layer->I}, layer->weights);
    layer->inputs[2] = case_operand(c, QL_ELEMENT_F32, 3, (const int[]){D, G * H, H}, layer->weights);
    layer->input_count = 3;
    for (int k = 3; k <= last; k++) {
        layer->inputs[k] = -1;
        if (case_chance(c, 50)) {
            continue;
        }
        layer->inputs[k] = k == 3   ? case_operand(c, QL_ELEMENT_F32, 2, (const int[]){D, 2 * G * H}, CASE_WEIGHT)
                           : k == 4 ? add_lengths(c, layer)
                           : k <= 6 ? add_state(c, layer)
                                    : case_operand(c, QL_ELEMENT_F32, 2, (const int[]){D, 3 * H}, CASE_WEIGHT);
        layer->input_count = k + 1;
    }
    const int results = layer->is_lstm ? 3 : 2;
    while (layer->output_count == 0) {
        for (int k = 0; k < results; k++) {
            layer->outputs[k] = -1;
            if (case_chance(c, 70)) {
                layer->outputs[k] = case_result(c, QL_ELEMENT_F32);
                layer->output_count = k + 1;
            }
        }
    }
}

static void add_attributes(struct ql_graph *graph, const struct layer *layer, const struct parameters *parameters,
                           bool with_defaults)
{
    ql_graph_add_int(graph, "hidden_size", layer->H);
    if (with_defaults || strcmp(layer->direction, "forward") != 0) {
        ql_graph_add_string(graph, "direction", layer->direction);
    }
    if (layer->activation_count > 0) {
        ql_graph_add_strings(graph, "activations", layer->activations, layer->activation_count);
    }
    for (int p = 0; p < 2; p++) {
        if (parameters[p].count > 0) {
            ql_graph_add_floats(graph, p == 0 ? "activation_alpha" : "activation_beta", parameters[p].numbers,
                                parameters[p].count);
        }
    }
    if (layer->clip > 0.0f) {
        ql_graph_add_float(graph, "clip", layer->clip);
    }
    if (layer->is_lstm && (with_defaults || layer->input_forget)) {
        ql_graph_add_int(graph, "input_forget", layer->input_forget);
    }
    if (layer->is_gru && (with_defaults || layer->linear_before_reset)) {
        ql_graph_add_int(graph, "linear_before_reset", layer->linear_before_reset);
    }
}

static int add_transposed(struct ql_graph *graph, const char *name, int from, int to, const int64_t *order, int rank)
{
    if (to < 0) {
        to = ql_graph_add_value(graph, name, QL_ELEMENT_F32, -1, NULL, NULL);
    }
    ql_graph_add_node(graph, "Transpose", name, &from, 1, &to, 1);
    ql_graph_add_ints(graph, "perm", order, rank);
    return to;
}

// ONNX Runtime has no layout 1, so its graph has layout 0, between transpositions if the layout is 1.
static void add_twin(struct conformance_case *c, const struct layer *layer)
{
    static const int64_t swap[] = {1, 0, 2};
    static const int64_t sequence_last[] = {2, 0, 1, 3}; // (T, D, B, H) to (B, T, D, H)
    static const char *const input_names[] = {"tx", "", "", "", "", "th", "tc"};
    static const char *const output_names[] = {"ty", "tyh", "tyc"};
    int inputs[INPUT_LIMIT];
    int outputs[OUTPUT_LIMIT];

    case_twin_init(c);
    memcpy(inputs, layer->inputs, sizeof inputs);
    for (int k = 0; k < layer->input_count; k++) {
        if (layer->batch_first && (k == 0 || k == 5 || k == 6) && inputs[k] >= 0) {
            inputs[k] = add_transposed(&c->twin, input_names[k], inputs[k], -1, swap, 3);
        }
    }
    for (int k = 0; k < layer->output_count; k++) {
        outputs[k] = layer->outputs[k];
        if (layer->batch_first && outputs[k] >= 0) {
            outputs[k] = ql_graph_add_value(&c->twin, output_names[k], QL_ELEMENT_F32, -1, NULL, NULL);
        }
    }
    ql_graph_add_node(&c->twin, layer->name, "node", inputs, layer->input_count, outputs, layer->output_count);
    add_attributes(&c->twin, layer, layer->spelled, false);
    for (int k = 0; k < layer->output_count; k++) {
        if (layer->outputs[k] != outputs[k]) {
            (void)add_transposed(&c->twin,
                                 k == 0   ? "by"
                                 : k == 1 ? "byh"
                                          : "byc",
                                 outputs[k], layer->outputs[k], k == 0 ? sequence_last : swap, k == 0 ? 4 : 3);
        }
    }
}

void generate_recurrent(struct conformance_case *c, const char *operator_name)
{
    struct layer layer;

    draw_layer(c, &layer, operator_name);
    add_operands(c, &layer);
    ql_graph_add_node(&c->graph, operator_name, "node", layer.inputs, layer.input_count, layer.outputs,
                      layer.output_count);
    add_attributes(&c->graph, &layer, layer.given, case_chance(c, 30));
    if (layer.batch_first) {
        ql_graph_add_int(&c->graph, "layout", 1);
    }
    if (layer.batch_first || layer.activation_count > 0) {
        add_twin(c, &layer);
    }
    // ONNX Runtime's own sigmoid and tanh have errors of about 1e-7, and a state carries them on for up to 19 steps.
    c->absolute = 1e-6;
    c->relative = 2e-6;
}
