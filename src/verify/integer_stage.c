// A model in integers as a stage: see stages.h.
// Uses: base, quantize, verify/stages.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "verify/stages.h"

static enum ql_status read_text(struct ql_stage *stage, float *logits, const uint16_t *tokens, int T,
                                struct ql_error *error)
{
    struct ql_integer_stepper *stepper = stage->self;
    const int V = stepper->model->V;

    (void)error;
    ql_integer_stepper_reset(stepper);
    for (int t = 0; t < T; t++) {
        ql_integer_stepper_step(stepper, tokens[t]);
        for (int v = 0; v < V; v++) {
            *logits++ = ldexpf((float)stepper->logits[v], -QL_INTEGER_UNIT_BITS);
        }
    }
    return QL_OK;
}

static enum ql_status write_text(struct ql_stage *stage, uint16_t *tokens, int T, const struct ql_draw *draw,
                                 struct ql_error *error)
{
    struct ql_integer_stepper *stepper = stage->self;
    struct ql_sampler_s32 sampler = ql_integer_sampler(draw->temperature, draw->top_p, draw->top_k);
    int token = stepper->model->first_token;

    (void)error;
    ql_random_init(&sampler.random, draw->seed);
    ql_integer_stepper_reset(stepper);
    for (int t = 0; t < T; t++) {
        token = ql_integer_stepper_next(stepper, token, &sampler, NULL);
        tokens[t] = (uint16_t)token;
    }
    return QL_OK;
}

static void close_stepper(struct ql_stage *stage)
{
    ql_integer_stepper_free(stage->self);
    free(stage->self);
}

enum ql_status ql_integer_stage_open(struct ql_stage *stage, const struct ql_integer_model *model,
                                     const struct ql_integer_product *product, struct ql_error *error)
{
    struct ql_integer_stepper *stepper = calloc(1, sizeof *stepper);

    *stage = (struct ql_stage){0};
    if (stepper == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to run the integer model");
    }
    enum ql_status status = ql_integer_stepper_init(stepper, model, product, error);
    if (status != QL_OK) {
        free(stepper);
        return status;
    }
    *stage = (struct ql_stage){
        .is_ours = true, .self = stepper, .read = read_text, .write = write_text, .close = close_stepper};
    (void)snprintf(stage->name, sizeof stage->name, "integers, %s", product->name);
    return QL_OK;
}
