// The tiles of AVX-512 in arrays of C: see product_wide.h.
// Uses: product/product_tile.h, fmaf.
#include "product_wide.h"

#include <math.h>
#include <string.h>

struct wide {
    float lanes[16];
};

static struct wide load(const float *p)
{
    struct wide v;
    memcpy(&v, p, sizeof v);
    return v;
}

static struct wide broadcast(float a)
{
    struct wide v;
    for (int i = 0; i < 16; i++) {
        v.lanes[i] = a;
    }
    return v;
}

static struct wide fused_sum(struct wide a, struct wide b, struct wide sum)
{
    for (int i = 0; i < 16; i++) {
        sum.lanes[i] = fmaf(a.lanes[i], b.lanes[i], sum.lanes[i]);
    }
    return sum;
}

static struct wide rounded_sum(struct wide a, struct wide b, struct wide sum)
{
    for (int i = 0; i < 16; i++) {
        sum.lanes[i] += a.lanes[i] * b.lanes[i];
    }
    return sum;
}

#define TARGET
#define VECTOR struct wide
#define WIDTH 16
#define ZERO broadcast(0.0f)
#define LOAD(p) load(p)
#define STORE(p, v) memcpy((p), &(v), sizeof(v))
#define BROADCAST(p) broadcast(*(p))
#define FUSED(a, b, sum) fused_sum((a), (b), (sum))
#define ROUNDED(a, b, sum) rounded_sum((a), (b), (sum))
#define ROWS 12
#define GROUP_ROWS 4
#define PANELS 2
#define SPECIALIZED
#define UNROLLED

#include "product/product_tile.h"

const struct ql_product_form product_wide = {tile_fused, tile_rounded, ROWS, PANELS};
