// The ranges of the numbers in a decoder: see decoder_ranges.h.
// Uses: base/arena, model/architecture.
#include "model/decoder_ranges.h"

#include <math.h>

void ql_decoder_ranges_init(struct ql_decoder_ranges *ranges, int heads, int kv_heads, int feed, struct ql_arena *arena)
{
    *ranges = (struct ql_decoder_ranges){
        .query = ql_arena_take(arena, (size_t)heads, sizeof(float)),
        .attended = ql_arena_take(arena, (size_t)heads, sizeof(float)),
        .key = ql_arena_take(arena, (size_t)kv_heads, sizeof(float)),
        .value = ql_arena_take(arena, (size_t)kv_heads, sizeof(float)),
        .product = ql_arena_take(arena, (size_t)feed, sizeof(float)),
    };
}

void ql_decoder_ranges_raise(float *ranges, int count)
{
    float largest = 0.0f;

    ql_decoder_ranges_add(&largest, ranges, count);
    for (int k = 0; k < count; k++) {
        ranges[k] = fmaxf(ranges[k], largest / 4.0f);
    }
}

void ql_decoder_ranges_add(float *range, const float *x, int count)
{
    for (int k = 0; k < count; k++) {
        *range = fmaxf(*range, fabsf(x[k]));
    }
}

void ql_decoder_ranges_add_norm(float *range, const float *x, int E)
{
    float largest = 0.0f, sum = 0.0f;

    for (int k = 0; k < E; k++) {
        sum += x[k] * x[k];
    }
    ql_decoder_ranges_add(&largest, x, E);
    *range = fmaxf(*range, largest / sqrtf(sum / (float)E + QL_DECODER_EPSILON));
}

void ql_decoder_ranges_add_heads(float *ranges, const float *x, int heads, int size)
{
    for (int h = 0; h < heads; h++) {
        ql_decoder_ranges_add(&ranges[h], x + h * size, size);
    }
}

void ql_decoder_ranges_add_pairs(float *ranges, const float *x, int heads, int size)
{
    for (int h = 0; h < heads; h++, x += size) {
        for (int i = 0; i < size / 2; i++) {
            ranges[h] = fmaxf(ranges[h], sqrtf(x[i] * x[i] + x[i + size / 2] * x[i + size / 2]));
        }
    }
}
