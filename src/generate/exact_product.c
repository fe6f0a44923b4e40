// The product for many streams: see exact_product.h. The kernels are those of training, compiled here like the rest of
// the tree: without fused multiply-adds.
// Uses: train/panel_product.h.
#include "generate/exact_product.h"

#include "train/panel_product.h"

void ql_exact_product_step(float *C, const float *A, const struct ql_step_product *product, int S)
{
    panel_product_step(C, A, product, S);
}
