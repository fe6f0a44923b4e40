// The first recurrent layer of a language model, whose input is a token: a table computed beforehand holds what the
// embedding and the input weights give for each token, so a step copies a row instead of computing a product.
// Uses: device/recurrent.h, stdbool.h.
#ifndef QL_DEVICE_RECURRENT_TOKEN_H
#define QL_DEVICE_RECURRENT_TOKEN_H

#include <stdbool.h>

#include "device/recurrent.h"

// The kernels below have these arguments in common with those of recurrent.h: y, h, c, h0, c0 and w_hh. In addition:
//
//   tokens  (T)      0 to V - 1; -V to -1 count from the end, as in ONNX's Gather
//   table   (V, GH)  for each token x W_ih + b, where x is the token's embedding
//
// The sums continue those of the table in the same order, so not a bit differs from the layer with an embedding.
// Each returns false for a token that is out of range; the output is then undefined.

// The row of a token, or NULL.
static inline const float *ql_recurrent_row(const float *table, int64_t token, int V, int columns)
{
    int64_t row = token < 0 ? token + V : token;
    return row < 0 || row >= V ? NULL : table + (ptrdiff_t)row * columns;
}

//   gates  (4H)  scratch
static inline bool ql_lstm_token_f32(float *y, float *h, float *c, float *gates, const int64_t *tokens, const float *h0,
                                     const float *c0, const float *table, const float *w_hh, int T, int V, int H)
{
    ql_recurrent_begin(h, h0, H);
    ql_recurrent_begin(c, c0, H);
    for (int t = 0; t < T; t++) {
        const float *row = ql_recurrent_row(table, tokens[t], V, 4 * H);
        if (row == NULL) {
            return false;
        }
        memcpy(gates, row, (size_t)(4 * H) * sizeof *gates);
        ql_lstm_update_f32(h, c, gates, w_hh, H);
        if (y != NULL) {
            memcpy(y + (ptrdiff_t)t * H, h, (size_t)H * sizeof *y);
        }
    }
    return true;
}

//   gates    (6H)  scratch, of which half is used
//   bias_hh  (3H)
static inline bool ql_gru_token_f32(float *y, float *h, float *gates, const int64_t *tokens, const float *h0,
                                    const float *table, const float *w_hh, const float *bias_hh, int T, int V, int H)
{
    ql_recurrent_begin(h, h0, H);
    for (int t = 0; t < T; t++) {
        const float *row = ql_recurrent_row(table, tokens[t], V, 3 * H);
        if (row == NULL) {
            return false;
        }
        ql_gru_update_f32(h, gates, row, w_hh, bias_hh, H);
        if (y != NULL) {
            memcpy(y + (ptrdiff_t)t * H, h, (size_t)H * sizeof *y);
        }
    }
    return true;
}

//   sum  (H)  scratch
static inline bool ql_rnn_token_f32(float *y, float *h, float *sum, const int64_t *tokens, const float *h0,
                                    const float *table, const float *w_hh, int T, int V, int H)
{
    ql_recurrent_begin(h, h0, H);
    for (int t = 0; t < T; t++) {
        const float *row = ql_recurrent_row(table, tokens[t], V, H);
        if (row == NULL) {
            return false;
        }
        memcpy(sum, row, (size_t)H * sizeof *sum);
        ql_rnn_update_f32(h, sum, w_hh, H);
        if (y != NULL) {
            memcpy(y + (ptrdiff_t)t * H, h, (size_t)H * sizeof *y);
        }
    }
    return true;
}

#endif
