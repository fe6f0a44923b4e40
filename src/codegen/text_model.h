// What makes a program a model that writes: the roles of its inputs and outputs, what the descriptor says of texts, and
// a text that was written when the C was made. Uses: base, corpus, filter, onnx.
#ifndef QL_CODEGEN_TEXT_MODEL_H
#define QL_CODEGEN_TEXT_MODEL_H

#include <stdint.h>

#include "filter/guard.h"
#include "onnx/descriptor.h"
#include "onnx/model_roles.h"
#include "onnx/program.h"

// One step of that text: this token went in, these logits came out. See device/trace.h.
struct ql_text_trace {
    uint16_t token;
    uint32_t logits_hash;
};

enum { QL_TEXT_TRACE_LIMIT = 64 };

// The program must take one token per run.
struct ql_text_model {
    const struct ql_descriptor *descriptor; // not owned: symbols, settings, resets
    struct ql_model_roles roles;
    struct ql_state_layout layout;                   // of the state: part k is roles.states[k]
    struct ql_text_trace trace[QL_TEXT_TRACE_LIMIT]; // the self-test; a count of 0 is none
    int trace_count;
    uint32_t trace_seed;
    struct ql_guard *guard; // the filter and the lexicon, NULL or off for none; not owned
};

// Checks that the state goes on from run to run. Errors: QL_ERROR_INPUT, naming a recurrent node that begins each run
// with zeros, or another constant state, whatever came before.
enum ql_status ql_text_model_check(const struct ql_program *program, struct ql_error *error);

// Returns whether this output of the graph is a state, and not a result.
bool ql_text_model_is_state(const struct ql_text_model *model, int output);

#endif
