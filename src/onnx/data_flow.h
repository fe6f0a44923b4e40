// Finds out from the kernel calls of a compiled program on which inputs each output depends, and of which input it is
// the next value. Elements are followed through copies, slices and joins one by one, so the spelling of a graph does
// not matter.
// Uses: base, onnx/program.
#ifndef QL_ONNX_DATA_FLOW_H
#define QL_ONNX_DATA_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "onnx/program.h"

enum { QL_FLOW_LIMIT = 32 }; // inputs, and outputs, of a graph whose flow can be told: bits of a set

// One output of the graph. A set has bit k for input, or output, number k.
struct ql_flow_output {
    uint32_t inputs;  // the inputs that its value depends on
    uint32_t updates; // those that reach it element by element, by no way that goes through another output
    uint32_t outputs; // the other outputs that its value is computed from
    uint32_t nearby;  // those of them that reach it element by element
    // The inputs whose elements start a recurrent layer, and are followed here by what the layer makes of them.
    uint32_t continued;
    int continues;    // the one input whose every element it continues, in the same place; -1: no such input
    bool is_sequence; // and it is Y, of which each step is an element, in a run of one step
    bool is_copy;     // all of it is made of elements of inputs, moved
    int last_call;    // the call that made all its elements, copies left aside; -1 where that is not one call
};

struct ql_data_flow {
    int output_count;
    struct ql_flow_output outputs[QL_FLOW_LIMIT];
    uint32_t starts;          // inputs with elements that start a recurrent layer
    int nodes[QL_FLOW_LIMIT]; // for each of them: the node of one such layer
};

// Reads the flow. `program` must have been compiled with keep_values.
// Errors: QL_ERROR_INPUT for more inputs or outputs than QL_FLOW_LIMIT; QL_ERROR_SYSTEM.
enum ql_status ql_data_flow_init(struct ql_data_flow *flow, const struct ql_program *program, struct ql_error *error);

#endif
