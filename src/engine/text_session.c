// A text that a language model reads or writes: see text_session.h.
// Uses: base, device, model, onnx, engine/integer_stepper, engine/engine.
#include "engine/text_session.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "device/candidate.h"
#include "device/trace.h"

// How a graph is tested: the steps, and the fewest symbols for which outputs between 0 and 1 are not a coincidence,
// unless the graph's form says that they are.
enum { CHECK_STEPS = 16, CHECK_SYMBOLS = 3 };

// How much a sum of probabilities may differ from 1.
static const float share_tolerance = 1e-3f;

static enum ql_status take_scratch(struct ql_text_session *session, struct ql_error *error)
{
    const size_t V = (size_t)session->V;

    session->weights = ql_arena_take(&session->arena, V, sizeof session->weights[0]);
    session->candidates = ql_arena_take(&session->arena, V, sizeof session->candidates[0]);
    return session->arena.exhausted ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to run the model")
                                    : QL_OK;
}

// --- Graphs ---

static enum ql_status step_graph(struct ql_text_session *session, int token, struct ql_error *error)
{
    ql_text_session_load_token(session, token);
    const enum ql_status status = session->arrays.run(session->arrays.self, error);
    // All states of ql_text_session_open_graph are updated in place. A caller's arrays may keep old and new state, for
    // comparison.
    for (int k = 0; k < session->layout.part_count && status == QL_OK; k++) {
        if (session->next_state[k] != session->state[k]) {
            memcpy(session->state[k], session->next_state[k], session->layout.parts[k].bytes);
        }
    }
    return status;
}

enum ql_status ql_text_session_open_arrays(struct ql_text_session *session, const struct ql_program *program,
                                           const struct ql_descriptor *descriptor, const struct ql_graph_arrays *arrays,
                                           struct ql_error *error)
{
    const struct ql_graph *graph = program->graph;
    enum ql_status status;

    *session = (struct ql_text_session){.rules = ql_descriptor_text_rules(descriptor),
                                        .V = descriptor->vocabulary.count,
                                        .step = step_graph,
                                        .arrays = *arrays};
    struct ql_model_roles *roles = &session->roles;
    if ((status = ql_model_roles_init(roles, graph, descriptor, error)) != QL_OK ||
        (status = ql_model_roles_check(roles, program, descriptor, 1, error)) != QL_OK) {
        return status;
    }
    if (roles->state_count == 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the model takes and returns no state, so it would forget each token at the next; export "
                              "it with its state as inputs and outputs; or, if it takes a window of N tokens, write "
                              "\"window\": N into the descriptor");
    }
    ql_model_roles_layout(&session->layout, roles, program);
    for (int k = 0; k < roles->state_count; k++) {
        session->state[k] = arrays->inputs[roles->states[k].input];
        session->next_state[k] = arrays->outputs[roles->states[k].output];
    }
    session->token_type = program->values[graph->inputs[roles->tokens]].type;
    session->logits = arrays->outputs[roles->logits];
    session->is_unbounded = ql_program_is_sum_of_products(program, graph->outputs[roles->logits]);
    ql_text_session_reset(session);
    return take_scratch(session, error);
}

// What a token's outputs could be.
struct kinds {
    bool shares;   // none is negative, and they add up to 1
    bool between;  // all lie between 0 and 1, and none is either
    bool fraction; // there is one between 0 and 1
};

static struct kinds look_at(const float *logits, int V)
{
    struct kinds kinds = {.shares = true, .between = true};
    double sum = 0.0;

    for (int v = 0; v < V; v++) {
        const bool inside = logits[v] > 0.0f && logits[v] < 1.0f;
        kinds.shares = kinds.shares && logits[v] >= 0.0f;
        kinds.between = kinds.between && inside;
        kinds.fraction = kinds.fraction || inside;
        sum += (double)logits[v];
    }
    kinds.shares = kinds.shares && fabs(sum - 1.0) < (double)share_tolerance;
    return kinds;
}

// True if at most one entry is new, and all others are in their places, or all are one place closer to the front.
static bool has_appended(const struct ql_state_part *part, const unsigned char *before, const unsigned char *after)
{
    const int entries = part->dims[part->rank - 2];
    const size_t block_bytes = part->bytes * (size_t)entries / (size_t)(part->count > 0 ? part->count : 1) *
                               (size_t)part->dims[part->rank - 1];
    const size_t entry_bytes = entries > 0 ? block_bytes / (size_t)entries : 0;

    for (size_t block = 0; block + block_bytes <= part->bytes && block_bytes > 0; block += block_bytes) {
        const unsigned char *old = before + block, *new = after + block;
        int changed = 0;
        for (int k = 0; k < entries; k++) {
            changed += memcmp(old + (size_t)k * entry_bytes, new + (size_t)k *entry_bytes, entry_bytes) != 0;
        }
        if (changed > 1 && memcmp(old + entry_bytes, new, block_bytes - entry_bytes) != 0) {
            return false;
        }
    }
    return true;
}

// Checks a token's change to the state against the kinds of its parts; counters are known to count. `before` is the state
// before the token, in the layout.
static enum ql_status check_kinds(const struct ql_text_session *session, const unsigned char *before,
                                  struct ql_error *error)
{
    for (int k = 0; k < session->layout.part_count; k++) {
        const struct ql_state_part *part = &session->layout.parts[k];
        if (part->kind == QL_STATE_APPEND && !has_appended(part, before + part->offset, session->state[k])) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "the descriptor's field 'states' calls '%s' \"%s\", but a token does more to it than "
                                  "write one entry. Leave the word out",
                                  part->name, ql_state_kind_write(part->kind));
        }
    }
    return QL_OK;
}

// A step that also checks the parts of the state against their kinds. `before` has room for a state.
static enum ql_status try_step(struct ql_text_session *session, int token, unsigned char *before,
                               struct ql_error *error)
{
    if (ql_text_rules_reset_at(&session->rules, token)) {
        memset(before, 0, session->layout.bytes);
    } else {
        ql_text_session_save(session, before);
    }
    const enum ql_status status = ql_text_session_step(session, token, error);
    return status == QL_OK ? check_kinds(session, before, error) : status;
}

enum ql_status ql_text_session_check(struct ql_text_session *session, struct ql_error *error)
{
    struct kinds all = {.shares = true, .between = session->V >= CHECK_SYMBOLS && !session->is_unbounded};
    unsigned char *before = malloc(session->layout.bytes + 1);
    enum ql_status status =
        before == NULL ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to try the model") : QL_OK;

    ql_text_session_reset(session);
    for (int t = 0; t < CHECK_STEPS && status == QL_OK; t++) {
        status = try_step(session, (t * t + t) % session->V, before, error);
        const struct kinds kinds = look_at(session->logits, session->V);
        all.shares = all.shares && kinds.shares;
        all.between = all.between && kinds.between;
        all.fraction = all.fraction || kinds.fraction;
    }
    free(before);
    ql_text_session_reset(session);
    if (status == QL_OK && (all.between || (all.shares && all.fraction))) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the model gives %s in place of logits. Export it with its logits as the output, without "
                              "the %s",
                              all.shares ? "probabilities, which add up to 1," : "numbers between 0 and 1",
                              all.shares ? "softmax" : "sigmoid at its end");
    }
    return status;
}

static enum ql_status run_engine(void *self, struct ql_error *error)
{
    struct ql_text_session *session = self;
    return ql_engine_run(&session->engine, (const void *const *)session->arrays.inputs, session->arrays.outputs, error);
}

// Allocates memory for a graph's inputs and outputs. A state is updated in place: either the program does this, or the
// engine writes it at the end.
static bool take_arrays(struct ql_graph_arrays *arrays, const struct ql_program *program,
                        const struct ql_program_options *options, struct ql_arena *arena)
{
    const struct ql_graph *graph = program->graph;
    void **inputs = ql_arena_take(arena, (size_t)graph->input_count + 1, sizeof inputs[0]);
    void **outputs = ql_arena_take(arena, (size_t)graph->output_count + 1, sizeof outputs[0]);

    for (int k = 0; k < graph->input_count && !arena->exhausted; k++) {
        inputs[k] = ql_arena_take(arena, 1, program->values[graph->inputs[k]].bytes);
    }
    for (int k = 0; k < options->state_count && !arena->exhausted; k++) {
        const struct ql_state_pair state = options->states[k];
        const size_t bytes = program->values[graph->outputs[state.output]].bytes;
        if (bytes == program->values[graph->inputs[state.input]].bytes) {
            outputs[state.output] = inputs[state.input];
        }
    }
    for (int k = 0; k < graph->output_count && !arena->exhausted; k++) {
        if (outputs[k] == NULL) {
            outputs[k] = ql_arena_take(arena, 1, program->values[graph->outputs[k]].bytes);
        }
    }
    arrays->inputs = inputs;
    arrays->outputs = outputs;
    return !arena->exhausted;
}

enum ql_status ql_text_session_open_graph(struct ql_text_session *session, const struct ql_graph *graph,
                                          const struct ql_program_options *given,
                                          const struct ql_descriptor *descriptor, struct ql_error *error)
{
    struct ql_graph_arrays arrays = {.run = run_engine, .self = session};
    struct ql_program_options options = *given;
    struct ql_model_roles roles;
    struct ql_arena arena = {0};
    struct ql_engine engine;

    // If the roles are not clear, ql_text_session_open_arrays reports it, after any errors of the graph itself.
    if (ql_model_roles_init(&roles, graph, descriptor, error) == QL_OK) {
        options.states = roles.states;
        options.state_count = roles.state_count;
    }
    enum ql_status status = ql_engine_init(&engine, graph, &options, error);
    *session = (struct ql_text_session){0};
    if (status != QL_OK) {
        return status;
    }
    if (take_arrays(&arrays, &engine.program, &options, &arena)) {
        status = ql_text_session_open_arrays(session, &engine.program, descriptor, &arrays, error);
    } else {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to run the model");
    }
    session->engine = engine;
    session->array_arena = arena;
    return status == QL_OK ? ql_text_session_check(session, error) : status;
}

void ql_text_session_load_token(struct ql_text_session *session, int token)
{
    void *place = session->arrays.inputs[session->roles.tokens];
    const int32_t narrow = token;
    const int64_t wide = token;

    if (ql_text_rules_reset_at(&session->rules, token)) {
        ql_text_session_reset(session);
    }
    if (session->roles.one_hot) {
        float *shares = place;
        for (int v = 0; v < session->V; v++) {
            shares[v] = v == token ? 1.0f : 0.0f;
        }
    } else if (session->token_type == QL_ELEMENT_S64) {
        memcpy(place, &wide, sizeof wide);
    } else {
        memcpy(place, &narrow, sizeof narrow);
    }
}

// --- Steppers ---

static enum ql_status step_stepper(struct ql_text_session *session, int token, struct ql_error *error)
{
    (void)error;
    ql_stepper_step(session->stepper, token);
    return QL_OK;
}

static enum ql_status step_integer(struct ql_text_session *session, int token, struct ql_error *error)
{
    (void)error;
    ql_integer_stepper_step(session->integer_stepper, token);
    return QL_OK;
}

enum ql_status ql_text_session_open_stepper(struct ql_text_session *session, struct ql_stepper *stepper,
                                            struct ql_error *error)
{
    const struct ql_chain *chain = ql_stepper_chain(stepper);

    *session = (struct ql_text_session){.rules = chain->rules,
                                        .V = chain->V,
                                        .logits = stepper->logits,
                                        .layout = chain->layout,
                                        .step = step_stepper,
                                        .stepper = stepper};
    for (int k = 0; k < session->layout.part_count; k++) {
        session->state[k] = stepper->state + session->layout.parts[k].offset;
    }
    ql_text_session_reset(session);
    return take_scratch(session, error);
}

enum ql_status ql_text_session_open_integer(struct ql_text_session *session, struct ql_integer_stepper *stepper,
                                            struct ql_error *error)
{
    *session = (struct ql_text_session){.rules = stepper->model->rules,
                                        .V = stepper->model->V,
                                        .integer_logits = stepper->logits,
                                        .layout = stepper->model->layout,
                                        .step = step_integer,
                                        .integer_stepper = stepper};
    for (int k = 0; k < session->layout.part_count; k++) {
        session->state[k] = stepper->state + session->layout.parts[k].offset;
    }
    ql_text_session_reset(session);
    return take_scratch(session, error);
}

// --- Every form ---

void ql_text_session_close(struct ql_text_session *session)
{
    ql_engine_free(&session->engine);
    ql_arena_free(&session->array_arena);
    ql_arena_free(&session->arena);
    *session = (struct ql_text_session){0};
}

void ql_text_session_reset(struct ql_text_session *session)
{
    ql_text_session_load(session, NULL);
}

int ql_text_session_begin(struct ql_text_session *session, const struct ql_draw *draw)
{
    ql_text_session_reset(session);
    session->sampler =
        (struct ql_sampler){.temperature = draw->temperature, .top_p = draw->top_p, .top_k = draw->top_k};
    session->integer_sampler = ql_integer_sampler(draw->temperature, draw->top_p, draw->top_k);
    ql_random_init(&session->sampler.random, draw->seed);
    session->integer_sampler.random = session->sampler.random;
    return session->rules.first_token;
}

enum ql_status ql_text_session_step(struct ql_text_session *session, int token, struct ql_error *error)
{
    assert(token >= 0 && token < session->V);
    return session->step(session, token, error);
}

enum ql_status ql_text_session_next(struct ql_text_session *session, int *token, const uint32_t *blocked,
                                    struct ql_error *error)
{
    uint32_t words[QL_VOCABULARY_LIMIT / 32];
    const enum ql_status status = ql_text_session_step(session, *token, error);

    if (status != QL_OK) {
        return status;
    }
    blocked = ql_text_rules_block(&session->rules, words, blocked, session->V);
    *token = session->logits != NULL ? ql_sampler_step_f32(&session->sampler, session->logits, blocked,
                                                           session->weights, session->candidates, session->V)
                                     : ql_sampler_step_s32(&session->integer_sampler, session->integer_logits, blocked,
                                                           session->weights, session->candidates, session->V);
    if (*token < 0) {
        return ql_error_write(error, QL_ERROR_NUMERIC, "the model's output is not a finite number");
    }
    return QL_OK;
}

uint32_t ql_text_session_cost(const struct ql_text_session *session, int token)
{
    return session->logits != NULL ? ql_cost_f32(session->logits, token, session->V)
                                   : ql_cost_s32(session->integer_logits, token, session->V);
}

uint32_t ql_text_session_hash(const struct ql_text_session *session)
{
    return session->logits != NULL ? ql_trace_hash_f32(session->logits, session->V)
                                   : ql_trace_hash_s32(session->integer_logits, session->V);
}

void ql_text_session_save(const struct ql_text_session *session, void *state)
{
    for (int k = 0; k < session->layout.part_count; k++) {
        const struct ql_state_part *part = &session->layout.parts[k];
        memcpy((unsigned char *)state + part->offset, session->state[k], part->bytes);
    }
}

void ql_text_session_load(struct ql_text_session *session, const void *state)
{
    for (int k = 0; k < session->layout.part_count; k++) {
        const struct ql_state_part *part = &session->layout.parts[k];
        if (state == NULL) {
            memset(session->state[k], 0, part->bytes);
        } else {
            memcpy(session->state[k], (const unsigned char *)state + part->offset, part->bytes);
        }
    }
}
