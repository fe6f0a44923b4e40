// Plans the arena of a program: see memory_plan.h.
// Greedy by size: the largest value first, each at the lowest place that is free for as long as it lives. This comes
// within a few percent of the best for networks like ours (Pisarchyk and Lee 2020).
#include "onnx/memory_plan.h"

#include <stdlib.h>

static void touch(struct ql_program *program, int value, int call)
{
    struct ql_program_value *root = &program->values[program->values[value].root];
    if (root->first_call < 0) {
        root->first_call = call;
    }
    root->last_call = call;
}

static void find_lifetimes(struct ql_program *program, bool keep)
{
    for (int i = 0; i < program->value_count; i++) {
        program->values[i].first_call = -1;
    }
    for (int n = 0; n < program->call_count; n++) {
        const struct ql_kernel_call *call = &program->calls[n];
        for (int k = 0; k < call->kernel->buffer_count; k++) {
            if (call->buffers[k] >= 0) {
                touch(program, call->buffers[k], n);
            }
        }
    }
    // Outputs are read after the last call.
    for (int i = 0; i < program->graph->output_count; i++) {
        touch(program, program->graph->outputs[i], program->call_count);
    }
    for (int i = 0; i < program->value_count && keep; i++) {
        program->values[i].first_call = 0;
        program->values[i].last_call = program->call_count;
    }
}

// A value, and what it is sorted by.
struct item {
    size_t key;
    int value;
};

// By falling size, then by rising index, so that the plan is always the same.
static int compare_sizes(const void *left, const void *right)
{
    const struct item *a = left;
    const struct item *b = right;
    return a->key != b->key ? (a->key < b->key ? 1 : -1) : a->value - b->value;
}

static int compare_offsets(const void *left, const void *right)
{
    const struct item *a = left;
    const struct item *b = right;
    return a->key != b->key ? (a->key < b->key ? -1 : 1) : a->value - b->value;
}

static size_t align(size_t bytes)
{
    return (bytes + QL_PROGRAM_ALIGNMENT - 1) / QL_PROGRAM_ALIGNMENT * QL_PROGRAM_ALIGNMENT;
}

// The lowest offset at which `value` meets none of the `count` placed values that live at the same time.
// `neighbours` is scratch for `count` items.
static size_t find_offset(const struct ql_program *program, const struct item *placed, size_t count,
                          const struct ql_program_value *value, struct item *neighbours)
{
    size_t found = 0;
    size_t offset = 0;

    for (size_t i = 0; i < count; i++) {
        const struct ql_program_value *other = &program->values[placed[i].value];
        if (other->first_call <= value->last_call && value->first_call <= other->last_call) {
            neighbours[found++] = (struct item){other->arena_offset, placed[i].value};
        }
    }
    qsort(neighbours, found, sizeof neighbours[0], compare_offsets);
    for (size_t i = 0; i < found && neighbours[i].key < offset + value->bytes; i++) {
        size_t end = align(neighbours[i].key + program->values[neighbours[i].value].bytes);
        offset = end > offset ? end : offset;
    }
    return offset;
}

enum ql_status ql_memory_plan_init(struct ql_program *program, bool keep, size_t byte_limit, struct ql_error *error)
{
    enum ql_status status = QL_OK;
    const size_t room = (size_t)program->value_count + 1;
    struct item *items = malloc(room * sizeof items[0]);
    struct item *neighbours = malloc(room * sizeof neighbours[0]);
    size_t count = 0;

    if (items == NULL || neighbours == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to plan the memory of the model");
        goto done;
    }
    find_lifetimes(program, keep);
    for (int i = 0; i < program->value_count; i++) {
        const struct ql_program_value *value = &program->values[i];
        if (value->root == i && value->storage == QL_STORAGE_ARENA && value->first_call >= 0) {
            items[count++] = (struct item){value->bytes, i};
        }
    }
    qsort(items, count, sizeof items[0], compare_sizes);
    program->arena_bytes = 0;
    for (size_t i = 0; i < count; i++) {
        struct ql_program_value *value = &program->values[items[i].value];
        value->arena_offset = keep ? program->arena_bytes : find_offset(program, items, i, value, neighbours);
        size_t end = align(value->arena_offset + value->bytes);
        program->arena_bytes = end > program->arena_bytes ? end : program->arena_bytes;
    }
    if (program->arena_bytes > byte_limit) {
        status = ql_error_write(error, QL_ERROR_INPUT, "the model needs %zu bytes to run; the limit is %zu",
                                program->arena_bytes, byte_limit);
    }
done:
    free(items);
    free(neighbours);
    return status;
}
