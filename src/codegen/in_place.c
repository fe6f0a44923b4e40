// Copies that need not be: see in_place.h. No element of a program is written twice or read before it is written, so
// the part of the target is unused until its source is made, and keeps the source's elements from then on.
// Uses: base, onnx.
#include "codegen/in_place.h"

#include <stdlib.h>

#include "onnx/memory_plan.h"

// Where the elements of a root lie since its copy is gone: in the storage of another value.
struct move {
    int root; // -1: where they were
    size_t offset;
};

// Brings the root and the offset of a value up to date. Shortens the way for the next one.
static void follow(struct ql_program *program, struct move *moves, int value)
{
    struct ql_program_value *v = &program->values[value];
    int last = v->root;
    size_t offset = 0;

    while (moves[last].root >= 0) {
        offset += moves[last].offset;
        last = moves[last].root;
    }
    for (int root = v->root; moves[root].root >= 0;) {
        const struct move move = moves[root];
        moves[root] = (struct move){last, offset};
        offset -= move.offset;
        root = move.root;
    }
    v->offset += v->root == last ? 0 : moves[v->root].offset;
    v->root = last;
}

// Whether the call copies a whole value of the arena, elements one behind the other on both sides, into another value.
static bool is_needless(const struct ql_program *program, const struct ql_kernel_call *call)
{
    if (call->kernel != &ql_kernels[QL_KERNEL_COPY] || call->ints[1] != 1 || call->arrays[1][0] != 1 ||
        call->arrays[2][0] != 1) {
        return false;
    }
    const struct ql_program_value *source = ql_program_root(program, call->buffers[1]);
    const struct ql_program_value *target = ql_program_root(program, call->buffers[0]);
    const size_t bytes = (size_t)call->ints[0] * (size_t)call->arrays[0][0];

    return source->storage == QL_STORAGE_ARENA && target->storage == QL_STORAGE_ARENA && source->type == target->type &&
           source->bytes == bytes;
}

enum ql_status ql_in_place_init(struct ql_program *program, struct ql_error *error)
{
    struct move *moves = malloc(((size_t)program->value_count + 1) * sizeof moves[0]);
    int kept = 0;

    if (moves == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to compile the model");
    }
    for (int v = 0; v < program->value_count; v++) {
        moves[v].root = -1;
    }
    for (int i = 0; i < program->call_count; i++) {
        const struct ql_kernel_call *call = &program->calls[i];
        for (int k = 0; k < call->kernel->buffer_count; k++) {
            if (call->buffers[k] >= 0) {
                follow(program, moves, call->buffers[k]);
            }
        }
        if (!is_needless(program, call)) {
            program->calls[kept++] = *call;
            continue;
        }
        const struct ql_program_value *to = &program->values[call->buffers[0]];
        moves[program->values[call->buffers[1]].root] = (struct move){to->root, to->offset};
    }
    program->call_count = kept;
    for (int v = 0; v < program->value_count; v++) {
        follow(program, moves, v);
    }
    free(moves);
    return ql_memory_plan_init(program, false, SIZE_MAX, error);
}
