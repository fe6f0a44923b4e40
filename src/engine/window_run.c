// A language model's graph that is run over several tokens in one call: see window_run.h.
#include "engine/window_run.h"

#include <string.h>

static const struct ql_program_value *input_value(const struct ql_window_run *run, int number)
{
    return &run->engine.program.values[run->engine.program.graph->inputs[number]];
}

static const struct ql_program_value *output_value(const struct ql_window_run *run, int number)
{
    return &run->engine.program.values[run->engine.program.graph->outputs[number]];
}

static enum ql_status take_arrays(struct ql_window_run *run, const struct ql_graph *graph, struct ql_error *error)
{
    run->inputs = ql_arena_take(&run->arena, (size_t)graph->input_count + 1, sizeof run->inputs[0]);
    run->outputs = ql_arena_take(&run->arena, (size_t)graph->output_count + 1, sizeof run->outputs[0]);
    for (int k = 0; k < graph->input_count && !run->arena.exhausted; k++) {
        run->inputs[k] = ql_arena_take(&run->arena, 1, input_value(run, k)->bytes);
    }
    for (int k = 0; k < graph->output_count && !run->arena.exhausted; k++) {
        run->outputs[k] = ql_arena_take(&run->arena, 1, output_value(run, k)->bytes);
    }
    return run->arena.exhausted
               ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to run several tokens in one call")
               : QL_OK;
}

enum ql_status ql_window_run_open(struct ql_window_run *run, const struct ql_graph *graph,
                                  const struct ql_descriptor *descriptor, int axis, int W, struct ql_error *error)
{
    char name[QL_ROLE_NAME_BYTES];
    enum ql_status status;

    *run = (struct ql_window_run){.W = W, .V = descriptor->vocabulary.count};
    if ((status = ql_model_roles_init(&run->roles, graph, descriptor, error)) != QL_OK) {
        return status;
    }
    run->roles.sequence_axis = axis < 0 ? run->roles.sequence_axis : axis;
    const struct ql_binding binding = ql_model_roles_binding(&run->roles, graph, W, name);
    const struct ql_program_options options = {.bindings = &binding, .binding_count = 1, .default_size = 1};
    if ((status = ql_engine_init(&run->engine, graph, &options, error)) != QL_OK ||
        (status = ql_model_roles_check_window(&run->rows, &run->roles, &run->engine.program, descriptor, W, error)) !=
            QL_OK) {
        return status;
    }
    const struct ql_program_value *logits = output_value(run, run->roles.logits);
    if (logits->rank < 1 || logits->dims[logits->rank - 1] != run->V) {
        return ql_error_write(error, QL_ERROR_INPUT, "the vocabulary is not the last dimension of '%s'", logits->name);
    }
    status = take_arrays(run, graph, error);
    run->logits = status == QL_OK ? run->outputs[run->roles.logits] : NULL;
    return status;
}

void ql_window_run_close(struct ql_window_run *run)
{
    ql_engine_free(&run->engine);
    ql_arena_free(&run->arena);
    *run = (struct ql_window_run){0};
}

void ql_window_run_reset(struct ql_window_run *run)
{
    for (int s = 0; s < run->roles.state_count; s++) {
        const int input = run->roles.states[s].input;
        memset(run->inputs[input], 0, input_value(run, input)->bytes);
    }
}

static void load_tokens(struct ql_window_run *run, const uint16_t *tokens)
{
    const struct ql_program_value *input = input_value(run, run->roles.tokens);
    unsigned char *place = run->inputs[run->roles.tokens];
    const size_t bytes = ql_element_bytes(input->type), V = (size_t)run->V;

    memset(place, 0, input->bytes);
    for (int t = 0; t < run->W; t++) {
        const float one = 1.0f;
        const int64_t number = tokens[t]; // little-endian, so its first bytes are an int32
        if (run->roles.one_hot) {
            memcpy(place + ((size_t)t * V + tokens[t]) * sizeof one, &one, sizeof one);
        } else {
            memcpy(place + (size_t)t * bytes, &number, bytes);
        }
    }
}

enum ql_status ql_window_run_step(struct ql_window_run *run, const uint16_t *tokens, struct ql_error *error)
{
    load_tokens(run, tokens);
    const enum ql_status status = ql_engine_run(&run->engine, (const void *const *)run->inputs, run->outputs, error);
    for (int s = 0; s < run->roles.state_count && status == QL_OK; s++) {
        const struct ql_state_pair state = run->roles.states[s];
        memcpy(run->inputs[state.input], run->outputs[state.output], input_value(run, state.input)->bytes);
    }
    return status;
}
