// The model as the integer engine will have it: each row of weights is rounded to small integers times a scale, by the
// same function as in quantize/, and held in float. The network computes with it, forward and backward; its gradients
// then move the exact parameters (quantization-aware training: Jacob et al. 2018, arXiv:1712.05877; the gradient passes
// the rounding as if it were not there: the straight-through estimator of Bengio et al. 2013, arXiv:1308.3432).
// docs/quantization.md says what a row is, and which tensor has which format. The first recurrent layer's input is a
// table with a value for every symbol and gate, rounded too. A decoder's embedding is rounded twice: as what tokens
// are, and as the output's matrix. Biases and the gains of norms are not rounded.
// Uses: base/arena, model, product.
#ifndef QL_TRAIN_ROUNDED_MODEL_H
#define QL_TRAIN_ROUNDED_MODEL_H

#include "base/arena.h"
#include "model/model.h"
#include "model/row_quantizer.h"
#include "model/weight_format.h"
#include "product/matrix_product.h"

struct ql_rounded_model {
    const struct ql_model *exact; // the caller's
    struct ql_model model;        // a recurrent one's embedding and weight_ih_l0 stay 0: they are in the input table
    struct ql_row_format format;  // of the layers' weights
    int8_t *q;                    // the integers, in the order of the model's block; then those of a decoder's output
    // of recurrent layers
    float *input_table;                // (V, GH) rounded
    float *exact_inputs;               // (GH, V) the input table before it is rounded, transposed
    struct ql_packed_matrix embedding; // (E, V)
    int8_t *input_q;                   // (GH, V)
    // of a decoder
    float *output; // (V, E) rounded; the model's output_weight points here
    float *units;  // (L, A + F) the unit of each number that attention gives, and of each that the gate gives
    float *ones;   // (E) the factors of columns without a unit or gain
};

// `weights` is not QL_WEIGHTS_F32. Takes memory from the arena (check `exhausted` afterwards), and for the model.
// Errors: QL_ERROR_SYSTEM.
enum ql_status ql_rounded_model_init(struct ql_rounded_model *rounded, const struct ql_model *exact,
                                     enum ql_weight_format weights, struct ql_arena *arena, struct ql_error *error);
void ql_rounded_model_free(struct ql_rounded_model *rounded);

// Sets the units of what layer `l` of a decoder reads from its attention and from its gate: they are a column's share in a
// row's rounding, and 1 before. They follow from the largest |value| that each of the heads of values has had (kv_heads), and
// from the largest size of each number after the gate (F).
void ql_rounded_model_set_units(struct ql_rounded_model *rounded, int l, const float *value_ranges,
                                const float *product_ranges);

// Bring it up to date with the exact model: first the one, then the tasks, each independent of the others, from 0 to
// ql_rounded_model_reset_tasks - 1. A row with a value that is not finite becomes NaN.
void ql_rounded_model_reset_inputs(struct ql_rounded_model *rounded);
int ql_rounded_model_reset_tasks(const struct ql_rounded_model *rounded);
void ql_rounded_model_reset_rows(struct ql_rounded_model *rounded, int task);

#endif
