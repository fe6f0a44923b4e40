// Matrix times vector: the operation in which a recurrent model spends its time.
// The order of every sum is fixed, so that all machines agree to the last bit. Compile with -ffp-contract=off.
// Uses: stddef.h.
#ifndef QL_DEVICE_MATVEC_H
#define QL_DEVICE_MATVEC_H

#include <stddef.h>

// Inputs that go into the sums in one pass over the outputs.
enum { QL_MATVEC_INPUTS = 8 };

// y[m] = ((y[m] + x[0] w[0][m]) + x[1] w[1][m]) + ...
//
//   y  (M)     holds the bias or an earlier sum on entry
//   x  (N)     must not overlap y
//   w  (N, M)  the row of input n holds its weight for every output
//
// Each y[m] is summed over the inputs in order; every product and every sum is rounded by itself. The outputs are
// independent of one another, so a compiler may vectorize over m without changing a bit. Eight inputs at a time stay in
// registers while their rows stream by, so y is loaded and stored once for eight products, even on a chip with few
// registers.
static inline void ql_matvec_f32(float *restrict y, const float *restrict x, const float *restrict w, int N, int M)
{
    const int whole = N - N % QL_MATVEC_INPUTS;

    for (int n = 0; n < whole; n += QL_MATVEC_INPUTS) {
        const float *w0 = w + (ptrdiff_t)n * M, *w1 = w0 + M, *w2 = w1 + M, *w3 = w2 + M;
        const float *w4 = w3 + M, *w5 = w4 + M, *w6 = w5 + M, *w7 = w6 + M;
        const float x0 = x[n], x1 = x[n + 1], x2 = x[n + 2], x3 = x[n + 3];
        const float x4 = x[n + 4], x5 = x[n + 5], x6 = x[n + 6], x7 = x[n + 7];

        for (int m = 0; m < M; m++) {
            float sum = y[m];
            sum += x0 * w0[m];
            sum += x1 * w1[m];
            sum += x2 * w2[m];
            sum += x3 * w3[m];
            sum += x4 * w4[m];
            sum += x5 * w5[m];
            sum += x6 * w6[m];
            sum += x7 * w7[m];
            y[m] = sum;
        }
    }
    for (int n = whole; n < N; n++) {
        const float xn = x[n];
        const float *row = w + (ptrdiff_t)n * M;
        for (int m = 0; m < M; m++) {
            y[m] += xn * row[m];
        }
    }
}

#endif
