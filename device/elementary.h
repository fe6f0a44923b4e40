// Exponential, logarithm, power, square root, error function, and functions built from them, without libm.
// Computed in double by + - * / and integer operations, so the same to the last bit on every machine, then rounded once
// to float: errors stay within 0.51 units in the last place. For speed, activation.h has exp, sigmoid and tanh in
// float.
// Uses: device/activation.h, stdint.h, string.h.
#ifndef QL_DEVICE_ELEMENTARY_H
#define QL_DEVICE_ELEMENTARY_H

#include <stdint.h>
#include <string.h>

#include "device/activation.h"

static inline double ql_elementary_from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint64_t ql_elementary_to_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline double ql_elementary_infinity(void)
{
    return ql_elementary_from_bits(UINT64_C(0x7ff0000000000000));
}

static inline double ql_elementary_nan(void)
{
    return ql_elementary_from_bits(UINT64_C(0x7ff8000000000000));
}

// 2^n for n from -1022 to 1023.
static inline double ql_elementary_two_to(int n)
{
    return ql_elementary_from_bits((uint64_t)(n + 1023) << 52);
}

// x = n ln 2 + r with |r| <= ln(2) / 2; e^r by its series, of which 14 terms reach the last bit; then times 2^n, in two
// steps because 2^n alone may leave the range where the result does not. Error below 1.1 units in the last place.
static inline double ql_exponential_f64(double x)
{
    // 1 / k! for k from 13 to 2.
    static const double coefficients[] = {
        1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0, 1.0 / 40320.0,
        1.0 / 5040.0,       1.0 / 720.0,       1.0 / 120.0,      1.0 / 24.0,      1.0 / 6.0,      1.0 / 2.0,
    };
    const double ln2_high = 0.6931471805582987; // so few bits that n * ln2_high is exact
    const double ln2_low = 1.6465949582897082e-12;

    if (x != x) {
        return x;
    }
    if (x > 709.79) {
        return ql_elementary_infinity();
    }
    if (x < -745.2) {
        return 0.0;
    }
    int n = (int)(x * 1.4426950408889634 + (x < 0.0 ? -0.5 : 0.5));
    double r = (x - n * ln2_high) - n * ln2_low;
    double sum = coefficients[0];
    for (int k = 1; k < 12; k++) {
        sum = sum * r + coefficients[k];
    }
    sum = 1.0 + (r + r * r * sum);
    int half = n / 2;
    return sum * ql_elementary_two_to(half) * ql_elementary_two_to(n - half);
}

// x = 2^n (1 + z) with 1 + z from sqrt(1/2) to sqrt(2). log(1 + z) = 2 artanh f = 2 f + 2 f (f^2 / 3 + f^4 / 5 + ...) with
// f = z / (2 + z), |f| < 0.172. As 2 f = z - f z, most of the sum is z itself, which is exact (fdlibm's e_log.c has the
// same idea). Error below 1 unit in the last place.
static inline double ql_log_f64(double x)
{
    const double ln2_high = 0.6931471805582987;
    const double ln2_low = 1.6465949582897082e-12;

    if (x != x || x == ql_elementary_infinity()) {
        return x;
    }
    if (x <= 0.0) {
        return x == 0.0 ? -ql_elementary_infinity() : ql_elementary_nan();
    }
    int n = 0;
    if (x < ql_elementary_two_to(-1022)) { // subnormal
        x *= ql_elementary_two_to(54);
        n = -54;
    }
    uint64_t bits = ql_elementary_to_bits(x);
    n += (int)(bits >> 52) - 1023;
    double m = ql_elementary_from_bits((bits & 0xfffffffffffffu) | UINT64_C(1023) << 52);
    if (m > 1.4142135623730951) {
        m *= 0.5;
        n++;
    }
    double z = m - 1.0;
    double f = z / (2.0 + z);
    double s = f * f;
    double sum = 0.0;
    for (int k = 21; k >= 3; k -= 2) {
        sum = (sum + 1.0 / k) * s;
    }
    double square = 0.5 * z * z; // f z = square - f square
    return n * ln2_high + (z - (square - (f * (square + 2.0 * sum) + n * ln2_low)));
}

// The largest root with root^2 <= x, digit by digit, and one digit more to round by. Correctly rounded, as IEEE 754
// demands of a square root in hardware, so any processor's own instruction would give the same.
static inline double ql_sqrt_f64(double x)
{
    if (x != x || x == 0.0 || x == ql_elementary_infinity()) {
        return x;
    }
    if (x < 0.0) {
        return ql_elementary_nan();
    }
    int n = 0;
    if (x < ql_elementary_two_to(-1022)) {
        x *= ql_elementary_two_to(54);
        n = -54;
    }
    uint64_t bits = ql_elementary_to_bits(x);
    n += (int)(bits >> 52) - 1023;
    uint64_t significand = (bits & 0xfffffffffffffu) | 0x10000000000000u; // 53 bits
    if ((n & 1) != 0) {
        significand <<= 1;
        n--;
    }
    // Two bits of the radicand give one bit of the root: 54 bits in all, the last of which is the rounding bit.
    uint64_t root = 0;
    uint64_t rest = 0;
    significand <<= 10; // the upper two bits come first
    for (int k = 0; k < 54; k++) {
        rest = rest << 2 | significand >> 62;
        significand <<= 2;
        root <<= 1;
        if (rest > 2 * root) {
            rest -= 2 * root + 1;
            root++;
        }
    }
    // A root is never halfway between two doubles, so the rounding bit alone decides.
    root = (root >> 1) + (root & 1);
    return (double)root * ql_elementary_two_to(n / 2 - 52);
}

// x^y with the special cases of C's pow. Whole powers up to 1024 by squaring, so that exact results are exact.
static inline double ql_pow_f64(double x, double y)
{
    if (x == 1.0 || y == 0.0) {
        return 1.0;
    }
    if (x != x || y != y) {
        return ql_elementary_nan();
    }
    double size = y < 0.0 ? -y : y;
    if (size <= 1024.0 && size == (double)(int)size) {
        double result = 1.0;
        double power = y < 0.0 ? 1.0 / x : x;
        for (int n = (int)size; n > 0; n >>= 1) {
            if ((n & 1) != 0) {
                result *= power;
            }
            power *= power;
        }
        return result;
    }
    // From 2^53 on all doubles are whole and even.
    int whole = size >= 9007199254740992.0 || size == (double)(int64_t)size;
    int odd = whole && size < 9007199254740992.0 && ((int64_t)size & 1) != 0;
    double magnitude = x < 0.0 ? -x : x;
    if (magnitude == 1.0) {
        return x < 0.0 && !whole ? ql_elementary_nan() : odd ? x : 1.0;
    }
    if (size == ql_elementary_infinity()) {
        return (magnitude > 1.0) == (y > 0.0) ? ql_elementary_infinity() : 0.0;
    }
    if (x < 0.0 && !whole && magnitude != ql_elementary_infinity()) {
        return ql_elementary_nan();
    }
    double result = ql_exponential_f64(y * ql_log_f64(magnitude));
    // Test the sign bit, because -0 is negative too.
    return odd && ql_elementary_to_bits(x) >> 63 != 0 ? -result : result;
}

// 1 - erf(x) for x >= 1, by e^(-x^2) t P(t) with t = 1 / (x + 1.5); P is a Chebyshev fit on [1, 26.5], where erfc ends.
// Relative error below 2.7e-9.
static inline double ql_elementary_erfc_tail(double x)
{
    static const double coefficients[] = {
        16.492050317076586,  -39.37215826132948, 35.5604343498169,   -12.394151820191052, 0.11582161485740722,
        -0.8168484260027951, 0.6590374977083081, 0.9860793632641214, 0.8463196268981419,  0.5641891740356894,
    };
    double t = 1.0 / (x + 1.5);
    double sum = 0.0;

    if (x > 26.5) {
        return 0.0;
    }
    for (int k = 0; k < 10; k++) {
        sum = sum * t + coefficients[k];
    }
    return ql_exponential_f64(-x * x) * t * sum;
}

// erf(x) for |x| <= 1: x times a Chebyshev fit in x^2, relative error below 1e-12.
static inline double ql_elementary_erf_near(double x)
{
    static const double coefficients[] = {
        1.0589380641075019e-6,   -1.3909340021874599e-5, 0.0001195656256820733,
        -0.00085426379970872296, 0.0052237834771892481,  -0.026866133235095592,
        0.11283791308604581,     -0.37612638889635307,   1.1283791670946767,
    };
    double sum = 0.0;

    for (int k = 0; k < 9; k++) {
        sum = sum * (x * x) + coefficients[k];
    }
    return x * sum;
}

// 1 - erf(x), with full relative precision where it is small.
static inline double ql_erfc_f64(double x)
{
    if (x != x) {
        return x;
    }
    return x > 1.0    ? ql_elementary_erfc_tail(x)
           : x < -1.0 ? 2.0 - ql_elementary_erfc_tail(-x)
                      : 1.0 - ql_elementary_erf_near(x);
}

static inline double ql_erf_f64(double x)
{
    if (x != x) {
        return x;
    }
    return x > 1.0    ? 1.0 - ql_elementary_erfc_tail(x)
           : x < -1.0 ? ql_elementary_erfc_tail(-x) - 1.0
                      : ql_elementary_erf_near(x);
}

// Unlike ql_exp_f32 of activation.h, this goes down to 0 and up to infinity.
static inline float ql_exponential_f32(float x)
{
    return (float)ql_exponential_f64((double)x);
}

static inline float ql_log_f32(float x)
{
    return (float)ql_log_f64((double)x);
}

// Rounding a correctly rounded double root once more is still correct, because 53 >= 2 * 24 + 2 (Figueroa 1995).
static inline float ql_sqrt_f32(float x)
{
    return (float)ql_sqrt_f64((double)x);
}

static inline float ql_pow_f32(float x, float y)
{
    return (float)ql_pow_f64((double)x, (double)y);
}

static inline float ql_erf_f32(float x)
{
    return (float)ql_erf_f64((double)x);
}

// x times the normal distribution function (Hendrycks and Gimpel 2016).
static inline float ql_gelu_f32(float x)
{
    return (float)(0.5 * (double)x * ql_erfc_f64((double)x * -0.70710678118654752));
}

// Their approximation: x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
static inline float ql_gelu_tanh_f32(float x)
{
    return 0.5f * x * (1.0f + ql_tanh_f32(0.7978845608f * (x + 0.044715f * x * x * x)));
}

#endif
