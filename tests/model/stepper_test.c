// The stepper compared with the reference and with the batched forward pass of training, and its reset at a newline.
// Uses: trainer_case, model/stepper, train, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/stepper.h"
#include "trainer_case.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// Logits of order 1: the project's bound between engines. Measured: 3e-7 at worst.
static const double LOGIT_TOLERANCE = 1e-5;

// A mean of nats of order 1.
static const double LOSS_TOLERANCE = 1e-6;

static const enum ref_cell CELLS[] = {REF_CELL_RNN, REF_CELL_GRU, REF_CELL_LSTM};

static const struct {
    size_t V, E, H, T, B;
} SIZES[] = {{1, 1, 1, 1, 1},  {7, 7, 7, 7, 7},    {7, 1, 7, 20, 1},
             {5, 7, 1, 4, 17}, {129, 3, 16, 9, 3}, {65, 84, 129, 40, 2}};

enum { MAX_LAYERS = 3 };

static struct trainer_case test_case;
static struct ql_stepper stepper;
static struct ql_model_info info; // no vocabulary: no token is a newline

// Runs after a failure too: the trainer's threads must not outlive it.
static int free_case(void **state)
{
    (void)state;
    ql_stepper_free(&stepper);
    trainer_case_free(&test_case);
    return 0;
}

static void check_logits(const char *name, const char *other, size_t t, size_t b, double expected, size_t v)
{
    double actual = (double)stepper.logits[v];

    if (!(fabs(actual - expected) <= LOGIT_TOLERANCE)) {
        fail_msg("%s: sequence %zu, time %zu, logit %zu: %.9g, %s %.9g", name, b, t, v, actual, other, expected);
    }
}

// Every sequence of the window separately, from a zero state.
static void check_case(const struct reference_setup *setup)
{
    const struct ref_dims *dims = &setup->dims;
    char name[REFERENCE_CASE_NAME_BYTES];
    struct ql_error error;

    reference_case_write_name(name, setup);
    if (trainer_case_init(&test_case, setup, 1, &error) != QL_OK ||
        ql_stepper_init(&stepper, &test_case.model, &info, &error) != QL_OK) {
        fail_msg("%s: %s", name, error.message);
    }
    assert_null(reference_case_forward(&test_case.reference));
    float *batched = test_calloc(dims->T * dims->B * dims->V, sizeof batched[0]);
    trainer_case_write_logits(batched, &test_case);
    for (size_t b = 0; b < dims->B; b++) {
        ql_stepper_reset(&stepper);
        for (size_t t = 0; t < dims->T; t++) {
            size_t place = t * dims->B + b;
            ql_stepper_step(&stepper, test_case.inputs[place]);
            for (size_t v = 0; v < dims->V; v++) {
                check_logits(name, "reference", t, b, test_case.reference.trace.logits[place * dims->V + v], v);
                check_logits(name, "batched forward", t, b, (double)batched[place * dims->V + v], v);
            }
        }
    }
    test_free(batched);
    (void)free_case(NULL);
}

static void logits_compared_agree_with_reference_and_training(void **state)
{
    (void)state;

    for (size_t cell = 0; cell < COUNT(CELLS); cell++) {
        for (size_t layers = 1; layers <= MAX_LAYERS; layers++) {
            for (size_t size = 0; size < COUNT(SIZES); size++) {
                const struct reference_setup setup = {
                    .dims = {CELLS[cell], SIZES[size].V, SIZES[size].E, SIZES[size].H, layers, SIZES[size].T,
                             SIZES[size].B},
                    .seed = 100 * cell + 10 * layers + size,
                };
                check_case(&setup);
            }
        }
    }
}

// The loss of `target` in nats, from the given logits.
static double stepper_nats(int target)
{
    double sum = 0;

    for (int v = 0; v < ql_stepper_chain(&stepper)->V; v++) {
        sum += exp((double)stepper.logits[v]);
    }
    return log(sum) - (double)stepper.logits[target];
}

// The loss that training reports equals the stepper's for the same text, for both ways of reading it.
static void loss_of_a_text_is_that_of_training(void **state)
{
    enum { SYMBOLS = 9, NEWLINE = 0, SIZE = 400 };
    uint16_t tokens[SIZE];
    const struct ql_token_text text = {.tokens = tokens, .count = SIZE};
    uint64_t random = 1;
    (void)state;

    for (size_t k = 0; k < SIZE; k++) {
        tokens[k] = (uint16_t)reference_random_uniform(&random, 0, SYMBOLS);
    }
    tokens[SIZE - 1] = NEWLINE;
    for (size_t i = 0; i < 2 * COUNT(CELLS); i++) {
        const struct reference_setup setup = {.dims = {CELLS[i / 2], SYMBOLS, 5, 12, 2, 8, 20}, .seed = i};
        struct ql_model_info text_info = {.vocabulary = {{'\n'}, 1}, .items = i % 2 == 1};
        struct ql_batcher batcher;
        struct ql_arena arena = {0};
        struct ql_error error;
        double nats = 0, symbols = 0;

        assert_int_equal(trainer_case_init(&test_case, &setup, 2, &error), QL_OK);
        assert_int_equal(ql_stepper_init(&stepper, &test_case.model, &text_info, &error), QL_OK);
        // A stream is read as one sequence here, because every additional one would begin from a zero state.
        assert_int_equal(ql_batcher_init(&batcher, &text, text_info.items, text_info.items ? 20 : 1, 8, &arena, &error),
                         QL_OK);
        struct ql_trainer_result result = ql_trainer_evaluate(&test_case.trainer, &batcher);

        // An empty line is not an item. Otherwise each line begins after a newline, which resets the state.
        int token = text_info.items ? NEWLINE : tokens[0];
        for (size_t k = text_info.items ? 0 : 1; k < SIZE; k++) {
            if (text_info.items && token == NEWLINE && tokens[k] == NEWLINE) {
                continue;
            }
            ql_stepper_step(&stepper, token);
            nats += stepper_nats(tokens[k]);
            symbols++;
            token = tokens[k];
        }
        assert_true(result.symbols == symbols);
        if (!(fabs(result.loss - nats / symbols) <= LOSS_TOLERANCE * nats / symbols)) {
            fail_msg("%s, %s: loss in training %.9g, of the stepper %.9g", reference_cell_name(CELLS[i / 2]),
                     text_info.items ? "items" : "stream", result.loss, nats / symbols);
        }
        ql_arena_free(&arena);
        (void)free_case(NULL);
    }
}

static void newline_of_an_item_model_sets_the_state_back(void **state)
{
    enum { NEWLINE = 1 };
    static const int before[] = {2, 0, 3, 3, 2};
    (void)state;

    for (size_t i = 0; i < 2 * COUNT(CELLS); i++) {
        const struct reference_setup setup = {.dims = {CELLS[i / 2], 4, 3, 5, 2, 1, 1}, .seed = i};
        struct ql_model_info item_info = {.vocabulary = {{'\t', '\n', 'a', 'b'}, 4}, .items = i % 2 == 1};
        struct ql_error error;
        float fresh[4];

        assert_int_equal(trainer_case_init(&test_case, &setup, 1, &error), QL_OK);
        assert_int_equal(ql_stepper_init(&stepper, &test_case.model, &item_info, &error), QL_OK);
        ql_stepper_step(&stepper, NEWLINE);
        memcpy(fresh, stepper.logits, sizeof fresh);
        for (size_t k = 0; k < COUNT(before); k++) {
            ql_stepper_step(&stepper, before[k]);
        }
        ql_stepper_step(&stepper, NEWLINE);
        assert_int_equal(memcmp(fresh, stepper.logits, sizeof fresh) == 0, item_info.items);
        ql_stepper_reset(&stepper);
        ql_stepper_step(&stepper, NEWLINE);
        assert_memory_equal(fresh, stepper.logits, sizeof fresh);
        (void)free_case(NULL);
    }
}

static void stepper_of_a_model_that_is_gone_goes_on(void **state)
{
    const struct reference_setup setup = {.dims = {REF_CELL_LSTM, 7, 3, 5, 2, 1, 1}};
    struct ql_error error;
    float logits[7];
    (void)state;

    assert_int_equal(trainer_case_init(&test_case, &setup, 1, &error), QL_OK);
    assert_int_equal(ql_stepper_init(&stepper, &test_case.model, &info, &error), QL_OK);
    ql_stepper_step(&stepper, 6);
    memcpy(logits, stepper.logits, sizeof logits);
    memset(test_case.model.block, 0, test_case.model.count * sizeof(float));
    ql_model_free(&test_case.model);
    ql_stepper_reset(&stepper);
    ql_stepper_step(&stepper, 6);
    assert_memory_equal(logits, stepper.logits, sizeof logits);
}

static void logits_that_are_not_finite_give_no_token(void **state)
{
    const struct reference_setup setup = {.dims = {REF_CELL_GRU, 7, 3, 5, 1, 1, 1}};
    struct ql_sampler sampler = {.temperature = 1.0f, .top_p = 1.0f};
    struct ql_error error;
    (void)state;

    ql_random_init(&sampler.random, 1);
    assert_int_equal(trainer_case_init(&test_case, &setup, 1, &error), QL_OK);
    test_case.model.output_bias[3] = (float)NAN;
    assert_int_equal(ql_stepper_init(&stepper, &test_case.model, &info, &error), QL_OK);
    assert_int_equal(ql_stepper_next(&stepper, 0, &sampler, NULL), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(logits_compared_agree_with_reference_and_training, free_case),
        cmocka_unit_test_teardown(loss_of_a_text_is_that_of_training, free_case),
        cmocka_unit_test_teardown(newline_of_an_item_model_sets_the_state_back, free_case),
        cmocka_unit_test_teardown(stepper_of_a_model_that_is_gone_goes_on, free_case),
        cmocka_unit_test_teardown(logits_that_are_not_finite_give_no_token, free_case),
    };
    return cmocka_run_group_tests_name("stepper", tests, NULL, NULL);
}
