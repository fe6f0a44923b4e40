// The oracle: forward and backward of a character-level recurrent model in double precision, slow and obvious.
// It covers one window of truncated backpropagation through time; parameters are named and laid out as in PyTorch.
// Uses: the C library only, so that it shares no mistake with the trainer.
//
// The model, for every time t and sequence b of the window:
//
//     x[0]      = embedding.weight[token]
//     h[l]      = cell(x[l], h[l] one step earlier)      l = 0 ... L-1; the cells: {rnn,gru,lstm}_reference.c
//     x[l+1]    = dropout_mask[l] * h[l]                 elementwise; without a mask x[l+1] = h[l]
//     logits    = output.weight (output_mask * h[L-1]) + output.bias
//                                                        with h_levels, h[l] is rounded here, before the masks, and
//                                                        where the cell takes it one step later
//     nll[v]    = ln(sum over u of exp(logits[u])) - logits[v]
//     entropy   = (1 - label_smoothing) nll[target] + label_smoothing (mean over v of nll[v])
//     loss      = (sum over t, b of weight * entropy) / (sum over t, b of weight)
//
// Everything is row-major; (T, B, H) means element (t, b, j) at [(t * B + b) * H + j].
// A function that can fail returns NULL, or a sentence that says what is wrong; the sentence is a constant.
#ifndef REF_CHAR_RNN_REFERENCE_H
#define REF_CHAR_RNN_REFERENCE_H

#include <stdint.h>

#include "reference/storage_reference.h"

// One window of training data and the state that the window before left. Read only; the caller owns all of it.
struct ref_window {
    const int32_t *tokens;      // (T, B), in [0, V)
    const int32_t *targets;     // (T, B), in [0, V); not read where the weight is 0
    const double *weight;       // (T, B), finite, >= 0, not all 0; NULL: all 1. 0 marks padding
    const double *dropout_mask; // (L-1, T, B, H), 0 or 1/(1-p); NULL: no dropout. Not read when L is 1
    const double *output_mask;  // (T, B, H), 0 or 1/(1-p); NULL: no dropout before the output
    double label_smoothing;     // [0, 1]
    const double *h0;           // (L, B, H); NULL: zeros
    const double *c0;           // (L, B, H), LSTM only; NULL: zeros
    double h_levels; // products take h in steps of 1 / h_levels, gradients pass straight through; 0: as it is
};

// Fills the trace. Errors: a token or target out of range, a weight that is negative or not finite, all weights 0.
const char *ref_char_rnn_forward(struct ref_trace *trace, const struct ref_window *window,
                                 const struct ref_parameters *parameters, const struct ref_dims *dims);

// Fills `dparameters` and `dtrace` with gradients; what they held before is forgotten. `trace` comes from a forward
// pass that succeeded on the same window, parameters and dimensions. No gradient enters through hn and cn: the window
// is where it is truncated. The gradient for h0 is dtrace->layers[l].h[0], and in the same way for c0.
void ref_char_rnn_backward(struct ref_parameters *dparameters, struct ref_trace *dtrace, const struct ref_trace *trace,
                           const struct ref_window *window, const struct ref_parameters *parameters,
                           const struct ref_dims *dims);

#endif
