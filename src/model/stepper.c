// A model that writes: see stepper.h.
#include "model/stepper.h"

#include <stddef.h>
#include <string.h>

#include "device/gru.h"
#include "device/lstm.h"
#include "device/rnn.h"

static float *take(struct ql_arena *arena, int rows, int columns)
{
    return ql_arena_take(arena, (size_t)rows, (size_t)columns * sizeof(float));
}

// (rows, columns) to (columns, rows)
static void transpose(float *to, const float *from, int rows, int columns)
{
    for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
            to[(ptrdiff_t)column * rows + row] = from[(ptrdiff_t)row * columns + column];
        }
    }
}

enum ql_status ql_stepper_init(struct ql_stepper *stepper, const struct ql_model *model,
                               const struct ql_model_info *info, struct ql_error *error)
{
    const struct ql_dimensions d = model->dimensions;
    const int GH = ql_cell_gates(d.cell) * d.H;

    *stepper = (struct ql_stepper){.dimensions = d, .rules = ql_model_info_text_rules(info)};
    ql_architecture_state_layout(&stepper->layout, &d);
    struct ql_arena *arena = &stepper->arena;
    stepper->embedding = take(arena, d.V, d.E);
    stepper->output_weight = take(arena, d.H, d.V);
    stepper->output_bias = take(arena, d.V, 1);
    stepper->gates = take(arena, 6, d.H);
    stepper->logits = take(arena, d.V, 1);
    stepper->weights = ql_arena_take(arena, (size_t)d.V, sizeof stepper->weights[0]);
    stepper->candidates = ql_arena_take(arena, (size_t)d.V, sizeof stepper->candidates[0]);
    for (int l = 0; l < d.L; l++) {
        struct ql_stepper_layer *layer = &stepper->layers[l];
        layer->w_ih = take(arena, l == 0 ? d.E : d.H, GH);
        layer->w_hh = take(arena, d.H, GH);
        layer->bias_ih = take(arena, GH, 1);
        layer->bias_hh = take(arena, GH, 1);
    }
    stepper->state = ql_arena_take(arena, stepper->layout.bytes, 1);
    if (arena->exhausted) {
        ql_stepper_free(stepper);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the model");
    }

    memcpy(stepper->embedding, model->embedding, (size_t)d.V * (size_t)d.E * sizeof(float));
    memcpy(stepper->output_bias, model->output_bias, (size_t)d.V * sizeof(float));
    transpose(stepper->output_weight, model->output_weight, d.V, d.H);
    for (int l = 0; l < d.L; l++) {
        struct ql_stepper_layer *layer = &stepper->layers[l];
        const struct ql_recurrent_layer *from = &model->layers[l].recurrent;
        const struct ql_state_part *part = ql_state_layout_find(&stepper->layout, l);
        layer->h = (float *)(stepper->state + part[0].offset);
        layer->c = d.cell == QL_CELL_LSTM ? (float *)(stepper->state + part[1].offset) : NULL;
        transpose(layer->w_ih, from->weight_ih, GH, l == 0 ? d.E : d.H);
        transpose(layer->w_hh, from->weight_hh, GH, d.H);
        for (int k = 0; k < GH; k++) {
            layer->bias_ih[k] = d.cell == QL_CELL_GRU ? from->bias_ih[k] : from->bias_ih[k] + from->bias_hh[k];
            layer->bias_hh[k] = from->bias_hh[k];
        }
    }
    return QL_OK;
}

void ql_stepper_free(struct ql_stepper *stepper)
{
    ql_arena_free(&stepper->arena);
    *stepper = (struct ql_stepper){0};
}

void ql_stepper_reset(struct ql_stepper *stepper)
{
    memset(stepper->state, 0, stepper->layout.bytes);
}

void ql_stepper_step(struct ql_stepper *stepper, int token)
{
    const struct ql_dimensions d = stepper->dimensions;
    const float *x = stepper->embedding + (ptrdiff_t)token * d.E;
    int I = d.E;

    if (ql_text_rules_reset_at(&stepper->rules, token)) {
        ql_stepper_reset(stepper);
    }
    for (int l = 0; l < d.L; l++) {
        struct ql_stepper_layer *layer = &stepper->layers[l];
        switch (d.cell) {
        case QL_CELL_LSTM: {
            const struct ql_lstm_weights weights = {layer->w_ih, layer->w_hh, layer->bias_ih};
            ql_lstm_step_f32(layer->h, layer->c, stepper->gates, x, &weights, I, d.H);
            break;
        }
        case QL_CELL_GRU: {
            const struct ql_gru_weights weights = {layer->w_ih, layer->w_hh, layer->bias_ih, layer->bias_hh};
            ql_gru_step_f32(layer->h, stepper->gates, x, &weights, I, d.H);
            break;
        }
        case QL_CELL_RNN: {
            const struct ql_rnn_weights weights = {layer->w_ih, layer->w_hh, layer->bias_ih};
            ql_rnn_step_f32(layer->h, stepper->gates, x, &weights, I, d.H);
            break;
        }
        }
        x = layer->h;
        I = d.H;
    }
    memcpy(stepper->logits, stepper->output_bias, (size_t)d.V * sizeof(float));
    ql_matvec_f32(stepper->logits, x, stepper->output_weight, d.H, d.V);
}

int ql_stepper_next(struct ql_stepper *stepper, int token, struct ql_sampler *sampler, const uint32_t *barred)
{
    ql_stepper_step(stepper, token);
    return ql_sampler_step_f32(sampler, stepper->logits, barred, stepper->weights, stepper->candidates,
                               stepper->dimensions.V);
}
