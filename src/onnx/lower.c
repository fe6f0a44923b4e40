// Reads a node's inputs and attributes for the operators: see lower.h.
// Uses: device/cast.h.
#include "onnx/lower.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "device/cast.h"

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
        ql_lower_fail(lower, "the attribute '%s' does not have the type that the operator demands", name);
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
