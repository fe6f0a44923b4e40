// Finds the language model in a graph: see model_reader.h. The pattern is searched among the kernel calls, where
// shapes, layouts and constants are known, and not among the nodes, of which many spellings exist.
// Uses: base, device, onnx, quantize/float_model.h, engine/text_session.h.
#include "engine/model_reader.h"

#include <math.h>
#include <string.h>

#include "device/matvec.h"
#include "engine/text_session.h"
#include "onnx/model_roles.h"

enum { CHECK_TOKENS = 64 };

// How far what was found may be from the graph, in units of the greatest logit, or of 1: it sums in another order.
static const float check_tolerance = 1e-4f;

// Where the calls of a cell have what. The weights are in the layout of device/.
static const struct cell_call {
    enum ql_kernel_id kernel;
    enum ql_cell cell;
    int x, w_ih, w_hh, bias_ih, bias_hh; // buffers; -1 where there is none
} cell_calls[] = {
    {QL_KERNEL_LSTM_F32, QL_CELL_LSTM, 4, 7, 8, 9, -1},
    {QL_KERNEL_GRU_F32, QL_CELL_GRU, 3, 5, 6, 7, 8},
    {QL_KERNEL_RNN_F32, QL_CELL_RNN, 3, 5, 6, 7, -1},
};

struct reader {
    struct ql_float_model *model;
    const struct ql_graph *graph;
    const struct ql_descriptor *descriptor;
    struct ql_text_session session;         // on the graph
    int layer_inputs[QL_MODEL_LAYER_LIMIT]; // the program's value that is a layer's input
    const struct ql_kernel_call *first;     // the first layer
    struct ql_error *error;
};

static const struct ql_node *node_of(const struct reader *reader, const struct ql_kernel_call *call)
{
    return &reader->graph->nodes[call->node];
}

static enum ql_status fail(const struct reader *reader, const struct ql_kernel_call *call, const char *reason)
{
    const struct ql_node *node = node_of(reader, call);
    return ql_error_write(
        reader->error, QL_ERROR_INPUT,
        "node '%s' (%s): %s. Models with an integer form are embedding, LSTM, GRU or RNN layers, and a "
        "linear output",
        node->name, node->operator_name, reason);
}

// A copy of a constant of `count` floats, or NULL when it is none.
static float *copy_constant(const struct reader *reader, int value, int count)
{
    const struct ql_program *program = &reader->session.engine.program;

    if (value < 0 || ql_program_root(program, value)->storage != QL_STORAGE_CONSTANT ||
        program->values[value].type != QL_ELEMENT_F32 || program->values[value].count != count) {
        return NULL;
    }
    float *copy = ql_arena_take(&reader->model->arena, (size_t)count, sizeof *copy);
    if (copy != NULL) {
        memcpy(copy, reader->session.engine.addresses[value], (size_t)count * sizeof *copy);
    }
    return copy;
}

static const struct cell_call *find_cell(const struct ql_kernel_call *call)
{
    for (size_t k = 0; k < sizeof cell_calls / sizeof cell_calls[0]; k++) {
        if (call->kernel == &ql_kernels[cell_calls[k].kernel]) {
            return &cell_calls[k];
        }
    }
    return NULL;
}

static const char *copy_name(struct reader *reader, const char *name)
{
    char *copy = ql_arena_take(&reader->model->arena, strlen(name) + 1, 1);
    return copy == NULL ? "" : strcpy(copy, name);
}

static enum ql_status add_layer(struct reader *reader, const struct ql_kernel_call *call, const struct cell_call *cell)
{
    struct ql_float_model *model = reader->model;
    const int I = call->ints[1], H = call->ints[2], columns = ql_cell_gates(cell->cell) * H;

    if (model->L == QL_MODEL_LAYER_LIMIT) {
        return fail(reader, call, "there are more layers than 8");
    }
    if (model->L > 0 && (cell->cell != model->cell || I != model->layers[model->L - 1].H)) {
        return fail(reader, call, "the layers are not of one kind, or do not follow one another");
    }
    model->cell = cell->cell;
    struct ql_float_layer *layer = &model->layers[model->L];
    layer->name = copy_name(reader, node_of(reader, call)->name);
    layer->I = model->L == 0 ? 0 : I;
    layer->H = H;
    layer->w_ih = copy_constant(reader, call->buffers[cell->w_ih], I * columns);
    layer->w_hh = copy_constant(reader, call->buffers[cell->w_hh], H * columns);
    layer->bias_ih = copy_constant(reader, call->buffers[cell->bias_ih], columns);
    layer->bias_hh = cell->bias_hh < 0 ? NULL : copy_constant(reader, call->buffers[cell->bias_hh], columns);
    if (layer->w_ih == NULL || layer->w_hh == NULL || layer->bias_ih == NULL ||
        (cell->bias_hh >= 0 && layer->bias_hh == NULL)) {
        return fail(reader, call, "its weights are not constants");
    }
    reader->layer_inputs[model->L++] = call->buffers[cell->x];
    return QL_OK;
}

static enum ql_status add_output(struct reader *reader, const struct ql_kernel_call *call)
{
    struct ql_float_model *model = reader->model;
    const int H = model->layers[model->L - 1].H, V = model->V;

    if (model->output_weight != NULL || call->ints[0] != 1 || call->ints[1] != H || call->ints[2] != V) {
        return fail(reader, call, "it is not the one output, from the last layer to the vocabulary");
    }
    model->output_name = copy_name(reader, node_of(reader, call)->name);
    model->output_weight = copy_constant(reader, call->buffers[2], H * V);
    model->output_bias = call->buffers[3] < 0 ? ql_arena_take(&model->arena, (size_t)V, sizeof(float))
                                              : copy_constant(reader, call->buffers[3], V);
    if (model->output_weight == NULL || model->output_bias == NULL) {
        return fail(reader, call, "its weights are not constants, or its bias is not one number for each symbol");
    }
    return QL_OK;
}

// A bias that is added after the product.
static enum ql_status add_output_bias(struct reader *reader, const struct ql_kernel_call *call)
{
    struct ql_float_model *model = reader->model;
    const struct ql_operation *add = ql_operation_find("ql_add_f32");
    float *bias = copy_constant(reader, call->buffers[1], model->V);

    bias = bias == NULL ? copy_constant(reader, call->buffers[2], model->V) : bias;
    if (model->output_weight == NULL || call->operations[0] != add || bias == NULL) {
        return fail(reader, call, "it has no integer form");
    }
    for (int v = 0; v < model->V; v++) {
        bias[v] += model->output_bias[v];
    }
    model->output_bias = bias;
    return QL_OK;
}

// Everything before the first layer is a function of the token, and is run instead of understood.
static enum ql_status find_parts(struct reader *reader)
{
    const struct ql_program *program = &reader->session.engine.program;
    enum ql_status status = QL_OK;

    for (int i = 0; i < program->call_count && status == QL_OK; i++) {
        const struct ql_kernel_call *call = &program->calls[i];
        const struct cell_call *cell = find_cell(call);
        if (cell != NULL) {
            reader->first = reader->model->L == 0 ? call : reader->first;
            status = add_layer(reader, call, cell);
        } else if (call->kernel == &ql_kernels[QL_KERNEL_LSTM_GENERAL_F32] ||
                   call->kernel == &ql_kernels[QL_KERNEL_GRU_GENERAL_F32] ||
                   call->kernel == &ql_kernels[QL_KERNEL_RNN_GENERAL_F32]) {
            status =
                fail(reader, call,
                     "it has an option that has no integer form (direction, peepholes, clip, other activations, or "
                     "a GRU without linear_before_reset)");
        } else if (reader->model->L == 0 || call->kernel == &ql_kernels[QL_KERNEL_COPY] ||
                   call->kernel == &ql_kernels[QL_KERNEL_GATHER]) {
            continue;
        } else if (call->kernel == &ql_kernels[QL_KERNEL_GEMM_F32]) {
            status = add_output(reader, call);
        } else if (call->kernel == &ql_kernels[QL_KERNEL_BINARY_F32]) {
            status = add_output_bias(reader, call);
        } else {
            status = fail(reader, call, "it has no integer form");
        }
    }
    if (status == QL_OK && (reader->model->L == 0 || reader->model->output_weight == NULL)) {
        status = ql_error_write(reader->error, QL_ERROR_INPUT,
                                "the model has no %s. Models with an integer form are embedding, LSTM, GRU or RNN "
                                "layers, and a linear output",
                                reader->model->L == 0 ? "recurrent layer" : "linear output");
    }
    return status;
}

// What each token gives to the first layer.
static enum ql_status read_inputs(struct reader *reader)
{
    struct ql_float_model *model = reader->model;
    struct ql_float_layer *layer = &model->layers[0];
    const int I = reader->first->ints[1], columns = ql_cell_gates(model->cell) * layer->H;
    float *inputs = ql_arena_take(&model->arena, (size_t)model->V, (size_t)columns * sizeof *inputs);
    enum ql_status status = QL_OK;

    if (inputs == NULL) {
        return ql_error_write(reader->error, QL_ERROR_SYSTEM, "not enough memory for the model");
    }
    for (int v = 0; v < model->V && status == QL_OK; v++) {
        ql_text_session_reset(&reader->session);
        status = ql_text_session_step(&reader->session, v, reader->error);
        if (status == QL_OK) {
            ql_matvec_f32(inputs + (ptrdiff_t)v * columns, reader->session.engine.addresses[reader->layer_inputs[0]],
                          layer->w_ih, I, columns);
        }
    }
    layer->w_ih = NULL;
    model->inputs = inputs;
    return status;
}

// Runs what was found beside the graph, over tokens in a fixed disorder, with the state kept.
static enum ql_status check(struct reader *reader)
{
    struct ql_float_model *model = reader->model;
    struct ql_float_reader found;
    uint32_t random = 1;
    enum ql_status status = ql_float_reader_init(&found, model, reader->error);

    ql_text_session_reset(&reader->session);
    for (int t = 0; t < CHECK_TOKENS && status == QL_OK; t++) {
        random = random * 1664525u + 1013904223u;
        const int token = (int)((random >> 16) % (uint32_t)model->V);
        ql_float_reader_step(&found, token);
        status = ql_text_session_step(&reader->session, token, reader->error);
        const float *logits = reader->session.logits;
        float magnitude = 1.0f, difference = 0.0f;
        for (int v = 0; v < model->V; v++) {
            magnitude = fmaxf(magnitude, fabsf(logits[v]));
            difference = fmaxf(difference, fabsf(logits[v] - found.logits[v]));
        }
        if (status == QL_OK && !(difference <= check_tolerance * magnitude)) {
            status =
                ql_error_write(reader->error, QL_ERROR_INPUT,
                               "the model does something else than its layers in a row, with a linear output: "
                               "after %d tokens the logits of these differ from its own by %.3g. It has no integer "
                               "form",
                               t + 1, (double)difference);
        }
    }
    ql_float_reader_free(&found);
    return status;
}

enum ql_status ql_model_reader_read(struct ql_float_model *model, const struct ql_graph *graph,
                                    const struct ql_descriptor *descriptor, struct ql_error *error)
{
    struct reader reader = {.model = model, .graph = graph, .descriptor = descriptor, .error = error};
    struct ql_model_roles roles;
    char name[QL_ROLE_NAME_BYTES];
    enum ql_status status;

    *model = (struct ql_float_model){.V = descriptor->symbol_count, .rules = ql_descriptor_text_rules(descriptor)};
    if ((status = ql_model_roles_init(&roles, graph, descriptor, error)) != QL_OK) {
        return status;
    }
    const struct ql_binding binding = ql_model_roles_binding(&roles, graph, 1, name);
    const struct ql_program_options options = {
        .bindings = &binding, .binding_count = 1, .default_size = 1, .keep_values = true};
    if ((status = ql_text_session_open_graph(&reader.session, graph, &options, descriptor, error)) == QL_OK &&
        (status = find_parts(&reader)) == QL_OK && (status = read_inputs(&reader)) == QL_OK && model->arena.exhausted) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the model");
    }
    if (status == QL_OK) {
        status = check(&reader);
    }
    ql_text_session_close(&reader.session);
    if (status != QL_OK) {
        ql_float_model_free(model);
    }
    return status;
}
