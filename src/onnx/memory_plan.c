// Plans the workspace of a program: see memory_plan.h.
// Greedy by size: the largest value first, each at the lowest place that is free for as long as it lives. This comes
// within a few percent of the best for networks like ours (Pisarchyk and Lee 2020). Its work grows with the number of
// pairs of values that live at the same time. Where there would be too many, places are assigned in the order of the
// calls instead. That takes about the same time for each value, and may need more memory.
#include "onnx/memory_plan.h"

#include <stdlib.h>

// The number of pairs of values that live at the same time for which planning by size takes some tenths of a second.
static const size_t pair_limit = (size_t)1 << 22;

static void touch(struct ql_program *program, int value, int call)
{
    struct ql_program_value *root = &program->values[program->values[value].root];
    if (root->first_call < 0) {
        root->first_call = call;
    }
    root->last_call = call;
}

static void find_lifetimes(struct ql_program *program, bool keep)
{
    for (int i = 0; i < program->value_count; i++) {
        program->values[i].first_call = -1;
    }
    for (int n = 0; n < program->call_count; n++) {
        const struct ql_kernel_call *call = &program->calls[n];
        for (int k = 0; k < call->kernel->buffer_count; k++) {
            if (call->buffers[k] >= 0) {
                touch(program, call->buffers[k], n);
            }
        }
    }
    // Outputs are read after the last call.
    for (int i = 0; i < program->graph->output_count; i++) {
        touch(program, ql_program_result(program, i), program->call_count);
    }
    for (int i = 0; i < program->value_count && keep; i++) {
        program->values[i].first_call = 0;
        program->values[i].last_call = program->call_count;
    }
}

// A value and its sort key.
struct item {
    size_t key;
    int value;
};

// By falling size, then by rising index, so that the plan is always the same.
static int compare_sizes(const void *left, const void *right)
{
    const struct item *a = left;
    const struct item *b = right;
    return a->key != b->key ? (a->key < b->key ? 1 : -1) : a->value - b->value;
}

static int compare_offsets(const void *left, const void *right)
{
    const struct item *a = left;
    const struct item *b = right;
    return a->key != b->key ? (a->key < b->key ? -1 : 1) : a->value - b->value;
}

static size_t align(size_t bytes)
{
    return (bytes + QL_PROGRAM_ALIGNMENT - 1) / QL_PROGRAM_ALIGNMENT * QL_PROGRAM_ALIGNMENT;
}

// A list of numbers with the maximum of each pair, of each pair of pairs, and so on. It finds the next number that is
// large enough without looking at those in between.
struct max_tree {
    int *nodes;  // (2 * size) the numbers begin at index `size`
    size_t size; // a power of two
};

static void tree_clear(struct max_tree *tree)
{
    for (size_t i = 0; i < 2 * tree->size; i++) {
        tree->nodes[i] = -1;
    }
}

static bool tree_init(struct max_tree *tree, size_t count)
{
    tree->size = 1;
    while (tree->size < count) {
        tree->size *= 2;
    }
    tree->nodes = malloc(2 * tree->size * sizeof tree->nodes[0]);
    if (tree->nodes == NULL) {
        return false;
    }
    tree_clear(tree);
    return true;
}

static void tree_set(struct max_tree *tree, size_t at, int number)
{
    size_t node = tree->size + at;

    tree->nodes[node] = number;
    for (node /= 2; node >= 1; node /= 2) {
        const int left = tree->nodes[2 * node], right = tree->nodes[2 * node + 1];
        tree->nodes[node] = left > right ? left : right;
    }
}

// The first place from `from` on whose number is at least `least`, or `size`.
static size_t tree_find(const struct max_tree *tree, size_t from, int least)
{
    size_t node = tree->size + from;

    if (from >= tree->size) {
        return tree->size;
    }
    while (tree->nodes[node] < least) {
        while (node % 2 == 1) { // a right child, or the root: everything below the parent has been searched
            node /= 2;
        }
        if (node == 0) {
            return tree->size;
        }
        node++;
    }
    while (node < tree->size) {
        node = 2 * node + (tree->nodes[2 * node] < least);
    }
    return node - tree->size;
}

// A plan in the making. All arrays hold `count` elements, one for each value of the workspace.
struct plan {
    struct ql_program *program;
    size_t count;
    struct item *by_size;    // in the order in which places are assigned
    struct item *by_start;   // by the first call
    struct item *neighbours; // scratch
    size_t *starts;          // (program->value_count) where a value stands in by_start
    struct max_tree tree;
    size_t top; // the bytes assigned by place_by_call
};

// The lowest offset at which `value` meets none of the placed values that live at the same time. In the tree, a placed
// value's index in by_start holds its last call. Takes the number of those values from `pairs`.
static size_t find_offset(struct plan *plan, const struct ql_program_value *value, size_t *pairs)
{
    const struct ql_program *program = plan->program;
    struct item *neighbours = plan->neighbours;
    size_t found = 0;
    size_t offset = 0;

    for (size_t at = tree_find(&plan->tree, 0, value->first_call); *pairs > 0 && at < plan->count;
         at = tree_find(&plan->tree, at + 1, value->first_call)) {
        const struct ql_program_value *other = &program->values[plan->by_start[at].value];
        if (other->first_call > value->last_call) {
            break;
        }
        neighbours[found++] = (struct item){other->workspace_offset, plan->by_start[at].value};
        (*pairs)--;
    }
    qsort(neighbours, found, sizeof neighbours[0], compare_offsets);
    for (size_t i = 0; i < found && neighbours[i].key < offset + value->bytes; i++) {
        size_t end = align(neighbours[i].key + program->values[neighbours[i].value].bytes);
        offset = end > offset ? end : offset;
    }
    return offset;
}

// Returns false when more than `pairs` pairs of values live at the same time; then the offsets are undefined.
static bool place_by_size(struct plan *plan, size_t pairs)
{
    struct ql_program *program = plan->program;

    for (size_t i = 0; i < plan->count; i++) {
        struct ql_program_value *value = &program->values[plan->by_size[i].value];
        value->workspace_offset = find_offset(plan, value, &pairs);
        if (pairs == 0) {
            return false;
        }
        tree_set(&plan->tree, plan->starts[plan->by_size[i].value], value->last_call);
    }
    return true;
}

// Places that are assigned one after another and reused. A place belongs to a size class: all sizes with the same
// aligned number of bytes. In the plan's tree, a class holds the place that became free last.
struct place {
    size_t offset, class;
    int next_free; // the place of the class that became free before this one, or -1
};

// Numbers the classes by rising size, each in place of the value's start. by_size falls, so it is read from its end.
static void number_classes(struct plan *plan)
{
    const struct ql_program_value *values = plan->program->values;
    size_t number = 0;

    for (size_t i = plan->count; i-- > 0;) {
        const int value = plan->by_size[i].value;
        number += i + 1 < plan->count && align(values[value].bytes) != align(values[plan->by_size[i + 1].value].bytes);
        plan->starts[value] = number;
    }
}

// Takes a free place of the class, or of the next larger class that has one, or a new place.
static int take_place(struct plan *plan, struct place *places, int *place_count, size_t class, size_t bytes)
{
    const size_t from = tree_find(&plan->tree, class, 0);

    if (from < plan->tree.size) {
        const int place = plan->tree.nodes[plan->tree.size + from];
        tree_set(&plan->tree, from, places[place].next_free);
        return place;
    }
    places[*place_count] = (struct place){plan->top, class, -1};
    plan->top = align(plan->top + bytes);
    return (*place_count)++;
}

static bool place_by_call(struct plan *plan)
{
    struct ql_program_value *values = plan->program->values;
    struct place *places = calloc(plan->count + 1, sizeof places[0]);
    struct item *ends = plan->neighbours;
    size_t ended = 0;
    int place_count = 0;

    if (places == NULL) {
        return false;
    }
    number_classes(plan);
    tree_clear(&plan->tree);
    for (size_t i = 0; i < plan->count; i++) {
        ends[i] = (struct item){(size_t)values[plan->by_size[i].value].last_call, plan->by_size[i].value};
    }
    qsort(ends, plan->count, sizeof ends[0], compare_offsets);
    // For now, the offset of a value is the number of its place.
    for (size_t i = 0; i < plan->count; i++) {
        const int index = plan->by_start[i].value;
        for (; ends[ended].key < plan->by_start[i].key; ended++) {
            const size_t place = values[ends[ended].value].workspace_offset;
            places[place].next_free = plan->tree.nodes[plan->tree.size + places[place].class];
            tree_set(&plan->tree, places[place].class, (int)place);
        }
        values[index].workspace_offset =
            (size_t)take_place(plan, places, &place_count, plan->starts[index], values[index].bytes);
    }
    for (size_t i = 0; i < plan->count; i++) {
        struct ql_program_value *value = &values[plan->by_size[i].value];
        value->workspace_offset = places[value->workspace_offset].offset;
    }
    free(places);
    return true;
}

// Collects the values of the workspace, in both orders.
static bool plan_open(struct plan *plan, struct ql_program *program)
{
    const size_t room = (size_t)program->value_count + 1;

    *plan = (struct plan){.program = program};
    plan->by_size = malloc(room * sizeof plan->by_size[0]);
    plan->by_start = malloc(room * sizeof plan->by_start[0]);
    plan->neighbours = malloc(room * sizeof plan->neighbours[0]);
    plan->starts = malloc(room * sizeof plan->starts[0]);
    if (plan->by_size == NULL || plan->by_start == NULL || plan->neighbours == NULL || plan->starts == NULL) {
        return false;
    }
    for (int i = 0; i < program->value_count; i++) {
        const struct ql_program_value *value = &program->values[i];
        if (value->root == i && value->storage == QL_STORAGE_WORKSPACE && value->first_call >= 0) {
            plan->by_start[plan->count] = (struct item){(size_t)value->first_call, i};
            plan->by_size[plan->count++] = (struct item){value->bytes, i};
        }
    }
    qsort(plan->by_size, plan->count, sizeof plan->by_size[0], compare_sizes);
    qsort(plan->by_start, plan->count, sizeof plan->by_start[0], compare_offsets);
    for (size_t i = 0; i < plan->count; i++) {
        plan->starts[plan->by_start[i].value] = i;
    }
    return tree_init(&plan->tree, plan->count);
}

static void plan_close(struct plan *plan)
{
    free(plan->by_size);
    free(plan->by_start);
    free(plan->neighbours);
    free(plan->starts);
    free(plan->tree.nodes);
}

enum ql_status ql_memory_plan_init(struct ql_program *program, bool keep, size_t byte_limit, struct ql_error *error)
{
    struct plan plan;
    enum ql_status status = QL_OK;

    find_lifetimes(program, keep);
    if (!plan_open(&plan, program) || (!keep && !place_by_size(&plan, pair_limit) && !place_by_call(&plan))) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to plan the memory of the model");
        goto done;
    }
    program->workspace_bytes = 0;
    for (size_t i = 0; i < plan.count; i++) {
        struct ql_program_value *value = &program->values[plan.by_size[i].value];
        value->workspace_offset = keep ? program->workspace_bytes : value->workspace_offset;
        size_t end = align(value->workspace_offset + value->bytes);
        program->workspace_bytes = end > program->workspace_bytes ? end : program->workspace_bytes;
    }
    if (program->workspace_bytes > byte_limit) {
        status = ql_error_write(error, QL_ERROR_INPUT, "the model needs %zu bytes to run; the limit is %zu",
                                program->workspace_bytes, byte_limit);
    }
done:
    plan_close(&plan);
    return status;
}
