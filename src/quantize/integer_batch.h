// The integer engine for many streams: advances all of them by one token together, so that weights are read once for
// all. It runs the calls of the model's program for all streams, one call after another, so what it computes is to the
// bit what an integer_stepper computes for each stream alone.
// Uses: base/arena, quantize/integer_program.h.
#ifndef QL_QUANTIZE_INTEGER_BATCH_H
#define QL_QUANTIZE_INTEGER_BATCH_H

#include "quantize/integer_program.h"

// Streams in one step, at most: enough that the products run at full speed, and few enough that their sums stay in the
// second-level cache.
enum { QL_INTEGER_BATCH_LIMIT = 64 };

// Rows of a layer, each number in an array of its own, so that loops over them become vectors.
struct ql_integer_row_arrays {
    int32_t *bias, *multiplier, *table_factor; // (count)
};

// What all threads share. Owns all but the model, which must outlive it.
struct ql_integer_batch {
    const struct ql_integer_model *model;
    struct ql_integer_program form;
    struct ql_arena arena;
    struct ql_integer_row_arrays *rows; // (value_count of the program) of the values that are rows
};

// What one thread works in: arrays for QL_INTEGER_BATCH_LIMIT streams, one stream after the other.
struct ql_integer_batch_scratch {
    unsigned char *workspace;                  // of the program, for each stream
    unsigned char *parts[QL_STATE_PART_LIMIT]; // of the state
};

// Errors: QL_ERROR_SYSTEM.
enum ql_status ql_integer_batch_init(struct ql_integer_batch *batch, const struct ql_integer_model *model,
                                     const struct ql_integer_product *product, struct ql_error *error);
void ql_integer_batch_free(struct ql_integer_batch *batch);

// Takes the arrays from an arena; check `exhausted` afterwards.
void ql_integer_batch_scratch_init(struct ql_integer_batch_scratch *scratch, const struct ql_integer_batch *batch,
                                   struct ql_arena *arena);

// Returns the bytes of one stream's state, which is in the model's layout.
size_t ql_integer_batch_state_bytes(const struct ql_integer_batch *batch);

// Takes B tokens, each 0 to V - 1, before which a state is reset where the model says so.
//
//   after   (B)     get the new states; may be those of `before`
//   before  (B)     NULL is the state of zeros
//   logits  (B, V)  in units of 2^-10
void ql_integer_batch_step(const struct ql_integer_batch *batch, struct ql_integer_batch_scratch *scratch,
                           void *const *after, const void *const *before, const int *tokens, int32_t *logits, int B);

#endif
