// A random case: see conformance_case.h.
// Uses: base, device, onnx/graph.
#include "conformance_case.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "device/cast.h"

// The percentage of operands that are constants of the graph instead of inputs.
enum { CONSTANT_CHANCE = 20 };

// The percentages of integer constants that are int32, and of input sizes that the graph leaves open.
enum { NARROW_CHANCE = 20, OPEN_CHANCE = 15 };

void case_init(struct conformance_case *c, const char *operator_name, int number, int first_opset)
{
    uint32_t seed = (uint32_t)number;

    *c = (struct conformance_case){.usual_chance = 0};
    for (const char *letter = operator_name; *letter != '\0'; letter++) {
        seed = ql_random_mix(seed ^ (unsigned char)*letter) + 1;
    }
    ql_random_init(&c->random, seed);
    (void)snprintf(c->id, sizeof c->id, "%s-%d", operator_name, number);

    static const int sizes[] = {1, 2, 2, 3, 3, 4, 5, 7, 8, 9};
    static const int chances[] = {20, 50, 80, 100};
    c->usual_size = sizes[case_between(c, 0, 9)];
    c->usual_chance = chances[case_between(c, 0, 3)];
    // The versions that both we and ONNX Runtime support, from the first one that the generators cover.
    enum { LEAST_OPSET = 9, MOST_OPSET = 25 };
    const int least = first_opset > LEAST_OPSET ? first_opset : LEAST_OPSET;
    ql_graph_init(&c->graph, c->id, case_between(c, least, MOST_OPSET));
}

void case_free(struct conformance_case *c)
{
    ql_graph_free(&c->graph);
    ql_graph_free(&c->twin);
    ql_arena_free(&c->arena);
}

// --- Draws ---

int case_between(struct conformance_case *c, int least, int most)
{
    return least + (int)(ql_random_step(&c->random) % (uint32_t)(most - least + 1));
}

bool case_chance(struct conformance_case *c, int percent)
{
    return case_between(c, 0, 99) < percent;
}

int case_size(struct conformance_case *c)
{
    if (case_chance(c, c->usual_chance)) {
        return c->usual_size;
    }
    if (c->allows_empty && case_chance(c, 8)) {
        return 0;
    }
    return case_chance(c, 35) ? 1 : case_chance(c, 10) ? case_between(c, 10, 19) : case_between(c, 2, 9);
}

int case_shape(struct conformance_case *c, int *dims, int least_rank, int most_rank)
{
    const int rank = case_between(c, least_rank, most_rank);
    int count = 1;

    for (int axis = 0; axis < rank; axis++) {
        dims[axis] = case_size(c);
        // Sizes beyond the first thousand elements take time without testing anything new.
        if (count * dims[axis] > 1000) {
            dims[axis] = case_between(c, 1, 2);
        }
        count *= dims[axis];
    }
    return rank;
}

int case_narrow(struct conformance_case *c, int *dims, int rank)
{
    const int dropped = case_chance(c, 40) ? case_between(c, 0, rank) : 0;

    rank -= dropped;
    memmove(dims, dims + dropped, (size_t)rank * sizeof dims[0]);
    for (int axis = 0; axis < rank; axis++) {
        dims[axis] = case_chance(c, 30) ? 1 : dims[axis];
    }
    return rank;
}

int case_spell_axis(struct conformance_case *c, int axis, int rank)
{
    return case_chance(c, 50) ? axis : axis - rank;
}

int case_axes(struct conformance_case *c, int64_t *axes, int rank)
{
    int count = 0;

    for (int axis = 0; axis < rank; axis++) {
        if (case_chance(c, 50)) {
            const int place = case_between(c, 0, count);
            axes[count++] = axes[place];
            axes[place] = axis;
        }
    }
    return count;
}

static const struct {
    const char *word;
    enum ql_element type;
} words[] = {
    {"f32", QL_ELEMENT_F32}, {"f64", QL_ELEMENT_F64}, {"f16", QL_ELEMENT_F16}, {"s64", QL_ELEMENT_S64},
    {"s32", QL_ELEMENT_S32}, {"s16", QL_ELEMENT_S16}, {"s8", QL_ELEMENT_S8},   {"u64", QL_ELEMENT_U64},
    {"u32", QL_ELEMENT_U32}, {"u16", QL_ELEMENT_U16}, {"u8", QL_ELEMENT_U8},   {"bool", QL_ELEMENT_BOOL},
};

enum ql_element case_type(struct conformance_case *c, const char *types)
{
    enum ql_element listed[16];
    int count = 0;

    for (const char *at = types; *at != '\0'; at += strcspn(at, " "), at += strspn(at, " ")) {
        for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
            if (strcspn(at, " ") == strlen(words[k].word) && strncmp(at, words[k].word, strlen(words[k].word)) == 0) {
                listed[count++] = words[k].type;
            }
        }
    }
    return listed[case_chance(c, 50) ? 0 : case_between(c, 0, count - 1)];
}

bool case_is_float(enum ql_element type)
{
    return type == QL_ELEMENT_F32 || type == QL_ELEMENT_F64 || type == QL_ELEMENT_F16;
}

// --- Content ---

static double draw_float(struct conformance_case *c, enum case_content content)
{
    static const double edges[] = {
        0.0,   -0.0,   INFINITY, -INFINITY, NAN,     FLT_MAX, -FLT_MAX, FLT_MIN, -FLT_MIN, 0x1p-149,  1.0,     -1.0,
        100.0, -100.0, 0.5,      1e-4f,     65504.0, 65519.0, 65520.0,  0x1p-24, 0x1p-25,  0x1.8p-24, 2049.0f, 2051.0f,
    };
    const double uniform = (double)ql_random_step_f32(&c->random);

    switch (content) {
    case CASE_GRID:
        return case_between(c, -32, 32) / 8.0;
    case CASE_POSITIVE:
        return 0.0625 + 3.9375 * uniform;
    case CASE_NONZERO:
        return case_between(c, 1, 32) / (case_chance(c, 50) ? 8.0 : -8.0);
    case CASE_WEIGHT:
        return 1.2 * uniform - 0.6;
    case CASE_LIGHT:
        return 0.6 * uniform - 0.3;
    case CASE_EDGES:
        return case_chance(c, 40) ? edges[case_between(c, 0, (int)(sizeof edges / sizeof edges[0]) - 1)]
                                  : 20.0 * uniform - 10.0;
    default:
        return 4.0 * uniform - 2.0;
    }
}

static int64_t draw_integer(struct conformance_case *c, enum ql_element type, enum case_content content)
{
    const bool is_unsigned = type == QL_ELEMENT_U64 || type == QL_ELEMENT_U32 || type == QL_ELEMENT_U16 ||
                             type == QL_ELEMENT_U8 || type == QL_ELEMENT_BOOL;

    switch (content) {
    case CASE_POSITIVE:
        return case_between(c, 1, 8);
    case CASE_NONZERO:
        return is_unsigned || case_chance(c, 50) ? case_between(c, 1, 8) : case_between(c, -8, -1);
    case CASE_EDGES:
        return (int64_t)((uint64_t)ql_random_step(&c->random) << 32 | ql_random_step(&c->random));
    default:
        return case_between(c, is_unsigned ? 0 : -8, 8);
    }
}

static const void *draw_content(struct conformance_case *c, enum ql_element type, int count, enum case_content content)
{
    const size_t bytes = ql_element_bytes(type);
    unsigned char *data = ql_arena_take(&c->arena, (size_t)count, bytes);

    for (int i = 0; i < count && data != NULL; i++) {
        if (case_is_float(type)) {
            const double value = draw_float(c, content);
            ql_cast(data + (size_t)i * bytes, &value, (int)type, QL_ELEMENT_F64, 1);
        } else if (type == QL_ELEMENT_BOOL) {
            data[i] = case_chance(c, 50);
        } else {
            const int64_t value = draw_integer(c, type, content);
            ql_cast(data + (size_t)i * bytes, &value, (int)type, QL_ELEMENT_S64, 1);
        }
    }
    return data;
}

// --- Building ---

static void name_value(char *name, const char *kind, int number)
{
    (void)snprintf(name, CASE_NAME_BYTES, "%s%d", kind, number);
}

int case_given(struct conformance_case *c, enum ql_element type, int rank, const int *dims, const void *data,
               bool constant)
{
    char name[CASE_NAME_BYTES];

    int known[QL_RANK_LIMIT];

    name_value(name, constant ? "c" : "x", c->graph.value_count);
    for (int axis = 0; axis < rank; axis++) {
        // A size of 0 cannot be left open, because for the graph compiler it means an unknown size.
        known[axis] = !constant && dims[axis] > 0 && case_chance(c, OPEN_CHANCE) ? -1 : dims[axis];
        if (!constant) {
            c->dims[c->graph.input_count][axis] = dims[axis];
        }
    }
    const int value = ql_graph_add_value(&c->graph, name, type, rank, known, constant ? data : NULL);
    if (!constant) {
        size_t count = 1;
        for (int axis = 0; axis < rank; axis++) {
            count *= (size_t)dims[axis];
        }
        void *copy = ql_arena_take(&c->arena, count + 1, ql_element_bytes(type));
        if (copy != NULL) {
            memcpy(copy, data, count * ql_element_bytes(type));
        }
        c->contents[c->graph.input_count] = copy;
        ql_graph_add_input(&c->graph, value);
    }
    return value;
}

int case_operand(struct conformance_case *c, enum ql_element type, int rank, const int *dims, enum case_content content)
{
    int count = 1;

    for (int axis = 0; axis < rank; axis++) {
        count *= dims[axis];
    }
    const void *data = draw_content(c, type, count, content);
    return case_given(c, type, rank, dims, data, case_chance(c, CONSTANT_CHANCE));
}

int case_numbers(struct conformance_case *c, const int64_t *numbers, int count, bool may_be_narrow)
{
    if (!may_be_narrow || !case_chance(c, NARROW_CHANCE)) {
        return case_given(c, QL_ELEMENT_S64, 1, &count, numbers, true);
    }
    int32_t *narrow = ql_arena_take(&c->arena, (size_t)count, sizeof narrow[0]);
    for (int i = 0; i < count && narrow != NULL; i++) {
        narrow[i] = numbers[i] > INT32_MAX ? INT32_MAX : numbers[i] < INT32_MIN ? INT32_MIN : (int32_t)numbers[i];
    }
    return case_given(c, QL_ELEMENT_S32, 1, &count, narrow, true);
}

int case_result(struct conformance_case *c, enum ql_element type)
{
    char name[CASE_NAME_BYTES];

    name_value(name, "y", c->graph.value_count);
    const int value = ql_graph_add_value(&c->graph, name, type, -1, NULL, NULL);
    ql_graph_add_output(&c->graph, value);
    return value;
}

void case_node(struct conformance_case *c, const char *operator_name, const int *inputs, int input_count,
               enum ql_element type)
{
    const int result = case_result(c, type);
    ql_graph_add_node(&c->graph, operator_name, "node", inputs, input_count, &result, 1);
}

void case_twin_fill(struct conformance_case *c, int rank, const int *dims, double value)
{
    const int one = 1;
    const int result = c->graph.outputs[0];
    const enum ql_element type = c->graph.values[result].type;

    int64_t sizes[QL_RANK_LIMIT];
    unsigned char *data = ql_arena_take(&c->arena, 1, sizeof(double));

    if (data == NULL) {
        return;
    }
    for (int axis = 0; axis < rank; axis++) {
        sizes[axis] = dims[axis];
    }
    ql_cast(data, &value, (int)type, QL_ELEMENT_F64, 1);
    case_twin_init(c);
    const int shape = ql_graph_add_value(&c->twin, "shape", QL_ELEMENT_S64, 1, &rank, sizes);
    ql_graph_add_node(&c->twin, "ConstantOfShape", "node", &shape, 1, &result, 1);
    ql_graph_add_tensor(&c->twin, "value", type, 1, &one, data);
}

void case_twin_init(struct conformance_case *c)
{
    ql_graph_init(&c->twin, c->id, c->graph.opset);
    for (int i = 0; i < c->graph.value_count; i++) {
        const struct ql_value *value = &c->graph.values[i];
        ql_graph_add_value(&c->twin, value->name, value->type, value->rank, value->dims, value->data);
    }
    for (int i = 0; i < c->graph.input_count; i++) {
        ql_graph_add_input(&c->twin, c->graph.inputs[i]);
    }
    for (int i = 0; i < c->graph.output_count; i++) {
        ql_graph_add_output(&c->twin, c->graph.outputs[i]);
    }
}
