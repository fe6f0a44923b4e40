// The roles of a language model's inputs and outputs: which is the tokens, which the logits, which a state and where it
// comes out again. Found by type and shape, or named in the descriptor.
// Uses: base, model/state_layout, onnx/descriptor, onnx/graph, onnx/program_compile.
#ifndef QL_ONNX_MODEL_ROLES_H
#define QL_ONNX_MODEL_ROLES_H

#include <stdbool.h>

#include "base/status.h"
#include "model/state_layout.h"
#include "onnx/descriptor.h"
#include "onnx/graph.h"
#include "onnx/program_compile.h"

struct ql_model_roles {
    int tokens;        // number of the graph input (not of the value)
    bool one_hot;      // the tokens' input is float, with the vocabulary as its last dimension
    int sequence_axis; // of the tokens' input; -1 when it has no axis to spare: one token per run
    int logits;        // number of the graph output; its last dimension is the vocabulary
    int state_count;
    struct ql_state_pair states[QL_DESCRIPTOR_STATE_LIMIT];
};

// Finds the roles. A name in the descriptor decides. Otherwise the tokens are the only integer input, or the only float
// input whose last size is that of the vocabulary. The rest follows from what the graph does (data_flow.h), never from
// the order of the file:
//   - an output of one number for each symbol (and for each token of a run, or after the last one) is the logits,
//     unless another such output is computed from it by a product or it is the probabilities of another output;
//   - an input that starts a recurrent layer goes with the output that this layer turns it into;
//   - an input that reaches an output element by element goes with that output, where no other does;
//   - what is left goes together where one pairing alone agrees with shapes and with what depends on what.
// Errors: QL_ERROR_INPUT when that does not tell, saying which lines of the descriptor would.
enum ql_status ql_model_roles_init(struct ql_model_roles *roles, const struct ql_graph *graph,
                                   const struct ql_descriptor *descriptor, struct ql_error *error);

// Finds the tokens' input and its sequence axis only. Errors: those of ql_model_roles_init.
enum ql_status ql_model_roles_find_tokens(struct ql_model_roles *roles, const struct ql_graph *graph,
                                          const struct ql_descriptor *descriptor, struct ql_error *error);

// Returns whether a state has a size with the symbolic name of this axis of the tokens. A state may have a batch, but not
// a sequence.
bool ql_model_roles_is_batch(const struct ql_model_roles *roles, const struct ql_graph *graph, int axis);

// Checks roles against the compiled program: one stream, a logit for every symbol and step, states as they came, and
// counters that count, by what the program computes. `sequence` is the number of tokens per run.
// Errors: QL_ERROR_INPUT; QL_ERROR_SYSTEM.
enum ql_status ql_model_roles_check(const struct ql_model_roles *roles, const struct ql_program *program,
                                    const struct ql_descriptor *descriptor, int sequence, struct ql_error *error);

// Likewise for a program that takes a window of W tokens. `rows` becomes W, or 1 where the model gives the logits after
// the last token only.
enum ql_status ql_model_roles_check_window(int *rows, const struct ql_model_roles *roles,
                                           const struct ql_program *program, const struct ql_descriptor *descriptor,
                                           int W, struct ql_error *error);

// Sets the layout of the state from checked roles: one part for each state, in their order, with the names of its input
// and output. The names live as long as the program. Kinds are those that the descriptor says; what it does not name is
// taken to be replaced.
void ql_model_roles_layout(struct ql_state_layout *layout, const struct ql_model_roles *roles,
                           const struct ql_program *program);

// The binding that fixes the number of tokens per run; all other open sizes are 1 (default_size of the program).
// `name` has room for QL_ROLE_NAME_BYTES.
enum { QL_ROLE_NAME_BYTES = QL_DESCRIPTOR_NAME_BYTES + 16 };
struct ql_binding ql_model_roles_binding(const struct ql_model_roles *roles, const struct ql_graph *graph, int sequence,
                                         char *name);

#endif
