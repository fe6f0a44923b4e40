// The product in AVX-512: 24 of 32 registers of 16 floats hold the sums of 12 rows by 32 columns.
// Uses: base/vectors, product/product_tile.h, the compiler's intrinsics.
#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#include "base/vectors.h"

#define TARGET QL_TARGET_AVX512
#define VECTOR __m512
#define WIDTH 16
#define ZERO _mm512_setzero_ps()
#define LOAD(p) _mm512_loadu_ps(p)
#define STORE(p, v) _mm512_storeu_ps((p), (v))
#define BROADCAST(p) _mm512_set1_ps(*(p))
#define FUSED(a, b, sum) _mm512_fmadd_ps((a), (b), (sum))
#define ROUNDED(a, b, sum) _mm512_add_ps((sum), _mm512_mul_ps((a), (b)))
#define ROWS 12
#define GROUP_ROWS 6
#define PANELS 2

#include "product/product_tile.h"

const struct ql_product_form ql_product_avx512 = {tile_fused, tile_rounded, ROWS, PANELS};

#else

typedef int ql_product_avx512_is_for_x86_64; // C wants a declaration in every file

#endif
