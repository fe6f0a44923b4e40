// Scores texts by the probabilities of the model that wrote them, to choose the best of several candidates. Specified
// to the last operation in docs/sampling.md; web/sampler.js has the same in JavaScript.
// Uses: device/random.h, device/sampler_s32.h, stdbool.h, stdint.h.
#ifndef QL_DEVICE_CANDIDATE_H
#define QL_DEVICE_CANDIDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "device/random.h"
#include "device/sampler_s32.h"

// The cost of a token is minus the logarithm of its probability, in units of 2^-10 nats, which are those of integer
// logits.
enum {
    QL_COST_ONE = 1024,
    QL_COST_FURTHEST = 1 << 20, // a logit farther below the largest one counts as if it were at this distance
    QL_COST_RATE = 189097,      // ql_sampler_rate of temperature 1
    QL_COST_LN2 = 45426,        // 2^16 ln 2
};

// Step B2: the whole part of 2^10 log2(total), except for what 16 bits cannot hold. total is at least 1.
static inline uint32_t ql_cost_log2(uint32_t total)
{
    uint32_t result = 0, part = total;

    while (part >= 65536) { // to 16 bits with the top bit set
        part >>= 1;
        result++;
    }
    while (part < 32768) {
        part <<= 1;
        result--;
    }
    result += 15;
    for (int k = 0; k < 10; k++) {
        part = part * part >> 15;
        result *= 2;
        if (part >= 65536) {
            part >>= 1;
            result++;
        }
    }
    return result;
}

// Step B3: the cost of the likeliest token, from the sum of all weights, which is at least 65536.
static inline uint32_t ql_cost_of_total(uint32_t total)
{
    return ((ql_cost_log2(total) - 16 * QL_COST_ONE) * QL_COST_LN2 + 32768) >> 16;
}

// Step B1 for integer logits: how far a logit lies below the largest one.
static inline uint32_t ql_cost_distance_s32(int32_t largest, int32_t logit)
{
    const uint32_t distance = (uint32_t)largest - (uint32_t)logit;
    return distance < QL_COST_FURTHEST ? distance : (uint32_t)QL_COST_FURTHEST;
}

// Step B1 for logits in float, which are finite.
static inline uint32_t ql_cost_distance_f32(float largest, float logit)
{
    const float units = (largest - logit) * (float)QL_COST_ONE;
    return units < (float)QL_COST_FURTHEST ? (uint32_t)(units + 0.5f) : (uint32_t)QL_COST_FURTHEST;
}

// The cost of the likeliest of V tokens, whose logit is *largest. Any other costs its distance more.
static inline uint32_t ql_cost_base_s32(int32_t *largest, const int32_t *logits, int V)
{
    const uint32_t furthest = ql_sampler_furthest(QL_COST_RATE);
    uint32_t total = 0;

    *largest = logits[0];
    for (int v = 1; v < V; v++) {
        *largest = logits[v] > *largest ? logits[v] : *largest;
    }
    for (int v = 0; v < V; v++) {
        total += ql_sampler_weight(ql_cost_distance_s32(*largest, logits[v]), QL_COST_RATE, furthest);
    }
    return ql_cost_of_total(total);
}

static inline uint32_t ql_cost_base_f32(float *largest, const float *logits, int V)
{
    const uint32_t furthest = ql_sampler_furthest(QL_COST_RATE);
    uint32_t total = 0;

    *largest = logits[0];
    for (int v = 1; v < V; v++) {
        *largest = logits[v] > *largest ? logits[v] : *largest;
    }
    for (int v = 0; v < V; v++) {
        total += ql_sampler_weight(ql_cost_distance_f32(*largest, logits[v]), QL_COST_RATE, furthest);
    }
    return ql_cost_of_total(total);
}

// The cost of a token that was drawn from these logits. What was blocked, and the temperature, do not matter.
static inline uint32_t ql_cost_s32(const int32_t *logits, int token, int V)
{
    int32_t largest;
    const uint32_t base = ql_cost_base_s32(&largest, logits, V);
    return base + ql_cost_distance_s32(largest, logits[token]);
}

static inline uint32_t ql_cost_f32(const float *logits, int token, int V)
{
    float largest;
    const uint32_t base = ql_cost_base_f32(&largest, logits, V);
    return base + ql_cost_distance_f32(largest, logits[token]);
}

// How well a text meets the limits. A smaller rank is better than a larger one, whatever the costs are.
enum ql_candidate_rank {
    QL_CANDIDATE_INSIDE,  // it ended without being cut, with a length within the limits
    QL_CANDIDATE_OUTSIDE, // it is shorter, or was cut
    QL_CANDIDATE_REFUSED, // it must not be shown
};

// One of several texts of which the best is taken.
struct ql_candidate {
    uint32_t cost;       // of all tokens that were drawn, the newline included; at most 2^32 - 1
    uint32_t characters; // of these tokens
    uint32_t rank;       // enum ql_candidate_rank
};

// The seed of candidate `number`, from 0. The first one is the text that is written where there is no choice.
static inline uint32_t ql_candidate_seed(uint32_t seed, uint32_t number)
{
    return number == 0 ? seed : ql_random_derive(seed, number);
}

// Adds a token that was drawn. The sum saturates at its largest value.
static inline void ql_candidate_add(struct ql_candidate *candidate, uint32_t cost, uint32_t characters)
{
    candidate->cost = cost > UINT32_MAX - candidate->cost ? UINT32_MAX : candidate->cost + cost;
    candidate->characters += characters;
}

// Returns whether `left` is better: of a smaller rank, or of the same rank and cheaper per character. Of equal ones the
// one with the lower number is taken, which is left to the caller.
static inline bool ql_candidate_before(const struct ql_candidate *left, const struct ql_candidate *right)
{
    if (left->rank != right->rank) {
        return left->rank < right->rank;
    }
    return (uint64_t)left->cost * right->characters < (uint64_t)right->cost * left->characters;
}

#endif
