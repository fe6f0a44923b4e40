// The largest or the smallest elements along an axis. Uses: stddef.h, stdint.h.
#ifndef QL_DEVICE_SELECT_H
#define QL_DEVICE_SELECT_H

#include <stddef.h>
#include <stdint.h>

// The K largest elements along the middle axis, or the K smallest, the first of them first, and where they stand. Of equal
// elements the first one comes first. K is at most `size`. Source: ONNX's TopK.
//
//   y, indices  (outer, K, inner)
//   x           (outer, size, inner)
static inline void ql_top_k_f32(float *restrict y, int64_t *restrict indices, const float *restrict x, int largest,
                                int outer, int size, int inner, int K)
{
    for (int k = 0; k < outer * inner; k++) {
        const float *from = x + (ptrdiff_t)(k / inner) * size * inner + k % inner;
        float *best = y + (ptrdiff_t)(k / inner) * K * inner + k % inner;
        int64_t *numbers = indices + (ptrdiff_t)(k / inner) * K * inner + k % inner;
        for (int n = 0; n < size; n++) {
            const float value = from[(ptrdiff_t)n * inner];
            ptrdiff_t place = n < K ? n : K;
            while (place > 0) {
                const float before = best[(place - 1) * inner];
                if (largest ? !(value > before) : !(value < before)) {
                    break;
                }
                if (place < K) {
                    best[place * inner] = before;
                    numbers[place * inner] = numbers[(place - 1) * inner];
                }
                place--;
            }
            if (place < K) {
                best[place * inner] = value;
                numbers[place * inner] = n;
            }
        }
    }
}

static inline void ql_top_k_f64(double *restrict y, int64_t *restrict indices, const double *restrict x, int largest,
                                int outer, int size, int inner, int K)
{
    for (int k = 0; k < outer * inner; k++) {
        const double *from = x + (ptrdiff_t)(k / inner) * size * inner + k % inner;
        double *best = y + (ptrdiff_t)(k / inner) * K * inner + k % inner;
        int64_t *numbers = indices + (ptrdiff_t)(k / inner) * K * inner + k % inner;
        for (int n = 0; n < size; n++) {
            const double value = from[(ptrdiff_t)n * inner];
            ptrdiff_t place = n < K ? n : K;
            while (place > 0) {
                const double before = best[(place - 1) * inner];
                if (largest ? !(value > before) : !(value < before)) {
                    break;
                }
                if (place < K) {
                    best[place * inner] = before;
                    numbers[place * inner] = numbers[(place - 1) * inner];
                }
                place--;
            }
            if (place < K) {
                best[place * inner] = value;
                numbers[place * inner] = n;
            }
        }
    }
}

static inline void ql_top_k_s64(int64_t *restrict y, int64_t *restrict indices, const int64_t *restrict x, int largest,
                                int outer, int size, int inner, int K)
{
    for (int k = 0; k < outer * inner; k++) {
        const int64_t *from = x + (ptrdiff_t)(k / inner) * size * inner + k % inner;
        int64_t *best = y + (ptrdiff_t)(k / inner) * K * inner + k % inner;
        int64_t *numbers = indices + (ptrdiff_t)(k / inner) * K * inner + k % inner;
        for (int n = 0; n < size; n++) {
            const int64_t value = from[(ptrdiff_t)n * inner];
            ptrdiff_t place = n < K ? n : K;
            while (place > 0) {
                const int64_t before = best[(place - 1) * inner];
                if (largest ? !(value > before) : !(value < before)) {
                    break;
                }
                if (place < K) {
                    best[place * inner] = before;
                    numbers[place * inner] = numbers[(place - 1) * inner];
                }
                place--;
            }
            if (place < K) {
                best[place * inner] = value;
                numbers[place * inner] = n;
            }
        }
    }
}

#endif
