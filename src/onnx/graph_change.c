// Changes to a graph that was read from a file: see graph_change.h.
#include "onnx/graph_change.h"

#include <stdio.h>
#include <string.h>

enum { STEM_BYTES = 200, NAME_BYTES = STEM_BYTES + 16 };

int ql_graph_change_add_value(struct ql_graph *graph, const char *stem, enum ql_element type, int rank, const int *dims,
                              const void *data)
{
    char name[NAME_BYTES];

    (void)snprintf(name, sizeof name, "%.*s", (int)STEM_BYTES, stem);
    for (int k = 2; ql_graph_find(graph, name) >= 0; k++) {
        (void)snprintf(name, sizeof name, "%.*s_%d", (int)STEM_BYTES, stem, k);
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
