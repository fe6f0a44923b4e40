// AdamW: see optimizer.h.
// Uses: base/vectors, device/elementary.h.
#include "train/optimizer.h"

#include <math.h>

#include "base/vectors.h"
#include "device/elementary.h"

// As in PyTorch, whose beta2 is 0.999 unless told otherwise.
static const double beta1 = 0.9;
static const float epsilon = 1e-8f;

struct ql_adamw ql_adamw_init(uint64_t step, double learning_rate, double weight_decay, double beta2,
                              double gradient_norm, double max_norm)
{
    double scale = max_norm > 0.0 ? max_norm / (gradient_norm + 1e-6) : 1.0; // as in PyTorch's clip_grad_norm_

    return (struct ql_adamw){
        .variance_keep = (float)beta2,
        .variance_rate = (float)(1.0 - beta2),
        .gradient_scale = (float)(scale < 1.0 ? scale : 1.0),
        .decay = (float)(1.0 - learning_rate * weight_decay),
        .step_size = (float)(learning_rate / (1.0 - ql_pow_f64(beta1, (double)step))),
        .root_correction = (float)sqrt(1.0 - ql_pow_f64(beta2, (double)step)),
    };
}

QL_VECTORIZED(, void, ql_adamw_step,
              (const struct ql_adamw *adamw, float *restrict parameters, float *restrict mean, float *restrict variance,
               const float *restrict gradient, size_t count),
              (adamw, parameters, mean, variance, gradient, count))
{
    const struct ql_adamw a = *adamw;
    const float mean_rate = (float)(1.0 - beta1);

    for (size_t k = 0; k < count; k++) {
        float g = gradient[k] * a.gradient_scale;
        float m = (float)beta1 * mean[k] + mean_rate * g;
        float v = a.variance_keep * variance[k] + a.variance_rate * (g * g);
        mean[k] = m;
        variance[k] = v;
        parameters[k] = parameters[k] * a.decay - a.step_size * m / (sqrtf(v) / a.root_correction + epsilon);
    }
}
