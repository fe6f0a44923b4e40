// Many draws from the same logits: see float_draw.h. The rules are those of device/sampler.h; here candidates are
// ordered with vectors, and their sums are kept from draw to draw.
// Uses: base, device/{candidate,sampler}.h, generate/draw_order.h.
//
// Floats are compared through integer keys: a compiler can find their maximum with vectors, but may not reorder a
// maximum of floats.
#include "generate/float_draw.h"

#include "base/vectors.h"
#include "device/candidate.h"
#include "device/sampler.h"

void ql_float_draw_init(struct ql_float_draw *draw, int V, struct ql_arena *arena)
{
    *draw = (struct ql_float_draw){.V = V};
    ql_draw_order_init(&draw->order, V, arena);
    draw->weights = ql_arena_take(arena, (size_t)V, sizeof draw->weights[0]);
    draw->sums = ql_arena_take(arena, (size_t)V, sizeof draw->sums[0]);
}

// Keys in the order of the logits, -0 and 0 equal. Returns 0 when all are finite.
QL_VECTORIZED_VALUE(static, uint32_t, logit_keys, (int32_t *restrict keys, const float *restrict logits, int V),
                    (keys, logits, V))
{
    const uint32_t exponent = 0x7f800000u;
    uint32_t endless = 0;

    for (int v = 0; v < V; v++) {
        uint32_t bits = ql_activation_to_bits(logits[v] + 0.0f);
        uint32_t magnitude = 0x7fffffffu & (0u - (bits >> 31)); // for negative numbers the order is reversed
        endless |= (bits & exponent) == exponent;
        keys[v] = (int32_t)(bits ^ magnitude);
    }
    return endless;
}

QL_VECTORIZED(static, void, weigh,
              (float *restrict weights, const float *restrict logits, float largest, float temperature, int V),
              (weights, logits, largest, temperature, V))
{
    for (int v = 0; v < V; v++) {
        weights[v] = ql_exp_f32((logits[v] - largest) / temperature);
    }
}

// The sum of the weights of the first n + 1 candidates. No sum is computed twice between resets.
static float sum_to(void *candidates, int n)
{
    struct ql_float_draw *draw = candidates;

    for (; draw->summed <= n; draw->summed++) {
        draw->sums[draw->summed] = (draw->summed == 0 ? 0.0f : draw->sums[draw->summed - 1]) +
                                   draw->weights[ql_draw_order_get(&draw->order, draw->summed)];
    }
    return draw->sums[n];
}

bool ql_float_draw_reset(struct ql_float_draw *draw, const float *logits, const struct ql_batch_sampling *sampling,
                         const uint32_t *blocked)
{
    const int V = draw->V;
    int32_t *keys = draw->order.keys;

    draw->logits = logits;
    draw->is_costed = false;
    draw->summed = 0;
    draw->certain = sampling->temperature == 0.0f;
    if (logit_keys(keys, logits, V) != 0 || ql_draw_order_reset(&draw->order, blocked) == 0) {
        return false;
    }
    draw->best = ql_draw_order_first(&draw->order);
    if (draw->certain) {
        return true;
    }

    weigh(draw->weights, logits, logits[draw->best], sampling->temperature, V);
    draw->total = 0.0f;
    for (int v = 0; v < V; v++) { // weights are positive, so their bits are in the same order
        draw->total += ql_sampler_is_blocked(blocked, v) ? 0.0f : draw->weights[v];
        keys[v] = (int32_t)ql_activation_to_bits(draw->weights[v]);
    }
    const int count = ql_draw_order_reset(&draw->order, blocked);
    draw->kept = ql_sampler_keep_f32(&draw->total, sampling->top_p, sampling->top_k, count, sum_to, draw);
    return true;
}

int ql_float_draw_next(struct ql_float_draw *draw, struct ql_random *random)
{
    if (draw->certain) {
        return draw->best;
    }
    const float drawn = ql_random_step_f32(random) * draw->total;
    return ql_draw_order_get(&draw->order, ql_sampler_find_f32(drawn, draw->kept, sum_to, draw));
}

uint32_t ql_float_draw_cost(struct ql_float_draw *draw, int token)
{
    if (!draw->is_costed) {
        draw->cost = ql_cost_base_f32(&draw->largest, draw->logits, draw->V);
        draw->is_costed = true;
    }
    return draw->cost + ql_cost_distance_f32(draw->largest, draw->logits[token]);
}
