// The ranges in a model for a typical text: see calibration.h.
// Uses: base, model/{chain,stepper}.
#include "quantize/calibration.h"

#include <math.h>

#include "model/stepper.h"

static void observe(struct ql_calibration *calibration, const struct ql_stepper *stepper)
{
    const struct ql_chain *chain = ql_stepper_chain(stepper);

    for (int l = 0; l < chain->L; l++) {
        const struct ql_chain_layer *layer = &chain->layers[l];
        if (layer->kind != QL_LAYER_RECURRENT || layer->recurrent.cell != QL_CELL_LSTM) {
            continue;
        }
        const float *c = ql_stepper_part(stepper, l, 1);
        for (int k = 0; k < layer->H; k++) {
            calibration->cell_magnitude[l] = fmaxf(calibration->cell_magnitude[l], fabsf(c[k]));
        }
    }
}

static enum ql_status init_ranges(struct ql_calibration *calibration, const struct ql_chain *chain,
                                  struct ql_error *error)
{
    const struct ql_decoder_weights *first = &chain->layers[0].decoder;

    for (int l = 0; chain->layers[0].kind == QL_LAYER_DECODER && l <= chain->L; l++) {
        ql_decoder_ranges_init(&calibration->decoder[l], first->heads, first->kv_heads, first->feed,
                               &calibration->arena);
    }
    return calibration->arena.exhausted ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to calibrate")
                                        : QL_OK;
}

enum ql_status ql_calibration_init(struct ql_calibration *calibration, const struct ql_chain *chain,
                                   const uint16_t *tokens, size_t count, struct ql_error *error)
{
    struct ql_stepper stepper;
    struct ql_sampler sampler = {.temperature = 1.0f, .top_p = 1.0f};
    int token = chain->rules.first_token;

    *calibration = (struct ql_calibration){0};
    if (tokens != NULL && count == 0) {
        return ql_error_write(error, QL_ERROR_INPUT, "the calibration text is empty");
    }
    enum ql_status status = init_ranges(calibration, chain, error);
    if (status != QL_OK || (status = ql_stepper_open(&stepper, chain, error)) != QL_OK) {
        return status;
    }
    stepper.ranges = chain->layers[0].kind == QL_LAYER_DECODER ? calibration->decoder : NULL;
    ql_random_init(&sampler.random, 0);
    for (size_t t = 0; t < (tokens != NULL ? count : QL_CALIBRATION_TOKENS) && status == QL_OK; t++) {
        const int drawn = ql_stepper_next(&stepper, token, &sampler, NULL);
        observe(calibration, &stepper);
        if (drawn < 0) {
            status = ql_error_write(error, QL_ERROR_NUMERIC,
                                    "the model's output is not a finite number after %zu tokens, so it has no integer "
                                    "form",
                                    t + 1);
        }
        token = tokens != NULL ? tokens[t] : drawn;
    }
    for (int l = 0; stepper.ranges != NULL && l < chain->L; l++) {
        ql_decoder_ranges_raise(calibration->decoder[l].product, chain->layers[l].decoder.feed);
    }
    ql_stepper_free(&stepper);
    return status;
}

void ql_calibration_free(struct ql_calibration *calibration)
{
    ql_arena_free(&calibration->arena);
    *calibration = (struct ql_calibration){0};
}
