// Sorts the candidates of many draws from the same logits, only as far as the draws need it. The first few, which
// decide most draws, are each found as the largest of the remaining keys, by vectors; one heap sort puts the rest in
// order. The order is that of device/sampler_order.h.
// Uses: base/arena, device/sampler_order.h.
#ifndef QL_GENERATE_DRAW_ORDER_H
#define QL_GENERATE_DRAW_ORDER_H

#include "base/arena.h"
#include "device/sampler_order.h"

struct ql_draw_order {
    int V;
    int32_t *keys; // (V rounded up) of what is not in order yet; less than all others for what is not a candidate
    int ordered;
    uint16_t *tokens; // (ordered)
};

// Takes the arrays from the arena (check `exhausted` afterwards).
void ql_draw_order_init(struct ql_draw_order *order, int V, struct ql_arena *arena);

// Begins with the keys (V) that the caller has written, none of them INT32_MIN. Returns the number of candidates: of
// tokens that are not blocked.
int ql_draw_order_reset(struct ql_draw_order *order, const uint32_t *blocked);

// Returns the first token in the order of the keys. Call it before any other token is taken, with at least one
// candidate.
int ql_draw_order_first(const struct ql_draw_order *order);

// Returns token number n of the order, which has more than n candidates.
int ql_draw_order_get(struct ql_draw_order *order, int n);

#endif
