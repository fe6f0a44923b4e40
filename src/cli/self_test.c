// The text of a compiled model's self-test: see self_test.h.
// Uses: base, codegen, device, engine.
#include "cli/self_test.h"

#include <string.h>

#include "device/sampler.h"
#include "device/trace.h"
#include "engine/engine.h"

// Steps: enough for a wrong weight or gate to show, few enough for a chip that emulates float.
enum { TRACE_STEPS = 32, TRACE_SEED = 1 };

// One text on the engine.
struct writing {
    struct ql_arena arena; // of all below
    struct ql_engine engine;
    const void **inputs; // of a run; the states' places are also those of their outputs
    void **outputs;
    int64_t token_s64; // the input of the tokens, in the form that the graph takes
    int32_t token_s32;
    float *token_one_hot; // (V)
    float *logits;        // (V)
    float *weights;       // (V) scratch of the sampler
    uint16_t *candidates; // (V) scratch of the sampler
};

static size_t state_bytes(const struct writing *writing, const struct ql_text_model *text, int k)
{
    const struct ql_program *program = &writing->engine.program;
    return program->values[program->graph->inputs[text->roles.states[k].input]].bytes;
}

static enum ql_status begin(struct writing *writing, const struct ql_text_model *text, struct ql_error *error)
{
    const struct ql_graph *graph = writing->engine.program.graph;
    const struct ql_model_roles *roles = &text->roles;
    const size_t V = (size_t)text->descriptor->symbol_count;
    struct ql_arena *arena = &writing->arena;

    writing->inputs = ql_arena_take(arena, (size_t)graph->input_count, sizeof writing->inputs[0]);
    writing->outputs = ql_arena_take(arena, (size_t)graph->output_count, sizeof writing->outputs[0]);
    writing->token_one_hot = ql_arena_take(arena, V, sizeof writing->token_one_hot[0]);
    writing->logits = ql_arena_take(arena, V, sizeof writing->logits[0]);
    writing->weights = ql_arena_take(arena, V, sizeof writing->weights[0]);
    writing->candidates = ql_arena_take(arena, V, sizeof writing->candidates[0]);
    for (int k = 0; k < roles->state_count && !arena->exhausted; k++) {
        void *state = ql_arena_take(arena, state_bytes(writing, text, k), 1);
        writing->inputs[roles->states[k].input] = state;
        writing->outputs[roles->states[k].output] = state;
    }
    if (arena->exhausted) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to run the model");
    }
    const enum ql_element type = writing->engine.program.values[graph->inputs[roles->tokens]].type;
    writing->inputs[roles->tokens] = type == QL_ELEMENT_S64   ? (const void *)&writing->token_s64
                                     : type == QL_ELEMENT_S32 ? (const void *)&writing->token_s32
                                                              : (const void *)writing->token_one_hot;
    writing->outputs[roles->logits] = writing->logits;
    return QL_OK;
}

static enum ql_status step(struct writing *writing, const struct ql_text_model *text, int token, struct ql_error *error)
{
    for (int i = 0; i < text->descriptor->reset_count; i++) {
        for (int k = 0; k < text->roles.state_count && text->descriptor->resets[i] == token; k++) {
            memset(writing->outputs[text->roles.states[k].output], 0, state_bytes(writing, text, k));
        }
    }
    writing->token_s64 = writing->token_s32 = token;
    writing->token_one_hot[token] = 1.0f;
    enum ql_status status = ql_engine_run(&writing->engine, writing->inputs, writing->outputs, error);
    writing->token_one_hot[token] = 0.0f;
    return status;
}

enum ql_status ql_cli_self_test_write(struct ql_text_model *text, const struct ql_graph *graph,
                                      const struct ql_program_options *options, struct ql_error *error)
{
    const struct ql_descriptor *descriptor = text->descriptor;
    const int V = descriptor->symbol_count;
    struct ql_sampler sampler = {
        .temperature = (float)descriptor->temperature, .top_p = (float)descriptor->top_p, .top_k = descriptor->top_k};
    struct writing writing = {0};
    int token = ql_text_model_begin(text);
    enum ql_status status;

    ql_random_init(&sampler.random, TRACE_SEED);
    if (text->guard != NULL) {
        ql_guard_reset(text->guard);
    }
    if ((status = ql_engine_init(&writing.engine, graph, options, error)) != QL_OK ||
        (status = begin(&writing, text, error)) != QL_OK) {
        goto done;
    }
    for (int i = 0; i < TRACE_STEPS; i++) {
        if ((status = step(&writing, text, token, error)) != QL_OK) {
            goto done;
        }
        text->trace[i].token = (uint16_t)token;
        text->trace[i].logits_hash = ql_trace_hash_f32(writing.logits, V);
        const uint32_t *barred = text->guard == NULL ? NULL : ql_guard_step(text->guard, token);
        token = ql_sampler_step_f32(&sampler, writing.logits, barred, writing.weights, writing.candidates, V);
        if (token < 0) {
            status = ql_error_write(error, QL_ERROR_NUMERIC, "the model's output is not a finite number");
            goto done;
        }
    }
    text->trace_count = TRACE_STEPS;
    text->trace_seed = TRACE_SEED;
done:
    ql_engine_free(&writing.engine);
    ql_arena_free(&writing.arena);
    return status;
}

void ql_cli_integer_self_test_write(struct ql_text_model *text, struct ql_integer_stepper *stepper)
{
    const struct ql_descriptor *descriptor = text->descriptor;
    struct ql_sampler_s32 sampler =
        ql_integer_sampler((float)descriptor->temperature, (float)descriptor->top_p, descriptor->top_k);
    int token = ql_text_model_begin(text);

    ql_random_init(&sampler.random, TRACE_SEED);
    ql_integer_stepper_reset(stepper);
    if (text->guard != NULL) {
        ql_guard_reset(text->guard);
    }
    for (int i = 0; i < TRACE_STEPS; i++) {
        text->trace[i].token = (uint16_t)token;
        const uint32_t *barred = text->guard == NULL ? NULL : ql_guard_step(text->guard, token);
        token = ql_integer_stepper_next(stepper, token, &sampler, barred);
        text->trace[i].logits_hash = ql_trace_hash_s32(stepper->logits, descriptor->symbol_count);
    }
    text->trace_count = TRACE_STEPS;
    text->trace_seed = TRACE_SEED;
}
