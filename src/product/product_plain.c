// The product in plain C, for every processor. Where the processor has a fused multiply-add, as on arm64 or RISC-V,
// fmaf is used; elsewhere the same bits come from arithmetic in double, at a tenth of the speed or less.
// Uses: product/product_tile.h, fmaf, the vector types of gcc and clang.
#include <math.h>
#include <stdint.h>
#include <string.h>

#define TARGET
#define GROUP_ROWS 1
#define PANELS 1
#define LOAD(p) load(p)
#define STORE(p, v) store((p), (v))
#define BROADCAST(p) broadcast(*(p))
#define ROUNDED(a, b, sum) ((sum) + (a) * (b))
#define PLAIN static inline __attribute__((always_inline))

#if defined(__FP_FAST_FMAF) || !defined(__GNUC__)

#define VECTOR float
#define WIDTH 1
#define ZERO 0.0f
#define ROWS 1
#define FUSED(a, b, sum) fmaf((a), (b), (sum))

PLAIN float load(const float *p)
{
    return *p;
}

PLAIN void store(float *p, float v)
{
    *p = v;
}

PLAIN float broadcast(float a)
{
    return a;
}

#else

typedef float floats __attribute__((vector_size(16)));
typedef float two_floats __attribute__((vector_size(8)));
typedef double doubles __attribute__((vector_size(16)));
typedef int64_t integers __attribute__((vector_size(16)));

#define VECTOR floats
#define WIDTH 4
#define ZERO ((floats){0.0f})
#define ROWS 1
#define FUSED(a, b, sum) multiply_add((a), (b), (sum))

PLAIN floats load(const float *p)
{
    floats v;
    memcpy(&v, p, sizeof v);
    return v;
}

PLAIN void store(float *p, floats v)
{
    memcpy(p, &v, sizeof v);
}

PLAIN floats broadcast(float a)
{
    return (floats){a, a, a, a};
}

// Compute a b + c, to be rounded to float: the product is exact in double, and the sum is rounded to odd, that is, when
// it is not exact, to the one of its two neighbors whose last bit is 1. Rounding that to float gives the same bits as
// rounding the exact sum once (Boldo, Melquiond: Emulation of a FMA and correctly rounded sums, IEEE TC 57, 2008).
PLAIN doubles odd_sum(doubles a, doubles b, doubles c)
{
    const doubles product = a * b;
    const doubles sum = product + c;
    const doubles part = sum - product;
    const doubles error = (product - (sum - part)) + (c - part); // exact: Knuth's two-sum; NaN where the sum overflowed
    const integers above = (integers)(error > 0.0);              // -1 where the exact sum is above `sum`
    const integers inexact = above | (integers)(error < 0.0);
    const integers negative = (integers)(sum < 0.0);
    integers bits;
    doubles odd;

    memcpy(&bits, &sum, sizeof bits);
    const integers even = (bits & 1) - 1;              // -1 where the last bit is 0
    const integers step = -1 - 2 * (above ^ negative); // 1 away from zero, -1 toward it
    bits += step & inexact & even;
    memcpy(&odd, &bits, sizeof odd);
    return odd;
}

PLAIN floats multiply_add(floats a, floats b, floats c)
{
    two_floats part[3][2], sum[2];
    floats result;

    memcpy(part[0], &a, sizeof a);
    memcpy(part[1], &b, sizeof b);
    memcpy(part[2], &c, sizeof c);
    for (int i = 0; i < 2; i++) {
        const doubles odd =
            odd_sum(__builtin_convertvector(part[0][i], doubles), __builtin_convertvector(part[1][i], doubles),
                    __builtin_convertvector(part[2][i], doubles));
        sum[i] = __builtin_convertvector(odd, two_floats);
    }
    memcpy(&result, sum, sizeof result);
    return result;
}

#endif

#include "product/product_tile.h"

const struct ql_product_form ql_product_plain = {tile_fused, tile_rounded, ROWS, PANELS};
