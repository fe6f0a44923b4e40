// Values of the program under construction, and shapes: see lower.h.
// Uses: onnx/lower.
#include "onnx/lower.h"

#include <assert.h>
#include <string.h>

// --- Values ---

// Sets the fields that follow from type and shape. A value without elements is a constant: there is nothing to compute.
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

int ql_lower_new_value(struct ql_lower *lower)
{
    struct ql_program *program = lower->program;
    int index = program->value_count++;

    assert(index < program->value_room);
    program->values[index] =
        (struct ql_program_value){.name = "", .root = index, .storage = QL_STORAGE_WORKSPACE, .first_call = -1};
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
    value->storage = QL_STORAGE_WORKSPACE;
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
    int index = ql_lower_new_value(lower);
    set_shape(lower, &lower->program->values[index], type, rank, dims);
    return index;
}

int ql_lower_view(struct ql_lower *lower, int value, int rank, const int *dims, int offset)
{
    int index = ql_lower_new_value(lower);
    const struct ql_program_value *from = ql_lower_value(lower, value);
    struct ql_program_value *to = ql_lower_value(lower, index);

    set_shape(lower, to, from->type, rank, dims);
    to->root = from->root;
    to->offset = from->offset + (size_t)offset * ql_element_bytes(from->type);
    to->storage = QL_STORAGE_NONE;
    return index;
}

bool ql_lower_make_constant(struct ql_lower *lower, struct ql_program_value *root)
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

void *ql_lower_writable(const struct ql_lower *lower, int value)
{
    return (void *)ql_lower_data(lower, value);
}

int ql_lower_constant(struct ql_lower *lower, enum ql_element type, int rank, const int *dims, const void *data)
{
    int index = ql_lower_temporary(lower, type, rank, dims);
    struct ql_program_value *value = ql_lower_value(lower, index);
    if (ql_lower_make_constant(lower, value) && value->bytes > 0) {
        memcpy(ql_lower_writable(lower, index), data, value->bytes);
    }
    return index;
}

// --- Shapes ---
// If a shape was refused for its size, the products of its dimensions may wrap around; they are not used any more.

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
