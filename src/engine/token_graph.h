// Makes the graph of a language model in the form that all writing needs: it takes one token and its state. Models that
// take a fixed number of tokens are changed into such a graph here, and nothing else knows of windows.
// Uses: base, engine/{text_session,window_run}, onnx.
#ifndef QL_ENGINE_TOKEN_GRAPH_H
#define QL_ENGINE_TOKEN_GRAPH_H

#include <stdbool.h>

#include "base/status.h"
#include "onnx/descriptor.h"
#include "onnx/graph.h"
#include "onnx/window_graph.h"

// How a graph was changed.
struct ql_token_graph {
    int window;               // tokens that the file takes at a time; 0 where it takes one, or any number
    bool is_opened;           // the same graph takes any number now
    enum ql_window_kind kind; // otherwise, how the window is a state now (onnx/window_graph.h)
    bool is_replaced;         // the graph takes token `begin` in the place of `end`
    int begin, end;
};

// Settles the constants and the roles (onnx/settled_roles.h), with which the descriptor then names everything. A graph
// whose tokens have a fixed size W > 1 is changed, and graph->note says how:
//   - With states, the size is opened where two windows of W tokens then give what 2 W single tokens give.
//   - Otherwise the window becomes a state (onnx/window_graph.h), and its states are carried from window to window.
//   - Without states, the window moves with the text. The descriptor's "window" is W where the file leaves it open.
// Where the descriptor has both a begin and an end symbol, the graph then takes the former in place of the latter, and
// the descriptor no longer has a begin symbol. `token_graph` may be NULL. Errors: those of ql_constant_inputs_apply,
// ql_settled_roles_init and ql_program_compile; QL_ERROR_INPUT for a model in which a token sees what comes after it,
// for one with states that gives logits after the last token only and cannot be opened, for a window of more than
// QL_DESCRIPTOR_WINDOW_LIMIT tokens, and for a "window" that is not the model's.
enum ql_status ql_token_graph_init(struct ql_token_graph *token_graph, struct ql_graph *graph,
                                   struct ql_descriptor *descriptor, struct ql_error *error);

#endif
