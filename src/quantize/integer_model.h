// A language model in integers: what docs/quantization.md derives, made from a float model and a calibration.
// All that could overflow is checked here, from the weights; the kernels of device/ then check nothing.
// Uses: base, device, model, quantize/{calibration,integer_decoder,integer_input,integer_matrix}.
#ifndef QL_QUANTIZE_INTEGER_MODEL_H
#define QL_QUANTIZE_INTEGER_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "device/integer_row.h"
#include "model/weight_format.h"
#include "quantize/calibration.h"
#include "quantize/integer_decoder.h"
#include "quantize/integer_input.h"
#include "quantize/integer_matrix.h"

enum { QL_INTEGER_MATRIX_LIMIT = 3 }; // of a layer

// One recurrent layer. Its vector is the h of the layer below and its own: (I + H), in one piece. Its sums are
//   LSTM  (4H)  i, f, g, o
//   GRU   (4H)  r, z, the candidate's part from the input, the candidate's part from h
//   RNN   (H)
struct ql_integer_layer {
    int I, H; // I is 0 for the first layer, whose sums begin with what the token gives
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
    enum ql_layer_kind kind;
    enum ql_weight_format format;
    int V, L;
    struct ql_state_layout layout; // of the state of a text
    struct ql_text_rules rules;
    struct ql_integer_decoder decoder; // of a decoder; what follows is of recurrent layers
    enum ql_cell cell;
    int table_columns; // rows of the first layer that have a part from the token: 4H, 3H, H
    int8_t *table;     // (V, table_columns), or NULL, where `input` takes its place
    struct ql_integer_input input;
    struct ql_integer_layer layers[QL_MODEL_LAYER_LIMIT];
    struct ql_integer_matrix output; // (V, H), always int8
    struct ql_integer_row *output_rows;
    struct ql_integer_scale output_scale;
    int fine_part, h_part; // the state: c, or of a GRU h_fine (h_count), of all layers; then their h. Their numbers in
                           // the layout; -1 where there is none
    int h_count;           // units of all layers
    int sum_count;         // of the widest layer, or V
};

// Errors: QL_ERROR_INPUT, naming node, gate and row, for weights whose sums cannot be represented, and for a cell state
// that leaves the range; each says what helps. QL_ERROR_SYSTEM.
enum ql_status ql_integer_model_init(struct ql_integer_model *model, const struct ql_chain *from,
                                     const struct ql_calibration *calibration, enum ql_weight_format format,
                                     struct ql_error *error);
void ql_integer_model_free(struct ql_integer_model *model);

#endif
