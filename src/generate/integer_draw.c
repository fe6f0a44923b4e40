// Many draws from the same integer logits: see integer_draw.h. The rules are those of device/sampler_s32.h; here
// candidates are ordered with vectors, and their sums are kept from draw to draw.
// Uses: base, device/{candidate,sampler_s32}.h, generate/draw_order.h.
#include "generate/integer_draw.h"

#include <string.h>

#include "device/candidate.h"

void ql_integer_draw_init(struct ql_integer_draw *draw, int V, struct ql_arena *arena)
{
    *draw = (struct ql_integer_draw){.V = V};
    ql_draw_order_init(&draw->order, V, arena);
    draw->weights = ql_arena_take(arena, (size_t)V, sizeof draw->weights[0]);
    draw->sums = ql_arena_take(arena, (size_t)V, sizeof draw->sums[0]);
}

// The sum of the weights of the first n + 1 candidates. No sum is computed twice between resets.
static uint32_t sum_to(struct ql_integer_draw *draw, int n)
{
    for (; draw->summed <= n; draw->summed++) {
        draw->sums[draw->summed] = (draw->summed == 0 ? 0 : draw->sums[draw->summed - 1]) +
                                   draw->weights[ql_draw_order_get(&draw->order, draw->summed)];
    }
    return draw->sums[n];
}

// Steps J5 and J6, as in ql_sampler_keep_s32: how many of `count` candidates are kept.
static int keep(struct ql_integer_draw *draw, const struct ql_sampler_s32 *sampler, int count)
{
    int kept = count;

    if (sampler->top_k > 0 && sampler->top_k < count) {
        kept = sampler->top_k;
        draw->total = sum_to(draw, kept - 1);
    }
    if (sampler->top_p < QL_SAMPLER_SHARE_ONE) {
        const uint32_t wanted = ql_sampler_share(draw->total, sampler->top_p);
        int n = 0;
        do {
            draw->total = sum_to(draw, n++);
        } while (draw->total < wanted && n < kept);
        kept = n;
    }
    return kept;
}

bool ql_integer_draw_reset(struct ql_integer_draw *draw, const int32_t *logits, const struct ql_sampler_s32 *sampler,
                           const uint32_t *blocked)
{
    const uint32_t temperature = sampler->temperature;
    const int V = draw->V;

    draw->logits = logits;
    draw->is_costed = false;
    draw->summed = 0;
    draw->certain = temperature == 0;
    memcpy(draw->order.keys, logits, (size_t)V * sizeof logits[0]);
    const int count = ql_draw_order_reset(&draw->order, blocked);
    if (count == 0) {
        return false;
    }
    draw->best = ql_draw_order_first(&draw->order);
    if (temperature == 0) {
        return true;
    }

    const uint32_t rate = ql_sampler_rate(temperature);
    const uint32_t furthest = ql_sampler_furthest(rate);
    draw->total = 0;
    for (int v = 0; v < V; v++) {
        const uint32_t distance = (uint32_t)logits[draw->best] - (uint32_t)logits[v];
        draw->weights[v] = ql_sampler_is_blocked(blocked, v) ? 0 : ql_sampler_weight(distance, rate, furthest);
        draw->total += draw->weights[v];
    }
    draw->kept = keep(draw, sampler, count);
    return true;
}

int ql_integer_draw_next(struct ql_integer_draw *draw, struct ql_random *random)
{
    if (draw->certain) {
        return draw->best;
    }
    const uint32_t drawn = ql_sampler_draw(random, draw->total);
    int n = 0;

    while (sum_to(draw, n) <= drawn && n < draw->kept - 1) {
        n++;
    }
    return ql_draw_order_get(&draw->order, n);
}

uint32_t ql_integer_draw_cost(struct ql_integer_draw *draw, int token)
{
    if (!draw->is_costed) {
        draw->cost = ql_cost_base_s32(&draw->largest, draw->logits, draw->V);
        draw->is_costed = true;
    }
    return draw->cost + ql_cost_distance_s32(draw->largest, draw->logits[token]);
}
