// exp, sigmoid and tanh against libm's double precision: worst errors over a dense sweep of all floats, and edges.
// Uses: device/activation.h, libm, cmocka.
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "device/activation.h"

// Every SWEEP-th float of a range is tried; a prime, so that all patterns of low bits occur.
enum { SWEEP = 199 };

// The bounds in activation.h, in units in the last place.
static const double exp_bound_ulp = 2.0, sigmoid_bound_ulp = 3.0, tanh_bound_ulp = 4.0;

// exp(x) is clamped at both ends.
static const float exp_range = 87.0f;

// The distance from the exact value in units of the last place of the float nearest to it.
static double error_in_ulp(float actual, double exact)
{
    int exponent;

    (void)frexp(exact, &exponent);
    return fabs((double)actual - exact) / ldexp(1.0, exponent - FLT_MANT_DIG);
}

// The worst error of `function` over the floats of one sign up to `limit`; x is where.
static double worst_error(float *x, float (*function)(float), double (*exact)(double), float limit, uint32_t sign)
{
    const uint32_t last = ql_activation_to_bits(limit);
    double worst = 0.0;

    // Subnormal numbers are left out: arithmetic without them is allowed.
    for (uint32_t bits = 0x00800000u; bits <= last; bits += SWEEP) {
        const float tried = ql_activation_from_bits(bits | sign);
        const double error = error_in_ulp(function(tried), exact((double)tried));
        if (!(error <= worst)) {
            worst = error;
            *x = tried;
        }
    }
    return worst;
}

static void assert_bound(const char *name, float (*function)(float), double (*exact)(double), float upper, float lower,
                         double bound)
{
    float x = 0.0f;
    double worst = worst_error(&x, function, exact, upper, 0);

    print_message("%s: %.3f ulp at %a,", name, worst, (double)x);
    assert_true(worst < bound);
    worst = worst_error(&x, function, exact, lower, 0x80000000u);
    print_message(" %.3f ulp at %a\n", worst, (double)x);
    assert_true(worst < bound);
}

static double exact_sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static void exp_over_its_range_is_within_its_bound(void **state)
{
    (void)state;
    assert_bound("exp", ql_exp_f32, exp, exp_range, exp_range, exp_bound_ulp);
}

static void sigmoid_over_its_range_is_within_its_bound(void **state)
{
    (void)state;
    assert_bound("sigmoid", ql_sigmoid_f32, exact_sigmoid, FLT_MAX, exp_range, sigmoid_bound_ulp);
}

static void tanh_over_all_floats_is_within_its_bound(void **state)
{
    (void)state;
    assert_bound("tanh", ql_tanh_f32, tanh, FLT_MAX, FLT_MAX, tanh_bound_ulp);
}

static void tanh_of_the_negative_is_the_negative(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits <= ql_activation_to_bits(INFINITY); bits += SWEEP) {
        const float x = ql_activation_from_bits(bits);
        assert_int_equal(ql_activation_to_bits(ql_tanh_f32(-x)), ql_activation_to_bits(ql_tanh_f32(x)) ^ 0x80000000u);
    }
}

static void activations_of_all_floats_stay_in_their_range(void **state)
{
    (void)state;
    const float smallest = ql_exp_f32(-exp_range), largest = ql_exp_f32(exp_range);

    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += SWEEP) {
        const float x = ql_activation_from_bits((uint32_t)bits);
        if (isnan(x)) {
            continue;
        }
        const float e = ql_exp_f32(x), s = ql_sigmoid_f32(x), t = ql_tanh_f32(x);
        assert_true(e >= smallest && e <= largest);
        assert_true(s >= FLT_MIN && s <= 1.0f);
        assert_true(t >= -1.0f && t <= 1.0f);
    }
    assert_true(smallest >= FLT_MIN);
}

static void activations_of_nan_are_nan(void **state)
{
    (void)state;
    const uint32_t kinds[] = {0x7fc00000u, 0xffc00000u, 0x7f800001u, 0xffffffffu};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const float nan = ql_activation_from_bits(kinds[i]);
        assert_true(isnan(ql_exp_f32(nan)));
        assert_true(isnan(ql_sigmoid_f32(nan)));
        assert_true(isnan(ql_tanh_f32(nan)));
    }
}

static void activations_at_their_ends_take_the_limits(void **state)
{
    (void)state;
    assert_true(ql_exp_f32(0.0f) == 1.0f && ql_exp_f32(-0.0f) == 1.0f);
    assert_true(ql_exp_f32(INFINITY) == ql_exp_f32(exp_range));
    assert_true(ql_exp_f32(-INFINITY) == ql_exp_f32(-exp_range));
    assert_true(ql_sigmoid_f32(0.0f) == 0.5f);
    assert_true(ql_sigmoid_f32(INFINITY) == 1.0f && ql_sigmoid_f32(20.0f) == 1.0f);
    assert_true(ql_sigmoid_f32(-INFINITY) == ql_sigmoid_f32(-exp_range));
    assert_true(ql_tanh_f32(INFINITY) == 1.0f && ql_tanh_f32(10.0f) == 1.0f);
    assert_true(ql_tanh_f32(-INFINITY) == -1.0f);
    assert_int_equal(ql_activation_to_bits(ql_tanh_f32(0.0f)), 0);
    assert_int_equal(ql_activation_to_bits(ql_tanh_f32(-0.0f)), 0x80000000u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_over_its_range_is_within_its_bound),
        cmocka_unit_test(sigmoid_over_its_range_is_within_its_bound),
        cmocka_unit_test(tanh_over_all_floats_is_within_its_bound),
        cmocka_unit_test(tanh_of_the_negative_is_the_negative),
        cmocka_unit_test(activations_of_all_floats_stay_in_their_range),
        cmocka_unit_test(activations_of_nan_are_nan),
        cmocka_unit_test(activations_at_their_ends_take_the_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
