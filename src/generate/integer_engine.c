// The batched engine for integer models: see batch_engine.h. Bit for bit the logits of integer_stepper, and the tokens
// of ql_sampler_step_s32.
// Uses: base, device, engine/integer_stepper, generate/integer_draw, quantize/{integer_batch,product_x86}.
#include <stdlib.h>

#include "engine/integer_stepper.h"
#include "generate/batch_engine.h"
#include "generate/integer_draw.h"
#include "quantize/integer_batch.h"
#include "quantize/product_x86.h"

_Static_assert((int)QL_BATCH_LIMIT <= (int)QL_INTEGER_BATCH_LIMIT, "a step takes as many streams as the engine");

struct worker {
    struct ql_integer_batch_scratch scratch;
    struct ql_integer_draw draw;
};

struct integer_engine {
    struct ql_integer_batch batch;
    struct worker *workers;
    struct ql_arena arena;
};

static enum ql_status step(void *context, int number, void *const *after, const void *const *before, const int *tokens,
                           void *logits, int B, struct ql_error *error)
{
    struct integer_engine *self = context;

    (void)error;
    ql_integer_batch_step(&self->batch, &self->workers[number].scratch, after, before, tokens, logits, B);
    return QL_OK;
}

static bool weigh(void *context, int number, const void *logits, const struct ql_batch_sampling *sampling,
                  const uint32_t *blocked)
{
    struct integer_engine *self = context;
    const struct ql_sampler_s32 sampler = ql_integer_sampler(sampling->temperature, sampling->top_p, sampling->top_k);

    return ql_integer_draw_reset(&self->workers[number].draw, logits, &sampler, blocked);
}

static int draw(void *context, int number, struct ql_random *random)
{
    struct integer_engine *self = context;
    return ql_integer_draw_next(&self->workers[number].draw, random);
}

static uint32_t cost(void *context, int number, int token)
{
    struct integer_engine *self = context;
    return ql_integer_draw_cost(&self->workers[number].draw, token);
}

static void close_integer(void *context)
{
    struct integer_engine *self = context;

    ql_integer_batch_free(&self->batch);
    ql_arena_free(&self->arena);
    free(self);
}

enum ql_status ql_batch_engine_open_integer(struct ql_batch_engine *engine, const struct ql_integer_model *model,
                                            int workers, struct ql_error *error)
{
    struct integer_engine *self = calloc(1, sizeof *self);

    *engine = (struct ql_batch_engine){0};
    if (self == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to run the integer model");
    }
    enum ql_status status = ql_integer_batch_init(&self->batch, model, ql_integer_product_fastest(), error);
    self->workers = ql_arena_take(&self->arena, (size_t)workers, sizeof self->workers[0]);
    for (int w = 0; w < workers && status == QL_OK && !self->arena.exhausted; w++) {
        ql_integer_batch_scratch_init(&self->workers[w].scratch, &self->batch, &self->arena);
        ql_integer_draw_init(&self->workers[w].draw, model->V, &self->arena);
    }
    if (status == QL_OK && self->arena.exhausted) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to run the integer model");
    }
    if (status != QL_OK) {
        close_integer(self);
        return status;
    }
    *engine = (struct ql_batch_engine){
        .V = model->V,
        .state_bytes = ql_integer_batch_state_bytes(&self->batch),
        .logits_bytes = (size_t)model->V * sizeof(int32_t),
        .context = ql_state_layout_context(&model->layout),
        .kind = "integers, batched",
        .step = step,
        .weigh = weigh,
        .draw = draw,
        .cost = cost,
        .close = close_integer,
        .self = self,
    };
    return QL_OK;
}
