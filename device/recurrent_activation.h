// The activations that ONNX names for its recurrent operators, each with its two parameters, used or not.
// Formulas: ONNX operator specification, LSTM. Uses: device/activation.h, device/elementary.h.
#ifndef QL_DEVICE_RECURRENT_ACTIVATION_H
#define QL_DEVICE_RECURRENT_ACTIVATION_H

#include "device/activation.h"
#include "device/elementary.h"

static inline float ql_recurrent_relu_f32(float x, float alpha, float beta)
{
    (void)alpha;
    (void)beta;
    return x < 0.0f ? 0.0f : x;
}

static inline float ql_recurrent_tanh_f32(float x, float alpha, float beta)
{
    (void)alpha;
    (void)beta;
    return ql_tanh_f32(x);
}

static inline float ql_recurrent_sigmoid_f32(float x, float alpha, float beta)
{
    (void)alpha;
    (void)beta;
    return ql_sigmoid_f32(x);
}

static inline float ql_recurrent_affine_f32(float x, float alpha, float beta)
{
    return alpha * x + beta;
}

static inline float ql_recurrent_leaky_relu_f32(float x, float alpha, float beta)
{
    (void)beta;
    return x < 0.0f ? alpha * x : x;
}

static inline float ql_recurrent_thresholded_relu_f32(float x, float alpha, float beta)
{
    (void)beta;
    return x < alpha ? 0.0f : x;
}

static inline float ql_recurrent_scaled_tanh_f32(float x, float alpha, float beta)
{
    return alpha * ql_tanh_f32(beta * x);
}

static inline float ql_recurrent_hard_sigmoid_f32(float x, float alpha, float beta)
{
    float y = alpha * x + beta;
    y = y < 0.0f ? 0.0f : y;
    return y > 1.0f ? 1.0f : y;
}

// alpha (e^x - 1) below 0. In double, whose 29 additional bits make up for what the difference loses near 0.
static inline float ql_recurrent_elu_f32(float x, float alpha, float beta)
{
    (void)beta;
    return x < 0.0f ? alpha * (float)(ql_exponential_f64((double)x) - 1.0) : x;
}

static inline float ql_recurrent_softsign_f32(float x, float alpha, float beta)
{
    (void)alpha;
    (void)beta;
    return x / (1.0f + (x < 0.0f ? -x : x));
}

// log(1 + e^x), as x + log(1 + e^-x) above 0, where e^x would overflow.
static inline float ql_recurrent_softplus_f32(float x, float alpha, float beta)
{
    (void)alpha;
    (void)beta;
    return x > 0.0f ? (float)((double)x + ql_log_f64(1.0 + ql_exponential_f64(-(double)x)))
                    : (float)ql_log_f64(1.0 + ql_exponential_f64((double)x));
}

#endif
