// Lowers the operators that create values without inputs, or from sizes alone.
// Uses: onnx/lower.
#include <math.h>
#include <string.h>

#include "onnx/lower_operators.h"

void ql_lower_op_constant(struct ql_lower *lower)
{
    if (lower->node->attribute_count != 1) {
        ql_lower_fail(lower, "a constant has exactly one attribute, not %d", lower->node->attribute_count);
        return;
    }
    const struct ql_attribute *attribute = &lower->node->attributes[0];
    const struct {
        const char *name;
        enum ql_attribute_kind kind;
        enum ql_element type;
        int rank;
    } forms[] = {
        {"value", QL_ATTRIBUTE_TENSOR, QL_ELEMENT_NONE, 0},
        {"value_int", QL_ATTRIBUTE_INT, QL_ELEMENT_S64, 0},
        {"value_ints", QL_ATTRIBUTE_INTS, QL_ELEMENT_S64, 1},
        {"value_float", QL_ATTRIBUTE_FLOAT, QL_ELEMENT_F32, 0},
        {"value_floats", QL_ATTRIBUTE_FLOATS, QL_ELEMENT_F32, 1},
    };

    for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++) {
        if (strcmp(attribute->name, forms[k].name) != 0 || attribute->kind != forms[k].kind) {
            continue;
        }
        const struct ql_value *tensor = attribute->tensor;
        const void *data = forms[k].kind == QL_ATTRIBUTE_TENSOR ? tensor->data
                           : forms[k].type == QL_ELEMENT_S64    ? (const void *)attribute->ints
                                                                : (const void *)attribute->floats;
        int y = forms[k].kind == QL_ATTRIBUTE_TENSOR
                    ? ql_lower_constant(lower, tensor->type, tensor->rank, tensor->dims, data)
                    : ql_lower_constant(lower, forms[k].type, forms[k].rank, &attribute->count, data);
        const struct ql_program_value *v = ql_lower_value(lower, y);
        ql_lower_alias(lower, 0, y, v->rank, v->dims, 0);
        return;
    }
    ql_lower_fail(lower, "the attribute '%s' does not have the type that the operator demands", attribute->name);
}

// Reads a shape from input k.
static int read_shape(struct ql_lower *lower, int k, int *dims)
{
    int64_t sizes[QL_RANK_LIMIT];
    const struct ql_program_value *v = ql_lower_value(lower, ql_lower_input(lower, k));

    if (v->rank != 1) {
        ql_lower_fail(lower, "the shape '%s' has %d dimensions; it must have 1", v->name, v->rank);
        return 0;
    }
    int rank = ql_lower_ints(lower, ql_lower_input(lower, k), sizes, QL_RANK_LIMIT);
    for (int axis = 0; axis < rank; axis++) {
        if (sizes[axis] < 0 || sizes[axis] > QL_VALUE_ELEMENT_LIMIT) {
            ql_lower_fail(lower, "the size %lld of dimension %d is out of range", (long long)sizes[axis], axis);
            return 0;
        }
        dims[axis] = (int)sizes[axis];
    }
    return rank;
}

void ql_lower_op_constant_of_shape(struct ql_lower *lower)
{
    static const float zero = 0.0f;
    const struct ql_attribute *attribute = ql_node_find(lower->node, "value");
    const int steps[QL_RANK_LIMIT] = {0};
    int dims[QL_RANK_LIMIT];
    int strides[QL_RANK_LIMIT];

    int rank = read_shape(lower, 0, dims);
    int value;
    if (attribute == NULL) {
        value = ql_lower_constant(lower, QL_ELEMENT_F32, 0, NULL, &zero);
    } else if (attribute->kind == QL_ATTRIBUTE_TENSOR && attribute->tensor->rank <= 1 &&
               (attribute->tensor->rank == 0 || attribute->tensor->dims[0] == 1)) {
        value = ql_lower_constant(lower, attribute->tensor->type, 0, NULL, attribute->tensor->data);
    } else {
        ql_lower_fail(lower, "the attribute 'value' must be a tensor of one element");
        return;
    }
    int y = ql_lower_output(lower, 0, ql_lower_value(lower, value)->type, rank, dims);
    ql_lower_strides(rank, dims, strides);
    ql_lower_copy(lower, y, value, rank, dims, strides, steps);
}

static double read_number(const struct ql_lower *lower, int value)
{
    const void *data = ql_lower_data(lower, value);
    switch (ql_lower_value(lower, value)->type) {
    case QL_ELEMENT_F32:
        return (double)*(const float *)data;
    case QL_ELEMENT_F64:
        return *(const double *)data;
    default:
        return (double)*(const int64_t *)data;
    }
}

void ql_lower_op_range(struct ql_lower *lower)
{
    const int start = ql_lower_input(lower, 0);
    const int limit = ql_lower_input(lower, 1);
    const int delta = ql_lower_input(lower, 2);
    const enum ql_element type = ql_lower_value(lower, start)->type;
    const enum ql_kernel_id kernel = type == QL_ELEMENT_F32   ? QL_KERNEL_RANGE_F32
                                     : type == QL_ELEMENT_F64 ? QL_KERNEL_RANGE_F64
                                                              : QL_KERNEL_RANGE_S64;

    if (type != QL_ELEMENT_F32 && type != QL_ELEMENT_F64 && type != QL_ELEMENT_S64) {
        ql_lower_fail(lower, "the type %s is not supported here", ql_element_write(type));
        return;
    }
    for (int k = 0; k < 3; k++) {
        if (!ql_lower_require(lower, ql_lower_input(lower, k), type)) {
            return;
        }
        if (ql_lower_value(lower, ql_lower_input(lower, k))->count != 1) {
            ql_lower_fail(lower, "input %d must be a single number", k);
            return;
        }
    }
    // As in ONNX Runtime: the difference is computed in the type of the numbers, the quotient in double.
    double difference = read_number(lower, limit) - read_number(lower, start);
    difference = type == QL_ELEMENT_F32 ? (double)(float)difference : difference;
    double steps = ceil(difference / read_number(lower, delta));
    if (read_number(lower, delta) == 0.0 || !(steps <= QL_VALUE_ELEMENT_LIMIT)) {
        ql_lower_fail(lower, "the range from %g to %g in steps of %g has no end, or too many elements",
                      read_number(lower, start), read_number(lower, limit), read_number(lower, delta));
        return;
    }
    int count = steps > 0.0 ? (int)steps : 0;
    ql_lower_call(lower, &(struct ql_kernel_call){.kernel = &ql_kernels[kernel],
                                                  .buffers = {ql_lower_output(lower, 0, type, 1, &count), start, delta},
                                                  .ints = {count}});
}

static int64_t clamp(int64_t value, int rank)
{
    value = value < 0 ? value + rank : value;
    return value < 0 ? 0 : value > rank ? rank : value;
}

void ql_lower_op_shape(struct ql_lower *lower)
{
    const struct ql_program_value *v = ql_lower_value(lower, ql_lower_input(lower, 0));
    const int64_t start = clamp(ql_lower_int(lower, "start", 0), v->rank);
    const int64_t end = clamp(ql_lower_int(lower, "end", v->rank), v->rank);
    int64_t sizes[QL_RANK_LIMIT];
    int count = 0;

    for (int64_t axis = start; axis < end; axis++) {
        sizes[count++] = v->dims[axis];
    }
    ql_lower_alias(lower, 0, ql_lower_constant(lower, QL_ELEMENT_S64, 1, &count, sizes), 1, &count, 0);
}

void ql_lower_op_size(struct ql_lower *lower)
{
    const int64_t count = ql_lower_value(lower, ql_lower_input(lower, 0))->count;
    ql_lower_alias(lower, 0, ql_lower_constant(lower, QL_ELEMENT_S64, 0, NULL, &count), 0, NULL, 0);
}
