// Convolution in one or two dimensions. Uses: stddef.h.
#ifndef QL_DEVICE_CONVOLVE_H
#define QL_DEVICE_CONVOLVE_H

#include <stddef.h>

// y = x * w + bias over images of two dimensions; a signal of one dimension is an image one row high. Elements outside
// the image are 0. Each sum begins with the bias and runs over channels, rows and columns in rising order.
// Source: ONNX's Conv.
//
//   y      (B, G M, out[0], out[1])  M outputs in each of G groups
//   x      (B, G C, in[0], in[1])    C inputs in each group
//   w      (G M, C, kernel[0], kernel[1])
//   bias   (G M) or NULL
//   sizes  in, out, kernel: two each
//   steps  stride, dilation, rows and columns of zeros before the image: two each
static inline void ql_conv_f32(float *restrict y, const float *restrict x, const float *restrict w,
                               const float *restrict bias, int B, int G, int C, int M, const int *sizes,
                               const int *steps)
{
    const int *in = sizes, *out = sizes + 2, *kernel = sizes + 4;
    const int *stride = steps, *dilation = steps + 2, *pad = steps + 4;

    for (int b = 0; b < B; b++) {
        for (int m = 0; m < G * M; m++) {
            const float *image = x + ((ptrdiff_t)b * G + m / M) * C * in[0] * in[1];
            const float *weights = w + (ptrdiff_t)m * C * kernel[0] * kernel[1];
            for (int place = 0; place < out[0] * out[1]; place++) {
                const int top = place / out[1] * stride[0] - pad[0];
                const int left = place % out[1] * stride[1] - pad[1];
                float sum = bias == NULL ? 0.0f : bias[m];
                for (int k = 0; k < C * kernel[0] * kernel[1]; k++) {
                    const int row = top + k / kernel[1] % kernel[0] * dilation[0];
                    const int column = left + k % kernel[1] * dilation[1];
                    if (row >= 0 && row < in[0] && column >= 0 && column < in[1]) {
                        const int c = k / (kernel[0] * kernel[1]);
                        sum += image[((ptrdiff_t)c * in[0] + row) * in[1] + column] * weights[k];
                    }
                }
                *y++ = sum;
            }
        }
    }
}

#endif
