// Many streams of an integer model at once: see integer_batch.h. Products and the LSTM's gates are computed for all
// streams together; the gates of the other cells by the kernels of device/, stream by stream.
// Uses: base, device, quantize/integer_stepper.h.
#include "quantize/integer_batch.h"

#include <string.h>

#include "base/vectors.h"
#include "device/gate_s16.h"
#include "device/gru_s8.h"
#include "device/lstm_s8.h"
#include "device/rnn_s8.h"
#include "quantize/tanh_many.h"

static void split_rows(struct ql_integer_row_arrays *arrays, const struct ql_integer_row *rows, int count,
                       struct ql_arena *arena)
{
    arrays->bias = ql_arena_take(arena, (size_t)count, sizeof arrays->bias[0]);
    arrays->multiplier = ql_arena_take(arena, (size_t)count, sizeof arrays->multiplier[0]);
    arrays->table_factor = ql_arena_take(arena, (size_t)count, sizeof arrays->table_factor[0]);
    for (int r = 0; r < count && !arena->exhausted; r++) {
        arrays->bias[r] = rows[r].bias;
        arrays->multiplier[r] = rows[r].multiplier;
        arrays->table_factor[r] = rows[r].table_factor;
    }
}

enum ql_status ql_integer_batch_init(struct ql_integer_batch *batch, const struct ql_integer_model *model,
                                     const struct ql_integer_product *product, struct ql_error *error)
{
    struct ql_arena *arena = &batch->arena;

    *batch = (struct ql_integer_batch){.model = model, .product = product};
    for (int l = 0; l < model->L; l++) {
        const struct ql_integer_layer *layer = &model->layers[l];
        for (int k = 0; k < layer->matrix_count; k++) {
            batch->packed[l][k] = product->pack(&layer->matrices[k], arena);
        }
        split_rows(&batch->rows[l], layer->rows, layer->row_count, arena);
    }
    batch->packed_output = product->pack(&model->output, arena);
    split_rows(&batch->output_rows, model->output_rows, model->V, arena);
    if (arena->exhausted) {
        ql_integer_batch_free(batch);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to run the integer model");
    }
    return QL_OK;
}

void ql_integer_batch_free(struct ql_integer_batch *batch)
{
    ql_arena_free(&batch->arena);
    *batch = (struct ql_integer_batch){0};
}

void ql_integer_batch_scratch_init(struct ql_integer_batch_scratch *scratch, const struct ql_integer_batch *batch,
                                   struct ql_arena *arena)
{
    const struct ql_integer_model *model = batch->model;
    const size_t states = QL_INTEGER_BATCH_LIMIT * (size_t)model->h_count;

    scratch->h = ql_arena_take(arena, states, sizeof scratch->h[0]);
    scratch->c = ql_arena_take(arena, states, sizeof scratch->c[0]);
    scratch->sums = ql_arena_take(arena, QL_INTEGER_BATCH_LIMIT * (size_t)model->sum_count, sizeof scratch->sums[0]);
}

size_t ql_integer_batch_state_bytes(const struct ql_integer_batch *batch)
{
    return batch->model->layout.bytes;
}

// --- Loops over rows and units, for one stream. They are those of device/, without branches. ---

static inline int32_t row_value(int32_t sum, int32_t multiplier, int32_t bias, struct ql_integer_scale scale)
{
    return (ql_integer_round(sum, scale.pre_shift) * multiplier + bias) >> scale.shift;
}

// The LSTM's gates go through in pieces of so many units, all four in one array.
enum { UNITS = 64 };

QL_VECTORIZED(static, void, write_gates,
              (int32_t *restrict gates, const int32_t *restrict sums, const int32_t *restrict multipliers,
               const int32_t *restrict biases, struct ql_integer_scale scale, int H, int count),
              (gates, sums, multipliers, biases, scale, H, count))
{
    for (int gate = 0; gate < 4; gate++) {
        for (int k = 0; k < count; k++) {
            const int r = gate * H + k;
            gates[gate * UNITS + k] = row_value(sums[r], multipliers[r], biases[r], scale);
        }
    }
}

// From tanh of all gates to the new c, and to what h is the tanh of.
QL_VECTORIZED(static, void, write_cells,
              (int16_t *restrict c, int32_t *restrict reaches, const int32_t *restrict gates, int cell_bits, int count),
              (c, reaches, gates, cell_bits, count))
{
    for (int k = 0; k < count; k++) {
        const int32_t i = ql_gate_sigmoid_s16(gates[k]);
        const int32_t f = ql_gate_sigmoid_s16(gates[UNITS + k]);
        const int32_t cell = ql_integer_clamp(
            ql_integer_round(f * c[k] + ((i * gates[2 * UNITS + k]) >> cell_bits), 15), QL_INTEGER_LIMIT);
        c[k] = (int16_t)cell;
        reaches[k] = ql_integer_round(cell * (1 << cell_bits), 15 - QL_INTEGER_UNIT_BITS);
    }
}

QL_VECTORIZED(static, void, write_outputs,
              (int8_t *restrict h, const int32_t *restrict gates, const int32_t *restrict reaches, int count),
              (h, gates, reaches, count))
{
    for (int k = 0; k < count; k++) {
        const int32_t o = ql_gate_sigmoid_s16(gates[3 * UNITS + k]);
        h[k] = ql_integer_state_s8(ql_integer_round(o * reaches[k], 15));
    }
}

static void update_lstm(int8_t *h, int16_t *c, const int32_t *sums, const struct ql_integer_row_arrays *rows,
                        struct ql_integer_scale scale, int cell_bits, int H)
{
    _Alignas(64) int32_t gates[4 * UNITS] = {0}, reaches[UNITS];

    for (int k = 0; k < H; k += UNITS) {
        const int count = H - k < UNITS ? H - k : UNITS;
        write_gates(gates, sums + k, rows->multiplier + k, rows->bias + k, scale, H, count);
        ql_tanh_write_many(gates, gates, 4 * UNITS);
        write_cells(c + k, reaches, gates, cell_bits, count);
        ql_tanh_write_many(reaches, reaches, count);
        write_outputs(h + k, gates, reaches, count);
    }
}

QL_VECTORIZED(static, void, begin_rows,
              (int32_t *restrict sums, const int8_t *restrict token, const int32_t *restrict table_factors, int count),
              (sums, token, table_factors, count))
{
    for (int r = 0; r < count; r++) {
        sums[r] = token[r] * table_factors[r];
    }
}

QL_VECTORIZED(static, void, write_values,
              (int32_t *restrict values, const int32_t *restrict multipliers, const int32_t *restrict biases,
               struct ql_integer_scale scale, int count),
              (values, multipliers, biases, scale, count))
{
    for (int r = 0; r < count; r++) {
        values[r] = row_value(values[r], multipliers[r], biases[r], scale);
    }
}

// --- The step ---

// Layer `l` of all streams: from its vectors to its h and c.
static void step_layer(const struct ql_integer_batch *batch, struct ql_integer_batch_scratch *scratch, int l, int unit,
                       const int *tokens, int B)
{
    const struct ql_integer_model *model = batch->model;
    const struct ql_integer_layer *layer = &model->layers[l];
    const struct ql_integer_row_arrays *rows = &batch->rows[l];
    const ptrdiff_t h_count = model->h_count, sum_count = model->sum_count;

    for (int b = 0; b < B; b++) {
        int32_t *sums = scratch->sums + b * sum_count;
        memset(sums, 0, (size_t)layer->row_count * sizeof sums[0]);
        if (l == 0) {
            begin_rows(sums, model->table + (ptrdiff_t)tokens[b] * model->table_columns, rows->table_factor,
                       model->table_columns);
        }
    }
    for (int k = 0; k < layer->matrix_count; k++) {
        const struct ql_integer_matrix *matrix = &layer->matrices[k];
        batch->product->multiply_batch(scratch->sums + matrix->first_row, sum_count, batch->packed[l][k],
                                       scratch->h + unit - layer->I + matrix->first_column, h_count, B);
    }
    for (int b = 0; b < B; b++) {
        int32_t *sums = scratch->sums + b * sum_count;
        int8_t *h = scratch->h + b * h_count + unit;
        int16_t *c = scratch->c + b * h_count + unit;
        switch (model->cell) {
        case QL_CELL_LSTM:
            update_lstm(h, c, sums, rows, layer->scale, layer->cell_bits, layer->H);
            break;
        case QL_CELL_GRU:
            ql_gru_update_s8(h, c, sums, layer->rows, layer->scale, layer->H);
            break;
        case QL_CELL_RNN:
            ql_rnn_update_s8(h, sums, layer->rows, layer->scale, layer->H);
            break;
        }
    }
}

void ql_integer_batch_step(const struct ql_integer_batch *batch, struct ql_integer_batch_scratch *scratch,
                           void *const *after, const void *const *before, const int *tokens, int32_t *logits, int B)
{
    const struct ql_integer_model *model = batch->model;
    const ptrdiff_t h_count = model->h_count;
    const struct ql_state_part *parts = model->layout.parts;
    const bool has_c = model->layout.part_count > 1;
    int unit = 0;

    for (int b = 0; b < B; b++) {
        const unsigned char *state = before[b];
        int8_t *h = scratch->h + b * h_count;
        int16_t *c = scratch->c + b * h_count;
        if (state == NULL || ql_text_rules_reset_at(&model->rules, tokens[b])) {
            memset(h, 0, parts[0].bytes);
            memset(c, 0, has_c ? parts[1].bytes : 0);
        } else {
            memcpy(h, state + parts[0].offset, parts[0].bytes);
            memcpy(c, state + (has_c ? parts[1].offset : 0), has_c ? parts[1].bytes : 0);
        }
    }
    for (int l = 0; l < model->L; l++) {
        step_layer(batch, scratch, l, unit, tokens, B);
        unit += model->layers[l].H;
    }
    memset(logits, 0, (size_t)B * (size_t)model->V * sizeof logits[0]);
    batch->product->multiply_batch(logits, model->V, batch->packed_output, scratch->h + h_count - model->output.columns,
                                   h_count, B);
    for (int b = 0; b < B; b++) {
        unsigned char *state = after[b];
        write_values(logits + (ptrdiff_t)b * model->V, batch->output_rows.multiplier, batch->output_rows.bias,
                     model->output_scale, model->V);
        memcpy(state + parts[0].offset, scratch->h + b * h_count, parts[0].bytes);
        if (has_c) {
            memcpy(state + parts[1].offset, scratch->c + b * h_count, parts[1].bytes);
        }
    }
}
