// Element by element over one, two or three tensors whose shapes are broadcast against each other.
// The operation on the elements is an argument; the compiler inlines it into the loop. Uses: stddef.h, stdint.h,
// string.h.
#ifndef QL_DEVICE_BROADCAST_H
#define QL_DEVICE_BROADCAST_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// What the kernels below share: `dims` is the shape of the result, which is written row by row without gaps. An input's
// element (i, j, ...) is at i * strides[0] + j * strides[1] + ...; a stride of 0 repeats it. Rank is at least 1.
// Strides count elements.

// The number of rows: the product of all dimensions but the last.
static inline int ql_row_count(int rank, const int *dims)
{
    int count = 1;

    for (int axis = 0; axis < rank - 1; axis++) {
        count *= dims[axis];
    }
    return count;
}

// Where row number `row` begins.
static inline ptrdiff_t ql_row_offset(int row, int rank, const int *dims, const int *strides)
{
    ptrdiff_t offset = 0;

    for (int axis = rank - 2; axis >= 0; axis--) {
        offset += (ptrdiff_t)(row % dims[axis]) * strides[axis];
        row /= dims[axis];
    }
    return offset;
}

// y = operation(x), `count` elements without gaps.
static inline void ql_unary_f32(float *restrict y, const float *restrict x, float (*operation)(float), int count)
{
    for (int k = 0; k < count; k++) {
        y[k] = operation(x[k]);
    }
}

static inline void ql_unary_f64(double *restrict y, const double *restrict x, double (*operation)(double), int count)
{
    for (int k = 0; k < count; k++) {
        y[k] = operation(x[k]);
    }
}

static inline void ql_unary_s64(int64_t *restrict y, const int64_t *restrict x, int64_t (*operation)(int64_t),
                                int count)
{
    for (int k = 0; k < count; k++) {
        y[k] = operation(x[k]);
    }
}

static inline void ql_unary_bool(uint8_t *restrict y, const uint8_t *restrict x, uint8_t (*operation)(uint8_t),
                                 int count)
{
    for (int k = 0; k < count; k++) {
        y[k] = operation(x[k]);
    }
}

// y = operation(a, b)
static inline void ql_binary_f32(float *restrict y, const float *a, const float *b, float (*operation)(float, float),
                                 int rank, const int *dims, const int *strides_a, const int *strides_b)
{
    const int step_a = strides_a[rank - 1];
    const int step_b = strides_b[rank - 1];
    const int count = dims[rank - 1];

    for (int row = 0; row < ql_row_count(rank, dims); row++, y += count) {
        const float *row_a = a + ql_row_offset(row, rank, dims, strides_a);
        const float *row_b = b + ql_row_offset(row, rank, dims, strides_b);
        for (int k = 0; k < count; k++) {
            y[k] = operation(row_a[(ptrdiff_t)k * step_a], row_b[(ptrdiff_t)k * step_b]);
        }
    }
}

static inline void ql_binary_f64(double *restrict y, const double *a, const double *b,
                                 double (*operation)(double, double), int rank, const int *dims, const int *strides_a,
                                 const int *strides_b)
{
    const int step_a = strides_a[rank - 1];
    const int step_b = strides_b[rank - 1];
    const int count = dims[rank - 1];

    for (int row = 0; row < ql_row_count(rank, dims); row++, y += count) {
        const double *row_a = a + ql_row_offset(row, rank, dims, strides_a);
        const double *row_b = b + ql_row_offset(row, rank, dims, strides_b);
        for (int k = 0; k < count; k++) {
            y[k] = operation(row_a[(ptrdiff_t)k * step_a], row_b[(ptrdiff_t)k * step_b]);
        }
    }
}

static inline void ql_binary_s64(int64_t *restrict y, const int64_t *a, const int64_t *b,
                                 int64_t (*operation)(int64_t, int64_t), int rank, const int *dims,
                                 const int *strides_a, const int *strides_b)
{
    const int step_a = strides_a[rank - 1];
    const int step_b = strides_b[rank - 1];
    const int count = dims[rank - 1];

    for (int row = 0; row < ql_row_count(rank, dims); row++, y += count) {
        const int64_t *row_a = a + ql_row_offset(row, rank, dims, strides_a);
        const int64_t *row_b = b + ql_row_offset(row, rank, dims, strides_b);
        for (int k = 0; k < count; k++) {
            y[k] = operation(row_a[(ptrdiff_t)k * step_a], row_b[(ptrdiff_t)k * step_b]);
        }
    }
}

static inline void ql_binary_bool(uint8_t *restrict y, const uint8_t *a, const uint8_t *b,
                                  uint8_t (*operation)(uint8_t, uint8_t), int rank, const int *dims,
                                  const int *strides_a, const int *strides_b)
{
    const int step_a = strides_a[rank - 1];
    const int step_b = strides_b[rank - 1];
    const int count = dims[rank - 1];

    for (int row = 0; row < ql_row_count(rank, dims); row++, y += count) {
        const uint8_t *row_a = a + ql_row_offset(row, rank, dims, strides_a);
        const uint8_t *row_b = b + ql_row_offset(row, rank, dims, strides_b);
        for (int k = 0; k < count; k++) {
            y[k] = operation(row_a[(ptrdiff_t)k * step_a], row_b[(ptrdiff_t)k * step_b]);
        }
    }
}

// y = test(a, b), a truth value
static inline void ql_compare_f32(uint8_t *restrict y, const float *a, const float *b, uint8_t (*test)(float, float),
                                  int rank, const int *dims, const int *strides_a, const int *strides_b)
{
    const int step_a = strides_a[rank - 1];
    const int step_b = strides_b[rank - 1];
    const int count = dims[rank - 1];

    for (int row = 0; row < ql_row_count(rank, dims); row++, y += count) {
        const float *row_a = a + ql_row_offset(row, rank, dims, strides_a);
        const float *row_b = b + ql_row_offset(row, rank, dims, strides_b);
        for (int k = 0; k < count; k++) {
            y[k] = test(row_a[(ptrdiff_t)k * step_a], row_b[(ptrdiff_t)k * step_b]);
        }
    }
}

static inline void ql_compare_f64(uint8_t *restrict y, const double *a, const double *b,
                                  uint8_t (*test)(double, double), int rank, const int *dims, const int *strides_a,
                                  const int *strides_b)
{
    const int step_a = strides_a[rank - 1];
    const int step_b = strides_b[rank - 1];
    const int count = dims[rank - 1];

    for (int row = 0; row < ql_row_count(rank, dims); row++, y += count) {
        const double *row_a = a + ql_row_offset(row, rank, dims, strides_a);
        const double *row_b = b + ql_row_offset(row, rank, dims, strides_b);
        for (int k = 0; k < count; k++) {
            y[k] = test(row_a[(ptrdiff_t)k * step_a], row_b[(ptrdiff_t)k * step_b]);
        }
    }
}

static inline void ql_compare_s64(uint8_t *restrict y, const int64_t *a, const int64_t *b,
                                  uint8_t (*test)(int64_t, int64_t), int rank, const int *dims, const int *strides_a,
                                  const int *strides_b)
{
    const int step_a = strides_a[rank - 1];
    const int step_b = strides_b[rank - 1];
    const int count = dims[rank - 1];

    for (int row = 0; row < ql_row_count(rank, dims); row++, y += count) {
        const int64_t *row_a = a + ql_row_offset(row, rank, dims, strides_a);
        const int64_t *row_b = b + ql_row_offset(row, rank, dims, strides_b);
        for (int k = 0; k < count; k++) {
            y[k] = test(row_a[(ptrdiff_t)k * step_a], row_b[(ptrdiff_t)k * step_b]);
        }
    }
}

// y = condition ? a : b, for elements of any type, of size_bytes each
static inline void ql_where(void *restrict y, const uint8_t *condition, const void *a, const void *b, int size_bytes,
                            int rank, const int *dims, const int *strides_condition, const int *strides_a,
                            const int *strides_b)
{
    unsigned char *to = (unsigned char *)y;

    for (int row = 0; row < ql_row_count(rank, dims); row++) {
        const uint8_t *chosen = condition + ql_row_offset(row, rank, dims, strides_condition);
        const unsigned char *row_a = (const unsigned char *)a + ql_row_offset(row, rank, dims, strides_a) * size_bytes;
        const unsigned char *row_b = (const unsigned char *)b + ql_row_offset(row, rank, dims, strides_b) * size_bytes;
        for (int k = 0; k < dims[rank - 1]; k++, to += size_bytes) {
            const unsigned char *from = chosen[(ptrdiff_t)k * strides_condition[rank - 1]]
                                            ? row_a + (ptrdiff_t)k * strides_a[rank - 1] * size_bytes
                                            : row_b + (ptrdiff_t)k * strides_b[rank - 1] * size_bytes;
            memcpy(to, from, (size_t)size_bytes);
        }
    }
}

#endif
