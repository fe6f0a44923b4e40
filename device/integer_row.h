// Integer models: from the exact sum of a row of a matrix to its value, in 32-bit operations. One rounding rule.
// docs/quantization.md derives the formats; quantize/ proves for every row that nothing here can overflow.
// Uses: device/kernel_code.h, device/weight_source.h, stddef.h, stdint.h, string.h.
#ifndef QL_DEVICE_INTEGER_ROW_H
#define QL_DEVICE_INTEGER_ROW_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "device/kernel_code.h"
#include "device/weight_source.h"

// The input of an activation and a logit are in units of 2^-10. States and the results of activations are in units of
// 2^-15, within [-1, 1].
enum { QL_INTEGER_UNIT_BITS = 10, QL_INTEGER_ONE = 32768, QL_INTEGER_LIMIT = 32767 };

// One row. value = ((sum / 2^pre_shift) * multiplier + bias) / 2^shift, both quotients rounded.
struct ql_integer_row {
    int32_t bias;         // in units of 2^-(10 + shift); it includes half a unit of the quotient, for rounding
    int16_t multiplier;   // >= 0
    int16_t table_factor; // of the first layer: what one step of the token's table adds to the sum; else 0
};

// The shifts of all rows of a layer.
struct ql_integer_scale {
    uint8_t pre_shift, shift; // 0 to 31; pre_shift at most 30
};

// x / 2^shift, rounded to the nearest whole number, halves upwards: floor(x / 2^shift + 1/2). |x| < 2^31 - 2^shift.
static inline int32_t ql_integer_round(int32_t x, int shift)
{
    return (x + ((1 << shift) >> 1)) >> shift;
}

// x within [-limit, limit].
static QL_KERNEL_STEP int32_t ql_integer_clamp(int32_t x, int32_t limit)
{
    return x > limit ? limit : x < -limit ? -limit : x;
}

// The value of a row, in units of 2^-10.
static inline int32_t ql_integer_row_value(int32_t sum, const struct ql_integer_row *row, struct ql_integer_scale scale)
{
    return (ql_integer_round(sum, scale.pre_shift) * row->multiplier + row->bias) >> scale.shift;
}

// The values of rows.
//
//   values  (count)  may be `sums`
//   sums    (count)
//   rows    (count)
static inline void ql_integer_row_values(int32_t *values, const int32_t *sums, const struct ql_integer_row *rows,
                                         struct ql_integer_scale scale, int count)
{
    for (int r = 0; r < count; r++) {
        values[r] = ql_integer_row_value(sums[r], &rows[r], scale);
    }
}

// Initialize the sums of the first layer from the token's row of the table. Where there is a source of weights, the row
// is copied to the end of the sums first; no sum is written over what is still to be read.
//
//   sums   (count)
//   token  (1)         the number of the row
//   table  (V, count)  in [-127, 127]
//   rows   (count)
static inline void ql_integer_row_begin(int32_t *sums, const int32_t *token, const int8_t *table,
                                        const struct ql_integer_row *rows, int count)
{
    const int8_t *row = table + (ptrdiff_t)token[0] * count;
    const int whole = count - count % 4;

#if defined(QL_WEIGHT_SOURCE)
    uint32_t *const copy = (uint32_t *)sums + (count - (count + 3) / 4);
    ql_weight_source_copy(copy, row, (uint32_t)count);
    row = (const int8_t *)copy;
#endif
    for (int r = 0; r < whole; r += 4) { // unrolled by hand: compilers for small processors do not
        const int8_t a = row[r], b = row[r + 1], c = row[r + 2], d = row[r + 3];
        sums[r] = a * rows[r].table_factor;
        sums[r + 1] = b * rows[r + 1].table_factor;
        sums[r + 2] = c * rows[r + 2].table_factor;
        sums[r + 3] = d * rows[r + 3].table_factor;
    }
    for (int r = whole; r < count; r++) {
        sums[r] = row[r] * rows[r].table_factor;
    }
}

// Copy the token's row of a table into the input of a product.
//
//   x      (count)     written
//   token  (1)         the number of the row
//   table  (V, count)  in [-127, 127]
static inline void ql_integer_row_copy(int8_t *x, const int32_t *token, const int8_t *table, int count)
{
    memcpy(x, table + (ptrdiff_t)token[0] * count, (size_t)count);
}

// Set sums to 0.
//
//   sums  (count)
static inline void ql_integer_row_clear(int32_t *sums, int count)
{
    memset(sums, 0, (size_t)count * sizeof sums[0]);
}

// A state in [-32767, 32767] as the products take it: in units of 1 / 127, in [-127, 127].
static QL_KERNEL_STEP int8_t ql_integer_state_s8(int32_t state)
{
    return (int8_t)ql_integer_round(state * 127, 15);
}

// The right shift of a negative number must keep its sign. Every known compiler does this, but C leaves it open.
typedef char ql_integer_shift_check[(-3 >> 1) == -2 ? 1 : -1];

// Numbers of 8 and 16 bits are multiplied and added as int, which needs 32 bits.
typedef char ql_integer_int_size_check[sizeof(int) >= 4 ? 1 : -1];

#endif
