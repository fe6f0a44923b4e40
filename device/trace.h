// A fingerprint of results, to compare with those of another machine without keeping them all.
// FNV-1a (Fowler, Noll and Vo), 32 bits, over whole words instead of bytes. Uses: stdint.h, string.h.
#ifndef QL_DEVICE_TRACE_H
#define QL_DEVICE_TRACE_H

#include <stdint.h>
#include <string.h>

static inline uint32_t ql_trace_hash_f32(const float *values, int count)
{
    uint32_t hash = 2166136261u;

    for (int k = 0; k < count; k++) {
        uint32_t bits;
        memcpy(&bits, &values[k], sizeof bits);
        hash = (hash ^ bits) * 16777619u;
    }
    return hash;
}

static inline uint32_t ql_trace_hash_s32(const int32_t *values, int count)
{
    uint32_t hash = 2166136261u;

    for (int k = 0; k < count; k++) {
        hash = (hash ^ (uint32_t)values[k]) * 16777619u;
    }
    return hash;
}

#endif
