// The plain recurrent cell with tanh: see cell_reference.h.
// Formulas of PyTorch's nn.RNN, forward next to backward.
// Uses: affine_reference, libm.
//
//     h = tanh(W_i x + b_i + W_h h_prev + b_h)
#include <math.h>

#include "reference/cell_reference.h"

void ref_rnn_forward(const struct ref_cell_step *step, const struct ref_cell_weights *weights)
{
    for (size_t j = 0; j < weights->H; j++) {
        double a =
            ref_affine_forward(&weights->input, j, step->x) + ref_affine_forward(&weights->hidden, j, step->h_prev);
        step->h[j] = tanh(a);
    }
}

void ref_rnn_backward(const struct ref_cell_step *dstep, const struct ref_cell_weights *dweights,
                      const struct ref_cell_step *step, const struct ref_cell_weights *weights)
{
    for (size_t j = 0; j < weights->H; j++) {
        double h = step->h[j];
        double da = dstep->h[j] * (1 - h * h);

        ref_affine_backward(&dweights->input, dstep->x, da, &weights->input, j, step->x);
        ref_affine_backward(&dweights->hidden, dstep->h_prev, da, &weights->hidden, j, step->h_prev);
    }
}
