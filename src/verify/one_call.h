// Compares a text in one call of the graph with the same text token by token. The two agree only when each state output
// is fed back to the right input, and when no token depends on a later one, regardless of how the roles were found.
// Uses: base, engine, onnx, verify/verification.
#ifndef QL_VERIFY_ONE_CALL_H
#define QL_VERIFY_ONE_CALL_H

#include <stdint.h>

#include "base/status.h"
#include "engine/text_session.h"
#include "engine/token_graph.h"
#include "onnx/descriptor.h"
#include "onnx/graph.h"
#include "verify/verification.h"

// Compares over windows of the tokens (T), each from zero state. `model` is a session on the graph; its state is zero
// afterwards. The verdict is SKIPPED, with the reason in the message, for a graph that cannot take several tokens.
// Errors: QL_ERROR_SYSTEM.
enum ql_status ql_one_call_compare(struct ql_comparison *comparison, const struct ql_graph *graph,
                                   const struct ql_descriptor *descriptor, struct ql_text_session *model,
                                   const uint16_t *tokens, int T, double tolerance, struct ql_error *error);

// The same for a model that takes a fixed number of tokens: its file is read again, runs whole windows, and is compared
// with what `token_graph` says was made of it, which `model` runs token by token. A window that the text does not fill yet
// has other tokens after it in the two, so that it shows if a token sees later ones. Errors: QL_ERROR_SYSTEM, and those of
// the file, for one that was replaced meanwhile.
enum ql_status ql_one_call_compare_windows(struct ql_comparison *comparison, const char *descriptor_path,
                                           const struct ql_token_graph *token_graph, struct ql_text_session *model,
                                           const uint16_t *tokens, int T, double tolerance, struct ql_error *error);

#endif
