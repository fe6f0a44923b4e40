// A model that writes: one token in, logits out, by the kernels of device/, one text at a time.
// Bit for bit what the generated C computes. (Training has batched forms of its own, in train/.)
// Uses: base, device, model/model.
#ifndef QL_MODEL_STEPPER_H
#define QL_MODEL_STEPPER_H

#include "base/arena.h"
#include "base/status.h"
#include "device/sampler.h"
#include "model/model.h"
#include "model/state_layout.h"

// The parameters in the kernels' layout (input-major), the state, and scratch memory. Owns all of it; the model may be
// freed or changed after the init.
struct ql_stepper {
    struct ql_dimensions dimensions;
    struct ql_text_rules rules;
    struct ql_state_layout layout; // of the state
    unsigned char *state;          // all of it
    struct ql_arena arena;
    float *embedding; // (V, E)
    struct ql_stepper_layer {
        float *w_ih;              // (I, GH)
        float *w_hh;              // (H, GH)
        float *bias_ih, *bias_hh; // (GH); for LSTM and RNN bias_ih holds the sum of both
        float *h, *c;             // (H) in the state; c of the LSTM only
    } layers[QL_MODEL_LAYER_LIMIT];
    float *output_weight; // (H, V)
    float *output_bias;   // (V)
    float *gates;         // (6H) scratch
    float *logits;        // (V)
    uint32_t *weights;    // (V) scratch of the sampler
    uint16_t *candidates; // (V) scratch of the sampler
};

// Copies the parameters. Errors: QL_ERROR_SYSTEM for no memory.
enum ql_status ql_stepper_init(struct ql_stepper *stepper, const struct ql_model *model,
                               const struct ql_model_info *info, struct ql_error *error);
void ql_stepper_free(struct ql_stepper *stepper);

// Zero state: where a text begins.
void ql_stepper_reset(struct ql_stepper *stepper);

// Takes one token (0 to V - 1); the logits of the next stand in stepper->logits afterwards.
void ql_stepper_step(struct ql_stepper *stepper, int token);

// Takes `token` and draws the one after it, which is none of the barred (device/sampler.h; NULL: any); -1 when the logits
// are not finite. Begin a text with the newline's token.
int ql_stepper_next(struct ql_stepper *stepper, int token, struct ql_sampler *sampler, const uint32_t *barred);

#endif
