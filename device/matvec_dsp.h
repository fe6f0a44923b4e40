// The integer matrix products for Arm processors with DSP instructions, such as the Cortex-M33. The sums are those of
// ql_matvec_s8_plain and ql_matvec_s4_plain.
// Meant for gcc and clang. Uses: device/weight_source.h, stdbool.h, stdint.h.
#ifndef QL_DEVICE_MATVEC_DSP_H
#define QL_DEVICE_MATVEC_DSP_H

#include <stdbool.h>
#include <stdint.h>

#include "device/weight_source.h"

// smlad and its like came with ARMv6; __ARM_FEATURE_DSP stands for those of ARMv5TE, too. Thumb has them from Thumb-2 on.
#if defined(__ARM_FEATURE_SIMD32) && (!defined(__thumb__) || defined(__thumb2__)) && defined(__GNUC__)
#define QL_MATVEC_DSP

// smlad adds two products of 16 bits to a sum of 32. Of two words of the layout, for columns 0, 1 and columns 2, 3, the
// low halves are row r and the high halves row r+1; pkhbt and pkhtb bring the halves of a row together, and uxtb16
// extracts columns 0 and 2, or 1 and 3. That is five instructions for four products, and no sum can overflow.

enum { QL_DSP_COLUMNS = 256 }; // whose inputs are on the stack at a time; a multiple of 4

// This comes after `static` in the functions that have them there. Within a caller they would be on its stack all the time,
// also while it calls the other one.
#define QL_DSP_CODE __attribute__((noinline, unused))

static inline uint32_t ql_dsp_low_halves(uint32_t first, uint32_t second)
{
    uint32_t result;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(first), "r"(second));
    return result;
}

static inline uint32_t ql_dsp_high_halves(uint32_t first, uint32_t second)
{
    uint32_t result;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(result) : "r"(second), "r"(first));
    return result;
}

// sum + the products of the row's four weights in `row` with the inputs of even and odd columns.
static inline int32_t ql_dsp_add(int32_t sum, uint32_t row, uint32_t even, uint32_t odd)
{
    uint32_t weights;
    __asm__("uxtb16 %0, %1" : "=r"(weights) : "r"(row));
    __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(weights), "r"(even));
    __asm__("uxtb16 %0, %1, ror #8" : "=r"(weights) : "r"(row));
    __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(weights), "r"(odd));
    return sum;
}

// Arranges inputs as columns 0 and 2, 1 and 3, 4 and 6, and so on, and returns their sum.
static inline int32_t ql_dsp_arrange(uint32_t *inputs, const int8_t *x, int columns)
{
    int32_t sum = 0;

    for (int c = 0; c < columns; c += 4) {
        const int32_t x0 = x[c], x1 = c + 1 < columns ? x[c + 1] : 0;
        const int32_t x2 = c + 2 < columns ? x[c + 2] : 0, x3 = c + 3 < columns ? x[c + 3] : 0;
        *inputs++ = ((uint32_t)x0 & 0xffff) | (uint32_t)x2 << 16;
        *inputs++ = ((uint32_t)x1 & 0xffff) | (uint32_t)x3 << 16;
        sum += x0 + x1 + x2 + x3;
    }
    return sum;
}

// A product y += W x.
struct ql_dsp_job {
    int32_t *y;
    const uint32_t *words;
    const int8_t *x;
    int rows, columns, block_words;
};

// Fetches the next blocks to multiply by. Without a source, the first call fetches all of them.
static inline bool ql_dsp_take(struct ql_weight_part *part, const struct ql_dsp_job *job, bool is_first)
{
#if defined(QL_WEIGHT_SOURCE)
    (void)job;
    (void)is_first;
    return ql_weight_source_take(part);
#else
    part->words = job->words;
    part->first = 0;
    part->count = ((uint32_t)job->rows + 11) / 12;
    return is_first;
#endif
}

static inline void ql_dsp_share(const struct ql_dsp_job *job, void (*work)(const void *job))
{
#if defined(QL_WEIGHT_SOURCE)
    ql_weight_source_share(job->words, ((uint32_t)job->rows + 11) / 12, (uint32_t)job->block_words, work, job);
#else
    work(job);
#endif
}

// The rows of a part.
static inline int ql_dsp_part_rows(const struct ql_weight_part *part, const struct ql_dsp_job *job)
{
    const int left = job->rows - 12 * (int)part->first, whole = 12 * (int)part->count;
    return left < whole ? left : whole;
}

// Continues the sums of two rows: `first` and `second` are their words for columns 0, 1 and 2, 3.
static inline void ql_dsp_add_pair(int32_t *sums, uint32_t first, uint32_t second, uint32_t even, uint32_t odd)
{
    sums[0] = ql_dsp_add(sums[0], ql_dsp_low_halves(first, second), even, odd);
    sums[1] = ql_dsp_add(sums[1], ql_dsp_high_halves(first, second), even, odd);
}

#endif

#endif
