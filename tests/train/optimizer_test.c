// AdamW compared with PyTorch's formula in double, alone and as the last part of a training step.
// Formula: torch.optim.AdamW and torch.nn.utils.clip_grad_norm_ in the documentation of PyTorch.
// Uses: trainer_case, train/optimizer, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "train/optimizer.h"
#include "trainer_case.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct adamw_reference {
    double *parameters, *mean, *variance;
    size_t count;
};

static struct adamw_reference reference_init(const float *parameters, size_t count)
{
    struct adamw_reference reference = {.parameters = test_calloc(count, sizeof(double)),
                                        .mean = test_calloc(count, sizeof(double)),
                                        .variance = test_calloc(count, sizeof(double)),
                                        .count = count};

    for (size_t k = 0; k < count; k++) {
        reference.parameters[k] = (double)parameters[k];
    }
    return reference;
}

static void reference_free(struct adamw_reference *reference)
{
    test_free(reference->parameters);
    test_free(reference->mean);
    test_free(reference->variance);
}

static double norm_of(const float *values, size_t count)
{
    double squares = 0;

    for (size_t k = 0; k < count; k++) {
        squares += (double)values[k] * (double)values[k];
    }
    return sqrt(squares);
}

static void reference_step(struct adamw_reference *reference, const float *gradient, int step, double learning_rate,
                           double weight_decay, double beta2, double max_norm)
{
    const double beta1 = 0.9, epsilon = 1e-8;
    double clip = 1;

    if (max_norm > 0) {
        clip = fmin(1, max_norm / (norm_of(gradient, reference->count) + 1e-6));
    }
    for (size_t k = 0; k < reference->count; k++) {
        double g = clip * (double)gradient[k];
        reference->parameters[k] -= learning_rate * weight_decay * reference->parameters[k];
        reference->mean[k] = beta1 * reference->mean[k] + (1 - beta1) * g;
        reference->variance[k] = beta2 * reference->variance[k] + (1 - beta2) * g * g;
        double mean = reference->mean[k] / (1 - pow(beta1, step));
        double variance = reference->variance[k] / (1 - pow(beta2, step));
        reference->parameters[k] -= learning_rate * mean / (sqrt(variance) + epsilon);
    }
}

// A parameter moves by about the learning rate per step. The bound is a thousandth of one such move; rounding of the
// parameters themselves, of order 1, adds a unit in the last place for every step.
static void check_parameters(const float *parameters, const struct adamw_reference *reference, int step,
                             double learning_rate)
{
    for (size_t k = 0; k < reference->count; k++) {
        double difference = fabs((double)parameters[k] - reference->parameters[k]);
        double rounding = 0x1p-24 * step * fmax(1, fabs(reference->parameters[k]));
        if (!(difference <= 1e-3 * learning_rate + rounding)) {
            fail_msg("step %d, parameter %zu: %.9g instead of %.9g", step, k, (double)parameters[k],
                     reference->parameters[k]);
        }
    }
}

static void steps_with_any_setting_follow_the_formula(void **state)
{
    static const struct {
        double learning_rate, weight_decay, beta2, max_norm;
        size_t count;
    } settings[] = {
        {1e-3, 0, 0.999, 0, 1},       {1e-3, 0.01, 0.98, 5, 7},    {1e-2, 0.5, 0.999, 0.1, 33},
        {0.1, 0.01, 0.95, 1e-3, 129}, {3e-4, 0, 0.999, 1e9, 1000}, {1e-3, 0.01, 0.9, 5, 7},
    };
    enum { STEPS = 200, LARGEST = 1000 };
    (void)state;

    for (size_t i = 0; i < COUNT(settings); i++) {
        static float parameters[LARGEST], mean[LARGEST], variance[LARGEST], gradient[LARGEST];
        size_t count = settings[i].count;
        uint64_t random = i;

        memset(mean, 0, sizeof mean);
        memset(variance, 0, sizeof variance);
        for (size_t k = 0; k < count; k++) {
            parameters[k] = (float)reference_random_uniform(&random, -1, 1);
        }
        struct adamw_reference reference = reference_init(parameters, count);
        for (int step = 1; step <= STEPS; step++) {
            for (size_t k = 0; k < count; k++) { // from 1e-6 to 10, some zero
                double size = pow(10, reference_random_uniform(&random, -6, 1));
                gradient[k] = (float)(k % 10 == 9 ? 0 : size * reference_random_uniform(&random, -1, 1));
            }
            double rate = settings[i].learning_rate * (1 - 0.5 * step / STEPS);
            struct ql_adamw adamw = ql_adamw_init((uint64_t)step, rate, settings[i].weight_decay, settings[i].beta2,
                                                  norm_of(gradient, count), settings[i].max_norm);
            ql_adamw_step(&adamw, parameters, mean, variance, gradient, count);
            reference_step(&reference, gradient, step, rate, settings[i].weight_decay, settings[i].beta2,
                           settings[i].max_norm);
            check_parameters(parameters, &reference, step, rate);
        }
        reference_free(&reference);
    }
}

static void gradient_below_the_limit_is_not_scaled(void **state)
{
    (void)state;

    assert_true(ql_adamw_init(1, 1e-3, 0, 0.999, 4.9, 5).gradient_scale == 1.0f);
    assert_true(ql_adamw_init(1, 1e-3, 0, 0.999, 1e30, 0).gradient_scale == 1.0f); // no limit
    assert_true(ql_adamw_init(1, 1e-3, 0, 0.999, 0, 5).gradient_scale == 1.0f);
    assert_true(fabs((double)ql_adamw_init(1, 1e-3, 0, 0.999, 50, 5).gradient_scale - 0.1) < 1e-7);
}

// The trainer's state is reset to the window's start, so that backward alone gives the gradient of the next step.
static void trainer_steps_follow_the_formula(void **state)
{
    const struct reference_setup setup = {
        .dims = {REF_CELL_LSTM, 65, 84, 129, 2, 3, 33}, .dropout = true, .padding = true, .seed = 5};
    const double learning_rate = 0.01;
    struct trainer_case test_case;
    struct ql_trainer_result result;
    struct ql_error error;
    bool clipped = false;
    (void)state;

    assert_int_equal(trainer_case_init(&test_case, &setup, 2, &error), QL_OK);
    struct ql_trainer *trainer = &test_case.trainer;
    trainer->options.weight_decay = 0.1;
    trainer->options.beta2 = 0.98;
    trainer->options.grad_clip = 0.05;
    struct adamw_reference reference = reference_init(test_case.model.block, test_case.model.count);
    for (int step = 1; step <= 10; step++) {
        const struct ql_model *gradient = &trainer->gradients[0].model;
        double loss;
        ql_trainer_backward(trainer, &test_case.batch, &loss);
        double norm = norm_of(gradient->block, gradient->count);
        clipped = clipped || norm > trainer->options.grad_clip;
        reference_step(&reference, gradient->block, step, learning_rate, trainer->options.weight_decay,
                       trainer->options.beta2, trainer->options.grad_clip);

        assert_int_equal(ql_trainer_step(trainer, &test_case.batch, learning_rate, &result, &error), QL_OK);
        assert_true(result.loss == loss);
        assert_true(result.learning_rate == learning_rate);
        assert_true(result.symbols == test_case.batch.total_weight);
        assert_true(fabs(result.gradient_norm - norm) <= 1e-12 * norm);
        assert_int_equal(trainer->step, step);
        check_parameters(test_case.model.block, &reference, step, learning_rate);
    }
    assert_true(clipped);
    reference_free(&reference);
    trainer_case_free(&test_case);
}

static void step_with_a_value_not_finite_is_refused_and_changes_nothing(void **state)
{
    const struct reference_setup setup = {.dims = {REF_CELL_GRU, 7, 3, 5, 1, 4, 17}, .seed = 1};
    const float bad_values[] = {(float)NAN, (float)INFINITY};
    (void)state;

    for (size_t i = 0; i < COUNT(bad_values); i++) {
        struct trainer_case test_case;
        struct ql_trainer_result result;
        struct ql_error error;
        assert_int_equal(trainer_case_init(&test_case, &setup, 1, &error), QL_OK);
        struct ql_trainer *trainer = &test_case.trainer;
        assert_int_equal(ql_trainer_step(trainer, &test_case.batch, 0.01, &result, &error), QL_OK);

        struct ql_model *model = &test_case.model;
        const size_t bytes = model->count * sizeof(float);
        float *kept = test_malloc(3 * bytes);
        for (size_t k = 0; k < (size_t)model->dimensions.V; k++) {
            model->output_weight[k * (size_t)model->dimensions.H] = bad_values[i];
            model->output_bias[k] = k % 2 == 0 ? bad_values[i] : -bad_values[i];
        }
        memcpy(kept, model->block, bytes);
        memcpy(kept + model->count, trainer->mean, bytes);
        memcpy(kept + 2 * model->count, trainer->variance, bytes);
        trainer->network_current = false;
        enum ql_status status = ql_trainer_step(trainer, &test_case.batch, 0.01, &result, &error);
        if (status != QL_ERROR_NUMERIC) {
            fail_msg("a parameter of %g: status %d, loss %g", (double)bad_values[i], status, result.loss);
        }
        assert_non_null(strstr(error.message, "step 2"));
        assert_int_equal(trainer->step, 1);
        assert_memory_equal(kept, model->block, bytes);
        assert_memory_equal(kept + model->count, trainer->mean, bytes);
        assert_memory_equal(kept + 2 * model->count, trainer->variance, bytes);
        test_free(kept);
        trainer_case_free(&test_case);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_with_any_setting_follow_the_formula),
        cmocka_unit_test(gradient_below_the_limit_is_not_scaled),
        cmocka_unit_test(trainer_steps_follow_the_formula),
        cmocka_unit_test(step_with_a_value_not_finite_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests_name("optimizer", tests, NULL, NULL);
}
