// A recurrent language model in float, and what a typical text makes of it: see float_model.h.
// Uses: base, device, model/model.h.
#include "quantize/float_model.h"

#include <math.h>
#include <string.h>

#include "device/gru.h"
#include "device/lstm.h"
#include "device/rnn.h"
#include "device/sampler.h"

void ql_float_model_free(struct ql_float_model *model)
{
    ql_arena_free(&model->arena);
    *model = (struct ql_float_model){0};
}

static float *take(struct ql_arena *arena, int count)
{
    return ql_arena_take(arena, (size_t)count, sizeof(float));
}

enum ql_status ql_float_reader_init(struct ql_float_reader *reader, const struct ql_float_model *model,
                                    struct ql_error *error)
{
    int largest = 0;

    *reader = (struct ql_float_reader){.model = model};
    for (int l = 0; l < model->L; l++) {
        const int H = model->layers[l].H;
        reader->h[l] = take(&reader->arena, H);
        reader->c[l] = take(&reader->arena, H);
        largest = H > largest ? H : largest;
    }
    reader->gates = take(&reader->arena, 6 * largest);
    reader->logits = take(&reader->arena, model->V);
    if (reader->arena.exhausted) {
        ql_float_reader_free(reader);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to run the model");
    }
    return QL_OK;
}

void ql_float_reader_free(struct ql_float_reader *reader)
{
    ql_arena_free(&reader->arena);
    *reader = (struct ql_float_reader){0};
}

// gates = what the input gives, with the bias
static void load_gates(struct ql_float_reader *reader, int l, int token)
{
    const struct ql_float_model *model = reader->model;
    const struct ql_float_layer *layer = &model->layers[l];
    const int columns = ql_cell_gates(model->cell) * layer->H;

    memcpy(reader->gates, layer->bias_ih, (size_t)columns * sizeof(float));
    if (l > 0) {
        ql_matvec_f32(reader->gates, reader->h[l - 1], layer->w_ih, layer->I, columns);
        return;
    }
    for (int k = 0; k < columns; k++) {
        reader->gates[k] += model->inputs[(ptrdiff_t)token * columns + k];
    }
}

void ql_float_reader_step(struct ql_float_reader *reader, int token)
{
    const struct ql_float_model *model = reader->model;

    if (ql_text_rules_reset_at(&model->rules, token)) {
        for (int l = 0; l < model->L; l++) {
            memset(reader->h[l], 0, (size_t)model->layers[l].H * sizeof(float));
            memset(reader->c[l], 0, (size_t)model->layers[l].H * sizeof(float));
        }
    }
    for (int l = 0; l < model->L; l++) {
        const struct ql_float_layer *layer = &model->layers[l];
        load_gates(reader, l, token);
        switch (model->cell) {
        case QL_CELL_LSTM:
            ql_lstm_update_f32(reader->h[l], reader->c[l], reader->gates, layer->w_hh, layer->H);
            break;
        case QL_CELL_GRU:
            ql_gru_update_f32(reader->h[l], reader->gates + 3 * layer->H, reader->gates, layer->w_hh, layer->bias_hh,
                              layer->H);
            break;
        case QL_CELL_RNN:
            ql_rnn_update_f32(reader->h[l], reader->gates, layer->w_hh, layer->H);
            break;
        }
    }
    memcpy(reader->logits, model->output_bias, (size_t)model->V * sizeof(float));
    ql_matvec_f32(reader->logits, reader->h[model->L - 1], model->output_weight, model->layers[model->L - 1].H,
                  model->V);
}

static void observe(struct ql_calibration *calibration, const struct ql_float_reader *reader)
{
    for (int l = 0; l < reader->model->L; l++) {
        for (int k = 0; k < reader->model->layers[l].H; k++) {
            calibration->cell_magnitude[l] = fmaxf(calibration->cell_magnitude[l], fabsf(reader->c[l][k]));
        }
    }
}

enum ql_status ql_calibration_init(struct ql_calibration *calibration, const struct ql_float_model *model,
                                   const uint16_t *tokens, size_t count, struct ql_error *error)
{
    struct ql_float_reader reader;
    struct ql_sampler sampler = {.temperature = 1.0f, .top_p = 1.0f};
    int token = model->rules.first_token;

    *calibration = (struct ql_calibration){0};
    if (tokens != NULL && count == 0) {
        return ql_error_write(error, QL_ERROR_INPUT, "the calibration text is empty");
    }
    enum ql_status status = ql_float_reader_init(&reader, model, error);
    if (status != QL_OK) {
        return status;
    }
    uint32_t *weights = ql_arena_take(&reader.arena, (size_t)model->V, sizeof weights[0]);
    uint16_t *candidates = ql_arena_take(&reader.arena, (size_t)model->V, sizeof candidates[0]);
    if (reader.arena.exhausted) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to run the model");
        goto done;
    }
    ql_random_init(&sampler.random, 0);
    for (size_t t = 0; t < (tokens != NULL ? count : QL_CALIBRATION_TOKENS); t++) {
        ql_float_reader_step(&reader, token);
        observe(calibration, &reader);
        int drawn = ql_sampler_step_f32(&sampler, reader.logits, NULL, weights, candidates, model->V);
        if (drawn < 0) {
            status = ql_error_write(error, QL_ERROR_NUMERIC,
                                    "the model's output is not a finite number after %zu tokens, so it has no integer "
                                    "form",
                                    t + 1);
            goto done;
        }
        token = tokens != NULL ? tokens[t] : drawn;
    }
done:
    ql_float_reader_free(&reader);
    return status;
}
