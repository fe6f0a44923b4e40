// The float engine for models that came through ONNX: see batch_engine.h. Any graph runs stream by stream in the host
// engine; if it is recognized as a chain of layers, the batched engine takes over, after computing the same bits for
// some tokens.
// Uses: base, device, engine, generate/float_draw.
#include <stdlib.h>
#include <string.h>

#include "engine/chain_reader.h"
#include "engine/text_session.h"
#include "generate/batch_engine.h"
#include "generate/float_draw.h"

// The number of tokens on which the two engines are compared. Every token adds to the states; a state in the wrong
// layer would show at the second token.
enum { COMPARED_TOKENS = 32 };

// One thread's session.
struct worker {
    struct ql_text_session session;
    struct ql_float_draw draw;
};

struct graph_engine {
    int V, worker_count;
    struct worker *workers;
    struct ql_arena arena;
};

static enum ql_status step(void *context, int number, void *const *after, const void *const *before, const int *tokens,
                           void *logits, int B, struct ql_error *error)
{
    struct graph_engine *self = context;
    struct ql_text_session *session = &self->workers[number].session;
    const size_t V = (size_t)self->V;
    enum ql_status status = QL_OK;

    for (int b = 0; b < B && status == QL_OK; b++) {
        ql_text_session_load(session, before[b]);
        status = ql_text_session_step(session, tokens[b], error);
        ql_text_session_save(session, after[b]);
        memcpy((float *)logits + (size_t)b * V, session->logits, V * sizeof(float));
    }
    return status;
}

static bool weigh(void *context, int number, const void *logits, const struct ql_batch_sampling *sampling,
                  const uint32_t *blocked)
{
    struct graph_engine *self = context;
    return ql_float_draw_reset(&self->workers[number].draw, logits, sampling, blocked);
}

static int draw(void *context, int number, struct ql_random *random)
{
    struct graph_engine *self = context;
    return ql_float_draw_next(&self->workers[number].draw, random);
}

static uint32_t cost(void *context, int number, int token)
{
    struct graph_engine *self = context;
    return ql_float_draw_cost(&self->workers[number].draw, token);
}

static void close_graph(void *context)
{
    struct graph_engine *self = context;

    for (int w = 0; w < self->worker_count; w++) {
        ql_text_session_close(&self->workers[w].session);
    }
    ql_arena_free(&self->arena);
    free(self);
}

static enum ql_status open_graph(struct ql_batch_engine *engine, const struct ql_graph *graph,
                                 const struct ql_descriptor *descriptor, int workers, struct ql_error *error)
{
    const struct ql_program_options options = {.default_size = 1};
    struct graph_engine *self = calloc(1, sizeof *self);
    enum ql_status status = QL_OK;

    *engine = (struct ql_batch_engine){0};
    if (self != NULL) {
        self->V = descriptor->vocabulary.count;
        self->workers = ql_arena_take(&self->arena, (size_t)workers, sizeof self->workers[0]);
    }
    if (self == NULL || self->workers == NULL) {
        free(self);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the engine");
    }
    for (int w = 0; w < workers && status == QL_OK; w++) {
        struct worker *worker = &self->workers[self->worker_count++];
        ql_float_draw_init(&worker->draw, self->V, &self->arena);
        status = ql_text_session_open_graph(&worker->session, graph, &options, descriptor, error);
    }
    if (status == QL_OK && self->arena.exhausted) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the engine");
    }
    if (status != QL_OK) {
        close_graph(self);
        return status;
    }
    *engine = (struct ql_batch_engine){
        .V = self->V,
        .state_bytes = self->workers[0].session.layout.bytes,
        .logits_bytes = (size_t)self->V * sizeof(float),
        .context = ql_state_layout_context(&self->workers[0].session.layout),
        .kind = "float, stream by stream",
        .step = step,
        .weigh = weigh,
        .draw = draw,
        .cost = cost,
        .close = close_graph,
        .self = self,
    };
    return QL_OK;
}

// Returns whether both engines compute the same bits, on one stream of tokens that differ. Where a text starts over,
// both get a state of zeros, as in generation: a session of the graph would reset its state by itself.
static bool is_same(struct ql_batch_engine *left, struct ql_batch_engine *right, const struct ql_text_rules *rules)
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
            const void *before = ql_text_rules_reset_at(rules, token) ? NULL : states[k];
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
    struct ql_batch_engine batched;
    struct ql_error unread;
    struct ql_chain chain;

    if (status != QL_OK || ql_chain_read(&chain, graph, descriptor, &unread) != QL_OK) {
        return status;
    }
    if ((status = ql_batch_engine_open_chain(&batched, &chain, workers, error)) != QL_OK) {
        ql_batch_engine_close(engine);
        return status;
    }
    const struct ql_text_rules rules = ql_descriptor_text_rules(descriptor);
    struct ql_batch_engine *unused = is_same(engine, &batched, &rules) ? engine : &batched;
    ql_batch_engine_close(unused);
    if (unused == engine) {
        *engine = batched;
    }
    return QL_OK;
}
