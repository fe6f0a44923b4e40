// The scale of a row: see row_quantizer.h.
// Trying a scale is one pass over the row. The passes are plain loops with a fixed number of partial sums, which the
// compiler can vectorize to any width without affecting a result. Speed matters because the trainer does this for every
// row in every step.
#include "model/row_quantizer.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vectors.h"

enum { LANES = 16 };

// Scales tried: the largest times 1 - j / GRID_STEPS for j below GRID_SIZE. The best for normally distributed weights
// is 0.8 of the largest for int4, the largest for int8; rows with outliers need less.
enum { GRID_SIZE = 16, GRID_STEPS = 24 };

// The smallest increase of the largest scale when a segment exceeds its bound.
static const float growth = 1.03125f;

// A row with a smaller scale counts as zero: the squares of its errors would underflow.
static const float smallest_scale = 1e-18f;

// The search keeps value * inverse small, so that the conversion is safe. Without branches or comparisons of floats,
// loops over this can be vectorized.
static inline int level_of(float value, float inverse, int limit)
{
    int level = (int)(value * inverse + copysignf(0.5f, value));

    level = level < limit ? level : limit;
    return level > -limit ? level : -limit;
}

static inline float squared_rest(float value, float scale, float inverse, int limit)
{
    float rest = value - scale * (float)level_of(value, inverse, limit);
    return rest * rest;
}

QL_VECTORIZED_VALUE(static, float, squared_error, (const float *restrict values, int columns, float scale, int limit),
                    (values, columns, scale, limit))
{
    const float inverse = 1.0f / scale;
    float partial[LANES] = {0};
    float sum = 0.0f;
    int first = 0;

    for (; first + LANES <= columns; first += LANES) {
        for (int k = 0; k < LANES; k++) {
            partial[k] += squared_rest(values[first + k], scale, inverse, limit);
        }
    }
    for (int k = 0; k < columns - first; k++) {
        partial[k] += squared_rest(values[first + k], scale, inverse, limit);
    }
    for (int k = 0; k < LANES; k++) {
        sum += partial[k];
    }
    return sum;
}

QL_VECTORIZED(static, void, encode,
              (int8_t *restrict q, const float *restrict values, int columns, float scale, int limit),
              (q, values, columns, scale, limit))
{
    const float inverse = 1.0f / scale;

    for (int k = 0; k < columns; k++) {
        q[k] = (int8_t)level_of(values[k], inverse, limit);
    }
}

// The largest magnitude, as a bit pattern: patterns have the order of the numbers, with infinity and NaN last.
QL_VECTORIZED_VALUE(static, int32_t, largest_bits, (const float *restrict values, int columns), (values, columns))
{
    int32_t largest = 0;

    for (int k = 0; k < columns; k++) {
        int32_t bits;
        memcpy(&bits, &values[k], sizeof bits);
        bits &= INT32_MAX;
        largest = bits > largest ? bits : largest;
    }
    return largest;
}

static void encode_row(const struct ql_row_part *parts, int part_count, float scale, int limit)
{
    for (int i = 0; i < part_count; i++) {
        encode(parts[i].q, parts[i].values, parts[i].columns, scale, limit);
    }
}

static float row_error(const struct ql_row_part *parts, int part_count, float scale, int limit)
{
    float error = 0.0f;

    for (int i = 0; i < part_count; i++) {
        error += squared_error(parts[i].values, parts[i].columns, scale, limit);
    }
    return error;
}

// The largest sum of |q| over a segment, which may begin in one part and end in the next.
QL_VECTORIZED_VALUE(static, int, largest_segment, (const struct ql_row_part *parts, int part_count, int segment),
                    (parts, part_count, segment))
{
    int largest = 0, sum = 0, left = segment;

    for (int i = 0; i < part_count; i++) {
        const int8_t *q = parts[i].q;
        for (int first = 0, run; first < parts[i].columns; first += run) {
            run = parts[i].columns - first < left ? parts[i].columns - first : left;
            for (int k = 0; k < run; k++) {
                sum += abs(q[first + k]);
            }
            largest = sum > largest ? sum : largest;
            left -= run;
            if (left == 0) {
                sum = 0;
                left = segment;
            }
        }
    }
    return largest;
}

// How far the row exceeds its bound at a scale: the largest sum of a segment, as a multiple of the bound. A smaller
// scale never gives less. Writes q.
static float excess(const struct ql_row_part *parts, int part_count, float scale, const struct ql_row_format *format)
{
    if (format->segment == 0) {
        return 0.0f;
    }
    encode_row(parts, part_count, scale, format->limit);
    return (float)largest_segment(parts, part_count, format->segment) / (float)format->sum;
}

// The largest magnitude, which is not finite if a value is not.
static float magnitude_of(const struct ql_row_part *parts, int part_count)
{
    int32_t bits = 0;
    float magnitude;

    for (int i = 0; i < part_count; i++) {
        int32_t part_bits = largest_bits(parts[i].values, parts[i].columns);
        bits = part_bits > bits ? part_bits : bits;
    }
    memcpy(&magnitude, &bits, sizeof magnitude);
    return magnitude;
}

// The best scale of a row: 0 for a row of zeros, negative for one that is not finite. The contents of q are undefined
// afterward.
static float find_scale(const struct ql_row_part *parts, int part_count, const struct ql_row_format *format)
{
    assert(format->limit >= 1 && format->limit <= INT8_MAX);
    assert(format->segment == 0 || (format->segment > 0 && format->sum >= 1));
    const float magnitude = magnitude_of(parts, part_count);
    if (!isfinite(magnitude)) {
        return -1.0f;
    }
    float largest = magnitude / (float)format->limit;
    if (largest < smallest_scale) {
        return 0.0f;
    }
    for (float over; (over = excess(parts, part_count, largest, format)) > 1.0f;) {
        largest *= fmaxf(over, growth);
    }

    float best_scale = largest;
    float best_error = row_error(parts, part_count, largest, format->limit);
    for (int j = 1; j < GRID_SIZE; j++) {
        float scale = largest * (1.0f - (float)j / (float)GRID_STEPS);
        if (excess(parts, part_count, scale, format) > 1.0f) {
            break;
        }
        float error = row_error(parts, part_count, scale, format->limit);
        if (error > 2.0f * best_error) { // the clipping error alone exceeds the best, and only grows from here on
            break;
        }
        if (error < best_error) {
            best_error = error;
            best_scale = scale;
        }
    }
    return best_scale;
}

// Rounds the row with a scale that find_scale has returned.
static void encode_row_or_zeros(const struct ql_row_part *parts, int part_count, float scale, int limit)
{
    for (int i = 0; i < part_count && scale == 0.0f; i++) {
        memset(parts[i].q, 0, (size_t)parts[i].columns);
    }
    if (scale > 0.0f) {
        encode_row(parts, part_count, scale, limit);
    }
}

float ql_row_quantizer_encode(const struct ql_row_part *parts, int part_count, const struct ql_row_format *format)
{
    float scale = find_scale(parts, part_count, format);

    encode_row_or_zeros(parts, part_count, scale, format->limit);
    return scale > 0.0f ? scale : scale == 0.0f ? 1.0f : 0.0f;
}

float ql_row_quantizer_encode_beside(const struct ql_row_part *recurrent, const float *inputs, int V,
                                     const struct ql_row_format *format)
{
    const float greatest = magnitude_of(&(struct ql_row_part){.values = inputs, .columns = V}, 1);
    float scale = find_scale(recurrent, 1, format);

    if (!isfinite(greatest) || scale < 0.0f) {
        return 0.0f;
    }
    if (scale > 0.0f) {
        scale = fmaxf(scale, greatest / (float)QL_INPUT_FACTOR_LIMIT);
    }
    encode_row_or_zeros(recurrent, 1, scale, format->limit);
    return scale > 0.0f ? scale : 1.0f;
}

bool ql_row_quantizer_encode_input(struct ql_input_row *row, int8_t *q, float *inputs, int V,
                                   const struct ql_row_part *recurrent, const struct ql_row_format *format)
{
    const struct ql_row_format input_format = {.limit = QL_ROW_LIMIT_S8};
    const struct ql_row_part input = {q, inputs, V};
    double sum = 0.0;

    for (int v = 0; v < V; v++) {
        sum += (double)inputs[v];
    }
    row->mean = (float)(sum / V);
    for (int v = 0; v < V; v++) {
        inputs[v] -= row->mean;
    }
    float step = find_scale(&input, 1, &input_format);
    float scale = recurrent == NULL ? 0.0f : find_scale(recurrent, 1, format);
    if (step < 0.0f || scale < 0.0f) {
        return false;
    }
    // The factor with the best step for the inputs.
    float factor = scale > 0.0f ? (float)QL_ROW_LIMIT_S8 * step / scale : 1.0f;
    if (scale == 0.0f) {
        scale = (float)QL_ROW_LIMIT_S8 * step;
    } else if (factor > (float)QL_INPUT_FACTOR_LIMIT) {
        factor = (float)QL_INPUT_FACTOR_LIMIT;
        scale = (float)QL_ROW_LIMIT_S8 * step / factor;
    }
    // Too small a step would clip a lot, while too large a step loses little, so the factor is rounded up.
    row->factor = factor < 1.0f ? 1 : (int)ceilf(factor);
    step = step > 0.0f ? (float)row->factor * scale / (float)QL_ROW_LIMIT_S8 : 0.0f;
    encode_row_or_zeros(&input, 1, step, QL_ROW_LIMIT_S8);
    if (recurrent != NULL) {
        encode_row_or_zeros(recurrent, 1, scale, format->limit);
    }
    row->scale = scale > 0.0f ? scale : 1.0f;
    return true;
}
