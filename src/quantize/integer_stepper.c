// The integer engine of the host: see integer_stepper.h.
// Uses: base, device, quantize/integer_model.h.
#include "quantize/integer_stepper.h"

#include <string.h>

#include "device/gru_s8.h"
#include "device/lstm_s8.h"
#include "device/matvec_s4.h"
#include "device/matvec_s8.h"
#include "device/rnn_s8.h"

// A packed matrix of either format, as the plain product takes it.
struct plain_matrix {
    bool is_s4;
    struct ql_matrix_s8 s8;
    struct ql_matrix_s4 s4;
};

static const void *pack_plain(const struct ql_integer_matrix *matrix, struct ql_arena *arena)
{
    struct plain_matrix *packed = ql_arena_take(arena, 1, sizeof *packed);

    if (packed != NULL) {
        packed->is_s4 = matrix->is_s4;
        packed->s8 = (struct ql_matrix_s8){matrix->words, matrix->rows, matrix->columns, matrix->segment};
        packed->s4 = (struct ql_matrix_s4){matrix->words, matrix->rows, matrix->columns, matrix->segment};
    }
    return packed;
}

static void multiply_plain(int32_t *y, const void *packed, const int8_t *x)
{
    const struct plain_matrix *matrix = packed;

    if (matrix->is_s4) {
        ql_matvec_s4_plain(y, &matrix->s4, x);
    } else {
        ql_matvec_s8_plain(y, &matrix->s8, x);
    }
}

static void multiply_batch_plain(int32_t *y, ptrdiff_t y_stride, const void *packed, const int8_t *x,
                                 ptrdiff_t x_stride, int B)
{
    for (int b = 0; b < B; b++) {
        multiply_plain(y + b * y_stride, packed, x + b * x_stride);
    }
}

const struct ql_integer_product ql_integer_product_plain = {"plain", pack_plain, multiply_plain, multiply_batch_plain};

enum ql_status ql_integer_stepper_init(struct ql_integer_stepper *stepper, const struct ql_integer_model *model,
                                       const struct ql_integer_product *product, struct ql_error *error)
{
    struct ql_arena *arena = &stepper->arena;

    *stepper = (struct ql_integer_stepper){.model = model, .product = product};
    stepper->h = ql_arena_take(arena, (size_t)model->h_count, sizeof stepper->h[0]);
    stepper->state = ql_arena_take(arena, (size_t)model->h_count, sizeof stepper->state[0]);
    stepper->sums = ql_arena_take(arena, (size_t)model->sum_count, sizeof stepper->sums[0]);
    stepper->logits = ql_arena_take(arena, (size_t)model->V, sizeof stepper->logits[0]);
    stepper->weights = ql_arena_take(arena, (size_t)model->V, sizeof stepper->weights[0]);
    stepper->candidates = ql_arena_take(arena, (size_t)model->V, sizeof stepper->candidates[0]);
    for (int l = 0; l < model->L; l++) {
        for (int k = 0; k < model->layers[l].matrix_count; k++) {
            stepper->packed[l][k] = product->pack(&model->layers[l].matrices[k], arena);
        }
    }
    stepper->packed_output = product->pack(&model->output, arena);
    if (arena->exhausted) {
        ql_integer_stepper_free(stepper);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to run the integer model");
    }
    return QL_OK;
}

void ql_integer_stepper_free(struct ql_integer_stepper *stepper)
{
    ql_arena_free(&stepper->arena);
    *stepper = (struct ql_integer_stepper){0};
}

void ql_integer_stepper_reset(struct ql_integer_stepper *stepper)
{
    memset(stepper->h, 0, (size_t)stepper->model->h_count * sizeof stepper->h[0]);
    memset(stepper->state, 0, (size_t)stepper->model->h_count * sizeof stepper->state[0]);
}

void ql_integer_stepper_step(struct ql_integer_stepper *stepper, int token)
{
    const struct ql_integer_model *model = stepper->model;
    int8_t *h = stepper->h;
    int16_t *state = stepper->state;
    int32_t *sums = stepper->sums;

    if (ql_text_rules_reset_at(&model->rules, token)) {
        ql_integer_stepper_reset(stepper);
    }
    for (int l = 0; l < model->L; l++) {
        const struct ql_integer_layer *layer = &model->layers[l];
        memset(sums, 0, (size_t)layer->row_count * sizeof sums[0]);
        if (l == 0) {
            ql_integer_row_begin(sums, model->table + (ptrdiff_t)token * model->table_columns, layer->rows,
                                 model->table_columns);
        }
        for (int k = 0; k < layer->matrix_count; k++) {
            const struct ql_integer_matrix *matrix = &layer->matrices[k];
            stepper->product->multiply(sums + matrix->first_row, stepper->packed[l][k],
                                       h - layer->I + matrix->first_column);
        }
        switch (model->cell) {
        case QL_CELL_LSTM:
            ql_lstm_update_s8(h, state, sums, layer->rows, layer->scale, layer->cell_bits, layer->H);
            break;
        case QL_CELL_GRU:
            ql_gru_update_s8(h, state, sums, layer->rows, layer->scale, layer->H);
            break;
        case QL_CELL_RNN:
            ql_rnn_update_s8(h, sums, layer->rows, layer->scale, layer->H);
            break;
        }
        h += layer->H;
        state += layer->H;
    }
    memset(stepper->logits, 0, (size_t)model->V * sizeof stepper->logits[0]);
    stepper->product->multiply(stepper->logits, stepper->packed_output, h - model->output.columns);
    ql_integer_row_values(stepper->logits, stepper->logits, model->output_rows, model->output_scale, model->V);
}

int ql_integer_stepper_next(struct ql_integer_stepper *stepper, int token, struct ql_sampler_s32 *sampler,
                            const uint32_t *barred)
{
    ql_integer_stepper_step(stepper, token);
    return ql_sampler_step_s32(sampler, stepper->logits, barred, stepper->weights, stepper->candidates,
                               stepper->model->V);
}

struct ql_sampler_s32 ql_integer_sampler(float temperature, float top_p, int top_k)
{
    return (struct ql_sampler_s32){.temperature = ql_sampler_units(temperature, QL_SAMPLER_TEMPERATURE_ONE),
                                   .top_p = ql_sampler_units(top_p, QL_SAMPLER_SHARE_ONE),
                                   .top_k = top_k};
}
