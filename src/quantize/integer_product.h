// Products of an integer model's matrices on the host. The plain form is the definition: the kernels of device/ on the
// packed words. Faster forms must give the same sums.
// Uses: base, device, quantize/integer_model.h.
#ifndef QL_QUANTIZE_INTEGER_PRODUCT_H
#define QL_QUANTIZE_INTEGER_PRODUCT_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "quantize/integer_model.h"

// A way to multiply.
struct ql_integer_product {
    const char *name; // "plain", "AVX2"
    // Lays a matrix out in memory of the arena, from its weights or its words; what it returns is given to `multiply`.
    // It may return a pointer into the matrix, which stays valid. NULL when there is not enough memory.
    const void *(*pack)(const struct ql_integer_matrix *matrix, struct ql_arena *arena);
    // y[r] += sum over c of weights(r, c) x[c]; y (rows), x (columns) in [-127, 127].
    void (*multiply)(int32_t *y, const void *packed, const int8_t *x);
    // The same for B vectors: x of stream b begins at x + b * x_stride, its y at y + b * y_stride.
    void (*multiply_batch)(int32_t *y, ptrdiff_t y_stride, const void *packed, const int8_t *x, ptrdiff_t x_stride,
                           int B);
};

// The kernels of device/ on the packed words.
extern const struct ql_integer_product ql_integer_product_plain;

#endif
