// Operations on one element or two, which the loops of broadcast.h and reduce.h take as an argument.
// Integers wrap around; a NaN among the operands is the result. Uses: stdint.h.
#ifndef QL_DEVICE_ARITHMETIC_H
#define QL_DEVICE_ARITHMETIC_H

#include <stdint.h>

static inline float ql_add_f32(float a, float b)
{
    return a + b;
}

static inline float ql_sub_f32(float a, float b)
{
    return a - b;
}

static inline float ql_mul_f32(float a, float b)
{
    return a * b;
}

static inline float ql_div_f32(float a, float b)
{
    return a / b;
}

static inline float ql_min_f32(float a, float b)
{
    return a < b || a != a ? a : b;
}

static inline float ql_max_f32(float a, float b)
{
    return a > b || a != a ? a : b;
}

static inline float ql_neg_f32(float x)
{
    return -x;
}

static inline float ql_abs_f32(float x)
{
    return x < 0.0f ? -x : x + 0.0f; // + 0 turns -0 into 0
}

// Round to the nearest whole number, ties to even. Adding 2^23 rounds this way; from 2^23 on, every float is whole.
static inline float ql_round_f32(float x)
{
    const float magnitude = x < 0.0f ? -x : x;
    if (!(magnitude < 8388608.0f) || x == 0.0f) {
        return x;
    }
    const float whole = (magnitude + 8388608.0f) - 8388608.0f;
    return x < 0.0f ? -whole : whole;
}

static inline double ql_round_f64(double x)
{
    const double magnitude = x < 0.0 ? -x : x;
    if (!(magnitude < 4503599627370496.0) || x == 0.0) {
        return x;
    }
    const double whole = (magnitude + 4503599627370496.0) - 4503599627370496.0;
    return x < 0.0 ? -whole : whole;
}

static inline float ql_relu_f32(float x)
{
    return x < 0.0f ? 0.0f : x;
}

static inline uint8_t ql_equal_f32(float a, float b)
{
    return a == b;
}

static inline uint8_t ql_less_f32(float a, float b)
{
    return a < b;
}

static inline uint8_t ql_less_equal_f32(float a, float b)
{
    return a <= b;
}

static inline double ql_add_f64(double a, double b)
{
    return a + b;
}

static inline double ql_sub_f64(double a, double b)
{
    return a - b;
}

static inline double ql_mul_f64(double a, double b)
{
    return a * b;
}

static inline double ql_div_f64(double a, double b)
{
    return a / b;
}

static inline double ql_min_f64(double a, double b)
{
    return a < b || a != a ? a : b;
}

static inline double ql_max_f64(double a, double b)
{
    return a > b || a != a ? a : b;
}

static inline double ql_neg_f64(double x)
{
    return -x;
}

static inline double ql_abs_f64(double x)
{
    return x < 0.0 ? -x : x + 0.0;
}

static inline double ql_relu_f64(double x)
{
    return x < 0.0 ? 0.0 : x;
}

static inline uint8_t ql_equal_f64(double a, double b)
{
    return a == b;
}

static inline uint8_t ql_less_f64(double a, double b)
{
    return a < b;
}

static inline uint8_t ql_less_equal_f64(double a, double b)
{
    return a <= b;
}

// C leaves signed overflow undefined, so the sums are computed unsigned.
static inline int64_t ql_add_s64(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static inline int64_t ql_sub_s64(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static inline int64_t ql_mul_s64(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

static inline int64_t ql_neg_s64(int64_t x)
{
    return (int64_t)(0 - (uint64_t)x);
}

// Truncates toward 0. ONNX does not define division by 0; here the result is 0.
static inline int64_t ql_div_s64(int64_t a, int64_t b)
{
    return b == 0 ? 0 : b == -1 ? ql_neg_s64(a) : a / b;
}

// The remainder of a division that rounds down: it has the sign of b. As above, it is 0 where b is 0.
static inline int64_t ql_mod_s64(int64_t a, int64_t b)
{
    const int64_t rest = b == 0 || b == -1 ? 0 : a % b;
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

// The remainder of a division that rounds toward 0: it has the sign of a.
static inline int64_t ql_remainder_s64(int64_t a, int64_t b)
{
    return b == 0 || b == -1 ? 0 : a % b;
}

static inline int64_t ql_min_s64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t ql_max_s64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t ql_abs_s64(int64_t x)
{
    return x < 0 ? ql_neg_s64(x) : x;
}

static inline int64_t ql_relu_s64(int64_t x)
{
    return x < 0 ? 0 : x;
}

static inline uint8_t ql_equal_s64(int64_t a, int64_t b)
{
    return a == b;
}

static inline uint8_t ql_less_s64(int64_t a, int64_t b)
{
    return a < b;
}

static inline uint8_t ql_less_equal_s64(int64_t a, int64_t b)
{
    return a <= b;
}

// a to the power of n, by squaring. A negative power is 1 / a^-n truncated: 0, except for the bases 1 and -1.
static inline int64_t ql_pow_s64(int64_t a, int64_t n)
{
    int64_t result = 1;

    if (n < 0) {
        n &= 1;
        a = a == 1 || a == -1 ? a : 0;
        return a == 0 ? 0 : n == 1 ? a : 1;
    }
    for (; n > 0; n >>= 1) {
        if ((n & 1) != 0) {
            result = ql_mul_s64(result, a);
        }
        a = ql_mul_s64(a, a);
    }
    return result;
}

// The operations in which unsigned 64-bit numbers differ from signed ones. They are passed in the signed type.
static inline int64_t ql_div_u64(int64_t a, int64_t b)
{
    return b == 0 ? 0 : (int64_t)((uint64_t)a / (uint64_t)b);
}

static inline int64_t ql_mod_u64(int64_t a, int64_t b)
{
    return b == 0 ? 0 : (int64_t)((uint64_t)a % (uint64_t)b);
}

static inline int64_t ql_min_u64(int64_t a, int64_t b)
{
    return (uint64_t)a < (uint64_t)b ? a : b;
}

static inline int64_t ql_max_u64(int64_t a, int64_t b)
{
    return (uint64_t)a > (uint64_t)b ? a : b;
}

static inline int64_t ql_abs_u64(int64_t x)
{
    return x;
}

static inline uint8_t ql_less_u64(int64_t a, int64_t b)
{
    return (uint64_t)a < (uint64_t)b;
}

static inline uint8_t ql_less_equal_u64(int64_t a, int64_t b)
{
    return (uint64_t)a <= (uint64_t)b;
}

// Truth values are 0 and 1.
static inline uint8_t ql_and_bool(uint8_t a, uint8_t b)
{
    return a & b;
}

static inline uint8_t ql_or_bool(uint8_t a, uint8_t b)
{
    return a | b;
}

static inline uint8_t ql_equal_bool(uint8_t a, uint8_t b)
{
    return a == b;
}

static inline uint8_t ql_not_bool(uint8_t x)
{
    return !x;
}

#endif
