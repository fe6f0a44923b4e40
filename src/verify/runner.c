// What all runners share: see runner.h.
// Uses: base, onnx, engine/text_session.
#include "verify/runner.h"

#include <string.h>

static void init_array(struct ql_array *array, struct ql_arena *arena, const struct ql_program *program, int value)
{
    const struct ql_program_value *from = &program->values[value];
    const size_t name_bytes = strlen(from->name) + 1;
    char *name = ql_arena_take(arena, name_bytes, 1);

    *array = (struct ql_array){.type = from->type, .rank = from->rank, .count = from->count, .bytes = from->bytes};
    array->data = ql_arena_take(arena, from->bytes == 0 ? 1 : from->bytes, 1);
    memcpy(array->dims, from->dims, sizeof array->dims);
    if (name != NULL) {
        memcpy(name, from->name, name_bytes);
    }
    array->name = name;
}

enum ql_status ql_runner_init(struct ql_runner *runner, const struct ql_program *program, struct ql_error *error)
{
    const struct ql_graph *graph = program->graph;

    runner->inputs = ql_arena_take(&runner->arena, (size_t)graph->input_count + 1, sizeof runner->inputs[0]);
    runner->outputs = ql_arena_take(&runner->arena, (size_t)graph->output_count + 1, sizeof runner->outputs[0]);
    runner->input_data = ql_arena_take(&runner->arena, (size_t)graph->input_count + 1, sizeof runner->input_data[0]);
    runner->output_data = ql_arena_take(&runner->arena, (size_t)graph->output_count + 1, sizeof runner->output_data[0]);
    for (int i = 0; i < graph->input_count && !runner->arena.exhausted; i++) {
        init_array(&runner->inputs[runner->input_count++], &runner->arena, program, graph->inputs[i]);
        runner->input_data[i] = runner->inputs[i].data;
    }
    for (int i = 0; i < graph->output_count && !runner->arena.exhausted; i++) {
        init_array(&runner->outputs[runner->output_count++], &runner->arena, program, graph->outputs[i]);
        runner->output_data[i] = runner->outputs[i].data;
    }
    if (runner->arena.exhausted) {
        ql_runner_free(runner);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the model's inputs and outputs");
    }
    return QL_OK;
}

static enum ql_status run_step(void *self, struct ql_error *error)
{
    struct ql_runner *runner = self;
    return runner->step(runner, error);
}

enum ql_status ql_runner_session_open(struct ql_text_session *session, struct ql_runner *runner,
                                      const struct ql_program *program, const struct ql_descriptor *descriptor,
                                      struct ql_error *error)
{
    const struct ql_graph_arrays arrays = {runner->input_data, runner->output_data, run_step, runner};
    return ql_text_session_open_arrays(session, program, descriptor, &arrays, error);
}

void ql_runner_free(struct ql_runner *runner)
{
    if (runner->close != NULL) {
        runner->close(runner);
    }
    ql_arena_free(&runner->arena);
    *runner = (struct ql_runner){0};
}

struct ql_array *ql_array_find(struct ql_array *arrays, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(arrays[i].name, name) == 0) {
            return &arrays[i];
        }
    }
    return NULL;
}
