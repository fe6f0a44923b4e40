// Draws from integer logits that were prepared once equal those of the sampler, for all settings, ties, and blocked
// tokens.
// Uses: generate/integer_draw, device/sampler_s32, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "generate/integer_draw.h"

enum { LARGEST = 300, DRAWS = 20 };

static const int SIZES[] = {1, 2, 15, 16, 17, 57, LARGEST};
static const uint32_t TEMPERATURES[] = {0, 1, 1229, 4096, 20000, 409600};
static const uint32_t SHARES[] = {1, 30000, 62259, 65535, QL_SAMPLER_SHARE_ONE};
static const int COUNTS[] = {0, 1, 5, 24, LARGEST};
static const int32_t SPREADS[] = {0, 3, 4000, 200000, 1 << 29};

enum {
    SIZE_COUNT = sizeof SIZES / sizeof SIZES[0],
    TEMPERATURE_COUNT = sizeof TEMPERATURES / sizeof TEMPERATURES[0],
    SHARE_COUNT = sizeof SHARES / sizeof SHARES[0],
    COUNT_COUNT = sizeof COUNTS / sizeof COUNTS[0],
    SPREAD_COUNT = sizeof SPREADS / sizeof SPREADS[0],
};

static void check(int V, struct ql_sampler_s32 sampler, const int32_t *logits, const uint32_t *blocked)
{
    struct ql_arena arena = {0};
    struct ql_integer_draw draw;
    struct ql_random random = sampler.random;
    uint32_t weights[LARGEST];
    uint16_t candidates[LARGEST];

    ql_integer_draw_init(&draw, V, &arena);
    assert_false(arena.exhausted);
    const bool possible = ql_integer_draw_reset(&draw, logits, &sampler, blocked);
    for (int n = 0; n < DRAWS; n++) {
        const int expected = ql_sampler_step_s32(&sampler, logits, blocked, weights, candidates, V);
        assert_int_equal(possible, expected >= 0);
        if (possible) {
            assert_int_equal(ql_integer_draw_next(&draw, &random), expected);
            assert_memory_equal(&random, &sampler.random, sizeof random);
        }
    }
    ql_arena_free(&arena);
}

static void integer_draw_is_that_of_the_sampler(void **state)
{
    (void)state;
    struct ql_random random;
    int32_t logits[LARGEST];
    uint32_t blocked[(LARGEST + 31) / 32];

    ql_random_init(&random, 11);
    for (int k = 0; k < TEMPERATURE_COUNT * SHARE_COUNT * COUNT_COUNT * SPREAD_COUNT; k++) {
        const int32_t spread = SPREADS[k % SPREAD_COUNT];
        struct ql_sampler_s32 sampler = {
            .temperature = TEMPERATURES[k / SPREAD_COUNT % TEMPERATURE_COUNT],
            .top_p = SHARES[k / (SPREAD_COUNT * TEMPERATURE_COUNT) % SHARE_COUNT],
            .top_k = COUNTS[k / (SPREAD_COUNT * TEMPERATURE_COUNT * SHARE_COUNT)],
        };
        for (int size = 0; size < SIZE_COUNT; size++) {
            for (int v = 0; v < LARGEST; v++) {
                logits[v] = (int32_t)(ql_random_step(&random) % (2 * (uint32_t)spread + 1)) - spread;
            }
            for (size_t word = 0; word < sizeof blocked / sizeof blocked[0]; word++) {
                blocked[word] = ql_random_step(&random) | (k % 7 == 0 ? UINT32_MAX : 0);
            }
            ql_random_init(&sampler.random, ql_random_step(&random));
            check(SIZES[size], sampler, logits, k % 3 == 0 ? blocked : NULL);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integer_draw_is_that_of_the_sampler),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
