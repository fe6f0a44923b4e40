// A matrix of an integer model and the rows of its sums, which layers of all kinds share. The numbers of a row are
// chosen from its weights alone, so that nothing can overflow.
// Uses: base, device, quantize/matrix_pack.
#ifndef QL_QUANTIZE_INTEGER_MATRIX_H
#define QL_QUANTIZE_INTEGER_MATRIX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "device/integer_row.h"

// A matrix of small integers, row by row and packed for the kernels of device/.
struct ql_integer_matrix {
    bool is_s4; // weights in [-7, 7], packed for matvec_s4.h; otherwise [-127, 127] for matvec_s8.h
    int rows, columns;
    int first_row;    // of the layer's sums, to which its product is added
    int first_column; // of the layer's vector, from which it multiplies
    int8_t *weights;  // (rows, columns)
    uint32_t *words;  // (word_count) packed
    int word_count, segment;
};

// Packs the weights, in memory of the arena. Errors: those of ql_matrix_s8_pack; QL_ERROR_SYSTEM.
enum ql_status ql_integer_matrix_pack(struct ql_integer_matrix *matrix, struct ql_arena *arena, struct ql_error *error);

// A row before its numbers are fixed.
struct ql_row_draft {
    double unit;   // value of one unit of the sum, in units of the row's value; unused where reach is 0
    double bias;   // likewise
    int64_t reach; // the greatest |sum|
    int factor;    // of the table
};

// Chooses the shifts that all rows have in common, then their multipliers and biases, for the least error. Returns
// whether rounding costs no row more than `limit` units of its value, or more than 1/1024 of the greatest value that it
// may have, whatever the state is. Otherwise `rows` is as before. `worst` is the row that takes the most bits, by its reach
// or by the unit of its sum, and so caused a failure.
bool ql_row_drafts_fit(struct ql_integer_row *rows, struct ql_integer_scale *scale, const struct ql_row_draft *drafts,
                       int count, double limit, int *worst);

// The greatest |sum| of a row's products with a vector in [-127, 127].
int64_t ql_row_reach(const int8_t *q, int count);

#endif
