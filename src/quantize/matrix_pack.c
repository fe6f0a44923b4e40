// Packing of matrices. Both formats use the same loop over blocks of rows; they differ in the rows per word, and in the
// bits per weight.
// Uses: base, device/.
#include "quantize/matrix_pack.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>

#include "device/matrix_s4.h"
#include "device/matrix_s8.h"

struct weight_format {
    int limit;  // the greatest magnitude of a weight
    int offset; // added to each weight
    int rows;   // rows per word, with two columns each
    int bits;   // of a weight
};

static const struct weight_format FORMAT_S8 = {127, 128, 2, 8};
static const struct weight_format FORMAT_S4 = {7, 8, 4, 4};

// The greatest sum |w| over a segment, of all rows and all segments.
static int greatest_segment(const int8_t *weights, int rows, int columns, int segment)
{
    int greatest = 0;

    for (int r = 0; r < rows; r++) {
        const int8_t *row = weights + (ptrdiff_t)r * columns;
        for (int first = 0; first < columns; first += segment) {
            int sum = 0;
            for (int c = first; c < columns && c < first + segment; c++) {
                sum += abs(row[c]);
            }
            greatest = sum > greatest ? sum : greatest;
        }
    }
    return greatest;
}

int ql_matrix_segment(const int8_t *weights, int rows, int columns)
{
    int segment = QL_MATRIX_SEGMENT_LIMIT;

    while (segment > 2 &&
           greatest_segment(weights, rows, columns, segment) * QL_VECTOR_S8_LIMIT > QL_MATRIX_LANE_LIMIT) {
        segment -= 2;
    }
    return segment;
}

static enum ql_status check(const int8_t *weights, int rows, int columns, const struct weight_format *format,
                            struct ql_error *error)
{
    if (rows < 1 || columns < 1) {
        return ql_error_write(error, QL_ERROR_INPUT, "a matrix of %d rows and %d columns cannot be packed: it is empty",
                              rows, columns);
    }
    if (columns > INT32_MAX / (format->limit * QL_VECTOR_S8_LIMIT) ||
        ((int64_t)rows + QL_MATRIX_BLOCK_ROWS) * ((int64_t)columns + 1) > INT32_MAX) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "a matrix of %d rows and %d columns cannot be packed: its sums or its size need more "
                              "than 32 bits; make the model smaller",
                              rows, columns);
    }
    for (int r = 0; r < rows; r++) {
        for (int c = 0; c < columns; c++) {
            const int weight = weights[(ptrdiff_t)r * columns + c];
            if (abs(weight) > format->limit) {
                return ql_error_write(error, QL_ERROR_INPUT, "the weight %d in row %d, column %d is not in [-%d, %d]",
                                      weight, r, c, format->limit, format->limit);
            }
        }
    }
    return QL_OK;
}

// The position of a weight in a word: rows 0 and 1 in the low bits of each byte, rows 2 and 3 in the high bits.
static int field_shift(const struct weight_format *format, int r, int c)
{
    return 16 * (r % 2) + 8 * c + format->bits * (r / 2);
}

static enum ql_status pack(uint32_t *words, const int8_t *weights, int rows, int columns,
                           const struct weight_format *format, struct ql_error *error)
{
    const enum ql_status status = check(weights, rows, columns, format, error);

    if (status != QL_OK) {
        return status;
    }
    for (int block = 0; block < rows; block += QL_MATRIX_BLOCK_ROWS) {
        for (int pair = 0; pair < columns; pair += 2) {
            for (int first = block; first < block + QL_MATRIX_BLOCK_ROWS; first += format->rows) {
                uint32_t word = 0;
                for (int r = first; r < first + format->rows; r++) {
                    for (int c = pair; c < pair + 2; c++) {
                        const int weight = r < rows && c < columns ? weights[(ptrdiff_t)r * columns + c] : 0;
                        word |= (uint32_t)(weight + format->offset) << field_shift(format, r - first, c - pair);
                    }
                }
                *words++ = word;
            }
        }
    }
    return QL_OK;
}

enum ql_status ql_matrix_s8_pack(uint32_t *words, const int8_t *weights, int rows, int columns, struct ql_error *error)
{
    return pack(words, weights, rows, columns, &FORMAT_S8, error);
}

enum ql_status ql_matrix_s4_pack(uint32_t *words, const int8_t *weights, int rows, int columns, struct ql_error *error)
{
    return pack(words, weights, rows, columns, &FORMAT_S4, error);
}
