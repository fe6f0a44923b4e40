// The three recurrent cells: one step of one layer for one sequence, forward and backward.
// Formulas as in the PyTorch documentation of nn.RNN, nn.GRU and nn.LSTM, each in the file of its cell.
// Uses: affine_reference.
#ifndef REF_CELL_REFERENCE_H
#define REF_CELL_REFERENCE_H

#include <stddef.h>

#include "reference/affine_reference.h"

// The weights of one layer, or the gradients for them. G gates of H rows each.
struct ref_cell_weights {
    size_t H;
    struct ref_affine input;  // W_i., b_i.: (GH, I), (GH)
    struct ref_affine hidden; // W_h., b_h.: (GH, H), (GH)
};

// One step, or the gradients for its values. Borrows its arrays.
struct ref_cell_step {
    double *x;      // (I)
    double *h_prev; // (H)
    double *c_prev; // (H), LSTM only
    double *gates;  // (REF_GATES * H)
    double *h;      // (H)
    double *c;      // (H), LSTM only
};

// forward:  from x, h_prev and c_prev to gates, h and c.
// backward: from the values of the forward step, from dstep->h (the whole gradient for h) and from dstep->c (the
//           gradient for c by way of the next step; the share by way of h is added to it); adds to dstep->x,
//           dstep->h_prev, dstep->c_prev and dweights.
void ref_rnn_forward(const struct ref_cell_step *step, const struct ref_cell_weights *weights);
void ref_rnn_backward(const struct ref_cell_step *dstep, const struct ref_cell_weights *dweights,
                      const struct ref_cell_step *step, const struct ref_cell_weights *weights);

void ref_gru_forward(const struct ref_cell_step *step, const struct ref_cell_weights *weights);
void ref_gru_backward(const struct ref_cell_step *dstep, const struct ref_cell_weights *dweights,
                      const struct ref_cell_step *step, const struct ref_cell_weights *weights);

void ref_lstm_forward(const struct ref_cell_step *step, const struct ref_cell_weights *weights);
void ref_lstm_backward(const struct ref_cell_step *dstep, const struct ref_cell_weights *dweights,
                       const struct ref_cell_step *step, const struct ref_cell_weights *weights);

#endif
