// The roles of a language model's inputs and outputs, settled once for all that runs the model: the descriptor names them
// all, and the graph gives logits. Uses: base, onnx/{descriptor,graph}.
#ifndef QL_ONNX_SETTLED_ROLES_H
#define QL_ONNX_SETTLED_ROLES_H

#include "base/status.h"
#include "onnx/descriptor.h"
#include "onnx/graph.h"

// Finds the roles (model_roles.h) and writes them into the descriptor, by name. Inputs that the descriptor gives numbers
// must be constants already (constant_inputs.h). What the descriptor said already is checked against the graph. Where
// the output is probabilities over the vocabulary (Softmax, LogSoftmax), the graph is changed to give the logits from
// which they are computed; graph->logits_name then names these in the file, and graph->note says so. graph->note also tells of
// a constant that the graph scales its logits with. Errors: those of ql_model_roles_init and ql_program_compile;
// QL_ERROR_INPUT for states that the graph shows to be paired wrongly, and for probabilities that cannot be turned
// back.
enum ql_status ql_settled_roles_init(struct ql_graph *graph, struct ql_descriptor *descriptor, struct ql_error *error);

#endif
