// Lowers the operators that only move elements. If no element moves, the result is another view of the same memory.
// Uses: onnx/lower.
#include <string.h>

#include "onnx/lower_operators.h"

enum { SPLIT_LIMIT = 256 }; // parts of a Split

void ql_lower_op_identity(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value *v = ql_lower_value(lower, x);
    ql_lower_alias(lower, 0, x, v->rank, v->dims, 0);
}

// Dropout does nothing in inference; its mask keeps everything.
void ql_lower_op_dropout(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value *v = ql_lower_value(lower, x);
    const int ratio = ql_lower_input(lower, 1);
    const int training = ql_lower_input(lower, 2);

    if (training >= 0) {
        if (!ql_lower_require(lower, training, QL_ELEMENT_BOOL)) {
            return;
        }
        bool drops =
            ql_lower_value(lower, training)->count > 0 && *(const uint8_t *)ql_lower_data(lower, training) != 0;
        if (drops && ratio >= 0 && ql_lower_require(lower, ratio, QL_ELEMENT_F32) &&
            ql_lower_value(lower, ratio)->count == 1 && ql_lower_is_constant(lower, ratio)) {
            drops = *(const float *)ql_lower_data(lower, ratio) != 0.0f;
        }
        if (drops) {
            ql_lower_fail(lower, "the input 'training_mode' is true; only inference is supported: export the model in "
                                 "evaluation mode");
            return;
        }
    }
    ql_lower_alias(lower, 0, x, v->rank, v->dims, 0);
    if (ql_lower_has_output(lower, 1)) {
        static const uint8_t kept = 1;
        const int steps[QL_RANK_LIMIT] = {0};
        int strides[QL_RANK_LIMIT];
        const enum ql_element type = lower->opset < 10 ? v->type : QL_ELEMENT_BOOL;
        int one = ql_lower_constant(lower, QL_ELEMENT_BOOL, 0, NULL, &kept);
        int mask = ql_lower_output(lower, 1, type, v->rank, v->dims);
        ql_lower_strides(v->rank, v->dims, strides);
        ql_lower_copy(lower, mask, ql_lower_cast(lower, one, type), v->rank, v->dims, strides, steps);
    }
}

void ql_lower_op_reshape(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value *v = ql_lower_value(lower, x);
    const bool keeps_zero = ql_lower_int(lower, "allowzero", 0) != 0;
    int64_t sizes[QL_RANK_LIMIT];
    int dims[QL_RANK_LIMIT];
    int open = -1;
    int64_t known = 1;

    int rank = ql_lower_ints(lower, ql_lower_input(lower, 1), sizes, QL_RANK_LIMIT);
    for (int axis = 0; axis < rank; axis++) {
        if (sizes[axis] == -1 && open < 0) {
            open = axis;
            continue;
        }
        if (sizes[axis] == 0 && !keeps_zero) {
            if (axis >= v->rank) {
                ql_lower_fail(lower, "the shape takes over dimension %d, which the input does not have", axis);
                return;
            }
            sizes[axis] = v->dims[axis];
        }
        if (sizes[axis] < 0 || sizes[axis] > QL_VALUE_ELEMENT_LIMIT || known > QL_VALUE_ELEMENT_LIMIT) {
            ql_lower_fail(lower, "the size %lld of dimension %d is out of range", (long long)sizes[axis], axis);
            return;
        }
        dims[axis] = (int)sizes[axis];
        known *= sizes[axis];
    }
    if (open >= 0) {
        if (known == 0 || v->count % known != 0) {
            ql_lower_fail(lower, "%d elements do not fill the shape, whose other sizes make %lld", v->count,
                          (long long)known);
            return;
        }
        dims[open] = (int)(v->count / known);
        known *= dims[open];
    }
    if (known != v->count) {
        ql_lower_fail(lower, "%d elements do not fill the shape of %lld elements", v->count, (long long)known);
        return;
    }
    ql_lower_alias(lower, 0, x, rank, dims, 0);
}

void ql_lower_op_flatten(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value *v = ql_lower_value(lower, x);
    const int64_t axis = ql_lower_int(lower, "axis", 1);

    if (axis != v->rank) {
        ql_lower_axis(lower, axis, v->rank);
    }
    if (lower->status == QL_OK) {
        const int split = (int)(axis < 0 ? axis + v->rank : axis);
        const int dims[] = {ql_lower_product(v->dims, 0, split), ql_lower_product(v->dims, split, v->rank)};
        ql_lower_alias(lower, 0, x, 2, dims, 0);
    }
}

// The axes of Squeeze and Unsqueeze: an attribute before version 13, an input since. Marks each in `marks`; returns how
// many there are, or -1 when none are given.
static int read_axes(struct ql_lower *lower, int rank, bool *marks)
{
    int64_t axes[QL_RANK_LIMIT];
    int count;

    if (lower->opset < 13) {
        count = ql_lower_int_list(lower, "axes", axes, QL_RANK_LIMIT);
    } else {
        const int input = ql_lower_input(lower, 1);
        count = input < 0 ? -1 : ql_lower_ints(lower, input, axes, QL_RANK_LIMIT);
    }
    for (int k = 0; k < count; k++) {
        int axis = ql_lower_axis(lower, axes[k], rank);
        if (lower->status == QL_OK && marks[axis]) {
            ql_lower_fail(lower, "axis %d is named twice", axis);
        }
        if (lower->status != QL_OK) {
            return 0;
        }
        marks[axis] = true;
    }
    return count;
}

void ql_lower_op_squeeze(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value *v = ql_lower_value(lower, x);
    bool marks[QL_RANK_LIMIT] = {false};
    int dims[QL_RANK_LIMIT];
    int rank = 0;

    int count = read_axes(lower, v->rank, marks);
    for (int axis = 0; axis < v->rank; axis++) {
        bool goes = count < 0 ? v->dims[axis] == 1 : marks[axis];
        if (goes && v->dims[axis] != 1) {
            ql_lower_fail(lower, "dimension %d has the size %d, so it cannot be left out", axis, v->dims[axis]);
            return;
        }
        if (!goes) {
            dims[rank++] = v->dims[axis];
        }
    }
    ql_lower_alias(lower, 0, x, rank, dims, 0);
}

void ql_lower_op_unsqueeze(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value *v = ql_lower_value(lower, x);
    bool marks[2 * QL_RANK_LIMIT] = {false};
    int64_t axes[QL_RANK_LIMIT];
    int dims[QL_RANK_LIMIT];

    // The axes refer to the result, so their number is needed first.
    int count = lower->opset < 13 ? ql_lower_int_list(lower, "axes", axes, QL_RANK_LIMIT)
                                  : ql_lower_ints(lower, ql_lower_input(lower, 1), axes, QL_RANK_LIMIT);
    int rank = v->rank + count;
    if (count < 0 || rank > QL_RANK_LIMIT) {
        ql_lower_fail(lower, "the result would have %d dimensions; at most %d are supported", rank, QL_RANK_LIMIT);
    }
    if (lower->status != QL_OK || read_axes(lower, rank, marks) < 0 || lower->status != QL_OK) {
        return;
    }
    for (int axis = 0, from = 0; axis < rank; axis++) {
        dims[axis] = marks[axis] ? 1 : v->dims[from++];
    }
    ql_lower_alias(lower, 0, x, rank, dims, 0);
}

void ql_lower_op_transpose(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value *v = ql_lower_value(lower, x);
    int64_t given[QL_RANK_LIMIT];
    int order[QL_RANK_LIMIT];
    bool seen[QL_RANK_LIMIT] = {false};

    int count = ql_lower_int_list(lower, "perm", given, QL_RANK_LIMIT);
    if (count >= 0 && count != v->rank) {
        ql_lower_fail(lower, "the attribute 'perm' has %d numbers for %d dimensions", count, v->rank);
        return;
    }
    for (int k = 0; k < v->rank; k++) {
        int64_t axis = count < 0 ? v->rank - 1 - k : given[k];
        if (axis < 0 || axis >= v->rank || seen[axis]) {
            ql_lower_fail(lower, "the attribute 'perm' is not an order of the %d dimensions", v->rank);
            return;
        }
        seen[axis] = true;
        order[k] = (int)axis;
    }
    const int y = ql_lower_transposed(lower, x, order);
    ql_lower_alias(lower, 0, y, v->rank, ql_lower_value(lower, y)->dims, 0);
}

// Output k is the part of x that begins at element `start` and is read with these strides: a view if it is contiguous,
// otherwise a copy.
static void lower_part(struct ql_lower *lower, int k, int x, int rank, const int *dims, int start, const int *strides)
{
    struct ql_kernel_call shape;
    int natural[QL_RANK_LIMIT];
    int copied[2][QL_KERNEL_RANK_LIMIT];

    ql_lower_strides(rank, dims, natural);
    memcpy(copied[0], natural, (size_t)rank * sizeof natural[0]);
    memcpy(copied[1], strides, (size_t)rank * sizeof strides[0]);
    int axes = ql_lower_set_arrays(&shape, rank, dims, 2, (const int(*)[QL_KERNEL_RANK_LIMIT])copied);
    if (ql_lower_product(dims, 0, rank) == 0) {
        ql_lower_output(lower, k, ql_lower_value(lower, x)->type, rank, dims);
    } else if (axes == 1 && shape.arrays[1][0] == 1 && shape.arrays[2][0] == 1) {
        ql_lower_alias(lower, k, x, rank, dims, start);
    } else {
        int y = ql_lower_output(lower, k, ql_lower_value(lower, x)->type, rank, dims);
        const int one = 1;
        ql_lower_copy(lower, y, ql_lower_view(lower, x, 1, &one, start), rank, dims, natural, strides);
    }
}

// Slice: the numbers are attributes in version 9 and inputs from version 10 on.
static int read_slice(struct ql_lower *lower, const char *attribute, int input, int64_t *numbers)
{
    if (lower->opset < 10) {
        return ql_lower_int_list(lower, attribute, numbers, QL_RANK_LIMIT);
    }
    const int value = ql_lower_input(lower, input);
    return value < 0 ? -1 : ql_lower_ints(lower, value, numbers, QL_RANK_LIMIT);
}

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

void ql_lower_op_slice(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value *v = ql_lower_value(lower, x);
    int64_t starts[QL_RANK_LIMIT];
    int64_t ends[QL_RANK_LIMIT];
    int64_t axes[QL_RANK_LIMIT];
    int64_t steps[QL_RANK_LIMIT];
    int dims[QL_RANK_LIMIT];
    int strides[QL_RANK_LIMIT];
    bool seen[QL_RANK_LIMIT] = {false};
    int first = 0;

    int count = read_slice(lower, "starts", 1, starts);
    int end_count = read_slice(lower, "ends", 2, ends);
    int axis_count = read_slice(lower, "axes", 3, axes);
    int step_count = lower->opset < 10 ? -1 : read_slice(lower, "steps", 4, steps);
    if (count < 0 || count != end_count || (axis_count >= 0 && axis_count != count) ||
        (step_count >= 0 && step_count != count) || (axis_count < 0 && count > v->rank)) {
        ql_lower_fail(lower, "the numbers of starts, ends, axes and steps differ");
        return;
    }
    ql_lower_strides(v->rank, v->dims, strides);
    memcpy(dims, v->dims, sizeof dims);
    for (int k = 0; k < count; k++) {
        int axis = axis_count < 0 ? k : ql_lower_axis(lower, axes[k], v->rank);
        int64_t step = step_count < 0 ? 1 : steps[k];
        if (lower->status != QL_OK) {
            return;
        }
        if (step == 0 || seen[axis]) {
            ql_lower_fail(lower, "the step of axis %d is 0, or the axis is named twice", axis);
            return;
        }
        seen[axis] = true;
        // An index beyond an end of the axis means that end; for negative steps, "before the first" is -1.
        const int64_t size = v->dims[axis];
        const bool forward = step > 0;
        const int64_t stride = forward ? clamp(step, 1, size + 1) : -clamp(step, -size - 1, -1);
        int64_t start = starts[k] < 0 ? starts[k] + size : starts[k];
        int64_t end = ends[k] < 0 ? ends[k] + size : ends[k];
        start = forward ? clamp(start, 0, size) : clamp(start, 0, size - 1);
        end = forward ? clamp(end, 0, size) : clamp(end, -1, size - 1);
        const int64_t length = ((forward ? end - start : start - end) + stride - 1) / stride;
        dims[axis] = size == 0 || length < 0 ? 0 : (int)length;
        if (dims[axis] > 0) {
            first += (int)start * strides[axis];
        }
        strides[axis] *= (int)(forward ? stride : -stride);
    }
    lower_part(lower, 0, x, v->rank, dims, first, strides);
}

void ql_lower_op_split(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value *v = ql_lower_value(lower, x);
    const int count = lower->output_count;
    const int sizes_input = ql_lower_input(lower, 1);
    int axis = ql_lower_axis(lower, ql_lower_int(lower, "axis", 0), v->rank);
    int strides[QL_RANK_LIMIT];
    int dims[QL_RANK_LIMIT];
    int64_t sizes[SPLIT_LIMIT];
    int given = -1;
    int first = 0;

    if (lower->status != QL_OK) {
        return;
    }
    if (lower->opset < 13) {
        given = ql_lower_int_list(lower, "split", sizes, SPLIT_LIMIT);
    } else if (sizes_input >= 0) {
        given = ql_lower_ints(lower, sizes_input, sizes, SPLIT_LIMIT);
    }
    if (given < 0) {
        // Equal parts; from version 18 on the last may be smaller.
        int64_t wanted = ql_lower_int(lower, "num_outputs", count);
        const int64_t part = ((int64_t)v->dims[axis] + count - 1) / count;
        if (count > SPLIT_LIMIT) {
            ql_lower_fail(lower, "there are %d parts; at most %d are supported", count, (int)SPLIT_LIMIT);
            return;
        }
        if (wanted != count) {
            ql_lower_fail(lower, "the attribute 'num_outputs' is %lld, but there are %d outputs", (long long)wanted,
                          count);
            return;
        }
        if ((lower->opset < 18 && v->dims[axis] % count != 0) || part * (count - 1) > v->dims[axis]) {
            ql_lower_fail(lower, "the size %d of axis %d does not split into %d equal parts", v->dims[axis], axis,
                          count);
            return;
        }
        for (int k = 0; k < count; k++) {
            sizes[k] = k < count - 1 ? part : v->dims[axis] - part * (count - 1);
        }
    } else if (given != count) {
        ql_lower_fail(lower, "there are %d sizes for %d outputs", given, count);
    }
    ql_lower_strides(v->rank, v->dims, strides);
    for (int k = 0; k < count && lower->status == QL_OK; k++) {
        if (sizes[k] < 0 || sizes[k] > v->dims[axis] - first || (k == count - 1 && sizes[k] != v->dims[axis] - first)) {
            ql_lower_fail(lower, "the sizes of the parts do not add up to the size %d of axis %d", v->dims[axis], axis);
            return;
        }
        memcpy(dims, v->dims, sizeof dims);
        dims[axis] = (int)sizes[k];
        if (ql_lower_has_output(lower, k)) {
            lower_part(lower, k, x, v->rank, dims, first * strides[axis], strides);
        }
        first += dims[axis];
    }
}

void ql_lower_op_concat(struct ql_lower *lower)
{
    const struct ql_program_value *v = ql_lower_value(lower, ql_lower_input(lower, 0));
    const int axis = ql_lower_axis(lower, ql_lower_int(lower, "axis", 0), v->rank);
    int dims[QL_RANK_LIMIT];
    int64_t size = 0;

    if (lower->status == QL_OK && ql_node_find(lower->node, "axis") == NULL) {
        ql_lower_fail(lower, "the attribute 'axis' is missing");
    }
    memcpy(dims, v->dims, sizeof dims);
    for (int k = 0; k < lower->input_count && lower->status == QL_OK; k++) {
        const struct ql_program_value *part = ql_lower_value(lower, lower->inputs[k]);
        bool fits = part->rank == v->rank && part->type == v->type;
        for (int d = 0; d < v->rank && fits; d++) {
            fits = d == axis || part->dims[d] == v->dims[d];
        }
        if (!fits) {
            ql_lower_fail(lower, "'%s' differs in type or shape from the first input", part->name);
            return;
        }
        size += part->dims[axis];
    }
    if (lower->status != QL_OK || size > QL_VALUE_ELEMENT_LIMIT) {
        ql_lower_fail(lower, "the result has too many elements");
        return;
    }
    dims[axis] = (int)size;

    int strides_y[QL_RANK_LIMIT];
    int strides_x[QL_RANK_LIMIT];
    const int y = ql_lower_output(lower, 0, v->type, v->rank, dims);
    int first = 0;
    ql_lower_strides(v->rank, dims, strides_y);
    for (int k = 0; k < lower->input_count && lower->status == QL_OK; k++) {
        const struct ql_program_value *part = ql_lower_value(lower, lower->inputs[k]);
        if (part->count > 0) {
            int view = ql_lower_view(lower, y, part->rank, part->dims, first * strides_y[axis]);
            ql_lower_strides(part->rank, part->dims, strides_x);
            ql_lower_copy(lower, view, lower->inputs[k], part->rank, part->dims, strides_y, strides_x);
        }
        first += part->dims[axis];
    }
}

void ql_lower_op_expand(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value *v = ql_lower_value(lower, x);
    int64_t sizes[QL_RANK_LIMIT];
    int dims[QL_RANK_LIMIT];
    int strides_y[QL_RANK_LIMIT];
    int strides_x[QL_RANK_LIMIT];

    int rank = ql_lower_ints(lower, ql_lower_input(lower, 1), sizes, QL_RANK_LIMIT);
    for (int axis = 0; axis < rank; axis++) {
        if (sizes[axis] < 0 || sizes[axis] > QL_VALUE_ELEMENT_LIMIT) {
            ql_lower_fail(lower, "the size %lld of dimension %d is out of range", (long long)sizes[axis], axis);
            return;
        }
        dims[axis] = (int)sizes[axis];
    }
    if (lower->status != QL_OK || !ql_lower_broadcast(lower, x, &rank, dims)) {
        return;
    }
    if (ql_lower_product(dims, 0, rank) == v->count && rank == v->rank) {
        ql_lower_alias(lower, 0, x, rank, dims, 0);
        return;
    }
    int y = ql_lower_output(lower, 0, v->type, rank, dims);
    ql_lower_strides(rank, dims, strides_y);
    ql_lower_broadcast_strides(lower, x, rank, dims, strides_x);
    ql_lower_copy(lower, y, x, rank, dims, strides_y, strides_x);
}

// Tile: every axis becomes two, the repeats, which have stride 0, and the elements.
void ql_lower_op_tile(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value *v = ql_lower_value(lower, x);
    int64_t repeats[QL_RANK_LIMIT];
    int dims[QL_RANK_LIMIT];
    int own[QL_RANK_LIMIT];
    int split[2 * QL_RANK_LIMIT];
    int strides_y[2 * QL_RANK_LIMIT];
    int strides_x[2 * QL_RANK_LIMIT];

    if (ql_lower_ints(lower, ql_lower_input(lower, 1), repeats, QL_RANK_LIMIT) != v->rank) {
        ql_lower_fail(lower, "there is not one repeat for each of the %d dimensions", v->rank);
        return;
    }
    ql_lower_strides(v->rank, v->dims, own);
    for (int axis = 0; axis < v->rank; axis++) {
        if (repeats[axis] < 0 || repeats[axis] > QL_VALUE_ELEMENT_LIMIT ||
            repeats[axis] * v->dims[axis] > QL_VALUE_ELEMENT_LIMIT) {
            ql_lower_fail(lower, "%lld repeats of dimension %d are out of range", (long long)repeats[axis], axis);
            return;
        }
        dims[axis] = (int)repeats[axis] * v->dims[axis];
        split[2 * axis] = (int)repeats[axis];
        split[2 * axis + 1] = v->dims[axis];
        strides_x[2 * axis] = 0;
        strides_x[2 * axis + 1] = own[axis];
    }
    int y = ql_lower_output(lower, 0, v->type, v->rank, dims);
    if (lower->status == QL_OK && ql_lower_value(lower, y)->count > 0) {
        ql_lower_strides(2 * v->rank, split, strides_y);
        ql_lower_copy(lower, y, x, 2 * v->rank, split, strides_y, strides_x);
    }
}

void ql_lower_op_trilu(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value *v = ql_lower_value(lower, x);
    const int upper = ql_lower_int(lower, "upper", 1) != 0;
    int64_t diagonal = 0;

    if (v->rank < 2) {
        ql_lower_fail(lower, "the input has %d dimensions; a matrix has 2", v->rank);
    } else if (ql_lower_input(lower, 1) >= 0 && ql_lower_ints(lower, ql_lower_input(lower, 1), &diagonal, 1) != 1) {
        ql_lower_fail(lower, "the input 'k' must be a single number");
    }
    if (lower->status != QL_OK) {
        return;
    }
    const int rows = v->dims[v->rank - 2];
    const int columns = v->dims[v->rank - 1];
    // A distance beyond the corner makes no difference.
    diagonal = clamp(diagonal, -rows, columns);
    ql_lower_call(lower, &(struct ql_kernel_call){.kernel = &ql_kernels[QL_KERNEL_TRILU],
                                                  .buffers = {ql_lower_output(lower, 0, v->type, v->rank, v->dims), x},
                                                  .ints = {(int)ql_element_bytes(v->type), upper, (int)diagonal,
                                                           ql_lower_product(v->dims, 0, v->rank - 2), rows, columns}});
}
