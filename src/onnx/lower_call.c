// Adds calls to the program: see lower.h.
// Constants are folded call by call: a call whose inputs are all constants runs when it is added, provided that it
// writes an output of a node that has only constant inputs, or the whole of a temporary. So no operator needs to know
// about folding.
// Uses: onnx/lower.
#include "onnx/lower.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

int ql_lower_set_arrays(struct ql_kernel_call *call, int rank, const int *dims, int count,
                        const int (*strides)[QL_KERNEL_RANK_LIMIT])
{
    int kept = 0;

    for (int axis = 0; axis < rank; axis++) {
        if (dims[axis] == 1) {
            continue;
        }
        // The previous axis merges with this one if in all operands its stride is this axis's whole length.
        bool joins = kept > 0;
        for (int k = 0; k < count && joins; k++) {
            joins = (unsigned)call->arrays[1 + k][kept - 1] == (unsigned)strides[k][axis] * (unsigned)dims[axis];
        }
        if (!joins) {
            call->arrays[0][kept++] = 1;
        }
        call->arrays[0][kept - 1] = (int)((unsigned)call->arrays[0][kept - 1] * (unsigned)dims[axis]);
        for (int k = 0; k < count; k++) {
            call->arrays[1 + k][kept - 1] = strides[k][axis];
        }
    }
    if (kept == 0) {
        for (int k = 0; k <= count; k++) {
            call->arrays[k][0] = 1;
        }
        kept = 1;
    }
    for (int k = 0; k <= count; k++) {
        call->array_lengths[k] = kept;
    }
    return kept;
}

// True when the call may run now: see the head of this file.
static bool is_foldable(const struct ql_lower *lower, const struct ql_kernel_call *call)
{
    for (int k = call->kernel->output_count; k < call->kernel->buffer_count; k++) {
        if (call->buffers[k] >= 0 && !ql_lower_is_constant(lower, call->buffers[k])) {
            return false;
        }
    }
    for (int k = 0; k < call->kernel->output_count && !lower->folding; k++) {
        int output = call->buffers[k];
        if (output >= 0 &&
            (output < lower->program->graph->value_count || lower->program->values[output].root != output)) {
            return false;
        }
    }
    return true;
}

static void run_now(struct ql_lower *lower, const struct ql_kernel_call *call)
{
    const struct ql_kernel *kernel = call->kernel;
    struct ql_kernel_arguments arguments = {.ints = call->ints, .floats = call->floats};

    for (int k = 0; k < kernel->buffer_count; k++) {
        int value = call->buffers[k];
        if (value < 0) {
            continue;
        }
        lower->work += lower->program->values[value].count;
        if (k < kernel->output_count &&
            !ql_lower_make_constant(lower, &lower->program->values[lower->program->values[value].root])) {
            return;
        }
        arguments.buffers[k] = ql_lower_writable(lower, value);
    }
    lower->work += call->macs;
    if (lower->work > lower->work_limit) {
        ql_lower_fail(lower, "the constants that the model computes take more than %lld operations",
                      (long long)lower->work_limit);
        return;
    }
    for (int k = 0; k < kernel->operation_count; k++) {
        assert(call->operations[k] != NULL);
        arguments.operations[k] = call->operations[k]->function;
    }
    for (int k = 0; k < kernel->array_count; k++) {
        arguments.arrays[k] = call->arrays[k];
    }
    if (!kernel->run(&arguments)) {
        ql_lower_fail(lower, "an index is out of range");
    }
}

void ql_lower_call(struct ql_lower *lower, const struct ql_kernel_call *call)
{
    struct ql_program *program = lower->program;
    bool empty = true;

    if (lower->status != QL_OK) {
        return;
    }
    for (int k = 0; k < call->kernel->output_count; k++) {
        empty = empty && (call->buffers[k] < 0 || program->values[call->buffers[k]].count == 0);
    }
    if (empty) {
        return;
    }
    if (is_foldable(lower, call)) {
        run_now(lower, call);
        return;
    }
    assert(program->call_count < program->call_room);
    program->calls[program->call_count] = *call;
    program->calls[program->call_count++].node = lower->node_index;
}

void ql_lower_copy(struct ql_lower *lower, int y, int x, int rank, const int *dims, const int *strides_y,
                   const int *strides_x)
{
    struct ql_kernel_call call = {.kernel = &ql_kernels[QL_KERNEL_COPY], .buffers = {y, x}};
    int strides[2][QL_KERNEL_RANK_LIMIT];

    memcpy(strides[0], strides_y, (size_t)rank * sizeof strides_y[0]);
    memcpy(strides[1], strides_x, (size_t)rank * sizeof strides_x[0]);
    call.ints[0] = (int)ql_element_bytes(ql_lower_value(lower, x)->type);
    call.ints[1] = ql_lower_set_arrays(&call, rank, dims, 2, (const int(*)[QL_KERNEL_RANK_LIMIT])strides);
    if (ql_lower_product(dims, 0, rank) > 0) {
        ql_lower_call(lower, &call);
    }
}

int ql_lower_transposed(struct ql_lower *lower, int value, const int *order)
{
    const struct ql_program_value *v = ql_lower_value(lower, value);
    int dims[QL_RANK_LIMIT] = {0};
    int own[QL_RANK_LIMIT];
    int strides_x[QL_RANK_LIMIT];
    int strides_y[QL_RANK_LIMIT];
    int last = -1;
    bool moves = false;

    ql_lower_strides(v->rank, v->dims, own);
    for (int k = 0; k < v->rank; k++) {
        dims[k] = v->dims[order[k]];
        strides_x[k] = own[order[k]];
        if (dims[k] != 1) {
            moves = moves || order[k] < last;
            last = order[k];
        }
    }
    if (!moves) {
        return ql_lower_view(lower, value, v->rank, dims, 0);
    }
    int y = ql_lower_temporary(lower, v->type, v->rank, dims);
    ql_lower_strides(v->rank, dims, strides_y);
    ql_lower_copy(lower, y, value, v->rank, dims, strides_y, strides_x);
    return y;
}

void ql_lower_cast_to(struct ql_lower *lower, int y, int value)
{
    const struct ql_program_value *from = ql_lower_value(lower, value);
    const struct ql_program_value *to = ql_lower_value(lower, y);
    static const int one[] = {1};

    if (to->type == from->type) { // a copy, which may later turn out to be needless
        ql_lower_copy(lower, y, value, 1, &from->count, one, one);
        return;
    }
    ql_lower_call(lower, &(struct ql_kernel_call){.kernel = &ql_kernels[QL_KERNEL_CAST],
                                                  .buffers = {y, value},
                                                  .ints = {(int)to->type, (int)from->type, from->count}});
}

int ql_lower_cast(struct ql_lower *lower, int value, enum ql_element type)
{
    const struct ql_program_value *v = ql_lower_value(lower, value);
    if (v->type == type) {
        return value;
    }
    int y = ql_lower_temporary(lower, type, v->rank, v->dims);
    ql_lower_cast_to(lower, y, value);
    return y;
}

const struct ql_operation *ql_lower_operation(struct ql_lower *lower, const char *stem, enum ql_element type)
{
    static const char *const suffixes[] = {[QL_ELEMENT_F32] = "f32",
                                           [QL_ELEMENT_F64] = "f64",
                                           [QL_ELEMENT_S64] = "s64",
                                           [QL_ELEMENT_U64] = "u64",
                                           [QL_ELEMENT_BOOL] = "bool"};
    const struct ql_operation *operation = NULL;
    char name[64];

    if (suffixes[type] != NULL) {
        (void)snprintf(name, sizeof name, "ql_%s_%s", stem, suffixes[type]);
        operation = ql_operation_find(name);
    }
    // Where signed and unsigned kernels would do the same, only the signed one exists.
    if (operation == NULL && type == QL_ELEMENT_U64) {
        (void)snprintf(name, sizeof name, "ql_%s_s64", stem);
        operation = ql_operation_find(name);
    }
    if (operation == NULL) {
        ql_lower_fail(lower, "the type %s is not supported here", ql_element_write(type));
    }
    return operation;
}

void ql_lower_unary(struct ql_lower *lower, int y, int x, const char *stem)
{
    const struct ql_program_value *v = ql_lower_value(lower, x);
    const struct ql_operation *operation = ql_lower_operation(lower, stem, v->type);
    enum ql_kernel_id kernel = v->type == QL_ELEMENT_F32    ? QL_KERNEL_UNARY_F32
                               : v->type == QL_ELEMENT_F64  ? QL_KERNEL_UNARY_F64
                               : v->type == QL_ELEMENT_BOOL ? QL_KERNEL_UNARY_BOOL
                                                            : QL_KERNEL_UNARY_S64;

    ql_lower_call(lower,
                  &(struct ql_kernel_call){
                      .kernel = &ql_kernels[kernel], .operations = {operation}, .buffers = {y, x}, .ints = {v->count}});
}

void ql_lower_binary(struct ql_lower *lower, int y, int a, int b, const char *stem)
{
    const enum ql_element type = ql_lower_value(lower, a)->type;
    const struct ql_program_value *result = ql_lower_value(lower, y);
    int strides[2][QL_KERNEL_RANK_LIMIT];

    if (!ql_lower_require(lower, b, type)) {
        return;
    }
    // A comparison gives booleans; between booleans, it is an operation like the others.
    bool compares = result->type == QL_ELEMENT_BOOL && type != QL_ELEMENT_BOOL;
    enum ql_kernel_id kernel = type == QL_ELEMENT_F32    ? compares ? QL_KERNEL_COMPARE_F32 : QL_KERNEL_BINARY_F32
                               : type == QL_ELEMENT_F64  ? compares ? QL_KERNEL_COMPARE_F64 : QL_KERNEL_BINARY_F64
                               : type == QL_ELEMENT_BOOL ? QL_KERNEL_BINARY_BOOL
                               : compares                ? QL_KERNEL_COMPARE_S64
                                                         : QL_KERNEL_BINARY_S64;
    struct ql_kernel_call call = {
        .kernel = &ql_kernels[kernel], .operations = {ql_lower_operation(lower, stem, type)}, .buffers = {y, a, b}};
    ql_lower_broadcast_strides(lower, a, result->rank, result->dims, strides[0]);
    ql_lower_broadcast_strides(lower, b, result->rank, result->dims, strides[1]);
    call.ints[0] =
        ql_lower_set_arrays(&call, result->rank, result->dims, 2, (const int(*)[QL_KERNEL_RANK_LIMIT])strides);
    ql_lower_call(lower, &call);
}

enum ql_element ql_lower_wider(enum ql_element type)
{
    switch (type) {
    case QL_ELEMENT_F16:
    case QL_ELEMENT_BF16:
        return QL_ELEMENT_F32;
    case QL_ELEMENT_S32:
    case QL_ELEMENT_S16:
    case QL_ELEMENT_S8:
    case QL_ELEMENT_U32:
    case QL_ELEMENT_U16:
    case QL_ELEMENT_U8:
        return QL_ELEMENT_S64;
    default:
        return type;
    }
}

int ql_lower_widened(struct ql_lower *lower, int value)
{
    return ql_lower_cast(lower, value, ql_lower_wider(ql_lower_value(lower, value)->type));
}
