// The element-wise half of the recurrent cells, for S sequences at one time step, forward and backward.
// The matrix products around it are the network's. Formulas as in device/lstm.h, gru.h, rnn.h; the gradients are
// derived step by step in reference/.
// Uses: device/activation.h.
#ifndef QL_TRAIN_CELL_BATCH_H
#define QL_TRAIN_CELL_BATCH_H

// Every array is (S, H) or, for G gates per unit, (S, GH), row-major; a bias is (GH). Nothing overlaps.
// `gates` comes in as x W_ih + h W_hh without bias (for the GRU: x W_ih alone), and leaves as the activated gates,
// which backward needs. Backward overwrites them by the gradient of what came in.
// `dh` is the gradient of the step's output, from above and from the next step together.
// A bias gradient is added to, row after row.

// tanh_c (S, H): tanh of the new cell state, which backward needs.
void ql_lstm_batch_forward(float *h, float *c, float *tanh_c, float *gates, const float *c_before, const float *bias_ih,
                           const float *bias_hh, int S, int H);

// dc: on entry from the next step, on return for the step before.
void ql_lstm_batch_backward(float *gates, float *dc, float *dbias, const float *dh, const float *tanh_c,
                            const float *c_before, int S, int H);

// from_h (S, 3H): h_before W_hh without bias; the candidate's part, with bias, is kept in n_from_h (S, H).
void ql_gru_batch_forward(float *h, float *gates, float *n_from_h, const float *from_h, const float *h_before,
                          const float *bias_ih, const float *bias_hh, int S, int H);

// dfrom_h (S, 3H): gradient of from_h, whose candidate part differs from that of `gates`.
// dh_before (S, H): the part of the gradient that goes straight back through z h.
void ql_gru_batch_backward(float *gates, float *dfrom_h, float *dh_before, float *dbias_ih, float *dbias_hh,
                           const float *dh, const float *n_from_h, const float *h_before, int S, int H);

void ql_rnn_batch_forward(float *h, float *gates, const float *bias_ih, const float *bias_hh, int S, int H);
void ql_rnn_batch_backward(float *gates, float *dbias, const float *dh, int S, int H);

// h (S, H), from -1 to 1, in the steps of 1/127 that the integer engine has. May be in place.
void ql_state_batch_round(float *rounded, const float *h, int S, int H);

#endif
