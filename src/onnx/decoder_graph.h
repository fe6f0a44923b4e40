// The graph of a decoder: docs/transformer.md in standard operators. It takes one token or many at a time. Its states are
// the keys and values of the last tokens of all layers, (L, context, K) each, the newest last, and the position.
// Uses: base, model, onnx/graph.
#ifndef QL_ONNX_DECODER_GRAPH_H
#define QL_ONNX_DECODER_GRAPH_H

#include "model/model.h"
#include "onnx/graph.h"

// Adds all of a decoder between the values `tokens` (sequence, 1) and `logits` (sequence, 1, V), with the inputs and
// outputs of `state` (ql_architecture_graph_state_add). Memory is checked by ql_graph_check.
void ql_decoder_graph_add(struct ql_graph *graph, const struct ql_model *model, const struct ql_state_layout *state,
                          int tokens, int logits);

#endif
