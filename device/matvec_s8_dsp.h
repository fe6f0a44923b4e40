// The int8 matrix product for Arm processors with DSP instructions; matvec_dsp.h explains it.
// Uses: device/matrix_s8.h, device/matvec_dsp.h, stdint.h.
#ifndef QL_DEVICE_MATVEC_S8_DSP_H
#define QL_DEVICE_MATVEC_S8_DSP_H

#include <stdint.h>

#include "device/matrix_s8.h"
#include "device/matvec_dsp.h"

#if defined(QL_MATVEC_DSP)

// Six rows of a block: half of its words of each pair of columns.
static inline void ql_dsp_half_block_s8(int32_t sums[6], const uint32_t *words, const uint32_t *inputs, int columns)
{
    for (; columns > 0; columns -= 4) {
        // The inputs of a pair that is not there are 0, so any word will do for it.
        const uint32_t *next = columns > 2 ? words + 6 : words;
        const uint32_t even = *inputs++, odd = *inputs++;
        ql_dsp_add_pair(sums, words[0], next[0], even, odd);
        ql_dsp_add_pair(sums + 2, words[1], next[1], even, odd);
        ql_dsp_add_pair(sums + 4, words[2], next[2], even, odd);
        words += 12;
    }
}

static inline void ql_matvec_s8(int32_t *y, const struct ql_matrix_s8 *w, const int8_t *x)
{
    const int block_words = (w->columns + 1) / 2 * 6;

    for (int c = 0; c < w->columns; c += QL_DSP_COLUMNS) {
        const int columns = w->columns - c < QL_DSP_COLUMNS ? w->columns - c : QL_DSP_COLUMNS;
        const uint32_t *words = w->words + c / 2 * 6;
        uint32_t inputs[QL_DSP_COLUMNS / 2];
        const int32_t offset = -128 * ql_dsp_arrange(inputs, x + c, columns);

        for (int row = 0; row < w->rows; row += 6) {
            int32_t sums[6] = {offset, offset, offset, offset, offset, offset};
            ql_dsp_half_block_s8(sums, words + row / 12 * block_words + row % 12 / 2, inputs, columns);
            for (int r = 0; r < 6 && row + r < w->rows; r++) {
                y[row + r] += sums[r];
            }
        }
    }
}

#endif

#endif
