// Attention of one token to those before it, in integers: the formulas of attention.h, with grouped keys and values.
// Keys and values of the last tokens lie in a ring, one entry a token, a byte a number.
// The same on every machine; no result can overflow, whatever the state is. One unsigned division for each output.
// Uses: device/integer_row.h, device/kernel_code.h, device/sampler_power.h, stddef.h, stdint.h.
#ifndef QL_DEVICE_ATTENTION_S8_H
#define QL_DEVICE_ATTENTION_S8_H

#include <stddef.h>
#include <stdint.h>

#include "device/integer_row.h"
#include "device/kernel_code.h"
#include "device/sampler_power.h"

// The position in a text, in three numbers. All are 0 at the start of a text.
enum {
    QL_PLACE_POSITION, // tokens of the text so far, modulo 2^32 (as the angles are), in 32 bits with a sign
    QL_PLACE_SLOT,     // the entry of the ring that this token writes: 0 to context - 1
    QL_PLACE_OLDER,    // entries of the tokens before it that it sees: 0 to context - 1
    QL_PLACE_SIZE
};

// The number of fraction bits of a key or a value before it is rounded to the unit of the cache.
enum { QL_CACHE_FINE_BITS = 8 };

// Write the entry of this token: x rounded to the unit of the cache, saturated to [-127, 127].
//
//   entries  (context, K)
//   x        (K)           in 2^-8 of the unit of the cache
//   place    (3)
static QL_KERNEL_CODE void ql_cache_write_s8(int8_t *entries, const int32_t *x, const int32_t *place, int K)
{
    int8_t *const entry = entries + (ptrdiff_t)place[QL_PLACE_SLOT] * K;

    for (int k = 0; k < K; k++) {
        const int32_t value = ql_integer_clamp(x[k], QL_INTEGER_LIMIT);
        entry[k] = (int8_t)ql_integer_clamp(ql_integer_round(value, QL_CACHE_FINE_BITS), 127);
    }
}

// Go on to the next token, after the last layer.
//
//   place  (3)  read, then overwritten
static inline void ql_cache_advance(int32_t *place, int context)
{
    place[QL_PLACE_POSITION] = place[QL_PLACE_POSITION] == INT32_MAX ? INT32_MIN : place[QL_PLACE_POSITION] + 1;
    place[QL_PLACE_SLOT] = place[QL_PLACE_SLOT] + 1 == context ? 0 : place[QL_PLACE_SLOT] + 1;
    place[QL_PLACE_OLDER] += place[QL_PLACE_OLDER] < context - 1;
}

// 2^(-distance / 2^score_bits) in units of 2^-weight_bits; 0 from 17 halvings on. score_bits is at most 27.
static inline int32_t ql_attention_weight(uint32_t distance, int score_bits, int weight_bits)
{
    if (distance >> score_bits >= QL_SAMPLER_HALVINGS) {
        return 0;
    }
    const uint32_t power = ql_sampler_power(distance << (27 - score_bits));
    return ql_integer_round((int32_t)power, 16 - weight_bits);
}

// For each head h of queries, with head g = h / (heads / kv_heads) of keys and values, over the entries e that there
// are:
//
//     scores[e] = q[h] . keys[e, g]                                   exact
//     weight[e] = 2^((scores[e] - the largest) / 2^score_bits)        in units of 2^-weight_bits
//     y[h]      = (sum over e of weight[e] values[e, g]) / (sum of weight[e] / 2^gain_bits)
//
// quantize/ chooses the units of queries so that scores are exponents of 2 in units of 2^-score_bits: the units include
// the factor 1 / sqrt(size) and the change of base from e to 2. No sum depends on the order of the entries, so the ring
// need not be in order.
//
//   y             (heads, size)               in 2^-gain_bits of the unit of the values; saturates at +-127
//   scratch       (context + size)
//   q             (heads, size)               within +-32767
//   keys, values  (context, kv_heads, size)   in [-127, 127]
//   place         (3)
//   size          2 to 512
//   score_bits    0 to 27
//   weight_bits   9 to 16, with context 2^weight_bits <= 2^24
//   gain_bits     0 to 3
//
// Ranges: |score| <= 512 * 32767 * 127 < 2^31, and the difference of two scores is below 2^32, unsigned. The sum of
// weights is at most context 2^weight_bits <= 2^24, and the sum of weighted values at most 127 times that: below 2^31,
// even with half the divisor added. The largest score has the weight 2^weight_bits, so the divisor is at least 2^6.
// The quotient is rounded to the nearest number, halves away from zero.
static QL_KERNEL_CODE void ql_attention_s8(int8_t *y, int32_t *scratch, const int32_t *q, const int8_t *keys,
                                           const int8_t *values, const int32_t *place, int heads, int kv_heads,
                                           int size, int score_bits, int weight_bits, int gain_bits)
{
    const int count = place[QL_PLACE_OLDER] + 1, row = kv_heads * size, group = heads / kv_heads;
    int32_t *const sums = scratch, *const scores = scratch + size;

    for (int h = 0; h < heads; h++, q += size, y += size) {
        const int8_t *key = keys + (ptrdiff_t)(h / group) * size, *value = values + (ptrdiff_t)(h / group) * size;
        int32_t largest = INT32_MIN, total = 0;

        for (int e = 0; e < count; e++, key += row) {
            int32_t score = 0;
            for (int k = 0; k < size; k++) {
                score += q[k] * key[k];
            }
            scores[e] = score;
            largest = score > largest ? score : largest;
        }
        for (int k = 0; k < size; k++) {
            sums[k] = 0;
        }
        for (int e = 0; e < count; e++, value += row) {
            const int32_t weight =
                ql_attention_weight((uint32_t)largest - (uint32_t)scores[e], score_bits, weight_bits);
            total += weight;
            for (int k = 0; k < size && weight != 0; k++) {
                sums[k] += weight * value[k];
            }
        }
        const uint32_t divisor = (uint32_t)ql_integer_round(total, gain_bits);
        for (int k = 0; k < size; k++) {
            const uint32_t magnitude = (uint32_t)(sums[k] < 0 ? -sums[k] : sums[k]);
            const int32_t quotient = (int32_t)((magnitude + divisor / 2) / divisor);
            y[k] = (int8_t)ql_integer_clamp(sums[k] < 0 ? -quotient : quotient, 127);
        }
    }
}

#endif
