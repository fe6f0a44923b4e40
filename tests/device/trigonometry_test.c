// Sine and cosine in float against libm's long double: over a sweep of all floats, at the ends of quarters, and edges.
// Uses: device/trigonometry.h, device/rotary.h, libm, cmocka.
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "device/rotary.h"
#include "device/trigonometry.h"

// Every SWEEP-th float is tried; a prime, so that all patterns of low bits occur.
enum { SWEEP = 1009 };

static const double bound_ulp = 0.51;

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double error_in_ulp(float actual, long double exact)
{
    int exponent;

    (void)frexpl(exact, &exponent);
    exponent = exponent < FLT_MIN_EXP ? FLT_MIN_EXP : exponent;
    return (double)(fabsl((long double)actual - exact) / ldexpl(1.0L, exponent - FLT_MANT_DIG));
}

static void check(float x)
{
    if (!(error_in_ulp(ql_sine_f32(x), sinl((long double)x)) <= bound_ulp) ||
        !(error_in_ulp(ql_cosine_f32(x), cosl((long double)x)) <= bound_ulp)) {
        fail_msg("at %a: sine %a, exact %La; cosine %a, exact %La", (double)x, (double)ql_sine_f32(x),
                 sinl((long double)x), (double)ql_cosine_f32(x), cosl((long double)x));
    }
}

static void errors_of_all_sizes_stay_within_the_bound(void **state)
{
    (void)state;

    for (uint32_t bits = 0; bits < 0x7f800000u; bits += SWEEP) {
        check(from_bits(bits));
        check(from_bits(bits | 0x80000000u));
    }
}

static void errors_at_the_ends_of_quarters_stay_within_the_bound(void **state)
{
    (void)state;

    for (int k = 1; k < 4000; k++) {
        const float near = (float)(k * 0.78539816339744831);
        check(near);
        check(nextafterf(near, 0.0f));
        check(nextafterf(near, 1e9f));
    }
}

static void edges_are_exact(void **state)
{
    (void)state;

    assert_true(ql_sine_f32(0.0f) == 0.0f && !signbit(ql_sine_f32(0.0f)));
    assert_true(ql_sine_f32(-0.0f) == 0.0f && signbit(ql_sine_f32(-0.0f)));
    assert_true(ql_cosine_f32(0.0f) == 1.0f);
    assert_true(isnan(ql_sine_f32(INFINITY)) && isnan(ql_cosine_f32(-INFINITY)) && isnan(ql_sine_f32(NAN)));
}

// The angle of a position is that of the position modulo 2^32 steps, no matter how large the position is.
static void rotary_angles_go_around(void **state)
{
    static const uint32_t steps[] = {683565276u, 1u, 0x80000000u};
    static const int64_t near = 5, far = (INT64_C(1) << 32) + 5;
    float cosine[3], sine[3];
    (void)state;

    ql_rotary_angles_f32(cosine, sine, &near, steps, 3);
    assert_true(fabsf(cosine[0] - 0.28366219f) < 1e-6f && fabsf(sine[0] + 0.95892427f) < 1e-6f);
    ql_rotary_angles_f32(cosine, sine, &far, steps, 3);
    assert_true(fabsf(cosine[0] - 0.28366219f) < 1e-6f && fabsf(sine[0] + 0.95892427f) < 1e-6f);
    assert_true(cosine[1] == 1.0f && fabsf(cosine[2] + 1.0f) < 1e-6f && fabsf(sine[2]) < 1e-6f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_of_all_sizes_stay_within_the_bound),
        cmocka_unit_test(errors_at_the_ends_of_quarters_stay_within_the_bound),
        cmocka_unit_test(edges_are_exact),
        cmocka_unit_test(rotary_angles_go_around),
    };
    return cmocka_run_group_tests_name("trigonometry", tests, NULL, NULL);
}
