// Powers of 1/2 in integers, for the weights of the sampler and of attention.
// Uses: device/kernel_code.h, stdint.h.
#ifndef QL_DEVICE_SAMPLER_POWER_H
#define QL_DEVICE_SAMPLER_POWER_H

#include <stdint.h>

#include "device/kernel_code.h"

enum { QL_SAMPLER_HALVINGS = 17 }; // 2^-17 of the greatest weight rounds to 0

// round(2^16 2^(-k / 64)); a test computes it again.
static QL_KERNEL_DATA const uint32_t ql_sampler_power_table[65] = {
    // clang-format off
    65536, 64830, 64132, 63441, 62757, 62081, 61413, 60751, 60097, 59449, 58809, 58176, 57549, 56929, 56316, 55709,
    55109, 54515, 53928, 53347, 52773, 52204, 51642, 51085, 50535, 49991, 49452, 48920, 48393, 47871, 47356, 46846,
    46341, 45842, 45348, 44859, 44376, 43898, 43425, 42958, 42495, 42037, 41584, 41136, 40693, 40255, 39821, 39392,
    38968, 38548, 38133, 37722, 37316, 36914, 36516, 36123, 35734, 35349, 34968, 34591, 34219, 33850, 33486, 33125,
    32768,
    // clang-format on
};

// 2^16 2^(-x / 2^27), by linear interpolation between the entries. x is at most 17 * 2^27. Error below 3: 0.96 from the
// interpolation, 0.7 from the bits of x that are cut, the rest from rounding.
static inline uint32_t ql_sampler_power(uint32_t x)
{
    const uint32_t halvings = x >> 27;
    const uint32_t *entry = &ql_sampler_power_table[x >> 21 & 63];
    const uint32_t part = x >> 11 & 1023;
    const uint32_t power = entry[0] - (((entry[0] - entry[1]) * part + 512) >> 10);
    return (power + ((1u << halvings) >> 1)) >> halvings;
}

#endif
