// One step of one LSTM layer (Hochreiter and Schmidhuber 1997, with forget gate; the formulas of PyTorch's nn.LSTM).
// Float, bit for bit the same on every machine. The caller owns all memory.
// Uses: device/activation.h, device/matvec.h.
#ifndef QL_DEVICE_LSTM_H
#define QL_DEVICE_LSTM_H

#include "device/activation.h"
#include "device/matvec.h"

// Gates stand in PyTorch's order: input i, forget f, candidate g, output o, each of H values.
struct ql_lstm_weights {
    const float *w_ih; // (I, 4H) the row of an input holds its weight for every gate
    const float *w_hh; // (H, 4H)
    const float *bias; // (4H) PyTorch's bias_ih + bias_hh
};

// The element-wise half of a step.
//
//   h      (H)   overwritten
//   c      (H)   the state; read, then overwritten
//   gates  (4H)  the sums x W_ih + h W_hh + b
static inline void ql_lstm_cell_f32(float *restrict h, float *restrict c, const float *restrict gates, int H)
{
    for (int k = 0; k < H; k++) {
        float i = ql_sigmoid_f32(gates[k]);
        float f = ql_sigmoid_f32(gates[H + k]);
        float g = ql_tanh_f32(gates[2 * H + k]);
        float o = ql_sigmoid_f32(gates[3 * H + k]);
        c[k] = f * c[k] + i * g;
        h[k] = o * ql_tanh_f32(c[k]);
    }
}

//   i = sigmoid(x W_ih + h W_hh + b)      f, o likewise      g = tanh(...)
//   c = f c + i g
//   h = o tanh(c)
//
//   h, c   (H)      the state; read, then overwritten
//   gates  (4H)     on entry what the input gives, x W_ih + b; overwritten
//   w_hh   (H, 4H)
static inline void ql_lstm_update_f32(float *restrict h, float *restrict c, float *restrict gates,
                                      const float *restrict w_hh, int H)
{
    ql_matvec_f32(gates, h, w_hh, H, 4 * H);
    ql_lstm_cell_f32(h, c, gates, H);
}

//   h, c   (H)   the state; read, then overwritten
//   gates  (4H)  scratch
//   x      (I)   the input
static inline void ql_lstm_step_f32(float *restrict h, float *restrict c, float *restrict gates,
                                    const float *restrict x, const struct ql_lstm_weights *weights, int I, int H)
{
    for (int k = 0; k < 4 * H; k++) {
        gates[k] = weights->bias[k];
    }
    ql_matvec_f32(gates, x, weights->w_ih, I, 4 * H);
    ql_lstm_update_f32(h, c, gates, weights->w_hh, H);
}

#endif
