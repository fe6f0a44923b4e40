// Applies tanh to the rows of integer models. Most of the time of a gate is spent here.
// Uses: device/gate_s16_m0.h, device/integer_row.h, device/kernel_code.h, device/tanh_s16.h, stdint.h.
#ifndef QL_DEVICE_GATE_S16_H
#define QL_DEVICE_GATE_S16_H

#include <stdint.h>

#include "device/gate_s16_m0.h"
#include "device/integer_row.h"
#include "device/kernel_code.h"
#include "device/tanh_s16.h"

// sums[r] = tanh of the row's value, in units of 2^-15. gate_s16_m0.h has the same for Cortex-M0+.
//
//   sums  (count)  read, then overwritten
//   rows  (count)
#if !defined(QL_GATE_M0)
static inline void ql_gate_tanh_s16(int32_t *sums, const struct ql_integer_row *rows, struct ql_integer_scale scale,
                                    int count)
{
    for (int r = 0; r < count; r++) {
        sums[r] = ql_tanh_s16(ql_integer_row_value(sums[r], &rows[r], scale));
    }
}
#endif

// From tanh(x) to sigmoid(2 x) = (1 + tanh(x)) / 2: 1 to 32768. The value of a sigmoid gate's row is half the gate's
// input.
static QL_KERNEL_STEP int32_t ql_gate_sigmoid_s16(int32_t tanh)
{
    return ql_integer_round(tanh + QL_INTEGER_ONE, 1);
}

#endif
