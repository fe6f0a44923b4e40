// One row of an affine map: see affine_reference.h.
// The formulas there, term by term.
// Uses: libm.
#include "reference/affine_reference.h"

#include <math.h>

static double read_input(const struct ref_affine *affine, double x)
{
    return affine->levels > 0 ? round(x * affine->levels) / affine->levels : x;
}

double ref_affine_forward(const struct ref_affine *affine, size_t row, const double *x)
{
    const double *weight = affine->weight + row * affine->input_size;
    double y = affine->bias[row];

    for (size_t k = 0; k < affine->input_size; k++) {
        y += weight[k] * read_input(affine, x[k]);
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
        dweight[k] += dy * read_input(affine, x[k]);
        dx[k] += dy * weight[k];
    }
}
