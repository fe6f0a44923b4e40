// A form of the product with the tiles of AVX-512, 12 rows by 32 columns, in arrays of C: for every processor.
// Uses: product/product_form.h.
#ifndef PRODUCT_WIDE_H
#define PRODUCT_WIDE_H

#include "product/product_form.h"

extern const struct ql_product_form product_wide;

#endif
