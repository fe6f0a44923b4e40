// Random cases of the operators that only move elements; all of them are exact.
// Uses: conformance_case, conformance_operators.
#include <limits.h>
#include <string.h>

#include "conformance_operators.h"

#define ALL "f32 s64 f64 f16 s32 s16 s8 u64 u32 u16 u8 bool"

static int product(const int *dims, int rank)
{
    int count = 1;
    for (int axis = 0; axis < rank; axis++) {
        count *= dims[axis];
    }
    return count;
}

// A random order of 0 to count - 1.
static void shuffle(struct conformance_case *c, int64_t *numbers, int count)
{
    for (int k = 0; k < count; k++) {
        const int place = case_between(c, 0, k);
        numbers[k] = numbers[place];
        numbers[place] = k;
    }
}

// Adds an operand of any type and shape.
static int add_operand(struct conformance_case *c, int *dims, int *rank, int least_rank, int most_rank)
{
    c->allows_empty = true;
    *rank = case_shape(c, dims, least_rank, most_rank);
    return case_operand(c, case_type(c, ALL), *rank, dims, CASE_EDGES);
}

static enum ql_element type_of(const struct conformance_case *c, int value)
{
    return c->graph.values[value].type;
}

void generate_identity(struct conformance_case *c, const char *operator_name)
{
    int dims[QL_RANK_LIMIT];
    int rank;
    const int x = add_operand(c, dims, &rank, 0, 5);

    case_node(c, operator_name, &x, 1, type_of(c, x));
}

void generate_dropout(struct conformance_case *c, const char *operator_name)
{
    const int opset = c->graph.opset;
    const enum ql_element type = case_type(c, "f32 f64 f16");
    const float ratio = (float)case_between(c, 0, 9) / 10.0f;
    int dims[QL_RANK_LIMIT];
    int inputs[3];
    int count = 1;

    c->allows_empty = true;
    const int rank = case_shape(c, dims, 0, 4);
    inputs[0] = case_operand(c, type, rank, dims, CASE_REAL);
    if (opset >= 12 && case_chance(c, 60)) {
        static const uint8_t inference = 0;
        inputs[count++] = case_chance(c, 30) ? -1 : case_given(c, QL_ELEMENT_F32, 0, NULL, &ratio, true);
        if (inputs[1] < 0 || case_chance(c, 50)) {
            inputs[count++] = case_given(c, QL_ELEMENT_BOOL, 0, NULL, &inference, true);
        }
    }
    int results[2] = {case_result(c, type), -1};
    // Before version 12 the mask is undefined when nothing is dropped.
    if (opset >= 12 && case_chance(c, 40)) {
        results[1] = case_result(c, QL_ELEMENT_BOOL);
    }
    ql_graph_add_node(&c->graph, operator_name, "node", inputs, count, results, results[1] >= 0 ? 2 : 1);
    if (opset < 12 && case_chance(c, 50)) {
        ql_graph_add_float(&c->graph, "ratio", ratio);
    }
}

// A shape with as many elements: sizes of the input are merged, split by 1s, copied with 0, or left open with -1.
void generate_reshape(struct conformance_case *c, const char *operator_name)
{
    int dims[QL_RANK_LIMIT];
    int rank;
    int64_t sizes[QL_RANK_LIMIT];
    int64_t order[QL_RANK_LIMIT];
    int count = 0;
    int inputs[2];

    inputs[0] = add_operand(c, dims, &rank, 0, 5);
    shuffle(c, order, rank);
    const bool ordered = case_chance(c, 60);
    for (int axis = 0; axis < rank; axis++) {
        const int size = dims[ordered ? axis : (int)order[axis]];
        if (count > 0 && case_chance(c, 35)) {
            sizes[count - 1] *= size;
        } else {
            sizes[count++] = size;
        }
    }
    while (count < 6 && case_chance(c, 25)) {
        const int place = case_between(c, 0, count);
        memmove(sizes + place + 1, sizes + place, (size_t)(count - place) * sizeof sizes[0]);
        sizes[place] = 1;
        count++;
    }
    const bool empty = product(dims, rank) == 0;
    const bool keeps_zero = c->graph.opset >= 14 && (empty || case_chance(c, 20));
    bool writes_zero = keeps_zero && empty;
    // Without allowzero a size of 0 can only be copied from the same axis.
    if (empty && !keeps_zero) {
        for (int axis = 0; axis < rank; axis++) {
            sizes[axis] = dims[axis];
        }
        count = rank;
    }
    for (int axis = 0; axis < count; axis++) {
        if (!keeps_zero && axis < rank && sizes[axis] == dims[axis] && case_chance(c, 30)) {
            sizes[axis] = 0;
        }
    }
    if (count > 0 && !empty && !writes_zero && case_chance(c, 40)) {
        sizes[case_between(c, 0, count - 1)] = -1;
    }
    inputs[1] = case_numbers(c, sizes, count, false);
    case_node(c, operator_name, inputs, 2, type_of(c, inputs[0]));
    if (keeps_zero || (c->graph.opset >= 14 && case_chance(c, 20))) {
        ql_graph_add_int(&c->graph, "allowzero", keeps_zero);
    }
}

void generate_flatten(struct conformance_case *c, const char *operator_name)
{
    int dims[QL_RANK_LIMIT];
    int rank;
    const int x = add_operand(c, dims, &rank, 1, 5);

    case_node(c, operator_name, &x, 1, type_of(c, x));
    if (case_chance(c, 80)) {
        const int axis = case_between(c, 0, rank);
        const bool from_end = c->graph.opset >= 11 && axis < rank && case_chance(c, 50);
        ql_graph_add_int(&c->graph, "axis", from_end ? axis - rank : axis);
    }
}

void generate_squeeze(struct conformance_case *c, const char *operator_name)
{
    const bool by_input = c->graph.opset >= 13;
    int dims[QL_RANK_LIMIT];
    int64_t axes[QL_RANK_LIMIT];
    int inputs[2];
    int count = 1;

    c->allows_empty = true;
    const int rank = case_shape(c, dims, 0, 5);
    const int axis_count = case_axes(c, axes, rank);
    for (int k = 0; k < axis_count; k++) {
        dims[axes[k]] = 1;
        axes[k] = c->graph.opset < 11 ? axes[k] : case_spell_axis(c, (int)axes[k], rank);
    }
    inputs[0] = case_operand(c, case_type(c, ALL), rank, dims, CASE_EDGES);
    const bool given = axis_count > 0 && case_chance(c, 75);
    if (given && by_input) {
        inputs[count++] = case_numbers(c, axes, axis_count, false);
    }
    case_node(c, operator_name, inputs, count, type_of(c, inputs[0]));
    if (given && !by_input) {
        ql_graph_add_ints(&c->graph, "axes", axes, axis_count);
    }
}

void generate_unsqueeze(struct conformance_case *c, const char *operator_name)
{
    const bool by_input = c->graph.opset >= 13;
    int dims[QL_RANK_LIMIT];
    int rank;
    int64_t axes[QL_RANK_LIMIT];
    int inputs[2];
    int count = 1;

    inputs[0] = add_operand(c, dims, &rank, 0, 4);
    const int added = case_between(c, 1, 3);
    int64_t order[QL_RANK_LIMIT];
    shuffle(c, order, rank + added);
    for (int k = 0; k < added; k++) {
        axes[k] = c->graph.opset < 11 ? order[k] : case_spell_axis(c, (int)order[k], rank + added);
    }
    if (by_input) {
        inputs[count++] = case_numbers(c, axes, added, false);
    }
    case_node(c, operator_name, inputs, count, type_of(c, inputs[0]));
    if (!by_input) {
        ql_graph_add_ints(&c->graph, "axes", axes, added);
    }
}

void generate_transpose(struct conformance_case *c, const char *operator_name)
{
    int dims[QL_RANK_LIMIT];
    int rank;
    int64_t order[QL_RANK_LIMIT];
    const int x = add_operand(c, dims, &rank, 1, 6);

    case_node(c, operator_name, &x, 1, type_of(c, x));
    shuffle(c, order, rank);
    if (case_chance(c, 80)) {
        ql_graph_add_ints(&c->graph, "perm", order, rank);
    }
}

// One end of a slice: inside, outside, from either end, or at the limits of the integer type.
static int64_t pick_end(struct conformance_case *c, int size)
{
    static const int64_t far_away[] = {INT_MAX, INT_MIN, INT64_MAX, INT64_MIN, 1000, -1000};
    return case_chance(c, 25) ? far_away[case_between(c, 0, 5)] : case_between(c, -size - 2, size + 2);
}

void generate_slice(struct conformance_case *c, const char *operator_name)
{
    const bool by_input = c->graph.opset >= 10;
    int dims[QL_RANK_LIMIT];
    int rank;
    int64_t axes[QL_RANK_LIMIT];
    int64_t starts[QL_RANK_LIMIT];
    int64_t ends[QL_RANK_LIMIT];
    int64_t steps[QL_RANK_LIMIT];
    int inputs[5];
    int count = 1;

    inputs[0] = add_operand(c, dims, &rank, 1, 4);
    int axis_count = case_axes(c, axes, rank);
    bool gives_axes = true;
    if (axis_count == 0 || case_chance(c, 30)) {
        axis_count = case_between(c, 1, rank);
        for (int k = 0; k < axis_count; k++) {
            axes[k] = k;
        }
        gives_axes = case_chance(c, 30);
    }
    for (int k = 0; k < axis_count; k++) {
        const int size = dims[axes[k]];
        starts[k] = pick_end(c, size);
        ends[k] = pick_end(c, size);
        steps[k] =
            case_chance(c, 40) ? 1 : case_between(c, 1, 4) * (c->graph.opset >= 11 && case_chance(c, 50) ? -1 : 1);
        if (case_chance(c, 4)) {
            steps[k] = steps[k] < 0 ? INT_MIN : INT_MAX;
        }
        // For negative steps, ONNX Runtime takes the largest number for "before the first", which should be the
        // smallest.
        if (steps[k] < 0 && (ends[k] == INT_MAX || ends[k] == INT64_MAX)) {
            ends[k] = INT_MIN;
        }
        axes[k] = c->graph.opset < 10 ? axes[k] : case_spell_axis(c, (int)axes[k], rank);
    }
    if (by_input) {
        // The numbers must all be of the same type.
        const bool narrow = case_chance(c, 25);
        const int64_t *lists[] = {starts, ends, axes, steps};
        const bool gives_steps = case_chance(c, 60);
        for (int k = 0; k < 4; k++) {
            if ((k == 2 && !gives_axes && !gives_steps) || (k == 3 && !gives_steps)) {
                break;
            }
            if (k == 2 && !gives_axes) {
                inputs[count++] = -1;
                continue;
            }
            int32_t numbers[QL_RANK_LIMIT];
            for (int i = 0; i < axis_count; i++) {
                const int64_t number = lists[k][i];
                numbers[i] = number > INT32_MAX ? INT32_MAX : number < INT32_MIN ? INT32_MIN : (int32_t)number;
            }
            inputs[count++] = narrow ? case_given(c, QL_ELEMENT_S32, 1, &axis_count, numbers, true)
                                     : case_given(c, QL_ELEMENT_S64, 1, &axis_count, lists[k], true);
        }
    }
    case_node(c, operator_name, inputs, count, type_of(c, inputs[0]));
    if (!by_input) {
        ql_graph_add_ints(&c->graph, "starts", starts, axis_count);
        ql_graph_add_ints(&c->graph, "ends", ends, axis_count);
        if (gives_axes) {
            ql_graph_add_ints(&c->graph, "axes", axes, axis_count);
        }
    }
}

// Parts of given sizes, 0 among them, or equal parts; from version 18 on the last equal part may be smaller.
void generate_split(struct conformance_case *c, const char *operator_name)
{
    const int opset = c->graph.opset;
    int dims[QL_RANK_LIMIT];
    int64_t sizes[6];
    int results[6];
    int inputs[2];
    int count = 1;

    c->allows_empty = true;
    const int rank = case_shape(c, dims, 1, 4);
    const int axis = case_between(c, 0, rank - 1);
    const int parts = case_between(c, 1, 5);
    const bool equal = case_chance(c, 50);
    const int part = case_between(c, 1, 3);
    int rest = 0;
    if (equal) {
        // At least one element must remain for the last part.
        dims[axis] = parts * part - (opset >= 18 && parts > 1 ? case_between(c, 0, part - 1) : 0);
    }
    for (int k = 0; k < parts; k++) {
        sizes[k] = case_chance(c, 20) ? 0 : case_chance(c, 40) ? c->usual_size : case_between(c, 1, 4);
        rest += (int)sizes[k];
    }
    dims[axis] = equal ? dims[axis] : rest;
    const enum ql_element type = case_type(c, ALL);
    inputs[0] = case_operand(c, type, rank, dims, CASE_EDGES);
    if (!equal && opset >= 13) {
        inputs[count++] = case_numbers(c, sizes, parts, false);
    }
    for (int k = 0; k < parts; k++) {
        results[k] = case_result(c, type);
    }
    ql_graph_add_node(&c->graph, operator_name, "node", inputs, count, results, parts);
    if (!equal && opset < 13) {
        ql_graph_add_ints(&c->graph, "split", sizes, parts);
    }
    if (axis != 0 || case_chance(c, 50)) {
        ql_graph_add_int(&c->graph, "axis", opset < 11 ? axis : case_spell_axis(c, axis, rank));
    }
    if (equal && opset >= 18) {
        ql_graph_add_int(&c->graph, "num_outputs", parts);
    }
}

void generate_concat(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element type = case_type(c, ALL);
    const int count = case_between(c, 1, 5);
    int dims[QL_RANK_LIMIT];
    int inputs[5];

    c->allows_empty = true;
    const int rank = case_shape(c, dims, 1, 4);
    const int axis = case_between(c, 0, rank - 1);
    for (int k = 0; k < count; k++) {
        dims[axis] = case_size(c);
        inputs[k] = k > 0 && case_chance(c, 10) ? inputs[k - 1] : case_operand(c, type, rank, dims, CASE_EDGES);
    }
    case_node(c, operator_name, inputs, count, type);
    ql_graph_add_int(&c->graph, "axis", c->graph.opset < 11 ? axis : case_spell_axis(c, axis, rank));
}

// The given shape may be shorter than the input's, and have 1 where the input is larger.
void generate_expand(struct conformance_case *c, const char *operator_name)
{
    int dims[QL_RANK_LIMIT];
    int target[QL_RANK_LIMIT];
    int64_t sizes[QL_RANK_LIMIT];
    int inputs[2];

    c->allows_empty = true;
    const int rank = case_shape(c, dims, 0, 5);
    memcpy(target, dims, sizeof target);
    const int target_rank = case_narrow(c, target, rank);
    const int own_rank = case_narrow(c, dims, rank);
    for (int axis = 0; axis < target_rank; axis++) {
        sizes[axis] = target[axis];
    }
    inputs[0] = case_operand(c, case_type(c, ALL), own_rank, dims, CASE_EDGES);
    inputs[1] = case_numbers(c, sizes, target_rank, false);
    case_node(c, operator_name, inputs, 2, type_of(c, inputs[0]));
}

void generate_tile(struct conformance_case *c, const char *operator_name)
{
    int dims[QL_RANK_LIMIT];
    int64_t repeats[QL_RANK_LIMIT];
    int inputs[2];

    c->allows_empty = true;
    const int rank = case_shape(c, dims, 1, 4);
    for (int axis = 0; axis < rank; axis++) {
        repeats[axis] = case_chance(c, 5) ? 0 : case_chance(c, 40) ? 1 : case_between(c, 2, 3);
    }
    inputs[0] = case_operand(c, case_type(c, ALL), rank, dims, CASE_EDGES);
    inputs[1] = case_numbers(c, repeats, rank, false);
    case_node(c, operator_name, inputs, 2, type_of(c, inputs[0]));
}

// Indices count from either end (from version 11 on), and may have any number of dimensions.
void generate_gather(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element type = case_type(c, "s64 s32");
    int dims[QL_RANK_LIMIT];
    int index_dims[QL_RANK_LIMIT];
    int inputs[2];

    c->allows_empty = true;
    const int rank = case_shape(c, dims, 1, 3);
    const int index_rank = case_shape(c, index_dims, 0, 3);
    const int axis = case_between(c, 0, rank - 1);
    const int count = product(index_dims, index_rank);
    if (dims[axis] == 0 && count > 0) {
        dims[axis] = c->usual_size;
    }
    inputs[0] = case_operand(c, case_type(c, ALL), rank, dims, CASE_EDGES);

    const bool narrow = type == QL_ELEMENT_S32;
    const int least = c->graph.opset < 11 ? 0 : -dims[axis];
    int64_t *indices = ql_arena_take(&c->arena, (size_t)count, sizeof indices[0]);
    int32_t *narrow_indices = ql_arena_take(&c->arena, (size_t)count, sizeof narrow_indices[0]);
    for (int i = 0; i < count && indices != NULL && narrow_indices != NULL; i++) {
        narrow_indices[i] = case_between(c, least, dims[axis] - 1);
        indices[i] = narrow_indices[i];
    }
    inputs[1] = case_given(c, type, index_rank, index_dims, narrow ? (const void *)narrow_indices : indices,
                           case_chance(c, 30));
    case_node(c, operator_name, inputs, 2, type_of(c, inputs[0]));
    if (axis != 0 || case_chance(c, 50)) {
        ql_graph_add_int(&c->graph, "axis", c->graph.opset < 11 ? axis : case_spell_axis(c, axis, rank));
    }
}

void generate_trilu(struct conformance_case *c, const char *operator_name)
{
    int dims[QL_RANK_LIMIT];
    int rank;
    int inputs[2];
    int count = 1;

    inputs[0] = add_operand(c, dims, &rank, 2, 4);
    if (case_chance(c, 70)) {
        const int64_t diagonal = case_chance(c, 10) ? 1000 : case_between(c, -10, 10);
        inputs[count++] = case_given(c, QL_ELEMENT_S64, 0, NULL, &diagonal, true);
    }
    case_node(c, operator_name, inputs, count, type_of(c, inputs[0]));
    if (case_chance(c, 70)) {
        ql_graph_add_int(&c->graph, "upper", case_between(c, 0, 1));
    }
}
