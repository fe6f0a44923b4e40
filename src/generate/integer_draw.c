// Many draws from the same integer logits: see integer_draw.h. The next candidate is found as the largest of the keys
// that are left, by vectors; after the first few, which decide most draws, the rest is put in order by one heap sort.
// Uses: base, device, generate/key_row.h.
#include "generate/integer_draw.h"

#include <limits.h>

#include "generate/key_row.h"

// The key of what is no candidate, or no longer waits. No logit is so low: a row's value has 31 bits.
enum { NO_KEY = INT_MIN };

void ql_integer_draw_init(struct ql_integer_draw *draw, int V, struct ql_arena *arena)
{
    *draw = (struct ql_integer_draw){.V = V};
    draw->weights = ql_arena_take(arena, (size_t)V, sizeof draw->weights[0]);
    draw->keys = ql_arena_take(arena, (size_t)ql_key_row_count(V), sizeof draw->keys[0]);
    draw->sums = ql_arena_take(arena, (size_t)V, sizeof draw->sums[0]);
    draw->order = ql_arena_take(arena, (size_t)V, sizeof draw->order[0]);
}

// Puts the next candidate behind those that are in order.
static void append(struct ql_integer_draw *draw, int token)
{
    const int n = draw->ordered++;

    draw->order[n] = (uint16_t)token;
    draw->sums[n] = (n == 0 ? 0 : draw->sums[n - 1]) + draw->weights[token];
    draw->keys[token] = NO_KEY;
}

// Sorts all candidates that are not yet in order.
static void order_rest(struct ql_integer_draw *draw)
{
    uint16_t *rest = draw->order + draw->ordered;
    int waiting = 0;

    for (int v = 0; v < draw->V; v++) {
        if (draw->keys[v] != NO_KEY) {
            rest[waiting++] = (uint16_t)v;
        }
    }
    for (int root = waiting / 2 - 1; root >= 0; root--) {
        ql_sampler_sift_s32(rest, waiting, draw->keys, root);
    }
    for (int count = waiting; count > 1; count--) {
        (void)ql_sampler_take_s32(rest, count, draw->keys); // the first goes behind the others: the order is reversed
    }
    for (int low = 0, high = waiting - 1; low < high; low++, high--) {
        const uint16_t moved = rest[low];
        rest[low] = rest[high];
        rest[high] = moved;
    }
    for (int n = 0; n < waiting; n++) {
        append(draw, rest[n]);
    }
}

// Brings candidate number n in order.
static void reach(struct ql_integer_draw *draw, int n)
{
    while (draw->ordered <= n && draw->ordered < QL_KEY_ROW_SEARCHES) {
        append(draw, ql_key_row_find(draw->keys, ql_key_row_count(draw->V)));
    }
    if (draw->ordered <= n) {
        order_rest(draw);
    }
}

bool ql_integer_draw_reset(struct ql_integer_draw *draw, const int32_t *logits, const struct ql_sampler_s32 *sampler,
                           const uint32_t *barred)
{
    const int V = draw->V;

    draw->ordered = 0;
    draw->candidates = 0;
    draw->certain = sampler->temperature == 0;
    for (int v = 0; v < V; v++) {
        const bool is_barred = barred != NULL && (barred[v / 32] >> (v % 32) & 1) != 0;
        draw->candidates += !is_barred;
        draw->keys[v] = is_barred ? NO_KEY : logits[v];
    }
    for (int v = V; v < ql_key_row_count(V); v++) {
        draw->keys[v] = NO_KEY;
    }
    if (draw->candidates == 0) {
        return false;
    }
    draw->best = ql_key_row_find(draw->keys, ql_key_row_count(V));
    if (draw->certain) {
        return true;
    }

    const uint32_t rate = ql_sampler_rate(sampler->temperature);
    const uint32_t furthest = ((uint32_t)QL_SAMPLER_HALVINGS << 27) / rate;
    draw->total = 0;
    for (int v = 0; v < V; v++) {
        const uint32_t distance = (uint32_t)logits[draw->best] - (uint32_t)logits[v];
        const bool weighs = draw->keys[v] != NO_KEY && distance <= furthest;
        draw->weights[v] = weighs ? ql_sampler_power(distance * rate) : 0;
        draw->total += draw->weights[v];
    }
    draw->kept = draw->candidates;
    if (sampler->top_k > 0 && sampler->top_k < draw->candidates) {
        draw->kept = sampler->top_k;
        reach(draw, draw->kept - 1);
        draw->total = draw->sums[draw->kept - 1];
    }
    if (sampler->top_p < QL_SAMPLER_SHARE_ONE) {
        const uint32_t wanted = ql_sampler_share(draw->total, sampler->top_p);
        int n = 0;
        do {
            reach(draw, n);
        } while (draw->sums[n] < wanted && ++n < draw->kept);
        draw->kept = n < draw->kept ? n + 1 : draw->kept;
        draw->total = draw->sums[draw->kept - 1];
    }
    return true;
}

int ql_integer_draw_next(struct ql_integer_draw *draw, struct ql_random *random)
{
    if (draw->certain) {
        return draw->best;
    }
    const uint32_t drawn = ql_sampler_draw(random, draw->total);
    int n = 0;
    while (reach(draw, n), draw->sums[n] <= drawn && n < draw->kept - 1) {
        n++;
    }
    return draw->order[n];
}
