// A packed matrix of 4-bit integers, and its product with a vector of 8-bit ones in plain C: y += W x, exact.
// The plain product is the definition; those that matvec_s4.h chooses give the same sums from the same bytes.
// Uses: device/matrix_s8.h.
#ifndef QL_DEVICE_MATRIX_S4_H
#define QL_DEVICE_MATRIX_S4_H

#include "device/matrix_s8.h"

// A matrix of weights in [-7, 7], packed by quantize/matrix_pack. It is the layout of ql_matrix_s8 with two of its words
// in one: the low half of a byte belongs to the first, the high half to the second. With u(r, c) = w(r, c) + 8, which is
// in [1, 15], the block that begins at row r is
//
//             bits 31..28     27..24      23..20      19..16      15..12      11..8       7..4       3..0
//             ┌───────────┬───────────┬───────────┬───────────┬───────────┬───────────┬───────────┬───────────┐
//     word 0  │ u(r+3, 1) │ u(r+1, 1) │ u(r+3, 0) │ u(r+1, 0) │ u(r+2, 1) │ u(r, 1)   │ u(r+2, 0) │ u(r, 0)   │
//     word 1  │ u(r+7, 1) │ u(r+5, 1) │ u(r+7, 0) │ u(r+5, 0) │ u(r+6, 1) │ u(r+4, 1) │ u(r+6, 0) │ u(r+4, 0) │
//     word 2  │ u(r+11, 1)│ u(r+9, 1) │ u(r+11, 0)│ u(r+9, 0) │ u(r+10, 1)│ u(r+8, 1) │ u(r+10, 0)│ u(r+8, 0) │
//             └───────────┴───────────┴───────────┴───────────┴───────────┴───────────┴───────────┴───────────┘
//
// three words for columns 0 and 1, then three for columns 2 and 3. Rows and columns that fill up the last block and the
// last pair have weight 0, the half byte 8.
struct ql_matrix_s4 {
    const uint32_t *words; // ceil(rows / 12) * ceil(columns / 2) * 3
    int rows, columns;     // at least 1
    int segment;           // as in ql_matrix_s8; as 32 * 7 * 127 < 32767, 32 is always possible
};

static inline int ql_matrix_s4_word_count(int rows, int columns)
{
    return ql_matrix_s8_word_count(rows, columns) / 2;
}

// y[r] += sum over c of w(r, c) x[c]
//
//   y  (rows)     the sums stay within 32 bits where |y[r]| on entry is at most 2^31 - 1 - 889 * columns
//   x  (columns)  in [-127, 127]
static inline void ql_matvec_s4_plain(int32_t *y, const struct ql_matrix_s4 *w, const int8_t *x)
{
    const uint32_t *words = w->words;

    for (int block = 0; block < w->rows; block += QL_MATRIX_BLOCK_ROWS) {
        int32_t sums[QL_MATRIX_BLOCK_ROWS] = {0};

        for (int c = 0; c < w->columns; c += 2) {
            const int32_t x0 = x[c], x1 = c + 1 < w->columns ? x[c + 1] : 0;
            for (int r = 0; r < QL_MATRIX_BLOCK_ROWS; r += 4) {
                const uint32_t word = *words++;
                sums[r] += ((int32_t)(word & 15) - 8) * x0 + ((int32_t)(word >> 8 & 15) - 8) * x1;
                sums[r + 1] += ((int32_t)(word >> 16 & 15) - 8) * x0 + ((int32_t)(word >> 24 & 15) - 8) * x1;
                sums[r + 2] += ((int32_t)(word >> 4 & 15) - 8) * x0 + ((int32_t)(word >> 12 & 15) - 8) * x1;
                sums[r + 3] += ((int32_t)(word >> 20 & 15) - 8) * x0 + ((int32_t)(word >> 28) - 8) * x1;
            }
        }
        for (int r = 0; r < QL_MATRIX_BLOCK_ROWS && block + r < w->rows; r++) {
            y[block + r] += sums[r];
        }
    }
}

#endif
