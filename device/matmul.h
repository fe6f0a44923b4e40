// Products of matrices, row by row through the product of matrix and vector, so every sum has the same order.
// Uses: device/broadcast.h, device/matvec.h.
#ifndef QL_DEVICE_MATMUL_H
#define QL_DEVICE_MATMUL_H

#include "device/broadcast.h"
#include "device/matvec.h"

// y = c + a b. Each sum begins with the element of c.
//
//   y  (M, N)
//   a  (M, K)
//   b  (K, N)
//   c  (M, N) with c_step N, (N) for all rows with c_step 0, or NULL for zeros
static inline void ql_gemm_f32(float *restrict y, const float *restrict a, const float *restrict b,
                               const float *restrict c, int M, int K, int N, int c_step)
{
    for (int m = 0; m < M; m++) {
        float *row = y + (ptrdiff_t)m * N;
        for (int n = 0; n < N; n++) {
            row[n] = c == NULL ? 0.0f : c[(ptrdiff_t)m * c_step + n];
        }
        ql_matvec_f32(row, a + (ptrdiff_t)m * K, b, K, N);
    }
}

// y = a b for a batch of matrices. `dims` (rank, at least 1) is the shape of the batch; the strides say where in it
// each operand's matrix begins, in elements, 0 to use it again.
//
//   y  (batch, M, N)
//   a  (M, K) each
//   b  (K, N) each
static inline void ql_matmul_f32(float *restrict y, const float *restrict a, const float *restrict b, int M, int K,
                                 int N, int rank, const int *dims, const int *strides_a, const int *strides_b)
{
    const int count = ql_row_count(rank, dims) * dims[rank - 1];

    for (int k = 0; k < count; k++) {
        const int row = k / dims[rank - 1];
        const int column = k % dims[rank - 1];
        const float *matrix_a = a + ql_row_offset(row, rank, dims, strides_a) + (ptrdiff_t)column * strides_a[rank - 1];
        const float *matrix_b = b + ql_row_offset(row, rank, dims, strides_b) + (ptrdiff_t)column * strides_b[rank - 1];
        ql_gemm_f32(y + (ptrdiff_t)k * M * N, matrix_a, matrix_b, NULL, M, K, N, 0);
    }
}

#endif
