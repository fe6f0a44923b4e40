// Matrix products for training, by OpenBLAS: row-major, one thread per call, scaled by 1.
// A is (M, K), B is (K, N), C is (M, N); `beta` 0 overwrites C, 1 adds to it.
// Uses: cblas.
#ifndef QL_TRAIN_BLAS_H
#define QL_TRAIN_BLAS_H

#include <cblas.h>

// C = A B + beta C
static inline void ql_gemm_nn(float *C, const float *A, const float *B, int M, int N, int K, float beta)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, M, N, K, 1.0f, A, K, B, N, beta, C, N);
}

// The same with B stored transposed, as (N, K): the way in which PyTorch stores weights.
static inline void ql_gemm_nt(float *C, const float *A, const float *B, int M, int N, int K, float beta)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, M, N, K, 1.0f, A, K, B, K, beta, C, N);
}

// The same with A stored transposed, as (K, M): for gradients of weights, summed over the K rows of a batch.
static inline void ql_gemm_tn(float *C, const float *A, const float *B, int M, int N, int K, float beta)
{
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, M, N, K, 1.0f, A, M, B, N, beta, C, N);
}

// Makes every call of OpenBLAS run in the calling thread alone: the trainer has threads of its own, and a product
// that is split by the number of threads would sum in another order.
void ql_blas_init(void);

// The processor for which OpenBLAS has chosen its kernels ("SkylakeX").
const char *ql_blas_core(void);

// An old OpenBLAS takes its oldest kernels on a processor that it does not know, four times slower than need be.
// Returns the value that OPENBLAS_CORETYPE should have then, or NULL when the choice is good (or was made by the user
// through that variable). OpenBLAS reads it at the start of the process only.
const char *ql_blas_better_core(void);

#endif
