// The parts of an integer decoder layer other than its products, norms, and attention: the embedding of a token, the
// residual addition after each half of a layer, and the gate of the feed-forward half.
// The same on every machine; no result can overflow, whatever weights and state are. The caller owns all memory.
// Uses: device/gate_s16.h, device/integer_row.h, device/kernel_code.h, device/rms_norm_s8.h, device/tanh_s16.h,
// stddef.h, stdint.h.
#ifndef QL_DEVICE_DECODER_S8_H
#define QL_DEVICE_DECODER_S8_H

#include <stddef.h>
#include <stdint.h>

#include "device/gate_s16.h"
#include "device/integer_row.h"
#include "device/kernel_code.h"
#include "device/rms_norm_s8.h"
#include "device/tanh_s16.h"

// Set the residual stream to the token's embedding.
//
//   x      (E)     in units of 2^-12, within +-2^24; written
//   token  (1)     the number of the row
//   table  (V, E)  in [-127, 127]
//   rows   (V)     one for each token
static QL_KERNEL_CODE void ql_embed_s32(int32_t *x, const int32_t *token, const int8_t *table,
                                        const struct ql_integer_row *rows, struct ql_integer_scale scale, int E)
{
    const int8_t *const row = table + (ptrdiff_t)token[0] * E;

    for (int k = 0; k < E; k++) {
        x[k] = ql_integer_clamp(ql_integer_row_value(row[k], &rows[token[0]], scale), QL_RESIDUAL_LIMIT);
    }
}

// Add the values of rows to the residual stream.
//
//   x     (E)  in units of 2^-12, saturated at +-2^24; read, then overwritten
//   sums  (E)
//   rows  (E)  their values, likewise in units of 2^-12, are below 2^30 by the proof of the row
static QL_KERNEL_CODE void ql_residual_add_s32(int32_t *x, const int32_t *sums, const struct ql_integer_row *rows,
                                               struct ql_integer_scale scale, int E)
{
    for (int k = 0; k < E; k++) {
        x[k] = ql_integer_clamp(x[k] + ql_integer_row_value(sums[k], &rows[k], scale), QL_RESIDUAL_LIMIT);
    }
}

// y = silu(gate) up, silu(x) = x sigmoid(x): the gated half of a feed-forward layer (Shazeer 2020, arXiv:2002.05202).
//
//   y     (F)   in units of 2^(shift - 10) of those of up; saturates at +-127
//   sums  (2F)  of gate, then of up
//   rows  (2F)  the values of gate are in units of 2^-10, and saturate at +-32 (32767)
//   shift       0 to 24
//
// sigmoid(x) = (1 + tanh(x / 2)) / 2. Ranges: gate sigmoid <= 2^15 * 2^15, and silu up <= 2^15 * 2^15, before half a
// unit of at most 2^23 is added.
static QL_KERNEL_CODE void ql_swiglu_s8(int8_t *y, const int32_t *sums, const struct ql_integer_row *rows,
                                        struct ql_integer_scale scale, int shift, int F)
{
    for (int k = 0; k < F; k++) {
        const int32_t gate = ql_integer_clamp(ql_integer_row_value(sums[k], &rows[k], scale), QL_INTEGER_LIMIT);
        const int32_t value = ql_integer_row_value(sums[F + k], &rows[F + k], scale);
        const int32_t up = ql_integer_clamp(value, QL_INTEGER_LIMIT);
        const int32_t sigmoid = ql_gate_sigmoid_s16(ql_tanh_s16(ql_integer_round(gate, 1)));
        const int32_t silu = ql_integer_round(gate * sigmoid, 15);

        y[k] = (int8_t)ql_integer_clamp(ql_integer_round(silu * up, shift), 127);
    }
}

#endif
