// Keys of candidates: a row of integers, of which the largest is found by vectors.
// float_draw and integer_draw put logits or weights into it, in their order.
// Uses: stdint.h.
#ifndef QL_GENERATE_KEY_ROW_H
#define QL_GENERATE_KEY_ROW_H

#include <stdint.h>

// Candidates that are searched one by one before the rest is sorted. A search costs a few vectors of keys; so many cost
// about as much as the sort.
enum { QL_KEY_ROW_SEARCHES = 16 };

// The keys that a row of V candidates has, with those at its end that make it whole vectors. These must be less than, or
// equal to, all others.
int ql_key_row_count(int V);

// The lowest index of the largest of `count` keys, at least 1.
int ql_key_row_find(const int32_t *keys, int count);

#endif
