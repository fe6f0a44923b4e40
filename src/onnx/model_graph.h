// The graph of a trained model: what `quillet export` writes as ONNX.
// Uses: base, model/model, onnx/graph.
#ifndef QL_ONNX_MODEL_GRAPH_H
#define QL_ONNX_MODEL_GRAPH_H

#include "base/status.h"
#include "model/model.h"
#include "onnx/graph.h"

enum { QL_MODEL_OPSET = 17 };

// Makes the graph of a model, in operators of version QL_MODEL_OPSET. The graph must be empty ({0}); free it in the
// end, also after an error. The parameters are copied.
//
//   tokens  int64 (sequence, 1)     logits  (sequence, 1, V)
//   h0      (L, 1, H)               hn      (L, 1, H)
//   c0      (L, 1, H), LSTM only    cn      (L, 1, H)
//
// A decoder has other states (docs/transformer.md):
//   keys, values  (L, context, K)   new_keys, new_values  (L, context, K)
//   position      int64 (1)         new_position          int64 (1)
//
// `sequence` is the number of tokens per run; 0 leaves it open, under the name "sequence".
// With the engine, logits and states are bit for bit those of the stepper in model/. Errors: no memory.
enum ql_status ql_model_graph_init(struct ql_graph *graph, const struct ql_model *model, int sequence,
                                   struct ql_error *error);

#endif
