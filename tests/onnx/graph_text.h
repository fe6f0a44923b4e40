// A graph written in lines, for tests: what a model is shows at a glance, and no other library makes its file.
//   opset 13
//   input x int64 1 sequence        a name for a size leaves it open
//   const W float 1 16 4            values that look random, between -1 and 1, the same for the same name
//   const n int64 2 = 1 4           or the values; a scalar has no sizes
//   Gather E x -> e axis=0          a node: operator, inputs, "->", outputs, attributes; "-" is left out
//   LSTM e W R - - h c -> Y hn cn hidden_size=4 clip=0.5 direction="forward" activations=[Tanh,Tanh,Tanh] axes=[0,1]
//   output y float 1 1 5
// Lines that are empty or begin with '#' are passed over.
// Uses: base, onnx/graph.
#ifndef QL_TESTS_GRAPH_TEXT_H
#define QL_TESTS_GRAPH_TEXT_H

#include "base/status.h"
#include "onnx/graph.h"

// Builds the graph; free it in the end. Errors: QL_ERROR_INPUT with the number of the line.
enum ql_status graph_text_read(struct ql_graph *graph, const char *text, struct ql_error *error);

#endif
