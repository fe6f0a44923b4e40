// A language model on a runner: see language_model.h.
// Uses: base, device/sampler.h, onnx/{descriptor,model_roles}, verify/runner.
#include "verify/language_model.h"

#include <string.h>

enum ql_status ql_language_model_init(struct ql_language_model *model, struct ql_runner *runner,
                                      const struct ql_program *program, const struct ql_descriptor *descriptor,
                                      struct ql_error *error)
{
    const int newline = ql_descriptor_encode(descriptor, '\n');
    const int V = descriptor->symbol_count;
    enum ql_status status;

    *model = (struct ql_language_model){
        .descriptor = descriptor, .runner = runner, .V = V, .first_token = newline < 0 ? 0 : newline};
    if ((status = ql_model_roles_init(&model->roles, program->graph, descriptor, error)) != QL_OK ||
        (status = ql_model_roles_check(&model->roles, program, descriptor, 1, error)) != QL_OK) {
        return status;
    }
    if (model->roles.state_count == 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the model takes and returns no state, so it would forget each token at the next; export "
                              "it with its state as inputs and outputs");
    }
    model->weights = ql_arena_take(&model->arena, (size_t)V, sizeof model->weights[0]);
    model->candidates = ql_arena_take(&model->arena, (size_t)V, sizeof model->candidates[0]);
    if (model->arena.exhausted) {
        ql_language_model_free(model);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the model");
    }
    model->logits = runner->outputs[model->roles.logits].data;
    ql_language_model_reset(model);
    return QL_OK;
}

void ql_language_model_free(struct ql_language_model *model)
{
    ql_arena_free(&model->arena);
    *model = (struct ql_language_model){0};
}

void ql_language_model_reset(struct ql_language_model *model)
{
    for (int k = 0; k < model->roles.state_count; k++) {
        const struct ql_array *input = &model->runner->inputs[model->roles.states[k].input];
        memset(input->data, 0, input->bytes);
    }
}

void ql_language_model_load(struct ql_language_model *model, int token)
{
    const struct ql_array *tokens = &model->runner->inputs[model->roles.tokens];
    const int32_t narrow = token;
    const int64_t wide = token;

    for (int k = 0; k < model->descriptor->reset_count; k++) {
        if (token == model->descriptor->resets[k]) {
            ql_language_model_reset(model);
        }
    }
    if (model->roles.one_hot) {
        float *places = tokens->data;
        for (int v = 0; v < model->V; v++) {
            places[v] = v == token ? 1.0f : 0.0f;
        }
    } else if (tokens->type == QL_ELEMENT_S64) {
        memcpy(tokens->data, &wide, sizeof wide);
    } else {
        memcpy(tokens->data, &narrow, sizeof narrow);
    }
}

enum ql_status ql_language_model_step(struct ql_language_model *model, int token, struct ql_error *error)
{
    ql_language_model_load(model, token);
    enum ql_status status = model->runner->step(model->runner, error);
    for (int k = 0; k < model->roles.state_count && status == QL_OK; k++) {
        const struct ql_array *input = &model->runner->inputs[model->roles.states[k].input];
        memcpy(input->data, model->runner->outputs[model->roles.states[k].output].data, input->bytes);
    }
    return status;
}

enum ql_status ql_language_model_next(struct ql_language_model *model, int *token, struct ql_sampler *sampler,
                                      const uint32_t *barred, struct ql_error *error)
{
    enum ql_status status = ql_language_model_step(model, *token, error);

    if (status != QL_OK) {
        return status;
    }
    *token = ql_sampler_step_f32(sampler, model->logits, barred, model->weights, model->candidates, model->V);
    if (*token < 0) {
        return ql_error_write(error, QL_ERROR_NUMERIC, "the model's output is not a finite number");
    }
    return QL_OK;
}
