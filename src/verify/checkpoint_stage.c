// A checkpoint as a stage: see stages.h.
// Uses: base, checkpoint, model/stepper, verify/stages.
#include <stdlib.h>
#include <string.h>

#include "checkpoint/checkpoint.h"
#include "model/stepper.h"
#include "verify/stages.h"

static enum ql_status read_text(struct ql_stage *stage, float *logits, const uint16_t *tokens, int T,
                                struct ql_error *error)
{
    struct ql_stepper *stepper = stage->self;
    const size_t V = (size_t)stepper->dimensions.V;

    (void)error;
    ql_stepper_reset(stepper);
    for (int t = 0; t < T; t++) {
        ql_stepper_step(stepper, tokens[t]);
        memcpy(logits + (size_t)t * V, stepper->logits, V * sizeof logits[0]);
    }
    return QL_OK;
}

static enum ql_status write_text(struct ql_stage *stage, uint16_t *tokens, int T, const struct ql_draw *draw,
                                 struct ql_error *error)
{
    struct ql_stepper *stepper = stage->self;
    struct ql_sampler sampler = {.temperature = draw->temperature, .top_p = draw->top_p, .top_k = draw->top_k};
    int token = stepper->newline < 0 ? 0 : stepper->newline;

    ql_random_init(&sampler.random, draw->seed);
    ql_stepper_reset(stepper);
    for (int t = 0; t < T; t++) {
        token = ql_stepper_next(stepper, token, &sampler, NULL);
        if (token < 0) {
            return ql_error_write(error, QL_ERROR_NUMERIC, "the logits are not finite numbers");
        }
        tokens[t] = (uint16_t)token;
    }
    return QL_OK;
}

static void close_stepper(struct ql_stage *stage)
{
    ql_stepper_free(stage->self);
    free(stage->self);
}

enum ql_status ql_checkpoint_stage_open(struct ql_stage *stage, const char *path,
                                        const struct ql_descriptor *descriptor, struct ql_error *error)
{
    struct ql_model model;
    struct ql_model_info info;

    *stage = (struct ql_stage){
        .name = "checkpoint", .is_ours = true, .read = read_text, .write = write_text, .close = close_stepper};
    enum ql_status status = ql_checkpoint_load(path, &model, &info, error);
    if (status != QL_OK) {
        *stage = (struct ql_stage){0};
        return status;
    }
    stage->self = calloc(1, sizeof(struct ql_stepper));
    if (stage->self == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the model");
    } else if (info.vocabulary.count != descriptor->symbol_count ||
               memcmp(info.vocabulary.symbols, descriptor->symbols,
                      (size_t)descriptor->symbol_count * sizeof descriptor->symbols[0]) != 0) {
        status = ql_error_write(error, QL_ERROR_INPUT, "%s: has another vocabulary than the descriptor", path);
    } else {
        status = ql_stepper_init(stage->self, &model, &info, error);
    }
    ql_model_free(&model);
    if (status != QL_OK) {
        free(stage->self);
        *stage = (struct ql_stage){0};
    }
    return status;
}
