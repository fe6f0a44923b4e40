// Matrix times vector: the operation in which a recurrent model spends its time.
// The order of every sum is fixed, so that all machines agree to the last bit. Compile with -ffp-contract=off.
// Uses: nothing.
#ifndef QL_DEVICE_MATVEC_H
#define QL_DEVICE_MATVEC_H

// Outputs that are kept in registers together: 32 floats are 8 SSE, 4 AVX2 or 2 AVX-512 registers.
enum { QL_MATVEC_TILE = 32 };

// y[m] = ((y[m] + x[0] w[0][m]) + x[1] w[1][m]) + ...
//
//   y  (M)     holds the bias or a former sum on entry
//   x  (N)     must not overlap y
//   w  (N, M)  the row of input n holds its weight for every output
//
// Each y[m] is summed over the inputs in their order, product and sum rounded one by one. The outputs are independent
// of one another, so a compiler may vectorise over m without changing a bit.
static inline void ql_matvec_f32(float *restrict y, const float *restrict x, const float *restrict w, int N, int M)
{
    int m = 0;

    for (; m + QL_MATVEC_TILE <= M; m += QL_MATVEC_TILE) {
        float sum[QL_MATVEC_TILE];
        for (int k = 0; k < QL_MATVEC_TILE; k++) {
            sum[k] = y[m + k];
        }
        for (int n = 0; n < N; n++) {
            const float *row = w + (long)n * M + m;
            for (int k = 0; k < QL_MATVEC_TILE; k++) {
                sum[k] += x[n] * row[k];
            }
        }
        for (int k = 0; k < QL_MATVEC_TILE; k++) {
            y[m + k] = sum[k];
        }
    }
    for (; m < M; m++) {
        float sum = y[m];
        for (int n = 0; n < N; n++) {
            sum += x[n] * w[(long)n * M + m];
        }
        y[m] = sum;
    }
}

#endif
