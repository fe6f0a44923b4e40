// The random numbers: published values, a second form of the same recurrence, and coarse statistics.
// All seeds are fixed, so a statistic that passes once always passes.
// Uses: device/random.h, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "device/random.h"

// 99.99 % of chi-square with 255 degrees of freedom; beyond it, 256 cells are not equally likely.
static const double chi_square_limit = 347.6;

enum { CELLS = 256 };

static double chi_square(const int counts[CELLS], double expected)
{
    double sum = 0.0;

    for (int i = 0; i < CELLS; i++) {
        sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    return sum;
}

// The test values of the crate rand_xoshiro, which come from the authors' C code.
static void random_from_published_state_gives_published_numbers(void **state)
{
    (void)state;
    static const uint32_t expected[] = {11520,      0,          5927040,    70819200,   2031721883,
                                        1637235492, 1287239034, 3734860849, 3729100597, 4258142804};
    struct ql_random random = {{1, 2, 3, 4}};

    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(ql_random_step(&random), expected[i]);
    }
}

// The recurrence with every new word in terms of the old ones, and the scrambler in 64-bit arithmetic modulo 2^32.
static void random_step_agrees_with_the_recurrence_in_closed_form(void **state)
{
    (void)state;
    struct ql_random random;
    uint64_t a, b, c, d;

    ql_random_init(&random, 2024);
    a = random.state[0];
    b = random.state[1];
    c = random.state[2];
    d = random.state[3];
    for (int i = 0; i < 100000; i++) {
        const uint64_t wide = (b * 5 & UINT32_MAX) * 128;
        assert_int_equal(ql_random_step(&random), ((wide & UINT32_MAX) + (wide >> 32)) * 9 & UINT32_MAX);

        const uint64_t turned = ((b ^ d) * 2048 % 0x100000000u) | (b ^ d) / 0x200000u;
        const uint64_t next_a = a ^ b ^ d, next_b = a ^ b ^ c, next_c = a ^ c ^ (b * 512 & UINT32_MAX);
        a = next_a;
        b = next_b;
        c = next_c;
        d = turned;
        assert_int_equal(random.state[0], a);
        assert_int_equal(random.state[1], b);
        assert_int_equal(random.state[2], c);
        assert_int_equal(random.state[3], d);
    }
}

// fmix32 of MurmurHash3: 0 stays 0, 1 becomes 0x514e28b7.
static void random_mix_gives_known_values(void **state)
{
    (void)state;
    assert_int_equal(ql_random_mix(0), 0);
    assert_int_equal(ql_random_mix(1), 0x514e28b7);
}

static uint32_t unshift(uint32_t value, int bits)
{
    uint32_t result = value;

    for (int known = bits; known < 32; known += bits) {
        result = value ^ result >> bits;
    }
    return result;
}

// The inverse of an odd number modulo 2^32, by Newton: each step doubles the number of correct bits.
static uint32_t invert(uint32_t odd)
{
    uint32_t inverse = odd;

    for (int i = 0; i < 5; i++) {
        inverse *= 2 - odd * inverse;
    }
    return inverse;
}

static void random_mix_can_be_undone(void **state)
{
    (void)state;
    const uint32_t undo_last = invert(0xc2b2ae35), undo_first = invert(0x85ebca6b);

    for (uint32_t i = 0; i < 1000000; i++) {
        const uint32_t value = i * 4293; // all over the range
        uint32_t back = unshift(ql_random_mix(value), 16) * undo_last;
        back = unshift(unshift(back, 13) * undo_first, 16);
        assert_int_equal(back, value);
    }
}

static void random_init_from_any_seed_leaves_at_most_one_zero_word(void **state)
{
    (void)state;
    // Only these four seeds give a zero word at all, because mix(0) is the only 0.
    for (uint32_t k = 1; k <= 4; k++) {
        struct ql_random random;
        int zeros = 0;
        ql_random_init(&random, 0u - k * 0x9e3779b9u);
        for (int i = 0; i < 4; i++) {
            zeros += random.state[i] == 0;
        }
        assert_int_equal(zeros, 1);
        assert_int_equal(random.state[k - 1], 0);
    }
}

static void random_bytes_of_one_seed_are_equally_likely(void **state)
{
    (void)state;
    enum { DRAWS = 1 << 20 };
    struct ql_random random;
    int counts[4][CELLS] = {{0}};

    ql_random_init(&random, 5);
    for (int i = 0; i < DRAWS; i++) {
        const uint32_t number = ql_random_step(&random);
        for (int byte = 0; byte < 4; byte++) {
            counts[byte][number >> (8 * byte) & 255]++;
        }
    }
    for (int byte = 0; byte < 4; byte++) {
        assert_true(chi_square(counts[byte], (double)DRAWS / CELLS) < chi_square_limit);
    }
}

// People count seeds up from 0; the first numbers must look random anyway.
static void random_first_numbers_of_neighbouring_seeds_are_equally_likely(void **state)
{
    (void)state;
    enum { SEEDS = 1 << 18 };
    int counts[CELLS] = {0}, differences[CELLS] = {0};
    uint32_t before = 0;

    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        struct ql_random random;
        ql_random_init(&random, seed);
        const uint32_t top = ql_random_step(&random) >> 24;
        counts[top]++;
        differences[(top - before) & 255]++;
        before = top;
    }
    assert_true(chi_square(counts, (double)SEEDS / CELLS) < chi_square_limit);
    assert_true(chi_square(differences, (double)SEEDS / CELLS) < chi_square_limit);
}

static void random_floats_are_the_upper_24_bits(void **state)
{
    (void)state;
    struct ql_random random, same;
    float highest = 0.0f, lowest = 1.0f;

    ql_random_init(&random, 9);
    same = random;
    for (int i = 0; i < 1000000; i++) {
        const float number = ql_random_step_f32(&random);
        assert_true((double)number * 16777216.0 == (double)(ql_random_step(&same) >> 8));
        highest = number > highest ? number : highest;
        lowest = number < lowest ? number : lowest;
    }
    assert_true(highest < 1.0f && highest > 0.99999f);
    assert_true(lowest >= 0.0f && lowest < 0.00001f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_from_published_state_gives_published_numbers),
        cmocka_unit_test(random_step_agrees_with_the_recurrence_in_closed_form),
        cmocka_unit_test(random_mix_gives_known_values),
        cmocka_unit_test(random_mix_can_be_undone),
        cmocka_unit_test(random_init_from_any_seed_leaves_at_most_one_zero_word),
        cmocka_unit_test(random_bytes_of_one_seed_are_equally_likely),
        cmocka_unit_test(random_first_numbers_of_neighbouring_seeds_are_equally_likely),
        cmocka_unit_test(random_floats_are_the_upper_24_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
