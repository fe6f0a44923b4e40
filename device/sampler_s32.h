// Draws the next token from integer logits: temperature, then top-k, then top-p, then the draw; ties go to the lower
// index. 32-bit operations only. Specified to the last operation in docs/sampling.md; web/ has the same in JavaScript.
// Uses: device/random.h, stddef.h, stdint.h.
#ifndef QL_DEVICE_SAMPLER_S32_H
#define QL_DEVICE_SAMPLER_S32_H

#include <stddef.h>
#include <stdint.h>

#include "device/random.h"

enum {
    QL_SAMPLER_TEMPERATURE_ONE = 4096, // temperature 1
    QL_SAMPLER_SHARE_ONE = 65536,      // top_p 1, and the weight of the likeliest token
    QL_SAMPLER_HALVINGS = 17,          // 2^-17 of the greatest weight rounds to 0
};

struct ql_sampler_s32 {
    uint32_t temperature;    // in units of 1 / 4096; 0 always takes the largest logit and draws nothing
    uint32_t top_p;          // in units of 1 / 65536, from 1 to 65536, which is off
    int top_k;               // >= 1; 0 is off
    struct ql_random random; // by ql_random_init
};

// A setting in units of 1 / one, rounded; what is not 0 stays so. value * one is below 2^31, and one a power of two, so
// that nothing is rounded but the result.
static inline uint32_t ql_sampler_units(float value, uint32_t one)
{
    const float units = value * (float)one;
    const uint32_t whole = (uint32_t)units;
    const uint32_t rounded = whole + (units - (float)whole >= 0.5f);
    return rounded == 0 && value > 0.0f ? 1 : rounded;
}

// round(2^16 2^(-k / 64)); a test computes it again.
static const uint32_t ql_sampler_power_table[65] = {
    // clang-format off
    65536, 64830, 64132, 63441, 62757, 62081, 61413, 60751, 60097, 59449, 58809, 58176, 57549, 56929, 56316, 55709,
    55109, 54515, 53928, 53347, 52773, 52204, 51642, 51085, 50535, 49991, 49452, 48920, 48393, 47871, 47356, 46846,
    46341, 45842, 45348, 44859, 44376, 43898, 43425, 42958, 42495, 42037, 41584, 41136, 40693, 40255, 39821, 39392,
    38968, 38548, 38133, 37722, 37316, 36914, 36516, 36123, 35734, 35349, 34968, 34591, 34219, 33850, 33486, 33125,
    32768,
    // clang-format on
};

// 2^16 2^(-x / 2^27), by straight lines between the entries. x is at most 17 * 2^27. Error below 3: 0.96 from the lines,
// 0.7 from what is cut of x, the rest from rounding.
static inline uint32_t ql_sampler_power(uint32_t x)
{
    const uint32_t halvings = x >> 27;
    const uint32_t *entry = &ql_sampler_power_table[x >> 21 & 63];
    const uint32_t part = x >> 11 & 1023;
    const uint32_t power = entry[0] - (((entry[0] - entry[1]) * part + 512) >> 10);
    return (power + ((1u << halvings) >> 1)) >> halvings;
}

// How much that x grows from one unit of a logit, 2^-10, to the next: 2^27 log2(e) / 1024 / temperature. At most so
// much that the first unit already reaches QL_SAMPLER_HALVINGS.
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

// A number below total, all equally likely: as many random bits as total - 1 has, until they are below it.
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

// True when candidate `left` stands before candidate `right`: the larger logit, or the lower index of equal ones.
static inline int ql_sampler_before_s32(const int32_t *logits, uint16_t left, uint16_t right)
{
    return logits[left] > logits[right] || (logits[left] == logits[right] && left < right);
}

// Restores the heap below `root`: every candidate stands before its two children.
static inline void ql_sampler_sift_s32(uint16_t *heap, int count, const int32_t *logits, int root)
{
    uint16_t moving = heap[root];

    while (root < count / 2) { // it has a child
        int child = 2 * root + 1;
        if (child + 1 < count && ql_sampler_before_s32(logits, heap[child + 1], heap[child])) {
            child++;
        }
        if (!ql_sampler_before_s32(logits, heap[child], moving)) {
            break;
        }
        heap[root] = heap[child];
        root = child;
    }
    heap[root] = moving;
}

// Moves the first of `waiting` candidates behind the others, to candidates[waiting - 1], and restores the heap.
static inline uint16_t ql_sampler_take_s32(uint16_t *candidates, int waiting, const int32_t *logits)
{
    uint16_t first = candidates[0];
    candidates[0] = candidates[waiting - 1];
    ql_sampler_sift_s32(candidates, waiting - 1, logits, 0);
    candidates[waiting - 1] = first;
    return first;
}

// Returns the token, or -1 when all tokens are barred.
//
//   logits      (V)  in units of 2^-10; V from 1 to 65535
//   barred           token v must not be drawn where bit v % 32 of barred[v / 32] is set; NULL bars none
//   weights     (V)  scratch
//   candidates  (V)  scratch
//
// The candidates are needed in order, but mostly only the first few of them. So they wait in a heap, and those that
// were taken collect at the end of the same array: the n-th taken is candidates[count - 1 - n].
static inline int ql_sampler_step_s32(struct ql_sampler_s32 *sampler, const int32_t *logits, const uint32_t *barred,
                                      uint32_t *weights, uint16_t *candidates, int V)
{
    int best = -1;
    int count = 0;
    for (int v = 0; v < V; v++) {
        if (barred == NULL || !(barred[v / 32] >> (v % 32) & 1)) {
            best = best < 0 || logits[v] > logits[best] ? v : best;
            candidates[count++] = (uint16_t)v;
        }
    }
    if (sampler->temperature == 0 || count == 0) {
        return best;
    }

    const uint32_t rate = ql_sampler_rate(sampler->temperature);
    const uint32_t furthest = ((uint32_t)QL_SAMPLER_HALVINGS << 27) / rate;
    uint32_t total = 0;
    for (int n = 0; n < count; n++) {
        const int v = candidates[n];
        const uint32_t distance = (uint32_t)logits[best] - (uint32_t)logits[v];
        weights[v] = distance > furthest ? 0 : ql_sampler_power(distance * rate);
        total += weights[v];
    }
    for (int root = count / 2 - 1; root >= 0; root--) {
        ql_sampler_sift_s32(candidates, count, logits, root);
    }
    int taken = 0;
    int kept = count;

    if (sampler->top_k > 0 && sampler->top_k < count) {
        kept = sampler->top_k;
        total = 0;
        for (; taken < kept; taken++) {
            total += weights[ql_sampler_take_s32(candidates, count - taken, logits)];
        }
    }
    if (sampler->top_p < QL_SAMPLER_SHARE_ONE) {
        const uint32_t wanted = ql_sampler_share(total, sampler->top_p);
        int n = 0;
        total = 0;
        do {
            if (n == taken) {
                ql_sampler_take_s32(candidates, count - taken++, logits);
            }
            total += weights[candidates[count - 1 - n++]];
        } while (total < wanted && n < kept);
        kept = n;
    }

    const uint32_t drawn = ql_sampler_draw(&sampler->random, total);
    uint32_t passed = 0;
    int token = best;
    for (int n = 0; n < kept && passed <= drawn; n++) {
        if (n == taken) {
            ql_sampler_take_s32(candidates, count - taken++, logits);
        }
        token = candidates[count - 1 - n];
        passed += weights[token];
    }
    return token;
}

#endif
