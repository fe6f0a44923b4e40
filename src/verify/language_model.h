// A language model on a runner: a token in, the logits of the next one out, the state kept in between.
// Uses: base, device/sampler.h, onnx/{descriptor,model_roles}, verify/runner.
#ifndef QL_VERIFY_LANGUAGE_MODEL_H
#define QL_VERIFY_LANGUAGE_MODEL_H

#include <stdint.h>

#include "base/status.h"
#include "device/sampler.h"
#include "onnx/descriptor.h"
#include "onnx/model_roles.h"
#include "verify/runner.h"

struct ql_language_model {
    const struct ql_descriptor *descriptor; // not owned
    struct ql_model_roles roles;
    struct ql_runner *runner; // not owned
    int V;                    // symbols of the vocabulary
    int first_token;          // that comes before a text: the newline, or 0 where there is none
    const float *logits;      // (V) of the last step
    float *weights;           // (V) scratch of the sampler
    uint16_t *candidates;     // (V) scratch of the sampler
    struct ql_arena arena;
};

// Takes a runner that computes one token per run. Zeroes the state.
// Errors: QL_ERROR_INPUT when the graph is no language model of the descriptor's vocabulary, or keeps no state.
enum ql_status ql_language_model_init(struct ql_language_model *model, struct ql_runner *runner,
                                      const struct ql_program *program, const struct ql_descriptor *descriptor,
                                      struct ql_error *error);
void ql_language_model_free(struct ql_language_model *model);

// Zero state: where a text begins.
void ql_language_model_reset(struct ql_language_model *model);

// The first half of a step: writes token and state into the inputs of the runner.
void ql_language_model_load(struct ql_language_model *model, int token);

// Takes one token (0 to V - 1). The logits of the next stand in model->logits until the next step.
enum ql_status ql_language_model_step(struct ql_language_model *model, int token, struct ql_error *error);

// Takes `*token` and draws the one after it, which is none of the barred (device/sampler.h; NULL: any). Errors: those of the runner; QL_ERROR_NUMERIC for logits that are not
// finite.
enum ql_status ql_language_model_next(struct ql_language_model *model, int *token, struct ql_sampler *sampler,
                                      const uint32_t *barred, struct ql_error *error);

#endif
