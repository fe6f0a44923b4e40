// A case in the layout of ONNX's own tests: a folder with input_K.pb and output_K.pb for a model.
// Uses: ql_engine.
#ifndef QL_TESTS_ONNX_CASE_H
#define QL_TESTS_ONNX_CASE_H

#include <stdbool.h>

#include "onnx/graph.h"

// Runs the graph on the inputs and compares the outputs: type, shape, and elements within a tolerance. Inputs that the
// compiler must know are bound as constants; `bind_all` makes every integer and every scalar a constant, for graphs that
// compute shapes and options from inputs. False when something differs or fails; the error says what.
bool onnx_case_run(const struct ql_graph *graph, const char *folder, bool bind_all, struct ql_error *error);

#endif
