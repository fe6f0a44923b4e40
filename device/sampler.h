// Draws the next token from logits: temperature, then top-k, then top-p, then the draw; ties go to the lower index.
// Specified to the last operation in docs/sampling.md; web/ has the same in JavaScript.
// Uses: device/activation.h, device/random.h, device/sampler_order.h, stddef.h.
#ifndef QL_DEVICE_SAMPLER_H
#define QL_DEVICE_SAMPLER_H

#include <stddef.h>

#include "device/activation.h"
#include "device/random.h"
#include "device/sampler_order.h"

struct ql_sampler {
    float temperature;       // >= 0; 0 always takes the largest logit and draws nothing
    float top_p;             // in (0, 1]; 1 is off
    int top_k;               // >= 1; 0 is off
    struct ql_random random; // by ql_random_init
};

// The sum of the weights of candidates 0 to n, added in order. Each caller keeps or computes them in its own way.
typedef float ql_sampler_sum_f32(void *candidates, int n);

// Steps S6 and S7: returns how many of `count` candidates are kept. *total is the sum of the weights of all, and then
// of those that are kept.
static inline int ql_sampler_keep_f32(float *total, float top_p, int top_k, int count, ql_sampler_sum_f32 *sum,
                                      void *candidates)
{
    int kept = count;

    if (top_k > 0 && top_k < count) {
        kept = top_k;
        *total = sum(candidates, kept - 1);
    }
    if (top_p < 1.0f) {
        float wanted = top_p * *total;
        int n = 0;
        do {
            *total = sum(candidates, n++);
        } while (*total < wanted && n < kept);
        kept = n;
    }
    return kept;
}

// Step S9: returns the number of the candidate that is drawn.
static inline int ql_sampler_find_f32(float drawn, int kept, ql_sampler_sum_f32 *sum, void *candidates)
{
    int n = 0;

    while (sum(candidates, n) <= drawn && n < kept - 1) {
        n++;
    }
    return n;
}

// Sums that are not kept: they are computed while candidates are taken, and again when candidate 0 is asked for again.
struct ql_sampler_walk_f32 {
    struct ql_sampler_order order;
    const uint32_t *weights;
    int added;
    float sum; // of the weights of the first `added` candidates
};

static inline float ql_sampler_walk_sum_f32(void *candidates, int n)
{
    struct ql_sampler_walk_f32 *walk = (struct ql_sampler_walk_f32 *)candidates;

    if (n + 1 < walk->added) {
        walk->added = 0;
        walk->sum = 0.0f;
    }
    while (walk->added <= n) {
        walk->sum += ql_activation_from_bits(walk->weights[ql_sampler_order_get(&walk->order, walk->added++)]);
    }
    return walk->sum;
}

// Returns the token, or -1 when a logit is not a finite number, or when all tokens are blocked.
//
//   logits      (V)  V from 1 to 65535
//   blocked          token v must not be drawn where bit v % 32 of blocked[v / 32] is set; NULL when none is blocked
//   weights     (V)  scratch: the bits of floats, which have the same order as integers because no weight is negative
//   candidates  (V)  scratch
static inline int ql_sampler_step_f32(struct ql_sampler *sampler, const float *logits, const uint32_t *blocked,
                                      uint32_t *weights, uint16_t *candidates, int V)
{
    int best = -1;
    int count = 0;
    for (int v = 0; v < V; v++) {
        if (!(logits[v] - logits[v] == 0.0f)) { // NaN and the infinities
            return -1;
        }
        if (!ql_sampler_is_blocked(blocked, v)) {
            best = best < 0 || logits[v] > logits[best] ? v : best;
            candidates[count++] = (uint16_t)v;
        }
    }
    if (sampler->temperature == 0.0f || count == 0) {
        return best;
    }

    float total = 0.0f;
    for (int v = 0; v < V; v++) { // blocked tokens too: without a condition the loop can be vectorized
        weights[v] = ql_activation_to_bits(ql_exp_f32((logits[v] - logits[best]) / sampler->temperature));
    }
    for (int n = 0; n < count; n++) {
        total += ql_activation_from_bits(weights[candidates[n]]);
    }
    struct ql_sampler_walk_f32 walk = {{(const int32_t *)weights, candidates, count, 0}, weights, 0, 0.0f};
    ql_sampler_heap_init(candidates, count, walk.order.keys);

    const int kept = ql_sampler_keep_f32(&total, sampler->top_p, sampler->top_k, count, ql_sampler_walk_sum_f32, &walk);
    const float drawn = ql_random_step_f32(&sampler->random) * total;
    return ql_sampler_order_get(&walk.order, ql_sampler_find_f32(drawn, kept, ql_sampler_walk_sum_f32, &walk));
}

#endif
