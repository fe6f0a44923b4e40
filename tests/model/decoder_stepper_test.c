// The stepper of a decoder compared with the reference: within the context, beyond its end, and at large positions.
// Uses: decoder_case, model/stepper, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "decoder_case.h"
#include "model/stepper.h"

// Logits of order 1: the project's bound between engines.
static const double LOGIT_TOLERANCE = 1e-5;

static struct decoder_case test_case;
static struct ql_stepper stepper;
static struct ql_model_info info; // no vocabulary: no token is a newline

// Runs after a failure too: the trainer's threads must not outlive it.
static int free_case(void **state)
{
    (void)state;
    ql_stepper_free(&stepper);
    decoder_case_free(&test_case);
    return 0;
}

static void open_case(const struct decoder_setup *setup)
{
    struct ql_error error;
    double loss;

    if (decoder_case_init(&test_case, setup, 1, &error) != QL_OK ||
        decoder_case_backward(&test_case, &loss, &error) != QL_OK ||
        ql_stepper_init(&stepper, &test_case.model, &info, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
}

static void check_logits(const double *expected, const char *where, int t)
{
    for (int v = 0; v < test_case.setup.V; v++) {
        const double actual = (double)stepper.logits[v];
        if (!(fabs(actual - expected[v]) <= LOGIT_TOLERANCE * fmax(1, fabs(expected[v])))) {
            fail_msg("%s, time %d, logit %d: %.9g, reference %.9g", where, t, v, actual, expected[v]);
        }
    }
}

static void logits_within_the_context_are_those_of_the_reference(void **state)
{
    static const struct decoder_setup setups[] = {
        {.V = 3, .E = 2, .L = 1, .heads = 1, .kv_heads = 1, .feed = 1, .T = 1, .B = 1},
        {.V = 9, .E = 12, .L = 2, .heads = 3, .kv_heads = 1, .feed = 5, .T = 7, .B = 3},
        {.V = 17, .E = 32, .L = 3, .heads = 4, .kv_heads = 2, .feed = 33, .T = 40, .B = 2},
    };
    (void)state;

    for (size_t k = 0; k < sizeof setups / sizeof setups[0]; k++) {
        open_case(&setups[k]);
        for (int b = 0; b < setups[k].B; b++) {
            ql_stepper_reset(&stepper);
            for (int t = 0; t < setups[k].T; t++) {
                const int place = t * setups[k].B + b;
                ql_stepper_step(&stepper, test_case.inputs[place]);
                check_logits(test_case.logits + (ptrdiff_t)place * setups[k].V, "within the context", t);
            }
        }
        (void)free_case(NULL);
    }
}

// With one layer, keys and values depend on their own token only. So beyond the context's end the logits are those of
// the last tokens as a separate text, because only distances count in rotary positions.
static void ring_behind_the_context_holds_the_last_tokens(void **state)
{
    enum { T = 9, CONTEXT = T + 1, STEPS = 4 * T };
    const struct decoder_setup setup = {
        .V = 7, .E = 16, .L = 1, .heads = 2, .kv_heads = 1, .feed = 9, .T = T, .B = 1, .seed = 3};
    static const int64_t starts[] = {0, INT64_C(1) << 20, (INT64_C(1) << 32) - 20, INT64_C(1) << 40};
    struct ql_error error;
    uint16_t text[STEPS];
    (void)state;

    for (size_t k = 0; k < sizeof starts / sizeof starts[0]; k++) {
        open_case(&setup);
        ql_stepper_free(&stepper);
        test_case.model.dimensions.context = T; // as long as the reference's window
        assert_int_equal(ql_stepper_init(&stepper, &test_case.model, &info, &error), QL_OK);
        *ql_stepper_position(&stepper) = starts[k];
        for (int t = 0; t < STEPS; t++) {
            text[t] = (uint16_t)((t * t + 3 * t / 2) % setup.V);
            ql_stepper_step(&stepper, text[t]);
            if (t + 1 < T) {
                continue;
            }
            for (int u = 0; u < T; u++) {
                test_case.tokens[u] = text[t + 1 - T + u];
            }
            double loss;
            assert_true(ref_decoder_run(&loss, test_case.logits, NULL, test_case.parameters, &test_case.window,
                                        &test_case.dims));
            check_logits(test_case.logits + (ptrdiff_t)(T - 1) * setup.V, "behind the context", t);
        }
        assert_true(*ql_stepper_position(&stepper) == starts[k] + STEPS);
        (void)free_case(NULL);
    }
}

static void newline_of_items_begins_at_position_0(void **state)
{
    const struct decoder_setup setup = {
        .V = 4, .E = 8, .L = 2, .heads = 2, .kv_heads = 2, .feed = 6, .T = 5, .B = 1, .seed = 1};
    static struct ql_model_info items;
    static const char symbols[] = "\nabc";
    struct ql_error error;
    float first[4];
    (void)state;

    items.items = true;
    assert_int_equal(ql_vocabulary_read(&items.vocabulary, symbols, strlen(symbols), &error), QL_OK);
    open_case(&setup);
    ql_stepper_free(&stepper);
    assert_int_equal(ql_stepper_init(&stepper, &test_case.model, &items, &error), QL_OK);
    ql_stepper_step(&stepper, 0);
    memcpy(first, stepper.logits, sizeof first);
    ql_stepper_step(&stepper, 2);
    ql_stepper_step(&stepper, 3);
    assert_memory_not_equal(first, stepper.logits, sizeof first);
    ql_stepper_step(&stepper, 0);
    assert_memory_equal(first, stepper.logits, sizeof first);
    assert_true(*ql_stepper_position(&stepper) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(logits_within_the_context_are_those_of_the_reference, free_case),
        cmocka_unit_test_teardown(ring_behind_the_context_holds_the_last_tokens, free_case),
        cmocka_unit_test_teardown(newline_of_items_begins_at_position_0, free_case),
    };
    return cmocka_run_group_tests_name("decoder_stepper", tests, NULL, NULL);
}
