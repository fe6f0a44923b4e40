// The long short-term memory cell: see cell_reference.h.
// Formulas of PyTorch's nn.LSTM, forward next to backward.
// Uses: affine_reference, libm.
//
//     i = sigmoid(W_ii x + b_ii + W_hi h_prev + b_hi)
//     f = sigmoid(W_if x + b_if + W_hf h_prev + b_hf)
//     g =    tanh(W_ig x + b_ig + W_hg h_prev + b_hg)
//     o = sigmoid(W_io x + b_io + W_ho h_prev + b_ho)
//     c = f c_prev + i g
//     h = o tanh(c)
#include <math.h>

#include "reference/cell_reference.h"

// Blocks of H rows in the weights, and of H values in step->gates.
enum { GATE_I, GATE_F, GATE_G, GATE_O, GATES };

static double sigmoid(double a)
{
    return 1 / (1 + exp(-a));
}

void ref_lstm_forward(const struct ref_cell_step *step, const struct ref_cell_weights *weights)
{
    size_t H = weights->H;

    for (size_t j = 0; j < H; j++) {
        double a[GATES];
        for (size_t gate = 0; gate < GATES; gate++) {
            a[gate] = ref_affine_forward(&weights->input, gate * H + j, step->x) +
                      ref_affine_forward(&weights->hidden, gate * H + j, step->h_prev);
        }

        double i = sigmoid(a[GATE_I]);
        double f = sigmoid(a[GATE_F]);
        double g = tanh(a[GATE_G]);
        double o = sigmoid(a[GATE_O]);

        step->c[j] = f * step->c_prev[j] + i * g;
        step->h[j] = o * tanh(step->c[j]);

        step->gates[GATE_I * H + j] = i;
        step->gates[GATE_F * H + j] = f;
        step->gates[GATE_G * H + j] = g;
        step->gates[GATE_O * H + j] = o;
    }
}

void ref_lstm_backward(const struct ref_cell_step *dstep, const struct ref_cell_weights *dweights,
                       const struct ref_cell_step *step, const struct ref_cell_weights *weights)
{
    size_t H = weights->H;

    for (size_t j = 0; j < H; j++) {
        double i = step->gates[GATE_I * H + j];
        double f = step->gates[GATE_F * H + j];
        double g = step->gates[GATE_G * H + j];
        double o = step->gates[GATE_O * H + j];
        double tanh_c = tanh(step->c[j]);

        // Through h and c. dstep->c holds what the next step left; h adds its share.
        double dh = dstep->h[j];
        dstep->c[j] += dh * o * (1 - tanh_c * tanh_c);
        double dc = dstep->c[j];
        dstep->c_prev[j] += dc * f;

        // Through the gates; a is the sum inside sigmoid or tanh.
        double da[GATES];
        da[GATE_I] = dc * g * i * (1 - i);
        da[GATE_F] = dc * step->c_prev[j] * f * (1 - f);
        da[GATE_G] = dc * i * (1 - g * g);
        da[GATE_O] = dh * tanh_c * o * (1 - o);

        // Through the sums.
        for (size_t gate = 0; gate < GATES; gate++) {
            size_t row = gate * H + j;
            ref_affine_backward(&dweights->input, dstep->x, da[gate], &weights->input, row, step->x);
            ref_affine_backward(&dweights->hidden, dstep->h_prev, da[gate], &weights->hidden, row, step->h_prev);
        }
    }
}
