// Records the largest numbers in a decoder while it reads a text. The units of the integer form are chosen from them.
// A stepper that is given ranges (model/stepper.h) records into them.
// Uses: base/arena, model/architecture.
#ifndef QL_MODEL_DECODER_RANGES_H
#define QL_MODEL_DECODER_RANGES_H

#include "base/arena.h"
#include "model/architecture.h"

// The largest size of what was seen in a layer. Queries and keys are measured by their pairs, whose length does not
// change when they are turned.
struct ql_decoder_ranges {
    float attention_norm, feed_norm; // of a norm, before its gain
    float *query, *attended;         // (heads)
    float *key, *value;              // (kv_heads)
    float up, *product;              // of the feed-forward half: before the gate, and each number after it (feed)
};

// Takes the arrays from an arena and begins with zeros; check `exhausted` afterwards.
void ql_decoder_ranges_init(struct ql_decoder_ranges *ranges, int heads, int kv_heads, int feed,
                            struct ql_arena *arena);

// Raises each range (count) to a quarter of the largest: what was small in one text need not be so in another.
void ql_decoder_ranges_raise(float *ranges, int count);

// Raises `*range` to the largest size of x (count).
void ql_decoder_ranges_add(float *range, const float *x, int count);

// Raises `*range` to the largest size of x (E) divided by the root of the mean of its squares.
void ql_decoder_ranges_add_norm(float *range, const float *x, int E);

// The same as ql_decoder_ranges_add for each of so many heads of `size` values, one after the other.
void ql_decoder_ranges_add_heads(float *ranges, const float *x, int heads, int size);

// Likewise for the lengths of the pairs i and i + size / 2 of a head.
void ql_decoder_ranges_add_pairs(float *ranges, const float *x, int heads, int size);

#endif
