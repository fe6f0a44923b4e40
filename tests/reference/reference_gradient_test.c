// The reference's gradients compared with central differences of its loss, for every cell, depth, size, and option
// below. Each combination is a separate test, named after all its settings; an argument such as 'lstm-V7-*' picks some.
// Uses: reference_case, reference/, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reference_case.h"

// The bound that the project sets itself. Over all cases below, the difference is at most 1e-7.
static const double TOLERANCE = 1e-6;

// Five-point stencil. The error of the formula grows with STEP^4, that of rounding with 1e-16 / STEP; for a loss near 2
// with higher derivatives near 1 they meet near a thousandth. Measured there: 3.3e-12 at worst, against 4.9e-12 at
// 3e-4 and 2.7e-10 at 3e-3.
static const double STEP = 1e-3;

// Smaller gradients are compared as if they were this large: TOLERANCE times this, 1e-11, is the accuracy of the
// difference quotient.
static const double SMALLEST_GRADIENT = 1e-5;

// (f(x-2s) - 8 f(x-s) + 8 f(x+s) - f(x+2s)) / 12s, f being the loss and x one value of the case.
static double central_difference(struct reference_case *test_case, double *value)
{
    static const double offsets[] = {-2, -1, 1, 2};
    static const double factors[] = {1, -8, 8, -1};
    const double original = *value;
    double sum = 0;

    for (size_t i = 0; i < 4; i++) {
        *value = original + offsets[i] * STEP;
        assert_null(reference_case_forward(test_case));
        sum += factors[i] * test_case->trace.loss;
    }
    *value = original;
    return sum / (12 * STEP);
}

// Compares `count` gradients, or a seeded sample of `sample` of them if that is fewer.
static void check_gradients(struct reference_case *test_case, const char *tensor, const double *gradients,
                            double *values, size_t count, size_t sample)
{
    uint64_t random = test_case->setup.seed ^ count;

    for (size_t i = 0; i < count && i < sample; i++) {
        size_t at = count <= sample ? i : (size_t)reference_random_uniform(&random, 0, (double)count);
        double expected = central_difference(test_case, &values[at]);
        double difference = fabs(gradients[at] - expected);
        double scale = fmax(fmax(fabs(gradients[at]), fabs(expected)), SMALLEST_GRADIENT);

        if (!(difference <= TOLERANCE * scale)) {
            fail_msg("%s[%zu]: gradient %.17g, central difference %.17g, relative error %.2g", tensor, at,
                     gradients[at], expected, difference / scale);
        }
    }
}

struct gradient_test {
    struct reference_setup setup;
    size_t sample; // elements compared per tensor
    char name[REFERENCE_CASE_NAME_BYTES];
};

static void gradients_compared_agree(void **state)
{
    const struct gradient_test *test = *state;
    const struct ref_dims *dims = &test->setup.dims;
    size_t state_values = dims->B * dims->H;
    struct reference_case test_case;

    assert_null(reference_case_init(&test_case, &test->setup));
    assert_null(reference_case_backward(&test_case));

    for (size_t i = 0; i < test_case.parameters.tensor_count; i++) {
        const struct ref_tensor *tensor = &test_case.parameters.tensors[i];
        check_gradients(&test_case, tensor->name, test_case.dparameters.tensors[i].data, tensor->data,
                        tensor->shape[0] * tensor->shape[1], test->sample);
    }
    for (size_t l = 0; l < dims->L; l++) {
        if (test_case.window.h0 != NULL) {
            check_gradients(&test_case, "h0", test_case.dtrace.layers[l].h, test_case.h0 + l * state_values,
                            state_values, test->sample);
        }
        if (test_case.window.c0 != NULL) {
            check_gradients(&test_case, "c0", test_case.dtrace.layers[l].c, test_case.c0 + l * state_values,
                            state_values, test->sample);
        }
    }
    reference_case_free(&test_case);
}

static const enum ref_cell CELLS[] = {REF_CELL_RNN, REF_CELL_GRU, REF_CELL_LSTM};

// Odd, unit, and coinciding sizes, so that no two axes can be confused unnoticed.
static const struct {
    size_t V, E, H, T, B, sample;
} SIZES[] = {
    {1, 1, 1, 1, 1, SIZE_MAX}, {5, 5, 5, 5, 5, SIZE_MAX}, {7, 1, 7, 7, 1, SIZE_MAX},
    {5, 7, 1, 1, 7, SIZE_MAX}, {3, 5, 4, 6, 2, SIZE_MAX}, {65, 84, 129, 5, 2, 2},
};
static const struct {
    bool dropout, padding, carried, smoothing;
} OPTIONS[] = {
    {false, false, false, false}, {true, false, true, false}, {false, true, true, true}, {true, true, true, true}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MAX_LAYERS = 3 };

// The release build compares all of them. Sanitizers would run the same code for each, ten times as slowly.
#if defined(__SANITIZE_ADDRESS__)
enum { SAMPLE_LIMIT = 1 };
#else
#define SAMPLE_LIMIT SIZE_MAX
#endif

int main(int argc, char **argv)
{
    static struct gradient_test tests[COUNT(CELLS) * MAX_LAYERS * COUNT(SIZES) * COUNT(OPTIONS)];
    static struct CMUnitTest units[COUNT(tests)];
    size_t count = 0;

    for (size_t cell = 0; cell < COUNT(CELLS); cell++) {
        for (size_t layers = 1; layers <= MAX_LAYERS; layers++) {
            for (size_t size = 0; size < COUNT(SIZES); size++) {
                for (size_t option = 0; option < COUNT(OPTIONS); option++) {
                    struct gradient_test *test = &tests[count];
                    test->sample = SIZES[size].sample < SAMPLE_LIMIT ? SIZES[size].sample : SAMPLE_LIMIT;
                    test->setup = (struct reference_setup){
                        .dims = {CELLS[cell], SIZES[size].V, SIZES[size].E, SIZES[size].H, layers, SIZES[size].T,
                                 SIZES[size].B},
                        .dropout = OPTIONS[option].dropout,
                        .padding = OPTIONS[option].padding,
                        .carried = OPTIONS[option].carried,
                        .smoothing = OPTIONS[option].smoothing,
                        .seed = count,
                    };
                    reference_case_write_name(test->name, &test->setup);
                    units[count] = (struct CMUnitTest){test->name, gradients_compared_agree, NULL, NULL, test};
                    count++;
                }
            }
        }
    }
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    return cmocka_run_group_tests_name("reference_gradient", units, NULL, NULL);
}
