// Rotary positions in integers: the angles and the rotation of rotary.h.
// Sine and cosine come from one table of a quarter turn, with linear interpolation, so positions have no limit and a
// model needs no table of its own.
// Uses: device/integer_row.h, device/kernel_code.h, stdint.h.
#ifndef QL_DEVICE_ROTARY_S16_H
#define QL_DEVICE_ROTARY_S16_H

#include <stdint.h>

#include "device/integer_row.h"
#include "device/kernel_code.h"

enum { QL_SINE_BITS = 14 }; // of a sine: 1 is 16384

// round(2^14 sin(k / 128 of a quarter turn)) for k from 0 to 128, and the last value once more, so that the end of the
// quarter has a neighbor. A test computes the table again.
static const int16_t ql_sine_table[130] = {
    // clang-format off
    0, 201, 402, 603, 804, 1005, 1205, 1406, 1606, 1806, 2006, 2205, 2404, 2603, 2801, 2999, 3196, 3393, 3590, 3786,
    3981, 4176, 4370, 4563, 4756, 4948, 5139, 5330, 5520, 5708, 5897, 6084, 6270, 6455, 6639, 6823, 7005, 7186, 7366,
    7545, 7723, 7900, 8076, 8250, 8423, 8595, 8765, 8935, 9102, 9269, 9434, 9598, 9760, 9921, 10080, 10238, 10394,
    10549, 10702, 10853, 11003, 11151, 11297, 11442, 11585, 11727, 11866, 12004, 12140, 12274, 12406, 12537, 12665,
    12792, 12916, 13039, 13160, 13279, 13395, 13510, 13623, 13733, 13842, 13949, 14053, 14155, 14256, 14354, 14449,
    14543, 14635, 14724, 14811, 14896, 14978, 15059, 15137, 15213, 15286, 15357, 15426, 15493, 15557, 15619, 15679,
    15736, 15791, 15843, 15893, 15941, 15986, 16029, 16069, 16107, 16143, 16176, 16207, 16235, 16261, 16284, 16305,
    16324, 16340, 16353, 16364, 16373, 16379, 16383, 16384, 16384,
    // clang-format on
};

// The sine of an angle in 2^-32 of a turn, in units of 2^-14. The error is below 1.35 units: 0.31 from the
// interpolation, which deviates by at most (pi / 256)^2 / 8, the rest from rounding twice.
static inline int32_t ql_sine_s16(uint32_t turn)
{
    const uint32_t part = turn & 0x3fffffff;
    const uint32_t place = (turn >> 30 & 1) != 0 ? 0x40000000 - part : part; // in the quarter: 0 to 2^30
    const int16_t *entry = &ql_sine_table[place >> 23];
    const int32_t sine = entry[0] + ql_integer_round((entry[1] - entry[0]) * (int32_t)(place >> 8 & 32767), 15);

    return turn >> 31 != 0 ? -sine : sine;
}

// Write the cosines and sines of a position's angles, which are position times step modulo 2^32.
//
//   cosine, sine  (pairs)  in units of 2^-14
//   place         (3)      the position is the first number: see attention_s8.h
//   steps         (pairs)  in 2^-32 of a turn
static QL_KERNEL_CODE void ql_rotary_angles_s16(int16_t *cosine, int16_t *sine, const int32_t *place,
                                                const uint32_t *steps, int pairs)
{
    for (int i = 0; i < pairs; i++) {
        const uint32_t turn = (uint32_t)place[0] * steps[i];
        cosine[i] = (int16_t)ql_sine_s16(turn + 0x40000000);
        sine[i] = (int16_t)ql_sine_s16(turn);
    }
}

// Rotate heads of 2 * pairs values, in place. Values saturate at +-32767 before and after.
//
//   x             (heads, 2 pairs)
//   cosine, sine  (pairs)  in units of 2^-14
//
// Range: |a cosine -+ b sine| <= 2 * 32767 * 2^14 < 2^30, before half a unit is added.
static QL_KERNEL_CODE void ql_rotary_turn_s16(int32_t *x, const int16_t *cosine, const int16_t *sine, int heads,
                                              int pairs)
{
    for (int h = 0; h < heads; h++, x += 2 * pairs) {
        for (int i = 0; i < pairs; i++) {
            const int32_t a = ql_integer_clamp(x[i], QL_INTEGER_LIMIT);
            const int32_t b = ql_integer_clamp(x[pairs + i], QL_INTEGER_LIMIT);
            const int32_t turned_a = ql_integer_round(a * cosine[i] - b * sine[i], QL_SINE_BITS);
            const int32_t turned_b = ql_integer_round(b * cosine[i] + a * sine[i], QL_SINE_BITS);

            x[i] = ql_integer_clamp(turned_a, QL_INTEGER_LIMIT);
            x[pairs + i] = ql_integer_clamp(turned_b, QL_INTEGER_LIMIT);
        }
    }
}

#endif
