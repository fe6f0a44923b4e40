// One row of an affine map: see affine_reference.h.
// The formulas there, term by term.
// Uses: nothing.
#include "reference/affine_reference.h"

double ref_affine_forward(const struct ref_affine *affine, size_t row, const double *x)
{
    const double *weight = affine->weight + row * affine->input_size;
    double y = affine->bias[row];

    for (size_t k = 0; k < affine->input_size; k++) {
        y += weight[k] * x[k];
    }
    return y;
}

void ref_affine_backward(const struct ref_affine *daffine, double *dx, double dy, const struct ref_affine *affine,
                         size_t row, const double *x)
{
    const double *weight = affine->weight + row * affine->input_size;
    double *dweight = daffine->weight + row * affine->input_size;

    daffine->bias[row] += dy;
    for (size_t k = 0; k < affine->input_size; k++) {
        dweight[k] += dy * x[k];
        dx[k] += dy * weight[k];
    }
}
