// A packed matrix of 8-bit integers. matvec_s8.h has its products with a vector.
// Uses: stdint.h.
#ifndef QL_DEVICE_MATRIX_S8_H
#define QL_DEVICE_MATRIX_S8_H

#include <stdint.h>

// A matrix of weights in [-127, 127], packed by quantize/matrix_pack. Rows are in blocks of twelve. A block is read
// from its first column to its last, two columns at a time, as six words of two rows and two columns each. With
// u(r, c) = w(r, c) + 128, which is a byte in [1, 255], the block that begins at row r is
//
//                 bits 31..24    23..16       15..8        7..0
//                 ┌────────────┬────────────┬────────────┬────────────┐
//     word 0      │ u(r+1, 1)  │ u(r+1, 0)  │ u(r, 1)    │ u(r, 0)    │  columns 0 and 1
//     word 1      │ u(r+3, 1)  │ u(r+3, 0)  │ u(r+2, 1)  │ u(r+2, 0)  │
//       ...       │            │            │            │            │
//     word 5      │ u(r+11, 1) │ u(r+11, 0) │ u(r+10, 1) │ u(r+10, 0) │
//                 ├────────────┼────────────┼────────────┼────────────┤
//     word 6      │ u(r+1, 3)  │ u(r+1, 2)  │ u(r, 3)    │ u(r, 2)    │  columns 2 and 3
//       ...       └────────────┴────────────┴────────────┴────────────┘
//
// Rows and columns that fill up the last block and the last pair have weight 0, the byte 128. One multiplication by a
// 32-bit word thus serves two rows, whose sums share an accumulator as lanes of 16 bits (matvec_s8_m0.h).
struct ql_matrix_s8 {
    const uint32_t *words; // ceil(rows / 12) * ceil(columns / 2) * 6
    int rows, columns;     // at least 1
    int segment;           // even, 2 to 32: over that many columns from any multiple of it, no row's sum leaves
                           // [-32767, 32767], whatever the vector is
};

enum {
    QL_MATRIX_BLOCK_ROWS = 12,
    QL_MATRIX_BLOCK_WORDS = 6, // of one pair of columns
    QL_MATRIX_SEGMENT_LIMIT = 32,
    QL_MATRIX_LANE_LIMIT = 32767, // of a sum over one segment
    QL_VECTOR_S8_LIMIT = 127,     // the greatest magnitude of an element of a vector
};

static inline int ql_matrix_s8_word_count(int rows, int columns)
{
    return (rows + QL_MATRIX_BLOCK_ROWS - 1) / QL_MATRIX_BLOCK_ROWS * ((columns + 1) / 2) * QL_MATRIX_BLOCK_WORDS;
}

#endif
