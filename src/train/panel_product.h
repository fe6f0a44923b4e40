// The kernels of the product inside the loop over time, for the files that compile it: step_product.c with fused
// multiply-adds allowed, generate/exact_product.c without. Everything is static; the choice is the compiler's option.
// Uses: train/step_product.h.
//
// A tile of R rows and one panel of C is kept in registers, while k runs over a block of rows of B that fits the
// first-level cache. R depends on how many registers the processor has. The sums run over k in rising order, from what
// C holds on, whatever the form.
#ifndef QL_TRAIN_PANEL_PRODUCT_H
#define QL_TRAIN_PANEL_PRODUCT_H

#include <stddef.h>
#include <string.h>

#include "train/step_product.h"

enum { PANEL = QL_STEP_PRODUCT_PANEL, HALF = PANEL / 2 };

// Rows of B in a block: 128 rows of a panel are 16 KB, half of a first-level cache.
enum { BLOCK = 128 };

// Half a panel. Where a processor's vectors are shorter, the compiler takes several.
typedef float half_panel __attribute__((vector_size(HALF * sizeof(float)), aligned(4), may_alias));

// C (R, PANEL) += A (R, K) panel (K, PANEL), with `stride_a` and `stride_c` floats from row to row. R is a constant at
// every call, so that the sums live in registers.
static inline __attribute__((always_inline)) void tile(float *restrict C, ptrdiff_t stride_c, const float *restrict A,
                                                       ptrdiff_t stride_a, const float *restrict panel, int K,
                                                       const int R)
{
    half_panel left[8];
    half_panel right[8];

    for (int r = 0; r < R; r++) {
        left[r] = *(const half_panel *)(C + r * stride_c);
        right[r] = *(const half_panel *)(C + r * stride_c + HALF);
    }
    for (int k = 0; k < K; k++) {
        const half_panel b_left = *(const half_panel *)(panel + (ptrdiff_t)k * PANEL);
        const half_panel b_right = *(const half_panel *)(panel + (ptrdiff_t)k * PANEL + HALF);
        for (int r = 0; r < R; r++) {
            const float a = A[r * stride_a + k];
            left[r] += a * b_left;
            right[r] += a * b_right;
        }
    }
    for (int r = 0; r < R; r++) {
        *(half_panel *)(C + r * stride_c) = left[r];
        *(half_panel *)(C + r * stride_c + HALF) = right[r];
    }
}

// All S rows of one panel and one block of k. R is the number of rows at a time.
static inline __attribute__((always_inline)) void
tiles(float *C, ptrdiff_t stride_c, const float *A, ptrdiff_t stride_a, const float *panel, int K, int S, const int R)
{
    int s = 0;

    for (; s + R <= S; s += R) {
        tile(C + s * stride_c, stride_c, A + s * stride_a, stride_a, panel, K, R);
    }
    if (R > 3 && s + R / 2 <= S) {
        tile(C + s * stride_c, stride_c, A + s * stride_a, stride_a, panel, K, R / 2);
        s += R / 2;
    }
    for (; s < S; s++) {
        tile(C + s * stride_c, stride_c, A + s * stride_a, stride_a, panel, K, 1);
    }
}

typedef void panel_function(float *C, ptrdiff_t stride_c, const float *A, ptrdiff_t stride_a, const float *panel, int K,
                            int S);

// 16 of 32 registers of 16 floats hold sums.
#if defined(__x86_64__)
__attribute__((target("avx512f,fma"))) static void panel_avx512(float *C, ptrdiff_t stride_c, const float *A,
                                                                ptrdiff_t stride_a, const float *panel, int K, int S)
{
    tiles(C, stride_c, A, stride_a, panel, K, S, 8);
}

// 12 of 16 registers of 8 floats hold sums.
__attribute__((target("avx2,fma"))) static void panel_avx2(float *C, ptrdiff_t stride_c, const float *A,
                                                           ptrdiff_t stride_a, const float *panel, int K, int S)
{
    tiles(C, stride_c, A, stride_a, panel, K, S, 3);
}
#endif

// 8 of 16 registers (SSE2), or of 32 (NEON), of 4 floats hold sums.
static void panel_plain(float *C, ptrdiff_t stride_c, const float *A, ptrdiff_t stride_a, const float *panel, int K,
                        int S)
{
    tiles(C, stride_c, A, stride_a, panel, K, S, 1);
}

static panel_function *choose_panel(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) {
        return panel_avx512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        return panel_avx2;
    }
#endif
    return panel_plain;
}

// The last panel may be wider than what is left of C: it is computed aside.
static void last_panel(panel_function *compute, float *C, int N, int columns, const float *A, int stride_a,
                       const float *panel, int K, int S)
{
    enum { ROWS = 16 };
    float aside[ROWS * PANEL];

    for (int first = 0; first < S; first += ROWS) {
        int rows = S - first < ROWS ? S - first : ROWS;
        float *place = C + (ptrdiff_t)first * N;
        memset(aside, 0, sizeof aside);
        for (int r = 0; r < rows; r++) {
            memcpy(aside + r * PANEL, place + (ptrdiff_t)r * N, (size_t)columns * sizeof(float));
        }
        compute(aside, PANEL, A + (ptrdiff_t)first * stride_a, stride_a, panel, K, rows);
        for (int r = 0; r < rows; r++) {
            memcpy(place + (ptrdiff_t)r * N, aside + r * PANEL, (size_t)columns * sizeof(float));
        }
    }
}

// C (S, N) += A (S, K) B
static void panel_product_step(float *C, const float *A, const struct ql_step_product *product, int S)
{
    panel_function *compute = choose_panel();
    const int K = product->K, N = product->N;

    for (int k = 0; k < K; k += BLOCK) {
        int rows = K - k < BLOCK ? K - k : BLOCK;
        for (int first = 0; first < N; first += PANEL) {
            const float *panel = product->panels + (ptrdiff_t)first * K + (ptrdiff_t)k * PANEL;
            if (N - first >= PANEL) {
                compute(C + first, N, A + k, K, panel, rows, S);
            } else {
                last_panel(compute, C + first, N, N - first, A + k, K, panel, rows, S);
            }
        }
    }
}

#endif
