// One step of one plain recurrent layer in integers, from the sums of its matrix on: the formula of rnn.h.
// The same on every machine; no result can overflow, whatever weights and state are. The caller owns all memory.
// Uses: device/integer_row.h, device/tanh_s16.h.
#ifndef QL_DEVICE_RNN_S8_H
#define QL_DEVICE_RNN_S8_H

#include "device/integer_row.h"
#include "device/tanh_s16.h"

//   h = tanh(.)
//
//   h     (H)  in units of 1 / 127; written
//   sums  (H)
//   rows  (H)
static inline void ql_rnn_update_s8(int8_t *h, const int32_t *sums, const struct ql_integer_row *rows,
                                    struct ql_integer_scale scale, int H)
{
    for (int k = 0; k < H; k++) {
        h[k] = ql_integer_state_s8(ql_tanh_s16(ql_integer_row_value(sums[k], &rows[k], scale)));
    }
}

#endif
