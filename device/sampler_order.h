// The candidates of a draw in order, for both samplers: larger keys first, ties by the lower index. Mostly only the
// first few are needed, so the rest stay in a heap.
// Uses: stddef.h, stdint.h.
#ifndef QL_DEVICE_SAMPLER_ORDER_H
#define QL_DEVICE_SAMPLER_ORDER_H

#include <stddef.h>
#include <stdint.h>

// Those that were taken from the heap collect at the end of the same array.
struct ql_sampler_order {
    const int32_t *keys;  // (V)
    uint16_t *candidates; // (count) candidate number n is candidates[count - 1 - n]; the heap lies before those taken
    int count, taken;
};

// True when token v must not be drawn: bit v % 32 of blocked[v / 32] is set; NULL when none is blocked.
static inline int ql_sampler_is_blocked(const uint32_t *blocked, int v)
{
    return blocked != NULL && (blocked[v / 32] >> (v % 32) & 1) != 0;
}

// True when candidate `left` comes before candidate `right`.
static inline int ql_sampler_before(const int32_t *keys, uint16_t left, uint16_t right)
{
    return keys[left] > keys[right] || (keys[left] == keys[right] && left < right);
}

// Restores the heap below `root`: every candidate comes before its two children.
static inline void ql_sampler_sift(uint16_t *heap, int count, const int32_t *keys, int root)
{
    uint16_t moving = heap[root];

    while (root < count / 2) { // it has a child
        int child = 2 * root + 1;
        if (child + 1 < count && ql_sampler_before(keys, heap[child + 1], heap[child])) {
            child++;
        }
        if (!ql_sampler_before(keys, heap[child], moving)) {
            break;
        }
        heap[root] = heap[child];
        root = child;
    }
    heap[root] = moving;
}

// Builds a heap from candidates in any order.
static inline void ql_sampler_heap_init(uint16_t *candidates, int count, const int32_t *keys)
{
    for (int root = count / 2 - 1; root >= 0; root--) {
        ql_sampler_sift(candidates, count, keys, root);
    }
}

// Moves the first of `waiting` candidates to the end, to candidates[waiting - 1], and restores the heap. Returns that
// candidate.
static inline uint16_t ql_sampler_take(uint16_t *candidates, int waiting, const int32_t *keys)
{
    uint16_t first = candidates[0];
    candidates[0] = candidates[waiting - 1];
    ql_sampler_sift(candidates, waiting - 1, keys, 0);
    candidates[waiting - 1] = first;
    return first;
}

// Returns candidate number n, at most order->taken.
static inline uint16_t ql_sampler_order_get(struct ql_sampler_order *order, int n)
{
    if (n == order->taken) {
        (void)ql_sampler_take(order->candidates, order->count - order->taken++, order->keys);
    }
    return order->candidates[order->count - 1 - n];
}

#endif
