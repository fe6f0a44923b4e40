// One step of one GRU layer in integers, from the sums of its matrices on: the formulas of gru.h.
// The same on every machine; no result can overflow, whatever weights and state are. The caller owns all memory.
// Uses: device/gate_s16.h, device/integer_row.h, device/kernel_code.h, device/tanh_s16.h,
// device/weight_source.h.
#ifndef QL_DEVICE_GRU_S8_H
#define QL_DEVICE_GRU_S8_H

#include "device/gate_s16.h"
#include "device/integer_row.h"
#include "device/kernel_code.h"
#include "device/tanh_s16.h"
#include "device/weight_source.h"

enum { QL_GRU_CANDIDATE_LIMIT = 65535 }; // 64 in units of 2^-10

struct ql_gru_job_s8 {
    int8_t *h;
    int16_t *state;
    int32_t *sums;
    const struct ql_integer_row *rows;
    struct ql_integer_scale scale;
    int H;
};

// The units from `first` to `end`.
static QL_KERNEL_CODE void ql_gru_units_s8(const void *work, int first, int end)
{
    const struct ql_gru_job_s8 *job = (const struct ql_gru_job_s8 *)work;
    const struct ql_integer_row *const rows = job->rows;
    const struct ql_integer_scale scale = job->scale;
    const int H = job->H;
    int32_t *const sums = job->sums;
    int16_t *const state = job->state;
    int8_t *const h = job->h;

    ql_gate_tanh_s16(sums + first, rows + first, scale, end - first);
    ql_gate_tanh_s16(sums + H + first, rows + H + first, scale, end - first);
    for (int k = first; k < end; k++) {
        const int32_t r = ql_gate_sigmoid_s16(sums[k]), z = ql_gate_sigmoid_s16(sums[H + k]);
        const int32_t n_x = ql_integer_row_value(sums[2 * H + k], &rows[2 * H + k], scale);
        const int32_t n_h = ql_integer_row_value(sums[3 * H + k], &rows[3 * H + k], scale);
        const int32_t n = ql_tanh_s16(n_x + ql_integer_round(r * ql_integer_clamp(n_h, QL_GRU_CANDIDATE_LIMIT), 15));
        const int32_t next = n + ql_integer_round(z * (state[k] - n), 15);

        state[k] = (int16_t)next;
        h[k] = ql_integer_state_s8(next);
    }
}

//   r = sigmoid(.)   z likewise   n = tanh(n_x + r n_h)   h = (1 - z) n + z h, computed as n + z (h - n)
//
//   h      (H)   in units of 1 / 127; written
//   state  (H)   the same in units of 2^-15, within [-32767, 32767]; read, then overwritten
//   sums   (4H)  r, z, then n's part from the input and n's part from h; overwritten
//   rows   (4H)  those of r and z hold half the value: see ql_gate_sigmoid_s16
//
// Ranges: n_h saturates at +-64, so r n_h + 2^14 <= 2^15 * 65535 + 2^14 < 2^31; |h - n| <= 65534, so z (h - n)
// likewise. n_x is at most 2^30 by the proof of its row, and its sum with r n_h needs 31 bits.
static QL_KERNEL_CODE void ql_gru_update_s8(int8_t *h, int16_t *state, int32_t *sums, const struct ql_integer_row *rows,
                                            struct ql_integer_scale scale, int H)
{
    const struct ql_gru_job_s8 job = {h, state, sums, rows, scale, H};

    ql_weight_units(ql_gru_units_s8, &job, H);
}

#endif
