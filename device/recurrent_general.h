// LSTM, GRU and RNN with every option that ONNX gives them; recurrent.h has the plain case.
// One direction of one layer per call. Formulas: ONNX operator specification. Uses: device/matvec.h,
// device/recurrent.h, device/recurrent_activation.h, stdbool.h.
#ifndef QL_DEVICE_RECURRENT_GENERAL_H
#define QL_DEVICE_RECURRENT_GENERAL_H

#include <stdbool.h>

#include "device/matvec.h"
#include "device/recurrent.h"
#include "device/recurrent_activation.h"

// What the kernels below share:
//
//   y        (T, B, H) the output of every step, steps y_step elements apart, or NULL; 0 beyond a sequence's end
//   h        (B, H)    the state after each sequence's last step
//   x        (T, B, I)
//   h0       (B, H)    the state before the first step; NULL for zeros
//   lengths  (B)       int32: the steps of each sequence, 0 to T; NULL when all have T
//
// `reverse` reads each sequence from its end; outputs stay with their inputs. Each activation is followed by its two
// parameters. Inputs of activations are kept within +-clip; 0 is off. As in ONNX Runtime, the cell state that enters
// the LSTM's output activation is not clipped. The kernels return false, and compute nothing, for lengths that are out
// of range.

typedef float ql_recurrent_activation(float x, float alpha, float beta);

static inline float ql_recurrent_clip(float x, float clip)
{
    if (clip > 0.0f) {
        x = x > clip ? clip : x;
        x = x < -clip ? -clip : x;
    }
    return x;
}

// How many steps sequence b has.
static inline int ql_recurrent_length(const int32_t *lengths, int b, int T)
{
    return lengths == NULL ? T : lengths[b];
}

// Returns false when a sequence has a negative number of steps, or more than T.
static inline bool ql_recurrent_check_lengths(const int32_t *lengths, int B, int T)
{
    for (int b = 0; b < B && lengths != NULL; b++) {
        if (lengths[b] < 0 || lengths[b] > T) {
            return false;
        }
    }
    return true;
}

// Puts the state into the output of step t of sequence b, and zeros beyond the sequence's end.
static inline void ql_recurrent_put(float *y, const float *h, int t, int b, int y_step, int H, int beyond)
{
    if (y != NULL) {
        float *to = y + (ptrdiff_t)t * y_step + (ptrdiff_t)b * H;
        for (int k = 0; k < H; k++) {
            to[k] = beyond ? 0.0f : h[k];
        }
    }
}

// Gates in the order of lstm.h: i, f, g, o. With `coupled`, f is 1 - i.
//
//   c         (B, H)   the cell state after each sequence's last step
//   gates     (4H)     scratch
//   c0        (B, H)   NULL for zeros
//   w_ih      (I, 4H)      w_hh  (H, 4H)      bias  (4H)
//   peephole  (3H)     weights of the cell state in i, o and f, in ONNX's order; NULL for none
static inline bool ql_lstm_general_f32(float *y, float *h, float *c, float *gates, const float *x, const float *h0,
                                       const float *c0, const float *w_ih, const float *w_hh, const float *bias,
                                       const float *peephole, const int32_t *lengths,
                                       ql_recurrent_activation *activation_f, ql_recurrent_activation *activation_g,
                                       ql_recurrent_activation *activation_h, int T, int B, int I, int H, int reverse,
                                       int coupled, int y_step, float clip, float f_alpha, float f_beta, float g_alpha,
                                       float g_beta, float h_alpha, float h_beta)
{
    if (!ql_recurrent_check_lengths(lengths, B, T)) {
        return false;
    }
    ql_recurrent_begin(h, h0, B * H);
    ql_recurrent_begin(c, c0, B * H);
    for (int b = 0; b < B; b++) {
        const int length = ql_recurrent_length(lengths, b, T);
        float *h_b = h + (ptrdiff_t)b * H;
        float *c_b = c + (ptrdiff_t)b * H;

        for (int step = 0; step < length; step++) {
            const int t = reverse ? length - 1 - step : step;
            for (int k = 0; k < 4 * H; k++) {
                gates[k] = bias[k];
            }
            ql_matvec_f32(gates, x + ((ptrdiff_t)t * B + b) * I, w_ih, I, 4 * H);
            ql_matvec_f32(gates, h_b, w_hh, H, 4 * H);

            for (int k = 0; k < H; k++) {
                float i = gates[k];
                float f = gates[H + k];
                float g = gates[2 * H + k];
                float o = gates[3 * H + k];
                if (peephole != NULL) {
                    i += peephole[k] * c_b[k];
                    f += peephole[2 * H + k] * c_b[k];
                }
                i = activation_f(ql_recurrent_clip(i, clip), f_alpha, f_beta);
                f = coupled ? 1.0f - i : activation_f(ql_recurrent_clip(f, clip), f_alpha, f_beta);
                g = activation_g(ql_recurrent_clip(g, clip), g_alpha, g_beta);
                c_b[k] = f * c_b[k] + i * g;
                if (peephole != NULL) {
                    o += peephole[H + k] * c_b[k];
                }
                o = activation_f(ql_recurrent_clip(o, clip), f_alpha, f_beta);
                h_b[k] = o * activation_h(c_b[k], h_alpha, h_beta);
            }
            ql_recurrent_put(y, h_b, t, b, y_step, H, 0);
        }
        for (int t = length; t < T; t++) {
            ql_recurrent_put(y, h_b, t, b, y_step, H, 1);
        }
    }
    return true;
}

// Gates in the order of gru.h: r, z, n. With `linear_before_reset` the reset gate acts after the product, as in gru.h;
// without it, on the state before the product.
//
//   gates    (7H)     scratch
//   w_ih     (I, 3H)      w_hh_rz  (H, 2H)      w_hh_n  (H, H)
//   bias_ih  (3H)         bias_hh  (3H)
static inline bool ql_gru_general_f32(float *y, float *h, float *gates, const float *x, const float *h0,
                                      const float *w_ih, const float *w_hh_rz, const float *w_hh_n,
                                      const float *bias_ih, const float *bias_hh, const int32_t *lengths,
                                      ql_recurrent_activation *activation_f, ql_recurrent_activation *activation_g,
                                      int T, int B, int I, int H, int reverse, int linear_before_reset, int y_step,
                                      float clip, float f_alpha, float f_beta, float g_alpha, float g_beta)
{
    float *from_x = gates;
    float *from_h = gates + 3 * H;
    float *reset_h = gates + 6 * H;

    if (!ql_recurrent_check_lengths(lengths, B, T)) {
        return false;
    }
    ql_recurrent_begin(h, h0, B * H);
    for (int b = 0; b < B; b++) {
        const int length = ql_recurrent_length(lengths, b, T);
        float *h_b = h + (ptrdiff_t)b * H;

        for (int step = 0; step < length; step++) {
            const int t = reverse ? length - 1 - step : step;
            for (int k = 0; k < 3 * H; k++) {
                from_x[k] = bias_ih[k];
                from_h[k] = bias_hh[k];
            }
            ql_matvec_f32(from_x, x + ((ptrdiff_t)t * B + b) * I, w_ih, I, 3 * H);
            ql_matvec_f32(from_h, h_b, w_hh_rz, H, 2 * H);
            for (int k = 0; k < 2 * H; k++) {
                from_x[k] = activation_f(ql_recurrent_clip(from_x[k] + from_h[k], clip), f_alpha, f_beta);
            }
            for (int k = 0; k < H; k++) {
                reset_h[k] = linear_before_reset ? h_b[k] : from_x[k] * h_b[k];
            }
            ql_matvec_f32(from_h + 2 * H, reset_h, w_hh_n, H, H);

            for (int k = 0; k < H; k++) {
                float z = from_x[H + k];
                float product = linear_before_reset ? from_x[k] * from_h[2 * H + k] : from_h[2 * H + k];
                float n = activation_g(ql_recurrent_clip(from_x[2 * H + k] + product, clip), g_alpha, g_beta);
                h_b[k] = (1.0f - z) * n + z * h_b[k];
            }
            ql_recurrent_put(y, h_b, t, b, y_step, H, 0);
        }
        for (int t = length; t < T; t++) {
            ql_recurrent_put(y, h_b, t, b, y_step, H, 1);
        }
    }
    return true;
}

//   sum   (H)     scratch
//   w_ih  (I, H)      w_hh  (H, H)      bias  (H)
static inline bool ql_rnn_general_f32(float *y, float *h, float *sum, const float *x, const float *h0,
                                      const float *w_ih, const float *w_hh, const float *bias, const int32_t *lengths,
                                      ql_recurrent_activation *activation_f, int T, int B, int I, int H, int reverse,
                                      int y_step, float clip, float f_alpha, float f_beta)
{
    if (!ql_recurrent_check_lengths(lengths, B, T)) {
        return false;
    }
    ql_recurrent_begin(h, h0, B * H);
    for (int b = 0; b < B; b++) {
        const int length = ql_recurrent_length(lengths, b, T);
        float *h_b = h + (ptrdiff_t)b * H;

        for (int step = 0; step < length; step++) {
            const int t = reverse ? length - 1 - step : step;
            for (int k = 0; k < H; k++) {
                sum[k] = bias[k];
            }
            ql_matvec_f32(sum, x + ((ptrdiff_t)t * B + b) * I, w_ih, I, H);
            ql_matvec_f32(sum, h_b, w_hh, H, H);
            for (int k = 0; k < H; k++) {
                h_b[k] = activation_f(ql_recurrent_clip(sum[k], clip), f_alpha, f_beta);
            }
            ql_recurrent_put(y, h_b, t, b, y_step, H, 0);
        }
        for (int t = length; t < T; t++) {
            ql_recurrent_put(y, h_b, t, b, y_step, H, 1);
        }
    }
    return true;
}

#endif
