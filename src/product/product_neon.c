// The product in NEON: 16 of 32 registers of 4 floats hold the sums of 4 rows by 16 columns.
// Uses: product/product_tile.h, the compiler's intrinsics.
#if defined(__aarch64__)

#include <arm_neon.h>

#define TARGET
#define VECTOR float32x4_t
#define WIDTH 4
#define ZERO vdupq_n_f32(0.0f)
#define LOAD(p) vld1q_f32(p)
#define STORE(p, v) vst1q_f32((p), (v))
#define BROADCAST(p) vld1q_dup_f32(p)
#define FUSED(a, b, sum) vfmaq_f32((sum), (a), (b))
#define ROUNDED(a, b, sum) vaddq_f32((sum), vmulq_f32((a), (b)))
#define ROWS 4
#define GROUP_ROWS 4
#define PANELS 1

#include "product/product_tile.h"

const struct ql_product_form ql_product_neon = {tile_fused, tile_rounded, ROWS, PANELS};

#else

typedef int ql_product_neon_is_for_arm64; // C wants a declaration in every file

#endif
