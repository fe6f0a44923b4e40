// Many draws from the same logits equal, token for token, those of the sampler with the same generators.
// Uses: generate/float_draw, device/sampler.h, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "device/sampler.h"
#include "generate/float_draw.h"

enum { V_LIMIT = 300, DRAWS = 40, CASES = 4000 };

static struct ql_random numbers;

static int below(int limit)
{
    return (int)(ql_random_step(&numbers) % (uint32_t)limit);
}

// Peaked, flat, with ties, with zeros of both signs, with differences beyond the range of exp.
static void fill_logits(float *logits, int V, int kind)
{
    static const float spreads[] = {1.0f, 8.0f, 1e-3f, 300.0f, 3e37f};

    for (int v = 0; v < V; v++) {
        float value = spreads[below(5)] * (2.0f * ql_random_step_f32(&numbers) - 1.0f);
        logits[v] = kind == 0   ? value
                    : kind == 1 ? (float)(below(4) - 2)
                    : kind == 2 ? (below(2) != 0 ? -0.0f : 0.0f)
                                : 6.0f * ql_random_step_f32(&numbers) - 3.0f;
    }
    if (kind == 3) {
        logits[below(V)] = 12.0f;
    }
}

static void check_draws(struct ql_float_draw *draw, const float *logits, const struct ql_batch_sampling *sampling,
                        int V)
{
    static uint32_t weights[V_LIMIT];
    static uint16_t candidates[V_LIMIT];

    assert_true(ql_float_draw_reset(draw, logits, sampling, NULL));
    for (int k = 0; k < DRAWS; k++) {
        struct ql_sampler sampler = {
            .temperature = sampling->temperature, .top_p = sampling->top_p, .top_k = sampling->top_k};
        struct ql_random random;
        ql_random_init(&random, ql_random_step(&numbers));
        sampler.random = random;
        const int token = ql_float_draw_next(draw, &random);
        assert_int_equal(token, ql_sampler_step_f32(&sampler, logits, NULL, weights, candidates, V));
        assert_memory_equal(&random, &sampler.random, sizeof random);
    }
}

static void draws_of_any_settings_are_those_of_the_sampler(void **state)
{
    static const int sizes[] = {1, 2, 15, 16, 17, 57, 64, 300};
    static const float temperatures[] = {0.0f, 0.001f, 0.3f, 1.0f, 1.5f, 100.0f};
    static const float shares[] = {1.0f, 0.999f, 0.9f, 0.5f, 1e-6f};
    static const int counts[] = {0, 1, 2, 16, 17, 24, 299, 300, 65535};
    static float logits[V_LIMIT];

    (void)state;
    ql_random_init(&numbers, 5);
    for (int i = 0; i < CASES; i++) {
        const int V = sizes[below(8)];
        const struct ql_batch_sampling sampling = {temperatures[below(6)], shares[below(5)], counts[below(9)]};
        struct ql_arena arena = {0};
        struct ql_float_draw draw;
        ql_float_draw_init(&draw, V, &arena);
        assert_false(arena.exhausted);
        fill_logits(logits, V, i % 4);
        check_draws(&draw, logits, &sampling, V);
        ql_arena_free(&arena);
    }
}

static void draw_blocked_tokens_never_come(void **state)
{
    enum { V = 40 };
    static float logits[V];
    static uint32_t weights[V];
    static uint16_t candidates[V];
    const struct ql_batch_sampling samplings[] = {{0.0f, 1.0f, 0}, {1.0f, 1.0f, 0}, {2.0f, 0.9f, 0}, {5.0f, 1.0f, 7}};
    struct ql_arena arena = {0};
    struct ql_float_draw draw;

    (void)state;
    ql_random_init(&numbers, 6);
    ql_float_draw_init(&draw, V, &arena);
    for (int i = 0; i < 400; i++) {
        const uint32_t blocked[2] = {ql_random_step(&numbers) & ~1u, 0x7f};
        fill_logits(logits, V, i % 4);
        assert_true(ql_float_draw_reset(&draw, logits, &samplings[i % 4], blocked));
        for (int k = 0; k < DRAWS; k++) {
            struct ql_sampler sampler = {samplings[i % 4].temperature, samplings[i % 4].top_p, samplings[i % 4].top_k,
                                         numbers};
            const int token = ql_float_draw_next(&draw, &numbers);
            assert_in_range(token, 0, V - 1);
            assert_int_equal(blocked[token / 32] >> (token % 32) & 1, 0);
            assert_int_equal(token, ql_sampler_step_f32(&sampler, logits, blocked, weights, candidates, V));
        }
    }
    assert_false(ql_float_draw_reset(&draw, logits, &samplings[1], (const uint32_t[]){0xffffffff, 0xff}));
    ql_arena_free(&arena);
}

static void draw_of_logits_that_are_not_finite_is_refused(void **state)
{
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    const struct ql_batch_sampling sampling = {1.0f, 1.0f, 0};
    struct ql_arena arena = {0};
    struct ql_float_draw draw;

    (void)state;
    ql_float_draw_init(&draw, 20, &arena);
    for (int v = 0; v < 20; v++) {
        for (int k = 0; k < 3; k++) {
            float logits[20] = {0};
            logits[v] = bad[k];
            assert_false(ql_float_draw_reset(&draw, logits, &sampling, NULL));
        }
    }
    ql_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_of_any_settings_are_those_of_the_sampler),
        cmocka_unit_test(draw_blocked_tokens_never_come),
        cmocka_unit_test(draw_of_logits_that_are_not_finite_is_refused),
    };
    return cmocka_run_group_tests_name("float_draw", tests, NULL, NULL);
}
