// A program as a model that writes: which inputs and outputs carry tokens, logits and state, and what a text needs
// besides. Uses: base, corpus, onnx.
#ifndef QL_CODEGEN_TEXT_MODEL_H
#define QL_CODEGEN_TEXT_MODEL_H

#include <stdint.h>

#include "onnx/descriptor.h"
#include "onnx/program.h"

enum { QL_TEXT_MODEL_STATE_LIMIT = 32 };

// One step that was computed when the C was made: it went in, these logits came out. See device/trace.h.
struct ql_text_trace {
    uint16_t token;
    uint32_t logits_hash;
};

struct ql_text_model {
    const struct ql_descriptor *descriptor; // not owned: symbols, settings, resets
    int begin_token;                        // from which a text begins: the newline, or 0
    // Places in the graph's lists of inputs and outputs.
    int token_input, logits_output;
    int state_count;
    int state_inputs[QL_TEXT_MODEL_STATE_LIMIT], state_outputs[QL_TEXT_MODEL_STATE_LIMIT];
    // The self-test: a text with the descriptor's settings and this seed. By the caller; a count of 0 is none.
    const struct ql_text_trace *trace;
    int trace_count;
    uint32_t trace_seed;
};

// Finds the roles, by the descriptor's names where it gives some. Otherwise: the tokens are the input of whole numbers,
// with one element; the logits are the output of V floats, the first of those that can be no state where there are
// several; the state is made of the other inputs, each with the output of the same shape, several of a shape in their
// order, as (h0, c0) with (hn, cn). The descriptor must live as long as the model.
// Errors: QL_ERROR_INPUT, naming what is missing or too much.
enum ql_status ql_text_model_read(struct ql_text_model *model, const struct ql_program *program,
                                  const struct ql_descriptor *descriptor, struct ql_error *error);

// Whether this output carries state, and not a result.
bool ql_text_model_is_state(const struct ql_text_model *model, int output);

#endif
