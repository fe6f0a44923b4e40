// Draws many tokens from the same integer logits: the same tokens as ql_sampler_step_s32. Each draw is a search in sums
// that are computed once. Candidates are sorted only as far as the draws need it.
// Uses: base/arena, device/sampler_s32.h, generate/draw_order.h.
#ifndef QL_GENERATE_INTEGER_DRAW_H
#define QL_GENERATE_INTEGER_DRAW_H

#include <stdbool.h>

#include "base/arena.h"
#include "device/sampler_s32.h"
#include "generate/draw_order.h"

// What docs/sampling.md says of the sampler of integer logits, so far as it was needed.
struct ql_integer_draw {
    int V;
    int best;
    bool certain;      // temperature 0: always `best`, and no number is drawn
    int kept;          // candidates that may be drawn
    uint32_t total;    // of their weights
    uint32_t *weights; // (V)
    const int32_t *logits;
    int32_t largest; // of all logits, those of blocked tokens too
    uint32_t cost;   // of a token with that logit, once it was asked for
    bool is_costed;
    struct ql_draw_order order;
    int summed;
    uint32_t *sums; // (summed) of the weights of candidates 0 to n
};

// Takes the arrays from the arena (check `exhausted` afterwards).
void ql_integer_draw_init(struct ql_integer_draw *draw, int V, struct ql_arena *arena);

// Looks at logits. Of the sampler only the settings are used. False when all are blocked.
bool ql_integer_draw_reset(struct ql_integer_draw *draw, const int32_t *logits, const struct ql_sampler_s32 *sampler,
                           const uint32_t *blocked);

// Draws a token.
int ql_integer_draw_next(struct ql_integer_draw *draw, struct ql_random *random);

// The cost of a token: B1 to B3. The logits must still be there.
uint32_t ql_integer_draw_cost(struct ql_integer_draw *draw, int token);

#endif
