// What makes a program a model that writes: see text_model.h.
// Uses: codegen/device_file, onnx.
#include "codegen/text_model.h"

#include <string.h>

#include "codegen/device_file.h"

enum ql_status ql_text_model_check(const struct ql_program *program, struct ql_error *error)
{
    for (int i = 0; i < program->call_count; i++) {
        const struct ql_kernel_call *call = &program->calls[i];
        struct ql_device_kernel declared;

        ql_device_kernel_read(&declared, call->kernel->file, call->kernel->name);
        for (int k = 0; k < call->kernel->buffer_count; k++) {
            // All recurrent kernels call the state that they begin with by these names.
            bool begins = strcmp(declared.parameters[k], "h0") == 0 || strcmp(declared.parameters[k], "c0") == 0;
            if (begins &&
                (call->buffers[k] < 0 || ql_program_root(program, call->buffers[k])->storage == QL_STORAGE_CONSTANT)) {
                return ql_error_write(error, QL_ERROR_INPUT,
                                      "node '%s' begins each run with the same state, so the model cannot go on from "
                                      "token to token; export it with its state as input and output (h0 and hn), or "
                                      "compile it with --no_sampler",
                                      program->graph->nodes[call->node].name);
            }
        }
    }
    return QL_OK;
}

bool ql_text_model_is_state(const struct ql_text_model *model, int output)
{
    for (int i = 0; i < model->roles.state_count; i++) {
        if (model->roles.states[i].output == output) {
            return true;
        }
    }
    return false;
}
