// Properties of a model that writes: see text_model.h.
// Uses: onnx.
#include "codegen/text_model.h"

#include "onnx/recurrent_call.h"

enum ql_status ql_text_model_check(const struct ql_program *program, struct ql_error *error)
{
    // A window that is recomputed for each token may begin with the same state each time.
    for (int i = 0; i < program->call_count && program->graph->window == 0; i++) {
        const struct ql_kernel_call *call = &program->calls[i];
        const struct ql_recurrent_states *states = ql_recurrent_states_find(call);
        for (int k = 0; states != NULL && k < states->count; k++) {
            const int start = call->buffers[states->starts[k]];
            if (start < 0 || ql_program_root(program, start)->storage == QL_STORAGE_CONSTANT) {
                return ql_error_write(error, QL_ERROR_INPUT,
                                      "node '%s' begins each run with the same state, so the model cannot go on from "
                                      "token to token; export it with its state as input and output (h0 and hn), or "
                                      "compile it with --no-sampler",
                                      program->graph->nodes[call->node].name);
            }
        }
    }
    return QL_OK;
}

bool ql_text_model_is_state(const struct ql_text_model *model, int output)
{
    for (int i = 0; i < model->layout.part_count; i++) {
        if (model->roles.states[i].output == output) {
            return true;
        }
    }
    return false;
}
