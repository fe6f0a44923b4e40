// A text of an integer model: see integer_stepper.h.
// Uses: base, device, engine/engine, quantize.
#include "engine/integer_stepper.h"

#include <assert.h>
#include <string.h>

enum ql_status ql_integer_stepper_init(struct ql_integer_stepper *stepper, const struct ql_integer_model *model,
                                       const struct ql_integer_product *product, struct ql_error *error)
{
    struct ql_arena *arena = &stepper->arena;
    const struct ql_model_roles *roles = &stepper->form.roles;
    const size_t V = (size_t)model->V, ends = (size_t)model->layout.part_count + 1;
    enum ql_status status;

    *stepper = (struct ql_integer_stepper){.model = model};
    if ((status = ql_integer_program_init(&stepper->form, model, product, error)) != QL_OK ||
        (status = ql_engine_open(&stepper->engine, &stepper->form.program, error)) != QL_OK) {
        ql_integer_stepper_free(stepper);
        return status;
    }
    stepper->state = ql_arena_take(arena, 1, model->layout.bytes);
    stepper->logits = ql_arena_take(arena, V, sizeof stepper->logits[0]);
    stepper->weights = ql_arena_take(arena, V, sizeof stepper->weights[0]);
    stepper->candidates = ql_arena_take(arena, V, sizeof stepper->candidates[0]);
    stepper->token = ql_arena_take(arena, 1, sizeof stepper->token[0]);
    stepper->inputs = ql_arena_take(arena, ends, sizeof stepper->inputs[0]);
    stepper->outputs = ql_arena_take(arena, ends, sizeof stepper->outputs[0]);
    if (arena->exhausted) {
        ql_integer_stepper_free(stepper);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to run the integer model");
    }
    stepper->inputs[roles->tokens] = stepper->token;
    stepper->outputs[roles->logits] = stepper->logits;
    for (int k = 0; k < roles->state_count; k++) {
        void *part = stepper->state + model->layout.parts[k].offset;
        stepper->inputs[roles->states[k].input] = part;
        stepper->outputs[roles->states[k].output] = part;
    }
    return QL_OK;
}

void ql_integer_stepper_free(struct ql_integer_stepper *stepper)
{
    ql_engine_free(&stepper->engine);
    ql_integer_program_free(&stepper->form);
    ql_arena_free(&stepper->arena);
    *stepper = (struct ql_integer_stepper){0};
}

void ql_integer_stepper_reset(struct ql_integer_stepper *stepper)
{
    memset(stepper->state, 0, stepper->model->layout.bytes);
}

void ql_integer_stepper_step(struct ql_integer_stepper *stepper, int token)
{
    struct ql_error error;

    if (ql_text_rules_reset_at(&stepper->model->rules, token)) {
        ql_integer_stepper_reset(stepper);
    }
    stepper->token[0] = token;
    const enum ql_status status = ql_engine_run(&stepper->engine, stepper->inputs, stepper->outputs, &error);
    assert(status == QL_OK); // no integer kernel is fallible
    (void)status;
}

int ql_integer_stepper_next(struct ql_integer_stepper *stepper, int token, struct ql_sampler_s32 *sampler,
                            const uint32_t *blocked)
{
    const struct ql_integer_model *model = stepper->model;
    uint32_t words[QL_VOCABULARY_LIMIT / 32];

    ql_integer_stepper_step(stepper, token);
    return ql_sampler_step_s32(sampler, stepper->logits, ql_text_rules_block(&model->rules, words, blocked, model->V),
                               stepper->weights, stepper->candidates, model->V);
}

struct ql_sampler_s32 ql_integer_sampler(float temperature, float top_p, int top_k)
{
    return (struct ql_sampler_s32){.temperature = ql_sampler_units(temperature, QL_SAMPLER_TEMPERATURE_ONE),
                                   .top_p = ql_sampler_units(top_p, QL_SAMPLER_SHARE_ONE),
                                   .top_k = top_k};
}
