// Finds the parts of a language model in a graph: the first layer's input for each token, the layers, and the output.
// The parts are run beside the graph itself, so that a graph that computes something else is refused.
// Uses: base, device, model/chain, onnx, engine/text_session.
#ifndef QL_ENGINE_CHAIN_READER_H
#define QL_ENGINE_CHAIN_READER_H

#include "base/status.h"
#include "model/chain.h"
#include "onnx/descriptor.h"
#include "onnx/graph.h"

// Reads the model; free it in the end. Graphs of PyTorch and of other exporters are accepted like our own: it does not
// matter how the first layer's input is computed from a token, as long as it depends on nothing else. A decoder is run
// over its whole context and some tokens at far positions: docs/quantization.md says what is proved, and what is tried.
// Errors: QL_ERROR_INPUT, naming the node, for a graph that is not an embedding or one-hot input, LSTM, GRU or RNN
// layers of one kind in a row, and a linear output; those of ql_decoder_read for a graph with attention; and those of
// ql_text_session_open_graph.
enum ql_status ql_chain_read(struct ql_chain *chain, const struct ql_graph *graph,
                             const struct ql_descriptor *descriptor, struct ql_error *error);

#endif
