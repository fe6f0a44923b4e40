// Dropout: see dropout.h. A counter is mixed by a finalizer in which every output bit depends on every input bit.
// Uses: base/vectors.
#include "train/dropout.h"

#include <stddef.h>

#include "base/vectors.h"
#include "device/random.h"

uint32_t ql_dropout_key(uint32_t seed, uint64_t step, int layer)
{
    uint32_t key = ql_random_mix(seed ^ 0x6d2b79f5u); // differs from the seed's other uses
    key = ql_random_mix(key + (uint32_t)step);
    key = ql_random_mix(key + (uint32_t)(step >> 32));
    return ql_random_mix(key + (uint32_t)layer);
}

QL_VECTORIZED(, void, ql_dropout_forward,
              (float *y, const float *x, const struct ql_dropout *dropout, uint32_t first, int count),
              (y, x, dropout, first, count))
{
    const float scale = 1.0f / (1.0f - dropout->probability);
    const uint32_t key = dropout->key;
    const uint32_t limit = (uint32_t)((double)dropout->probability * 4294967296.0);

    for (int k = 0; k < count; k++) {
        uint32_t number = ql_random_mix(key ^ (first + (uint32_t)k));
        y[k] = number < limit ? 0.0f : x[k] * scale;
    }
}

void ql_dropout_steps(float *y, const float *x, const struct ql_regularization *regularization,
                      struct ql_dropout_place place, const struct ql_batch *batch, struct ql_shard shard, int width,
                      int first, int steps)
{
    const struct ql_dropout dropout = {place.probability,
                                       ql_dropout_key(regularization->seed, regularization->step, place.mask)};
    const ptrdiff_t count = (ptrdiff_t)shard.S * width;

    for (int t = 0; t < steps; t++) {
        const uint32_t row = (uint32_t)(first + t) * (uint32_t)batch->B + (uint32_t)shard.first;
        ql_dropout_forward(y + t * count, x + t * count, &dropout, row * (uint32_t)width, (int)count);
    }
}

void ql_dropout_window(float *y, const float *x, const struct ql_regularization *regularization,
                       struct ql_dropout_place place, const struct ql_batch *batch, struct ql_shard shard, int width)
{
    ql_dropout_steps(y, x, regularization, place, batch, shard, width, 0, batch->T);
}
