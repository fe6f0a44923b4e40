// Runs a model on the host: see engine.h.
#include "engine/engine.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum ql_status ql_engine_init(struct ql_engine *engine, const struct ql_graph *graph,
                              const struct ql_program_options *options, struct ql_error *error)
{
    struct ql_program program;
    const enum ql_status status = ql_program_compile(&program, graph, options, error);

    *engine = (struct ql_engine){0};
    return status == QL_OK ? ql_engine_open(engine, &program, error) : status;
}

enum ql_status ql_engine_open(struct ql_engine *engine, struct ql_program *taken, struct ql_error *error)
{
    *engine = (struct ql_engine){.program = *taken};
    *taken = (struct ql_program){0};
    const struct ql_program *program = &engine->program;
    engine->memory = ql_arena_take(&engine->arena, 1, program->workspace_bytes);
    engine->addresses = ql_arena_take(&engine->arena, (size_t)program->value_count, sizeof engine->addresses[0]);
    engine->outside = ql_arena_take(&engine->arena, (size_t)program->value_count, sizeof engine->outside[0]);
    if (engine->arena.exhausted) {
        const enum ql_status status = ql_error_write(
            error, QL_ERROR_SYSTEM, "not enough memory to run the model: it needs %zu bytes", program->workspace_bytes);
        ql_engine_free(engine);
        return status;
    }
    for (int i = 0; i < program->value_count; i++) {
        const struct ql_program_value *root = ql_program_root(program, i);
        if (root->storage == QL_STORAGE_CONSTANT) {
            // No kernel writes to a constant, but calls have one array for buffers that are read and buffers that are
            // written.
            engine->addresses[i] = (unsigned char *)root->data + program->values[i].offset;
        } else if (root->storage == QL_STORAGE_WORKSPACE && root->first_call >= 0) {
            engine->addresses[i] = engine->memory + root->workspace_offset + program->values[i].offset;
        } else if (root->storage == QL_STORAGE_INPUT || root->storage == QL_STORAGE_OUTPUT) {
            engine->outside[engine->outside_count++] = i;
        }
    }
    return QL_OK;
}

void ql_engine_free(struct ql_engine *engine)
{
    ql_program_free(&engine->program);
    ql_arena_free(&engine->arena);
    *engine = (struct ql_engine){0};
}

static bool run_call(const struct ql_engine *engine, const struct ql_kernel_call *call)
{
    struct ql_kernel_arguments arguments = {.ints = call->ints, .floats = call->floats};

    for (int k = 0; k < call->kernel->buffer_count; k++) {
        arguments.buffers[k] = call->buffers[k] < 0 ? NULL : engine->addresses[call->buffers[k]];
    }
    for (int k = 0; k < call->kernel->operation_count; k++) {
        arguments.operations[k] = call->operations[k]->function;
    }
    for (int k = 0; k < call->kernel->array_count; k++) {
        arguments.arrays[k] = call->arrays[k];
    }
    return call->kernel->run(&arguments);
}

// Reports a call that failed, which is one with an index out of range. The first index beyond a table may be the place of
// a token in the text, which grows by one until the table of learned positions ends.
static enum ql_status fail_call(const struct ql_engine *engine, const struct ql_kernel_call *call,
                                struct ql_error *error)
{
    const struct ql_node *node = &engine->program.graph->nodes[call->node];

    if (call->kernel != &ql_kernels[QL_KERNEL_GATHER]) {
        return ql_error_write(error, QL_ERROR_INPUT, "node '%s' (%s): an index in its input is out of range",
                              node->name, node->operator_name);
    }
    const int64_t *indices = (const int64_t *)engine->addresses[call->buffers[2]];
    const int size = call->ints[2], count = call->ints[4];
    int k = 0;
    while (k + 1 < count && indices[k] >= -size && indices[k] < size) {
        k++;
    }
    char positions[160] = "";
    if (indices[k] == size) {
        (void)snprintf(positions, sizeof positions,
                       ". If they are positions, the model cannot read more than %d tokens: choose shorter texts, or "
                       "export it with the position modulo %d",
                       size, size);
    }
    return ql_error_write(error, QL_ERROR_INPUT,
                          "node '%.200s' (%s): the index %lld is out of range, for its table has %d entries%s",
                          node->name, node->operator_name, (long long)indices[k], size, positions);
}

enum ql_status ql_engine_run(struct ql_engine *engine, const void *const *inputs, void *const *outputs,
                             struct ql_error *error)
{
    const struct ql_program *program = &engine->program;
    const struct ql_graph *graph = program->graph;

    for (int k = 0; k < engine->outside_count; k++) {
        const int value = engine->outside[k];
        const struct ql_program_value *root = ql_program_root(program, value);
        const void *memory = root->storage == QL_STORAGE_INPUT ? inputs[root->input] : outputs[root->output];
        assert(memory != NULL);
        engine->addresses[value] = (unsigned char *)memory + program->values[value].offset;
    }
    for (int n = 0; n < program->call_count; n++) {
        const struct ql_kernel_call *call = &program->calls[n];
        if (!run_call(engine, call)) {
            return fail_call(engine, call, error);
        }
    }
    for (int k = 0; k < graph->output_count; k++) {
        const int value = ql_program_result(program, k);
        const bool is_there = outputs[k] == engine->addresses[value];
        if (outputs[k] != NULL && !is_there && program->values[value].bytes > 0) {
            memmove(outputs[k], engine->addresses[value], program->values[value].bytes);
        }
    }
    return QL_OK;
}

struct ql_tensor_view ql_engine_view(const struct ql_engine *engine, int value)
{
    const struct ql_program_value *v = &engine->program.values[value];
    return (struct ql_tensor_view){v->name, v->type, v->rank, v->dims, v->count, engine->addresses[value]};
}
