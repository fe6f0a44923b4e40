// Differences of floats, including special values; and bytes as hexadecimal digits.
// Uses: verify/difference, verify/hex.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "verify/difference.h"
#include "verify/hex.h"

static struct ql_difference between(float left, float right)
{
    struct ql_difference difference = {0};
    ql_difference_step(&difference, &left, &right, 1);
    return difference;
}

static void difference_of_equal_floats_is_none(void **state)
{
    (void)state;
    const float values[] = {0.0f, -0.0f, 1.5f, -3e38f, 1e-45f, INFINITY, -INFINITY, NAN};
    struct ql_difference difference = {0};
    ql_difference_step(&difference, values, values, 8);
    assert_int_equal(difference.count, 8);
    assert_int_equal(difference.unequal, 0);
    assert_int_equal(difference.ulp, 0);
    assert_true(difference.absolute == 0.0);
}

static void difference_of_neighbours_is_one_ulp(void **state)
{
    (void)state;
    assert_int_equal(between(1.0f, nextafterf(1.0f, 2.0f)).ulp, 1);
    assert_int_equal(between(-1.0f, nextafterf(-1.0f, 0.0f)).ulp, 1);
    assert_int_equal(between(1e-45f, -1e-45f).ulp, 2);
    assert_int_equal(between(1.0f, 2.0f).ulp, 1 << 23);
    assert_true(between(1.0f, 2.5f).absolute == 1.5);
}

static void difference_of_zeros_is_in_the_bits_only(void **state)
{
    (void)state;
    const struct ql_difference difference = between(0.0f, -0.0f);
    assert_int_equal(difference.unequal, 1);
    assert_int_equal(difference.ulp, 0);
    assert_true(difference.absolute == 0.0);
}

static void difference_from_what_is_no_number_is_infinite(void **state)
{
    (void)state;
    const float others[][2] = {{NAN, 1.0f}, {1.0f, NAN}, {INFINITY, 1.0f}, {INFINITY, -INFINITY}, {NAN, INFINITY}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct ql_difference difference = between(others[i][0], others[i][1]);
        assert_true(isinf(difference.absolute));
        assert_int_equal(difference.ulp, UINT32_MAX);
        assert_int_equal(difference.unequal, 1);
    }
}

static void difference_worst_counts_over_all_steps(void **state)
{
    (void)state;
    const float left[] = {1.0f, 2.0f, 3.0f}, right[] = {1.0f, 2.5f, 3.0f}, far[] = {1.0f, 2.0f, 9.0f};
    struct ql_difference difference = {0};
    ql_difference_step(&difference, left, right, 3);
    assert_int_equal(difference.worst, 1);
    ql_difference_step(&difference, left, far, 3);
    assert_int_equal(difference.worst, 5);
    assert_true(difference.left == 3.0f && difference.right == 9.0f);
    ql_difference_step(&difference, left, right, 3);
    assert_int_equal(difference.worst, 5);
    assert_int_equal(difference.count, 9);
}

static void difference_is_relative_to_the_largest_of_its_step(void **state)
{
    (void)state;
    const float left[] = {0.25f, -20.0f}, right[] = {0.75f, -20.0f}, small[] = {0.25f, 0.5f}, near[] = {0.375f, 0.5f};
    struct ql_difference difference = {0};
    ql_difference_step(&difference, left, right, 2);
    assert_true(difference.relative == 0.5 / 20.0);
    ql_difference_step(&difference, small, near, 2);
    assert_true(difference.relative == 0.125);
    assert_true(difference.absolute == 0.5);
    assert_true(isinf(between(INFINITY, 1.0f).relative));
    assert_true(isinf(between(1.0f, NAN).relative));
}

static void hex_bytes_come_back(void **state)
{
    unsigned char bytes[256], back[256];
    char text[513];

    (void)state;
    for (int i = 0; i < 256; i++) {
        bytes[i] = (unsigned char)i;
    }
    *ql_hex_encode(text, bytes, 256) = '\0';
    assert_int_equal(strlen(text), 512);
    assert_memory_equal(text, "000102", 6);
    assert_true(ql_hex_decode(back, 256, text, 512));
    assert_memory_equal(back, bytes, 256);
}

static void hex_other_text_is_refused(void **state)
{
    unsigned char back[2];

    (void)state;
    assert_false(ql_hex_decode(back, 2, "0a0", 3));
    assert_false(ql_hex_decode(back, 2, "0a0b0c", 6));
    assert_false(ql_hex_decode(back, 2, "0a0g", 4));
    assert_false(ql_hex_decode(back, 2, "0A0B", 4));
    assert_true(ql_hex_decode(back, 0, "", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(difference_of_equal_floats_is_none),
        cmocka_unit_test(difference_of_neighbours_is_one_ulp),
        cmocka_unit_test(difference_of_zeros_is_in_the_bits_only),
        cmocka_unit_test(difference_from_what_is_no_number_is_infinite),
        cmocka_unit_test(difference_worst_counts_over_all_steps),
        cmocka_unit_test(difference_is_relative_to_the_largest_of_its_step),
        cmocka_unit_test(hex_bytes_come_back),
        cmocka_unit_test(hex_other_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
