// A text in one call of the graph: see one_call.h.
#include "verify/one_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "onnx/model_roles.h"
#include "verify/difference.h"

enum { WINDOW_TOKENS = 24, WINDOW_LIMIT = 8 };

// The graph for whole windows.
struct window_engine {
    struct ql_engine engine;
    struct ql_model_roles roles;
    int K; // tokens of a window
    struct ql_arena arena;
    void **inputs, **outputs;
    const float *logits; // (K, V)
};

static void close_engine(struct window_engine *window)
{
    ql_engine_free(&window->engine);
    ql_arena_free(&window->arena);
}

static enum ql_status open_engine(struct window_engine *window, const struct ql_graph *graph,
                                  const struct ql_descriptor *descriptor, int axis, int K, struct ql_error *error)
{
    char name[QL_ROLE_NAME_BYTES];
    enum ql_status status;

    *window = (struct window_engine){.K = K};
    if ((status = ql_model_roles_init(&window->roles, graph, descriptor, error)) != QL_OK) {
        return status;
    }
    window->roles.sequence_axis = axis;
    const struct ql_binding binding = ql_model_roles_binding(&window->roles, graph, K, name);
    const struct ql_program_options options = {.bindings = &binding, .binding_count = 1, .default_size = 1};
    if ((status = ql_engine_init(&window->engine, graph, &options, error)) != QL_OK) {
        return status;
    }
    const struct ql_program *program = &window->engine.program;
    if ((status = ql_model_roles_check(&window->roles, program, descriptor, K, error)) != QL_OK) {
        return status;
    }
    const struct ql_program_value *logits = &program->values[graph->outputs[window->roles.logits]];
    if (logits->rank < 1 || logits->dims[logits->rank - 1] != descriptor->vocabulary.count) {
        return ql_error_write(error, QL_ERROR_INPUT, "the vocabulary is not the last dimension of '%s'", logits->name);
    }
    window->inputs = ql_arena_take(&window->arena, (size_t)graph->input_count, sizeof window->inputs[0]);
    window->outputs = ql_arena_take(&window->arena, (size_t)graph->output_count, sizeof window->outputs[0]);
    for (int k = 0; k < graph->input_count && !window->arena.exhausted; k++) {
        window->inputs[k] = ql_arena_take(&window->arena, 1, program->values[graph->inputs[k]].bytes);
    }
    for (int k = 0; k < graph->output_count && !window->arena.exhausted; k++) {
        window->outputs[k] = ql_arena_take(&window->arena, 1, program->values[graph->outputs[k]].bytes);
    }
    if (window->arena.exhausted) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to run a text in one call");
    }
    window->logits = window->outputs[window->roles.logits];
    return QL_OK;
}

// Runs a window from zero state.
static enum ql_status run(struct window_engine *window, const struct ql_graph *graph, int V, const uint16_t *tokens,
                          struct ql_error *error)
{
    const struct ql_program *program = &window->engine.program;
    unsigned char *place = window->inputs[window->roles.tokens];
    const size_t bytes = ql_element_bytes(program->values[graph->inputs[window->roles.tokens]].type);

    for (int k = 0; k < graph->input_count; k++) {
        memset(window->inputs[k], 0, program->values[graph->inputs[k]].bytes);
    }
    for (int t = 0; t < window->K; t++) {
        const float one = 1.0f;
        const int64_t number = tokens[t]; // little-endian, so its first bytes are an int32
        if (window->roles.one_hot) {
            memcpy(place + ((size_t)t * (size_t)V + tokens[t]) * sizeof one, &one, sizeof one);
        } else {
            memcpy(place + (size_t)t * bytes, &number, bytes);
        }
    }
    return ql_engine_run(&window->engine, (const void *const *)window->inputs, window->outputs, error);
}

// Compares all windows on one axis of the tokens. *differs is the first character that differs, or -1.
static enum ql_status compare_axis(struct ql_comparison *comparison, int *differs, const struct ql_graph *graph,
                                   const struct ql_descriptor *descriptor, struct ql_text_session *model, int axis,
                                   const uint16_t *tokens, int T, double tolerance, struct ql_error *error)
{
    const int K = T < WINDOW_TOKENS ? T : WINDOW_TOKENS, V = descriptor->vocabulary.count;
    struct window_engine window;
    enum ql_status status = open_engine(&window, graph, descriptor, axis, K, error);

    *differs = -1;
    for (int w = 0; w < WINDOW_LIMIT && (w + 1) * K <= T && status == QL_OK && *differs < 0; w++) {
        const uint16_t *read = tokens + (ptrdiff_t)w * K;
        status = run(&window, graph, V, read, error);
        ql_text_session_reset(model);
        for (int t = 0; t < K && status == QL_OK && *differs < 0; t++) {
            struct ql_difference difference = {0};
            const float *row = window.logits + (ptrdiff_t)t * V;
            if ((status = ql_text_session_step(model, read[t], error)) == QL_OK) {
                ql_difference_step(&difference, model->logits, row, (size_t)V);
                ql_difference_step(&comparison->difference, model->logits, row, (size_t)V);
                comparison->characters++;
                *differs = difference.relative > tolerance ? w * K + t : -1;
            }
        }
    }
    close_engine(&window);
    return status;
}

static void skip(struct ql_comparison *comparison, const char *reason)
{
    comparison->verdict = QL_VERDICT_SKIPPED;
    (void)snprintf(comparison->message, sizeof comparison->message,
                   "%.700s. That each state goes back in where it belongs is known from the graph or from the "
                   "descriptor, and was not tried",
                   reason);
}

enum ql_status ql_one_call_compare(struct ql_comparison *comparison, const struct ql_graph *graph,
                                   const struct ql_descriptor *descriptor, struct ql_text_session *model,
                                   const uint16_t *tokens, int T, double tolerance, struct ql_error *error)
{
    const struct ql_comparison empty = {.first_logits = -1, .first_draw = -1, .first_character = -1};
    const struct ql_value *input = &graph->values[graph->inputs[model->roles.tokens]];
    const int own = model->roles.sequence_axis;
    const int resets = model->rules.reset_count;
    struct ql_error reason = {0};
    bool tried = false, ran = false;

    *comparison = empty;
    model->rules.reset_count = 0; // a window is one text
    // The axis that the roles call the sequence is tried first; where the file names none, it may be the other one.
    for (int turn = 0; turn < 2 && own >= 0 && comparison->verdict != QL_VERDICT_SAME_WITHIN; turn++) {
        const int axis = turn == 0 ? own : 1 - own;
        struct ql_comparison now = empty;
        int differs;
        if (axis >= input->rank - model->roles.one_hot || input->dims[axis] >= 0) {
            continue;
        }
        tried = true;
        const enum ql_status status =
            compare_axis(&now, &differs, graph, descriptor, model, axis, tokens, T, tolerance, ran ? NULL : &reason);
        if (status == QL_ERROR_SYSTEM) {
            memcpy(error, &reason, sizeof reason);
            model->rules.reset_count = resets;
            return status;
        }
        if (status == QL_OK && (!ran || differs < 0)) {
            ran = true;
            now.verdict = differs < 0 ? QL_VERDICT_SAME_WITHIN : QL_VERDICT_DIFFERS;
            now.first_logits = differs;
            *comparison = now;
        }
    }
    model->rules.reset_count = resets;
    ql_text_session_reset(model);
    if (!tried) {
        char text[QL_ERROR_MESSAGE_BYTES / 2];
        (void)snprintf(text, sizeof text,
                       "the sequence of the input '%.60s' is fixed, so no text can be run in one call", input->name);
        skip(comparison, text);
    } else if (!ran) {
        skip(comparison, reason.message);
    } else if (comparison->verdict == QL_VERDICT_DIFFERS) {
        (void)snprintf(comparison->message, sizeof comparison->message,
                       "in one call the model says something else than token by token, from character %d on: a state "
                       "goes back in where it does not belong, or a token sees what comes after it. Correct \"states\" "
                       "in the descriptor, or export the model again",
                       comparison->first_logits + 1);
    }
    return QL_OK;
}
