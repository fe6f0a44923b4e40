// Measures how well a model predicts a text: `evaluate --text`.
// Uses: base, corpus, onnx, quantize, engine.
#ifndef QL_CLI_TEXT_MEASURE_H
#define QL_CLI_TEXT_MEASURE_H

#include <stddef.h>

#include "base/status.h"
#include "onnx/descriptor.h"
#include "onnx/graph.h"
#include "quantize/integer_model.h"

struct ql_cli_text_measure {
    double nats;       // mean per character
    size_t characters; // predicted: all of the text
};

// Reads the text with the float model in the graph, or with its integer form unless that is NULL, on all processors.
// Errors: those of ql_descriptor_text_load, ql_chain_read and of the losses in engine/text_loss.h.
enum ql_status ql_cli_text_measure_read(struct ql_cli_text_measure *measure, const struct ql_graph *graph,
                                        const struct ql_descriptor *descriptor, const struct ql_integer_model *integer,
                                        const char *path, struct ql_error *error);

#endif
