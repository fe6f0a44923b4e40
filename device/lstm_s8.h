// One step of one LSTM layer in integers, from the sums of its matrix on: the formulas of lstm.h.
// The same on every machine; no result can overflow, whatever weights and state are. The caller owns all memory.
// Uses: device/gate_s16.h, device/integer_row.h, device/kernel_code.h, device/lstm_s8_m0.h, device/tanh_s16.h,
// device/weight_source.h.
#ifndef QL_DEVICE_LSTM_S8_H
#define QL_DEVICE_LSTM_S8_H

#include "device/gate_s16.h"
#include "device/integer_row.h"
#include "device/kernel_code.h"
#include "device/lstm_s8_m0.h"
#include "device/tanh_s16.h"
#include "device/weight_source.h"

struct ql_lstm_job_s8 {
    int8_t *h;
    int16_t *c;
    int32_t *sums;
    const struct ql_integer_row *rows;
    struct ql_integer_scale scale;
    int cell_bits, H;
};

// Compute the units from `first` to `end` from the gates' activations.
#if defined(QL_LSTM_M0)
static inline void ql_lstm_cells_s8(const struct ql_lstm_job_s8 *job, int first, int end)
{
    if (first < end) {
        ql_lstm_m0_units(job->h, job->c, job->sums, job->cell_bits, job->H, first, end);
    }
}
#else
static inline void ql_lstm_cells_s8(const struct ql_lstm_job_s8 *job, int first, int end)
{
    const int cell_bits = job->cell_bits, H = job->H;
    const int32_t *const sums = job->sums;
    int16_t *const c = job->c;
    int8_t *const h = job->h;

    for (int k = first; k < end; k++) {
        const int32_t i = ql_gate_sigmoid_s16(sums[k]);
        const int32_t f = ql_gate_sigmoid_s16(sums[H + k]);
        const int32_t g = sums[2 * H + k];
        const int32_t o = ql_gate_sigmoid_s16(sums[3 * H + k]);
        const int32_t cell =
            ql_integer_clamp(ql_integer_round(f * c[k] + ((i * g) >> cell_bits), 15), QL_INTEGER_LIMIT);
        const int32_t reach = ql_tanh_s16(ql_integer_round(cell * (1 << cell_bits), 15 - QL_INTEGER_UNIT_BITS));

        c[k] = (int16_t)cell;
        h[k] = ql_integer_state_s8(ql_integer_round(o * reach, 15));
    }
}
#endif

// The units from `first` to `end`.
static QL_KERNEL_CODE void ql_lstm_units_s8(const void *work, int first, int end)
{
    const struct ql_lstm_job_s8 *job = (const struct ql_lstm_job_s8 *)work;

    for (int gate = first; gate < 4 * job->H; gate += job->H) {
        ql_gate_tanh_s16(job->sums + gate, job->rows + gate, job->scale, end - first);
    }
    ql_lstm_cells_s8(job, first, end);
}

//   i = sigmoid(.)   f, o likewise   g = tanh(.)   c = f c + i g   h = o tanh(c)
//
//   h     (H)   in units of 1 / 127; written
//   c     (H)   in units of 2^(cell_bits - 15), saturated to [-32767, 32767]; read, then overwritten
//   sums  (4H)  gates i, f, g, o, each of H; overwritten
//   rows  (4H)  those of i, f and o hold half the value: see ql_gate_sigmoid_s16
//   cell_bits   0 to 10: c reaches to 2^cell_bits
//
// Ranges: f c <= 2^15 * 32767 and i g likewise, so f c + i g + 2^14 <= 2^31 - 49152. i g is truncated, not rounded,
// where it is finer than f c: the loss is below 2^-15 of a unit of c. c 2^cell_bits <= 2^25.
static QL_KERNEL_CODE void ql_lstm_update_s8(int8_t *h, int16_t *c, int32_t *sums, const struct ql_integer_row *rows,
                                             struct ql_integer_scale scale, int cell_bits, int H)
{
    const struct ql_lstm_job_s8 job = {h, c, sums, rows, scale, cell_bits, H};

    ql_weight_units(ql_lstm_units_s8, &job, H);
}

#endif
