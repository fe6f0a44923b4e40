// The elementary functions and casts of device/ against libm, special values, and every half-precision number.
// Uses: cmocka, libm, device.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "device/arithmetic.h"
#include "device/cast.h"
#include "device/elementary.h"

enum { SAMPLES = 200000 };

// Rounding once is half a unit; the rest is the error that the double arithmetic before it may add.
static const double unit_limit = 0.51;
// gelu subtracts where x is negative, at most a few units of the fit's 2.7e-9.
static const double gelu_unit_limit = 0.6;

static uint32_t random_state = 1;

static uint32_t draw(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

// Any finite float, with all exponents equally likely.
static float draw_float(void)
{
    for (;;) {
        uint32_t bits = draw();
        float value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite((double)value)) {
            return value;
        }
    }
}

static float draw_between(float least, float most)
{
    return least + (most - least) * (float)(draw() >> 8) / 16777216.0f;
}

// The distance in units in the last place of the expected float.
static double unit_distance(float actual, double expected)
{
    const double least_normal = 1.1754943508222875e-38;
    double size = fabs(expected) < least_normal ? least_normal : fabs(expected);
    return fabs((double)actual - expected) / ldexp(1.0, ilogb(size) - 23);
}

static void check_units(const char *name, float x, float actual, double expected, double limit)
{
    if (isnan(expected) ? isnan((double)actual) : fabs(expected) > 3.4e38 && isinf((double)actual)) {
        return;
    }
    if (!(unit_distance(actual, expected) <= limit)) {
        fail_msg("%s(%a) is %a instead of %a", name, (double)x, (double)actual, expected);
    }
}

static void elementary_functions_are_within_half_a_unit_of_libm(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        float any = draw_float();
        float near = draw_between(-104.0f, 89.0f);
        float small = draw_between(-6.0f, 6.0f);
        float positive = fabsf(any);
        float power = draw_between(-20.0f, 20.0f);
        check_units("exp", near, ql_exponential_f32(near), exp((double)near), unit_limit);
        check_units("log", positive, ql_log_f32(positive), log((double)positive), unit_limit);
        check_units("erf", small, ql_erf_f32(small), erf((double)small), unit_limit);
        check_units("erf", any, ql_erf_f32(any), erf((double)any), unit_limit);
        check_units("pow", positive, ql_pow_f32(positive, power), pow((double)positive, (double)power), unit_limit);
        check_units("gelu", small, ql_gelu_f32(small), 0.5 * (double)small * erfc((double)small * -sqrt(0.5)),
                    gelu_unit_limit);
    }
}

// The distance in units in the last place of the expected double. A long double of x86-64 has 11 bits more.
static double unit_distance_f64(double actual, long double expected)
{
    return (double)(fabsl((long double)actual - expected) / ldexpl(1.0L, ilogbl(expected) - 52));
}

// The loss and the optimizer of a training use these in double.
static void double_functions_are_within_their_units_of_libm(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        const double unit = ((double)draw() + (double)draw() / 4294967296.0) / 4294967296.0; // from 0 to 1
        const double large = 1400.0 * (unit - 0.5), small = ldexp(unit - 0.5, -(i % 60));
        const double positive = exp(large), near_one = 1.0 + small;
        const double step = (double)(i * 5);
        const double powers[] = {0.9, 0.98, 0.999};

        assert_true(unit_distance_f64(ql_exponential_f64(large), expl((long double)large)) <= 1.1);
        assert_true(unit_distance_f64(ql_exponential_f64(small), expl((long double)small)) <= 1.1);
        assert_true(unit_distance_f64(ql_log_f64(positive), logl((long double)positive)) <= 1.0);
        assert_true(near_one == 1.0 || unit_distance_f64(ql_log_f64(near_one), logl((long double)near_one)) <= 1.0);
        for (int k = 0; k < 3; k++) {
            const long double expected = powl((long double)powers[k], (long double)step);
            assert_true(fabsl((long double)ql_pow_f64(powers[k], step) - expected) <= 2e-13L * expected + 1e-300L);
        }
    }
    assert_true(ql_log_f64(1.0) == 0.0 && ql_exponential_f64(0.0) == 1.0);
}

static void square_root_is_that_of_the_processor(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        float x = fabsf(draw_float());
        double wide = (double)x * (1.0 + (double)draw() / 4294967296.0);
        assert_true(ql_sqrt_f32(x) == sqrtf(x));
        assert_true(ql_sqrt_f64(wide) == sqrt(wide));
    }
    assert_true(ql_sqrt_f64(5e-324) == sqrt(5e-324));
    assert_true(ql_sqrt_f64(1.7976931348623157e308) == sqrt(1.7976931348623157e308));
}

static void elementary_special_values_are_those_of_c(void **state)
{
    static const float values[] = {0.0f,   -0.0f,      1.0f,   -1.0f,   INFINITY,      -INFINITY, NAN,
                                   2.0f,   -2.0f,      3.0f,   -3.0f,   0.5f,          -0.5f,     1e30f,
                                   -1e30f, 16777217.f, 1e-42f, -1e-42f, 2001.0f,       -2001.0f,  1000.f,
                                   1023.f, -1.5f,      33.0f,  3.4e38f, -1073741824.0f};
    enum { COUNT = sizeof values / sizeof values[0] };

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        const float x = values[i];
        check_units("exp", x, ql_exponential_f32(x), exp((double)x), unit_limit);
        check_units("log", x, ql_log_f32(x), log((double)x), unit_limit);
        check_units("sqrt", x, ql_sqrt_f32(x), sqrt((double)x), unit_limit);
        check_units("erf", x, ql_erf_f32(x), erf((double)x), unit_limit);
        for (int j = 0; j < COUNT; j++) {
            float actual = ql_pow_f32(x, values[j]);
            float expected = powf(x, values[j]);
            if (!(actual == expected && signbit(actual) == signbit(expected)) && !(isnan(actual) && isnan(expected)) &&
                !(unit_distance(actual, (double)expected) <= 1.0)) {
                fail_msg("pow(%g, %g) is %g instead of %g", (double)x, (double)values[j], (double)actual,
                         (double)expected);
            }
        }
    }
}

static void whole_powers_are_exact(void **state)
{
    (void)state;
    for (int base = -12; base <= 12; base++) {
        int64_t exact = 1;
        for (int n = 0; n <= 12; n++, exact *= base) {
            assert_int_equal(ql_pow_s64(base, n), exact);
            assert_true(ql_pow_f64((double)base, (double)n) == (double)exact);
        }
    }
    assert_int_equal(ql_pow_s64(2, -1), 0);
    assert_int_equal(ql_pow_s64(-1, -3), -1);
    assert_int_equal(ql_pow_s64(-1, INT64_MIN), 1);
    assert_int_equal(ql_pow_s64(0, -1), 0);
}

static void integer_extremes_are_defined(void **state)
{
    (void)state;
    assert_int_equal(ql_add_s64(INT64_MAX, 1), INT64_MIN);
    assert_int_equal(ql_div_s64(INT64_MIN, -1), INT64_MIN);
    assert_int_equal(ql_div_s64(-7, 2), -3);
    assert_int_equal(ql_div_s64(1, 0), 0);
    assert_int_equal(ql_abs_s64(INT64_MIN), INT64_MIN);
    assert_int_equal(ql_div_u64(-2, 2), INT64_MAX); // 2^64 - 2
    assert_int_equal(ql_max_u64(-1, 1), -1);
}

static void minimum_and_maximum_keep_nan(void **state)
{
    (void)state;
    assert_true(isnan(ql_max_f32(NAN, 1.0f)) && isnan(ql_max_f32(1.0f, NAN)));
    assert_true(isnan(ql_min_f32(NAN, 1.0f)) && isnan(ql_min_f32(1.0f, NAN)));
    assert_true(isnan(ql_relu_f32(NAN)));
}

// One of the two formats of 16 bits: element type, bits of the exponent, bits of the fraction.
static void check_half(int element, int exponent_bits, int fraction_bits)
{
    const uint32_t infinity = ((1u << exponent_bits) - 1) << fraction_bits;
    const int bias = (1 << (exponent_bits - 1)) - 1;

    for (uint32_t bits = 0; bits <= infinity; bits++) {
        uint16_t half = (uint16_t)bits;
        uint16_t back;
        double value;
        ql_cast(&value, &half, QL_ELEMENT_F64, element, 1);
        int exponent = (int)(bits >> fraction_bits);
        double fraction = (double)(bits & ((1u << fraction_bits) - 1)) / (double)(1 << fraction_bits);
        double expected = bits == infinity ? (double)INFINITY
                          : exponent == 0  ? ldexp(fraction, 1 - bias)
                                           : ldexp(1.0 + fraction, exponent - bias);
        assert_true(value == expected);
        ql_cast(&back, &value, element, QL_ELEMENT_F64, 1);
        assert_int_equal(back, half);
        value = -value;
        ql_cast(&back, &value, element, QL_ELEMENT_F64, 1);
        assert_int_equal(back, half | 0x8000);
        if (bits + 1 < infinity) {
            // The midpoint to the next number is rounded to the even one of the two; a number next to the midpoint, to
            // the nearer one.
            uint16_t above = (uint16_t)(bits + 1);
            double next;
            ql_cast(&next, &above, QL_ELEMENT_F64, element, 1);
            double middle = (expected + next) / 2;
            const double points[] = {nextafter(middle, 0.0), middle, nextafter(middle, INFINITY)};
            const uint32_t rounded[] = {bits, (bits & 1) != 0 ? bits + 1 : bits, bits + 1};
            for (int k = 0; k < 3; k++) {
                ql_cast(&back, &points[k], element, QL_ELEMENT_F64, 1);
                assert_int_equal(back, rounded[k]);
            }
        }
    }
}

static void cast_every_half_goes_there_and_back(void **state)
{
    (void)state;
    check_half(QL_ELEMENT_F16, 5, 10);
    check_half(QL_ELEMENT_BF16, 8, 7);
}

static void cast_beyond_the_range_takes_the_nearest(void **state)
{
    const double doubles[] = {1e300, -1e300, NAN, 9223372036854775807.0, -129.9, 255.9};
    int64_t wide[6];
    int8_t narrow[6];
    uint8_t small[6];
    uint64_t large[6];

    (void)state;
    ql_cast(wide, doubles, QL_ELEMENT_S64, QL_ELEMENT_F64, 6);
    ql_cast(narrow, doubles, QL_ELEMENT_S8, QL_ELEMENT_F64, 6);
    ql_cast(small, doubles, QL_ELEMENT_U8, QL_ELEMENT_F64, 6);
    ql_cast(large, doubles, QL_ELEMENT_U64, QL_ELEMENT_F64, 6);
    assert_true(wide[0] == INT64_MAX && wide[1] == INT64_MIN && wide[2] == 0 && wide[3] == INT64_MAX);
    assert_true(narrow[0] == 127 && narrow[1] == -128 && narrow[4] == -128 && narrow[5] == 127);
    assert_true(small[0] == 255 && small[1] == 0 && small[5] == 255);
    assert_true(large[0] == UINT64_MAX && large[1] == 0 && large[3] == UINT64_C(1) << 63);
}

static void cast_integers_keep_low_bits_and_signs(void **state)
{
    const int64_t numbers[] = {-1, 256 + 7, INT64_MAX};
    uint8_t bytes[3];
    int32_t words[3];
    uint8_t truths[3];
    float floats[3];
    const uint64_t most = UINT64_MAX;
    float rounded;

    (void)state;
    ql_cast(bytes, numbers, QL_ELEMENT_U8, QL_ELEMENT_S64, 3);
    ql_cast(words, numbers, QL_ELEMENT_S32, QL_ELEMENT_S64, 3);
    ql_cast(truths, numbers, QL_ELEMENT_BOOL, QL_ELEMENT_S64, 3);
    ql_cast(floats, words, QL_ELEMENT_F32, QL_ELEMENT_S32, 3);
    ql_cast(&rounded, &most, QL_ELEMENT_F32, QL_ELEMENT_U64, 1);
    assert_true(bytes[0] == 255 && bytes[1] == 7 && bytes[2] == 255);
    assert_true(words[0] == -1 && words[1] == 263 && words[2] == -1);
    assert_true(truths[0] == 1 && truths[1] == 1 && truths[2] == 1);
    assert_true(floats[0] == -1.0f && floats[1] == 263.0f);
    assert_true(rounded == 18446744073709551616.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elementary_functions_are_within_half_a_unit_of_libm),
        cmocka_unit_test(double_functions_are_within_their_units_of_libm),
        cmocka_unit_test(square_root_is_that_of_the_processor),
        cmocka_unit_test(elementary_special_values_are_those_of_c),
        cmocka_unit_test(whole_powers_are_exact),
        cmocka_unit_test(integer_extremes_are_defined),
        cmocka_unit_test(minimum_and_maximum_keep_nan),
        cmocka_unit_test(cast_every_half_goes_there_and_back),
        cmocka_unit_test(cast_beyond_the_range_takes_the_nearest),
        cmocka_unit_test(cast_integers_keep_low_bits_and_signs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
