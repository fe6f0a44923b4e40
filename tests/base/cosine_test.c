// Compares the cosine of turns with libm's in long double, and checks the angles where it is exact.
// Uses: cmocka, libm, base.
#include "base/cosine.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SAMPLES = 300000 };

// The bound in the header.
static const double absolute_limit = 2.220446049250313e-16; // 2^-52
static const double unit_limit = 2.0;

static uint64_t random_state = 1;

// Any double from 0 to 1 with all its digits.
static double draw(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

// The reduction to an eighth of a turn is exact, so a long double with 64 bits is enough near the zeros, too.
static long double expected_cosine(double turns)
{
    const long double two_pi = 6.283185307179586476925286766559L;
    const double quarters = rint(4.0 * turns);
    const long double angle = two_pi * (long double)(turns - 0.25 * quarters);

    switch ((int64_t)quarters & 3) {
    case 0:
        return cosl(angle);
    case 1:
        return -sinl(angle);
    case 2:
        return -cosl(angle);
    default:
        return sinl(angle);
    }
}

static void check_cosine(double turns)
{
    const long double expected = expected_cosine(turns);
    const double actual = ql_cosine_of_turns(turns);
    const double distance = (double)fabsl((long double)actual - expected);

    if (!(distance <= absolute_limit) ||
        !(expected == 0.0L || distance <= unit_limit * ldexp(1.0, ilogb((double)expected) - 52))) {
        fail_msg("the cosine of %a turns is %a instead of %a", turns, actual, (double)expected);
    }
}

static void cosine_is_within_two_units_of_libm(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        check_cosine(draw());
        check_cosine((draw() - 0.5) * 1e6);
        check_cosine(0.25 + (draw() - 0.5) * ldexp(1.0, -(i % 50))); // near a zero
        check_cosine(ldexp(draw(), -(i % 60)));                      // near 0
    }
}

static void cosine_quarter_turns_are_exact(void **state)
{
    static const double expected[] = {1.0, 0.0, -1.0, 0.0};

    (void)state;
    for (int quarter = -4000; quarter <= 4000; quarter++) {
        assert_true(ql_cosine_of_turns(0.25 * quarter) == expected[quarter & 3]);
    }
    assert_true(ql_cosine_of_turns(2147483648.0) == 1.0);
    assert_true(ql_cosine_of_turns(-2147483648.0) == 1.0);
}

static void cosine_is_even(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        const double turns = draw();
        assert_true(ql_cosine_of_turns(turns) == ql_cosine_of_turns(-turns));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cosine_is_within_two_units_of_libm),
        cmocka_unit_test(cosine_quarter_turns_are_exact),
        cmocka_unit_test(cosine_is_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
