// The element-wise parts of a decoder layer: see decoder_batch.h. Sums over a row are kept in lanes, so that their
// order is the same for vectors of any width; all other loops have independent elements.
// Uses: base/vectors.
#include "train/decoder_batch.h"

#include <math.h>
#include <stddef.h>

#include "base/vectors.h"
#include "device/activation.h"

enum { LANES = 16 };

// The sum over k of a[k] b[k].
static inline __attribute__((always_inline)) float sum_products(const float *restrict a, const float *restrict b,
                                                                int width)
{
    float partial[LANES] = {0};
    float sum = 0.0f;
    int k = 0;

    for (; k + LANES <= width; k += LANES) {
        for (int lane = 0; lane < LANES; lane++) {
            partial[lane] += a[k + lane] * b[k + lane];
        }
    }
    for (int lane = 0; k < width; k++, lane++) {
        partial[lane] += a[k] * b[k];
    }
    for (int lane = 0; lane < LANES; lane++) {
        sum += partial[lane];
    }
    return sum;
}

static inline __attribute__((always_inline)) float sum_three(const float *restrict a, const float *restrict b,
                                                             const float *restrict c, int width)
{
    float partial[LANES] = {0};
    float sum = 0.0f;
    int k = 0;

    for (; k + LANES <= width; k += LANES) {
        for (int lane = 0; lane < LANES; lane++) {
            partial[lane] += a[k + lane] * b[k + lane] * c[k + lane];
        }
    }
    for (int lane = 0; k < width; k++, lane++) {
        partial[lane] += a[k] * b[k] * c[k];
    }
    for (int lane = 0; lane < LANES; lane++) {
        sum += partial[lane];
    }
    return sum;
}

QL_VECTORIZED(, void, ql_norm_batch_forward,
              (float *restrict y, float *restrict inverse, const float *restrict x, const float *restrict gain,
               float epsilon, int rows, int width),
              (y, inverse, x, gain, epsilon, rows, width))
{
    for (int row = 0; row < rows; row++, x += width, y += width) {
        const float factor = 1.0f / sqrtf(sum_products(x, x, width) / (float)width + epsilon);
        inverse[row] = factor;
        for (int k = 0; k < width; k++) {
            y[k] = x[k] * factor * gain[k];
        }
    }
}

QL_VECTORIZED(, void, ql_norm_batch_repeat,
              (float *restrict y, const float *restrict inverse, const float *restrict x, const float *restrict gain,
               int rows, int width),
              (y, inverse, x, gain, rows, width))
{
    for (int row = 0; row < rows; row++, x += width, y += width) {
        for (int k = 0; k < width; k++) {
            y[k] = x[k] * inverse[row] * gain[k];
        }
    }
}

// With r the inverse and D the width: dx = r (gain dy - x r^2 / D (sum over k of gain[k] dy[k] x[k])).
QL_VECTORIZED(, void, ql_norm_batch_backward,
              (float *dx, float *restrict dgain, const float *dy, const float *restrict inverse,
               const float *restrict x, const float *restrict gain, bool add, int rows, int width),
              (dx, dgain, dy, inverse, x, gain, add, rows, width))
{
    for (int row = 0; row < rows; row++, x += width, dx += width, dy += width) {
        const float r = inverse[row];
        const float shift = sum_three(gain, dy, x, width) * r * r / (float)width;
        for (int k = 0; k < width; k++) {
            dgain[k] += dy[k] * (x[k] * r);
        }
        if (add) {
            for (int k = 0; k < width; k++) {
                dx[k] += r * (gain[k] * dy[k] - x[k] * shift);
            }
        } else {
            for (int k = 0; k < width; k++) {
                dx[k] = r * (gain[k] * dy[k] - x[k] * shift);
            }
        }
    }
}

QL_VECTORIZED(, void, ql_swiglu_batch_forward,
              (float *restrict y, const float *restrict gate, const float *restrict up, int rows, int width),
              (y, gate, up, rows, width))
{
    for (ptrdiff_t k = 0; k < (ptrdiff_t)rows * width; k++) {
        y[k] = gate[k] * ql_sigmoid_f32(gate[k]) * up[k];
    }
}

QL_VECTORIZED(, void, ql_swiglu_batch_backward,
              (float *restrict gate, float *restrict up, const float *restrict dy, int rows, int width),
              (gate, up, dy, rows, width))
{
    for (ptrdiff_t k = 0; k < (ptrdiff_t)rows * width; k++) {
        const float sigmoid = ql_sigmoid_f32(gate[k]);
        const float swish = gate[k] * sigmoid;
        const float slope = sigmoid + swish * (1.0f - sigmoid);
        gate[k] = dy[k] * up[k] * slope;
        up[k] = dy[k] * swish;
    }
}

QL_VECTORIZED(, void, ql_rotary_batch_forward,
              (float *restrict x, const float *restrict cosine, const float *restrict sine, int S, int heads,
               int pairs),
              (x, cosine, sine, S, heads, pairs))
{
    for (int head = 0; head < S * heads; head++, x += 2 * pairs) {
        for (int i = 0; i < pairs; i++) {
            const float a = x[i], b = x[pairs + i];
            x[i] = a * cosine[i] - b * sine[i];
            x[pairs + i] = b * cosine[i] + a * sine[i];
        }
    }
}

QL_VECTORIZED(, void, ql_rotary_batch_backward,
              (float *restrict x, const float *restrict cosine, const float *restrict sine, int S, int heads,
               int pairs),
              (x, cosine, sine, S, heads, pairs))
{
    for (int head = 0; head < S * heads; head++, x += 2 * pairs) {
        for (int i = 0; i < pairs; i++) {
            const float a = x[i], b = x[pairs + i];
            x[i] = a * cosine[i] + b * sine[i];
            x[pairs + i] = b * cosine[i] - a * sine[i];
        }
    }
}

QL_VECTORIZED(, void, ql_batch_add, (float *restrict x, const float *restrict y, int rows, int width),
              (x, y, rows, width))
{
    for (ptrdiff_t k = 0; k < (ptrdiff_t)rows * width; k++) {
        x[k] += y[k];
    }
}
