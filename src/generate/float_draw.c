// Many draws from the same logits: see float_draw.h.
// Uses: base, device/sampler.h, generate/key_row.h.
//
// Floats are compared by integer keys, whose maximum a compiler finds with vectors (a maximum of floats it may not
// reorder). Candidates come in order by the largest remaining key, again and again; after the first few, which decide
// most draws, the rest is put in order by one heap sort.
#include "generate/float_draw.h"

#include <limits.h>

#include "base/vectors.h"
#include "device/sampler.h"
#include "generate/key_row.h"

// Keys of tokens that take no part: less than any other's.
enum { BARRED_LOGIT = INT_MIN, NO_CANDIDATE = -1 };

void ql_float_draw_init(struct ql_float_draw *draw, int V, struct ql_arena *arena)
{
    *draw = (struct ql_float_draw){.V = V};
    draw->weights = ql_arena_take(arena, (size_t)V, sizeof draw->weights[0]);
    draw->keys = ql_arena_take(arena, (size_t)ql_key_row_count(V), sizeof draw->keys[0]);
    draw->sums = ql_arena_take(arena, (size_t)V, sizeof draw->sums[0]);
    draw->order = ql_arena_take(arena, (size_t)V, sizeof draw->order[0]);
}

// Keys in the order of the logits, -0 and 0 equal. Returns 0 when all are finite.
QL_VECTORIZED_VALUE(static, uint32_t, logit_keys, (int32_t *restrict keys, const float *restrict logits, int V),
                    (keys, logits, V))
{
    const uint32_t exponent = 0x7f800000u;
    uint32_t endless = 0;

    for (int v = 0; v < V; v++) {
        uint32_t bits = ql_activation_to_bits(logits[v] + 0.0f);
        uint32_t magnitude = 0x7fffffffu & (0u - (bits >> 31)); // of negative numbers the order is turned around
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

static bool is_barred(const uint32_t *barred, int v)
{
    return barred != NULL && (barred[v / 32] >> (v % 32) & 1) != 0;
}

// Puts the next candidate behind those that are in order.
static void append(struct ql_float_draw *draw, int token)
{
    int n = draw->ordered++;
    draw->order[n] = (uint16_t)token;
    draw->sums[n] = (n == 0 ? 0.0f : draw->sums[n - 1]) + draw->weights[token];
    draw->keys[token] = NO_CANDIDATE;
}

// Sorts all candidates that are not yet in order.
static void order_rest(struct ql_float_draw *draw)
{
    uint16_t *rest = draw->order + draw->ordered;
    int waiting = 0;

    for (int v = 0; v < draw->V; v++) {
        if (draw->keys[v] != NO_CANDIDATE) {
            rest[waiting++] = (uint16_t)v;
        }
    }
    for (int root = waiting / 2 - 1; root >= 0; root--) {
        ql_sampler_sift(rest, waiting, draw->weights, root);
    }
    for (int count = waiting; count > 1; count--) {
        (void)ql_sampler_take(rest, count, draw->weights); // the first goes behind the others, so the order is reversed
    }
    for (int low = 0, high = waiting - 1; low < high; low++, high--) {
        uint16_t moved = rest[low];
        rest[low] = rest[high];
        rest[high] = moved;
    }
    for (int n = 0; n < waiting; n++) {
        append(draw, rest[n]);
    }
}

// Brings candidate number n in order.
static void reach(struct ql_float_draw *draw, int n)
{
    while (draw->ordered <= n && draw->ordered < QL_KEY_ROW_SEARCHES) {
        append(draw, ql_key_row_find(draw->keys, ql_key_row_count(draw->V)));
    }
    if (draw->ordered <= n) {
        order_rest(draw);
    }
}

bool ql_float_draw_reset(struct ql_float_draw *draw, const float *logits, const struct ql_batch_sampling *sampling,
                         const uint32_t *barred)
{
    const int V = draw->V;

    draw->ordered = 0;
    draw->candidates = 0;
    draw->certain = sampling->temperature == 0.0f;
    if (logit_keys(draw->keys, logits, V) != 0) {
        return false;
    }
    for (int v = 0; v < V; v++) {
        draw->candidates += !is_barred(barred, v);
        draw->keys[v] = is_barred(barred, v) ? BARRED_LOGIT : draw->keys[v];
    }
    for (int v = V; v < ql_key_row_count(V); v++) {
        draw->keys[v] = BARRED_LOGIT;
    }
    if (draw->candidates == 0) {
        return false;
    }
    draw->best = ql_key_row_find(draw->keys, ql_key_row_count(V));
    if (draw->certain) {
        return true;
    }

    weigh(draw->weights, logits, logits[draw->best], sampling->temperature, V);
    draw->total = 0.0f;
    for (int v = 0; v < V; v++) { // weights are positive, so their bits are in their order
        draw->total += is_barred(barred, v) ? 0.0f : draw->weights[v];
        draw->keys[v] = is_barred(barred, v) ? NO_CANDIDATE : (int32_t)ql_activation_to_bits(draw->weights[v]);
    }
    for (int v = V; v < ql_key_row_count(V); v++) {
        draw->keys[v] = NO_CANDIDATE;
    }
    draw->kept = draw->candidates;
    if (sampling->top_k > 0 && sampling->top_k < draw->candidates) {
        draw->kept = sampling->top_k;
        reach(draw, draw->kept - 1);
        draw->total = draw->sums[draw->kept - 1];
    }
    if (sampling->top_p < 1.0f) {
        const float wanted = sampling->top_p * draw->total;
        int n = 0;
        do {
            reach(draw, n);
        } while (draw->sums[n] < wanted && ++n < draw->kept);
        draw->kept = n < draw->kept ? n + 1 : draw->kept;
        draw->total = draw->sums[draw->kept - 1];
    }
    return true;
}

int ql_float_draw_next(struct ql_float_draw *draw, struct ql_random *random)
{
    if (draw->certain) {
        return draw->best;
    }
    const float drawn = ql_random_step_f32(random) * draw->total;
    int n = 0;
    while (reach(draw, n), draw->sums[n] <= drawn && n < draw->kept - 1) {
        n++;
    }
    return draw->order[n];
}
