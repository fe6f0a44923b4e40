// One window of a decoder as the trainer and the reference see it, so that both can compute the same and be compared.
// Parameters are rounded to float for both sides; the reference gets the dropout mask that the trainer draws.
// Uses: reference/decoder_reference, model, train.
#ifndef DECODER_CASE_H
#define DECODER_CASE_H

#include <stdbool.h>

#include "base/status.h"
#include "model/model.h"
#include "reference/decoder_reference.h"
#include "train/trainer.h"

struct decoder_setup {
    int V, E, L, heads, kv_heads, feed, T, B;
    bool dropout, padding, smoothing; // smoothing also has dropout before the output
    uint32_t seed;
    enum ql_weight_format weights; // the model is trained for
};

struct decoder_case {
    struct decoder_setup setup;
    struct ref_decoder_dims dims;
    struct ref_decoder_window window; // points to the arrays below
    struct ql_model model;
    struct ql_trainer trainer;
    struct ql_batch batch; // points to the arrays below
    int32_t *tokens, *targets;
    uint16_t *inputs, *outputs;
    float *weights;
    double *weight, *mask, *output_mask;
    double *parameters, *gradient, *logits; // of the reference, filled by decoder_case_backward
    double *output;                         // (V, E) the output's matrix where the model is rounded
    double loss;
};

enum { DECODER_CASE_NAME_BYTES = 128 };

// "V7-E12-L2-heads3-kv1-F5-T7-B17-dropout-padding-smoothing"
void decoder_case_write_name(char name[DECODER_CASE_NAME_BYTES], const struct decoder_setup *setup);

// Free it in either case.
enum ql_status decoder_case_init(struct decoder_case *test_case, const struct decoder_setup *setup, int threads,
                                 struct ql_error *error);
void decoder_case_free(struct decoder_case *test_case);

// Forward and backward on both sides. `loss` is the trainer's; its gradient is in trainer.gradients[0].
enum ql_status decoder_case_backward(struct decoder_case *test_case, double *loss, struct ql_error *error);

#endif
