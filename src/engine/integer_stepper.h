// A text of a model in integers: one token in, integer logits out. The host's engine runs the model's program, whose
// calls are those that generated C has.
// Uses: base, device, engine/engine, quantize.
#ifndef QL_ENGINE_INTEGER_STEPPER_H
#define QL_ENGINE_INTEGER_STEPPER_H

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "device/sampler_s32.h"
#include "engine/engine.h"
#include "quantize/integer_program.h"

// The model must outlive the stepper, which owns the rest.
struct ql_integer_stepper {
    const struct ql_integer_model *model;
    struct ql_integer_program form; // its program is in the engine
    struct ql_engine engine;
    struct ql_arena arena;
    unsigned char *state; // in the layout of the model
    int32_t *logits;      // (V) of the last step, in units of 2^-10
    uint32_t *weights;    // (V) scratch of the sampler
    uint16_t *candidates; // (V) scratch of the sampler
    int32_t *token;       // (1)
    const void **inputs;  // of the program
    void **outputs;
};

// Begins with a state of zeros. Errors: QL_ERROR_SYSTEM.
enum ql_status ql_integer_stepper_init(struct ql_integer_stepper *stepper, const struct ql_integer_model *model,
                                       const struct ql_integer_product *product, struct ql_error *error);
void ql_integer_stepper_free(struct ql_integer_stepper *stepper);

// Sets the state to zeros, as at the beginning of a text.
void ql_integer_stepper_reset(struct ql_integer_stepper *stepper);

// Takes one token (0 to V - 1), before which the state is reset where the model says so.
void ql_integer_stepper_step(struct ql_integer_stepper *stepper, int token);

// Takes `token` and draws the one after it; -1 when all are blocked.
int ql_integer_stepper_next(struct ql_integer_stepper *stepper, int token, struct ql_sampler_s32 *sampler,
                            const uint32_t *blocked);

// Returns a sampler with these settings in its integers, and no seed yet.
struct ql_sampler_s32 ql_integer_sampler(float temperature, float top_p, int top_k);

#endif
