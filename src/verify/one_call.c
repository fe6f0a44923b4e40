// A text in one call of the graph: see one_call.h.
#include "verify/one_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/window_run.h"
#include "onnx/constant_inputs.h"
#include "onnx/model_file.h"
#include "onnx/settled_roles.h"
#include "verify/difference.h"

enum { WINDOW_TOKENS = 24, WINDOW_LIMIT = 8 };

// Compares all windows on one axis of the tokens. *differs is the first character that differs, or -1.
static enum ql_status compare_axis(struct ql_comparison *comparison, int *differs, const struct ql_graph *graph,
                                   const struct ql_descriptor *descriptor, struct ql_text_session *model, int axis,
                                   const uint16_t *tokens, int T, double tolerance, struct ql_error *error)
{
    const int K = T < WINDOW_TOKENS ? T : WINDOW_TOKENS, V = descriptor->vocabulary.count;
    struct ql_window_run window;
    enum ql_status status = ql_window_run_open(&window, graph, descriptor, axis, K, error);

    *differs = -1;
    if (status == QL_OK && window.rows < K) {
        status = ql_error_write(error, QL_ERROR_INPUT, "the model gives logits only after the last of several tokens");
    }
    for (int w = 0; w < WINDOW_LIMIT && (w + 1) * K <= T && status == QL_OK && *differs < 0; w++) {
        const uint16_t *read = tokens + (ptrdiff_t)w * K;
        ql_window_run_reset(&window);
        status = ql_window_run_step(&window, read, error);
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
    ql_window_run_close(&window);
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
    // The axis that is the sequence according to the roles is tried first; if the file does not name it, it may be the
    // other one.
    for (int turn = 0; turn < 2 && own >= 0 && comparison->verdict != QL_VERDICT_SAME_WITHIN; turn++) {
        const int axis = turn == 0 ? own : 1 - own;
        struct ql_comparison now = empty;
        int differs;
        if (axis >= input->rank - model->roles.one_hot || input->dims[axis] >= 0 ||
            ql_model_roles_is_batch(&model->roles, graph, axis)) {
            continue;
        }
        tried = true;
        const enum ql_status status =
            compare_axis(&now, &differs, graph, descriptor, model, axis, tokens, T, tolerance, &reason);
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
                       "in one call the model gives other logits than token by token, from character %d on: a state "
                       "goes back in where it does not belong, or a token sees what comes after it. Correct \"states\" "
                       "in the descriptor, or export the model again",
                       comparison->first_logits + 1);
    }
    return QL_OK;
}

// --- Models that take a fixed number of tokens ---

// The original model in its file.
struct whole {
    struct ql_descriptor descriptor;
    struct ql_graph graph;
    struct ql_window_run run;
    uint16_t *window; // (W)
};

static void close_whole(struct whole *whole)
{
    if (whole != NULL) {
        ql_window_run_close(&whole->run);
        ql_graph_free(&whole->graph);
        free(whole->window);
    }
    free(whole);
}

static enum ql_status open_whole(struct whole *whole, const char *descriptor_path, int W, struct ql_error *error)
{
    enum ql_status status = ql_model_file_load(&whole->descriptor, &whole->graph, descriptor_path, error);

    whole->window = calloc((size_t)W, sizeof whole->window[0]);
    if (whole->window == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for a window");
    }
    if (status != QL_OK || (status = ql_constant_inputs_apply(&whole->graph, &whole->descriptor, error)) != QL_OK ||
        (status = ql_settled_roles_init(&whole->graph, &whole->descriptor, error)) != QL_OK) {
        return status;
    }
    return ql_window_run_open(&whole->run, &whole->graph, &whole->descriptor, -1, W, error);
}

// The input of the file's graph for a token of the text.
static uint16_t read_token(const struct ql_token_graph *token_graph, int token)
{
    return (uint16_t)(token_graph->is_replaced && token == token_graph->end ? token_graph->begin : token);
}

// Sets *row to the logits after token t of the text; NULL if the model does not give them, or if the text's last window
// is not full.
static enum ql_status run_whole(const float **row, struct whole *whole, const struct ql_token_graph *token_graph,
                                int begin, const uint16_t *tokens, int t, int T, struct ql_error *error)
{
    const int W = token_graph->window;
    int place = t % W;
    enum ql_status status = QL_OK;

    *row = NULL;
    if (token_graph->is_opened || token_graph->kind == QL_WINDOW_CARRIED) {
        if (t - place + W > T) {
            return QL_OK;
        }
        for (int k = 0; k < W && place == 0; k++) {
            whole->window[k] = read_token(token_graph, tokens[t + k]);
        }
        status = place == 0 ? ql_window_run_step(&whole->run, whole->window, error) : QL_OK;
    } else {
        const int first = token_graph->kind == QL_WINDOW_SLIDING && t < W ? 0 : t - W + 1;
        place = t - first;
        for (int k = 0; k < W; k++) {
            // Behind token t, the changed graph has token 0 and this window another one, which must not matter.
            const bool is_other = first + k > t && (first + k >= T || tokens[first + k] == 0);
            const int token = first + k < 0 ? begin : is_other ? whole->run.V - 1 : tokens[first + k];
            whole->window[k] = read_token(token_graph, token);
        }
        status = ql_window_run_step(&whole->run, whole->window, error);
    }
    if (whole->run.rows > 1 || place == W - 1) {
        *row = whole->run.logits + (whole->run.rows > 1 ? (ptrdiff_t)place * whole->run.V : 0);
    }
    return status;
}

enum ql_status ql_one_call_compare_windows(struct ql_comparison *comparison, const char *descriptor_path,
                                           const struct ql_token_graph *token_graph, struct ql_text_session *model,
                                           const uint16_t *tokens, int T, double tolerance, struct ql_error *error)
{
    const int W = token_graph->window, limit = 2 * W + WINDOW_TOKENS, resets = model->rules.reset_count;
    struct whole *whole = calloc(1, sizeof *whole);
    enum ql_status status = whole == NULL ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the model")
                                          : open_whole(whole, descriptor_path, W, error);

    *comparison = (struct ql_comparison){
        .verdict = QL_VERDICT_SAME_WITHIN, .first_logits = -1, .first_draw = -1, .first_character = -1};
    model->rules.reset_count = 0; // all windows are of one text
    ql_text_session_reset(model);
    for (int t = 0; t < T && t < limit && status == QL_OK && comparison->first_logits < 0; t++) {
        struct ql_difference difference = {0};
        const float *row;
        if ((status = run_whole(&row, whole, token_graph, model->rules.first_token, tokens, t, T, error)) != QL_OK ||
            (status = ql_text_session_step(model, tokens[t], error)) != QL_OK || row == NULL) {
            continue;
        }
        ql_difference_step(&difference, model->logits, row, (size_t)model->V);
        ql_difference_step(&comparison->difference, model->logits, row, (size_t)model->V);
        comparison->characters++;
        comparison->first_logits = difference.relative > tolerance ? t : -1;
    }
    model->rules.reset_count = resets;
    ql_text_session_reset(model);
    close_whole(whole);
    if (status == QL_OK && comparison->first_logits >= 0) {
        comparison->verdict = QL_VERDICT_DIFFERS;
        const bool is_ahead = !token_graph->is_opened && token_graph->kind == QL_WINDOW_SLIDING;
        (void)snprintf(comparison->message, sizeof comparison->message,
                       "whole windows of %d tokens give other logits than token by token, from character %d on%s", W,
                       comparison->first_logits + 1,
                       is_ahead ? ": a token sees what comes after it. Export a model in which it sees only what comes "
                                  "before it"
                                : ". Export the model with an open sequence, or with sequence 1");
    } else if (status == QL_OK && comparison->characters == 0) {
        char reason[QL_ERROR_MESSAGE_BYTES / 2];
        (void)snprintf(reason, sizeof reason, "the text is shorter than the model's window of %d tokens", W);
        skip(comparison, reason);
    }
    return status;
}
