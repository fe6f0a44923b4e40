// A window of text as training takes it: B sequences of T tokens make a batch; a shard is S neighboring sequences of it,
// and one thread's work.
// Uses: the C library only.
#ifndef QL_TRAIN_WINDOW_H
#define QL_TRAIN_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

// A window of text. The caller owns the arrays.
struct ql_batch {
    const uint16_t *inputs;  // (T, B) token ids
    const uint16_t *targets; // (T, B)
    const float *weights;    // (T, B) 1 counts, 0 is padding; NULL when everything counts
    double total_weight;     // the sum of weights: T B without padding
    int T, B;
    bool reset; // the sequences begin here: the state starts from zero
};

// Sequences first to first + S - 1.
struct ql_shard {
    int first, S;
};

struct ql_dropout_plan {
    float probability; // 0 in evaluation
    uint32_t seed;
    uint64_t step;
};

#endif
