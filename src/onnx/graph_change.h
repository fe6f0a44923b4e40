// What changes a graph that was read from a file: names that are new, a value in another one's place, nodes at the front.
// Inside src/onnx only. Uses: base, onnx/graph.
#ifndef QL_ONNX_GRAPH_CHANGE_H
#define QL_ONNX_GRAPH_CHANGE_H

#include "base/status.h"
#include "onnx/graph.h"

// Adds a value like ql_graph_add_value, under `stem` or, where a value has that name, under a name that begins with it.
int ql_graph_change_add_value(struct ql_graph *graph, const char *stem, enum ql_element type, int rank, const int *dims,
                              const void *data);

// Adds a value that takes the place and the name of input, or output, number `number`. The value that was there gets a
// new name; a node must make it, or read it, from now on. Returns the new value.
int ql_graph_change_input(struct ql_graph *graph, int number, enum ql_element type, int rank, const int *dims);
int ql_graph_change_output(struct ql_graph *graph, int number, enum ql_element type, int rank, const int *dims);

// Moves the nodes from number `first` on to the front. Errors: QL_ERROR_SYSTEM.
enum ql_status ql_graph_change_move_to_front(struct ql_graph *graph, int first, struct ql_error *error);

#endif
