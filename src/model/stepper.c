// A model that reads or writes one text: see stepper.h.
#include "model/stepper.h"

#include <stddef.h>
#include <string.h>

#include "device/gru.h"
#include "device/lstm.h"
#include "device/rnn.h"

const struct ql_chain *ql_stepper_chain(const struct ql_stepper *stepper)
{
    return stepper->shared != NULL ? stepper->shared : &stepper->own;
}

static enum ql_status take_memory(struct ql_stepper *stepper, struct ql_error *error)
{
    const struct ql_chain *chain = ql_stepper_chain(stepper);
    const size_t V = (size_t)chain->V;
    struct ql_arena *arena = &stepper->arena;

    stepper->state = ql_arena_take(arena, chain->layout.bytes, 1);
    stepper->gates = ql_arena_take(arena, 6 * (size_t)ql_chain_width(chain), sizeof stepper->gates[0]);
    stepper->logits = ql_arena_take(arena, V, sizeof stepper->logits[0]);
    stepper->weights = ql_arena_take(arena, V, sizeof stepper->weights[0]);
    stepper->candidates = ql_arena_take(arena, V, sizeof stepper->candidates[0]);
    if (arena->exhausted) {
        ql_stepper_free(stepper);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to run the model");
    }
    return QL_OK;
}

enum ql_status ql_stepper_open(struct ql_stepper *stepper, const struct ql_chain *chain, struct ql_error *error)
{
    *stepper = (struct ql_stepper){.shared = chain};
    return take_memory(stepper, error);
}

enum ql_status ql_stepper_init(struct ql_stepper *stepper, const struct ql_model *model,
                               const struct ql_model_info *info, struct ql_error *error)
{
    *stepper = (struct ql_stepper){0};
    const enum ql_status status = ql_chain_init(&stepper->own, model, info, error);
    return status == QL_OK ? take_memory(stepper, error) : status;
}

void ql_stepper_free(struct ql_stepper *stepper)
{
    ql_chain_free(&stepper->own);
    ql_arena_free(&stepper->arena);
    *stepper = (struct ql_stepper){0};
}

float *ql_stepper_part(const struct ql_stepper *stepper, int l, int k)
{
    const struct ql_state_part *part = ql_state_layout_find(&ql_stepper_chain(stepper)->layout, l) + k;
    return (float *)(void *)(stepper->state + part->offset);
}

void ql_stepper_reset(struct ql_stepper *stepper)
{
    memset(stepper->state, 0, ql_stepper_chain(stepper)->layout.bytes);
}

// From the layer's input, or from the token in the first layer, to the new state.
static void step_recurrent(struct ql_stepper *stepper, const struct ql_chain_layer *layer, int l, const float *x,
                           int token)
{
    const struct ql_recurrent_weights *weights = &layer->recurrent;
    const int H = layer->H, GH = ql_cell_gates(weights->cell) * H;
    float *gates = stepper->gates, *h = ql_stepper_part(stepper, l, 0);

    if (weights->table != NULL) {
        memcpy(gates, weights->table + (ptrdiff_t)token * GH, (size_t)GH * sizeof *gates);
    } else {
        memcpy(gates, weights->bias_ih, (size_t)GH * sizeof *gates);
        ql_matvec_f32(gates, x, weights->w_ih, layer->I, GH);
    }
    switch (weights->cell) {
    case QL_CELL_LSTM:
        ql_lstm_update_f32(h, ql_stepper_part(stepper, l, 1), gates, weights->w_hh, H);
        break;
    case QL_CELL_GRU:
        ql_gru_update_f32(h, gates + GH, gates, weights->w_hh, weights->bias_hh, H);
        break;
    case QL_CELL_RNN:
        ql_rnn_update_f32(h, gates, weights->w_hh, H);
        break;
    }
}

void ql_stepper_step(struct ql_stepper *stepper, int token)
{
    const struct ql_chain *chain = ql_stepper_chain(stepper);
    const size_t logits_bytes = (size_t)chain->V * sizeof stepper->logits[0];
    const float *x = chain->embedding + (ptrdiff_t)token * chain->layers[0].I;

    if (ql_text_rules_reset_at(&chain->rules, token)) {
        ql_stepper_reset(stepper);
    }
    for (int l = 0; l < chain->L; l++) {
        const struct ql_chain_layer *layer = &chain->layers[l];
        switch (layer->kind) {
        case QL_LAYER_RECURRENT:
            step_recurrent(stepper, layer, l, x, token);
            x = ql_stepper_part(stepper, l, 0);
            break;
        }
    }
    if (chain->bias_last) {
        memset(stepper->logits, 0, logits_bytes);
    } else {
        memcpy(stepper->logits, chain->output_bias, logits_bytes);
    }
    ql_matvec_f32(stepper->logits, x, chain->output_weight, chain->layers[chain->L - 1].H, chain->V);
    for (int v = 0; chain->bias_last && v < chain->V; v++) {
        stepper->logits[v] += chain->output_bias[v];
    }
}

int ql_stepper_next(struct ql_stepper *stepper, int token, struct ql_sampler *sampler, const uint32_t *barred)
{
    ql_stepper_step(stepper, token);
    return ql_sampler_step_f32(sampler, stepper->logits, barred, stepper->weights, stepper->candidates,
                               ql_stepper_chain(stepper)->V);
}
