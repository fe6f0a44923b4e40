// The product in AVX2 with FMA: 12 of 16 registers of 8 floats hold the sums of 6 rows by 16 columns.
// Uses: base/vectors, product/product_tile.h, the compiler's intrinsics.
#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#include "base/vectors.h"

#define TARGET QL_TARGET_AVX2
#define VECTOR __m256
#define WIDTH 8
#define ZERO _mm256_setzero_ps()
#define LOAD(p) _mm256_loadu_ps(p)
#define STORE(p, v) _mm256_storeu_ps((p), (v))
#define BROADCAST(p) _mm256_broadcast_ss(p)
#define FUSED(a, b, sum) _mm256_fmadd_ps((a), (b), (sum))
#define ROUNDED(a, b, sum) _mm256_add_ps((sum), _mm256_mul_ps((a), (b)))
#define ROWS 6
#define GROUP_ROWS 6
#define PANELS 1

#include "product/product_tile.h"

const struct ql_product_form ql_product_avx2 = {tile_fused, tile_rounded, ROWS, PANELS};

#else

typedef int ql_product_avx2_is_for_x86_64; // C wants a declaration in every file

#endif
