// One form of the product: the tiles of C that a kind of vector instructions computes in registers.
// product_avx512.c, product_avx2.c, product_neon.c and product_plain.c have a form each; product_tile.h is their source.
// Uses: the C library.
#ifndef QL_PRODUCT_PRODUCT_FORM_H
#define QL_PRODUCT_PRODUCT_FORM_H

#include <stdbool.h>
#include <stddef.h>

// Columns of B that are stored together: one cache line of floats.
enum { QL_PANEL_COLUMNS = 16 };

// A tile of C: R rows by one or two panels of columns.
struct ql_tile {
    float *C;        // (rows, panels * 16)
    const float *A;  // element (r, k) is A[r * a_row + k * a_step]
    const float *B;  // the first panel, (K, 16); the second follows after `panel_floats`
    ptrdiff_t c_row; // floats from row to row of C
    ptrdiff_t a_row, a_step;
    ptrdiff_t panel_floats;
    int K;
    int rows;   // 1 to the form's `rows`
    int panels; // 1 to the form's `panels`
    bool add;   // the sums start from C; otherwise from zero
};

typedef void ql_tile_function(const struct ql_tile *tile);

struct ql_product_form {
    ql_tile_function *fused, *rounded;
    int rows, panels; // of the largest tile
};

// The largest tile of all forms.
enum { QL_TILE_ROW_LIMIT = 12, QL_TILE_PANEL_LIMIT = 2 };

extern const struct ql_product_form ql_product_plain;
#if defined(__x86_64__) && defined(__GNUC__)
extern const struct ql_product_form ql_product_avx2, ql_product_avx512;
#elif defined(__aarch64__)
extern const struct ql_product_form ql_product_neon;
#endif

// Return the form that ql_vectors() asks for, or the one that ql_product_form_reset has set.
const struct ql_product_form *ql_product_form(void);

// Set a form, for tests: the shape of AVX-512's tiles runs on any processor, in vectors of C. NULL ends that.
void ql_product_form_reset(const struct ql_product_form *form);

#endif
