// Draws the next token from logits: temperature, then top-k, then top-p, then the draw; ties go to the lower index.
// Specified to the last operation in docs/sampling.md; web/ has the same in JavaScript.
// Uses: device/activation.h, device/random.h, stddef.h.
#ifndef QL_DEVICE_SAMPLER_H
#define QL_DEVICE_SAMPLER_H

#include <stddef.h>

#include "device/activation.h"
#include "device/random.h"

struct ql_sampler {
    float temperature;       // >= 0; 0 always takes the largest logit and draws nothing
    float top_p;             // in (0, 1]; 1 is off
    int top_k;               // >= 1; 0 is off
    struct ql_random random; // by ql_random_init
};

// True when candidate `left` stands before candidate `right`: the larger weight, or the lower index of equal ones.
static inline int ql_sampler_before(const float *weights, uint16_t left, uint16_t right)
{
    return weights[left] > weights[right] || (weights[left] == weights[right] && left < right);
}

// Restores the heap below `root`: every candidate stands before its two children.
static inline void ql_sampler_sift(uint16_t *heap, int count, const float *weights, int root)
{
    uint16_t moving = heap[root];

    while (root < count / 2) { // it has a child
        int child = 2 * root + 1;
        if (child + 1 < count && ql_sampler_before(weights, heap[child + 1], heap[child])) {
            child++;
        }
        if (!ql_sampler_before(weights, heap[child], moving)) {
            break;
        }
        heap[root] = heap[child];
        root = child;
    }
    heap[root] = moving;
}

// Moves the first of `waiting` candidates behind the others, to candidates[waiting - 1], and restores the heap.
static inline uint16_t ql_sampler_take(uint16_t *candidates, int waiting, const float *weights)
{
    uint16_t first = candidates[0];
    candidates[0] = candidates[waiting - 1];
    ql_sampler_sift(candidates, waiting - 1, weights, 0);
    candidates[waiting - 1] = first;
    return first;
}

// Returns the token, or -1 when a logit is not a finite number, or when all tokens are barred.
//
//   logits      (V)  V from 1 to 65535
//   barred           token v must not be drawn where bit v % 32 of barred[v / 32] is set; NULL bars none
//   weights     (V)  scratch
//   candidates  (V)  scratch
//
// The candidates are needed in order, but mostly only the first few of them. So they wait in a heap, and those that
// were taken collect at the end of the same array: the n-th taken is candidates[count - 1 - n].
static inline int ql_sampler_step_f32(struct ql_sampler *sampler, const float *logits, const uint32_t *barred,
                                      float *weights, uint16_t *candidates, int V)
{
    int best = -1;
    int count = 0;
    for (int v = 0; v < V; v++) {
        if (!(logits[v] - logits[v] == 0.0f)) { // NaN and the infinities
            return -1;
        }
        if (barred == NULL || !(barred[v / 32] >> (v % 32) & 1)) {
            best = best < 0 || logits[v] > logits[best] ? v : best;
            candidates[count++] = (uint16_t)v;
        }
    }
    if (sampler->temperature == 0.0f || count == 0) {
        return best;
    }

    float total = 0.0f;
    for (int v = 0; v < V; v++) { // of barred tokens too: without a condition the loop becomes vectors
        weights[v] = ql_exp_f32((logits[v] - logits[best]) / sampler->temperature);
    }
    for (int n = 0; n < count; n++) {
        total += weights[candidates[n]];
    }
    for (int root = count / 2 - 1; root >= 0; root--) {
        ql_sampler_sift(candidates, count, weights, root);
    }
    int taken = 0;
    int kept = count;

    if (sampler->top_k > 0 && sampler->top_k < count) {
        kept = sampler->top_k;
        total = 0.0f;
        for (; taken < kept; taken++) {
            total += weights[ql_sampler_take(candidates, count - taken, weights)];
        }
    }
    if (sampler->top_p < 1.0f) {
        float wanted = sampler->top_p * total;
        int n = 0;
        total = 0.0f;
        do {
            if (n == taken) {
                ql_sampler_take(candidates, count - taken++, weights);
            }
            total += weights[candidates[count - 1 - n++]];
        } while (total < wanted && n < kept);
        kept = n;
    }

    float drawn = ql_random_step_f32(&sampler->random) * total;
    float passed = 0.0f;
    int token = best;
    for (int n = 0; n < kept && passed <= drawn; n++) {
        if (n == taken) {
            ql_sampler_take(candidates, count - taken++, weights);
        }
        token = candidates[count - 1 - n];
        passed += weights[token];
    }
    return token;
}

#endif
