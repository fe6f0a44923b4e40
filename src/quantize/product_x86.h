// Fast products of integer matrices for the host's processor: AVX2, and AVX-512 with VNNI.
// All give the sums of the plain product, which are exact, so no result depends on the choice.
// Uses: base/vectors, quantize/integer_product.h.
#ifndef QL_QUANTIZE_PRODUCT_X86_H
#define QL_QUANTIZE_PRODUCT_X86_H

#include "quantize/integer_product.h"

// List the products of the form of vectors in use and of the narrower ones, the fastest first; the last one is always
// the plain one. Returns how many.
enum { QL_INTEGER_PRODUCT_LIMIT = 3 };
int ql_integer_product_list(const struct ql_integer_product *products[QL_INTEGER_PRODUCT_LIMIT]);

// The first of them.
const struct ql_integer_product *ql_integer_product_fastest(void);

#endif
