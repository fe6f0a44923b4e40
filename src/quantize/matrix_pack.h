// Packs matrices of small integers for the kernels of device/matrix_s8.h and matrix_s4.h, and proves their range. The
// proof uses the weights alone: no vector can make a lane of an accumulator overflow.
// Uses: base, device/.
#ifndef QL_QUANTIZE_MATRIX_PACK_H
#define QL_QUANTIZE_MATRIX_PACK_H

#include <stdint.h>

#include "base/status.h"

// The greatest number of columns, even and at most 32, such that over each such segment of each row
// 127 * sum |w| <= 32767. At least 2, because 127 * 2 * 127 is below the limit; for weights in [-7, 7] always 32.
//
//   weights  (rows, columns)  in [-127, 127], row by row
int ql_matrix_segment(const int8_t *weights, int rows, int columns);

// Writes the packed words.
//
//   words    (ql_matrix_s8_word_count(rows, columns))  the caller's
//   weights  (rows, columns)                           row by row
//
// Errors: QL_ERROR_INPUT for a weight out of range (names row, column and value), a size below 1, and one of which the
// words or the sums would not fit 32 bits.
enum ql_status ql_matrix_s8_pack(uint32_t *words, const int8_t *weights, int rows, int columns, struct ql_error *error);
enum ql_status ql_matrix_s4_pack(uint32_t *words, const int8_t *weights, int rows, int columns, struct ql_error *error);

#endif
