// Changes to a graph that was read from a file: see graph_change.h.
#include "onnx/graph_change.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEM_BYTES = 200, NAME_BYTES = STEM_BYTES + 16 };

// Returns the number of a name that begins with the stem, from what stands after the stem: 1 for nothing, 2 for "_2".
// Returns 0 for other names.
static long read_number(const char *rest)
{
    char *end = NULL;

    if (rest[0] == '\0') {
        return 1;
    }
    const long number = rest[0] == '_' && rest[1] >= '1' && rest[1] <= '9' ? strtol(rest + 1, &end, 10) : 0;
    return number > 1 && *end == '\0' ? number : 0;
}

// Returns the first number whose name is free. Returns 0 when there is not enough memory.
static int find_free_number(const struct ql_graph *graph, const char *stem)
{
    const size_t length = strnlen(stem, STEM_BYTES);
    bool *taken = calloc((size_t)graph->value_count + 2, sizeof taken[0]);
    int number = 1;

    if (taken == NULL) {
        return 0;
    }
    for (int i = 0; i < graph->value_count; i++) {
        const char *name = graph->values[i].name;
        const long found = strncmp(name, stem, length) == 0 ? read_number(name + length) : 0;
        if (found > 0 && found <= graph->value_count) {
            taken[found] = true;
        }
    }
    while (taken[number]) {
        number++;
    }
    free(taken);
    return number;
}

int ql_graph_change_add_value(struct ql_graph *graph, const char *stem, enum ql_element type, int rank, const int *dims,
                              const void *data)
{
    const int number = find_free_number(graph, stem);
    char name[NAME_BYTES];

    graph->arena.exhausted = graph->arena.exhausted || number == 0;
    const int length = snprintf(name, sizeof name, "%.*s", (int)STEM_BYTES, stem);
    if (number > 1) {
        (void)snprintf(name + length, sizeof name - (size_t)length, "_%d", number);
    }
    return ql_graph_add_value(graph, name, type, rank, dims, data);
}

// The new value gets the old one's name, and the old one gets the name with which the new one was added.
static void exchange_names(struct ql_graph *graph, int left, int right)
{
    const char *name = graph->values[left].name;

    graph->values[left].name = graph->values[right].name;
    graph->values[right].name = name;
}

int ql_graph_change_input(struct ql_graph *graph, int number, enum ql_element type, int rank, const int *dims)
{
    const int value = ql_graph_change_add_value(graph, "changed_input", type, rank, dims, NULL);

    exchange_names(graph, graph->inputs[number], value);
    graph->inputs[number] = value;
    return value;
}

int ql_graph_change_output(struct ql_graph *graph, int number, enum ql_element type, int rank, const int *dims)
{
    const int value = ql_graph_change_add_value(graph, "changed_output", type, rank, dims, NULL);

    exchange_names(graph, graph->outputs[number], value);
    graph->outputs[number] = value;
    return value;
}

enum ql_status ql_graph_change_move_to_front(struct ql_graph *graph, int first, struct ql_error *error)
{
    const int moved = graph->node_count - first;
    struct ql_node *nodes = ql_arena_take(&graph->arena, (size_t)graph->node_count + 1, sizeof nodes[0]);

    if (nodes == NULL || graph->arena.exhausted) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to change the model");
    }
    memcpy(nodes, graph->nodes + first, (size_t)moved * sizeof nodes[0]);
    memcpy(nodes + moved, graph->nodes, (size_t)first * sizeof nodes[0]);
    memcpy(graph->nodes, nodes, (size_t)graph->node_count * sizeof nodes[0]);
    return QL_OK;
}
