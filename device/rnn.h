// One step of one plain recurrent layer (Elman 1990, as PyTorch's nn.RNN with tanh).
// Float, bit for bit the same on every machine. The caller owns all memory.
// Uses: device/activation.h, device/matvec.h.
#ifndef QL_DEVICE_RNN_H
#define QL_DEVICE_RNN_H

#include "device/activation.h"
#include "device/matvec.h"

struct ql_rnn_weights {
    const float *w_ih; // (I, H) the row of an input holds its weight for every output
    const float *w_hh; // (H, H)
    const float *bias; // (H) PyTorch's bias_ih + bias_hh
};

//   h = tanh(x W_ih + h W_hh + b)
//
//   h     (H)     the state; read, then overwritten
//   sum   (H)     on entry what the input gives, x W_ih + b; overwritten
//   w_hh  (H, H)
static inline void ql_rnn_update_f32(float *restrict h, float *restrict sum, const float *restrict w_hh, int H)
{
    ql_matvec_f32(sum, h, w_hh, H, H);
    for (int k = 0; k < H; k++) {
        h[k] = ql_tanh_f32(sum[k]);
    }
}

//   h    (H)  the state; read, then overwritten
//   sum  (H)  scratch
//   x    (I)  the input
static inline void ql_rnn_step_f32(float *restrict h, float *restrict sum, const float *restrict x,
                                   const struct ql_rnn_weights *weights, int I, int H)
{
    for (int k = 0; k < H; k++) {
        sum[k] = weights->bias[k];
    }
    ql_matvec_f32(sum, x, weights->w_ih, I, H);
    ql_rnn_update_f32(h, sum, weights->w_hh, H);
}

#endif
