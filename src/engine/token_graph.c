// The graph of a language model that takes one token: see token_graph.h.
// Uses: device/random.h.
#include "engine/token_graph.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/random.h"
#include "engine/text_session.h"
#include "engine/window_run.h"
#include "onnx/constant_inputs.h"
#include "onnx/replaced_token.h"
#include "onnx/settled_roles.h"

// How much a logit may differ between two calls, relative to the largest logit: sums of other sizes are added in
// another order.
static const double tolerance = 1e-4;

struct work {
    struct ql_graph *graph;
    struct ql_descriptor *descriptor;
    int W, V;
    int value, axis; // the input of tokens, and its axis for the window
    bool has_states;
    int differs;      // the first token, from 1 on, at which an opened graph differs from a window; 0: not compared
    uint16_t *tokens; // (2 W) the tokens with which the graph is tested
    struct ql_descriptor *given;
};

static void make_tokens(const struct work *work, uint16_t *tokens, int count, uint32_t seed)
{
    struct ql_random random;

    ql_random_init(&random, seed);
    for (int t = 0; t < count; t++) {
        tokens[t] = (uint16_t)(ql_random_step(&random) % (uint32_t)work->V);
    }
}

// Infinities agree if they are the same, and count for nothing else.
static bool is_near(const float *left, const float *right, int V)
{
    double scale = 1.0, largest = 0.0;

    for (int v = 0; v < V; v++) {
        const double difference = left[v] == right[v] ? 0.0 : fabs((double)left[v] - (double)right[v]);
        scale = isfinite(left[v]) ? fmax(scale, fabs((double)left[v])) : scale;
        largest = isfinite(difference) ? fmax(largest, difference) : INFINITY;
    }
    return largest <= tolerance * scale;
}

// --- Opening ---

// Compares two windows, the second with the states of the first, with single tokens.
static enum ql_status compare(struct work *work, struct ql_text_session *session, struct ql_window_run *run,
                              struct ql_error *error)
{
    enum ql_status status = QL_OK;

    session->rules.reset_count = 0;
    for (int t = 0; t < 2 * work->W && status == QL_OK && work->differs == 0; t++) {
        const int place = t % work->W;
        if (place == 0) {
            status = ql_window_run_step(run, work->tokens + t, error);
        }
        if (status == QL_OK && (status = ql_text_session_step(session, work->tokens[t], error)) == QL_OK) {
            const int row = run->rows == 1 ? 0 : place;
            const bool is_given = run->rows > 1 || place == work->W - 1;
            work->differs =
                is_given && !is_near(run->logits + (size_t)row * (size_t)work->V, session->logits, work->V) ? t + 1 : 0;
        }
    }
    return status;
}

// Opens the sizes that the file declares for the outputs of a window: those that are others for a single token. Our own
// compiler takes no notice of them, but other runtimes show them to whoever reads the changed graph.
static void open_outputs(struct ql_graph *graph, const struct ql_program *single, const struct ql_program *whole)
{
    for (int o = 0; o < graph->output_count; o++) {
        const int number = graph->outputs[o];
        struct ql_value *output = &graph->values[number];
        for (int axis = 0; axis < output->rank; axis++) {
            if (single->values[number].dims[axis] != whole->values[number].dims[axis]) {
                output->dims[axis] = -1;
            }
        }
    }
}

// Opens the sequence. False, with the reason in *error, if a single token cannot be computed or gives other results.
static bool open_sequence(struct work *work, struct ql_error *error)
{
    const struct ql_program_options options = {.default_size = 1};
    struct ql_text_session session = {0};
    struct ql_window_run run = {0};

    work->graph->values[work->value].dims[work->axis] = -1;
    enum ql_status status = ql_settled_roles_init(work->graph, work->descriptor, error);
    if (status == QL_OK &&
        (status = ql_text_session_open_graph(&session, work->graph, &options, work->descriptor, error)) == QL_OK &&
        (status = ql_window_run_open(&run, work->graph, work->descriptor, work->axis, work->W, error)) == QL_OK) {
        status = compare(work, &session, &run, error);
    }
    const bool is_same = status == QL_OK && work->differs == 0;
    if (is_same) {
        open_outputs(work->graph, &session.engine.program, &run.engine.program);
    }
    ql_text_session_close(&session);
    ql_window_run_close(&run);
    if (is_same) {
        ql_graph_add_note(work->graph,
                          "the model takes %d tokens at a time; its sequence is opened, because single tokens give the "
                          "same logits as two windows",
                          work->W);
        return true;
    }
    if (work->differs == 0) {
        *work->descriptor = *work->given; // the roles may be wrong
    }
    work->graph->values[work->value].dims[work->axis] = work->W;
    return false;
}

// --- Windows ---

// How often a model with a window is tried. Only a window that has its first change at token k shows that the token
// before it sees it. So there is a try for each token, and a second one with other tokens, if that takes about a second:
// `effort` bounds the products of all tries, one of which takes about one for each weight and token. A larger window is
// tried at fewer places; verify/one_call.h tries them all.
static const int64_t effort = (int64_t)1 << 32;
enum { TRIES_AT_LEAST = 16 };

static int64_t count_weights(const struct ql_program *program)
{
    int64_t count = 1;

    for (int i = 0; i < program->value_count; i++) {
        const struct ql_program_value *value = &program->values[i];
        count += value->root == i && value->storage == QL_STORAGE_CONSTANT ? value->count : 0;
    }
    return count;
}

// Runs a window, at the beginning of a text or, if the model has a state, as its second window.
static enum ql_status run_window(const struct work *work, struct ql_window_run *run, bool is_second,
                                 const uint16_t *tokens, struct ql_error *error)
{
    enum ql_status status = QL_OK;

    ql_window_run_reset(run);
    if (is_second && work->has_states) {
        status = ql_window_run_step(run, work->tokens + work->W, error);
    }
    return status == QL_OK ? ql_window_run_step(run, tokens, error) : status;
}

// Changes all tokens from number `kept` on. The logits (W, V) before them must stay.
static enum ql_status try_change(const struct work *work, struct ql_window_run *run, bool is_second, int kept,
                                 const float *logits, uint16_t *changed, struct ql_error *error)
{
    const size_t V = (size_t)work->V;

    make_tokens(work, changed, work->W, (uint32_t)(2 * kept + is_second));
    for (int t = 0; t < work->W; t++) {
        const int step = t < kept ? 0 : 1 + changed[t] % (work->V - 1);
        changed[t] = (uint16_t)((work->tokens[t] + step) % work->V);
    }
    enum ql_status status = run_window(work, run, is_second, changed, error);
    for (int t = 0; t < kept && status == QL_OK; t++) {
        if (!is_near(logits + (size_t)t * V, run->logits + (size_t)t * V, work->V)) {
            status = ql_error_write(error, QL_ERROR_INPUT,
                                    "the logits after token %d of the window change with later tokens, so the model "
                                    "cannot write. Export one in which a token sees only what comes before it",
                                    t + 1);
        }
    }
    return status;
}

// Later tokens must not change the logits of earlier ones.
static enum ql_status check_order(const struct work *work, struct ql_window_run *run, struct ql_error *error)
{
    const int64_t affordable = effort / (count_weights(&run->engine.program) * work->W);
    const int places = work->W - 1;
    const int tries = affordable >= places ? places : affordable < TRIES_AT_LEAST ? TRIES_AT_LEAST : (int)affordable;
    const int count = tries < places ? tries : places, rounds = affordable >= 2 * (int64_t)places ? 2 : 1;
    const size_t bytes = (size_t)run->rows * (size_t)work->V * sizeof(float);
    float *logits = malloc(bytes);
    uint16_t *changed = malloc((size_t)work->W * sizeof changed[0]);
    enum ql_status status = logits == NULL || changed == NULL
                                ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to try the model")
                                : QL_OK;

    for (int round = 0; round < rounds && run->rows > 1 && work->V > 1 && status == QL_OK; round++) {
        if ((status = run_window(work, run, round == 1, work->tokens, error)) == QL_OK) {
            memcpy(logits, run->logits, bytes);
        }
        for (int n = 0; n < count && status == QL_OK; n++) {
            const int kept = count == 1 ? 1 : 1 + (int)((int64_t)n * (places - 1) / (count - 1));
            status = try_change(work, run, round == 1, kept, logits, changed, error);
        }
    }
    free(logits);
    free(changed);
    return status;
}

static bool set_name(char *to, const char *name)
{
    return snprintf(to, QL_DESCRIPTOR_NAME_BYTES, "%s", name) < QL_DESCRIPTOR_NAME_BYTES;
}

// The descriptor names the states of the changed graph.
static enum ql_status name_states(struct work *work, const struct ql_model_roles *roles, struct ql_error *error)
{
    const struct ql_graph *graph = work->graph;
    bool fits = true;

    for (int s = 0; s < roles->state_count; s++) {
        const struct ql_state_pair state = roles->states[s];
        fits = set_name(work->descriptor->states[s].input, graph->values[graph->inputs[state.input]].name) && fits;
        fits = set_name(work->descriptor->states[s].output, graph->values[graph->outputs[state.output]].name) && fits;
        work->descriptor->states[s].kind = state.kind;
        work->descriptor->states[s].is_certain = false;
    }
    work->descriptor->state_count = roles->state_count;
    return fits ? QL_OK
                : ql_error_write(error, QL_ERROR_INPUT, "a state of the model has a name of more than %d bytes",
                                 QL_DESCRIPTOR_NAME_BYTES - 1);
}

static void note_window(struct work *work, enum ql_window_kind kind)
{
    if (kind == QL_WINDOW_LAST) {
        ql_graph_add_note(work->graph,
                          "the model takes %d tokens and no state: it sees the last %d tokens of the text, with the "
                          "begin symbol before them, and computes them again for each token",
                          work->W, work->W);
    } else if (kind == QL_WINDOW_SLIDING) {
        ql_graph_add_note(work->graph,
                          "the model takes %d tokens and no state: it sees the last %d tokens of the text, and "
                          "computes them again for each token",
                          work->W, work->W);
    } else {
        ql_graph_add_note(work->graph,
                          "the model takes %d tokens at a time, and its sequence cannot be opened%s: the text is read "
                          "in windows, with the states carried from one to the next, and each token computes a whole "
                          "window. If the model has nothing but recurrent layers, check \"states\", or export it with "
                          "an open sequence",
                          work->W, work->differs > 0 ? ", because single tokens give other logits" : "");
    }
}

// Turns the window into a state.
static enum ql_status keep_window(struct work *work, struct ql_token_graph *result, const struct ql_error *reason,
                                  struct ql_error *error)
{
    struct ql_window_run run = {0};
    enum ql_status status = work->differs > 0 ? QL_OK : ql_settled_roles_init(work->graph, work->descriptor, error);

    if (status == QL_OK &&
        (status = ql_window_run_open(&run, work->graph, work->descriptor, work->axis, work->W, error)) == QL_OK &&
        work->has_states && run.rows == 1) {
        status = ql_error_write(error, QL_ERROR_INPUT,
                                "the model takes %d tokens at a time, and gives logits only after the last of them; "
                                "its sequence cannot be opened (%.600s). Export it with an open sequence, or with "
                                "sequence 1",
                                work->W, work->differs > 0 ? "single tokens give other logits" : reason->message);
    }
    if (status == QL_OK) {
        result->kind = work->has_states ? QL_WINDOW_CARRIED : run.rows > 1 ? QL_WINDOW_SLIDING : QL_WINDOW_LAST;
        status = check_order(work, &run, error);
    }
    if (status == QL_OK) {
        const struct ql_descriptor *descriptor = work->descriptor;
        const struct ql_window window = {result->kind, work->W, work->V,
                                         descriptor->has_begin ? descriptor->begin
                                                               : ql_descriptor_text_rules(descriptor).first_token};
        note_window(work, result->kind);
        if ((status = ql_window_graph_init(work->graph, &run.roles, &run.engine.program, &window, error)) == QL_OK) {
            status = name_states(work, &run.roles, error);
        }
    }
    ql_window_run_close(&run);
    return status;
}

// Returns how many tokens the model takes at a time: 0 means one, or any number.
static enum ql_status find_window(struct work *work, int *window, struct ql_error *error)
{
    struct ql_model_roles roles;
    enum ql_status status = ql_model_roles_find_tokens(&roles, work->graph, work->descriptor, error);

    *window = 0;
    if (status != QL_OK || roles.sequence_axis < 0) {
        return status;
    }
    work->value = work->graph->inputs[roles.tokens];
    work->axis = roles.sequence_axis;
    work->has_states = work->graph->input_count > 1;
    struct ql_value *tokens = &work->graph->values[work->value];
    const int wanted = work->descriptor->window, size = tokens->dims[work->axis];
    const int batch = tokens->rank - roles.one_hot == 2 ? tokens->dims[1 - work->axis] : 1;
    if (wanted > 0 && (size > 0 ? size != wanted : work->has_states)) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the descriptor's field 'window' is %d, but the input '%.60s' takes %s. Leave the field "
                              "out",
                              wanted, tokens->name,
                              size > 0 ? "another number of tokens" : "any number of tokens, and a state besides them");
    }
    if (size < 0 && wanted > 0) {
        tokens->dims[work->axis] = wanted;
    }
    if (tokens->dims[work->axis] > QL_DESCRIPTOR_WINDOW_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the input '%.60s' takes %d tokens at a time; at most %d are supported. Export the model "
                              "with an open sequence, or with sequence 1",
                              tokens->name, tokens->dims[work->axis], (int)QL_DESCRIPTOR_WINDOW_LIMIT);
    }
    *window = batch == 1 || batch < 0 ? tokens->dims[work->axis] : 0; // a batch is refused when the roles are checked
    *window = *window > 1 ? *window : 0;
    return QL_OK;
}

static enum ql_status take_window(struct work *work, struct ql_token_graph *result, struct ql_error *error)
{
    struct ql_error reason;

    work->tokens = malloc(2 * (size_t)work->W * sizeof work->tokens[0]);
    work->given = malloc(sizeof *work->given);
    if (work->tokens == NULL || work->given == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for a window of %d tokens", work->W);
    }
    *work->given = *work->descriptor;
    make_tokens(work, work->tokens, 2 * work->W, 1);
    result->is_opened = work->has_states && open_sequence(work, &reason);
    return result->is_opened ? QL_OK : keep_window(work, result, &reason, error);
}

// After the end of a text, the begin symbol starts the next one.
static enum ql_status replace_end(struct work *work, struct ql_token_graph *result, struct ql_error *error)
{
    struct ql_descriptor *descriptor = work->descriptor;
    struct ql_model_roles roles;

    if (!descriptor->has_begin || !descriptor->has_end || descriptor->begin == descriptor->end) {
        return QL_OK;
    }
    enum ql_status status = ql_model_roles_find_tokens(&roles, work->graph, descriptor, error);
    if (status == QL_OK) {
        status = ql_replaced_token_init(work->graph, &roles, descriptor->end, descriptor->begin, work->V, error);
    }
    result->is_replaced = true;
    result->begin = descriptor->begin;
    result->end = descriptor->end;
    descriptor->has_begin = false;
    return status;
}

enum ql_status ql_token_graph_init(struct ql_token_graph *token_graph, struct ql_graph *graph,
                                   struct ql_descriptor *descriptor, struct ql_error *error)
{
    struct work work = {.graph = graph, .descriptor = descriptor, .V = descriptor->vocabulary.count};
    struct ql_token_graph result = {0};
    enum ql_status status;

    if ((status = ql_constant_inputs_apply(graph, descriptor, error)) != QL_OK ||
        (status = find_window(&work, &result.window, error)) != QL_OK) {
        return status;
    }
    work.W = result.window;
    if (work.W == 0) {
        status = ql_settled_roles_init(graph, descriptor, error);
    } else {
        status = take_window(&work, &result, error);
    }
    if (status == QL_OK) {
        status = replace_end(&work, &result, error);
    }
    free(work.tokens);
    free(work.given);
    if (token_graph != NULL) {
        *token_graph = result;
    }
    return status;
}
