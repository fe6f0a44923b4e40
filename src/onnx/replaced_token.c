// A token that the graph replaces with another: see replaced_token.h. The token's number is looked up in a table; a
// one-hot token is multiplied by the identity matrix with one row replaced.
#include "onnx/replaced_token.h"

#include <string.h>

#include "onnx/graph_change.h"

// The table (V), or the matrix (V, V).
static int add_table(struct ql_graph *graph, enum ql_element type, bool one_hot, int from, int to, int V)
{
    const int rank = one_hot ? 2 : 1, dims[] = {V, V};
    const int table = ql_graph_change_add_value(graph, "replaced_token", type, rank, dims, NULL);
    const size_t bytes = ql_element_bytes(type), row = one_hot ? (size_t)V : 1;
    unsigned char *data = ql_arena_take(&graph->arena, (size_t)V * row, bytes); // of zeros

    for (int v = 0; v < V && data != NULL; v++) {
        const int64_t number = v == from ? to : v; // little-endian: its first bytes are an int32
        const float one = 1.0f;
        if (one_hot) {
            memcpy(data + ((size_t)v * row + (size_t)number) * bytes, &one, bytes);
        } else {
            memcpy(data + (size_t)v * bytes, &number, bytes);
        }
    }
    if (data != NULL) {
        graph->values[table].data = data;
    }
    return table;
}

enum ql_status ql_replaced_token_init(struct ql_graph *graph, const struct ql_model_roles *roles, int from, int to,
                                      int V, struct ql_error *error)
{
    const int old = graph->inputs[roles->tokens], nodes = graph->node_count;
    const struct ql_value shape = graph->values[old];
    const int table = add_table(graph, shape.type, roles->one_hot, from, to, V);
    const int input = ql_graph_change_input(graph, roles->tokens, shape.type, shape.rank, shape.dims);
    const int inputs[] = {roles->one_hot ? input : table, roles->one_hot ? table : input};

    memcpy(graph->values[input].dim_names, shape.dim_names, sizeof shape.dim_names);
    ql_graph_add_node(graph, roles->one_hot ? "MatMul" : "Gather", graph->values[old].name, inputs, 2, &old, 1);
    const enum ql_status status = ql_graph_change_move_to_front(graph, nodes, error);
    return status == QL_OK ? ql_graph_check(graph, error) : status;
}
