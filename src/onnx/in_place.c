// Removes unnecessary copies: see in_place.h. No element of a program is written twice or read before it is written, so
// the part of the target is unused until its source is computed, and keeps the source's elements from then on.
// Uses: base, onnx.
#include "onnx/in_place.h"

#include <stdlib.h>

#include "onnx/memory_plan.h"
#include "onnx/recurrent_call.h"

// Where the elements of a root are after its copy was removed: in the storage of another value.
struct move {
    int root; // -1: where they were before
    size_t offset;
};

// Brings the root and the offset of a value up to date. Shortens the path for the next lookup.
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

// Returns whether the call copies a whole value of the workspace into another value, with the elements of both
// contiguous.
static bool is_needless(const struct ql_program *program, const struct ql_kernel_call *call)
{
    if (call->kernel != &ql_kernels[QL_KERNEL_COPY] || call->ints[1] != 1 || call->arrays[1][0] != 1 ||
        call->arrays[2][0] != 1) {
        return false;
    }
    const struct ql_program_value *source = ql_program_root(program, call->buffers[1]);
    const struct ql_program_value *target = ql_program_root(program, call->buffers[0]);
    const size_t bytes = (size_t)call->ints[0] * (size_t)call->arrays[0][0];

    return source->storage == QL_STORAGE_WORKSPACE && target->storage == QL_STORAGE_WORKSPACE &&
           source->type == target->type && source->bytes == bytes;
}

enum ql_status ql_in_place_init(struct ql_program *program, struct ql_error *error)
{
    struct move *moves = calloc((size_t)program->value_count + 1, sizeof moves[0]);
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

// The bytes of a storage from `begin` to before `end`.
struct span {
    size_t begin, end;
};

// Returns the bytes of a copy's buffer k. The value of the buffer may be a single element, where the first one lies; and
// strides may be negative.
static struct span find_copied_span(const struct ql_kernel_call *copy, size_t offset, int k)
{
    const size_t element = (size_t)copy->ints[0];
    struct span span = {offset, offset + element};

    for (int axis = 0; axis < copy->ints[1]; axis++) {
        const int steps = copy->arrays[0][axis] - 1, stride = copy->arrays[1 + k][axis];
        const size_t bytes = (size_t)steps * (size_t)abs(stride) * element;
        span.begin -= stride < 0 ? bytes : 0;
        span.end += stride > 0 ? bytes : 0;
    }
    return span;
}

// Returns the bytes of its root that the call reads or writes as buffer k. What fused_calls.h has made may read from a
// value that a copy reads, so it counts as reading the whole root; other calls stay within their values.
static struct span find_span(const struct ql_program *program, const struct ql_kernel_call *call, int k)
{
    const struct ql_program_value *value = &program->values[call->buffers[k]];
    const bool is_fused = ql_kernel_call_is(call, QL_KERNEL_RMS_NORM_F32) ||
                          ql_kernel_call_is(call, QL_KERNEL_SWIGLU_F32) ||
                          ql_kernel_call_is(call, QL_KERNEL_ROTARY_TURN_F32);

    if (ql_kernel_call_is(call, QL_KERNEL_COPY)) {
        return find_copied_span(call, value->offset, k);
    }
    if (is_fused && k >= call->kernel->output_count) {
        return (struct span){0, program->values[value->root].bytes};
    }
    return (struct span){value->offset, value->offset + value->bytes};
}

// Returns whether the call has read its buffer `in` when it writes to its buffer `out`, though the two overlap. Only
// recurrent layers have: first they copy each old state to the place of the new one, unless it is there already, the
// hidden state before the cell state; the sequence is written after that.
static bool reads_before(const struct ql_kernel_call *call, int out, struct span to, int in, struct span from)
{
    const struct ql_recurrent_states *states = ql_recurrent_states_find(call);
    bool found = false;

    for (int k = 0; states != NULL && k < states->count; k++) {
        const bool same = to.begin == from.begin && to.end == from.end;
        found = found || (states->starts[k] == in && (out == states->sequence || (out == states->ends[k] && same)));
    }
    return found;
}

// Returns whether a call from number `first` on reads a part of the state `in` that the call `first` overwrites with its
// buffer `out`.
static bool is_read_later(const struct ql_program *program, int first, int out, int in)
{
    const struct span to = find_span(program, &program->calls[first], out);

    for (int i = first; i < program->call_count; i++) {
        const struct ql_kernel_call *call = &program->calls[i];
        for (int k = call->kernel->output_count; k < call->kernel->buffer_count; k++) {
            if (call->buffers[k] < 0 || program->values[call->buffers[k]].root != in) {
                continue;
            }
            const struct span from = find_span(program, call, k);
            const bool overlap = to.begin < from.end && from.begin < to.end;
            if (overlap && !(i == first && reads_before(call, out, to, k, from))) {
                return true;
            }
        }
    }
    return false;
}

static int count_outputs(const struct ql_program *program, int root)
{
    int count = 0;

    for (int i = 0; i < program->graph->output_count; i++) {
        count += program->values[ql_program_result(program, i)].root == root;
    }
    return count;
}

// Pairs of a call that writes a part of a state and a later call, for which the search takes some hundredths of a second.
// A state in more parts is copied.
static const int64_t pair_limit = (int64_t)1 << 22;

// Returns how many calls write a part of the storage.
static int count_writers(const struct ql_program *program, int root)
{
    int count = 0;

    for (int i = 0; i < program->call_count; i++) {
        const struct ql_kernel_call *call = &program->calls[i];
        for (int k = 0; k < call->kernel->output_count; k++) {
            count += call->buffers[k] >= 0 && program->values[call->buffers[k]].root == root;
        }
    }
    return count;
}

// Returns whether the output, a whole root, may share the storage of the input `in`.
static bool is_in_place(const struct ql_program *program, int in, int out)
{
    const struct ql_program_value *from = &program->values[in], *to = &program->values[out];
    const struct ql_program_value *root = &program->values[to->root];

    if (from->storage != QL_STORAGE_INPUT || root->storage != QL_STORAGE_WORKSPACE || to->offset != 0 ||
        root->bytes != from->bytes || root->type != from->type || count_outputs(program, to->root) != 1 ||
        count_outputs(program, in) != 0 ||
        (int64_t)count_writers(program, to->root) * program->call_count > pair_limit) {
        return false;
    }
    for (int i = 0; i < program->call_count; i++) {
        const struct ql_kernel_call *call = &program->calls[i];
        for (int k = 0; k < call->kernel->output_count; k++) {
            if (call->buffers[k] >= 0 && program->values[call->buffers[k]].root == to->root &&
                is_read_later(program, i, k, in)) {
                return false;
            }
        }
    }
    return true;
}

enum ql_status ql_in_place_states(struct ql_program *program, const struct ql_state_pair *states, int state_count,
                                  struct ql_error *error)
{
    for (int k = 0; k < state_count; k++) {
        const int in = program->graph->inputs[states[k].input];
        const int out = program->graph->outputs[states[k].output];
        const int root = program->values[out].root;
        for (int v = 0, fits = is_in_place(program, in, out); v < program->value_count && fits; v++) {
            program->values[v].root = program->values[v].root == root ? in : program->values[v].root;
        }
    }
    return ql_memory_plan_init(program, false, SIZE_MAX, error);
}
