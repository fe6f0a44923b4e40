// The product inside the loop over time: C += A B for a few rows of A, with a B that stays the same for the whole
// window. A general BLAS rearranges B for its kernels at every call; here that is done once per window, which makes
// the product with 16 rows about as fast as one with thousands.
// Uses: base/arena.
#ifndef QL_TRAIN_STEP_PRODUCT_H
#define QL_TRAIN_STEP_PRODUCT_H

#include <stdbool.h>

#include "base/arena.h"

// Columns of B that are kept together.
enum { QL_STEP_PRODUCT_PANEL = 32 };

// A matrix B (K, N), in panels of 32 columns: (N / 32 rounded up, K, 32), zeros behind the last column.
struct ql_step_product {
    float *panels;
    int K, N;
};

// Takes memory from the arena (check `exhausted` afterwards).
void ql_step_product_init(struct ql_step_product *product, int K, int N, struct ql_arena *arena);

// Sets B from a row-major (K, N).
void ql_step_product_reset(struct ql_step_product *product, const float *B);

// Sets B to the transpose of a row-major (N, K).
void ql_step_product_reset_transposed(struct ql_step_product *product, const float *B_transposed);

// C (S, N) = A (S, K) B + (add ? C : 0). A row's result does not depend on the other rows.
void ql_step_product_step(float *C, const float *A, const struct ql_step_product *product, int S, bool add);

#endif
