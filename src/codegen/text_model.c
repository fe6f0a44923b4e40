// The roles of a model model's inputs and outputs: see text_model.h.
// Uses: base, corpus, onnx.
#include "codegen/text_model.h"

#include <string.h>

static const struct ql_program_value *input_value(const struct ql_program *program, int i)
{
    return &program->values[program->graph->inputs[i]];
}

static const struct ql_program_value *output_value(const struct ql_program *program, int i)
{
    return &program->values[program->graph->outputs[i]];
}

static bool is_input(const struct ql_program *program, int i)
{
    const struct ql_program_value *root = ql_program_root(program, program->graph->inputs[i]);
    return root->storage == QL_STORAGE_INPUT;
}

static bool is_whole_number(enum ql_element type)
{
    return type == QL_ELEMENT_S64 || type == QL_ELEMENT_S32;
}

static bool same_shape(const struct ql_program_value *a, const struct ql_program_value *b)
{
    bool same = a->type == b->type && a->rank == b->rank;

    for (int axis = 0; same && axis < a->rank; axis++) {
        same = a->dims[axis] == b->dims[axis];
    }
    return same;
}

bool ql_text_model_is_state(const struct ql_text_model *model, int output)
{
    for (int i = 0; i < model->state_count; i++) {
        if (model->state_outputs[i] == output) {
            return true;
        }
    }
    return false;
}

static enum ql_status find_tokens(struct ql_text_model *model, const struct ql_program *program, struct ql_error *error)
{
    const char *name = model->descriptor->tokens;

    model->token_input = -1;
    for (int i = 0; i < program->graph->input_count; i++) {
        const struct ql_program_value *value = input_value(program, i);
        if (!is_input(program, i) || !is_whole_number(value->type) ||
            (name[0] != '\0' && strcmp(value->name, name) != 0)) {
            continue;
        }
        if (model->token_input >= 0) {
            return ql_error_write(
                error, QL_ERROR_INPUT,
                "the inputs %s and %s both take whole numbers; the descriptor's \"tokens\" says which "
                "takes the tokens",
                input_value(program, model->token_input)->name, value->name);
        }
        if (value->count != 1) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "the input %s takes %d tokens at once, but a model that writes must take one; export "
                                  "it with an open sequence, or compile it with --no_sampler",
                                  value->name, value->count);
        }
        model->token_input = i;
    }
    if (model->token_input < 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "no input%s%s takes whole numbers, as tokens are; --no_sampler compiles other models",
                              name[0] == '\0' ? "" : " of the name ", name);
    }
    return QL_OK;
}

// The output that the descriptor pairs with this input by name, -1 when it pairs none, or output_count when the output is
// not there.
static int find_named_output(const struct ql_text_model *model, const struct ql_program *program, const char *input)
{
    const struct ql_descriptor *descriptor = model->descriptor;

    for (int i = 0; i < descriptor->state_count; i++) {
        if (strcmp(descriptor->states[i].input, input) == 0) {
            int output = 0;
            while (output < program->graph->output_count &&
                   strcmp(output_value(program, output)->name, descriptor->states[i].output) != 0) {
                output++;
            }
            return output;
        }
    }
    return -1;
}

static enum ql_status find_states(struct ql_text_model *model, const struct ql_program *program, struct ql_error *error)
{
    for (int i = 0; i < program->graph->input_count; i++) {
        const struct ql_program_value *value = input_value(program, i);

        if (!is_input(program, i) || i == model->token_input) {
            continue;
        }
        int output = find_named_output(model, program, value->name);
        if (output < 0) {
            output = 0;
            while (output < program->graph->output_count &&
                   (output == model->logits_output || ql_text_model_is_state(model, output) ||
                    !same_shape(value, output_value(program, output)))) {
                output++;
            }
        }
        if (output == program->graph->output_count || output == model->logits_output ||
            ql_text_model_is_state(model, output) || !same_shape(value, output_value(program, output))) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "the input %s is no state, for no output of its own has its shape; --no_sampler "
                                  "compiles models with any inputs",
                                  value->name);
        }
        if (model->state_count == QL_TEXT_MODEL_STATE_LIMIT) {
            return ql_error_write(error, QL_ERROR_INPUT, "the model has more than %d inputs of state",
                                  QL_TEXT_MODEL_STATE_LIMIT);
        }
        model->state_inputs[model->state_count] = i;
        model->state_outputs[model->state_count++] = output;
    }
    return QL_OK;
}

// Whether some input that is no token has the shape of the output.
static bool may_be_state(const struct ql_text_model *model, const struct ql_program *program, int output)
{
    for (int i = 0; i < program->graph->input_count; i++) {
        if (is_input(program, i) && i != model->token_input &&
            same_shape(input_value(program, i), output_value(program, output))) {
            return true;
        }
    }
    return false;
}

static enum ql_status find_logits(struct ql_text_model *model, const struct ql_program *program, struct ql_error *error)
{
    const int V = model->descriptor->symbol_count;
    const char *name = model->descriptor->logits;

    model->logits_output = -1;
    for (int i = 0; i < program->graph->output_count; i++) {
        const struct ql_program_value *value = output_value(program, i);
        bool fits = value->type == QL_ELEMENT_F32 && value->count == V && value->rank > 0 &&
                    value->dims[value->rank - 1] == V && (name[0] == '\0' || strcmp(value->name, name) == 0);
        if (fits && (model->logits_output < 0 ||
                     (may_be_state(model, program, model->logits_output) && !may_be_state(model, program, i)))) {
            model->logits_output = i;
        }
    }
    if (model->logits_output < 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "no output%s%s has %d floats, one for each symbol of the descriptor's vocabulary",
                              name[0] == '\0' ? "" : " of the name ", name, V);
    }
    return QL_OK;
}

enum ql_status ql_text_model_read(struct ql_text_model *model, const struct ql_program *program,
                                  const struct ql_descriptor *descriptor, struct ql_error *error)
{
    const int newline = ql_descriptor_encode(descriptor, '\n');
    enum ql_status status;

    *model = (struct ql_text_model){.descriptor = descriptor, .begin_token = newline < 0 ? 0 : newline};
    if ((status = find_tokens(model, program, error)) == QL_OK &&
        (status = find_logits(model, program, error)) == QL_OK) {
        status = find_states(model, program, error);
    }
    return status;
}
