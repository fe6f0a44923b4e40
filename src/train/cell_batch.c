// The element-wise half of the recurrent cells: see cell_batch.h. One loop per row, whose elements are independent, so
// the compiler can vectorize it to any width.
// Uses: base/vectors.
#include "train/cell_batch.h"

#include "base/vectors.h"
#include "device/activation.h"

// sum (width) += the rows of (S, width), one after another.
static inline void batch_add_rows(float *restrict sum, const float *restrict rows, int S, int width)
{
    for (int s = 0; s < S; s++) {
        for (int k = 0; k < width; k++) {
            sum[k] += rows[(long)s * width + k];
        }
    }
}

QL_VECTORIZED(, void, ql_lstm_batch_forward,
              (float *restrict h, float *restrict c, float *restrict tanh_c, float *restrict gates,
               const float *restrict c_before, const float *restrict bias_ih, const float *restrict bias_hh, int S,
               int H),
              (h, c, tanh_c, gates, c_before, bias_ih, bias_hh, S, H))
{
    for (int s = 0; s < S; s++) {
        float *restrict row = gates + 4L * s * H;
        for (int k = 0; k < H; k++) {
            float i = ql_sigmoid_f32(row[k] + (bias_ih[k] + bias_hh[k]));
            float f = ql_sigmoid_f32(row[H + k] + (bias_ih[H + k] + bias_hh[H + k]));
            float g = ql_tanh_f32(row[2 * H + k] + (bias_ih[2 * H + k] + bias_hh[2 * H + k]));
            float o = ql_sigmoid_f32(row[3 * H + k] + (bias_ih[3 * H + k] + bias_hh[3 * H + k]));
            float cell = f * c_before[s * H + k] + i * g;
            float tanh_cell = ql_tanh_f32(cell);
            row[k] = i;
            row[H + k] = f;
            row[2 * H + k] = g;
            row[3 * H + k] = o;
            c[s * H + k] = cell;
            tanh_c[s * H + k] = tanh_cell;
            h[s * H + k] = o * tanh_cell;
        }
    }
}

QL_VECTORIZED(, void, ql_lstm_batch_backward,
              (float *restrict gates, float *restrict dc, float *restrict dbias, const float *restrict dh,
               const float *restrict tanh_c, const float *restrict c_before, int S, int H),
              (gates, dc, dbias, dh, tanh_c, c_before, S, H))
{
    for (int s = 0; s < S; s++) {
        float *restrict row = gates + 4L * s * H;
        for (int k = 0; k < H; k++) {
            float i = row[k];
            float f = row[H + k];
            float g = row[2 * H + k];
            float o = row[3 * H + k];
            float tanh_cell = tanh_c[s * H + k];
            float dh_k = dh[s * H + k];
            float dcell = dc[s * H + k] + dh_k * o * (1.0f - tanh_cell * tanh_cell);
            float di = dcell * g * i * (1.0f - i);
            float df = dcell * c_before[s * H + k] * f * (1.0f - f);
            float dg = dcell * i * (1.0f - g * g);
            float d_o = dh_k * tanh_cell * o * (1.0f - o);
            dc[s * H + k] = dcell * f;
            row[k] = di;
            row[H + k] = df;
            row[2 * H + k] = dg;
            row[3 * H + k] = d_o;
        }
    }
    batch_add_rows(dbias, gates, S, 4 * H);
}

QL_VECTORIZED(, void, ql_gru_batch_forward,
              (float *restrict h, float *restrict gates, float *restrict n_from_h, const float *restrict from_h,
               const float *restrict h_before, const float *restrict bias_ih, const float *restrict bias_hh, int S,
               int H),
              (h, gates, n_from_h, from_h, h_before, bias_ih, bias_hh, S, H))
{
    for (int s = 0; s < S; s++) {
        float *restrict row = gates + 3L * s * H;
        const float *restrict back = from_h + 3L * s * H;
        for (int k = 0; k < H; k++) {
            float r = ql_sigmoid_f32(row[k] + bias_ih[k] + (back[k] + bias_hh[k]));
            float z = ql_sigmoid_f32(row[H + k] + bias_ih[H + k] + (back[H + k] + bias_hh[H + k]));
            float recurrent = back[2 * H + k] + bias_hh[2 * H + k];
            float n = ql_tanh_f32(row[2 * H + k] + bias_ih[2 * H + k] + r * recurrent);
            row[k] = r;
            row[H + k] = z;
            row[2 * H + k] = n;
            n_from_h[s * H + k] = recurrent;
            h[s * H + k] = (1.0f - z) * n + z * h_before[s * H + k];
        }
    }
}

QL_VECTORIZED(, void, ql_gru_batch_backward,
              (float *restrict gates, float *restrict dfrom_h, float *restrict dh_before, float *restrict dbias_ih,
               float *restrict dbias_hh, const float *restrict dh, const float *restrict n_from_h,
               const float *restrict h_before, int S, int H),
              (gates, dfrom_h, dh_before, dbias_ih, dbias_hh, dh, n_from_h, h_before, S, H))
{
    for (int s = 0; s < S; s++) {
        float *restrict row = gates + 3L * s * H;
        float *restrict back = dfrom_h + 3L * s * H;
        for (int k = 0; k < H; k++) {
            float r = row[k];
            float z = row[H + k];
            float n = row[2 * H + k];
            float dh_k = dh[s * H + k];
            float dn = dh_k * (1.0f - z) * (1.0f - n * n);
            float dz = dh_k * (h_before[s * H + k] - n) * z * (1.0f - z);
            float dr = dn * n_from_h[s * H + k] * r * (1.0f - r);
            float dn_back = dn * r;
            dh_before[s * H + k] = dh_k * z;
            row[k] = dr;
            row[H + k] = dz;
            row[2 * H + k] = dn;
            back[k] = dr;
            back[H + k] = dz;
            back[2 * H + k] = dn_back;
        }
    }
    batch_add_rows(dbias_ih, gates, S, 3 * H);
    batch_add_rows(dbias_hh, dfrom_h, S, 3 * H);
}

QL_VECTORIZED(, void, ql_rnn_batch_forward,
              (float *restrict h, float *restrict gates, const float *restrict bias_ih, const float *restrict bias_hh,
               int S, int H),
              (h, gates, bias_ih, bias_hh, S, H))
{
    for (int s = 0; s < S; s++) {
        for (int k = 0; k < H; k++) {
            float value = ql_tanh_f32(gates[s * H + k] + (bias_ih[k] + bias_hh[k]));
            gates[s * H + k] = value;
            h[s * H + k] = value;
        }
    }
}

QL_VECTORIZED(, void, ql_rnn_batch_backward,
              (float *restrict gates, float *restrict dbias, const float *restrict dh, int S, int H),
              (gates, dbias, dh, S, H))
{
    for (int s = 0; s < S; s++) {
        for (int k = 0; k < H; k++) {
            float h = gates[s * H + k];
            float dsum = dh[s * H + k] * (1.0f - h * h);
            gates[s * H + k] = dsum;
        }
    }
    batch_add_rows(dbias, gates, S, H);
}

QL_VECTORIZED(, void, ql_state_batch_round, (float *rounded, const float *h, int S, int H), (rounded, h, S, H))
{
    const float levels = 127.0f;
    const float step = 1.0f / levels;
    const float whole = 12582912.0f; // 1.5 * 2^23: adding it rounds to a whole number. NaN stays NaN, unlike in an int

    for (long k = 0; k < (long)S * H; k++) {
        rounded[k] = step * (h[k] * levels + whole - whole);
    }
}
