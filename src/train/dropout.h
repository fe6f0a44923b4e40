// Dropout (Srivastava et al. 2014), as in PyTorch: an element is zeroed with probability p,
// the others are multiplied by 1 / (1 - p). The mask is a function of its key and the element's index, so it is the
// same for any number of threads, after a resume, and in the backward pass, without being stored.
// Uses: device/random.h, train/window.
#ifndef QL_TRAIN_DROPOUT_H
#define QL_TRAIN_DROPOUT_H

#include <stdint.h>

#include "train/window.h"

struct ql_dropout {
    float probability; // 0 to below 1
    uint32_t key;      // of this seed, step and layer
};

// The key of one layer's mask at one training step.
uint32_t ql_dropout_key(uint32_t seed, uint64_t step, int layer);

// y[k] = x[k] mask(first + k) for k < count; y may be x. Forward for the output, backward for its gradient.
void ql_dropout_forward(float *y, const float *x, const struct ql_dropout *dropout, uint32_t first, int count);

// The mask of what enters the output's product. Layers have smaller numbers, from 0.
enum { QL_DROPOUT_OUTPUT_MASK = 1 << 16 };

// Where values are dropped: the number of a mask of this seed and step, and its probability.
struct ql_dropout_place {
    int mask;
    float probability;
};

// Multiply the rows x (steps, S, width) of a shard, from step `first` on, by the mask of a place; y may be x. The mask's
// index counts over the whole batch, (T, B, width), so that the shards have parts of one mask.
void ql_dropout_steps(float *y, const float *x, const struct ql_regularization *regularization,
                      struct ql_dropout_place place, const struct ql_batch *batch, struct ql_shard shard, int width,
                      int first, int steps);

// The same for all steps of the window.
void ql_dropout_window(float *y, const float *x, const struct ql_regularization *regularization,
                       struct ql_dropout_place place, const struct ql_batch *batch, struct ql_shard shard, int width);

#endif
