// Sine and cosine in float, without libm.
// Computed in double by + - * / and integer operations, so the same to the last bit on every machine, then rounded once
// to float: errors stay within 0.51 units in the last place, for arguments of any size.
// Uses: stdint.h, string.h.
#ifndef QL_DEVICE_TRIGONOMETRY_H
#define QL_DEVICE_TRIGONOMETRY_H

#include <stdint.h>
#include <string.h>

// The series of sine and cosine at 0 (Abramowitz and Stegun 4.3.65 and 4.3.66), truncated where the next term is below
// 2^-45 of the sum for |x| up to pi / 4.
static inline double ql_trigonometry_sine(double x)
{
    const double s = x * x;
    double sum = 1.0 / 6227020800.0; // 1 / 13!

    sum = sum * s - 1.0 / 39916800.0;
    sum = sum * s + 1.0 / 362880.0;
    sum = sum * s - 1.0 / 5040.0;
    sum = sum * s + 1.0 / 120.0;
    sum = sum * s - 1.0 / 6.0;
    return x + x * (sum * s);
}

static inline double ql_trigonometry_cosine(double x)
{
    const double s = x * x;
    double sum = -1.0 / 87178291200.0; // 1 / 14!

    sum = sum * s + 1.0 / 479001600.0;
    sum = sum * s - 1.0 / 3628800.0;
    sum = sum * s + 1.0 / 40320.0;
    sum = sum * s - 1.0 / 720.0;
    sum = sum * s + 1.0 / 24.0;
    sum = sum * s - 1.0 / 2.0;
    return 1.0 + sum * s;
}

// Split the magnitude of x into quarter turns and an angle from -pi/4 to pi/4, which is written to *angle. Return the
// number of quarter turns, modulo 4. x is finite.
//
// Payne and Hanek 1983: x = m 2^e with a whole m of 24 bits, so x / 2 pi is m times a window of the digits of 1 / 2 pi.
// Digits to the left of the window make whole turns; those to the right of its 96 bits are below 2^-72 of a turn.
static inline int ql_trigonometry_reduce(double *angle, uint32_t size_bits)
{
    static const uint32_t digits[] = {0u,          0x28be60dbu, 0x9391054au, 0x7f09d5f4u,
                                      0x7d4d3770u, 0x36d8a566u, 0x4f10e410u, 0x7f9458eau}; // of 1 / 2 pi
    const int exponent = (int)(size_bits >> 23) - 150;
    const uint32_t m = (size_bits & 0x7fffffu) | 0x800000u;

    if (size_bits <= 0x3f490fdau) { // below pi / 4
        float size;
        memcpy(&size, &size_bits, sizeof size);
        *angle = (double)size;
        return 0;
    }
    const int first = (exponent + 32) >> 5, shift = (exponent + 32) & 31;
    uint32_t window[3];
    for (int k = 0; k < 3; k++) {
        window[k] = digits[first + k] << shift | (shift == 0 ? 0u : digits[first + k + 1] >> (32 - shift));
    }
    // The upper 64 of the 96 fraction bits of m times the window: the fraction of a turn.
    const uint64_t low = (uint64_t)m * window[2];
    const uint64_t turn = ((uint64_t)(m * window[0]) << 32) + (uint64_t)m * window[1] + (low >> 32);
    const uint64_t quarters = (turn + (UINT64_C(1) << 61)) >> 62;
    const uint64_t rest = turn - (quarters << 62); // modulo 2^64: from -2^61 to 2^61
    const double signed_rest = rest >> 63 != 0 ? -(double)(0u - rest) : (double)rest;
    *angle = signed_rest * 3.4061215800304386e-19; // 2 pi / 2^64
    return (int)(quarters & 3);
}

static inline float ql_cosine_f32(float x)
{
    uint32_t bits;
    double angle;

    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7f800000u) == 0x7f800000u) {
        return x - x; // NaN
    }
    const int quarters = ql_trigonometry_reduce(&angle, bits & 0x7fffffffu);
    const double value = (quarters & 1) != 0 ? ql_trigonometry_sine(angle) : ql_trigonometry_cosine(angle);
    return (float)(quarters == 1 || quarters == 2 ? -value : value);
}

// -0 gives -0.
static inline float ql_sine_f32(float x)
{
    uint32_t bits;
    double angle;

    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7f800000u) == 0x7f800000u) {
        return x - x; // NaN
    }
    const int quarters = ql_trigonometry_reduce(&angle, bits & 0x7fffffffu);
    const double value = (quarters & 1) != 0 ? ql_trigonometry_cosine(angle) : ql_trigonometry_sine(angle);
    return (float)((quarters >= 2) != (bits >> 31 != 0) ? -value : value);
}

#endif
