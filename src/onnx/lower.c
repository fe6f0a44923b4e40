// Lowering, the part that all operators share: see lower.h.
// Constants are folded call by call: a call whose inputs are all constants runs when it is added, provided that it
// writes an output of a node with constant inputs only, or the whole of a temporary. So no operator knows of folding.
#include "onnx/lower.h"

#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "device/cast.h"
#include "onnx/operators.h"

void ql_lower_fail(struct ql_lower *lower, const char *format, ...)
{
    char message[QL_ERROR_MESSAGE_BYTES];
    va_list arguments;

    if (lower->status != QL_OK) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    lower->status = ql_error_write(lower->error, QL_ERROR_INPUT, "node '%s' (%s): %s", lower->node->name,
                                   lower->node->operator_name, message);
}

// --- Inputs and attributes ---

struct ql_program_value *ql_lower_value(const struct ql_lower *lower, int value)
{
    assert(value >= 0 && value < lower->program->value_count);
    return &lower->program->values[value];
}

int ql_lower_input(const struct ql_lower *lower, int k)
{
    return k < lower->input_count ? lower->inputs[k] : -1;
}

bool ql_lower_is_constant(const struct ql_lower *lower, int value)
{
    return ql_program_root(lower->program, value)->storage == QL_STORAGE_CONSTANT;
}

const void *ql_lower_data(const struct ql_lower *lower, int value)
{
    const struct ql_program_value *root = ql_program_root(lower->program, value);
    assert(root->storage == QL_STORAGE_CONSTANT);
    return (const unsigned char *)root->data + lower->program->values[value].offset;
}

int ql_lower_ints(struct ql_lower *lower, int value, int64_t *numbers, int limit)
{
    const struct ql_program_value *v = ql_lower_value(lower, value);

    if (v->type != QL_ELEMENT_S64 && v->type != QL_ELEMENT_S32) {
        ql_lower_fail(lower, "'%s' has the type %s; it must be int64 or int32", v->name, ql_element_write(v->type));
        return 0;
    }
    if (v->count > limit) {
        ql_lower_fail(lower, "'%s' has %d elements; there can be at most %d", v->name, v->count, limit);
        return 0;
    }
    ql_cast(numbers, ql_lower_data(lower, value), QL_ELEMENT_S64, (int)v->type, v->count);
    return v->count;
}

// The attribute of that name and kind, or NULL; fails when it is of another kind.
static const struct ql_attribute *find_attribute(struct ql_lower *lower, const char *name, enum ql_attribute_kind kind)
{
    const struct ql_attribute *found = ql_node_find(lower->node, name);
    if (found != NULL && found->kind != kind) {
        ql_lower_fail(lower, "the attribute '%s' has not the kind that the operator demands", name);
        return NULL;
    }
    return found;
}

int64_t ql_lower_int(struct ql_lower *lower, const char *attribute, int64_t otherwise)
{
    const struct ql_attribute *found = find_attribute(lower, attribute, QL_ATTRIBUTE_INT);
    return found != NULL ? found->ints[0] : otherwise;
}

float ql_lower_float(struct ql_lower *lower, const char *attribute, float otherwise)
{
    const struct ql_attribute *found = find_attribute(lower, attribute, QL_ATTRIBUTE_FLOAT);
    return found != NULL ? found->floats[0] : otherwise;
}

const char *ql_lower_string(struct ql_lower *lower, const char *attribute, const char *otherwise)
{
    const struct ql_attribute *found = find_attribute(lower, attribute, QL_ATTRIBUTE_STRING);
    return found != NULL ? found->strings[0] : otherwise;
}

int ql_lower_int_list(struct ql_lower *lower, const char *attribute, int64_t *numbers, int limit)
{
    const struct ql_attribute *found = find_attribute(lower, attribute, QL_ATTRIBUTE_INTS);

    if (found == NULL) {
        return -1;
    }
    if (found->count > limit) {
        ql_lower_fail(lower, "attribute '%s' has %d numbers; there can be at most %d", attribute, found->count, limit);
        return 0;
    }
    if (found->count > 0) {
        memcpy(numbers, found->ints, (size_t)found->count * sizeof numbers[0]);
    }
    return found->count;
}

int ql_lower_axis(struct ql_lower *lower, int64_t axis, int rank)
{
    if (axis < -rank || axis >= rank) {
        ql_lower_fail(lower, "axis %lld does not exist; there are %d dimensions", (long long)axis, rank);
        return 0;
    }
    return (int)(axis < 0 ? axis + rank : axis);
}

bool ql_lower_require(struct ql_lower *lower, int value, enum ql_element type)
{
    const struct ql_program_value *v = ql_lower_value(lower, value);
    if (v->type != type) {
        ql_lower_fail(lower, "'%s' has the type %s; only %s is supported here", v->name, ql_element_write(v->type),
                      ql_element_write(type));
        return false;
    }
    return true;
}

// --- Values ---

// Sets what follows from type and shape. A value without elements is a constant: there is nothing to compute.
static void set_shape(struct ql_lower *lower, struct ql_program_value *value, enum ql_element type, int rank,
                      const int *dims)
{
    static const int64_t nothing = 0;
    int64_t count = 1;
    bool empty = false;

    value->type = type;
    value->rank = rank;
    for (int axis = 0; axis < rank; axis++) {
        assert(dims[axis] >= 0);
        value->dims[axis] = dims[axis];
        empty = empty || dims[axis] == 0;
        count = count > QL_VALUE_ELEMENT_LIMIT ? count : count * (dims[axis] > 0 ? dims[axis] : 1);
    }
    if (count > QL_VALUE_ELEMENT_LIMIT) {
        ql_lower_fail(lower, "a result would have more than %d elements", QL_VALUE_ELEMENT_LIMIT);
        count = 0;
    }
    value->count = empty ? 0 : (int)count;
    value->bytes = (size_t)value->count * ql_element_bytes(type);
    if (value->count == 0) {
        value->storage = QL_STORAGE_CONSTANT;
        value->data = &nothing;
    }
}

static int add_value(struct ql_lower *lower)
{
    struct ql_program *program = lower->program;
    int index = program->value_count++;

    assert(index < program->value_room);
    program->values[index] =
        (struct ql_program_value){.name = "", .root = index, .storage = QL_STORAGE_ARENA, .first_call = -1};
    return index;
}

bool ql_lower_has_output(const struct ql_lower *lower, int k)
{
    return k < lower->output_count && lower->outputs[k] >= 0;
}

int ql_lower_output(struct ql_lower *lower, int k, enum ql_element type, int rank, const int *dims)
{
    if (!ql_lower_has_output(lower, k)) {
        return ql_lower_temporary(lower, type, rank, dims);
    }
    int index = lower->outputs[k];
    struct ql_program_value *value = ql_lower_value(lower, index);
    value->root = index;
    value->storage = QL_STORAGE_ARENA;
    set_shape(lower, value, type, rank, dims);
    return index;
}

void ql_lower_alias(struct ql_lower *lower, int k, int value, int rank, const int *dims, int offset)
{
    if (!ql_lower_has_output(lower, k)) {
        return;
    }
    const struct ql_program_value *from = ql_lower_value(lower, value);
    struct ql_program_value *to = ql_lower_value(lower, lower->outputs[k]);
    set_shape(lower, to, from->type, rank, dims);
    to->root = from->root;
    to->offset = from->offset + (size_t)offset * ql_element_bytes(from->type);
    to->storage = QL_STORAGE_NONE;
}

int ql_lower_temporary(struct ql_lower *lower, enum ql_element type, int rank, const int *dims)
{
    int index = add_value(lower);
    set_shape(lower, &lower->program->values[index], type, rank, dims);
    return index;
}

int ql_lower_view(struct ql_lower *lower, int value, int rank, const int *dims, int offset)
{
    int index = add_value(lower);
    const struct ql_program_value *from = ql_lower_value(lower, value);
    struct ql_program_value *to = ql_lower_value(lower, index);

    set_shape(lower, to, from->type, rank, dims);
    to->root = from->root;
    to->offset = from->offset + (size_t)offset * ql_element_bytes(from->type);
    to->storage = QL_STORAGE_NONE;
    return index;
}

// Gives a root memory of its own as a constant. False when there is none; then the error is kept.
static bool make_constant(struct ql_lower *lower, struct ql_program_value *root)
{
    if (root->storage == QL_STORAGE_CONSTANT) {
        return true;
    }
    lower->constant_bytes += root->bytes;
    if (lower->constant_bytes > lower->byte_limit) {
        ql_lower_fail(lower, "the constants that the model computes take more than %zu bytes", lower->byte_limit);
        return false;
    }
    void *data = ql_arena_take(&lower->program->arena, 1, root->bytes);
    if (data == NULL) {
        if (lower->status == QL_OK) {
            lower->status = ql_error_write(lower->error, QL_ERROR_SYSTEM, "not enough memory to compile the model");
        }
        return false;
    }
    root->data = data;
    root->storage = QL_STORAGE_CONSTANT;
    return true;
}

// Where a folded call may write: the content of a constant that the compiler made itself.
static void *writable(const struct ql_lower *lower, int value)
{
    return (void *)ql_lower_data(lower, value);
}

int ql_lower_constant(struct ql_lower *lower, enum ql_element type, int rank, const int *dims, const void *data)
{
    int index = ql_lower_temporary(lower, type, rank, dims);
    struct ql_program_value *value = ql_lower_value(lower, index);
    if (make_constant(lower, value) && value->bytes > 0) {
        memcpy(writable(lower, index), data, value->bytes);
    }
    return index;
}

// --- Shapes ---
// Where a shape was refused for its size, the products of its sizes wrap around, and nobody uses them any more.

int ql_lower_product(const int *dims, int from, int to)
{
    unsigned product = 1;
    for (int axis = from; axis < to; axis++) {
        product *= (unsigned)dims[axis];
    }
    return (int)product;
}

void ql_lower_strides(int rank, const int *dims, int *strides)
{
    unsigned stride = 1;
    for (int axis = rank - 1; axis >= 0; axis--) {
        strides[axis] = (int)stride;
        stride *= (unsigned)dims[axis];
    }
}

bool ql_lower_broadcast(struct ql_lower *lower, int value, int *rank, int *dims)
{
    const struct ql_program_value *v = ql_lower_value(lower, value);

    if (v->rank > *rank) {
        int added = v->rank - *rank;
        memmove(dims + added, dims, (size_t)*rank * sizeof dims[0]);
        for (int axis = 0; axis < added; axis++) {
            dims[axis] = 1;
        }
        *rank = v->rank;
    }
    for (int axis = 0; axis < v->rank; axis++) {
        int *size = &dims[*rank - v->rank + axis];
        if (*size == 1) {
            *size = v->dims[axis];
        } else if (v->dims[axis] != 1 && v->dims[axis] != *size) {
            ql_lower_fail(lower, "the size %d of '%s' in dimension %d does not fit the size %d of the other operand",
                          v->dims[axis], v->name, axis, *size);
            return false;
        }
    }
    return true;
}

void ql_lower_broadcast_strides(const struct ql_lower *lower, int value, int rank, const int *dims, int *strides)
{
    const struct ql_program_value *v = ql_lower_value(lower, value);
    int own[QL_RANK_LIMIT];

    ql_lower_strides(v->rank, v->dims, own);
    for (int axis = 0; axis < rank; axis++) {
        int k = axis - (rank - v->rank);
        strides[axis] = k < 0 || (v->dims[k] == 1 && dims[axis] != 1) ? 0 : own[k];
    }
}

// --- Calls ---

int ql_lower_set_arrays(struct ql_kernel_call *call, int rank, const int *dims, int count,
                        const int (*strides)[QL_KERNEL_RANK_LIMIT])
{
    int kept = 0;

    for (int axis = 0; axis < rank; axis++) {
        if (dims[axis] == 1) {
            continue;
        }
        // The axis before joins this one when in all operands its step is this axis's whole length.
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
            !make_constant(lower, &lower->program->values[lower->program->values[value].root])) {
            return;
        }
        arguments.buffers[k] = writable(lower, value);
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
    // Where signed and unsigned do the same there is only the signed one.
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
    // A comparison gives truth values; of truth values, it is an operation like the others.
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

// --- Nodes ---

// True when `name` is one of the words of `list`.
static bool is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; (at = strstr(at, name)) != NULL; at += length) {
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

// The type in which the kernels compute for a narrower one.
static enum ql_element wider(enum ql_element type)
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

static void check_node(struct ql_lower *lower)
{
    const struct ql_operator *row = lower->row;
    const struct ql_node *node = lower->node;

    if (row == NULL) {
        bool known = ql_operator_find(node->operator_name, 0) != NULL;
        ql_lower_fail(lower, "this operator is not supported%s", known ? " in this version of the operator set" : "");
        return;
    }
    if (node->input_count < row->input_least || node->input_count > row->input_most || node->output_count < 1 ||
        node->output_count > row->output_most) {
        ql_lower_fail(lower, "%d inputs and %d outputs are not what the operator has", node->input_count,
                      node->output_count);
        return;
    }
    for (int k = 0; k < node->attribute_count; k++) {
        if (!is_listed(row->attributes, node->attributes[k].name)) {
            ql_lower_fail(lower, "the attribute '%s' is not supported", node->attributes[k].name);
            return;
        }
    }
    for (int k = 0; k < node->input_count; k++) {
        if (node->inputs[k] < 0 && k < row->input_least) {
            ql_lower_fail(lower, "input %d is missing", k);
            return;
        }
        if (node->inputs[k] >= 0 && ql_lower_value(lower, node->inputs[k])->type == QL_ELEMENT_NONE) {
            ql_lower_fail(lower, "the type of '%s' is not supported", ql_lower_value(lower, node->inputs[k])->name);
            return;
        }
        if (node->inputs[k] >= 0 && k < 32 && (row->constant_inputs >> k & 1) != 0 &&
            !ql_lower_is_constant(lower, node->inputs[k])) {
            ql_lower_fail(lower, "'%s' is known only at run time, but the shape of the result depends on it",
                          ql_lower_value(lower, node->inputs[k])->name);
            return;
        }
    }
}

int ql_lower_widened(struct ql_lower *lower, int value)
{
    return ql_lower_cast(lower, value, wider(ql_lower_value(lower, value)->type));
}

// Computes a node in wider types: casts its inputs, lowers it, and casts the outputs back to the first input's type.
static void lower_wider(struct ql_lower *lower)
{
    enum { OPERAND_LIMIT = 64 }; // of the operators that widen, only Min and Max have more than 3
    const int *inputs = lower->inputs;
    const int *outputs = lower->outputs;
    int wide_inputs[OPERAND_LIMIT];
    int wide_outputs[OPERAND_LIMIT];
    bool narrow = false;

    for (int k = 0; k < lower->input_count; k++) {
        const enum ql_element type = inputs[k] < 0 ? QL_ELEMENT_NONE : ql_lower_value(lower, inputs[k])->type;
        narrow = narrow || type != wider(type);
    }
    if (!narrow) {
        lower->row->lower(lower);
        return;
    }
    if (lower->input_count > OPERAND_LIMIT || lower->output_count > OPERAND_LIMIT) {
        ql_lower_fail(lower, "more than %d operands of narrow types are not supported", (int)OPERAND_LIMIT);
        return;
    }
    for (int k = 0; k < lower->input_count; k++) {
        wide_inputs[k] = inputs[k] < 0 ? -1 : ql_lower_widened(lower, inputs[k]);
    }
    for (int k = 0; k < lower->output_count; k++) {
        wide_outputs[k] = outputs[k] < 0 ? -1 : add_value(lower);
    }
    lower->inputs = wide_inputs;
    lower->outputs = wide_outputs;
    lower->row->lower(lower);
    lower->inputs = inputs;
    lower->outputs = outputs;

    const enum ql_element first = ql_lower_value(lower, inputs[0])->type;
    for (int k = 0; k < lower->output_count && lower->status == QL_OK; k++) {
        if (outputs[k] < 0) {
            continue;
        }
        const struct ql_program_value *wide = ql_lower_value(lower, wide_outputs[k]);
        if (wide->type == wider(first) && wide->type != first) {
            ql_lower_cast_to(lower, ql_lower_output(lower, k, first, wide->rank, wide->dims), wide_outputs[k]);
        } else {
            ql_lower_alias(lower, k, wide_outputs[k], wide->rank, wide->dims, 0);
        }
    }
}

void ql_lower_node(struct ql_lower *lower)
{
    lower->row = ql_operator_find(lower->node->operator_name, lower->opset);
    check_node(lower);
    if (lower->status != QL_OK) {
        return;
    }
    lower->folding = true;
    for (int k = 0; k < lower->input_count; k++) {
        lower->folding = lower->folding && (lower->inputs[k] < 0 || ql_lower_is_constant(lower, lower->inputs[k]));
    }
    if (lower->row->widens) {
        lower_wider(lower);
    } else {
        lower->row->lower(lower);
    }
}
