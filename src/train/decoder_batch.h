// The element-wise parts of a decoder layer over the rows of a window, forward and backward. The matrix products around
// them are the layer's, attention is in attention_batch.h. Formulas as in device/{normalize,rotary,attention}.h; the
// gradients are derived step by step in reference/.
// Uses: device/activation.h.
#ifndef QL_TRAIN_DECODER_BATCH_H
#define QL_TRAIN_DECODER_BATCH_H

#include <stdbool.h>

// Every array is (rows, width), row-major. Nothing overlaps, except where a comment says so.

// y = x inverse gain with inverse = 1 / sqrt(mean of squares + epsilon) of each row, which backward needs (rows).
void ql_norm_batch_forward(float *y, float *inverse, const float *x, const float *gain, float epsilon, int rows,
                           int width);

// The same y from the inverse.
void ql_norm_batch_repeat(float *y, const float *inverse, const float *x, const float *gain, int rows, int width);

// From dy to the gradient of x, which is added to dx where `add` is true and otherwise written; dx may be dy then.
// dgain (width) is added to, row after row.
void ql_norm_batch_backward(float *dx, float *dgain, const float *dy, const float *inverse, const float *x,
                            const float *gain, bool add, int rows, int width);

// y = (gate sigmoid(gate)) up
void ql_swiglu_batch_forward(float *y, const float *gate, const float *up, int rows, int width);

// Overwrites gate and up by their gradients.
void ql_swiglu_batch_backward(float *gate, float *up, const float *dy, int rows, int width);

// Turns the heads of S rows, all at the position whose cosine and sine these are (pairs), in place; backward turns back.
void ql_rotary_batch_forward(float *x, const float *cosine, const float *sine, int S, int heads, int pairs);
void ql_rotary_batch_backward(float *x, const float *cosine, const float *sine, int S, int heads, int pairs);

// x += y
void ql_batch_add(float *x, const float *y, int rows, int width);

#endif
