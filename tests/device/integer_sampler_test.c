// The sampler of integer logits: its parts at all edges, its distributions compared with exact probabilities. All seeds
// are fixed, so a statistic that passes once always passes.
// Uses: device/sampler_s32.h, libm, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/sampler_s32.h"

enum { V_LIMIT = 65535, SMALL_V = 40, DRAWS = 200000 };

static int32_t logits[V_LIMIT];
static uint32_t weights[V_LIMIT];
static uint16_t candidates[V_LIMIT];

static struct ql_sampler_s32 sampler_of(float temperature, float top_p, int top_k, uint32_t seed)
{
    struct ql_sampler_s32 sampler = {.temperature = ql_sampler_units(temperature, QL_SAMPLER_TEMPERATURE_ONE),
                                     .top_p = ql_sampler_units(top_p, QL_SAMPLER_SHARE_ONE),
                                     .top_k = top_k};

    ql_random_init(&sampler.random, seed);
    return sampler;
}

static int draw(struct ql_sampler_s32 *sampler, volatile int V)
{
    return ql_sampler_step_s32(sampler, logits, NULL, weights, candidates, V);
}

static void make_logits(int V, uint32_t seed)
{
    struct ql_random random;

    ql_random_init(&random, seed);
    for (int v = 0; v < V; v++) {
        logits[v] = (int32_t)(ql_random_step(&random) % 8192) - 4096;
    }
}

static void settings_become_the_nearest_whole_units(void **state)
{
    (void)state;
    assert_int_equal(ql_sampler_units(0.0f, 4096), 0);
    assert_int_equal(ql_sampler_units(1e-9f, 4096), 1);
    assert_int_equal(ql_sampler_units(1.0f, 4096), 4096);
    assert_int_equal(ql_sampler_units(1.5f / 4096.0f, 4096), 2);
    assert_int_equal(ql_sampler_units(nextafterf(2867.5f / 4096.0f, 0.0f), 4096), 2867);
    assert_int_equal(ql_sampler_units(0.95f, 65536), 62259);
    assert_int_equal(ql_sampler_units(100.0f, 4096), 409600);
}

// The bits of the float are read as integers; here the same is computed with floats.
static void settings_are_those_of_float_arithmetic(void **state)
{
    static const uint32_t ones[] = {QL_SAMPLER_TEMPERATURE_ONE, QL_SAMPLER_SHARE_ONE};

    (void)state;
    for (int i = 0; i < 2; i++) {
        for (uint32_t bits = 0; bits < 0x46ffffff; bits += 1021) { // up to 2^15
            float value;
            memcpy(&value, &bits, sizeof value);
            const float units = value * (float)ones[i];
            const uint32_t whole = (uint32_t)units, rounded = whole + (units - (float)whole >= 0.5f);
            assert_int_equal(ql_sampler_units(value, ones[i]), rounded == 0 && value > 0.0f ? 1 : rounded);
        }
    }
    assert_int_equal(ql_sampler_setting(-0.0f, 4096, 9), 0);
    assert_int_equal(ql_sampler_setting(-1e-30f, 4096, 9), 9);
    assert_int_equal(ql_sampler_setting(-1.0f, 4096, 9), 9);
    assert_int_equal(ql_sampler_setting(0.25f, 4096, 9), 1024);
}

static void power_table_is_the_rounded_function(void **state)
{
    (void)state;
    for (int k = 0; k <= 64; k++) {
        assert_int_equal(ql_sampler_power_table[k], (uint32_t)floor(65536.0 * exp2(-k / 64.0) + 0.5));
    }
}

static void power_is_near_and_never_rises(void **state)
{
    uint32_t before = 65536;

    (void)state;
    for (uint32_t x = 0; x <= 17u << 27; x += x < 1u << 22 ? 997 : 100003) {
        const uint32_t power = ql_sampler_power(x);
        assert_true(fabs(power - 65536.0 * exp2(-ldexp(x, -27))) < 3.0);
        assert_true(power <= before);
        before = power;
    }
    assert_int_equal(ql_sampler_power(0), 65536);
    assert_int_equal(ql_sampler_power(1u << 27), 32768);
    assert_int_equal(ql_sampler_power(16u << 27), 1);
    assert_int_equal(ql_sampler_power(17u << 27), 1);
}

static void rate_is_log2_e_over_the_temperature(void **state)
{
    (void)state;
    for (uint32_t temperature = 1; temperature < 1000000; temperature += temperature / 3 + 1) {
        const double exact = ldexp(1.4426950408889634, 27) / 1024.0 * 4096.0 / temperature;
        const double limit = 17.0 * ldexp(1.0, 27);
        assert_true(fabs(ql_sampler_rate(temperature) - fmin(exact, limit)) <= 0.6);
    }
    assert_int_equal(ql_sampler_rate(UINT32_MAX), 1);
}

static void share_is_the_whole_part_of_the_product(void **state)
{
    struct ql_random random;

    (void)state;
    ql_random_init(&random, 1);
    for (int i = 0; i < 100000; i++) {
        const uint32_t total = ql_random_step(&random) % 0xffff0001u, share = ql_random_step(&random) % 65536 + 1;
        assert_int_equal(ql_sampler_share(total, share), (uint32_t)((uint64_t)total * share >> 16));
    }
    assert_int_equal(ql_sampler_share(0xffff0000u, 65536), 0xffff0000u);
}

static void draws_below_a_total_are_uniform(void **state)
{
    static const uint32_t totals[] = {2, 3, 5, 1000};

    (void)state;
    for (size_t k = 0; k < sizeof totals / sizeof totals[0]; k++) {
        struct ql_random random;
        uint32_t counts[1000] = {0};
        double chi_square = 0.0;
        const double expected = (double)DRAWS / totals[k];
        ql_random_init(&random, (uint32_t)k);
        for (int i = 0; i < DRAWS; i++) {
            const uint32_t drawn = ql_sampler_draw(&random, totals[k]);
            assert_true(drawn < totals[k]);
            counts[drawn]++;
        }
        for (uint32_t v = 0; v < totals[k]; v++) {
            chi_square += (counts[v] - expected) * (counts[v] - expected) / expected;
        }
        // Mean and deviation of chi-square with totals - 1 degrees of freedom.
        assert_true(chi_square < totals[k] - 1 + 4.0 * sqrt(2.0 * (totals[k] - 1)));
    }
    struct ql_random random = {{1, 2, 3, 4}}, same = {{1, 2, 3, 4}};
    const uint32_t first = ql_random_step(&same);
    assert_int_equal(ql_sampler_draw(&random, 0x80000001u), first < 0x80000001u ? first : ql_random_step(&same));
}

// What the sampler should do, in double, by counting instead of sorting.
static void exact_probabilities(double *p, int V, double temperature, double top_p, int top_k)
{
    double total = 0.0, kept_total = 0.0, before[SMALL_V] = {0};
    int rank[SMALL_V] = {0};

    for (int v = 0; v < V; v++) {
        for (int u = 0; u < V; u++) {
            rank[v] += logits[u] > logits[v] || (logits[u] == logits[v] && u < v);
        }
        p[v] = top_k > 0 && rank[v] >= top_k ? 0.0 : exp(logits[v] / 1024.0 / temperature);
        total += p[v];
    }
    for (int v = 0; v < V; v++) {
        for (int u = 0; u < V; u++) {
            before[v] += rank[u] < rank[v] ? p[u] : 0.0;
        }
    }
    for (int v = 0; v < V; v++) {
        p[v] = before[v] < top_p * total ? p[v] : 0.0;
        kept_total += p[v];
    }
    for (int v = 0; v < V; v++) {
        p[v] /= kept_total;
    }
}

static void draws_at_all_settings_have_the_exact_probabilities(void **state)
{
    static const float temperatures[] = {0.3f, 1.0f, 2.5f};
    static const float shares[] = {1.0f, 0.9f, 0.4f};
    static const int limits[] = {0, 1, 5};

    (void)state;
    for (int setting = 0; setting < 27; setting++) {
        const float temperature = temperatures[setting % 3], top_p = shares[setting / 3 % 3];
        const int top_k = limits[setting / 9], V = 3 + setting % 38;
        struct ql_sampler_s32 sampler = sampler_of(temperature, top_p, top_k, (uint32_t)setting);
        double p[SMALL_V], chi_square = 0.0, degrees = -1.0;
        int counts[SMALL_V] = {0};
        make_logits(V, 100 + (uint32_t)setting);
        exact_probabilities(p, V, (double)temperature, (double)top_p, top_k);
        for (int i = 0; i < DRAWS / 10; i++) {
            const int token = draw(&sampler, V);
            assert_in_range(token, 0, V - 1);
            counts[token]++;
        }
        for (int v = 0; v < V; v++) {
            const double expected = p[v] * (DRAWS / 10);
            assert_true(p[v] > 0.0 || counts[v] == 0);
            if (expected >= 5.0) {
                chi_square += (counts[v] - expected) * (counts[v] - expected) / expected;
                degrees += 1.0;
            }
        }
        assert_true(chi_square < fmax(degrees, 0.0) + 4.5 * sqrt(2.0 * fmax(degrees, 0.0)) + 1.0);
    }
}

static void temperature_0_takes_the_first_of_the_largest_and_draws_nothing(void **state)
{
    struct ql_sampler_s32 sampler = sampler_of(0.0f, 0.5f, 2, 1);
    const struct ql_sampler_s32 before = sampler;
    const uint32_t blocked[1] = {2};

    (void)state;
    logits[0] = -5;
    logits[1] = logits[2] = 7;
    assert_int_equal(draw(&sampler, 3), 1);
    assert_int_equal(ql_sampler_step_s32(&sampler, logits, blocked, weights, candidates, 3), 2);
    assert_memory_equal(&sampler, &before, sizeof before);
}

static void blocked_tokens_are_no_candidates(void **state)
{
    const uint32_t blocked[2] = {0xfffffff7u, 0xfffffffdu}, all[2] = {UINT32_MAX, UINT32_MAX};
    int seen[SMALL_V] = {0};

    (void)state;
    make_logits(SMALL_V, 5);
    for (uint32_t seed = 0; seed < 1000; seed++) {
        struct ql_sampler_s32 sampler = sampler_of(2.0f, 1.0f, 0, seed);
        seen[ql_sampler_step_s32(&sampler, logits, blocked, weights, candidates, SMALL_V)]++;
        assert_int_equal(ql_sampler_step_s32(&sampler, logits, all, weights, candidates, SMALL_V), -1);
    }
    assert_true(seen[3] > 0 && seen[33] > 0 && seen[3] + seen[33] == 1000);
}

static void equal_logits_are_taken_in_their_order(void **state)
{
    (void)state;
    for (int v = 0; v < SMALL_V; v++) {
        logits[v] = -77;
    }
    for (uint32_t seed = 0; seed < 300; seed++) {
        struct ql_sampler_s32 sampler = sampler_of(1.0f, 1.0f, 3, seed);
        assert_in_range(draw(&sampler, SMALL_V), 0, 2);
    }
    struct ql_sampler_s32 half = sampler_of(1.0f, 0.5f, 0, 1);
    for (int i = 0; i < 300; i++) {
        assert_in_range(draw(&half, SMALL_V), 0, SMALL_V / 2 - 1);
    }
}

static void extreme_logits_and_the_largest_vocabulary_do_not_overflow(void **state)
{
    struct ql_sampler_s32 sampler = sampler_of(100.0f, 1.0f, 0, 1), share = sampler_of(100.0f, 0.99f, 0, 1);

    (void)state;
    memset(logits, 0, sizeof logits);
    int64_t sum = 0;
    for (int i = 0; i < 50; i++) {
        sum += draw(&sampler, V_LIMIT);
        assert_in_range(draw(&share, V_LIMIT), 0, 64880);
    }
    assert_in_range(sum / 50, 25000, 40000);
    logits[0] = INT32_MIN;
    logits[1] = INT32_MAX;
    logits[2] = INT32_MAX - 5;
    logits[3] = 0;
    struct ql_sampler_s32 cold = sampler_of(1e-9f, 1.0f, 0, 1);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(draw(&cold, 4), 1);
        assert_in_range(draw(&sampler, 4), 1, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_become_the_nearest_whole_units),
        cmocka_unit_test(settings_are_those_of_float_arithmetic),
        cmocka_unit_test(power_table_is_the_rounded_function),
        cmocka_unit_test(power_is_near_and_never_rises),
        cmocka_unit_test(rate_is_log2_e_over_the_temperature),
        cmocka_unit_test(share_is_the_whole_part_of_the_product),
        cmocka_unit_test(draws_below_a_total_are_uniform),
        cmocka_unit_test(draws_at_all_settings_have_the_exact_probabilities),
        cmocka_unit_test(temperature_0_takes_the_first_of_the_largest_and_draws_nothing),
        cmocka_unit_test(blocked_tokens_are_no_candidates),
        cmocka_unit_test(equal_logits_are_taken_in_their_order),
        cmocka_unit_test(extreme_logits_and_the_largest_vocabulary_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
