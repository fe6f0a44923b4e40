// From many elements to one: sums and maxima along axes, the place of the maximum, running sums.
// Uses: device/broadcast.h.
#ifndef QL_DEVICE_REDUCE_H
#define QL_DEVICE_REDUCE_H

#include "device/broadcast.h"

// y = operation over the axes to be reduced, in the order of the elements, starting from the first one. Both groups of
// axes have a rank of at least 1 and no dimension of 0.
//
//   y  (kept_dims), without gaps
//   x  element (i..., j...) at i * kept_strides + j * reduced_strides
static inline void ql_reduce_f32(float *restrict y, const float *restrict x, float (*operation)(float, float),
                                 int kept_rank, int reduced_rank, const int *kept_dims, const int *kept_strides,
                                 const int *reduced_dims, const int *reduced_strides)
{
    const int columns = kept_dims[kept_rank - 1];
    const int steps = reduced_dims[reduced_rank - 1];

    for (int k = 0; k < ql_row_count(kept_rank, kept_dims) * columns; k++) {
        const float *from = x + ql_row_offset(k / columns, kept_rank, kept_dims, kept_strides) +
                            (ptrdiff_t)(k % columns) * kept_strides[kept_rank - 1];
        float result = from[0];
        for (int row = 0; row < ql_row_count(reduced_rank, reduced_dims); row++) {
            const float *line = from + ql_row_offset(row, reduced_rank, reduced_dims, reduced_strides);
            for (int step = row == 0; step < steps; step++) {
                result = operation(result, line[(ptrdiff_t)step * reduced_strides[reduced_rank - 1]]);
            }
        }
        y[k] = result;
    }
}

static inline void ql_reduce_f64(double *restrict y, const double *restrict x, double (*operation)(double, double),
                                 int kept_rank, int reduced_rank, const int *kept_dims, const int *kept_strides,
                                 const int *reduced_dims, const int *reduced_strides)
{
    const int columns = kept_dims[kept_rank - 1];
    const int steps = reduced_dims[reduced_rank - 1];

    for (int k = 0; k < ql_row_count(kept_rank, kept_dims) * columns; k++) {
        const double *from = x + ql_row_offset(k / columns, kept_rank, kept_dims, kept_strides) +
                             (ptrdiff_t)(k % columns) * kept_strides[kept_rank - 1];
        double result = from[0];
        for (int row = 0; row < ql_row_count(reduced_rank, reduced_dims); row++) {
            const double *line = from + ql_row_offset(row, reduced_rank, reduced_dims, reduced_strides);
            for (int step = row == 0; step < steps; step++) {
                result = operation(result, line[(ptrdiff_t)step * reduced_strides[reduced_rank - 1]]);
            }
        }
        y[k] = result;
    }
}

static inline void ql_reduce_s64(int64_t *restrict y, const int64_t *restrict x, int64_t (*operation)(int64_t, int64_t),
                                 int kept_rank, int reduced_rank, const int *kept_dims, const int *kept_strides,
                                 const int *reduced_dims, const int *reduced_strides)
{
    const int columns = kept_dims[kept_rank - 1];
    const int steps = reduced_dims[reduced_rank - 1];

    for (int k = 0; k < ql_row_count(kept_rank, kept_dims) * columns; k++) {
        const int64_t *from = x + ql_row_offset(k / columns, kept_rank, kept_dims, kept_strides) +
                              (ptrdiff_t)(k % columns) * kept_strides[kept_rank - 1];
        int64_t result = from[0];
        for (int row = 0; row < ql_row_count(reduced_rank, reduced_dims); row++) {
            const int64_t *line = from + ql_row_offset(row, reduced_rank, reduced_dims, reduced_strides);
            for (int step = row == 0; step < steps; step++) {
                result = operation(result, line[(ptrdiff_t)step * reduced_strides[reduced_rank - 1]]);
            }
        }
        y[k] = result;
    }
}

// The index of the largest element along the middle axis: of equal ones the first, or the last.
//
//   y  (outer, inner)
//   x  (outer, size, inner)
static inline void ql_argmax_f32(int64_t *restrict y, const float *restrict x, int last, int outer, int size, int inner)
{
    for (int k = 0; k < outer * inner; k++) {
        const float *from = x + (ptrdiff_t)(k / inner) * size * inner + k % inner;
        int best = 0;
        for (int n = 1; n < size; n++) {
            float value = from[(ptrdiff_t)n * inner];
            float most = from[(ptrdiff_t)best * inner];
            best = value > most || (last && value == most) ? n : best;
        }
        y[k] = best;
    }
}

static inline void ql_argmax_f64(int64_t *restrict y, const double *restrict x, int last, int outer, int size,
                                 int inner)
{
    for (int k = 0; k < outer * inner; k++) {
        const double *from = x + (ptrdiff_t)(k / inner) * size * inner + k % inner;
        int best = 0;
        for (int n = 1; n < size; n++) {
            double value = from[(ptrdiff_t)n * inner];
            double most = from[(ptrdiff_t)best * inner];
            best = value > most || (last && value == most) ? n : best;
        }
        y[k] = best;
    }
}

static inline void ql_argmax_s64(int64_t *restrict y, const int64_t *restrict x, int last, int outer, int size,
                                 int inner)
{
    for (int k = 0; k < outer * inner; k++) {
        const int64_t *from = x + (ptrdiff_t)(k / inner) * size * inner + k % inner;
        int best = 0;
        for (int n = 1; n < size; n++) {
            int64_t value = from[(ptrdiff_t)n * inner];
            int64_t most = from[(ptrdiff_t)best * inner];
            best = value > most || (last && value == most) ? n : best;
        }
        y[k] = best;
    }
}

// Running sums along the middle axis, up to and including each element, or excluding it (`exclusive`). `reverse` starts
// from the other end.
//
//   y, x  (outer, size, inner)
static inline void ql_cumsum_f32(float *restrict y, const float *restrict x, int exclusive, int reverse, int outer,
                                 int size, int inner)
{
    for (int k = 0; k < outer * inner; k++) {
        const ptrdiff_t start = (ptrdiff_t)(k / inner) * size * inner + k % inner;
        float sum = 0.0f;
        for (int n = 0; n < size; n++) {
            const ptrdiff_t at = start + (ptrdiff_t)(reverse ? size - 1 - n : n) * inner;
            float before = sum;
            sum += x[at];
            y[at] = exclusive ? before : sum;
        }
    }
}

static inline void ql_cumsum_f64(double *restrict y, const double *restrict x, int exclusive, int reverse, int outer,
                                 int size, int inner)
{
    for (int k = 0; k < outer * inner; k++) {
        const ptrdiff_t start = (ptrdiff_t)(k / inner) * size * inner + k % inner;
        double sum = 0.0;
        for (int n = 0; n < size; n++) {
            const ptrdiff_t at = start + (ptrdiff_t)(reverse ? size - 1 - n : n) * inner;
            double before = sum;
            sum += x[at];
            y[at] = exclusive ? before : sum;
        }
    }
}

static inline void ql_cumsum_s64(int64_t *restrict y, const int64_t *restrict x, int exclusive, int reverse, int outer,
                                 int size, int inner)
{
    for (int k = 0; k < outer * inner; k++) {
        const ptrdiff_t start = (ptrdiff_t)(k / inner) * size * inner + k % inner;
        uint64_t sum = 0;
        for (int n = 0; n < size; n++) {
            const ptrdiff_t at = start + (ptrdiff_t)(reverse ? size - 1 - n : n) * inner;
            uint64_t before = sum;
            sum += (uint64_t)x[at];
            y[at] = (int64_t)(exclusive ? before : sum);
        }
    }
}

#endif
