// The model as the integer engine will see it: see rounded_model.h.
// Uses: base/vectors.
#include "train/rounded_model.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/vectors.h"

// The number of rows that one task rounds.
enum { TASK_ROWS = 64 };

static void init_recurrent(struct ql_rounded_model *rounded, struct ql_arena *arena)
{
    const struct ql_dimensions d = rounded->exact->dimensions;
    const size_t inputs = (size_t)d.V * (size_t)(ql_cell_gates(d.cell) * d.H);

    rounded->input_table = ql_arena_take(arena, inputs, sizeof(float));
    rounded->exact_inputs = ql_arena_take(arena, inputs, sizeof(float));
    rounded->q = ql_arena_take(arena, rounded->exact->count, sizeof rounded->q[0]);
    rounded->input_q = ql_arena_take(arena, inputs, sizeof rounded->input_q[0]);
    ql_packed_matrix_init(&rounded->embedding, d.E, d.V, arena);
}

static float *take_ones(struct ql_arena *arena, int count)
{
    float *ones = ql_arena_take(arena, (size_t)count, sizeof *ones);

    for (int k = 0; k < count && ones != NULL; k++) {
        ones[k] = 1.0f;
    }
    return ones;
}

static void init_decoder(struct ql_rounded_model *rounded, struct ql_arena *arena)
{
    const struct ql_dimensions d = rounded->exact->dimensions;
    const size_t output = (size_t)d.V * (size_t)d.E;

    rounded->q = ql_arena_take(arena, rounded->exact->count + output, sizeof rounded->q[0]);
    rounded->output = ql_arena_take(arena, output, sizeof(float));
    rounded->units = take_ones(arena, d.L * (d.E + d.feed));
    rounded->ones = take_ones(arena, d.E);
}

enum ql_status ql_rounded_model_init(struct ql_rounded_model *rounded, const struct ql_model *exact,
                                     enum ql_weight_format weights, struct ql_arena *arena, struct ql_error *error)
{
    *rounded = (struct ql_rounded_model){.exact = exact, .format = ql_weight_format_rows(weights)};
    switch (exact->dimensions.layer) {
    case QL_LAYER_RECURRENT:
        init_recurrent(rounded, arena);
        break;
    case QL_LAYER_DECODER:
        init_decoder(rounded, arena);
        break;
    }
    const enum ql_status status = ql_model_init(&rounded->model, exact->dimensions, error);
    if (status == QL_OK && rounded->output != NULL) {
        rounded->model.output_weight = rounded->output;
    }
    return status;
}

void ql_rounded_model_free(struct ql_rounded_model *rounded)
{
    ql_model_free(&rounded->model);
}

static void reset_recurrent_inputs(struct ql_rounded_model *rounded)
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

void ql_rounded_model_reset_inputs(struct ql_rounded_model *rounded)
{
    const struct ql_model *exact = rounded->exact;

    if (exact->dimensions.layer == QL_LAYER_RECURRENT) {
        reset_recurrent_inputs(rounded);
        return;
    }
    for (int k = 0; k < exact->tensor_count; k++) {
        const struct ql_tensor *tensor = &exact->tensors[k];
        if (tensor->columns == 0) { // the gain of a norm
            memcpy(rounded->model.tensors[k].data, tensor->data, (size_t)tensor->rows * sizeof(float));
        }
    }
}

// The rows of a decoder's layer: see struct matrix.
static int decoder_rows(const struct ql_dimensions *d)
{
    return 3 * d->E + 2 * d->kv_heads * ql_head_size(d) + 2 * d->feed;
}

// Rows are numbered consecutively: those of each layer, then those of the output, then, for a decoder, those of the
// embedding.
static int row_count(const struct ql_rounded_model *rounded)
{
    const struct ql_dimensions d = rounded->exact->dimensions;
    return d.layer == QL_LAYER_DECODER ? d.L * decoder_rows(&d) + 2 * d.V : d.L * ql_cell_gates(d.cell) * d.H + d.V;
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

// A scale of 0 stands for a value that is not finite: the part becomes NaN.
static void write_part(struct ql_rounded_model *rounded, const struct ql_row_part *part, float scale)
{
    scale_row(rounded->model.block + (part->values - rounded->exact->block), part->q, scale > 0.0f ? scale : NAN,
              part->columns);
}

// Rounds parts that share a scale.
static void round_parts(struct ql_rounded_model *rounded, const struct ql_row_part *parts, int count,
                        const struct ql_row_format *format)
{
    float scale = ql_row_quantizer_encode(parts, count, format);

    for (int i = 0; i < count; i++) {
        write_part(rounded, &parts[i], scale);
    }
}

// Copies a row of the inputs unchanged: the integer model has a product in place of the table, whose bytes cost far
// less than the weights beside it.
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
            const float *inputs = rounded->exact_inputs + (ptrdiff_t)row * d.V;
            write_part(rounded, &recurrent, ql_row_quantizer_encode_beside(&recurrent, inputs, d.V, &rounded->format));
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

static void round_recurrent_row(struct ql_rounded_model *rounded, int row)
{
    const struct ql_dimensions d = rounded->exact->dimensions;
    const int GH = ql_cell_gates(d.cell) * d.H;

    if (row < d.L * GH) {
        round_gate_row(rounded, row / GH, row % GH);
    } else {
        const struct ql_row_part part = row_part(rounded, rounded->exact->output_weight, row - d.L * GH);
        const struct ql_row_format format = ql_weight_format_rows(QL_WEIGHTS_S8);
        round_parts(rounded, &part, 1, &format);
    }
}

// --- Decoders ---

// A matrix of a decoder. Before it rounds a row, the integer form multiplies each column by the gain of the norm, or
// the unit of the numbers, that the column reads.
struct matrix {
    const float *exact;   // (rows, width)
    const float *columns; // (width) the factors
    int rows, width;
    bool is_output; // its rounded rows are not in the model's block
    struct ql_row_format format;
};

// The matrix that a row belongs to, by its consecutive number; `row` becomes its number within that matrix.
static struct matrix find_matrix(const struct ql_rounded_model *rounded, int *row)
{
    const struct ql_model *exact = rounded->exact;
    const struct ql_dimensions d = exact->dimensions;
    const struct ql_row_format bytes = {.limit = QL_ROW_LIMIT_S8}, s8 = ql_weight_format_rows(QL_WEIGHTS_S8);
    const int A = d.E, K = d.kv_heads * ql_head_size(&d), F = d.feed, per_layer = decoder_rows(&d);

    if (*row >= d.L * per_layer) {
        *row -= d.L * per_layer;
        if (*row >= d.V) {
            *row -= d.V;
            return (struct matrix){exact->embedding, rounded->ones, d.V, d.E, false, bytes};
        }
        return (struct matrix){exact->embedding, exact->norm, d.V, d.E, true, s8};
    }
    const int l = *row / per_layer;
    const struct ql_decoder_layer *layer = &exact->layers[l].decoder;
    const float *units = rounded->units + (ptrdiff_t)l * (A + F);
    const struct matrix matrices[] = {
        {layer->query, layer->attention_norm, A, d.E, false, rounded->format},
        {layer->key, layer->attention_norm, K, d.E, false, rounded->format},
        {layer->value, layer->attention_norm, K, d.E, false, rounded->format},
        {layer->output, units, d.E, A, false, rounded->format},
        {layer->gate, layer->feed_norm, F, d.E, false, rounded->format},
        {layer->up, layer->feed_norm, F, d.E, false, rounded->format},
        {layer->down, units + A, d.E, F, false, s8},
    };
    const struct matrix *matrix = matrices;
    for (*row %= per_layer; *row >= matrix->rows; matrix++) {
        *row -= matrix->rows;
    }
    return *matrix;
}

QL_VECTORIZED(static, void, multiply_columns,
              (float *restrict values, const float *restrict exact, const float *restrict columns, int width),
              (values, exact, columns, width))
{
    for (int k = 0; k < width; k++) {
        values[k] = exact[k] * columns[k];
    }
}

// A column whose factor is 0 contributes nothing, so its weight may stay as it is.
QL_VECTORIZED(static, void, divide_columns,
              (float *restrict values, const int8_t *restrict q, float scale, const float *restrict exact,
               const float *restrict columns, int width),
              (values, q, scale, exact, columns, width))
{
    for (int k = 0; k < width; k++) {
        const float rounded = scale * (float)q[k] / columns[k];
        values[k] = columns[k] == 0.0f ? exact[k] : rounded;
    }
}

static void round_decoder_row(struct ql_rounded_model *rounded, int row)
{
    const struct matrix matrix = find_matrix(rounded, &row);
    const struct ql_model *model = rounded->exact;
    const ptrdiff_t first = (ptrdiff_t)row * matrix.width, place = matrix.exact - model->block + first;
    float *values = matrix.is_output ? rounded->output + first : rounded->model.block + place;
    int8_t *q = rounded->q + (matrix.is_output ? (ptrdiff_t)model->count + first : place);

    multiply_columns(values, matrix.exact + first, matrix.columns, matrix.width);
    const struct ql_row_part part = {q, values, matrix.width};
    const float scale = ql_row_quantizer_encode(&part, 1, &matrix.format);
    divide_columns(values, q, scale > 0.0f ? scale : NAN, matrix.exact + first, matrix.columns, matrix.width);
}

void ql_rounded_model_set_units(struct ql_rounded_model *rounded, int l, const float *value_ranges,
                                const float *product_ranges)
{
    const struct ql_dimensions d = rounded->exact->dimensions;
    const int size = ql_head_size(&d), group = d.heads / d.kv_heads;
    float *units = rounded->units + (ptrdiff_t)l * (d.E + d.feed);

    for (int k = 0; k < d.E + d.feed; k++) {
        const float range = k < d.E ? value_ranges[k / size / group] : product_ranges[k - d.E];
        units[k] = range > 0.0f ? range : 1.0f;
    }
}

void ql_rounded_model_reset_rows(struct ql_rounded_model *rounded, int task)
{
    const bool decoder = rounded->exact->dimensions.layer == QL_LAYER_DECODER;
    const int rows = row_count(rounded);

    for (int row = task * TASK_ROWS; row < rows && row < (task + 1) * TASK_ROWS; row++) {
        if (decoder) {
            round_decoder_row(rounded, row);
        } else {
            round_recurrent_row(rounded, row);
        }
    }
}
