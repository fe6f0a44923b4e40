// Converts elements between all the types of element.h.
// Uses: device/element.h, stdint.h, string.h.
#ifndef QL_DEVICE_CAST_H
#define QL_DEVICE_CAST_H

#include <stdint.h>
#include <string.h>

#include "device/element.h"

static inline double ql_cast_from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint64_t ql_cast_to_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// Rounds to a 16-bit binary format with the given numbers of exponent and fraction bits: to nearest, ties to even. It
// works on integers: exponent and rounded significand are added, so a carry moves into the exponent.
static inline uint16_t ql_cast_encode(double value, int exponent_bits, int fraction_bits)
{
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const uint32_t infinity = ((1u << exponent_bits) - 1) << fraction_bits;
    uint64_t bits = ql_cast_to_bits(value);
    uint32_t sign = (uint32_t)(bits >> 63) << 15;
    int exponent = (int)(bits >> 52 & 0x7ff) - 1023;
    uint64_t significand = (bits & 0xfffffffffffffu) | 0x10000000000000u;

    if (value != value) {
        return (uint16_t)(sign | infinity | 1u << (fraction_bits - 1));
    }
    if (exponent > bias) {
        return (uint16_t)(sign | infinity);
    }
    int shift = 52 - fraction_bits;
    if (exponent < 1 - bias) {
        shift += 1 - bias - exponent;
        exponent = 1 - bias;
    }
    if (shift > 54) { // less than half of the least number
        return (uint16_t)sign;
    }
    uint64_t rest = significand & ((UINT64_C(1) << shift) - 1);
    uint64_t half = UINT64_C(1) << (shift - 1);
    uint32_t rounded = (uint32_t)(significand >> shift);
    rounded += rest > half || (rest == half && (rounded & 1) != 0);
    // A normal number's leading one raises the exponent field from `exponent + bias - 1` to what it must be.
    return (uint16_t)(sign | (((uint32_t)(exponent + bias - 1) << fraction_bits) + rounded));
}

static inline double ql_cast_decode(uint16_t bits, int exponent_bits, int fraction_bits)
{
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const int largest = (1 << exponent_bits) - 1;
    int exponent = bits >> fraction_bits & largest;
    int fraction = bits & ((1 << fraction_bits) - 1);
    double magnitude;

    if (exponent == largest) {
        magnitude = ql_cast_from_bits(UINT64_C(0x7ff) << 52 | (uint64_t)fraction << (52 - fraction_bits));
    } else {
        // significand * 2^(exponent - bias - fraction_bits)
        int significand = exponent == 0 ? fraction : fraction | 1 << fraction_bits;
        int power = (exponent == 0 ? 1 : exponent) - bias - fraction_bits;
        magnitude = significand * ql_cast_from_bits((uint64_t)(power + 1023) << 52);
    }
    return bits >> 15 != 0 ? -magnitude : magnitude;
}

// Truncates toward 0. A value that does not fit becomes the nearest one that does; NaN becomes 0.
static inline int64_t ql_cast_truncate(double value, double least, double most)
{
    if (value != value) {
        return 0;
    }
    value = value < least ? least : value;
    value = value > most ? most : value;
    return value >= 9223372036854775808.0 ? INT64_MAX : (int64_t)value; // 2^63 is a double, but no int64_t
}

static inline void ql_cast_store_float(void *y, int to, int k, double value)
{
    switch (to) {
    case QL_ELEMENT_F32:
        ((float *)y)[k] = (float)value;
        break;
    case QL_ELEMENT_F64:
        ((double *)y)[k] = value;
        break;
    case QL_ELEMENT_F16:
        ((uint16_t *)y)[k] = ql_cast_encode(value, 5, 10);
        break;
    case QL_ELEMENT_BF16:
        ((uint16_t *)y)[k] = ql_cast_encode(value, 8, 7);
        break;
    case QL_ELEMENT_S64:
        ((int64_t *)y)[k] = ql_cast_truncate(value, -9223372036854775808.0, 9223372036854775808.0);
        break;
    case QL_ELEMENT_S32:
        ((int32_t *)y)[k] = (int32_t)ql_cast_truncate(value, INT32_MIN, INT32_MAX);
        break;
    case QL_ELEMENT_S16:
        ((int16_t *)y)[k] = (int16_t)ql_cast_truncate(value, INT16_MIN, INT16_MAX);
        break;
    case QL_ELEMENT_S8:
        ((int8_t *)y)[k] = (int8_t)ql_cast_truncate(value, INT8_MIN, INT8_MAX);
        break;
    case QL_ELEMENT_U64:
        // Above the signed range, 2^63 is subtracted and put back as a bit.
        ((uint64_t *)y)[k] = value >= 18446744073709551616.0 ? UINT64_MAX
                             : value >= 9223372036854775808.0
                                 ? (uint64_t)(int64_t)(value - 9223372036854775808.0) | UINT64_C(1) << 63
                                 : (uint64_t)ql_cast_truncate(value, 0, 9223372036854775808.0);
        break;
    case QL_ELEMENT_U32:
        ((uint32_t *)y)[k] = (uint32_t)ql_cast_truncate(value, 0, UINT32_MAX);
        break;
    case QL_ELEMENT_U16:
        ((uint16_t *)y)[k] = (uint16_t)ql_cast_truncate(value, 0, UINT16_MAX);
        break;
    case QL_ELEMENT_U8:
        ((uint8_t *)y)[k] = (uint8_t)ql_cast_truncate(value, 0, UINT8_MAX);
        break;
    case QL_ELEMENT_BOOL:
        ((uint8_t *)y)[k] = value != 0.0;
        break;
    default:
        break;
    }
}

// Narrower integers keep the low bits, as in C's conversions.
static inline void ql_cast_store_integer(void *y, int to, int k, int64_t value, int from_unsigned)
{
    switch (to) {
    case QL_ELEMENT_F32:
        ((float *)y)[k] = from_unsigned ? (float)(uint64_t)value : (float)value;
        break;
    case QL_ELEMENT_F64:
    case QL_ELEMENT_F16:
    case QL_ELEMENT_BF16:
        ql_cast_store_float(y, to, k, from_unsigned ? (double)(uint64_t)value : (double)value);
        break;
    case QL_ELEMENT_S64:
    case QL_ELEMENT_U64:
        ((int64_t *)y)[k] = value;
        break;
    case QL_ELEMENT_S32:
    case QL_ELEMENT_U32:
        ((uint32_t *)y)[k] = (uint32_t)value;
        break;
    case QL_ELEMENT_S16:
    case QL_ELEMENT_U16:
        ((uint16_t *)y)[k] = (uint16_t)value;
        break;
    case QL_ELEMENT_S8:
    case QL_ELEMENT_U8:
        ((uint8_t *)y)[k] = (uint8_t)value;
        break;
    case QL_ELEMENT_BOOL:
        ((uint8_t *)y)[k] = value != 0;
        break;
    default:
        break;
    }
}

// y = x, `count` elements without gaps; `to` and `from` are of enum ql_element.
static inline void ql_cast(void *restrict y, const void *restrict x, int to, int from, int count)
{
    for (int k = 0; k < count; k++) {
        switch (from) {
        case QL_ELEMENT_F32:
            ql_cast_store_float(y, to, k, (double)((const float *)x)[k]);
            break;
        case QL_ELEMENT_F64:
            ql_cast_store_float(y, to, k, ((const double *)x)[k]);
            break;
        case QL_ELEMENT_F16:
            ql_cast_store_float(y, to, k, ql_cast_decode(((const uint16_t *)x)[k], 5, 10));
            break;
        case QL_ELEMENT_BF16:
            ql_cast_store_float(y, to, k, ql_cast_decode(((const uint16_t *)x)[k], 8, 7));
            break;
        case QL_ELEMENT_S64:
            ql_cast_store_integer(y, to, k, ((const int64_t *)x)[k], 0);
            break;
        case QL_ELEMENT_S32:
            ql_cast_store_integer(y, to, k, ((const int32_t *)x)[k], 0);
            break;
        case QL_ELEMENT_S16:
            ql_cast_store_integer(y, to, k, ((const int16_t *)x)[k], 0);
            break;
        case QL_ELEMENT_S8:
            ql_cast_store_integer(y, to, k, ((const int8_t *)x)[k], 0);
            break;
        case QL_ELEMENT_U64:
            ql_cast_store_integer(y, to, k, ((const int64_t *)x)[k], 1);
            break;
        case QL_ELEMENT_U32:
            ql_cast_store_integer(y, to, k, ((const uint32_t *)x)[k], 0);
            break;
        case QL_ELEMENT_U16:
            ql_cast_store_integer(y, to, k, ((const uint16_t *)x)[k], 0);
            break;
        case QL_ELEMENT_U8:
        case QL_ELEMENT_BOOL:
            ql_cast_store_integer(y, to, k, ((const uint8_t *)x)[k], 0);
            break;
        default:
            break;
        }
    }
}

#endif
