// Candidates in order: see draw_order.h. Uses: device/sampler_order.h, generate/key_row.h.
#include "generate/draw_order.h"

#include <limits.h>

#include "generate/key_row.h"

// The key of a token that is not a candidate, or that has been taken already.
enum { NO_KEY = INT_MIN };

void ql_draw_order_init(struct ql_draw_order *order, int V, struct ql_arena *arena)
{
    *order = (struct ql_draw_order){.V = V};
    order->keys = ql_arena_take(arena, (size_t)ql_key_row_count(V), sizeof order->keys[0]);
    order->tokens = ql_arena_take(arena, (size_t)V, sizeof order->tokens[0]);
}

int ql_draw_order_reset(struct ql_draw_order *order, const uint32_t *blocked)
{
    int candidates = order->V;

    order->ordered = 0;
    for (int v = 0; v < order->V && blocked != NULL; v++) {
        if (ql_sampler_is_blocked(blocked, v)) {
            order->keys[v] = NO_KEY;
            candidates--;
        }
    }
    for (int v = order->V; v < ql_key_row_count(order->V); v++) {
        order->keys[v] = NO_KEY;
    }
    return candidates;
}

int ql_draw_order_first(const struct ql_draw_order *order)
{
    return ql_key_row_find(order->keys, ql_key_row_count(order->V));
}

// Appends the next candidate to those that are in order.
static void append(struct ql_draw_order *order, int token)
{
    order->tokens[order->ordered++] = (uint16_t)token;
    order->keys[token] = NO_KEY;
}

// Sorts all candidates that are not yet in order.
static void order_rest(struct ql_draw_order *order)
{
    uint16_t *rest = order->tokens + order->ordered;
    int waiting = 0;

    for (int v = 0; v < order->V; v++) {
        if (order->keys[v] != NO_KEY) {
            rest[waiting++] = (uint16_t)v;
        }
    }
    ql_sampler_heap_init(rest, waiting, order->keys);
    for (int count = waiting; count > 1; count--) {
        (void)ql_sampler_take(rest, count, order->keys); // the first goes behind the others, so the order is reversed
    }
    for (int low = 0, high = waiting - 1; low < high; low++, high--) {
        const uint16_t moved = rest[low];
        rest[low] = rest[high];
        rest[high] = moved;
    }
    for (int n = 0; n < waiting; n++) {
        append(order, rest[n]);
    }
}

int ql_draw_order_get(struct ql_draw_order *order, int n)
{
    while (order->ordered <= n && order->ordered < QL_KEY_ROW_SEARCHES) {
        append(order, ql_draw_order_first(order));
    }
    if (order->ordered <= n) {
        order_rest(order);
    }
    return order->tokens[n];
}
