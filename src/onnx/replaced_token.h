// A token of a language model's graph in whose place the graph takes another one.
// Uses: base, onnx/{graph,model_roles}.
#ifndef QL_ONNX_REPLACED_TOKEN_H
#define QL_ONNX_REPLACED_TOKEN_H

#include "base/status.h"
#include "onnx/graph.h"
#include "onnx/model_roles.h"

// Changes the graph: where token `from` goes in, it computes what it would for `to`. The tokens' input keeps its name, and
// `roles` (of which the tokens alone are used) stay valid. V: symbols. Errors: QL_ERROR_SYSTEM.
enum ql_status ql_replaced_token_init(struct ql_graph *graph, const struct ql_model_roles *roles, int from, int to,
                                      int V, struct ql_error *error);

#endif
