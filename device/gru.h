// One step of one GRU layer (Cho et al. 2014, in the form of PyTorch's nn.GRU: the reset gate acts after the product).
// Float, bit for bit the same on every machine. The caller owns all memory.
// Uses: device/activation.h, device/matvec.h.
#ifndef QL_DEVICE_GRU_H
#define QL_DEVICE_GRU_H

#include "device/activation.h"
#include "device/matvec.h"

// Gates stand in PyTorch's order: reset r, update z, candidate n, each of H values.
struct ql_gru_weights {
    const float *w_ih;    // (I, 3H) the row of an input holds its weight for every gate
    const float *w_hh;    // (H, 3H)
    const float *bias_ih; // (3H)
    const float *bias_hh; // (3H) kept apart from bias_ih, because r multiplies the candidate's part of it
};

// The element-wise half of a step.
//
//   h       (H)   the state; read, then overwritten
//   from_h  (3H)  the sums h W_hh + b_hh
//   from_x  (3H)  the sums x W_ih + b_ih
static inline void ql_gru_cell_f32(float *restrict h, const float *restrict from_h, const float *restrict from_x, int H)
{
    for (int k = 0; k < H; k++) {
        float r = ql_sigmoid_f32(from_x[k] + from_h[k]);
        float z = ql_sigmoid_f32(from_x[H + k] + from_h[H + k]);
        float n = ql_tanh_f32(from_x[2 * H + k] + r * from_h[2 * H + k]);
        h[k] = (1.0f - z) * n + z * h[k];
    }
}

//   r = sigmoid(x W_ih + b_ih + h W_hh + b_hh)      z likewise
//   n = tanh(x W_ih + b_ih + r (h W_hh + b_hh))
//   h = (1 - z) n + z h
//
//   h        (H)      the state; read, then overwritten
//   from_h   (3H)     scratch
//   from_x   (3H)     what the input gives: x W_ih + b_ih
//   w_hh     (H, 3H)
//   bias_hh  (3H)
static inline void ql_gru_update_f32(float *restrict h, float *restrict from_h, const float *restrict from_x,
                                     const float *restrict w_hh, const float *restrict bias_hh, int H)
{
    for (int k = 0; k < 3 * H; k++) {
        from_h[k] = bias_hh[k];
    }
    ql_matvec_f32(from_h, h, w_hh, H, 3 * H);
    ql_gru_cell_f32(h, from_h, from_x, H);
}

//   h      (H)   the state; read, then overwritten
//   gates  (6H)  scratch: what comes from x, then what comes from h
//   x      (I)   the input
static inline void ql_gru_step_f32(float *restrict h, float *restrict gates, const float *restrict x,
                                   const struct ql_gru_weights *weights, int I, int H)
{
    for (int k = 0; k < 3 * H; k++) {
        gates[k] = weights->bias_ih[k];
    }
    ql_matvec_f32(gates, x, weights->w_ih, I, 3 * H);
    ql_gru_update_f32(h, gates + 3 * H, gates, weights->w_hh, weights->bias_hh, H);
}

#endif
