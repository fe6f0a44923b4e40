// AdamW (Loshchilov and Hutter 2019) by PyTorch's formula, with the gradient clipped to a norm before.
// Uses: the C library only.
#ifndef QL_TRAIN_OPTIMIZER_H
#define QL_TRAIN_OPTIMIZER_H

#include <stddef.h>
#include <stdint.h>

// Constants of one step.
struct ql_adamw {
    float variance_keep;   // beta2
    float variance_rate;   // 1 - beta2
    float gradient_scale;  // from the clipping: 1 or less
    float decay;           // 1 - learning_rate weight_decay
    float step_size;       // learning_rate / (1 - beta1^step)
    float root_correction; // sqrt(1 - beta2^step)
};

// `step` counts from 1; beta2 is from 0 to below 1; the norm is that of the whole gradient. max_norm 0 means no clipping.
struct ql_adamw ql_adamw_init(uint64_t step, double learning_rate, double weight_decay, double beta2,
                              double gradient_norm, double max_norm);

// One step of `count` parameters, with their gradient and both moments:
//   p = p decay;  m = 0.9 m + 0.1 g;  v = beta2 v + (1 - beta2) g^2;  p = p - step_size m / (sqrt(v) / root + 1e-8)
void ql_adamw_step(const struct ql_adamw *adamw, float *parameters, float *mean, float *variance, const float *gradient,
                   size_t count);

#endif
