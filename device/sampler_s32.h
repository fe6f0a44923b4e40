// Draws the next token from integer logits: temperature, then top-k, then top-p, then the draw; ties go to the lower
// index. 32-bit operations only. Specified to the last operation in docs/sampling.md; web/ has the same in JavaScript.
// Uses: device/random.h, device/sampler_order.h, device/sampler_power.h, stddef.h, stdint.h, string.h.
#ifndef QL_DEVICE_SAMPLER_S32_H
#define QL_DEVICE_SAMPLER_S32_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "device/random.h"
#include "device/sampler_order.h"
#include "device/sampler_power.h"

enum {
    QL_SAMPLER_TEMPERATURE_ONE = 4096, // temperature 1
    QL_SAMPLER_SHARE_ONE = 65536,      // top_p 1, and the weight of the likeliest token
};

struct ql_sampler_s32 {
    uint32_t temperature;    // in units of 1 / 4096; 0 always takes the largest logit and draws nothing
    uint32_t top_p;          // in units of 1 / 65536, from 1 to 65536, which is off
    int top_k;               // >= 1; 0 is off
    struct ql_random random; // by ql_random_init
};

// Convert a setting to units of 1 / one, with halves rounded up. A value that is not 0 stays at least 1, and one of
// 2^31 or more becomes 2^31 - 1. value >= 0, and one a power of two. Reads the bits of the float, so that a chip
// without float hardware needs no routines for it.
static inline uint32_t ql_sampler_units(float value, uint32_t one)
{
    uint32_t bits, units;

    memcpy(&bits, &value, sizeof bits);
    bits &= 0x7fffffff; // -0 is 0
    // value * one = fraction * 2^exponent
    const uint32_t fraction = (bits & 0x7fffff) | (bits >> 23 == 0 ? 0 : 0x800000);
    int exponent = (int)(bits >> 23) + (bits >> 23 == 0) - 150;
    for (; one > 1; one /= 2) {
        exponent++;
    }
    if (exponent > 7) {
        units = 0x7fffffff;
    } else if (exponent >= 0) {
        units = fraction << exponent;
    } else if (exponent > -31) {
        units = (fraction + ((1u << -exponent) >> 1)) >> -exponent;
    } else {
        units = 0;
    }
    return units == 0 && fraction != 0 ? 1 : units;
}

// The same; for a negative value return `own`, which is in these units already.
static inline uint32_t ql_sampler_setting(float value, uint32_t one, uint32_t own)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits > 0x80000000u ? own : ql_sampler_units(value, one);
}

// How much the x of ql_sampler_power grows for one unit of a logit, 2^-10: 2^27 log2(e) / 1024 / temperature. The limit
// is the value at which the first unit already reaches QL_SAMPLER_HALVINGS.
static inline uint32_t ql_sampler_rate(uint32_t temperature)
{
    const uint32_t rate_of_one = 774541002u; // 2^27 log2(e) / 1024 * QL_SAMPLER_TEMPERATURE_ONE
    const uint32_t limit = (uint32_t)QL_SAMPLER_HALVINGS << 27;
    const uint32_t rate = (rate_of_one + temperature / 2) / temperature;
    return rate > limit ? limit : rate < 1 ? 1 : rate;
}

// floor(total top_p / 2^16). Both products stay below 2^32, as total <= 65535 * 2^16 and top_p <= 2^16.
static inline uint32_t ql_sampler_share(uint32_t total, uint32_t top_p)
{
    return (total >> 16) * top_p + (((total & 65535) * top_p) >> 16);
}

// A number below total, all equally likely: take as many random bits as total - 1 has, until the number is below total.
// total is at least 2.
static inline uint32_t ql_sampler_draw(struct ql_random *random, uint32_t total)
{
    int unused = 0;
    uint32_t drawn;

    while ((total - 1) << unused >> 31 == 0) {
        unused++;
    }
    do {
        drawn = ql_random_step(random) >> unused;
    } while (drawn >= total);
    return drawn;
}

// How far a logit may be below the largest one: any that is farther has weight 0.
static inline uint32_t ql_sampler_furthest(uint32_t rate)
{
    return ((uint32_t)QL_SAMPLER_HALVINGS << 27) / rate;
}

// Step J3: the weight of a logit that lies `distance` below the largest one.
static inline uint32_t ql_sampler_weight(uint32_t distance, uint32_t rate, uint32_t furthest)
{
    return distance > furthest ? 0 : ql_sampler_power(distance * rate);
}

// Steps J5 and J6: returns how many of the candidates in `order` are kept. *total is the sum of the weights of all, and
// then of those that are kept. The sums are computed again, because there is no memory to keep them.
static inline int ql_sampler_keep_s32(uint32_t *total, uint32_t top_p, int top_k, struct ql_sampler_order *order,
                                      const uint32_t *weights)
{
    int kept = order->count;

    if (top_k > 0 && top_k < kept) {
        kept = top_k;
        *total = 0;
        for (int n = 0; n < kept; n++) {
            *total += weights[ql_sampler_order_get(order, n)];
        }
    }
    if (top_p < QL_SAMPLER_SHARE_ONE) {
        const uint32_t wanted = ql_sampler_share(*total, top_p);
        int n = 0;
        *total = 0;
        do {
            *total += weights[ql_sampler_order_get(order, n++)];
        } while (*total < wanted && n < kept);
        kept = n;
    }
    return kept;
}

// Step J8: returns the token that is drawn.
static inline int ql_sampler_find_s32(uint32_t drawn, int kept, struct ql_sampler_order *order, const uint32_t *weights)
{
    int token = ql_sampler_order_get(order, 0);
    uint32_t sum = weights[token];

    for (int n = 1; sum <= drawn && n < kept; n++) {
        token = ql_sampler_order_get(order, n);
        sum += weights[token];
    }
    return token;
}

// Returns the token, or -1 when all tokens are blocked.
//
//   logits      (V)  in units of 2^-10; V from 1 to 65535
//   blocked          token v must not be drawn where bit v % 32 of blocked[v / 32] is set; NULL when none is blocked
//   weights     (V)  scratch
//   candidates  (V)  scratch
static inline int ql_sampler_step_s32(struct ql_sampler_s32 *sampler, const int32_t *logits, const uint32_t *blocked,
                                      uint32_t *weights, uint16_t *candidates, int V)
{
    int best = -1;
    int count = 0;
    for (int v = 0; v < V; v++) {
        if (!ql_sampler_is_blocked(blocked, v)) {
            best = best < 0 || logits[v] > logits[best] ? v : best;
            candidates[count++] = (uint16_t)v;
        }
    }
    if (sampler->temperature == 0 || count == 0) {
        return best;
    }

    const uint32_t rate = ql_sampler_rate(sampler->temperature);
    const uint32_t furthest = ql_sampler_furthest(rate);
    uint32_t total = 0;
    for (int n = 0; n < count; n++) {
        const int v = candidates[n];
        weights[v] = ql_sampler_weight((uint32_t)logits[best] - (uint32_t)logits[v], rate, furthest);
        total += weights[v];
    }
    if (count == 1) { // nothing to order; also avoids a warning about an array of one token when everything is inlined
        (void)ql_sampler_draw(&sampler->random, total);
        return best;
    }
    struct ql_sampler_order order = {logits, candidates, count, 0};
    ql_sampler_heap_init(candidates, count, logits);

    const int kept = ql_sampler_keep_s32(&total, sampler->top_p, sampler->top_k, &order, weights);
    return ql_sampler_find_s32(ql_sampler_draw(&sampler->random, total), kept, &order, weights);
}

#endif
