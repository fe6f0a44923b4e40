// Times the trainer's own forward pass of a names model, with random weights.
// Uses: bench/token_timer.h, ql_model.
#include "token_timer.h"

#include "model/stepper.h"

static struct ql_sampler sampler = {.temperature = 0.95f, .top_p = 0.8f, .top_k = 24};

static void step(void *model, int token)
{
    ql_stepper_step(model, token);
}

static int next(void *model, int token)
{
    return ql_stepper_next(model, token, &sampler, NULL);
}

int main(void)
{
    const struct ql_dimensions dimensions = {.cell = QL_CELL_LSTM, .V = 65, .E = 84, .H = 128, .L = 2};
    static struct ql_model_info info;
    struct ql_model model = {0};
    struct ql_stepper stepper = {0};
    struct ql_error error;
    enum ql_status status = ql_model_init(&model, dimensions, &error);

    if (status == QL_OK) {
        ql_model_reset(&model, 1);
        ql_random_init(&sampler.random, 1);
        status = ql_stepper_init(&stepper, &model, &info, &error);
    }
    if (status == QL_OK) {
        token_timer_run(step, next, &stepper, dimensions.V);
    } else {
        (void)puts(error.message);
    }
    ql_stepper_free(&stepper);
    ql_model_free(&model);
    return status == QL_OK ? 0 : 1;
}
