// Softmax, its logarithm, and the normalization of layers, in float.
// Uses: device/activation.h, device/elementary.h, stddef.h.
#ifndef QL_DEVICE_NORMALIZE_H
#define QL_DEVICE_NORMALIZE_H

#include <stddef.h>

#include "device/activation.h"
#include "device/elementary.h"

static inline float ql_softmax_largest(const float *x, int size, int inner)
{
    float largest = x[0];

    for (int n = 1; n < size; n++) {
        largest = x[(ptrdiff_t)n * inner] > largest ? x[(ptrdiff_t)n * inner] : largest;
    }
    return largest;
}

// y = e^x / (sum of e^x) along the middle axis. The largest x is subtracted first, so no exponential overflows.
//
//   y, x  (outer, size, inner)
static inline void ql_softmax_f32(float *restrict y, const float *restrict x, int outer, int size, int inner)
{
    for (int k = 0; k < outer * inner; k++) {
        const ptrdiff_t start = (ptrdiff_t)(k / inner) * size * inner + k % inner;
        const float largest = ql_softmax_largest(x + start, size, inner);
        float sum = 0.0f;
        for (int n = 0; n < size; n++) {
            float power = ql_exp_f32(x[start + (ptrdiff_t)n * inner] - largest);
            y[start + (ptrdiff_t)n * inner] = power;
            sum += power;
        }
        for (int n = 0; n < size; n++) {
            y[start + (ptrdiff_t)n * inner] /= sum;
        }
    }
}

// y = x - log(sum of e^x) along the middle axis, likewise.
//
//   y, x  (outer, size, inner)
static inline void ql_log_softmax_f32(float *restrict y, const float *restrict x, int outer, int size, int inner)
{
    for (int k = 0; k < outer * inner; k++) {
        const ptrdiff_t start = (ptrdiff_t)(k / inner) * size * inner + k % inner;
        const float largest = ql_softmax_largest(x + start, size, inner);
        float sum = 0.0f;
        for (int n = 0; n < size; n++) {
            sum += ql_exp_f32(x[start + (ptrdiff_t)n * inner] - largest);
        }
        const float log_sum = ql_log_f32(sum);
        for (int n = 0; n < size; n++) {
            y[start + (ptrdiff_t)n * inner] = x[start + (ptrdiff_t)n * inner] - largest - log_sum;
        }
    }
}

// y = (x - mean) / sqrt(variance + epsilon) * scale + bias, for each row (Ba, Kiros and Hinton 2016).
//
//   y, x                      (rows, size)
//   mean, inverse_deviation   (rows)  may be NULL
//   scale, bias               (size)  bias may be NULL
static inline void ql_layer_norm_f32(float *restrict y, float *mean, float *inverse_deviation, const float *restrict x,
                                     const float *restrict scale, const float *restrict bias, int rows, int size,
                                     float epsilon)
{
    for (int row = 0; row < rows; row++, x += size, y += size) {
        float sum = 0.0f;
        for (int n = 0; n < size; n++) {
            sum += x[n];
        }
        const float center = sum / (float)size;
        sum = 0.0f;
        for (int n = 0; n < size; n++) {
            sum += (x[n] - center) * (x[n] - center);
        }
        const float factor = 1.0f / ql_sqrt_f32(sum / (float)size + epsilon);
        for (int n = 0; n < size; n++) {
            float value = (x[n] - center) * factor * scale[n];
            y[n] = bias == NULL ? value : value + bias[n];
        }
        if (mean != NULL) {
            mean[row] = center;
        }
        if (inverse_deviation != NULL) {
            inverse_deviation[row] = factor;
        }
    }
}

// y = x / sqrt(mean of squares + epsilon) * scale, for each row (Zhang and Sennrich 2019).
//
//   y, x   (rows, size)
//   scale  (size)
static inline void ql_rms_norm_f32(float *restrict y, const float *restrict x, const float *restrict scale, int rows,
                                   int size, float epsilon)
{
    for (int row = 0; row < rows; row++, x += size, y += size) {
        float sum = 0.0f;
        for (int n = 0; n < size; n++) {
            sum += x[n] * x[n];
        }
        const float root = ql_sqrt_f32(sum / (float)size + epsilon);
        for (int n = 0; n < size; n++) {
            y[n] = x[n] / root * scale[n];
        }
    }
}

#endif
