// Recognizes a stack of recurrent layers in a compiled graph, so that it can be computed in batches.
// Uses: base, generate/rnn_engine.h, onnx/program.
#ifndef QL_GENERATE_RNN_PATTERN_H
#define QL_GENERATE_RNN_PATTERN_H

#include <stdbool.h>

#include "generate/rnn_engine.h"
#include "onnx/program.h"

// True when the kernel calls are: a look-up in an embedding, plain recurrent layers of one kind and size, each on the
// output of the one before, a linear output with constants, and copies. The weights point into the program.
// What the copies do to the states is not looked at: compare the results.
bool ql_rnn_pattern_find(struct ql_rnn_weights_view *weights, const struct ql_program *program, int V);

#endif
