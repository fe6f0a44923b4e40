// The int8 matrix product for Arm processors with DSP instructions; matvec_dsp.h explains it.
// Uses: device/matrix_s8.h, device/matvec_dsp.h, stdint.h.
#ifndef QL_DEVICE_MATVEC_S8_DSP_H
#define QL_DEVICE_MATVEC_S8_DSP_H

#include <stdint.h>

#include "device/matrix_s8.h"
#include "device/matvec_dsp.h"

#if defined(QL_MATVEC_DSP)

// Six rows of a block: half of the words of each pair of columns.
static inline void ql_dsp_half_block_s8(int32_t sums[6], const uint32_t *words, const uint32_t *inputs, int columns)
{
    for (; columns > 0; columns -= 4) {
        // The inputs of a missing pair are 0, so any word will do for it.
        const uint32_t *next = columns > 2 ? words + 6 : words;
        const uint32_t even = *inputs++, odd = *inputs++;
        ql_dsp_add_pair(sums, words[0], next[0], even, odd);
        ql_dsp_add_pair(sums + 2, words[1], next[1], even, odd);
        ql_dsp_add_pair(sums + 4, words[2], next[2], even, odd);
        words += 12;
    }
}

// The product of one part: 256 columns at a time.
static QL_DSP_CODE void ql_dsp_multiply_s8(int32_t *y, const uint32_t *part, int rows, const struct ql_dsp_job *job)
{
    const int block_words = job->block_words;

    for (int c = 0; c < job->columns; c += QL_DSP_COLUMNS) {
        const int columns = job->columns - c < QL_DSP_COLUMNS ? job->columns - c : QL_DSP_COLUMNS;
        const uint32_t *words = part + c / 2 * 6;
        uint32_t inputs[QL_DSP_COLUMNS / 2];
        const int32_t offset = -128 * ql_dsp_arrange(inputs, job->x + c, columns);

        for (int row = 0; row < rows; row += 6) {
            int32_t sums[6] = {offset, offset, offset, offset, offset, offset};
            ql_dsp_half_block_s8(sums, words + row / 12 * block_words + row % 12 / 2, inputs, columns);
            for (int r = 0; r < 6 && row + r < rows; r++) {
                y[row + r] += sums[r];
            }
        }
    }
}

static inline void ql_dsp_work_s8(const void *work)
{
    const struct ql_dsp_job *job = (const struct ql_dsp_job *)work;
    struct ql_weight_part part;

    for (bool is_first = true; ql_dsp_take(&part, job, is_first); is_first = false) {
        ql_dsp_multiply_s8(job->y + 12 * part.first, part.words, ql_dsp_part_rows(&part, job), job);
    }
}

static inline void ql_matvec_s8(int32_t *y, const struct ql_matrix_s8 *w, const int8_t *x)
{
    const struct ql_dsp_job job = {y, w->words, x, w->rows, w->columns, (w->columns + 1) / 2 * 6};

    ql_dsp_share(&job, ql_dsp_work_s8);
}

#endif

#endif
