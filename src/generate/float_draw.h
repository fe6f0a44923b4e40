// Draws many tokens from the same float logits: the same tokens as ql_sampler_step_f32. Each draw is a search in sums that
// are computed once. A single draw is fast, too, when few symbols have most of the weight: the first candidates are found
// one by one, without bringing the others in order.
// Uses: base/arena, device/random.h, generate/batch_engine.h (the settings), generate/draw_order.h.
#ifndef QL_GENERATE_FLOAT_DRAW_H
#define QL_GENERATE_FLOAT_DRAW_H

#include "base/arena.h"
#include "generate/batch_engine.h"
#include "generate/draw_order.h"

// What steps S1 to S7 of docs/sampling.md give, so far as it was needed.
struct ql_float_draw {
    int V;
    int best;       // S2
    bool certain;   // temperature 0: always `best`, and no number is drawn
    int kept;       // candidates that may be drawn
    float total;    // of their weights
    float *weights; // (V)
    const float *logits;
    float largest; // of all logits, those of blocked tokens too
    uint32_t cost; // of a token with that logit, once it was asked for
    bool is_costed;
    struct ql_draw_order order;
    int summed;
    float *sums; // (summed) of the weights of candidates 0 to n
};

// Takes the arrays from the arena (check `exhausted` afterwards).
void ql_float_draw_init(struct ql_float_draw *draw, int V, struct ql_arena *arena);

// False for logits that are not finite, and when all are blocked. See batch_engine.h for `blocked`.
bool ql_float_draw_reset(struct ql_float_draw *draw, const float *logits, const struct ql_batch_sampling *sampling,
                         const uint32_t *blocked);

// S8 and S9.
int ql_float_draw_next(struct ql_float_draw *draw, struct ql_random *random);

// The cost of a token: B1 to B3. The logits must still be there.
uint32_t ql_float_draw_cost(struct ql_float_draw *draw, int token);

#endif
