// Runs a model over one text: takes a token and returns the logits of the next one, by the kernels of device/. The
// results are those of the generated C, bit for bit. (Training has batched forms of its own, in train/.)
// Uses: base, device, model/{chain,decoder_ranges}.
#ifndef QL_MODEL_STEPPER_H
#define QL_MODEL_STEPPER_H

#include "base/arena.h"
#include "base/status.h"
#include "device/sampler.h"
#include "model/chain.h"
#include "model/decoder_ranges.h"

// Scratch memory of a decoder's layers; NULLs where there are none.
struct ql_decoder_scratch {
    float *x;             // (E) what the layers hand on
    float *normed;        // (E)
    float *query;         // (A)
    float *attended;      // (A)
    float *scores;        // (context)
    float *gate, *up;     // (F)
    float *cosine, *sine; // (size / 2) of the position
};

// A text's state and scratch memory, with the chain that computes it.
struct ql_stepper {
    const struct ql_chain *shared; // of ql_stepper_open; otherwise NULL, and the stepper has its own
    struct ql_chain own;
    struct ql_arena arena;
    unsigned char *state; // in the layout of the chain
    float *gates;         // scratch of recurrent layers
    struct ql_decoder_scratch decoder;
    struct ql_decoder_ranges *ranges; // (L + 1) the caller's: of each layer of a decoder and, of the last, the norm
                                      // before the output; NULL, as at first: nothing is recorded
    float *logits;                    // (V)
    uint32_t *weights;                // (V) scratch of the sampler
    uint16_t *candidates;             // (V) scratch of the sampler
};

// Begins with a state of zeros, on a chain that must outlive the stepper. Errors: QL_ERROR_SYSTEM.
enum ql_status ql_stepper_open(struct ql_stepper *stepper, const struct ql_chain *chain, struct ql_error *error);

// The same on a chain of its own, made from a trained model, which may be freed or changed afterwards.
enum ql_status ql_stepper_init(struct ql_stepper *stepper, const struct ql_model *model,
                               const struct ql_model_info *info, struct ql_error *error);
void ql_stepper_free(struct ql_stepper *stepper);

// The chain on which the stepper runs.
const struct ql_chain *ql_stepper_chain(const struct ql_stepper *stepper);

// Part `k` of the state of layer `l`: h, and of an LSTM c; of a decoder the keys and the values.
float *ql_stepper_part(const struct ql_stepper *stepper, int l, int k);

// The number of tokens of the text so far, of a decoder.
int64_t *ql_stepper_position(const struct ql_stepper *stepper);

// Sets the state to zeros, as at the beginning of a text.
void ql_stepper_reset(struct ql_stepper *stepper);

// Takes one token (0 to V - 1), before which the state is reset where the rules say so; the logits of the next stand in
// stepper->logits afterwards.
void ql_stepper_step(struct ql_stepper *stepper, int token);

// Takes `token` and draws the one after it, which is none of the blocked (device/sampler.h; NULL: any); -1 when the
// logits are not finite. Begin a text with the rules' first token.
int ql_stepper_next(struct ql_stepper *stepper, int token, struct ql_sampler *sampler, const uint32_t *blocked);

#endif
