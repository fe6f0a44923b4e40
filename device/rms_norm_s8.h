// Root mean square norm in integers (Zhang and Sennrich 2019, arXiv:1910.07467): y = x / sqrt(mean of x^2 + epsilon).
// The gain of the norm is not part of it: whoever makes the integers multiplies it into the weights that read y.
// The same on every machine; no result can overflow, whatever x is. No division.
// Uses: device/integer_row.h, device/kernel_code.h, stdint.h.
#ifndef QL_DEVICE_RMS_NORM_S8_H
#define QL_DEVICE_RMS_NORM_S8_H

#include <stdint.h>

#include "device/integer_row.h"
#include "device/kernel_code.h"

// The residual stream of a decoder is in units of 2^-12 and saturates at +-2^24 (4096).
enum { QL_RESIDUAL_UNIT_BITS = 12, QL_RESIDUAL_LIMIT = 1 << 24 };

// round(2^14 / sqrt(k / 128)) for k from 32 to 128; a test computes it again.
static const uint16_t ql_inverse_root_table[97] = {
    // clang-format off
    32768, 32268, 31790, 31332, 30894, 30474, 30070, 29682, 29309, 28949, 28602, 28268, 27945, 27632, 27330, 27038,
    26755, 26481, 26214, 25956, 25705, 25462, 25225, 24994, 24770, 24552, 24339, 24132, 23930, 23733, 23541, 23354,
    23170, 22992, 22817, 22646, 22479, 22315, 22155, 21999, 21845, 21695, 21548, 21404, 21263, 21124, 20988, 20855,
    20724, 20596, 20470, 20346, 20225, 20106, 19988, 19873, 19760, 19649, 19539, 19431, 19326, 19221, 19119, 19018,
    18919, 18821, 18725, 18630, 18536, 18444, 18354, 18264, 18176, 18090, 18004, 17920, 17837, 17755, 17674, 17594,
    17515, 17438, 17361, 17285, 17211, 17137, 17064, 16992, 16921, 16851, 16782, 16714, 16646, 16579, 16514, 16448,
    16384,
    // clang-format on
};

// 2^14 sqrt(2^31 / x) for x from 2^29 to 2^31 - 1: 2^15 to 2^14. Straight lines between the entries; the relative error
// is below 2e-4: (1/128)^2 / 8 of the greatest curvature, 24, is 1.8e-4 of a root of 2; the rest is rounding.
static inline int32_t ql_inverse_root(uint32_t x)
{
    const uint16_t *entry = &ql_inverse_root_table[(x >> 24) - 32];
    const int32_t part = (int32_t)(x >> 9 & 32767);

    return entry[0] - ql_integer_round((entry[0] - entry[1]) * part, 15);
}

// y = x / sqrt(mean of x^2 + epsilon), rounded.
//
//   y  (E)       in units of u = sqrt(E / 2) 2^(shift - 14) / multiplier; saturates at +-127
//   x  (E)       in units of 2^-12, within +-2^24
//   multiplier   2^14 to 2^15 - 1
//   shift        15 to 30
//   epsilon      E times the norm's epsilon, in units of 2^-24: 1 to 2^20
//   E            2 to 4096
//
// Formula: with x shifted right by `drop`, so that the sum of its squares, S, and epsilon stay below 2^31, and S
// shifted left by 2 `up` to at least 2^29,
//     1 / sqrt(S) = 2^up / sqrt(2^(2 up) S) = 2^up 2^-15.5 2^-14 root        root = ql_inverse_root(2^(2 up) S)
//     x / sqrt(S / E) = x root sqrt(E) 2^(up - 29.5)
// so y = x root multiplier 2^(up - 15 - shift) has the unit u.
//
// Ranges: b is the greatest number with E 4^b <= 2^30, at most 14. |x| <= 2^b after the shift, so S <= 2^30, and
// S + epsilon < 2^31. S + epsilon >= 1: x is shifted only where its largest stays at least 2^(b - 1).
// root multiplier <= 2^30; |x| times its upper half is at most 2^14 * 2^15.
static QL_KERNEL_CODE void ql_rms_norm_s8(int8_t *y, const int32_t *x, int multiplier, int shift, int epsilon, int E)
{
    int32_t largest = 0;
    uint32_t sum = 0;
    int bits = 14, drop = 0;

    for (int k = 0; k < E; k++) {
        const int32_t size = x[k] < 0 ? -x[k] : x[k];
        largest = size > largest ? size : largest;
    }
    while ((1 << 30) >> (2 * bits) < E) {
        bits--;
    }
    while (largest >> drop >= 1 << bits) {
        drop++;
    }
    for (int k = 0; k < E; k++) {
        const int32_t value = ql_integer_round(x[k], drop);
        sum += (uint32_t)(value * value);
    }
    sum += (uint32_t)epsilon >> drop >> drop; // 2 drop may be 32
    for (; sum < 1u << 29; sum <<= 2) {
        shift--;
    }
    const int32_t factor = ql_integer_round(ql_inverse_root(sum) * multiplier, 15);
    for (int k = 0; k < E; k++) {
        y[k] = (int8_t)ql_integer_clamp(ql_integer_round(ql_integer_round(x[k], drop) * factor, shift), 127);
    }
}

#endif
