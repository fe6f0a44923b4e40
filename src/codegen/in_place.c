// Copies that need not be: see in_place.h. No element of a program is written twice or read before it is written, so
// the part of the target is unused until its source is made, and keeps the source's elements from then on.
// Uses: base, onnx.
#include "codegen/in_place.h"

#include <string.h>

#include "onnx/memory_plan.h"

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
    int kept = 0;

    for (int i = 0; i < program->call_count; i++) {
        const struct ql_kernel_call *call = &program->calls[i];
        if (!is_needless(program, call)) {
            program->calls[kept++] = *call;
            continue;
        }
        const struct ql_program_value to = program->values[call->buffers[0]];
        const int source = program->values[call->buffers[1]].root;
        for (int v = 0; v < program->value_count; v++) {
            if (program->values[v].root == source) {
                program->values[v].root = to.root;
                program->values[v].offset += to.offset;
            }
        }
    }
    program->call_count = kept;
    return ql_memory_plan_init(program, false, SIZE_MAX, error);
}
