// One row of an affine map, forward and backward: y = bias[row] + sum over k of weight[row, k] * x[k].
// Both sums of every gate and the output layer are made of it. With `levels`, x[k] stands for round(levels x[k]) / levels
// in the formulas, and the gradient for it goes to x[k] as it is (Bengio et al. 2013: straight through).
// Uses: libm.
#ifndef REF_AFFINE_REFERENCE_H
#define REF_AFFINE_REFERENCE_H

#include <stddef.h>

// The map, or the gradient of the loss for it. Borrows its arrays.
struct ref_affine {
    size_t input_size; // I
    double *weight;    // (rows, I)
    double *bias;      // (rows)
    double levels;     // 0: x is not rounded
};

double ref_affine_forward(const struct ref_affine *affine, size_t row, const double *x); // x (I)

// Given dy = dloss/dy, adds the row's share to the gradients of weight, bias and x:
// dbias[row] += dy,  dweight[row, k] += dy * x[k],  dx[k] += dy * weight[row, k].
void ref_affine_backward(const struct ref_affine *daffine, double *dx, double dy, const struct ref_affine *affine,
                         size_t row, const double *x);

#endif
