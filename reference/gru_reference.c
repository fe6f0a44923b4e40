// The gated recurrent unit: see cell_reference.h.
// Formulas of PyTorch's nn.GRU, which resets after the matrix product, forward next to backward.
// Uses: affine_reference, libm.
//
//     r = sigmoid(W_ir x + b_ir + W_hr h_prev + b_hr)
//     z = sigmoid(W_iz x + b_iz + W_hz h_prev + b_hz)
//     m = W_hn h_prev + b_hn
//     n = tanh(W_in x + b_in + r m)
//     h = (1 - z) n + z h_prev
#include <math.h>

#include "reference/cell_reference.h"

// Blocks of H rows in the weights: r, z, n. Blocks of H values in step->gates: r, z, n, m.
enum { GATE_R, GATE_Z, GATE_N, KEPT_M };

static double sigmoid(double a)
{
    return 1 / (1 + exp(-a));
}

void ref_gru_forward(const struct ref_cell_step *step, const struct ref_cell_weights *weights)
{
    size_t H = weights->H;

    for (size_t j = 0; j < H; j++) {
        size_t row_r = GATE_R * H + j, row_z = GATE_Z * H + j, row_n = GATE_N * H + j;

        double r = sigmoid(ref_affine_forward(&weights->input, row_r, step->x) +
                           ref_affine_forward(&weights->hidden, row_r, step->h_prev));
        double z = sigmoid(ref_affine_forward(&weights->input, row_z, step->x) +
                           ref_affine_forward(&weights->hidden, row_z, step->h_prev));
        double m = ref_affine_forward(&weights->hidden, row_n, step->h_prev);
        double n = tanh(ref_affine_forward(&weights->input, row_n, step->x) + r * m);

        step->h[j] = (1 - z) * n + z * step->h_prev[j];

        step->gates[row_r] = r;
        step->gates[row_z] = z;
        step->gates[row_n] = n;
        step->gates[KEPT_M * H + j] = m;
    }
}

void ref_gru_backward(const struct ref_cell_step *dstep, const struct ref_cell_weights *dweights,
                      const struct ref_cell_step *step, const struct ref_cell_weights *weights)
{
    size_t H = weights->H;

    for (size_t j = 0; j < H; j++) {
        size_t row_r = GATE_R * H + j, row_z = GATE_Z * H + j, row_n = GATE_N * H + j;
        double r = step->gates[row_r];
        double z = step->gates[row_z];
        double n = step->gates[row_n];
        double m = step->gates[KEPT_M * H + j];

        // Through h.
        double dh = dstep->h[j];
        double dn = dh * (1 - z);
        double dz = dh * (step->h_prev[j] - n);
        dstep->h_prev[j] += dh * z;

        // Through n; a_r, a_z and a_n are the sums inside sigmoid and tanh.
        double da_n = dn * (1 - n * n);
        double dr = da_n * m;
        double dm = da_n * r;
        double da_r = dr * r * (1 - r);
        double da_z = dz * z * (1 - z);

        // Through the sums.
        ref_affine_backward(&dweights->input, dstep->x, da_r, &weights->input, row_r, step->x);
        ref_affine_backward(&dweights->input, dstep->x, da_z, &weights->input, row_z, step->x);
        ref_affine_backward(&dweights->input, dstep->x, da_n, &weights->input, row_n, step->x);
        ref_affine_backward(&dweights->hidden, dstep->h_prev, da_r, &weights->hidden, row_r, step->h_prev);
        ref_affine_backward(&dweights->hidden, dstep->h_prev, da_z, &weights->hidden, row_z, step->h_prev);
        ref_affine_backward(&dweights->hidden, dstep->h_prev, dm, &weights->hidden, row_n, step->h_prev);
    }
}
