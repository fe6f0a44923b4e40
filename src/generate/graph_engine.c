// The float engine for models that came through ONNX: see batch_engine.h. Any graph runs stream by stream in the host
// engine; where it is recognized as a stack of recurrent layers, the batched engine takes over, after it has shown on
// some tokens that it computes the same bits.
// Uses: base, device, engine, generate/rnn_pattern, onnx.
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "generate/batch_engine.h"
#include "generate/float_draw.h"
#include "generate/rnn_pattern.h"
#include "onnx/model_roles.h"

// Tokens on which the two engines are compared. Every token makes the states richer; a state that went to the wrong
// layer would show at the second one.
enum { COMPARED_TOKENS = 32 };

// One thread's engine, with the memory of its inputs and outputs.
struct worker {
    struct ql_engine engine;
    const void **inputs;
    void **outputs;
    void *token; // its input's memory
    struct ql_float_draw draw;
};

struct graph_engine {
    const struct ql_graph *graph;
    struct ql_model_roles roles;
    int V, worker_count;
    size_t state_bytes[QL_DESCRIPTOR_STATE_LIMIT];
    struct worker *workers;
    struct ql_arena arena;
};

static void load_token(const struct graph_engine *self, const struct worker *worker, int token)
{
    const enum ql_element type = worker->engine.program.values[self->graph->inputs[self->roles.tokens]].type;
    const int32_t narrow = token;
    const int64_t wide = token;

    if (self->roles.one_hot) {
        for (int v = 0; v < self->V; v++) {
            ((float *)worker->token)[v] = v == token ? 1.0f : 0.0f;
        }
    } else if (type == QL_ELEMENT_S64) {
        memcpy(worker->token, &wide, sizeof wide);
    } else {
        memcpy(worker->token, &narrow, sizeof narrow);
    }
}

static enum ql_status step(void *context, int number, void *const *after, const void *const *before, const int *tokens,
                           void *logits, int B, struct ql_error *error)
{
    struct graph_engine *self = context;
    struct worker *worker = &self->workers[number];
    enum ql_status status = QL_OK;

    for (int b = 0; b < B && status == QL_OK; b++) {
        unsigned char *place = after[b];
        for (int s = 0; s < self->roles.state_count; s++) {
            const size_t bytes = self->state_bytes[s];
            if (before[b] == NULL) {
                memset(place, 0, bytes);
            } else {
                memcpy(place, (const unsigned char *)before[b] + (place - (unsigned char *)after[b]), bytes);
            }
            worker->inputs[self->roles.states[s].input] = place;
            worker->outputs[self->roles.states[s].output] = place;
            place += bytes;
        }
        load_token(self, worker, tokens[b]);
        worker->outputs[self->roles.logits] = (float *)logits + (ptrdiff_t)b * self->V;
        status = ql_engine_run(&worker->engine, worker->inputs, worker->outputs, error);
    }
    return status;
}

static bool weigh(void *context, int number, const void *logits, const struct ql_batch_sampling *sampling,
                  const uint32_t *barred)
{
    struct graph_engine *self = context;
    return ql_float_draw_reset(&self->workers[number].draw, logits, sampling, barred);
}

static int draw(void *context, int number, struct ql_random *random)
{
    struct graph_engine *self = context;
    return ql_float_draw_next(&self->workers[number].draw, random);
}

static void close_graph(void *context)
{
    struct graph_engine *self = context;

    for (int w = 0; w < self->worker_count; w++) {
        ql_engine_free(&self->workers[w].engine);
    }
    ql_arena_free(&self->arena);
    free(self);
}

static enum ql_status open_worker(struct graph_engine *self, const struct ql_descriptor *descriptor,
                                  struct ql_error *error)
{
    const struct ql_program_options options = {.default_size = 1};
    const size_t input_count = (size_t)self->graph->input_count, output_count = (size_t)self->graph->output_count;
    struct worker *worker = &self->workers[self->worker_count];
    enum ql_status status = ql_engine_init(&worker->engine, self->graph, &options, error);

    if (status != QL_OK) {
        return status;
    }
    self->worker_count++;
    const struct ql_program *program = &worker->engine.program;
    if ((status = ql_model_roles_check(&self->roles, program, descriptor, 1, error)) != QL_OK) {
        return status;
    }
    worker->inputs = ql_arena_take(&self->arena, input_count, sizeof worker->inputs[0]);
    worker->outputs = ql_arena_take(&self->arena, output_count, sizeof worker->outputs[0]);
    worker->token = ql_arena_take(&self->arena, 1, program->values[self->graph->inputs[self->roles.tokens]].bytes);
    ql_float_draw_init(&worker->draw, self->V, &self->arena);
    if (self->arena.exhausted) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the engine");
    }
    worker->inputs[self->roles.tokens] = worker->token;
    for (int s = 0; s < self->roles.state_count; s++) {
        self->state_bytes[s] = program->values[self->graph->inputs[self->roles.states[s].input]].bytes;
    }
    return QL_OK;
}

static enum ql_status open_graph(struct ql_batch_engine *engine, const struct ql_graph *graph,
                                 const struct ql_descriptor *descriptor, int workers, struct ql_error *error)
{
    struct graph_engine *self = calloc(1, sizeof *self);
    enum ql_status status = QL_OK;

    *engine = (struct ql_batch_engine){0};
    if (self != NULL) {
        self->graph = graph;
        self->V = descriptor->symbol_count;
        self->workers = ql_arena_take(&self->arena, (size_t)workers, sizeof self->workers[0]);
    }
    if (self == NULL || self->workers == NULL) {
        free(self);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the engine");
    }
    status = ql_model_roles_init(&self->roles, graph, descriptor, error);
    if (status == QL_OK && self->roles.state_count == 0) {
        status = ql_error_write(error, QL_ERROR_INPUT,
                                "the model takes and returns no state, so it would forget each token at the next; "
                                "export it with its state as inputs and outputs");
    }
    for (int w = 0; w < workers && status == QL_OK; w++) {
        status = open_worker(self, descriptor, error);
    }
    if (status != QL_OK) {
        close_graph(self);
        return status;
    }
    *engine = (struct ql_batch_engine){
        .V = self->V,
        .logits_bytes = (size_t)self->V * sizeof(float),
        .kind = "float, stream by stream",
        .step = step,
        .weigh = weigh,
        .draw = draw,
        .close = close_graph,
        .self = self,
    };
    for (int s = 0; s < self->roles.state_count; s++) {
        engine->state_bytes += self->state_bytes[s];
    }
    return QL_OK;
}

// Whether both engines compute the same bits, on one stream of tokens that differ.
static bool is_same(struct ql_batch_engine *left, struct ql_batch_engine *right)
{
    struct ql_batch_engine *engines[] = {left, right};
    void *states[2] = {calloc(1, left->state_bytes), calloc(1, right->state_bytes)};
    void *logits[2] = {malloc(left->logits_bytes), malloc(right->logits_bytes)};
    struct ql_random random;
    struct ql_error error;
    bool same = states[0] != NULL && states[1] != NULL && logits[0] != NULL && logits[1] != NULL;

    ql_random_init(&random, 1);
    for (int t = 0; t < COMPARED_TOKENS && same; t++) {
        const int token = (int)(ql_random_step(&random) % (uint32_t)left->V);
        for (int k = 0; k < 2 && same; k++) {
            void *after = malloc(engines[k]->state_bytes);
            const void *before = states[k];
            same = after != NULL &&
                   engines[k]->step(engines[k]->self, 0, &after, &before, &token, logits[k], 1, &error) == QL_OK;
            free(states[k]);
            states[k] = after;
        }
        same = same && memcmp(logits[0], logits[1], left->logits_bytes) == 0;
    }
    for (int k = 0; k < 2; k++) {
        free(states[k]);
        free(logits[k]);
    }
    return same;
}

enum ql_status ql_batch_engine_open_graph(struct ql_batch_engine *engine, const struct ql_graph *graph,
                                          const struct ql_descriptor *descriptor, int workers, struct ql_error *error)
{
    enum ql_status status = open_graph(engine, graph, descriptor, workers, error);
    const struct graph_engine *self = engine->self;
    struct ql_rnn_weights_view weights;
    struct ql_batch_engine batched;

    if (status != QL_OK || !ql_rnn_pattern_find(&weights, &self->workers[0].engine.program, self->V)) {
        return status;
    }
    if ((status = ql_rnn_engine_open(&batched, &weights, workers, error)) != QL_OK) {
        ql_batch_engine_close(engine);
        return status;
    }
    struct ql_batch_engine *unused = is_same(engine, &batched) ? engine : &batched;
    ql_batch_engine_close(unused);
    if (unused == engine) {
        *engine = batched;
    }
    return QL_OK;
}
