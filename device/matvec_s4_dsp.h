// The int4 matrix product for Arm processors with DSP instructions; matvec_dsp.h explains it.
// Uses: device/matrix_s4.h, device/matvec_dsp.h, stdint.h.
#ifndef QL_DEVICE_MATVEC_S4_DSP_H
#define QL_DEVICE_MATVEC_S4_DSP_H

#include <stdint.h>

#include "device/matrix_s4.h"
#include "device/matvec_dsp.h"

#if defined(QL_MATVEC_DSP)

// Four rows of a block: one word of each pair of columns. The low and the high halves of its bytes are words of the
// int8 layout.
static inline void ql_dsp_four_rows_s4(int32_t sums[4], const uint32_t *words, const uint32_t *inputs, int columns)
{
    const uint32_t mask = 0x0f0f0f0f;

    for (; columns > 0; columns -= 4) {
        // The inputs of a missing pair are 0, so any word will do for it.
        const uint32_t first = words[0], second = columns > 2 ? words[3] : first;
        const uint32_t even = *inputs++, odd = *inputs++;
        ql_dsp_add_pair(sums, first & mask, second & mask, even, odd);
        ql_dsp_add_pair(sums + 2, first >> 4 & mask, second >> 4 & mask, even, odd);
        words += 6;
    }
}

// The product of one part: 256 columns at a time.
static QL_DSP_CODE void ql_dsp_multiply_s4(int32_t *y, const uint32_t *part, int rows, const struct ql_dsp_job *job)
{
    const int block_words = job->block_words;

    for (int c = 0; c < job->columns; c += QL_DSP_COLUMNS) {
        const int columns = job->columns - c < QL_DSP_COLUMNS ? job->columns - c : QL_DSP_COLUMNS;
        const uint32_t *words = part + c / 2 * 3;
        uint32_t inputs[QL_DSP_COLUMNS / 2];
        const int32_t offset = -8 * ql_dsp_arrange(inputs, job->x + c, columns);

        for (int row = 0; row < rows; row += 4) {
            int32_t sums[4] = {offset, offset, offset, offset};
            ql_dsp_four_rows_s4(sums, words + row / 12 * block_words + row % 12 / 4, inputs, columns);
            for (int r = 0; r < 4 && row + r < rows; r++) {
                y[row + r] += sums[r];
            }
        }
    }
}

static inline void ql_dsp_work_s4(const void *work)
{
    const struct ql_dsp_job *job = (const struct ql_dsp_job *)work;
    struct ql_weight_part part;

    for (bool is_first = true; ql_dsp_take(&part, job, is_first); is_first = false) {
        ql_dsp_multiply_s4(job->y + 12 * part.first, part.words, ql_dsp_part_rows(&part, job), job);
    }
}

static inline void ql_matvec_s4(int32_t *y, const struct ql_matrix_s4 *w, const int8_t *x)
{
    const struct ql_dsp_job job = {y, w->words, x, w->rows, w->columns, (w->columns + 1) / 2 * 3};

    ql_dsp_share(&job, ql_dsp_work_s4);
}

#endif

#endif
