// A packed matrix of 4-bit integers. matvec_s4.h has its products with a vector.
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

#endif
