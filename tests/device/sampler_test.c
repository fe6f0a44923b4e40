// The sampler: its distributions against exact probabilities, the order of its candidates against qsort, and edges.
// All seeds are fixed, so a statistic that passes once always passes.
// Uses: device/sampler.h, libm, cmocka.
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/sampler.h"

enum { V_LIMIT = 65535, SMALL_V = 40 };

static uint32_t weights[V_LIMIT];
static uint16_t candidates[V_LIMIT];

static struct ql_sampler sampler_of(float temperature, float top_p, int top_k, uint32_t seed)
{
    struct ql_sampler sampler = {.temperature = temperature, .top_p = top_p, .top_k = top_k};

    ql_random_init(&sampler.random, seed);
    return sampler;
}

// V is read at run time: for a constant V of 1, gcc 14 warns about places in the heap that are never reached.
static int draw(struct ql_sampler *sampler, const float *logits, volatile int V)
{
    return ql_sampler_step_f32(sampler, logits, NULL, weights, candidates, V);
}

// Fixed logits that look random: distinct, between -4 and 4, neither sorted nor symmetric.
static void make_logits(float *logits, int V, uint32_t seed)
{
    struct ql_random random;

    ql_random_init(&random, seed);
    for (int v = 0; v < V; v++) {
        logits[v] = 8.0f * ql_random_step_f32(&random) - 4.0f;
    }
}

// What the sampler should do, in double precision and by counting instead of sorting: a token comes before another when
// its logit is larger or, of equal ones, its index is lower.
static void exact_probabilities(double *p, const float *logits, int V, double temperature, double top_p, int top_k)
{
    double total = 0.0, before[SMALL_V] = {0}, kept_total = 0.0;
    int rank[SMALL_V] = {0};

    for (int v = 0; v < V; v++) {
        for (int u = 0; u < V; u++) {
            rank[v] += logits[u] > logits[v] || (logits[u] == logits[v] && u < v);
        }
        p[v] = top_k > 0 && rank[v] >= top_k ? 0.0 : exp(logits[v] / temperature);
        total += p[v];
    }
    for (int v = 0; v < V; v++) {
        for (int u = 0; u < V; u++) {
            before[v] += rank[u] < rank[v] ? p[u] : 0.0;
        }
    }
    for (int v = 0; v < V; v++) {
        // A token is in the nucleus if those before it do not have the share yet.
        p[v] = top_p < 1.0 && rank[v] > 0 && before[v] >= top_p * total ? 0.0 : p[v];
        kept_total += p[v];
    }
    for (int v = 0; v < V; v++) {
        p[v] /= kept_total;
    }
}

struct distribution_case {
    int V;
    float temperature, top_p;
    int top_k;
};

static void sampler_draws_follow_the_exact_probabilities(void **state)
{
    (void)state;
    enum { DRAWS = 100000 };
    static const struct distribution_case cases[] = {
        {2, 1.0f, 1.0f, 0},   {7, 1.0f, 1.0f, 0},   {40, 1.0f, 1.0f, 0},  {40, 0.5f, 1.0f, 0},
        {40, 3.0f, 1.0f, 0},  {40, 1.0f, 0.9f, 0},  {40, 1.0f, 0.3f, 0},  {40, 1.0f, 1.0f, 5},
        {40, 1.0f, 1.0f, 39}, {40, 2.0f, 0.8f, 20}, {40, 2.0f, 0.95f, 3}, {40, 100.0f, 1.0f, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct distribution_case *c = &cases[i];
        float logits[SMALL_V];
        double p[SMALL_V], chi_square = 0.0;
        int counts[SMALL_V] = {0}, freedom = -1;
        struct ql_sampler sampler = sampler_of(c->temperature, c->top_p, c->top_k, 77);

        make_logits(logits, c->V, 3 + (uint32_t)i);
        exact_probabilities(p, logits, c->V, c->temperature, c->top_p, c->top_k);
        for (int n = 0; n < DRAWS; n++) {
            counts[draw(&sampler, logits, c->V)]++;
        }
        double rare_expected = 0.0, rare_seen = 0.0; // cells with few draws are merged, as chi-square requires
        for (int v = 0; v < c->V; v++) {
            const double expected = p[v] * DRAWS;
            if (expected == 0.0) {
                assert_int_equal(counts[v], 0);
            } else if (expected < 10.0) {
                rare_expected += expected;
                rare_seen += counts[v];
            } else {
                chi_square += (counts[v] - expected) * (counts[v] - expected) / expected;
                freedom++;
            }
        }
        if (rare_expected > 0.0) {
            chi_square += (rare_seen - rare_expected) * (rare_seen - rare_expected) / rare_expected;
            freedom++;
        }
        // Four standard deviations above the mean of chi-square; a few more for few degrees of freedom.
        if (!(chi_square < freedom + 4.0 * sqrt(2.0 * freedom) + 6.0)) {
            fail_msg("case %zu: chi-square %.1f with %d degrees of freedom", i, chi_square, freedom);
        }
    }
}

static void sampler_number_on_a_border_draws_the_token_behind_it(void **state)
{
    (void)state;
    const uint32_t one_fifth = 0xcccccccdu, one_ninth = 0x38e38e39u; // modulo 2^32
    const float logits[] = {1.5f, 1.5f, 1.5f, 1.5f};

    for (uint32_t n = 0; n < 4; n++) {
        struct ql_sampler sampler = sampler_of(1.0f, 1.0f, 0, 1);
        // A number is rotate(5 s[1], 7) * 9; so the first is n / 4 of 2^32, where token n - 1 ends and n begins.
        sampler.random.state[1] = one_fifth * ql_random_rotate((n << 30) * one_ninth, 32 - 7);
        assert_int_equal(draw(&sampler, logits, 4), (int)n);
    }
}

static void sampler_at_temperature_zero_takes_the_largest_and_draws_nothing(void **state)
{
    (void)state;
    const float logits[] = {-1.0f, 2.5f, 2.5f, 2.4f};
    struct ql_sampler sampler = sampler_of(0.0f, 0.5f, 3, 1);
    const struct ql_random before = sampler.random;

    assert_int_equal(draw(&sampler, logits, 4), 1);
    assert_memory_equal(&before, &sampler.random, sizeof before);
    sampler.temperature = -0.0f;
    assert_int_equal(draw(&sampler, logits, 4), 1);
    assert_memory_equal(&before, &sampler.random, sizeof before);
}

static void sampler_with_top_k_one_takes_the_largest_and_draws_once(void **state)
{
    (void)state;
    float logits[SMALL_V];
    struct ql_sampler sampler = sampler_of(5.0f, 1.0f, 1, 4);
    struct ql_random expected = sampler.random;
    int largest = 0;

    make_logits(logits, SMALL_V, 8);
    for (int v = 0; v < SMALL_V; v++) {
        largest = logits[v] > logits[largest] ? v : largest;
    }
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(draw(&sampler, logits, SMALL_V), largest);
        (void)ql_random_step(&expected);
    }
    assert_memory_equal(&expected, &sampler.random, sizeof expected);
}

static void sampler_with_tiny_top_p_takes_the_largest(void **state)
{
    (void)state;
    float logits[SMALL_V];
    const float shares[] = {0.000001f, FLT_MIN, 1e-45f};

    make_logits(logits, SMALL_V, 8);
    logits[17] = 4.5f;
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        struct ql_sampler sampler = sampler_of(1.0f, shares[i], 0, 5);
        for (int n = 0; n < 1000; n++) {
            assert_int_equal(draw(&sampler, logits, SMALL_V), 17);
        }
    }
}

static void sampler_with_top_k_of_v_or_more_is_as_without(void **state)
{
    (void)state;
    float logits[SMALL_V];
    const int limits[] = {SMALL_V, SMALL_V + 1, 65535, INT32_MAX, -1, INT32_MIN};

    make_logits(logits, SMALL_V, 12);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct ql_sampler without = sampler_of(1.0f, 0.9f, 0, 6), with = sampler_of(1.0f, 0.9f, limits[i], 6);
        for (int n = 0; n < 500; n++) {
            assert_int_equal(draw(&with, logits, SMALL_V), draw(&without, logits, SMALL_V));
        }
    }
}

static void sampler_with_equal_logits_keeps_the_lower_indices(void **state)
{
    (void)state;
    float logits[SMALL_V];
    bool seen[SMALL_V] = {false};
    struct ql_sampler sampler = sampler_of(0.7f, 1.0f, 3, 2);

    for (int v = 0; v < SMALL_V; v++) {
        logits[v] = -3.25f;
    }
    for (int n = 0; n < 1000; n++) {
        seen[draw(&sampler, logits, SMALL_V)] = true;
    }
    for (int v = 0; v < SMALL_V; v++) {
        assert_int_equal(seen[v], v < 3);
    }
    // A quarter of 40 equal tokens.
    sampler = sampler_of(0.7f, 0.25f, 0, 2);
    memset(seen, 0, sizeof seen);
    for (int n = 0; n < 1000; n++) {
        seen[draw(&sampler, logits, SMALL_V)] = true;
    }
    for (int v = 0; v < SMALL_V; v++) {
        assert_int_equal(seen[v], v < 10);
    }
}

static void sampler_with_negative_zero_sees_a_tie(void **state)
{
    (void)state;
    const float first_negative[] = {-1.0f, -0.0f, 0.0f}, first_positive[] = {-1.0f, 0.0f, -0.0f};
    struct ql_sampler greedy = sampler_of(0.0f, 1.0f, 0, 1), one = sampler_of(1.0f, 1.0f, 1, 1);

    assert_int_equal(draw(&greedy, first_negative, 3), 1);
    assert_int_equal(draw(&greedy, first_positive, 3), 1);
    assert_int_equal(draw(&one, first_negative, 3), 1);
    assert_int_equal(draw(&one, first_positive, 3), 1);
}

static void sampler_with_one_token_always_draws_it(void **state)
{
    (void)state;
    const float logits[4] = {-5.0f}; // the sampler sees only the first
    const float temperatures[] = {0.0f, 1e-30f, 1.0f, FLT_MAX};
    const int limits[] = {0, 1, 2};

    for (size_t t = 0; t < 4; t++) {
        for (size_t k = 0; k < 3; k++) {
            struct ql_sampler sampler = sampler_of(temperatures[t], k == 1 ? 0.5f : 1.0f, limits[k], 3);
            for (int n = 0; n < 100; n++) {
                assert_int_equal(draw(&sampler, logits, 1), 0);
            }
        }
    }
}

static void sampler_with_extreme_temperature_is_greedy_or_uniform(void **state)
{
    (void)state;
    const float logits[] = {1.0f, 1.5f, -3e38f, 1.25f};
    const float cold[] = {1e-45f, FLT_MIN, 1e-10f};
    int counts[4] = {0};

    for (size_t i = 0; i < sizeof cold / sizeof cold[0]; i++) {
        struct ql_sampler sampler = sampler_of(cold[i], 1.0f, 0, 3);
        for (int n = 0; n < 1000; n++) {
            assert_int_equal(draw(&sampler, logits, 4), 1);
        }
    }
    struct ql_sampler hot = sampler_of(1e30f, 1.0f, 0, 3);
    for (int n = 0; n < 4000; n++) {
        counts[draw(&hot, logits, 4)]++;
    }
    // Even at this temperature, -3e38 is 3e8 below the others.
    assert_int_equal(counts[2], 0);
    assert_true(counts[0] > 1200 && counts[1] > 1200 && counts[3] > 1200);
}

static void sampler_with_the_widest_logits_stays_in_the_numbers(void **state)
{
    (void)state;
    const float logits[] = {-FLT_MAX, FLT_MAX, -FLT_MAX, FLT_MAX};
    struct ql_sampler sampler = sampler_of(1.0f, 1.0f, 0, 3);
    bool seen[4] = {false};

    for (int n = 0; n < 1000; n++) {
        seen[draw(&sampler, logits, 4)] = true;
    }
    assert_true(!seen[0] && seen[1] && !seen[2] && seen[3]);
}

static void sampler_with_a_logit_that_is_not_finite_gives_minus_one_and_draws_nothing(void **state)
{
    (void)state;
    const float wrong[] = {NAN, -NAN, INFINITY, -INFINITY};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        for (int place = 0; place < SMALL_V; place++) {
            float logits[SMALL_V] = {0};
            struct ql_sampler greedy = sampler_of(0.0f, 1.0f, 0, 1), warm = sampler_of(1.0f, 0.9f, 4, 1);
            const struct ql_random before = warm.random;
            logits[place] = wrong[i];
            assert_int_equal(draw(&greedy, logits, SMALL_V), -1);
            assert_int_equal(draw(&warm, logits, SMALL_V), -1);
            assert_memory_equal(&before, &warm.random, sizeof before);
        }
    }
}

// A sampler with blocked tokens draws, from the same random number, the same token as one that never had these tokens.
static void sampler_with_blocked_tokens_draws_as_if_there_were_only_the_others(void **state)
{
    (void)state;
    static const struct distribution_case cases[] = {
        {40, 0.0f, 1.0f, 0},  {40, 1.0f, 1.0f, 0}, {40, 2.0f, 0.8f, 0}, {40, 2.0f, 1.0f, 5},
        {40, 2.0f, 0.9f, 39}, {33, 1.5f, 0.9f, 7}, {32, 3.0f, 1.0f, 0}, {3, 1.0f, 1.0f, 2},
    };
    struct ql_random random;

    ql_random_init(&random, 91);
    for (int i = 0; i < 4000; i++) {
        const struct distribution_case *c = &cases[i % (int)(sizeof cases / sizeof cases[0])];
        struct ql_sampler all = sampler_of(c->temperature, c->top_p, c->top_k, (uint32_t)i), few = all;
        uint32_t blocked[2] = {0};
        float logits[SMALL_V] = {0}, few_logits[SMALL_V] = {0};
        int few_tokens[SMALL_V], count = 0;

        make_logits(logits, c->V, (uint32_t)i);
        for (int v = 0; v < c->V; v++) {
            logits[v] = i % 3 == 0 ? (float)(int)logits[v] : logits[v]; // with ties
            if (ql_random_step(&random) % 40 < (uint32_t)(i % 41)) {
                blocked[v / 32] |= 1u << (v % 32);
                logits[v] += i % 2 == 0 ? 1000.0f : 0.0f; // their high probability must not matter
            } else {
                few_logits[count] = logits[v];
                few_tokens[count++] = v;
            }
        }
        if (c->top_k >= count) {
            few.top_k = 0;
        }
        const int token = ql_sampler_step_f32(&all, logits, blocked, weights, candidates, c->V);
        if (count == 0) {
            assert_int_equal(token, -1);
        } else {
            assert_int_equal(token, few_tokens[draw(&few, few_logits, count)]);
        }
        assert_memory_equal(&all.random, &few.random, sizeof all.random);
    }
}

static void sampler_with_all_blocked_gives_minus_one_and_draws_nothing(void **state)
{
    (void)state;
    const float logits[] = {1.0f, 2.0f, 3.0f};
    const uint32_t blocked[] = {7u};
    const float temperatures[] = {0.0f, 1.0f};

    for (size_t i = 0; i < 2; i++) {
        struct ql_sampler sampler = sampler_of(temperatures[i], 0.9f, 2, 1);
        const struct ql_random before = sampler.random;
        assert_int_equal(ql_sampler_step_f32(&sampler, logits, blocked, weights, candidates, 3), -1);
        assert_memory_equal(&before, &sampler.random, sizeof before);
    }
}

static void sampler_with_a_blocked_logit_that_is_not_finite_gives_minus_one(void **state)
{
    (void)state;
    const float logits[] = {1.0f, NAN, 3.0f};
    const uint32_t blocked[] = {2u};
    struct ql_sampler sampler = sampler_of(1.0f, 1.0f, 0, 1);

    assert_int_equal(ql_sampler_step_f32(&sampler, logits, blocked, weights, candidates, 3), -1);
}

static int32_t keys[V_LIMIT];

static int by_key_then_index(const void *left, const void *right)
{
    const uint16_t a = *(const uint16_t *)left, b = *(const uint16_t *)right;

    if (keys[a] != keys[b]) {
        return keys[a] > keys[b] ? -1 : 1;
    }
    return a < b ? -1 : 1;
}

static void sampler_heap_gives_candidates_in_the_order_of_qsort(void **state)
{
    (void)state;
    static uint16_t sorted[V_LIMIT];
    static const int sizes[] = {1, 2, 3, 4, 31, 32, 33, 1000, V_LIMIT};
    struct ql_random random;

    ql_random_init(&random, 31);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const int V = sizes[i];
        for (int kinds = 1; kinds <= 1000; kinds *= 10) { // from all equal to hardly a tie
            for (int v = 0; v < V; v++) {
                keys[v] = (int32_t)(ql_random_step(&random) % (uint32_t)kinds) - kinds / 2;
                candidates[v] = sorted[v] = (uint16_t)v;
            }
            qsort(sorted, (size_t)V, sizeof sorted[0], by_key_then_index);
            ql_sampler_heap_init(candidates, V, keys);
            for (int taken = 0; taken < V; taken++) {
                assert_int_equal(ql_sampler_take(candidates, V - taken, keys), sorted[taken]);
            }
            for (int n = 0; n < V; n++) {
                assert_int_equal(candidates[V - 1 - n], sorted[n]);
            }
        }
    }
}

static void sampler_with_the_largest_vocabulary_reaches_its_last_token(void **state)
{
    (void)state;
    static float logits[V_LIMIT];
    struct ql_sampler sampler = sampler_of(1.0f, 1.0f, 0, 1);
    bool upper_half = false;

    for (int n = 0; n < 20; n++) {
        const int token = draw(&sampler, logits, V_LIMIT);
        assert_true(token >= 0 && token < V_LIMIT);
        upper_half = upper_half || token > V_LIMIT / 2;
    }
    assert_true(upper_half);
    logits[V_LIMIT - 1] = 50.0f;
    assert_int_equal(draw(&sampler, logits, V_LIMIT), V_LIMIT - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sampler_draws_follow_the_exact_probabilities),
        cmocka_unit_test(sampler_number_on_a_border_draws_the_token_behind_it),
        cmocka_unit_test(sampler_at_temperature_zero_takes_the_largest_and_draws_nothing),
        cmocka_unit_test(sampler_with_top_k_one_takes_the_largest_and_draws_once),
        cmocka_unit_test(sampler_with_tiny_top_p_takes_the_largest),
        cmocka_unit_test(sampler_with_top_k_of_v_or_more_is_as_without),
        cmocka_unit_test(sampler_with_equal_logits_keeps_the_lower_indices),
        cmocka_unit_test(sampler_with_negative_zero_sees_a_tie),
        cmocka_unit_test(sampler_with_one_token_always_draws_it),
        cmocka_unit_test(sampler_with_extreme_temperature_is_greedy_or_uniform),
        cmocka_unit_test(sampler_with_the_widest_logits_stays_in_the_numbers),
        cmocka_unit_test(sampler_with_a_logit_that_is_not_finite_gives_minus_one_and_draws_nothing),
        cmocka_unit_test(sampler_with_blocked_tokens_draws_as_if_there_were_only_the_others),
        cmocka_unit_test(sampler_with_all_blocked_gives_minus_one_and_draws_nothing),
        cmocka_unit_test(sampler_with_a_blocked_logit_that_is_not_finite_gives_minus_one),
        cmocka_unit_test(sampler_heap_gives_candidates_in_the_order_of_qsort),
        cmocka_unit_test(sampler_with_the_largest_vocabulary_reaches_its_last_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
