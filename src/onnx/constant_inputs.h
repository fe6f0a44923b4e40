// Inputs of a language model that stay the same over a text, such as a category or a speaker: the descriptor gives their
// numbers, and the graph has constants in their place.
// Uses: base, onnx/{descriptor,graph}.
#ifndef QL_ONNX_CONSTANT_INPUTS_H
#define QL_ONNX_CONSTANT_INPUTS_H

#include "base/status.h"
#include "onnx/descriptor.h"
#include "onnx/graph.h"

// Takes each input that the descriptor's field "constants" names out of the graph's inputs and makes it a constant. One
// size that the file leaves open follows from the count of the numbers; further open sizes are 1.
// Errors: QL_ERROR_INPUT for an input that is not there, that the descriptor names as something else, too, or that the
// graph shows to be a state; for too few or too many numbers; for a number that the input's type does not have.
enum ql_status ql_constant_inputs_apply(struct ql_graph *graph, const struct ql_descriptor *descriptor,
                                        struct ql_error *error);

#endif
