// What makes a program a model that writes: see text_model.h.
// Uses: onnx.
#include "codegen/text_model.h"

int ql_text_model_begin(const struct ql_text_model *model)
{
    const int newline = ql_descriptor_encode(model->descriptor, '\n');
    return newline < 0 ? 0 : newline;
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
