// Matrix products in single precision for training and for generation, with the same bits on every processor.
// Every element of C is one sum over k in rising order that starts from what C holds. Training adds each term by one
// fused multiply-add; generation rounds the product and then the sum, as device/ does. Elements do not depend on one
// another, so neither tile shapes nor vector widths nor the number of rows change a bit.
// Uses: base/arena, base/vectors.
//
// Shapes are row-major. A is (M, K), B is (K, N), C is (M, N).
#ifndef QL_PRODUCT_MATRIX_PRODUCT_H
#define QL_PRODUCT_MATRIX_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

// A matrix B (K, N) as products read it: (N / 16 rounded up to an even number, K, 16). What is after the last
// column has no meaning. It is packed once for as long as B does not change.
struct ql_packed_matrix {
    float *panels;
    int K, N;
};

// Take memory for a matrix of K rows and N columns from the arena (check `exhausted` afterwards).
void ql_packed_matrix_init(struct ql_packed_matrix *matrix, int K, int N, struct ql_arena *arena);

// Pack a row-major (K, N).
void ql_packed_matrix_reset(struct ql_packed_matrix *matrix, const float *B);

// Pack the transpose of a row-major (N, K): the way in which PyTorch stores weights.
void ql_packed_matrix_reset_transposed(struct ql_packed_matrix *matrix, const float *B_transposed);

// Compute C = A B, or C += A B where `add` is true, with fused multiply-adds.
void ql_product_fused(float *C, const float *A, const struct ql_packed_matrix *B, int M, bool add);

// Compute C += A B with each product and each sum rounded by itself: the bits of ql_matvec_f32 for every row.
void ql_product_rounded(float *C, const float *A, const struct ql_packed_matrix *B, int M);

// --- Products of parts of arrays, such as the heads of attention ---

// A matrix within an array: element (r, c) is data[r * row + c * column].
struct ql_matrix_view {
    const float *data;
    ptrdiff_t row, column;
};

// Pack a view (K, N). The memory was taken for a matrix of at least so many rows and columns.
void ql_packed_matrix_reset_view(struct ql_packed_matrix *matrix, struct ql_matrix_view B, int K, int N);

// Compute C = A B, or C += A B where `add` is true, with fused multiply-adds, from a part of B: its rows `first` to
// first + K - 1, and its first N columns. A is (M, K); the rows of C lie `c_row` floats apart.
void ql_product_view(float *C, ptrdiff_t c_row, struct ql_matrix_view A, const struct ql_packed_matrix *B, int M,
                     int first, int K, int N, bool add);

// --- Gradients of weights ---

// Scratch memory of ql_product_transposed for one thread.
struct ql_product_scratch {
    float *strips; // a block of A
    float *panels; // a block of B
    int N;         // the largest N that it serves
};

// Take scratch memory for products with up to N columns from the arena (check `exhausted` afterwards).
void ql_product_scratch_init(struct ql_product_scratch *scratch, int N, struct ql_arena *arena);

// Compute C = A^T B, or C += A^T B where `add` is true, for A (K, M) and B (K, N), with fused multiply-adds: the gradient
// of a weight matrix, summed over the K rows of a batch. Rows may come in parts, one call for each, of any size.
void ql_product_transposed(float *C, const float *A, const float *B, int M, int N, int K, bool add,
                           struct ql_product_scratch *scratch);

#endif
