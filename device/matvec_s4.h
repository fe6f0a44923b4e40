// Matrix times vector with 4-bit weights and an 8-bit vector: y += W x, exact, the same on every machine.
// Here are the layout and the plain kernel, which is the definition; faster ones give the same sums from the same bytes.
// Uses: device/matvec_s8.h.
#ifndef QL_DEVICE_MATVEC_S4_H
#define QL_DEVICE_MATVEC_S4_H

#include "device/matvec_s8.h"

// A matrix of weights in [-7, 7], packed by quantize/matrix_pack. It is the layout of ql_matrix_s8 with two pairs of
// columns in each word: the low half of a byte belongs to the first pair, the high half to the second. With
// u(r, c) = w(r, c) + 8, which is in [1, 15], the block that begins at row r is
//
//              bits 31..28     27..24      23..20      19..16      15..12     11..8      7..4       3..0
//              ┌───────────┬───────────┬───────────┬───────────┬──────────┬──────────┬──────────┬──────────┐
//     word 0   │ u(r+1, 3) │ u(r+1, 1) │ u(r+1, 2) │ u(r+1, 0) │ u(r, 3)  │ u(r, 1)  │ u(r, 2)  │ u(r, 0)  │
//     word 1   │ u(r+3, 3) │ u(r+3, 1) │ u(r+3, 2) │ u(r+3, 0) │ u(r+2, 3)│ u(r+2, 1)│ u(r+2, 2)│ u(r+2, 0)│
//       ...    └───────────┴───────────┴───────────┴───────────┴──────────┴──────────┴──────────┴──────────┘
//
// six words for columns 0 to 3, then six for columns 4 to 7. What fills up the last block and the last four columns
// has weight 0, the half byte 8.
struct ql_matrix_s4 {
    const uint32_t *words; // ceil(rows / 12) * ceil(columns / 4) * 6
    int rows, columns;     // at least 1
    int segment;           // a multiple of 4, as in ql_matrix_s8; as 32 * 7 * 127 < 32767, 32 is always possible
};

static inline int ql_matrix_s4_word_count(int rows, int columns)
{
    return (rows + QL_MATRIX_BLOCK_ROWS - 1) / QL_MATRIX_BLOCK_ROWS * ((columns + 3) / 4) * QL_MATRIX_BLOCK_WORDS;
}

// y[r] += sum over c of w(r, c) x[c]
//
//   y  (rows)     the sums stay within 32 bits where |y[r]| on entry is at most 2^31 - 1 - 889 * columns
//   x  (columns)  in [-127, 127]
static inline void ql_matvec_s4_plain(int32_t *y, const struct ql_matrix_s4 *w, const int8_t *x)
{
    // Where in half a word, which is a row, the four columns are.
    static const uint8_t shifts[4] = {0, 8, 4, 12};
    const uint32_t *words = w->words;

    for (int block = 0; block < w->rows; block += QL_MATRIX_BLOCK_ROWS) {
        int32_t sums[QL_MATRIX_BLOCK_ROWS] = {0};

        for (int c = 0; c < w->columns; c += 4) {
            for (int r = 0; r < QL_MATRIX_BLOCK_ROWS; r += 2) {
                const uint32_t word = *words++;
                for (int k = 0; k < 4 && c + k < w->columns; k++) {
                    sums[r] += ((int32_t)(word >> shifts[k] & 15) - 8) * x[c + k];
                    sums[r + 1] += ((int32_t)(word >> (shifts[k] + 16) & 15) - 8) * x[c + k];
                }
            }
        }
        for (int r = 0; r < QL_MATRIX_BLOCK_ROWS && block + r < w->rows; r++) {
            y[block + r] += sums[r];
        }
    }
}

static inline void ql_matvec_s4(int32_t *y, const struct ql_matrix_s4 *w, const int8_t *x)
{
    ql_matvec_s4_plain(y, w, x);
}

#endif
