// A language model in integers: what docs/quantization.md derives, made from a float model and a calibration.
// All that could overflow is checked here, from the weights; the kernels of device/ then check nothing.
// Uses: base, device, model, quantize/{calibration,matrix_pack}.
#ifndef QL_QUANTIZE_INTEGER_MODEL_H
#define QL_QUANTIZE_INTEGER_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "device/integer_row.h"
#include "model/weight_format.h"
#include "quantize/calibration.h"

enum { QL_INTEGER_MATRIX_LIMIT = 3 }; // of a layer

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

// One recurrent layer. Its vector is the h of the layer below and its own: (I + H), in one piece. Its sums are
//   LSTM  (4H)  i, f, g, o
//   GRU   (4H)  r, z, the candidate's part from the input, the candidate's part from h
//   RNN   (H)
struct ql_integer_layer {
    int I, H; // I is 0 for the first layer, whose input is a row of the table
    int row_count;
    struct ql_integer_row *rows; // (row_count)
    struct ql_integer_scale scale;
    int cell_bits; // of the LSTM: see lstm_s8.h
    struct ql_integer_matrix matrices[QL_INTEGER_MATRIX_LIMIT];
    int matrix_count;
};

// Owns all that it points to.
struct ql_integer_model {
    struct ql_arena arena;
    enum ql_cell cell;
    enum ql_weight_format format;
    int V, L;
    int table_columns; // rows of the first layer that have a part from the token: 4H, 3H, H
    int8_t *table;     // (V, table_columns)
    struct ql_integer_layer layers[QL_MODEL_LAYER_LIMIT];
    struct ql_integer_matrix output; // (V, H), always int8
    struct ql_integer_row *output_rows;
    struct ql_integer_scale output_scale;
    int h_count;                   // units of all layers
    int sum_count;                 // of the widest layer, or V
    struct ql_state_layout layout; // of the state: c, or of a GRU h_fine (h_count), of all layers; then their h
    int fine_part, h_part;         // the numbers of these in the layout; -1 where there is none
    struct ql_text_rules rules;
};

// Errors: QL_ERROR_INPUT, naming node, gate and row, for weights whose sums cannot be represented, and for a cell state
// that leaves the range; each says what helps. QL_ERROR_SYSTEM.
enum ql_status ql_integer_model_init(struct ql_integer_model *model, const struct ql_chain *from,
                                     const struct ql_calibration *calibration, enum ql_weight_format format,
                                     struct ql_error *error);
void ql_integer_model_free(struct ql_integer_model *model);

#endif
