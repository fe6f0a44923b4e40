// How much two arrays of floats differ: see difference.h.
// Uses: the C library.
#include "verify/difference.h"

#include <math.h>
#include <string.h>

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// The position of a float among all floats in ascending order; both zeros have the same one.
static int64_t rank_of(float value)
{
    const uint32_t bits = bits_of(value);
    const int64_t magnitude = bits & 0x7fffffffu;
    return bits >> 31 != 0 ? -magnitude : magnitude;
}

void ql_difference_step(struct ql_difference *difference, const float *left, const float *right, size_t count)
{
    double scale = 1.0, largest = 0.0;

    for (size_t i = 0; i < count; i++) {
        const float a = left[i], b = right[i];
        double absolute = 0.0;
        uint32_t ulp = 0;

        if (bits_of(a) != bits_of(b) && !(isnan(a) && isnan(b))) {
            difference->unequal++;
            if (isfinite(a) && isfinite(b)) {
                const int64_t distance = rank_of(a) - rank_of(b);
                absolute = fabs((double)a - (double)b);
                ulp = (uint32_t)(distance < 0 ? -distance : distance);
            } else {
                absolute = INFINITY;
                ulp = UINT32_MAX;
            }
        }
        scale = fabs((double)a) > scale ? fabs((double)a) : scale;
        largest = absolute > largest ? absolute : largest;
        if (absolute > difference->absolute || (difference->count == 0 && i == 0)) {
            difference->absolute = absolute;
            difference->worst = difference->count + i;
            difference->left = a;
            difference->right = b;
        }
        difference->ulp = ulp > difference->ulp ? ulp : difference->ulp;
    }
    // If `left` is infinite, so is the scale, which is then useless.
    const double relative = isinf(largest) || isinf(scale) ? largest : largest / scale;
    difference->relative = relative > difference->relative ? relative : difference->relative;
    difference->count += count;
}
