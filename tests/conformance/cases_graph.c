// Random graphs of several nodes, so that values are views of one another, outlive others, and share memory. Every
// operator in them has only one right result in float, however it is computed, so the comparison is exact.
// Uses: conformance_case, conformance_operators.
#include <stdio.h>
#include <string.h>

#include "conformance_operators.h"

enum { NODE_LIMIT = 12, MADE_LIMIT = 64, RANK_LIMIT = 4 };

// A value of the graph, with the shape that it must have.
struct made {
    int value, rank;
    int dims[QL_RANK_LIMIT];
    bool used;
};

struct builder {
    struct conformance_case *c;
    struct made made[MADE_LIMIT];
    int count;
    int nodes;
};

static struct made *pick(struct builder *builder)
{
    struct made *made = &builder->made[case_between(builder->c, 0, builder->count - 1)];
    made->used = true;
    return made;
}

static int add_made(struct builder *builder, int rank, const int *dims)
{
    char name[CASE_NAME_BYTES];
    struct made *made = &builder->made[builder->count++];

    (void)snprintf(name, sizeof name, "v%d", builder->c->graph.value_count);
    *made = (struct made){.rank = rank};
    memcpy(made->dims, dims, (size_t)rank * sizeof dims[0]);
    made->value = ql_graph_add_value(&builder->c->graph, name, QL_ELEMENT_F32, -1, NULL, NULL);
    return made->value;
}

static void add_node(struct builder *builder, const char *operator_name, const int *inputs, int count, int output)
{
    char name[CASE_NAME_BYTES];

    (void)snprintf(name, sizeof name, "%s_%d", operator_name, builder->nodes++);
    ql_graph_add_node(&builder->c->graph, operator_name, name, inputs, count, &output, 1);
}

static void add_unary(struct builder *builder)
{
    static const char *const names[] = {"Neg", "Abs", "Relu", "Identity"};
    const struct made x = *pick(builder);

    add_node(builder, names[case_between(builder->c, 0, 3)], &x.value, 1, add_made(builder, x.rank, x.dims));
}

// Combines with another value if that has the same shape, or with a new operand that broadcasts.
static void add_binary(struct builder *builder)
{
    static const char *const names[] = {"Add", "Sub", "Mul", "Max", "Min"};
    struct conformance_case *c = builder->c;
    const struct made a = *pick(builder);
    struct made b = *pick(builder);

    if (a.rank != b.rank || memcmp(a.dims, b.dims, (size_t)a.rank * sizeof a.dims[0]) != 0) {
        memcpy(b.dims, a.dims, sizeof b.dims);
        b.rank = case_narrow(c, b.dims, a.rank);
        b.value = case_operand(c, QL_ELEMENT_F32, b.rank, b.dims, CASE_GRID);
    }
    const int inputs[] = {a.value, b.value};
    const int turned[] = {b.value, a.value};
    add_node(builder, names[case_between(c, 0, 4)], case_chance(c, 50) ? inputs : turned, 2,
             add_made(builder, a.rank, a.dims));
}

static void add_transpose(struct builder *builder)
{
    const struct made x = *pick(builder);
    int64_t order[QL_RANK_LIMIT];
    int dims[QL_RANK_LIMIT];

    for (int k = 0; k < x.rank; k++) {
        const int place = case_between(builder->c, 0, k);
        order[k] = order[place];
        order[place] = k;
    }
    for (int k = 0; k < x.rank; k++) {
        dims[k] = x.dims[order[k]];
    }
    add_node(builder, "Transpose", &x.value, 1, add_made(builder, x.rank, dims));
    ql_graph_add_ints(&builder->c->graph, "perm", order, x.rank);
}

static void add_reshape(struct builder *builder)
{
    const struct made x = *pick(builder);
    int dims[] = {1, 1, 1};
    int64_t sizes[3];
    const int rank = case_between(builder->c, 1, 3);

    for (int axis = 0; axis < x.rank; axis++) {
        dims[case_between(builder->c, 0, rank - 1)] *= x.dims[axis];
    }
    for (int axis = 0; axis < rank; axis++) {
        sizes[axis] = dims[axis];
    }
    const int inputs[] = {x.value, case_numbers(builder->c, sizes, rank, false)};
    add_node(builder, "Reshape", inputs, 2, add_made(builder, rank, dims));
}

static void add_slice(struct builder *builder)
{
    struct conformance_case *c = builder->c;
    struct made x = *pick(builder);

    if (x.rank == 0) {
        return;
    }
    const int64_t axis = case_between(c, 0, x.rank - 1);
    const int64_t start = case_between(c, 0, x.dims[axis] - 1);
    const int64_t end = case_between(c, (int)start + 1, x.dims[axis]);
    const int64_t step = case_between(c, 1, 2);
    const bool backward = case_chance(c, 30);
    const int64_t first = backward ? end - 1 : start;
    const int64_t limit = backward ? start - 1 - x.dims[axis] : end; // -1 would be the last one: count from the end
    const int64_t signed_step = backward ? -step : step;
    const int inputs[] = {x.value, case_numbers(c, &first, 1, false), case_numbers(c, &limit, 1, false),
                          case_numbers(c, &axis, 1, false), case_numbers(c, &signed_step, 1, false)};
    x.dims[axis] = (int)((end - start + step - 1) / step);
    add_node(builder, "Slice", inputs, 5, add_made(builder, x.rank, x.dims));
}

// Along an axis with itself, or with another value that has the same shape.
static void add_concat(struct builder *builder)
{
    struct conformance_case *c = builder->c;
    struct made a = *pick(builder);
    const struct made b = *pick(builder);

    if (a.rank == 0) {
        return;
    }
    const int axis = case_between(c, 0, a.rank - 1);
    const bool fits = a.rank == b.rank && memcmp(a.dims, b.dims, (size_t)a.rank * sizeof a.dims[0]) == 0;
    const int inputs[] = {a.value, fits ? b.value : a.value};
    a.dims[axis] *= 2;
    if (a.dims[axis] > 32) {
        return;
    }
    add_node(builder, "Concat", inputs, 2, add_made(builder, a.rank, a.dims));
    ql_graph_add_int(&c->graph, "axis", axis);
}

static void add_split(struct builder *builder)
{
    struct conformance_case *c = builder->c;
    struct made x = *pick(builder);

    if (x.rank == 0) {
        return;
    }
    const int axis = case_between(c, 0, x.rank - 1);
    if (x.dims[axis] < 2) {
        return;
    }
    const int first = case_between(c, 1, x.dims[axis] - 1);
    const int64_t sizes[] = {first, x.dims[axis] - first};
    const int inputs[] = {x.value, case_numbers(c, sizes, 2, false)};
    int outputs[2];
    for (int k = 0; k < 2; k++) {
        x.dims[axis] = (int)sizes[k];
        outputs[k] = add_made(builder, x.rank, x.dims);
    }
    char name[CASE_NAME_BYTES];
    (void)snprintf(name, sizeof name, "Split_%d", builder->nodes++);
    ql_graph_add_node(&c->graph, "Split", name, inputs, 2, outputs, 2);
    ql_graph_add_int(&c->graph, "axis", axis);
}

static void add_unsqueeze(struct builder *builder)
{
    const struct made x = *pick(builder);
    int dims[QL_RANK_LIMIT];

    if (x.rank >= RANK_LIMIT) {
        return;
    }
    const int64_t axis = case_between(builder->c, 0, x.rank);
    for (int k = 0; k <= x.rank; k++) {
        dims[k] = k < axis ? x.dims[k] : k == axis ? 1 : x.dims[k - 1];
    }
    const int inputs[] = {x.value, case_numbers(builder->c, &axis, 1, false)};
    add_node(builder, "Unsqueeze", inputs, 2, add_made(builder, x.rank + 1, dims));
}

static void add_reduce_max(struct builder *builder)
{
    const struct made x = *pick(builder);
    int dims[QL_RANK_LIMIT];

    // By attribute before version 18 and by input since; without axes it is the same in all versions.
    (void)dims;
    add_node(builder, "ReduceMax", &x.value, 1, add_made(builder, 0, dims));
    ql_graph_add_int(&builder->c->graph, "keepdims", 0);
}

void generate_graph(struct conformance_case *c, const char *operator_name)
{
    static void (*const steps[])(struct builder * builder) = {add_unary, add_binary,    add_binary,    add_transpose,
                                                              add_slice, add_concat,    add_unsqueeze, add_reshape,
                                                              add_split, add_reduce_max};
    const int steps_count = (int)(sizeof steps / sizeof steps[0]);
    struct builder builder = {.c = c};
    const int wanted = case_between(c, 2, NODE_LIMIT);

    (void)operator_name;
    for (int k = case_between(c, 1, 2); k > 0; k--) {
        struct made *made = &builder.made[builder.count++];
        made->rank = case_shape(c, made->dims, 1, 3);
        made->value = case_operand(c, QL_ELEMENT_F32, made->rank, made->dims, CASE_GRID);
        made->used = true;
    }
    while (builder.nodes < wanted) {
        steps[case_between(c, 0, steps_count - 1)](&builder);
    }
    // A value that nothing uses is an output, and so are some of the others.
    for (int i = 0; i < builder.count; i++) {
        const char *name = c->graph.values[builder.made[i].value].name;
        if (name[0] == 'v' && (!builder.made[i].used || case_chance(c, 25))) {
            ql_graph_add_output(&c->graph, builder.made[i].value);
        }
    }
}
