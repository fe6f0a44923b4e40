// Recurrent layers over a sequence, as ONNX specifies LSTM, GRU and RNN: one direction of one layer per call.
// The plain case, which repeats the step of lstm.h, gru.h or rnn.h; recurrent_general.h has the kernels with all options.
// Uses: device/gru.h, device/lstm.h, device/rnn.h, stddef.h, stdint.h, string.h.
#ifndef QL_DEVICE_RECURRENT_H
#define QL_DEVICE_RECURRENT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "device/gru.h"
#include "device/lstm.h"
#include "device/rnn.h"

// Set a state to `initial`, which may be the same memory, or to zeros where `initial` is NULL.
static inline void ql_recurrent_begin(float *state, const float *initial, int count)
{
    if (initial == NULL) {
        memset(state, 0, (size_t)count * sizeof *state);
    } else if (initial != state) {
        memcpy(state, initial, (size_t)count * sizeof *state);
    }
}

// The plain LSTM: batch 1, forward, weights and gate order of lstm.h.
//
//   y       (T, H)  the output of every step, or NULL
//   h, c    (H)     the state after the last step
//   gates   (4H)    scratch
//   x       (T, I)
//   h0, c0  (H)     the state before the first step; NULL for zeros
//   w_ih    (I, 4H)      w_hh  (H, 4H)      bias  (4H)
static inline void ql_lstm_f32(float *y, float *h, float *c, float *gates, const float *x, const float *h0,
                               const float *c0, const float *w_ih, const float *w_hh, const float *bias, int T, int I,
                               int H)
{
    const struct ql_lstm_weights weights = {w_ih, w_hh, bias};

    ql_recurrent_begin(h, h0, H);
    ql_recurrent_begin(c, c0, H);
    for (int t = 0; t < T; t++) {
        ql_lstm_step_f32(h, c, gates, x + (ptrdiff_t)t * I, &weights, I, H);
        if (y != NULL) {
            memcpy(y + (ptrdiff_t)t * H, h, (size_t)H * sizeof *y);
        }
    }
}

// The plain GRU, likewise, with the weights and gate order of gru.h; gates (6H) is scratch.
static inline void ql_gru_f32(float *y, float *h, float *gates, const float *x, const float *h0, const float *w_ih,
                              const float *w_hh, const float *bias_ih, const float *bias_hh, int T, int I, int H)
{
    const struct ql_gru_weights weights = {w_ih, w_hh, bias_ih, bias_hh};

    ql_recurrent_begin(h, h0, H);
    for (int t = 0; t < T; t++) {
        ql_gru_step_f32(h, gates, x + (ptrdiff_t)t * I, &weights, I, H);
        if (y != NULL) {
            memcpy(y + (ptrdiff_t)t * H, h, (size_t)H * sizeof *y);
        }
    }
}

// The plain RNN with tanh, likewise, with the weights of rnn.h; sum (H) is scratch.
static inline void ql_rnn_f32(float *y, float *h, float *sum, const float *x, const float *h0, const float *w_ih,
                              const float *w_hh, const float *bias, int T, int I, int H)
{
    const struct ql_rnn_weights weights = {w_ih, w_hh, bias};

    ql_recurrent_begin(h, h0, H);
    for (int t = 0; t < T; t++) {
        ql_rnn_step_f32(h, sum, x + (ptrdiff_t)t * I, &weights, I, H);
        if (y != NULL) {
            memcpy(y + (ptrdiff_t)t * H, h, (size_t)H * sizeof *y);
        }
    }
}

#endif
