// A language model's graph that is run over several tokens in one call, with its states carried from call to call.
// Uses: base, engine/engine, onnx/{descriptor,graph,model_roles}.
#ifndef QL_ENGINE_WINDOW_RUN_H
#define QL_ENGINE_WINDOW_RUN_H

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "engine/engine.h"
#include "onnx/descriptor.h"
#include "onnx/graph.h"
#include "onnx/model_roles.h"

struct ql_window_run {
    int W;               // tokens of a call
    int rows;            // tokens after which there are logits: all of them, or the last one
    const float *logits; // (rows, V) of the last call
    // The rest is private.
    struct ql_engine engine;
    struct ql_model_roles roles;
    int V;
    struct ql_arena arena;
    void **inputs, **outputs;
};

// Compiles the graph to W tokens, which stand along axis `axis` of the tokens' input (-1: the one that the roles say).
// The state is zeros. The graph must outlive the run. Close it in the end, also after an error; {0} is closed.
// Errors: those of ql_model_roles_init, ql_engine_init and ql_model_roles_check_window.
enum ql_status ql_window_run_open(struct ql_window_run *run, const struct ql_graph *graph,
                                  const struct ql_descriptor *descriptor, int axis, int W, struct ql_error *error);
void ql_window_run_close(struct ql_window_run *run);

// Sets the state to zeros.
void ql_window_run_reset(struct ql_window_run *run);

// Takes W tokens (0 to V - 1). Errors: those of ql_engine_run.
enum ql_status ql_window_run_step(struct ql_window_run *run, const uint16_t *tokens, struct ql_error *error);

#endif
