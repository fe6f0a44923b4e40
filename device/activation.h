// exp, sigmoid and tanh in float, the same to the last bit on every machine that has IEEE 754 arithmetic.
// Only + - * / and integer operations, each rounded once: no libm, no fused multiply-add, no table, no branch.
// Uses: stdint.h, string.h.
#ifndef QL_DEVICE_ACTIVATION_H
#define QL_DEVICE_ACTIVATION_H

#include <stdint.h>
#include <string.h>

static inline float ql_activation_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t ql_activation_to_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// Splits x = n ln 2 + r with a whole n and |r| <= ln(2) / 2, and gives 2^n and exp(r) - 1.
//
// n: adding 1.5 * 2^23 leaves no bit below the unit, so the sum's low bits are round(x / ln 2) as an integer.
// r: ln 2 in two parts, of which the first has few enough bits that n * ln2_high is exact (Cody and Waite, 1980).
// exp(r) - 1 = r + r^2 q(r): q is a Chebyshev fit of degree 4, relative error below 2.6e-8.
// Range of x: [-87, 87]; the callers clamp.
static inline float ql_activation_expm1_parts(float x, float *two_to_n)
{
    const float inverse_ln2 = 1.44269504f;
    const float round_to_integer = 12582912.0f; // 1.5 * 2^23
    const float ln2_high = 0.693359375f;
    const float ln2_low = -2.12194440e-4f;

    float shifted = x * inverse_ln2 + round_to_integer;
    float n = shifted - round_to_integer;
    float r = (x - n * ln2_high) - n * ln2_low;
    float q = 0.0013933652f;
    q = q * r + 0.008363182f;
    q = q * r + 0.041666467f;
    q = q * r + 0.16666576f;
    q = q * r + 0.5f;
    *two_to_n = ql_activation_from_bits((ql_activation_to_bits(shifted) << 23) + 0x3f800000u);
    return r + (r * r) * q;
}

// x, or `limit` where x is greater; NaN stays NaN. Selected with a mask: a conditional would keep some compilers from
// vectorizing the loops around it.
static inline float ql_activation_limit(float x, float limit)
{
    uint32_t beyond = 0u - (uint32_t)(x > limit);
    return ql_activation_from_bits((ql_activation_to_bits(x) & ~beyond) | (ql_activation_to_bits(limit) & beyond));
}

// e^x for x in [-87, 87]; beyond, the value at the nearer end (never 0, never infinite). NaN stays NaN.
// Error below 2 units in the last place. An intermediate result is subnormal only where it is too small to change what it
// is added to, so hardware that flushes subnormals to 0 gives the same bits.
static inline float ql_exp_f32(float x)
{
    float two_to_n;
    uint32_t bits = ql_activation_to_bits(x);
    uint32_t sign = bits & 0x80000000u;
    float magnitude = ql_activation_limit(ql_activation_from_bits(bits ^ sign), 87.0f);

    x = ql_activation_from_bits(ql_activation_to_bits(magnitude) ^ sign);
    float expm1_r = ql_activation_expm1_parts(x, &two_to_n);
    return two_to_n * (1.0f + expm1_r);
}

// 1 / (1 + e^-x). Error below 3 units in the last place for x >= -87; below that, the value at -87, which is 1.6e-38.
static inline float ql_sigmoid_f32(float x)
{
    return 1.0f / (1.0f + ql_exp_f32(-x));
}

// tanh |x| = e / (e + 2) with e = exp(2 |x|) - 1, which keeps its precision near 0; the sign bit is put back at the
// end. Error below 4 units in the last place; tanh(-x) = -tanh(x) exactly.
static inline float ql_tanh_f32(float x)
{
    float two_to_n;
    uint32_t bits = ql_activation_to_bits(x);
    uint32_t sign = bits & 0x80000000u;
    float magnitude = ql_activation_limit(ql_activation_from_bits(bits ^ sign), 10.0f); // tanh(10) rounds to 1

    float expm1_r = ql_activation_expm1_parts(2.0f * magnitude, &two_to_n);
    float e = two_to_n * expm1_r + (two_to_n - 1.0f);
    return ql_activation_from_bits(ql_activation_to_bits(e / (e + 2.0f)) ^ sign);
}

#endif
