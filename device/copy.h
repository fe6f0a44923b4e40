// Moves elements of any type without looking at them: strided copies, rows by index, triangles.
// Uses: device/broadcast.h, stdbool.h.
#ifndef QL_DEVICE_COPY_H
#define QL_DEVICE_COPY_H

#include <stdbool.h>

#include "device/broadcast.h"

// y(i, j, ...) = x(i, j, ...) for all indices below `dims`, with strides on both sides, in elements of size_bytes.
// This one loop transposes, slices (also backward), repeats, and concatenates.
static inline void ql_copy(void *restrict y, const void *restrict x, int size_bytes, int rank, const int *dims,
                           const int *strides_y, const int *strides_x)
{
    const int count = dims[rank - 1];
    const ptrdiff_t step_y = (ptrdiff_t)strides_y[rank - 1] * size_bytes;
    const ptrdiff_t step_x = (ptrdiff_t)strides_x[rank - 1] * size_bytes;

    for (int row = 0; row < ql_row_count(rank, dims); row++) {
        unsigned char *to = (unsigned char *)y + ql_row_offset(row, rank, dims, strides_y) * size_bytes;
        const unsigned char *from = (const unsigned char *)x + ql_row_offset(row, rank, dims, strides_x) * size_bytes;
        if (step_y == size_bytes && step_x == size_bytes) {
            memcpy(to, from, (size_t)count * (size_t)size_bytes);
            continue;
        }
        for (int k = 0; k < count; k++) {
            memcpy(to + k * step_y, from + k * step_x, (size_t)size_bytes);
        }
    }
}

// Gather rows: y(o, k, ...) = x(o, indices(k), ...). A negative index counts from the end.
// Returns false for an index that is out of range; y is not complete then.
//
//   y        (outer, count, inner)
//   x        (outer, axis_size, inner)  elements of size_bytes
//   indices  (count)
static inline bool ql_gather(void *restrict y, const void *restrict x, const int64_t *restrict indices, int size_bytes,
                             int outer, int axis_size, int inner, int count)
{
    const size_t row_bytes = (size_t)inner * (size_t)size_bytes;
    unsigned char *to = (unsigned char *)y;

    for (int o = 0; o < outer; o++) {
        const unsigned char *from = (const unsigned char *)x + (size_t)o * (size_t)axis_size * row_bytes;
        for (int k = 0; k < count; k++, to += row_bytes) {
            int64_t index = indices[k] < 0 ? indices[k] + axis_size : indices[k];
            if (index < 0 || index >= axis_size) {
                return false;
            }
            memcpy(to, from + (size_t)index * row_bytes, row_bytes);
        }
    }
    return true;
}

// Gather elements along one axis: y(i, j, ...) = x with its index along the axis replaced by indices(i, j, ...). A
// negative index counts from the end. Returns false for an index that is out of range; y is not complete then.
//
//   y, indices  of the shape dims
//   x           of strides_x, and axis_size elements along the axis; elements of size_bytes
static inline bool ql_gather_elements(void *restrict y, const void *restrict x, const int64_t *restrict indices,
                                      int size_bytes, int axis, int axis_size, int rank, const int *dims,
                                      const int *strides_x)
{
    unsigned char *to = (unsigned char *)y;
    int count = 1;

    for (int k = 0; k < rank; k++) {
        count *= dims[k];
    }
    for (int i = 0; i < count; i++, to += size_bytes) {
        const int64_t index = indices[i] < 0 ? indices[i] + axis_size : indices[i];
        ptrdiff_t place = 0;
        if (index < 0 || index >= axis_size) {
            return false;
        }
        for (int k = rank - 1, rest = i; k >= 0; rest /= dims[k--]) {
            place += (ptrdiff_t)strides_x[k] * (k == axis ? (ptrdiff_t)index : rest % dims[k]);
        }
        memcpy(to, (const unsigned char *)x + place * size_bytes, (size_t)size_bytes);
    }
    return true;
}

// Gather blocks: y(o, k, ...) = x(o, indices(o, k), ...), where an index is `rank` numbers, one for each of dims. A negative
// number counts from the end. Returns false for an index that is out of range; y is not complete then.
//
//   y        (outer, count, inner)
//   x        (outer, dims..., inner)  elements of size_bytes
//   indices  (outer, count, rank)
static inline bool ql_gather_nd(void *restrict y, const void *restrict x, const int64_t *restrict indices,
                                int size_bytes, int outer, int count, int inner, int rank, const int *dims)
{
    const size_t block_bytes = (size_t)inner * (size_t)size_bytes;
    unsigned char *to = (unsigned char *)y;

    for (int o = 0; o < outer; o++) {
        for (int i = 0; i < count; i++, indices += rank, to += block_bytes) {
            size_t place = (size_t)o;
            for (int k = 0; k < rank; k++) {
                const int64_t index = indices[k] < 0 ? indices[k] + dims[k] : indices[k];
                if (index < 0 || index >= dims[k]) {
                    return false;
                }
                place = place * (size_t)dims[k] + (size_t)index;
            }
            memcpy(to, (const unsigned char *)x + place * block_bytes, block_bytes);
        }
    }
    return true;
}

// Copy x to y, then write the updates over the blocks that the indices name: y(indices(k), ...) = updates(k, ...). A
// negative index counts from the end. If a block is updated several times, the last update counts. Returns false for an
// index that is out of range; y is not complete then.
//
//   y, x     (dims..., inner), x_count in all, elements of size_bytes
//   indices  (count, rank)
//   updates  (count, inner)
static inline bool ql_scatter_nd(void *restrict y, const void *restrict x, const int64_t *restrict indices,
                                 const void *restrict updates, int size_bytes, int x_count, int count, int inner,
                                 int rank, const int *dims)
{
    const size_t block_bytes = (size_t)inner * (size_t)size_bytes;
    const unsigned char *from = (const unsigned char *)updates;

    memcpy(y, x, (size_t)x_count * (size_t)size_bytes);
    for (int i = 0; i < count; i++, indices += rank, from += block_bytes) {
        size_t place = 0;
        for (int k = 0; k < rank; k++) {
            const int64_t index = indices[k] < 0 ? indices[k] + dims[k] : indices[k];
            if (index < 0 || index >= dims[k]) {
                return false;
            }
            place = place * (size_t)dims[k] + (size_t)index;
        }
        memcpy((unsigned char *)y + place * block_bytes, from, block_bytes);
    }
    return true;
}

// Copy x to y, then write the updates over elements chosen by their index along one axis: y with its index along the
// axis replaced by indices(i, j, ...) = updates(i, j, ...). Negative and repeated indices, and the return value, are as
// above.
//
//   y, x              x_count elements of size_bytes, of `strides`, and axis_size along the axis
//   indices, updates  of the shape dims
static inline bool ql_scatter_elements(void *restrict y, const void *restrict x, const int64_t *restrict indices,
                                       const void *restrict updates, int size_bytes, int x_count, int axis,
                                       int axis_size, int rank, const int *dims, const int *strides)
{
    const unsigned char *from = (const unsigned char *)updates;
    int count = 1;

    for (int k = 0; k < rank; k++) {
        count *= dims[k];
    }
    memcpy(y, x, (size_t)x_count * (size_t)size_bytes);
    for (int i = 0; i < count; i++, from += size_bytes) {
        const int64_t index = indices[i] < 0 ? indices[i] + axis_size : indices[i];
        ptrdiff_t place = 0;
        if (index < 0 || index >= axis_size) {
            return false;
        }
        for (int k = rank - 1, rest = i; k >= 0; rest /= dims[k--]) {
            place += (ptrdiff_t)strides[k] * (k == axis ? (ptrdiff_t)index : rest % dims[k]);
        }
        memcpy((unsigned char *)y + place * size_bytes, from, (size_t)size_bytes);
    }
    return true;
}

// The upper or lower triangle of each matrix, with 0 elsewhere. `diagonal` moves the boundary to the right.
//
//   y, x  (count, rows, columns)  elements of size_bytes
static inline void ql_trilu(void *restrict y, const void *restrict x, int size_bytes, int upper, int diagonal,
                            int count, int rows, int columns)
{
    unsigned char *to = (unsigned char *)y;
    const unsigned char *from = (const unsigned char *)x;

    for (int row = 0; row < count * rows; row++) {
        for (int column = 0; column < columns; column++, to += size_bytes, from += size_bytes) {
            int distance = column - row % rows;
            if (upper ? distance >= diagonal : distance <= diagonal) {
                memcpy(to, from, (size_t)size_bytes);
            } else {
                memset(to, 0, (size_t)size_bytes);
            }
        }
    }
}

// y[k] = start + k * delta
static inline void ql_range_f32(float *restrict y, const float *restrict start, const float *restrict delta, int count)
{
    for (int k = 0; k < count; k++) {
        y[k] = *start + (float)k * *delta;
    }
}

static inline void ql_range_f64(double *restrict y, const double *restrict start, const double *restrict delta,
                                int count)
{
    for (int k = 0; k < count; k++) {
        y[k] = *start + (double)k * *delta;
    }
}

static inline void ql_range_s64(int64_t *restrict y, const int64_t *restrict start, const int64_t *restrict delta,
                                int count)
{
    for (int k = 0; k < count; k++) {
        y[k] = (int64_t)((uint64_t)*start + (uint64_t)k * (uint64_t)*delta);
    }
}

#endif
