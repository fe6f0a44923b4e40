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

// Neighboring steps of a window: `steps` of them from step `first` on. They are `rows` rows (steps, S), from row `row`
// on.
struct ql_part {
    int first, steps, row, rows;
};

// Rows of a part: few enough that what is computed of them one after the other stays in a second-level cache of half a
// megabyte. A multiple of the rows of all forms of products. No result depends on it.
enum { QL_PART_ROWS = 96 };

// The largest number of rows of a part of windows of T steps of S sequences.
static inline int ql_part_limit(int T, int S)
{
    const int steps = S < QL_PART_ROWS ? QL_PART_ROWS / S : 1;
    return (steps < T ? steps : T) * S;
}

// The first part, and each next one until there are no rows in it:
//     for (struct ql_part part = ql_part_next((struct ql_part){0}, T, S); part.rows > 0; part = ql_part_next(part, T, S))
static inline struct ql_part ql_part_next(struct ql_part part, int T, int S)
{
    const int first = part.first + part.steps, most = ql_part_limit(T, S) / S;
    const int steps = T - first < most ? T - first : most;
    return (struct ql_part){first, steps, first * S, steps * S};
}

// The regularization of a training step, which keeps it from memorizing its texts. All 0 in evaluation.
struct ql_regularization {
    float dropout;         // share of the values between layers, or within them, that are zeroed
    float output_dropout;  // of the values that enter the output's product
    float label_smoothing; // share of the target's probability that is spread evenly over all tokens
    uint32_t seed;         // of the masks, with the step
    uint64_t step;
};

#endif
