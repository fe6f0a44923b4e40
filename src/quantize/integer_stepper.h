// The integer engine of the host: one token in, integer logits out, by the kernels of device/. Its plain form is the
// definition; products of matrices by other means plug in and must give the same sums.
// Uses: base, device, quantize/integer_model.h.
#ifndef QL_QUANTIZE_INTEGER_STEPPER_H
#define QL_QUANTIZE_INTEGER_STEPPER_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "device/sampler_s32.h"
#include "quantize/integer_model.h"

// A way to multiply.
struct ql_integer_product {
    const char *name; // "plain", "AVX2"
    // Lays a matrix out in memory of the arena, from its weights or its words; what it returns is given to `multiply`.
    // It may return a pointer into the matrix, which stays valid. NULL when memory is out.
    const void *(*pack)(const struct ql_integer_matrix *matrix, struct ql_arena *arena);
    // y[r] += sum over c of weights(r, c) x[c]; y (rows), x (columns) in [-127, 127].
    void (*multiply)(int32_t *y, const void *packed, const int8_t *x);
    // The same for B vectors: x of stream b begins at x + b * x_stride, its y at y + b * y_stride.
    void (*multiply_batch)(int32_t *y, ptrdiff_t y_stride, const void *packed, const int8_t *x, ptrdiff_t x_stride,
                           int B);
};

// The kernels of device/ on the packed words.
extern const struct ql_integer_product ql_integer_product_plain;

// The model must outlive the stepper, which owns the rest.
struct ql_integer_stepper {
    const struct ql_integer_model *model;
    const struct ql_integer_product *product;
    struct ql_arena arena;
    const void *packed[QL_MODEL_LAYER_LIMIT][QL_INTEGER_MATRIX_LIMIT];
    const void *packed_output;
    int8_t *h;            // (h_count) of all layers, one after another
    int16_t *state;       // (h_count) c of the LSTM; h of the GRU, finer; unused by the RNN
    int32_t *sums;        // (sum_count) scratch
    int32_t *logits;      // (V) of the last step, in units of 2^-10
    uint32_t *weights;    // (V) scratch of the sampler
    uint16_t *candidates; // (V) scratch of the sampler
};

// Zero state. Errors: QL_ERROR_SYSTEM.
enum ql_status ql_integer_stepper_init(struct ql_integer_stepper *stepper, const struct ql_integer_model *model,
                                       const struct ql_integer_product *product, struct ql_error *error);
void ql_integer_stepper_free(struct ql_integer_stepper *stepper);

void ql_integer_stepper_reset(struct ql_integer_stepper *stepper);

// Takes one token (0 to V - 1), before which the state is reset where the model says so.
void ql_integer_stepper_step(struct ql_integer_stepper *stepper, int token);

// Takes `token` and draws the one after it; -1 when all are barred.
int ql_integer_stepper_next(struct ql_integer_stepper *stepper, int token, struct ql_sampler_s32 *sampler,
                            const uint32_t *barred);

// A sampler with these settings in its integers, and no seed yet.
struct ql_sampler_s32 ql_integer_sampler(float temperature, float top_p, int top_k);

#endif
