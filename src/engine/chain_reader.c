// Finds the language model in a graph: see chain_reader.h. The pattern is searched for among the kernel calls, where
// shapes, layouts, and constants are known, and not among the nodes, where it has many spellings.
// Uses: base, device, model/{chain,stepper}, onnx, engine/text_session.
#include "engine/chain_reader.h"

#include <math.h>
#include <string.h>

#include "engine/decoder_reader.h"
#include "engine/text_session.h"
#include "model/stepper.h"
#include "onnx/model_roles.h"
#include "onnx/recurrent_call.h"

// The tokens over which the chain is compared with the graph: for a decoder after those that fill its context, and again
// at each far position.
enum { CHECK_TOKENS = 64, FAR_TOKENS = 4 };

// How many contexts a decoder's position is moved on for a far position. A position that stops before the last of these, or
// that starts over, is found out: being primes, they lie at different places of any period but one that divides the
// context, which the tokens before them pass through.
static const int64_t far_contexts[] = {10007, INT64_C(2147483647)};

// How much the logits of the chain may differ from the graph's, relative to the greatest logit, or to 1: the graph sums
// in another order.
static const float check_tolerance = 1e-4f;

struct reader {
    struct ql_chain *chain;
    const struct ql_graph *graph;
    const struct ql_descriptor *descriptor;
    const struct ql_program_options *options; // for a token
    struct ql_text_session session;           // on the graph
    int input;                                // the program's value that is the first layer's input
    bool has_bias;                            // the output's product begins with a bias
    struct ql_error *error;
};

static const struct ql_node *node_of(const struct reader *reader, const struct ql_kernel_call *call)
{
    return &reader->graph->nodes[call->node];
}

static enum ql_status fail(const struct reader *reader, const struct ql_kernel_call *call, const char *reason)
{
    const struct ql_node *node = node_of(reader, call);
    return ql_error_write(reader->error, QL_ERROR_INPUT,
                          "node '%s' (%s): %s. Models with an integer form consist of an embedding, LSTM, GRU or RNN "
                          "layers, and a linear output",
                          node->name, node->operator_name, reason);
}

// A copy of a constant of `count` floats, or NULL if it is not one.
static float *copy_constant(const struct reader *reader, int value, int count)
{
    const struct ql_program *program = &reader->session.engine.program;
    const float *constant = ql_program_floats(program, value);

    if (constant == NULL || program->values[value].count != count) {
        return NULL;
    }
    float *copy = ql_arena_take(&reader->chain->arena, (size_t)count, sizeof *copy);
    if (copy != NULL) {
        memcpy(copy, constant, (size_t)count * sizeof *copy);
    }
    return copy;
}

static const char *copy_name(struct reader *reader, const char *name)
{
    const size_t bytes = strlen(name) + 1;
    char *copy = ql_arena_take(&reader->chain->arena, bytes, 1);
    return copy == NULL ? "" : memcpy(copy, name, bytes);
}

static enum ql_status add_layer(struct reader *reader, const struct ql_kernel_call *call,
                                const struct ql_recurrent_call *form)
{
    struct ql_chain *chain = reader->chain;
    const int I = call->ints[1], H = call->ints[2], columns = ql_cell_gates(form->cell) * H;

    if (chain->L == QL_MODEL_LAYER_LIMIT) {
        return fail(reader, call, "there are more layers than 8");
    }
    if (chain->L > 0 && (form->cell != chain->layers[0].recurrent.cell || I != chain->layers[chain->L - 1].H)) {
        return fail(reader, call, "the layers are not of one kind, or do not follow one another");
    }
    const struct ql_recurrent_weights weights = {
        .cell = form->cell,
        .w_ih = copy_constant(reader, call->buffers[form->w_ih], I * columns),
        .w_hh = copy_constant(reader, call->buffers[form->w_hh], H * columns),
        .bias_ih = copy_constant(reader, call->buffers[form->bias_ih], columns),
        .bias_hh = form->bias_hh < 0 ? NULL : copy_constant(reader, call->buffers[form->bias_hh], columns),
    };
    if (weights.w_ih == NULL || weights.w_hh == NULL || weights.bias_ih == NULL ||
        (form->bias_hh >= 0 && weights.bias_hh == NULL)) {
        return fail(reader, call, "its weights are not constants");
    }
    if (chain->L == 0) {
        reader->input = call->buffers[form->x];
    }
    chain->layers[chain->L++] = (struct ql_chain_layer){.kind = QL_LAYER_RECURRENT,
                                                        .name = copy_name(reader, node_of(reader, call)->name),
                                                        .I = I,
                                                        .H = H,
                                                        .recurrent = weights};
    return QL_OK;
}

static enum ql_status add_output(struct reader *reader, const struct ql_kernel_call *call)
{
    struct ql_chain *chain = reader->chain;
    const int H = chain->layers[chain->L - 1].H, V = chain->V;

    if (chain->output_weight != NULL || call->ints[0] != 1 || call->ints[1] != H || call->ints[2] != V) {
        return fail(reader, call, "it is not the one output, from the last layer to the vocabulary");
    }
    chain->output_name = copy_name(reader, node_of(reader, call)->name);
    chain->output_weight = copy_constant(reader, call->buffers[2], H * V);
    reader->has_bias = call->buffers[3] >= 0;
    chain->output_bias = reader->has_bias ? copy_constant(reader, call->buffers[3], V)
                                          : ql_arena_take(&chain->arena, (size_t)V, sizeof(float));
    if (chain->output_weight == NULL || chain->output_bias == NULL) {
        return fail(reader, call, "its weights are not constants, or its bias is not one number for each symbol");
    }
    return QL_OK;
}

// A bias that is added after the product.
static enum ql_status add_output_bias(struct reader *reader, const struct ql_kernel_call *call)
{
    struct ql_chain *chain = reader->chain;
    const struct ql_operation *add = ql_operation_find("ql_add_f32");
    float *bias = copy_constant(reader, call->buffers[1], chain->V);

    bias = bias == NULL ? copy_constant(reader, call->buffers[2], chain->V) : bias;
    if (chain->output_weight == NULL || call->operations[0] != add || bias == NULL) {
        return fail(reader, call, "it has no integer form");
    }
    for (int v = 0; v < chain->V; v++) {
        bias[v] += chain->output_bias[v];
    }
    chain->output_bias = bias;
    chain->bias_last = !reader->has_bias;
    return QL_OK;
}

// Everything before the first layer is a function of the token, and is run instead of analyzed.
static enum ql_status find_parts(struct reader *reader)
{
    const struct ql_program *program = &reader->session.engine.program;
    enum ql_status status = QL_OK;

    if (ql_decoder_is_read(program)) {
        return ql_decoder_read(reader->chain, &reader->input, program, &reader->session.roles, reader->error);
    }
    for (int i = 0; i < program->call_count && status == QL_OK; i++) {
        const struct ql_kernel_call *call = &program->calls[i];
        const struct ql_recurrent_call *form = ql_recurrent_call_find(call);
        if (form != NULL) {
            status = add_layer(reader, call, form);
        } else if (call->kernel == &ql_kernels[QL_KERNEL_LSTM_GENERAL_F32] ||
                   call->kernel == &ql_kernels[QL_KERNEL_GRU_GENERAL_F32] ||
                   call->kernel == &ql_kernels[QL_KERNEL_RNN_GENERAL_F32]) {
            status =
                fail(reader, call,
                     "it has an option that has no integer form (direction, peepholes, clip, other activations, or "
                     "a GRU without linear_before_reset)");
        } else if (reader->chain->L == 0 || call->kernel == &ql_kernels[QL_KERNEL_COPY] ||
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
    if (status == QL_OK && (reader->chain->L == 0 || reader->chain->output_weight == NULL)) {
        status = ql_error_write(reader->error, QL_ERROR_INPUT,
                                "the model has no %s. Models with an integer form consist of an embedding, LSTM, GRU "
                                "or RNN layers, and a linear output",
                                reader->chain->L == 0 ? "recurrent layer" : "linear output");
    }
    return status;
}

// The first layer's input for each token.
static enum ql_status read_embedding(struct reader *reader)
{
    struct ql_chain *chain = reader->chain;
    const size_t row_bytes = (size_t)chain->layers[0].I * sizeof(float);
    unsigned char *embedding = ql_arena_take(&chain->arena, (size_t)chain->V, row_bytes);
    enum ql_status status = QL_OK;

    if (embedding == NULL) {
        return ql_error_write(reader->error, QL_ERROR_SYSTEM, "not enough memory for the model");
    }
    for (int v = 0; v < chain->V && status == QL_OK; v++) {
        ql_text_session_reset(&reader->session);
        status = ql_text_session_step(&reader->session, v, reader->error);
        memcpy(embedding + (size_t)v * row_bytes, reader->session.engine.addresses[reader->input], row_bytes);
    }
    chain->embedding = (const float *)(const void *)embedding;
    return status;
}

// --- Trials ---

struct trial {
    struct ql_text_session graph;
    struct ql_stepper chain;
    uint32_t random;
    int tokens;      // that were compared
    int64_t skipped; // by which the position was moved on
};

// Tokens in a fixed, shuffled order. None resets the state, which would empty a cache before it is full.
static int next_token(struct trial *trial, const struct ql_chain *chain)
{
    trial->random = trial->random * 1664525u + 1013904223u;
    int token = (int)((trial->random >> 16) % (uint32_t)chain->V);

    for (int k = 0; k < chain->V && ql_text_rules_reset_at(&chain->rules, token); k++) {
        token = (token + 1) % chain->V;
    }
    return token;
}

static enum ql_status write_difference(const struct reader *reader, const struct trial *trial, float difference)
{
    if (trial->skipped > 0) {
        return ql_error_write(reader->error, QL_ERROR_INPUT,
                              "far into a text, the model computes something other than its layers in a row: %lld "
                              "tokens further on, their logits differ from its own by %.3g. Its position stops, starts "
                              "over, or is turned into angles by floats. It has no integer form",
                              (long long)trial->skipped, (double)difference);
    }
    return ql_error_write(reader->error, QL_ERROR_INPUT,
                          "the model computes something other than its layers in a row, with a linear output: after %d "
                          "token%s their logits differ from its own by %.3g%s. It has no integer form",
                          trial->tokens, trial->tokens == 1 ? "" : "s", (double)difference,
                          reader->chain->layers[0].kind == QL_LAYER_DECODER
                              ? " (docs/transformer.md has the formulas: norms with 1e-5 and no mean, no biases, pairs "
                                "of both halves of a head turned by frequencies of 10000, silu)"
                              : "");
}

// Runs the chain beside the graph, with the state carried from token to token.
static enum ql_status try_tokens(const struct reader *reader, struct trial *trial, int count)
{
    const struct ql_chain *chain = reader->chain;
    enum ql_status status = QL_OK;

    for (int t = 0; t < count && status == QL_OK; t++) {
        const int token = next_token(trial, chain);
        ql_stepper_step(&trial->chain, token);
        status = ql_text_session_step(&trial->graph, token, reader->error);
        const float *logits = trial->graph.logits;
        float magnitude = 1.0f, difference = 0.0f;
        for (int v = 0; v < chain->V; v++) {
            const float own = logits[v], chains = trial->chain.logits[v];
            const float one = own == chains ? 0.0f : fabsf(own - chains);
            magnitude = isfinite(own) ? fmaxf(magnitude, fabsf(own)) : magnitude;
            difference = isfinite(one) ? fmaxf(difference, one) : INFINITY;
        }
        trial->tokens++;
        if (status == QL_OK && !(difference <= check_tolerance * magnitude)) {
            status = write_difference(reader, trial, difference);
        }
    }
    return status;
}

// Moves a decoder's position on, with its cache as it is. By whole contexts, each entry keeps its place in a ring.
static void skip_contexts(struct trial *trial, int64_t contexts, int context)
{
    int64_t *position = ql_stepper_position(&trial->chain);

    trial->skipped += contexts * context;
    *position += contexts * context;
    for (int k = 0; k < trial->graph.layout.part_count; k++) {
        if (trial->graph.layout.parts[k].type == QL_ELEMENT_S64) { // there is one: decoder_reader.h
            memcpy(trial->graph.state[k], position, sizeof *position);
        }
    }
}

// The graph is run as everything else runs it, with rings in place of caches where it can have them, which is faster.
static enum ql_status check(struct reader *reader)
{
    const struct ql_chain_layer *layer = &reader->chain->layers[0];
    const int context = layer->kind == QL_LAYER_DECODER ? layer->decoder.context : 0;
    struct ql_program_options options = *reader->options;
    struct trial trial = {.random = 1};
    enum ql_status status = ql_stepper_open(&trial.chain, reader->chain, reader->error);

    options.keep_values = false;
    if (status == QL_OK && (status = ql_text_session_open_graph(&trial.graph, reader->graph, &options,
                                                                reader->descriptor, reader->error)) == QL_OK) {
        status = try_tokens(reader, &trial, context + CHECK_TOKENS);
    }
    for (size_t k = 0; k < sizeof far_contexts / sizeof far_contexts[0] && context > 0 && status == QL_OK; k++) {
        skip_contexts(&trial, far_contexts[k], context);
        status = try_tokens(reader, &trial, FAR_TOKENS);
    }
    ql_text_session_close(&trial.graph);
    ql_stepper_free(&trial.chain);
    return status;
}

enum ql_status ql_chain_read(struct ql_chain *chain, const struct ql_graph *graph,
                             const struct ql_descriptor *descriptor, struct ql_error *error)
{
    struct reader reader = {.chain = chain, .graph = graph, .descriptor = descriptor, .error = error};
    struct ql_model_roles roles;
    char name[QL_ROLE_NAME_BYTES];
    enum ql_status status;

    *chain = (struct ql_chain){.V = descriptor->vocabulary.count, .rules = ql_descriptor_text_rules(descriptor)};
    if ((status = ql_model_roles_init(&roles, graph, descriptor, error)) != QL_OK) {
        return status;
    }
    const struct ql_binding binding = ql_model_roles_binding(&roles, graph, 1, name);
    const struct ql_program_options options = {
        .bindings = &binding, .binding_count = 1, .default_size = 1, .keep_values = true};
    reader.options = &options;
    if ((status = ql_text_session_open_graph(&reader.session, graph, &options, descriptor, error)) == QL_OK &&
        (status = find_parts(&reader)) == QL_OK && (status = read_embedding(&reader)) == QL_OK) {
        status = ql_chain_finish(chain, error);
    }
    if (status == QL_OK) {
        status = check(&reader);
    }
    ql_text_session_close(&reader.session);
    if (status != QL_OK) {
        ql_chain_free(chain);
    }
    return status;
}
