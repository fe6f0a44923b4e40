// Rotary positions (Su et al. 2021, arXiv:2104.09864): a head's values i and i + size/2 are rotated by the position
// times the pair's frequency, base^(-2 i / size), so that the product of a query and a key depends on how far apart
// they are.
// Angles are whole numbers: one turn is 2^32, a pair's step is the frequency in these units, rounded, and a position's
// angle is position times step modulo 2^32. So every machine rotates by the same angles, and positions may grow without
// limit.
// Uses: device/trigonometry.h, stdint.h.
#ifndef QL_DEVICE_ROTARY_H
#define QL_DEVICE_ROTARY_H

#include <stdint.h>

#include "device/trigonometry.h"

// Radians in 2^-32 of a turn.
#define QL_ROTARY_UNIT 1.46291808e-9f

// Write the cosines and sines of a position's angles.
//
//   cosine, sine  (pairs)
//   position      (1)
//   steps         (pairs)  in 2^-32 of a turn
static inline void ql_rotary_angles_f32(float *restrict cosine, float *restrict sine, const int64_t *position,
                                        const uint32_t *steps, int pairs)
{
    for (int i = 0; i < pairs; i++) {
        const uint32_t turn = (uint32_t)position[0] * steps[i];
        // From -1/2 to 1/2 turn, so that few bits are lost in the conversion to float.
        const float part = turn >> 31 != 0 ? -(float)(0u - turn) : (float)turn;
        const float angle = part * QL_ROTARY_UNIT;
        cosine[i] = ql_cosine_f32(angle);
        sine[i] = ql_sine_f32(angle);
    }
}

// Rotate heads of 2 * pairs values. y may be x.
//
//   y, x          (heads, 2 pairs)
//   cosine, sine  (pairs)
static inline void ql_rotary_turn_f32(float *y, const float *x, const float *restrict cosine,
                                      const float *restrict sine, int heads, int pairs)
{
    for (int h = 0; h < heads; h++, x += 2 * pairs, y += 2 * pairs) {
        for (int i = 0; i < pairs; i++) {
            const float a = x[i], b = x[pairs + i];
            y[i] = a * cosine[i] - b * sine[i];
            y[pairs + i] = b * cosine[i] + a * sine[i];
        }
    }
}

#endif
