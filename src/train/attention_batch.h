// Causal attention within the windows of S sequences, forward and backward, in products of (T, T) for each head of each
// sequence. Formula as in device/attention.h, with all tokens of a window in the ring.
// Uses: base/arena, product.
#ifndef QL_TRAIN_ATTENTION_BATCH_H
#define QL_TRAIN_ATTENTION_BATCH_H

#include "base/arena.h"
#include "product/matrix_product.h"

// Head h of queries takes head h / (heads / kv_heads) of keys and values.
struct ql_attention_shape {
    int T, S, heads, kv_heads, size;
};

// Scratch memory of one thread.
struct ql_attention_scratch {
    float *weights, *dweights; // (T, T)
    // Operands of products, packed: of keys and values as they are (T, size) and transposed (size, T), of queries and of
    // the gradient of y as they are.
    struct ql_packed_matrix key, key_across, value, value_across, query, dy;
};

// Takes memory for windows of up to T tokens (check `exhausted` afterwards).
void ql_attention_scratch_init(struct ql_attention_scratch *scratch, int T, int size, struct ql_arena *arena);

//   y, query    (T, S, heads, size)
//   key, value  (T, S, kv_heads, size)
void ql_attention_batch_forward(float *y, const float *query, const float *key, const float *value,
                                const struct ql_attention_shape *shape, struct ql_attention_scratch *scratch);

// Writes the gradients of query, key and value, from dy. Computes the weights of forward again: they would take more
// memory than all else that a layer keeps.
void ql_attention_batch_backward(float *dquery, float *dkey, float *dvalue, const float *dy, const float *query,
                                 const float *key, const float *value, const struct ql_attention_shape *shape,
                                 struct ql_attention_scratch *scratch);

#endif
