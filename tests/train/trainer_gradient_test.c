// The trainer's loss and gradients compared with the reference, for every cell, depth, size, batch, and option below.
// Each combination is a separate test, named after all its settings; an argument such as 'lstm-V7-*' picks some.
// Uses: trainer_case, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "trainer_case.h"

// The bound that the project sets itself, relative to the tensor's largest value. Measured: 1.2e-6 at worst.
static const double GRADIENT_TOLERANCE = 1e-4;

// A mean of values of order 1 in float, summed in double. Measured: 3e-8 at worst.
static const double LOSS_TOLERANCE = 1e-6;

// A tensor of smaller values is compared as if its largest were this: it is zero except for rounding, like the
// gradients of a model with one symbol.
static const double SMALLEST_SCALE = 1e-6;

struct gradient_test {
    struct reference_setup setup;
    char name[REFERENCE_CASE_NAME_BYTES];
};

static void check_tensor(const struct gradient_test *test, const char *window, const struct ql_tensor *ours,
                         const struct ref_tensor *theirs)
{
    size_t count = theirs->shape[0] * theirs->shape[1];
    size_t worst = 0;
    double largest = 0, worst_difference = -1;

    for (size_t k = 0; k < count; k++) {
        double difference = fabs((double)ours->data[k] - theirs->data[k]);
        largest = fmax(largest, fabs(theirs->data[k]));
        if (!(difference <= worst_difference)) { // even when it is NaN
            worst = k;
            worst_difference = difference;
        }
    }
    double scale = fmax(largest, SMALLEST_SCALE);
    if (!(worst_difference <= GRADIENT_TOLERANCE * scale)) {
        fail_msg("%s: %s window, %s[%zu, %zu]: gradient %.9g, reference %.9g, %.2g of the tensor's largest\n"
                 "To run this case alone: trainer_gradient_test '%s'",
                 test->name, window, ours->name, worst / theirs->shape[1], worst % theirs->shape[1],
                 (double)ours->data[worst], theirs->data[worst], worst_difference / scale, test->name);
    }
}

// Freed by the teardown, which runs after a failure too: threads of the trainer must not outlive it.
static struct trainer_case test_case;

static int free_case(void **state)
{
    (void)state;
    trainer_case_free(&test_case);
    return 0;
}

static void check_window(const struct gradient_test *test, const char *window)
{
    struct ql_error error;
    double loss;

    if (trainer_case_backward(&test_case, &loss, &error) != QL_OK) {
        fail_msg("%s: %s", test->name, error.message);
    }
    double expected = test_case.reference.trace.loss;
    if (!(fabs(loss - expected) <= LOSS_TOLERANCE * fmax(expected, 1))) {
        fail_msg("%s: %s window: loss %.9g, reference %.9g", test->name, window, loss, expected);
    }
    for (int i = 0; i < test_case.model.tensor_count; i++) {
        check_tensor(test, window, &test_case.trainer.gradients[0].model.tensors[i],
                     &test_case.reference.dparameters.tensors[i]);
    }
}

static void gradients_compared_agree(void **state)
{
    const struct gradient_test *test = *state;
    struct ql_error error;

    if (trainer_case_init(&test_case, &test->setup, 2, &error) != QL_OK) {
        fail_msg("%s: %s", test->name, error.message);
    }
    check_window(test, "first");
    if (test->setup.carried) {
        trainer_case_step(&test_case);
        check_window(test, "second");
    }
}

static const enum ref_cell CELLS[] = {REF_CELL_RNN, REF_CELL_GRU, REF_CELL_LSTM};

// Unit, odd and coinciding sizes, so that no two axes can be confused unnoticed; batches of one shard (1, 7, 16) and of
// uneven ones (17, 33).
static const struct {
    size_t V, E, H, T, B;
} SIZES[] = {
    {1, 1, 1, 1, 1},      {7, 7, 7, 7, 7},     {7, 1, 7, 7, 1},     {5, 7, 1, 4, 16},
    {16, 16, 16, 16, 16}, {3, 84, 7, 5, 17},   {17, 3, 33, 6, 33},  {129, 1, 7, 2, 33},
    {65, 7, 84, 3, 17},   {7, 129, 129, 1, 7}, {65, 84, 129, 5, 1}, {84, 84, 84, 2, 33},
};
static const struct {
    bool dropout, padding, carried, smoothing;
} OPTIONS[] = {
    {false, false, false, false}, {true, false, true, false}, {false, true, true, true}, {true, true, true, true}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MAX_LAYERS = 3 };

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
                    units[count] = (struct CMUnitTest){test->name, gradients_compared_agree, NULL, free_case, test};
                    count++;
                }
            }
        }
    }
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    return cmocka_run_group_tests_name("trainer_gradient", units, NULL, NULL);
}
