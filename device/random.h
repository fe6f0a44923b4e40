// Random numbers: xoshiro128** by David Blackman and Sebastiano Vigna, which needs 32-bit operations only.
// The same seed gives the same numbers on every machine; docs/sampling.md has the definition and test values.
// Uses: stdint.h.
#ifndef QL_DEVICE_RANDOM_H
#define QL_DEVICE_RANDOM_H

#include <stdint.h>

struct ql_random {
    uint32_t state[4]; // not all zero; ql_random_init ensures this
};

static inline uint32_t ql_random_rotate(uint32_t value, int bits)
{
    return (value << bits) | (value >> (32 - bits));
}

// The finalizer of MurmurHash3 (Austin Appleby): a bijection in which every input bit moves every output bit.
static inline uint32_t ql_random_mix(uint32_t value)
{
    value ^= value >> 16;
    value *= 0x85ebca6bu;
    value ^= value >> 13;
    value *= 0xc2b2ae35u;
    value ^= value >> 16;
    return value;
}

// Any seed is good. The four words are mixed from four different numbers, so at most one of them is 0.
static inline void ql_random_init(struct ql_random *random, uint32_t seed)
{
    for (uint32_t k = 0; k < 4; k++) {
        random->state[k] = ql_random_mix(seed + (k + 1) * 0x9e3779b9u); // 2^32 / golden ratio
    }
}

// Derive the seed of one of many texts from one seed. Different numbers give different seeds, because mixing is a
// bijection.
static inline uint32_t ql_random_derive(uint32_t seed, uint32_t number)
{
    return ql_random_mix(seed ^ ql_random_mix(number + 0x9e3779b9u));
}

// The next number, uniform over all 32-bit values.
static inline uint32_t ql_random_step(struct ql_random *random)
{
    uint32_t *s = random->state;
    uint32_t result = ql_random_rotate(s[1] * 5, 7) * 9;
    uint32_t shifted = s[1] << 9;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = ql_random_rotate(s[3], 11);
    return result;
}

// The next number in [0, 1): the upper 24 bits, exact in float.
static inline float ql_random_step_f32(struct ql_random *random)
{
    return (float)(ql_random_step(random) >> 8) * (1.0f / 16777216.0f);
}

#endif
