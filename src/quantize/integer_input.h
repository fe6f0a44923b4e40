// Computes a token's input to the first recurrent layer as a product of its embedding and the input weights. The other
// form is a table with a row for each token, which needs no product, but grows with the vocabulary
// (model/weight_format.h).
// Uses: base, model, device/integer_row.h, quantize/integer_matrix.
#ifndef QL_QUANTIZE_INTEGER_INPUT_H
#define QL_QUANTIZE_INTEGER_INPUT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "device/integer_row.h"
#include "model/chain.h"
#include "quantize/integer_matrix.h"

// The values of the rows are what the layer's sums begin with.
struct ql_integer_input {
    int E;                           // 0: the model has a table
    int8_t *embedding;               // (V, E) each column in a unit of its own, which is in the weights
    struct ql_integer_matrix matrix; // (rows, E), int8 in both formats
    struct ql_integer_row *rows;
    struct ql_integer_scale scale;
};

// Makes the product for the first layer of a model, in memory of the arena.
//
//   reaches  (rows)  written: the greatest |value| over all tokens
//   steps    (rows)  what one unit of each of the layer's sums stands for
//
// Errors: QL_ERROR_INPUT for weights that are not finite, or too far apart for 32 bits; QL_ERROR_SYSTEM.
enum ql_status ql_integer_input_init(struct ql_integer_input *input, int64_t *reaches, const struct ql_chain *from,
                                     const double *steps, int rows, struct ql_arena *arena, struct ql_error *error);

#endif
