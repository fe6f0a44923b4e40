// Attention of one token to those before it, in float (Vaswani et al. 2017, arXiv:1706.03762), with grouped keys and
// values (Ainslie et al. 2023, arXiv:2305.13245). Keys and values of the last tokens lie in a ring, one entry a token.
// Uses: device/activation.h, stddef.h, stdint.h.
#ifndef QL_DEVICE_ATTENTION_H
#define QL_DEVICE_ATTENTION_H

#include <stddef.h>
#include <stdint.h>

#include "device/activation.h"

// The ring: `count` of `length` entries are in use, the oldest at `first`, then in order around the ring.
struct ql_attention_ring {
    int first, count, length;
};

// Return the ring after the token with this position (from 0) has been written to entry `position` modulo `length`.
static inline struct ql_attention_ring ql_attention_ring_at(int64_t position, int length)
{
    struct ql_attention_ring ring = {0, length, length};

    if (position < length) {
        ring.count = (int)position + 1;
    } else {
        ring.first = (int)((position + 1) % length);
    }
    return ring;
}

// For each head h of queries, with head g = h / (heads / kv_heads) of keys and values, over the entries e of the ring from
// the oldest on:
//
//     scores[e] = scale (q[h] . keys[e, g])
//     weight[e] = e^scores[e] / (sum of e^scores)
//     y[h]      = sum over e of weight[e] values[e, g]
//
//   y, q          (heads, size)
//   scores        (ring.count)                scratch
//   keys, values  (ring.length, kv_heads, size)
//
// Each sum runs in rising order; every product and every sum is rounded by itself.
static inline void ql_attention_f32(float *restrict y, float *restrict scores, const float *restrict q,
                                    const float *restrict keys, const float *restrict values,
                                    struct ql_attention_ring ring, int heads, int kv_heads, int size, float scale)
{
    const ptrdiff_t row = (ptrdiff_t)kv_heads * size;
    const int group = heads / kv_heads;

    for (int h = 0; h < heads; h++, q += size, y += size) {
        const ptrdiff_t place = (ptrdiff_t)(h / group) * size;
        float largest = 0.0f, total = 0.0f;

        for (int e = 0; e < ring.count; e++) {
            const int slot = ring.first + e < ring.length ? ring.first + e : ring.first + e - ring.length;
            const float *key = keys + slot * row + place;
            float sum = 0.0f;
            for (int k = 0; k < size; k++) {
                sum += q[k] * key[k];
            }
            scores[e] = sum * scale;
            largest = e == 0 || scores[e] > largest ? scores[e] : largest;
        }
        for (int e = 0; e < ring.count; e++) {
            scores[e] = ql_exp_f32(scores[e] - largest);
            total += scores[e];
        }
        for (int k = 0; k < size; k++) {
            y[k] = 0.0f;
        }
        for (int e = 0; e < ring.count; e++) {
            const int slot = ring.first + e < ring.length ? ring.first + e : ring.first + e - ring.length;
            const float *value = values + slot * row + place;
            const float weight = scores[e] / total;
            for (int k = 0; k < size; k++) {
                y[k] += weight * value[k];
            }
        }
    }
}

// Writes the entry of the token with this position (from 0) over the oldest one of the ring, and attends to it, in place:
// as above, and
//
//   keys, values  (length, kv_heads, size)    the ring
//   key, value    (kv_heads, size)            the entry
//   position      (1)
//   scores        (length)                    scratch
static inline void ql_ring_attention_f32(float *restrict y, float *restrict scores, float *restrict keys,
                                         float *restrict values, const float *restrict q, const float *restrict key,
                                         const float *restrict value, const int64_t *position, int heads, int kv_heads,
                                         int size, int length, float scale)
{
    const int row = kv_heads * size;
    const ptrdiff_t place = (ptrdiff_t)((uint64_t)position[0] % (uint64_t)length) * row;

    for (int k = 0; k < row; k++) {
        keys[place + k] = key[k];
        values[place + k] = value[k];
    }
    ql_attention_f32(y, scores, q, keys, values, ql_attention_ring_at(position[0], length), heads, kv_heads, size,
                     scale);
}

// y = (gate sigmoid(gate)) up: the gated half of a feed-forward layer (Shazeer 2020, arXiv:2002.05202). y may be gate.
static inline void ql_swiglu_f32(float *y, const float *gate, const float *up, int size)
{
    for (int k = 0; k < size; k++) {
        y[k] = gate[k] * ql_sigmoid_f32(gate[k]) * up[k];
    }
}

#endif
