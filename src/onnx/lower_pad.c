// Lowers Pad: axis by axis, from one value to the next.
// Uses: onnx/lower.
#include <string.h>

#include "onnx/lower_operators.h"

// How many elements are added before and after each axis; a negative number removes elements.
struct pads {
    int before[QL_RANK_LIMIT], after[QL_RANK_LIMIT];
};

static void read_pads(struct ql_lower *lower, struct pads *pads, const struct ql_program_value *v)
{
    int64_t numbers[2 * QL_RANK_LIMIT], axes[QL_RANK_LIMIT];
    const bool by_attribute = lower->opset < 11;
    const int listed = ql_lower_input(lower, 3);
    int count = v->rank;

    *pads = (struct pads){0};
    for (int k = 0; k < v->rank; k++) {
        axes[k] = k;
    }
    if (listed >= 0) {
        count = ql_lower_ints(lower, listed, axes, QL_RANK_LIMIT);
    }
    const int given = by_attribute ? ql_lower_int_list(lower, "pads", numbers, 2 * QL_RANK_LIMIT)
                                   : ql_lower_ints(lower, ql_lower_input(lower, 1), numbers, 2 * QL_RANK_LIMIT);
    if (lower->status == QL_OK && given != 2 * count) {
        ql_lower_fail(lower, "there are %d pads for %d axes; two for each are needed", given, count);
    }
    for (int k = 0; k < count && lower->status == QL_OK; k++) {
        const int axis = ql_lower_axis(lower, axes[k], v->rank);
        for (int side = 0; side < 2 && lower->status == QL_OK; side++) {
            const int64_t number = numbers[side * count + k];
            if (number < -(int64_t)QL_VALUE_ELEMENT_LIMIT || number > QL_VALUE_ELEMENT_LIMIT) {
                ql_lower_fail(lower, "a pad of %lld elements is out of range", (long long)number);
            } else {
                *(side == 0 ? &pads->before[axis] : &pads->after[axis]) = (int)number;
            }
        }
    }
}

// Copies `size` elements along the axis, from `from` of x on, to `to` of y on. A stride of 0 along all axes of x repeats
// its one element.
static void copy_part(struct ql_lower *lower, int y, int to, int x, int from, int axis, int size)
{
    const struct ql_program_value v = *ql_lower_value(lower, y);
    const struct ql_program_value source = *ql_lower_value(lower, x);
    int dims[QL_RANK_LIMIT], strides_y[QL_RANK_LIMIT], strides_x[QL_RANK_LIMIT] = {0};
    const int one[] = {1};

    if (size <= 0 || lower->status != QL_OK) {
        return;
    }
    memcpy(dims, v.dims, sizeof dims);
    dims[axis] = size;
    ql_lower_strides(v.rank, v.dims, strides_y);
    if (source.rank > 0) {
        ql_lower_strides(source.rank, source.dims, strides_x);
    }
    ql_lower_copy(lower, ql_lower_view(lower, y, 1, one, to * strides_y[axis]),
                  ql_lower_view(lower, x, 1, one, from * strides_x[axis]), v.rank, dims, strides_y, strides_x);
}

// The index that fills place k of an axis of `size` elements: by reflection, from the edge, or by wrapping around. -1:
// none.
static int source_of(int k, int size, const char *mode)
{
    if (k >= 0 && k < size) {
        return k;
    }
    if (size == 0) {
        return -1;
    }
    if (strcmp(mode, "edge") == 0) {
        return k < 0 ? 0 : size - 1;
    }
    if (strcmp(mode, "wrap") == 0) {
        return (k % size + size) % size;
    }
    const int period = size == 1 ? 1 : 2 * (size - 1);
    const int place = (k % period + period) % period;
    return place < size ? place : period - place;
}

// x with its axis padded with elements of x.
static int pad_with_own(struct ql_lower *lower, int y, int x, int axis, int before, const char *mode)
{
    const struct ql_program_value v = *ql_lower_value(lower, x);
    const struct ql_program_value result = *ql_lower_value(lower, y);
    const int count = result.dims[axis];
    enum { AXIS_LIMIT = 256 };
    int64_t indices[AXIS_LIMIT];

    if (count > AXIS_LIMIT || lower->status != QL_OK) {
        ql_lower_fail(lower, "more than %d elements along an axis are not supported with the mode '%s'",
                      (int)AXIS_LIMIT, mode);
        return y;
    }
    for (int k = 0; k < count; k++) {
        indices[k] = source_of(k - before, v.dims[axis], mode);
        if (indices[k] < 0) {
            ql_lower_fail(lower, "there is nothing to pad with");
            return y;
        }
    }
    const int list = ql_lower_constant(lower, QL_ELEMENT_S64, 1, &count, indices);
    ql_lower_call(lower,
                  &(struct ql_kernel_call){.kernel = &ql_kernels[QL_KERNEL_GATHER],
                                           .buffers = {y, x, list},
                                           .ints = {(int)ql_element_bytes(v.type), ql_lower_product(v.dims, 0, axis),
                                                    v.dims[axis], ql_lower_product(v.dims, axis + 1, v.rank), count}});
    return y;
}

// The fill value, one number of the input's type: an attribute before version 11, an input since.
static int read_fill(struct ql_lower *lower, enum ql_element type)
{
    const float number = lower->opset < 11 ? ql_lower_float(lower, "value", 0.0f) : 0.0f;
    const int given = lower->opset < 11 ? -1 : ql_lower_input(lower, 2);

    if (given < 0) {
        return ql_lower_cast(lower, ql_lower_constant(lower, QL_ELEMENT_F32, 0, NULL, &number), type);
    }
    if (ql_lower_require(lower, given, type) && ql_lower_value(lower, given)->count != 1) {
        ql_lower_fail(lower, "the value to pad with must be a single number");
    }
    return lower->status == QL_OK ? ql_lower_view(lower, given, 0, NULL, 0) : given;
}

void ql_lower_op_pad(struct ql_lower *lower)
{
    int x = ql_lower_input(lower, 0);
    const struct ql_program_value v = *ql_lower_value(lower, x);
    const char *mode = ql_lower_string(lower, "mode", "constant");
    const bool is_constant = strcmp(mode, "constant") == 0;
    struct pads pads;
    int dims[QL_RANK_LIMIT];

    if (!is_constant && strcmp(mode, "reflect") != 0 && strcmp(mode, "edge") != 0 && strcmp(mode, "wrap") != 0) {
        ql_lower_fail(lower, "the attribute 'mode' is '%s', which ONNX does not define", mode);
        return;
    }
    read_pads(lower, &pads, &v);
    const int fill = read_fill(lower, v.type);
    if (lower->status != QL_OK) {
        return;
    }
    memcpy(dims, v.dims, sizeof dims);
    for (int axis = 0; axis < v.rank && lower->status == QL_OK; axis++) {
        const int before = pads.before[axis], after = pads.after[axis];
        const int64_t size = (int64_t)dims[axis] + before + after;
        if (before == 0 && after == 0) {
            continue;
        }
        if (size < 0 || size > QL_VALUE_ELEMENT_LIMIT) {
            ql_lower_fail(lower, "the padded axis %d would have %lld elements", axis, (long long)size);
            return;
        }
        const int cut = before < 0 ? -before : 0;
        const int own = dims[axis] - cut + (after < 0 ? after : 0);
        dims[axis] = (int)size;
        const int y = ql_lower_temporary(lower, v.type, v.rank, dims);
        if (lower->status != QL_OK) {
            return;
        }
        if (is_constant) {
            copy_part(lower, y, 0, fill, 0, axis, before < size ? before : (int)size);
            copy_part(lower, y, before > 0 ? before : 0, x, cut, axis, own);
            copy_part(lower, y, (int)size - (after < size ? after : (int)size), fill, 0, axis,
                      after < size ? after : (int)size);
        } else if (ql_lower_value(lower, y)->count > 0) {
            (void)pad_with_own(lower, y, x, axis, before, mode);
        }
        x = y;
    }
    if (lower->status == QL_OK) {
        ql_lower_alias(lower, 0, x, v.rank, dims, 0);
    }
}
