// A language model's graph that takes a window of tokens, changed into one that takes a token. The window becomes a part
// of the state: each token computes the whole window again, and its own row of the logits is taken.
// Uses: base, onnx/{graph,model_roles,program}.
#ifndef QL_ONNX_WINDOW_GRAPH_H
#define QL_ONNX_WINDOW_GRAPH_H

#include "base/status.h"
#include "onnx/graph.h"
#include "onnx/model_roles.h"
#include "onnx/program.h"

enum ql_window_kind {
    // The text fills a window from its front. When the window is full, the states that the model returns begin the
    // next one, which is empty.
    QL_WINDOW_CARRIED,
    // No states. The text fills the window from its front; when it is full, it moves by one with every token.
    QL_WINDOW_SLIDING,
    // No states, and logits after the last token only. The text stands at the window's end, and the begin symbol, as
    // often as needed, before it.
    QL_WINDOW_LAST,
};

struct ql_window {
    enum ql_window_kind kind;
    int W;     // tokens
    int V;     // symbols of the vocabulary
    int begin; // LAST: the token before the text
};

// Changes the graph. `roles` are those of the graph as it is, and `program` is it compiled to the window's size; neither
// fits afterwards. The inputs are then a token, of type int64 or int32 with one element, the states as they were, and
// two more states ("window" and, but for LAST, "position"), which are zero at the start of a text. The outputs are the
// logits of one token, and all states. Tokens, logits and states keep their names; the values that had them get others.
// `roles` becomes those of the changed graph, and graph->window is set. Errors: QL_ERROR_INPUT for too many states;
// QL_ERROR_SYSTEM.
enum ql_status ql_window_graph_init(struct ql_graph *graph, struct ql_model_roles *roles,
                                    const struct ql_program *program, const struct ql_window *window,
                                    struct ql_error *error);

#endif
