// The product inside the loop over time: see step_product.h, and panel_product.h for its kernels.
// This file alone is compiled with fused multiply-adds allowed: its sums are those of training, which are the same on
// one machine, not on all.
#include "train/step_product.h"

#include <stddef.h>
#include <string.h>

#include "train/panel_product.h"

void ql_step_product_init(struct ql_step_product *product, int K, int N, struct ql_arena *arena)
{
    size_t panels = ((size_t)N + PANEL - 1) / PANEL;
    *product = (struct ql_step_product){
        .panels = ql_arena_take(arena, panels * (size_t)K, PANEL * sizeof(float)), .K = K, .N = N};
}

void ql_step_product_reset(struct ql_step_product *product, const float *B)
{
    for (int first = 0; first < product->N; first += PANEL) {
        float *panel = product->panels + (ptrdiff_t)first * product->K;
        int columns = product->N - first < PANEL ? product->N - first : PANEL;
        for (int k = 0; k < product->K; k++) {
            memcpy(panel + (ptrdiff_t)k * PANEL, B + (ptrdiff_t)k * product->N + first,
                   (size_t)columns * sizeof(float));
        }
    }
}

void ql_step_product_reset_transposed(struct ql_step_product *product, const float *B_transposed)
{
    for (int first = 0; first < product->N; first += PANEL) {
        float *panel = product->panels + (ptrdiff_t)first * product->K;
        int columns = product->N - first < PANEL ? product->N - first : PANEL;
        for (int k = 0; k < product->K; k++) {
            for (int n = 0; n < columns; n++) {
                panel[(ptrdiff_t)k * PANEL + n] = B_transposed[(ptrdiff_t)(first + n) * product->K + k];
            }
        }
    }
}

void ql_step_product_step(float *C, const float *A, const struct ql_step_product *product, int S, bool add)
{
    if (!add) {
        memset(C, 0, (size_t)S * (size_t)product->N * sizeof(float));
    }
    panel_product_step(C, A, product, S);
}
