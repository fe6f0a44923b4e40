// The report about a stage that agrees, about one that nearly agrees, and about each kind of fault.
// Uses: verify/verification, with stages that are made for it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "verify/verification.h"

enum { V = 5, T = 40, DRAWS = 30, LENGTH = 50 };

// A model of five symbols: the logits are a function of the last token and of the state, which mixes all earlier ones.
// A fault changes what one stage does.
struct toy {
    float noise;          // added to one logit
    int noise_from;       // the first step with noise
    bool keeps_old_state; // does not begin at zero
    bool draws_badly;     // takes the likeliest symbol instead of the one drawn
    enum ql_status fails;
    bool is_not_finite;
    uint32_t state;
};

static void toy_step(struct toy *toy, float *logits, int token, int step)
{
    toy->state = toy->state * 31 + (uint32_t)token + 1;
    for (int v = 0; v < V; v++) {
        logits[v] = (float)(ql_random_mix(toy->state + (uint32_t)v) >> 8) / 8388608.0f;
    }
    logits[step % V] += step >= toy->noise_from ? toy->noise : 0.0f;
    if (toy->is_not_finite) {
        logits[0] = INFINITY;
    }
}

static enum ql_status toy_begin(struct toy *toy, struct ql_error *error)
{
    if (!toy->keeps_old_state) {
        toy->state = 0;
    }
    return toy->fails == QL_OK ? QL_OK : ql_error_write(error, toy->fails, "out of paper");
}

static enum ql_status toy_read(struct ql_stage *stage, float *logits, const uint16_t *tokens, int length,
                               struct ql_error *error)
{
    enum ql_status status = toy_begin(stage->self, error);

    for (int t = 0; t < length && status == QL_OK; t++) {
        toy_step(stage->self, logits + (ptrdiff_t)t * V, tokens[t], t);
    }
    return status;
}

static enum ql_status toy_write(struct ql_stage *stage, uint16_t *tokens, int length, const struct ql_draw *draw,
                                struct ql_error *error)
{
    struct toy *toy = stage->self;
    struct ql_sampler sampler = {.temperature = draw->temperature, .top_p = draw->top_p, .top_k = draw->top_k};
    float logits[V];
    uint32_t weights[V];
    uint16_t candidates[V];
    int token = 0;
    enum ql_status status = toy_begin(toy, error);

    ql_random_init(&sampler.random, draw->seed);
    for (int t = 0; t < length && status == QL_OK; t++) {
        toy_step(toy, logits, token, t);
        if (toy->draws_badly && t == 7) {
            sampler.temperature = 0.0f;
        }
        token = ql_sampler_step_f32(&sampler, logits, NULL, weights, candidates, V);
        tokens[t] = (uint16_t)token;
    }
    return status;
}

static struct ql_comparison compared;
static struct ql_error error;

static const struct ql_text_rules rules = {.newline = -1};

// Compares a toy with one that has no fault.
static enum ql_verdict verdict_on(struct toy toy, bool is_ours, double tolerance)
{
    static uint16_t tokens[T];
    static struct ql_draw draws[DRAWS];
    struct toy sound = {0};
    struct ql_stage first = {.name = "first", .is_ours = true, .self = &sound, .read = toy_read, .write = toy_write};
    struct ql_stage other = {.name = "other", .is_ours = is_ours, .self = &toy, .read = toy_read, .write = toy_write};

    for (int t = 0; t < T; t++) {
        tokens[t] = (uint16_t)(t * t % V);
    }
    for (int d = 0; d < DRAWS; d++) {
        draws[d] = (struct ql_draw){.temperature = 0.8f, .top_p = 0.95f, .top_k = 4, .seed = (uint32_t)d};
    }
    struct ql_verification verification = {.V = V,
                                           .rules = &rules,
                                           .tolerance = tolerance,
                                           .tokens = tokens,
                                           .T = T,
                                           .draws = draws,
                                           .draw_count = DRAWS,
                                           .draw_length = LENGTH};
    assert_int_equal(ql_verification_init(&verification, &first, &error), QL_OK);
    assert_int_equal(ql_verification_step(&verification, &compared, &other, &error), QL_OK);
    ql_verification_free(&verification);
    return compared.verdict;
}

static void verification_equal_stage_has_the_same_bits(void **state)
{
    (void)state;
    assert_int_equal(verdict_on((struct toy){0}, true, 1e-5), QL_VERDICT_SAME_BITS);
    assert_int_equal(compared.characters, T + DRAWS * LENGTH);
    assert_int_equal(compared.difference.unequal, 0);
    assert_int_equal(compared.first_logits, -1);
    assert_int_equal(compared.first_draw, -1);
    assert_int_equal(verdict_on((struct toy){0}, false, 1e-5), QL_VERDICT_SAME_WITHIN);
}

static void verification_one_bit_is_a_difference_in_a_stage_of_ours(void **state)
{
    const struct toy toy = {.noise = 2e-7f, .noise_from = 13};

    (void)state;
    assert_int_equal(verdict_on(toy, true, 1e-5), QL_VERDICT_DIFFERS);
    assert_int_equal(compared.first_logits, 13);
    assert_int_equal(verdict_on(toy, false, 1e-5), QL_VERDICT_SAME_WITHIN);
    assert_true(compared.difference.unequal > 0 && compared.difference.absolute < 1e-5);
}

static void verification_difference_above_the_tolerance_is_one(void **state)
{
    (void)state;
    assert_int_equal(verdict_on((struct toy){.noise = 2e-5f, .noise_from = 20}, false, 1e-5), QL_VERDICT_DIFFERS);
    assert_int_equal(compared.first_logits, 20);
}

static void verification_state_that_is_not_reset_is_found(void **state)
{
    (void)state;
    assert_int_equal(verdict_on((struct toy){.keeps_old_state = true}, true, 1e-5), QL_VERDICT_DIFFERS);
    assert_int_equal(compared.first_draw, 0);
    assert_int_equal(compared.first_character, 0);
}

static void verification_text_after_the_last_logits_read_is_compared(void **state)
{
    (void)state;
    assert_int_equal(verdict_on((struct toy){.noise = 1.0f, .noise_from = T}, true, 1e-5), QL_VERDICT_DIFFERS);
    assert_int_equal(compared.first_logits, -1);
    assert_true(compared.first_draw >= 0 && compared.first_character >= T);
    assert_int_equal(verdict_on((struct toy){.noise = 1.0f, .noise_from = T}, false, 1e-5), QL_VERDICT_DIFFERS);
    assert_non_null(strstr(compared.message, "logits differ"));
}

static void verification_draw_between_two_symbols_is_an_edge(void **state)
{
    (void)state;
    assert_int_equal(verdict_on((struct toy){.noise = 0.01f}, false, 0.1), QL_VERDICT_SAME_EDGES);
    assert_true(compared.edges > 0 && compared.edges < DRAWS);
    assert_int_equal(compared.first_draw, -1);
    assert_true(ql_verdict_check(compared.verdict));
    assert_int_equal(verdict_on((struct toy){.noise = 0.01f}, true, 0.1), QL_VERDICT_DIFFERS);
}

static void verification_wrong_sampler_is_no_edge(void **state)
{
    (void)state;
    assert_int_equal(verdict_on((struct toy){.draws_badly = true}, false, 1e-5), QL_VERDICT_DIFFERS);
    assert_true(compared.first_draw >= 0 && compared.first_character >= 7);
    assert_non_null(strstr(compared.message, "sampler"));
}

static void verification_stage_that_fails_is_a_failure(void **state)
{
    (void)state;
    assert_int_equal(verdict_on((struct toy){.fails = QL_ERROR_INPUT}, true, 1e-5), QL_VERDICT_FAILED);
    assert_string_equal(compared.message, "out of paper");
    assert_false(ql_verdict_check(compared.verdict));
    assert_false(ql_verdict_check(QL_VERDICT_DIFFERS));
    assert_true(ql_verdict_check(QL_VERDICT_SKIPPED));
}

static void verification_stage_with_nan_differs(void **state)
{
    (void)state;
    assert_int_equal(verdict_on((struct toy){.is_not_finite = true}, false, 1e-5), QL_VERDICT_DIFFERS);
    assert_true(isinf(compared.difference.absolute));
}

static void verification_first_stage_must_have_numbers(void **state)
{
    struct toy toy = {.is_not_finite = true};
    struct ql_stage first = {.name = "first", .self = &toy, .read = toy_read, .write = toy_write};
    const uint16_t tokens[] = {1};
    struct ql_verification verification = {.V = V, .rules = &rules, .tokens = tokens, .T = 1};

    (void)state;
    assert_int_equal(ql_verification_init(&verification, &first, &error), QL_ERROR_NUMERIC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verification_equal_stage_has_the_same_bits),
        cmocka_unit_test(verification_one_bit_is_a_difference_in_a_stage_of_ours),
        cmocka_unit_test(verification_difference_above_the_tolerance_is_one),
        cmocka_unit_test(verification_state_that_is_not_reset_is_found),
        cmocka_unit_test(verification_text_after_the_last_logits_read_is_compared),
        cmocka_unit_test(verification_draw_between_two_symbols_is_an_edge),
        cmocka_unit_test(verification_wrong_sampler_is_no_edge),
        cmocka_unit_test(verification_stage_that_fails_is_a_failure),
        cmocka_unit_test(verification_stage_with_nan_differs),
        cmocka_unit_test(verification_first_stage_must_have_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
