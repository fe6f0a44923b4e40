// Matrix times vector with 8-bit weights: y += W x, with the fastest kernel for the target processor.
// The plain product is the definition; the others give the same sums from the same bytes.
// Uses: device/matrix_s8.h, device/matvec_s8_m0.h, device/matvec_s8_dsp.h, stdint.h.
#ifndef QL_DEVICE_MATVEC_S8_H
#define QL_DEVICE_MATVEC_S8_H

#include <stdint.h>

#include "device/matrix_s8.h"
#include "device/matvec_s8_dsp.h"
#include "device/matvec_s8_m0.h"

// Processors other than the two that have their own kernels use the plain product. QL_MATVEC_PLAIN adds it for
// comparison.
#if (!defined(QL_MATVEC_M0) && !defined(QL_MATVEC_DSP)) || defined(QL_MATVEC_PLAIN)
// y[r] += sum over c of w(r, c) x[c]
//
//   y  (rows)     the sums stay within 32 bits where |y[r]| on entry is at most 2^31 - 1 - 16129 * columns
//   x  (columns)  in [-127, 127]
static inline void ql_matvec_s8_plain(int32_t *y, const struct ql_matrix_s8 *w, const int8_t *x)
{
    const uint32_t *words = w->words;

    for (int block = 0; block < w->rows; block += QL_MATRIX_BLOCK_ROWS) {
        int32_t sums[QL_MATRIX_BLOCK_ROWS] = {0};

        for (int c = 0; c < w->columns; c += 2) {
            const int32_t x0 = x[c], x1 = c + 1 < w->columns ? x[c + 1] : 0;
            for (int r = 0; r < QL_MATRIX_BLOCK_ROWS; r += 2) {
                const uint32_t word = *words++;
                sums[r] += ((int32_t)(word & 255) - 128) * x0 + ((int32_t)(word >> 8 & 255) - 128) * x1;
                sums[r + 1] += ((int32_t)(word >> 16 & 255) - 128) * x0 + ((int32_t)(word >> 24) - 128) * x1;
            }
        }
        for (int r = 0; r < QL_MATRIX_BLOCK_ROWS && block + r < w->rows; r++) {
            y[block + r] += sums[r];
        }
    }
}
#endif

#if !defined(QL_MATVEC_M0) && !defined(QL_MATVEC_DSP)
static inline void ql_matvec_s8(int32_t *y, const struct ql_matrix_s8 *w, const int8_t *x)
{
    ql_matvec_s8_plain(y, w, x);
}
#endif

#endif
