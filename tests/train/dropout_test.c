// Dropout: its rate, its scale, and that whether an element is dropped depends only on its key and index.
// Uses: train/dropout, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "train/dropout.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { VALUES = 1 << 20 };

static float ones[VALUES], mask[VALUES], other[VALUES];

static int fill_ones(void **state)
{
    (void)state;
    for (size_t k = 0; k < VALUES; k++) {
        ones[k] = 1.0f;
    }
    return 0;
}

static void mask_of_any_probability_drops_that_share(void **state)
{
    static const float probabilities[] = {0.001f, 0.1f, 0.2f, 0.5f, 0.95f};
    (void)state;

    for (size_t i = 0; i < COUNT(probabilities); i++) {
        double p = (double)probabilities[i];
        struct ql_dropout dropout = {probabilities[i], ql_dropout_key(7, 1, 1)};
        ql_dropout_forward(mask, ones, &dropout, 0, VALUES);
        double dropped = 0;
        for (size_t k = 0; k < VALUES; k++) {
            dropped += mask[k] == 0.0f ? 1 : 0;
        }
        double deviation = fabs(dropped / VALUES - p);
        double standard = sqrt(p * (1 - p) / VALUES);
        if (deviation > 4 * standard) {
            fail_msg("p %g: a share of %g is dropped, %.1f standard deviations off", p, dropped / VALUES,
                     deviation / standard);
        }
    }
}

static void kept_element_is_scaled_to_keep_the_mean(void **state)
{
    struct ql_dropout dropout = {0.2f, ql_dropout_key(7, 1, 1)};
    const float scale = 1.0f / (1.0f - 0.2f);
    float values[512];
    (void)state;

    for (size_t k = 0; k < COUNT(values); k++) {
        values[k] = (float)k - 100.5f;
    }
    ql_dropout_forward(mask, values, &dropout, 0, (int)COUNT(values));
    for (size_t k = 0; k < COUNT(values); k++) {
        assert_true(mask[k] == 0.0f || mask[k] == values[k] * scale);
    }
}

static void probability_zero_changes_nothing(void **state)
{
    struct ql_dropout dropout = {0.0f, ql_dropout_key(7, 1, 1)};
    (void)state;

    ql_dropout_forward(mask, ones, &dropout, 0, VALUES);
    assert_memory_equal(mask, ones, sizeof ones);
}

static void mask_in_pieces_is_the_mask_in_one(void **state)
{
    struct ql_dropout dropout = {0.4f, ql_dropout_key(1, 99, 2)};
    enum { COUNTED = 10000 };
    (void)state;

    ql_dropout_forward(mask, ones, &dropout, 0, COUNTED);
    memcpy(other, ones, sizeof ones);
    for (int first = 0, size = 1; first < COUNTED; first += size, size = size % 37 + 1) {
        int count = COUNTED - first < size ? COUNTED - first : size;
        ql_dropout_forward(other + first, other + first, &dropout, (uint32_t)first, count); // in place
    }
    assert_memory_equal(mask, other, COUNTED * sizeof mask[0]);
}

// Two independent masks with probability 1/2 agree in half of the places.
static void check_independent(uint32_t key, uint32_t other_key)
{
    struct ql_dropout dropout = {0.5f, key}, other_dropout = {0.5f, other_key};
    double equal = 0;

    ql_dropout_forward(mask, ones, &dropout, 0, VALUES);
    ql_dropout_forward(other, ones, &other_dropout, 0, VALUES);
    for (size_t k = 0; k < VALUES; k++) {
        equal += mask[k] == other[k] ? 1 : 0;
    }
    double deviation = fabs(equal / VALUES - 0.5) * 2 * sqrt(VALUES);
    if (deviation > 4) {
        fail_msg("masks of the keys %08x and %08x agree in a share of %g, %.1f standard deviations off", key, other_key,
                 equal / VALUES, deviation);
    }
}

static void masks_of_other_seed_step_or_layer_are_independent(void **state)
{
    (void)state;

    check_independent(ql_dropout_key(1, 1, 1), ql_dropout_key(2, 1, 1));
    check_independent(ql_dropout_key(1, 1, 1), ql_dropout_key(1, 2, 1));
    check_independent(ql_dropout_key(1, 1, 1), ql_dropout_key(1, 1, 2));
    check_independent(ql_dropout_key(1, 1, 2), ql_dropout_key(1, 2, 1));
    check_independent(ql_dropout_key(1, 5, 1), ql_dropout_key(1, UINT64_C(0x100000005), 1));
}

static void neighbours_in_a_mask_are_independent(void **state)
{
    struct ql_dropout dropout = {0.5f, ql_dropout_key(3, 17, 1)};
    (void)state;

    ql_dropout_forward(mask, ones, &dropout, 0, VALUES);
    for (size_t distance = 1; distance <= 1024; distance *= 2) {
        double equal = 0;
        for (size_t k = 0; k + distance < VALUES; k++) {
            equal += mask[k] == mask[k + distance] ? 1 : 0;
        }
        double pairs = (double)(VALUES - distance);
        assert_true(fabs(equal / pairs - 0.5) * 2 * sqrt(pairs) < 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mask_of_any_probability_drops_that_share),
        cmocka_unit_test(kept_element_is_scaled_to_keep_the_mean),
        cmocka_unit_test(probability_zero_changes_nothing),
        cmocka_unit_test(mask_in_pieces_is_the_mask_in_one),
        cmocka_unit_test(masks_of_other_seed_step_or_layer_are_independent),
        cmocka_unit_test(neighbours_in_a_mask_are_independent),
    };
    return cmocka_run_group_tests_name("dropout", tests, fill_ones, NULL);
}
