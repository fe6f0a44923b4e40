// Copies that need not be: see in_place.h.
// Uses: base, onnx.
#include "codegen/in_place.h"

#include <string.h>

#include "onnx/memory_plan.h"

// A stretch of the storage of a root.
struct place {
    int root;
    size_t begin, end; // in bytes
};

static struct place place_of(const struct ql_program *program, int value)
{
    const struct ql_program_value *v = &program->values[value];
    return (struct place){v->root, v->offset, v->offset + v->bytes};
}

static bool overlap(struct place a, struct place b)
{
    return a.root == b.root && a.begin < b.end && b.begin < a.end;
}

static bool is_output(const struct ql_program *program, int root)
{
    for (int i = 0; i < program->graph->output_count; i++) {
        if (program->values[program->graph->outputs[i]].root == root) {
            return true;
        }
    }
    return false;
}

// A copy of elements one behind the other, both ways.
static bool is_plain_copy(const struct ql_kernel_call *call)
{
    return call->kernel == &ql_kernels[QL_KERNEL_COPY] && call->ints[1] == 1 && call->arrays[1][0] == 1 &&
           call->arrays[2][0] == 1;
}

// Whether a call may touch the place through its argument k. Copies by strides reach beyond the value they are given;
// all other kernels stay within.
static bool touches(const struct ql_program *program, const struct ql_kernel_call *call, int k, struct place place)
{
    if (call->buffers[k] < 0) {
        return false;
    }
    const struct place argument = place_of(program, call->buffers[k]);
    bool by_strides = call->kernel == &ql_kernels[QL_KERNEL_COPY] && !is_plain_copy(call);
    return by_strides ? argument.root == place.root : overlap(argument, place);
}

// Whether no call but the copy uses the place before it, and none writes to it afterwards.
static bool is_free(const struct ql_program *program, int copy, struct place place)
{
    for (int i = 0; i < program->call_count; i++) {
        const struct ql_kernel_call *call = &program->calls[i];
        const int count = i < copy ? call->kernel->buffer_count : call->kernel->output_count;
        for (int k = 0; k < count && i != copy; k++) {
            if (touches(program, call, k, place)) {
                return false;
            }
        }
    }
    return true;
}

// Whether the copy's source can be a part of its target instead.
static bool is_needless(const struct ql_program *program, int copy)
{
    const struct ql_kernel_call *call = &program->calls[copy];

    if (!is_plain_copy(call)) {
        return false;
    }
    const struct place to = place_of(program, call->buffers[0]);
    const struct place from = place_of(program, call->buffers[1]);
    const struct ql_program_value *source = &program->values[from.root];
    const size_t bytes = (size_t)call->ints[0] * (size_t)call->arrays[0][0];
    const bool whole = from.begin == 0 && source->bytes == bytes && to.end - to.begin == bytes;
    const bool in_arena = source->storage == QL_STORAGE_ARENA && program->values[to.root].storage == QL_STORAGE_ARENA;

    return whole && in_arena && from.root != to.root && source->type == program->values[to.root].type &&
           !is_output(program, from.root) && is_free(program, copy, to);
}

enum ql_status ql_in_place_init(struct ql_program *program, struct ql_error *error)
{
    for (int i = 0; i < program->call_count; i++) {
        if (!is_needless(program, i)) {
            continue;
        }
        const struct place to = place_of(program, program->calls[i].buffers[0]);
        const int source = program->values[program->calls[i].buffers[1]].root;
        for (int v = 0; v < program->value_count; v++) {
            if (program->values[v].root == source) {
                program->values[v].root = to.root;
                program->values[v].offset += to.begin;
            }
        }
        program->call_count--;
        memmove(&program->calls[i], &program->calls[i + 1],
                (size_t)(program->call_count - i) * sizeof program->calls[0]);
        i--;
    }
    return ql_memory_plan_init(program, false, SIZE_MAX, error);
}
