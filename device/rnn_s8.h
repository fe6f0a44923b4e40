// One step of one plain recurrent layer in integers, from the sums of its matrix on: the formula of rnn.h.
// The same on every machine; no result can overflow, whatever weights and state are. The caller owns all memory.
// Uses: device/gate_s16.h, device/integer_row.h, device/kernel_code.h.
#ifndef QL_DEVICE_RNN_S8_H
#define QL_DEVICE_RNN_S8_H

#include "device/gate_s16.h"
#include "device/integer_row.h"
#include "device/kernel_code.h"

//   h = tanh(.)
//
//   h     (H)  in units of 1 / 127; written
//   sums  (H)
//   rows  (H)
static QL_KERNEL_CODE void ql_rnn_update_s8(int8_t *h, int32_t *sums, const struct ql_integer_row *rows,
                                            struct ql_integer_scale scale, int H)
{
    ql_gate_tanh_s16(sums, rows, scale, H);
    for (int k = 0; k < H; k++) {
        h[k] = ql_integer_state_s8(sums[k]);
    }
}

#endif
