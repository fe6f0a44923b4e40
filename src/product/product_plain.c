// The product in plain C, for every processor. fmaf is exact everywhere; where the processor has no fused multiply-add,
// the C library computes it in software, and training takes some ten times as long.
// Uses: product/product_tile.h, fmaf.
#include <math.h>

#define TARGET
#define VECTOR float
#define WIDTH 1
#define ZERO 0.0f
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))
#define BROADCAST(p) (*(p))
#define FUSED(a, b, sum) fmaf((a), (b), (sum))
#define ROUNDED(a, b, sum) ((sum) + (a) * (b))
#define ROWS 1
#define PANELS 1

#include "product/product_tile.h"

const struct ql_product_form ql_product_plain = {tile_fused, tile_rounded, ROWS, PANELS};
