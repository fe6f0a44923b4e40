// A graph in a runner as a stage: see stages.h.
// Uses: base, verify/{stages,language_model}.
#include <stdio.h>
#include <string.h>

#include "verify/stages.h"

static enum ql_status read_text(struct ql_stage *stage, float *logits, const uint16_t *tokens, int T,
                                struct ql_error *error)
{
    struct ql_language_model *model = stage->self;
    const size_t V = (size_t)model->V;
    enum ql_status status = QL_OK;

    ql_language_model_reset(model);
    for (int t = 0; t < T && status == QL_OK; t++) {
        status = ql_language_model_step(model, tokens[t], error);
        memcpy(logits + (size_t)t * V, model->logits, V * sizeof logits[0]);
    }
    return status;
}

static enum ql_status write_text(struct ql_stage *stage, uint16_t *tokens, int T, const struct ql_draw *draw,
                                 struct ql_error *error)
{
    struct ql_language_model *model = stage->self;
    struct ql_sampler sampler = {.temperature = draw->temperature, .top_p = draw->top_p, .top_k = draw->top_k};
    int token = model->first_token;
    enum ql_status status = QL_OK;

    ql_random_init(&sampler.random, draw->seed);
    ql_language_model_reset(model);
    for (int t = 0; t < T && status == QL_OK; t++) {
        status = ql_language_model_next(model, &token, &sampler, NULL, error);
        tokens[t] = (uint16_t)token;
    }
    return status;
}

void ql_model_stage_init(struct ql_stage *stage, struct ql_language_model *model, bool is_ours)
{
    *stage = (struct ql_stage){.is_ours = is_ours, .self = model, .read = read_text, .write = write_text};
    (void)snprintf(stage->name, sizeof stage->name, "%s", model->runner->name);
}
