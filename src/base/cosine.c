// The cosine without libm: see cosine.h. The series are those of sine and cosine at 0 (Abramowitz and Stegun 4.3.65
// and 4.3.66), truncated where the next term is below 2^-57 of the sum for angles up to an eighth of a turn.
#include "base/cosine.h"

#include <assert.h>
#include <float.h>
#include <stdint.h>

// The guarantees of docs/arithmetic.md require that every operation is rounded to its type.
#if FLT_EVAL_METHOD != 0
#error "this compiler computes float and double in a wider type; on 32-bit x86, use -msse2 -mfpmath=sse"
#endif
#ifdef __FAST_MATH__
#error "-ffast-math changes results; build without it"
#endif

// x from -pi/4 to pi/4.
static double cosine_near_zero(double x)
{
    const double s = x * x;
    double sum = 1.0 / 20922789888000.0; // 1 / 16!

    sum = sum * s - 1.0 / 87178291200.0;
    sum = sum * s + 1.0 / 479001600.0;
    sum = sum * s - 1.0 / 3628800.0;
    sum = sum * s + 1.0 / 40320.0;
    sum = sum * s - 1.0 / 720.0;
    sum = sum * s + 1.0 / 24.0;
    sum = sum * s - 1.0 / 2.0;
    return 1.0 + sum * s;
}

static double sine_near_zero(double x)
{
    const double s = x * x;
    double sum = 1.0 / 355687428096000.0; // 1 / 17!

    sum = sum * s - 1.0 / 1307674368000.0;
    sum = sum * s + 1.0 / 6227020800.0;
    sum = sum * s - 1.0 / 39916800.0;
    sum = sum * s + 1.0 / 362880.0;
    sum = sum * s - 1.0 / 5040.0;
    sum = sum * s + 1.0 / 120.0;
    sum = sum * s - 1.0 / 6.0;
    return x + x * (sum * s);
}

double ql_cosine_of_turns(double turns)
{
    const double two_pi = 6.283185307179586;

    assert(turns >= -2147483648.0 && turns <= 2147483648.0);
    // turns = quarters / 4 + rest. Both steps are exact: rest has no bits below the last one of `turns`.
    const double scaled = 4.0 * turns;
    const int64_t quarters = (int64_t)(scaled + (scaled < 0.0 ? -0.5 : 0.5));
    const double angle = two_pi * (turns - 0.25 * (double)quarters);

    switch (quarters & 3) {
    case 0:
        return cosine_near_zero(angle);
    case 1:
        return 0.0 - sine_near_zero(angle); // no -0
    case 2:
        return -cosine_near_zero(angle);
    default:
        return sine_near_zero(angle);
    }
}
