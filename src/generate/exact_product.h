// The product for many streams at once in the arithmetic of device/: every product and every sum rounded by itself, over
// the input index in rising order, so that each stream has the very bits that ql_matvec_f32 gives it alone.
// Uses: train/step_product (the layout of the weights).
#ifndef QL_GENERATE_EXACT_PRODUCT_H
#define QL_GENERATE_EXACT_PRODUCT_H

#include "train/step_product.h"

// C (S, N) = C + A (S, K) B, for the streams s of S. C holds the bias or a former sum on entry.
void ql_exact_product_step(float *C, const float *A, const struct ql_step_product *product, int S);

#endif
