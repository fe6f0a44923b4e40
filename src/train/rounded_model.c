// The model as the integer engine will have it: see rounded_model.h.
#include "train/rounded_model.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/vectors.h"

// Rows that one task rounds.
enum { TASK_ROWS = 64 };

enum ql_status ql_rounded_model_init(struct ql_rounded_model *rounded, const struct ql_model *exact,
                                     enum ql_weight_format weights, struct ql_arena *arena, struct ql_error *error)
{
    const struct ql_dimensions d = exact->dimensions;
    const size_t inputs = (size_t)d.V * (size_t)(ql_cell_gates(d.cell) * d.H);

    *rounded = (struct ql_rounded_model){
        .exact = exact,
        .input_table = ql_arena_take(arena, inputs, sizeof(float)),
        .format = ql_weight_format_rows(weights),
        .exact_inputs = ql_arena_take(arena, inputs, sizeof(float)),
        .q = ql_arena_take(arena, exact->count, sizeof rounded->q[0]),
        .input_q = ql_arena_take(arena, inputs, sizeof rounded->input_q[0]),
    };
    ql_packed_matrix_init(&rounded->embedding, d.E, d.V, arena);
    return ql_model_init(&rounded->model, d, error);
}

void ql_rounded_model_free(struct ql_rounded_model *rounded)
{
    ql_model_free(&rounded->model);
}

void ql_rounded_model_reset_inputs(struct ql_rounded_model *rounded)
{
    const struct ql_model *exact = rounded->exact;
    const struct ql_dimensions d = exact->dimensions;
    struct ql_model *model = &rounded->model;
    const int GH = ql_cell_gates(d.cell) * d.H;

    for (int l = 0; l < d.L; l++) {
        memcpy(model->layers[l].recurrent.bias_ih, exact->layers[l].recurrent.bias_ih, (size_t)GH * sizeof(float));
        memcpy(model->layers[l].recurrent.bias_hh, exact->layers[l].recurrent.bias_hh, (size_t)GH * sizeof(float));
    }
    memcpy(model->output_bias, exact->output_bias, (size_t)d.V * sizeof(float));
    ql_packed_matrix_reset_transposed(&rounded->embedding, exact->embedding);
    ql_product_fused(rounded->exact_inputs, exact->layers[0].recurrent.weight_ih, &rounded->embedding, GH, false);
}

// Rows are numbered through: those of each layer's gates, then those of the output.
static int row_count(const struct ql_rounded_model *rounded)
{
    const struct ql_dimensions d = rounded->exact->dimensions;
    return d.L * ql_cell_gates(d.cell) * d.H + d.V;
}

int ql_rounded_model_reset_tasks(const struct ql_rounded_model *rounded)
{
    return (row_count(rounded) + TASK_ROWS - 1) / TASK_ROWS;
}

static struct ql_row_part row_part(const struct ql_rounded_model *rounded, const float *weights, int row)
{
    const int H = rounded->exact->dimensions.H;
    const float *values = weights + (ptrdiff_t)row * H;
    return (struct ql_row_part){rounded->q + (values - rounded->exact->block), values, H};
}

QL_VECTORIZED(static, void, scale_row, (float *restrict values, const int8_t *restrict q, float scale, int columns),
              (values, q, scale, columns))
{
    for (int k = 0; k < columns; k++) {
        values[k] = scale * (float)q[k];
    }
}

static void write_part(struct ql_rounded_model *rounded, const struct ql_row_part *part, float scale)
{
    scale_row(rounded->model.block + (part->values - rounded->exact->block), part->q, scale, part->columns);
}

// Rounds parts that share their scale.
static void round_parts(struct ql_rounded_model *rounded, const struct ql_row_part *parts, int count,
                        const struct ql_row_format *format)
{
    float scale = ql_row_quantizer_encode(parts, count, format);

    for (int i = 0; i < count; i++) {
        write_part(rounded, &parts[i], scale > 0.0f ? scale : NAN);
    }
}

// Takes a row of the inputs as it is: the integer model has a product in place of the table, whose bytes cost far less
// than the weights beside it.
static void take_inputs(struct ql_rounded_model *rounded, int row)
{
    const struct ql_dimensions d = rounded->exact->dimensions;
    const int GH = ql_cell_gates(d.cell) * d.H;

    for (int v = 0; v < d.V; v++) {
        rounded->input_table[(ptrdiff_t)v * GH + row] = rounded->exact_inputs[(ptrdiff_t)row * d.V + v];
    }
}

// Rounds a row of the input table, together with a row of weights when they share their accumulator.
static void round_inputs(struct ql_rounded_model *rounded, int row, const struct ql_row_part *recurrent)
{
    const struct ql_dimensions d = rounded->exact->dimensions;
    const int GH = ql_cell_gates(d.cell) * d.H;
    int8_t *q = rounded->input_q + (ptrdiff_t)row * d.V;
    struct ql_input_row input;

    if (!ql_row_quantizer_encode_input(&input, q, rounded->exact_inputs + (ptrdiff_t)row * d.V, d.V, recurrent,
                                       &rounded->format)) {
        input = (struct ql_input_row){.mean = NAN, .scale = NAN, .factor = 1};
    }
    const float step = (float)input.factor * input.scale / (float)QL_ROW_LIMIT_S8;
    for (int v = 0; v < d.V; v++) {
        rounded->input_table[(ptrdiff_t)v * GH + row] = input.mean + step * (float)q[v];
    }
    if (recurrent != NULL) {
        write_part(rounded, recurrent, input.scale);
    }
}

static void round_gate_row(struct ql_rounded_model *rounded, int l, int row)
{
    const struct ql_dimensions d = rounded->exact->dimensions;
    const struct ql_recurrent_layer *layer = &rounded->exact->layers[l].recurrent;
    // The candidate of a GRU: the reset gate multiplies one of its two sums.
    const bool apart = d.cell == QL_CELL_GRU && row >= 2 * d.H;
    const struct ql_row_part recurrent = row_part(rounded, layer->weight_hh, row);

    if (l == 0 && !ql_weight_format_has_table(d.V, d.E, ql_cell_gates(d.cell) * d.H)) {
        take_inputs(rounded, row);
        if (!apart) {
            round_parts(rounded, &recurrent, 1, &rounded->format);
        }
    } else if (l == 0) {
        round_inputs(rounded, row, apart ? NULL : &recurrent);
    } else {
        const struct ql_row_part parts[2] = {row_part(rounded, layer->weight_ih, row), recurrent};
        round_parts(rounded, parts, apart ? 1 : 2, &rounded->format);
    }
    if (apart) {
        round_parts(rounded, &recurrent, 1, &rounded->format);
    }
}

void ql_rounded_model_reset_rows(struct ql_rounded_model *rounded, int task)
{
    const struct ql_dimensions d = rounded->exact->dimensions;
    const int GH = ql_cell_gates(d.cell) * d.H, rows = row_count(rounded);

    for (int row = task * TASK_ROWS; row < rows && row < (task + 1) * TASK_ROWS; row++) {
        if (row < d.L * GH) {
            round_gate_row(rounded, row / GH, row % GH);
        } else {
            const struct ql_row_part part = row_part(rounded, rounded->exact->output_weight, row - d.L * GH);
            const struct ql_row_format format = ql_weight_format_rows(QL_WEIGHTS_S8);
            round_parts(rounded, &part, 1, &format);
        }
    }
}
