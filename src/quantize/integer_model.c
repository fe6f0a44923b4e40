// A language model in integers: see integer_model.h. First each row gets its integers and a draft of its numbers in
// double; then the rows of a layer get common shifts, the finest for which nothing can overflow.
// Uses: base, device, model, quantize/{calibration,integer_decoder,integer_input,integer_matrix}.
#include "quantize/integer_model.h"

#include <math.h>
#include <string.h>

#include "device/matvec.h"
#include "model/row_quantizer.h"

enum {
    UNITS = 1 << QL_INTEGER_UNIT_BITS, // of a value, to 1
    STATE_UNITS = 127,                 // of a state, to 1
    APART_FACTOR = 1024,               // table_factor of rows without weights
    APART_STEPS = 1 << 14,             // steps of a token's contribution to such a row, if there is no table
    ERROR_LIMIT = 64,                  // units: 1/16, the most that rounding in a row may cost, whatever the state is
    CELL_BITS_LIMIT = 10,
};

// The data from which the rows of one float layer are made.
struct builder {
    struct ql_integer_model *model;
    const struct ql_chain *from;
    float *inputs; // (V, table_columns) each token's contribution to the first layer, without the bias
    struct ql_row_format format;
    struct ql_arena arena;       // scratch
    struct ql_row_draft *drafts; // (widest row_count)
    double *steps;               // (table_columns) the value of one unit of a row's sum
    int64_t *reaches;            // (table_columns) the largest contributions of the tokens
    float *x_values, *h_values, *token_values;
    int8_t *token_q;
    struct ql_error *error;
};

static const char *gate_name(enum ql_cell cell, int gate)
{
    static const char *const names[][4] = {{"i", "f", "g", "o"}, {"r", "z", "n (input)", "n (state)"}, {"h"}};
    return names[cell][gate];
}

// Returns whether a gate's activation is a sigmoid, whose rows hold half their value.
static bool is_sigmoid(enum ql_cell cell, int gate)
{
    return cell == QL_CELL_LSTM ? gate != 2 : cell == QL_CELL_GRU && gate < 2;
}

static void take_column(float *values, const float *matrix, int column, int rows, int columns)
{
    for (int row = 0; row < rows; row++) {
        values[row] = matrix[(ptrdiff_t)row * columns + column];
    }
}

static enum ql_status fail_not_finite(const struct builder *builder, const char *name)
{
    return ql_error_write(builder->error, QL_ERROR_INPUT,
                          "node '%s': a weight is not a finite number, so it has no integer form", name);
}

// Adds a matrix, without weights, to a layer.
static void add_matrix(struct builder *builder, struct ql_integer_layer *layer, int first_row, int rows,
                       int first_column, int columns)
{
    struct ql_integer_matrix *matrix = &layer->matrices[layer->matrix_count++];

    *matrix = (struct ql_integer_matrix){.is_s4 = builder->model->format == QL_WEIGHTS_S4,
                                         .rows = rows,
                                         .columns = columns,
                                         .first_row = first_row,
                                         .first_column = first_column};
    matrix->weights = ql_arena_take(&builder->model->arena, (size_t)rows, (size_t)columns);
}

// The scale of a row without weights, with APART_STEPS from 0 to the largest contribution of a token; 0 if that is not
// finite.
static float scale_apart(const float *values, int V)
{
    float greatest = 0.0f;

    for (int v = 0; v < V; v++) {
        greatest = fabsf(values[v]) <= greatest ? greatest : fabsf(values[v]); // NaN is kept
        if (!isfinite(greatest)) {
            return 0.0f;
        }
    }
    return greatest > 0.0f ? greatest * (float)STATE_UNITS / (float)APART_STEPS : 1.0f;
}

// Chooses the scale of a row of the first layer that depends on the token, and rounds both: the row's weights, if it
// has any, and the column of the table, or, if there is no table, the data that `input` needs.
static enum ql_status make_first_row(struct builder *builder, struct ql_input_row *input, int row, int column,
                                     const struct ql_row_part *part)
{
    struct ql_integer_model *model = builder->model;
    const char *name = builder->from->layers[0].name;

    take_column(builder->token_values, builder->inputs, column, model->V, model->table_columns);
    if (model->table == NULL) {
        input->scale = part == NULL
                           ? 1.0f
                           : ql_row_quantizer_encode_beside(part, builder->token_values, model->V, &builder->format);
        if (part == NULL || ql_row_reach(part->q, part->columns) == 0) {
            input->scale = scale_apart(builder->token_values, model->V);
        }
        builder->steps[row] = (double)input->scale / STATE_UNITS;
        return input->scale > 0.0f ? QL_OK : fail_not_finite(builder, name);
    }
    if (!ql_row_quantizer_encode_input(input, builder->token_q, builder->token_values, model->V, part,
                                       &builder->format)) {
        return fail_not_finite(builder, name);
    }
    for (int v = 0; v < model->V; v++) {
        model->table[(ptrdiff_t)v * model->table_columns + row] = builder->token_q[v];
    }
    return QL_OK;
}

// Makes the integers of one row of a layer's sums, whose weights are in `matrix`, or which has none (NULL). `column` is
// that of the float matrices.
static enum ql_status make_row(struct builder *builder, int l, int row, int column,
                               const struct ql_integer_matrix *matrix)
{
    struct ql_integer_model *model = builder->model;
    const struct ql_chain_layer *from = &builder->from->layers[l];
    const struct ql_recurrent_weights *weights = &from->recurrent;
    const int I = l == 0 ? 0 : from->I, H = from->H, gate = row / H, columns = ql_cell_gates(model->cell) * H;
    const bool from_token = l == 0 && row < model->table_columns;
    const bool from_x = matrix != NULL && matrix->first_column == 0 && I > 0;
    const bool from_h = matrix != NULL && matrix->first_column + matrix->columns == I + H;
    int8_t *q = matrix == NULL ? NULL : matrix->weights + (ptrdiff_t)(row - matrix->first_row) * matrix->columns;
    struct ql_row_part parts[2];
    struct ql_input_row input = {.scale = 1.0f};
    int part_count = 0;

    if (from_x) {
        take_column(builder->x_values, weights->w_ih, column, I, columns);
        parts[part_count++] = (struct ql_row_part){q, builder->x_values, I};
    }
    if (from_h) {
        take_column(builder->h_values, weights->w_hh, column, H, columns);
        parts[part_count++] = (struct ql_row_part){from_x ? q + I : q, builder->h_values, H};
    }
    if (from_token) {
        const enum ql_status status = make_first_row(builder, &input, row, column, from_h ? parts : NULL);
        if (status != QL_OK) {
            return status;
        }
    } else {
        input.scale = ql_row_quantizer_encode(parts, part_count, &builder->format);
        if (input.scale == 0.0f) {
            return fail_not_finite(builder, from->name);
        }
    }

    struct ql_row_draft *draft = &builder->drafts[row];
    const double bias = model->cell != QL_CELL_GRU ? (double)weights->bias_ih[column]
                        : gate == 3                ? (double)weights->bias_hh[column]
                        : gate == 2                ? (double)weights->bias_ih[column]
                                    : (double)weights->bias_ih[column] + (double)weights->bias_hh[column];
    const double units = UNITS * (is_sigmoid(model->cell, gate) ? 0.5 : 1.0);
    if (!isfinite(bias)) {
        return fail_not_finite(builder, from->name);
    }
    *draft = (struct ql_row_draft){.unit = (double)input.scale / STATE_UNITS * units,
                                   .bias = (bias + (double)input.mean) * units,
                                   .factor = input.factor};
    draft->reach = matrix == NULL ? 0 : ql_row_reach(q, matrix->columns);
    if (from_token && model->table != NULL && draft->reach == 0) {
        // The table's integers alone are coarser than the shift before the multiplication allows.
        draft->unit *= (double)draft->factor / APART_FACTOR;
        draft->factor = APART_FACTOR;
    }
    draft->reach += (int64_t)draft->factor * QL_ROW_LIMIT_S8;
    return QL_OK;
}

// The float matrices' column of a row: the GRU's candidate has two rows for one column.
static int float_column(enum ql_cell cell, int row, int H)
{
    return cell == QL_CELL_GRU && row >= 3 * H ? row - H : row;
}

static const struct ql_integer_matrix *find_matrix(const struct ql_integer_layer *layer, int row)
{
    for (int k = 0; k < layer->matrix_count; k++) {
        const struct ql_integer_matrix *matrix = &layer->matrices[k];
        if (row >= matrix->first_row && row < matrix->first_row + matrix->rows) {
            return matrix;
        }
    }
    return NULL;
}

static enum ql_status fit_layer(struct builder *builder, int l)
{
    const struct ql_chain_layer *from = &builder->from->layers[l];
    struct ql_integer_layer *layer = &builder->model->layers[l];
    int worst;

    if (ql_row_drafts_fit(layer->rows, &layer->scale, builder->drafts, layer->row_count, ERROR_LIMIT, &worst)) {
        return QL_OK;
    }
    const struct ql_row_draft *draft = &builder->drafts[worst];
    return ql_error_write(
        builder->error, QL_ERROR_INPUT,
        "node '%s' (layer %d), gate %s, row %d: its sum may reach %.3g in steps of %.3g, which leaves "
        "the other rows too few of 32 bits; train it further with a larger --weight-decay, or clip its weights",
        from->name, l + 1, gate_name(builder->model->cell, worst / from->H), worst % from->H,
        ((double)draft->reach * draft->unit + fabs(draft->bias)) / UNITS, draft->unit / UNITS);
}

// The tokens' contributions to the first layer, if there is no table.
static enum ql_status make_input(struct builder *builder)
{
    struct ql_integer_model *model = builder->model;
    const enum ql_status status = ql_integer_input_init(&model->input, builder->reaches, builder->from, builder->steps,
                                                        model->table_columns, &model->arena, builder->error);

    for (int row = 0; row < model->table_columns && status == QL_OK; row++) {
        builder->drafts[row].reach += builder->reaches[row];
    }
    return status;
}

static enum ql_status make_layer(struct builder *builder, int l, const struct ql_calibration *calibration)
{
    struct ql_integer_model *model = builder->model;
    const struct ql_chain_layer *from = &builder->from->layers[l];
    struct ql_integer_layer *layer = &model->layers[l];
    const int I = l == 0 ? 0 : from->I, H = from->H;
    enum ql_status status = QL_OK;

    *layer = (struct ql_integer_layer){.I = I, .H = H, .row_count = (model->cell == QL_CELL_RNN ? 1 : 4) * H};
    layer->rows = ql_arena_take(&model->arena, (size_t)layer->row_count, sizeof layer->rows[0]);
    if (model->cell == QL_CELL_GRU) {
        add_matrix(builder, layer, 0, 2 * H, 0, I + H);
        if (I > 0) {
            add_matrix(builder, layer, 2 * H, H, 0, I);
        }
        add_matrix(builder, layer, 3 * H, H, I, H);
    } else {
        add_matrix(builder, layer, 0, layer->row_count, 0, I + H);
    }
    if (model->arena.exhausted) {
        return ql_error_write(builder->error, QL_ERROR_SYSTEM, "not enough memory for the integer model");
    }
    for (int row = 0; row < layer->row_count && status == QL_OK; row++) {
        status = make_row(builder, l, row, float_column(model->cell, row, H), find_matrix(layer, row));
    }
    if (status == QL_OK && l == 0 && model->table == NULL) {
        status = make_input(builder);
    }
    if (status != QL_OK || (status = fit_layer(builder, l)) != QL_OK) {
        return status;
    }
    for (int k = 0; k < layer->matrix_count && status == QL_OK; k++) {
        status = ql_integer_matrix_pack(&layer->matrices[k], &model->arena, builder->error);
    }
    // A quarter more than the largest value seen in calibration; beyond that the cell saturates, where tanh has long
    // been flat.
    const float reach = 1.25f * calibration->cell_magnitude[l];
    while (status == QL_OK && (float)(1 << layer->cell_bits) < reach) {
        if (++layer->cell_bits > CELL_BITS_LIMIT) {
            status = ql_error_write(builder->error, QL_ERROR_INPUT,
                                    "node '%s' (layer %d): its cell state reaches %.4g on the calibration text, but "
                                    "the integer form ends at 1024; train with a smaller --learning-rate or shorter "
                                    "sequences, or calibrate with text that resets the state",
                                    from->name, l + 1, (double)calibration->cell_magnitude[l]);
        }
    }
    return status;
}

static enum ql_status make_output(struct builder *builder)
{
    struct ql_integer_model *model = builder->model;
    const struct ql_chain *from = builder->from;
    const int V = model->V, H = from->layers[model->L - 1].H;
    const struct ql_row_format format = ql_weight_format_rows(QL_WEIGHTS_S8);
    struct ql_integer_matrix *matrix = &model->output;
    int worst;

    *matrix = (struct ql_integer_matrix){.rows = V, .columns = H};
    matrix->weights = ql_arena_take(&model->arena, (size_t)V, (size_t)H);
    model->output_rows = ql_arena_take(&model->arena, (size_t)V, sizeof model->output_rows[0]);
    if (model->arena.exhausted) {
        return ql_error_write(builder->error, QL_ERROR_SYSTEM, "not enough memory for the integer model");
    }
    for (int v = 0; v < V; v++) {
        int8_t *q = matrix->weights + (ptrdiff_t)v * H;
        take_column(builder->h_values, from->output_weight, v, H, V);
        const float scale = ql_row_quantizer_encode(&(struct ql_row_part){q, builder->h_values, H}, 1, &format);
        if (scale == 0.0f || !isfinite(from->output_bias[v])) {
            return fail_not_finite(builder, from->output_name);
        }
        builder->drafts[v] = (struct ql_row_draft){.unit = (double)scale / STATE_UNITS * UNITS,
                                                   .bias = (double)from->output_bias[v] * UNITS,
                                                   .reach = ql_row_reach(q, H)};
    }
    if (!ql_row_drafts_fit(model->output_rows, &model->output_scale, builder->drafts, V, ERROR_LIMIT, &worst)) {
        const struct ql_row_draft *draft = &builder->drafts[worst];
        return ql_error_write(
            builder->error, QL_ERROR_INPUT,
            "node '%s': the logit of token %d may reach %.3g in steps of %.3g, which leaves the "
            "others too few of 32 bits; train it further with a larger --weight-decay, or clip its weights",
            from->output_name, worst, ((double)draft->reach * draft->unit + fabs(draft->bias)) / UNITS,
            draft->unit / UNITS);
    }
    return ql_integer_matrix_pack(matrix, &model->arena, builder->error);
}

// The h of all layers are one part, because a layer's vector is the h of the layer below followed by its own. The wider
// elements come first, so that there are no gaps between the parts.
static void lay_out_state(struct ql_integer_model *model)
{
    const struct ql_state_part fine = {.name = model->cell == QL_CELL_LSTM ? "c" : "h_fine",
                                       .layer = -1,
                                       .type = QL_ELEMENT_S16,
                                       .rank = 1,
                                       .dims = {model->h_count}};
    const struct ql_state_part h = {
        .name = "h", .layer = -1, .type = QL_ELEMENT_S8, .rank = 1, .dims = {model->h_count}};

    model->fine_part = model->cell == QL_CELL_RNN ? -1 : model->layout.part_count;
    if (model->fine_part >= 0) {
        (void)ql_state_layout_add(&model->layout, fine);
    }
    model->h_part = model->layout.part_count;
    (void)ql_state_layout_add(&model->layout, h);
}

static enum ql_status init_recurrent(struct builder *builder, const struct ql_calibration *calibration)
{
    struct ql_integer_model *model = builder->model;
    const struct ql_chain *from = builder->from;
    const struct ql_chain_layer *first = &from->layers[0];
    const int widest = ql_chain_width(from);
    enum ql_status status = QL_OK;

    model->cell = first->recurrent.cell;
    model->table_columns = ql_cell_gates(model->cell) * first->H;
    model->sum_count = from->V;
    for (int l = 0; l < from->L; l++) {
        const int H = from->layers[l].H, rows = (model->cell == QL_CELL_RNN ? 1 : 4) * H;
        model->h_count += H;
        model->sum_count = rows > model->sum_count ? rows : model->sum_count;
    }
    lay_out_state(model);
    if (ql_weight_format_has_table(from->V, first->I, model->table_columns)) {
        model->table = ql_arena_take(&model->arena, (size_t)from->V, (size_t)model->table_columns);
    }
    builder->steps = ql_arena_take(&builder->arena, (size_t)model->table_columns, sizeof builder->steps[0]);
    builder->reaches = ql_arena_take(&builder->arena, (size_t)model->table_columns, sizeof builder->reaches[0]);
    builder->drafts = ql_arena_take(&builder->arena, (size_t)model->sum_count, sizeof builder->drafts[0]);
    builder->x_values = ql_arena_take(&builder->arena, (size_t)widest, sizeof(float));
    builder->h_values = ql_arena_take(&builder->arena, (size_t)widest, sizeof(float));
    builder->token_values = ql_arena_take(&builder->arena, (size_t)from->V, sizeof(float));
    builder->token_q = ql_arena_take(&builder->arena, (size_t)from->V, 1);
    builder->inputs = ql_arena_take(&builder->arena, (size_t)from->V, (size_t)model->table_columns * sizeof(float));
    if (model->arena.exhausted || builder->arena.exhausted) {
        return ql_error_write(builder->error, QL_ERROR_SYSTEM, "not enough memory for the integer model");
    }
    for (ptrdiff_t v = 0; v < from->V; v++) {
        ql_matvec_f32(builder->inputs + v * model->table_columns, from->embedding + v * first->I, first->recurrent.w_ih,
                      first->I, model->table_columns);
    }
    for (int l = 0; l < from->L && status == QL_OK; l++) {
        status = make_layer(builder, l, calibration);
    }
    return status == QL_OK ? make_output(builder) : status;
}

enum ql_status ql_integer_model_init(struct ql_integer_model *model, const struct ql_chain *from,
                                     const struct ql_calibration *calibration, enum ql_weight_format format,
                                     struct ql_error *error)
{
    struct builder builder = {.model = model, .from = from, .format = ql_weight_format_rows(format), .error = error};
    enum ql_status status = QL_OK;

    *model = (struct ql_integer_model){
        .kind = from->layers[0].kind, .format = format, .V = from->V, .L = from->L, .rules = from->rules};
    switch (model->kind) {
    case QL_LAYER_RECURRENT:
        status = init_recurrent(&builder, calibration);
        break;
    case QL_LAYER_DECODER:
        status = ql_integer_decoder_init(&model->decoder, from, calibration, format, &model->arena, error);
        ql_integer_decoder_state_add(&model->layout, &model->decoder, model->L);
        break;
    }
    ql_arena_free(&builder.arena);
    if (status != QL_OK) {
        ql_integer_model_free(model);
    }
    return status;
}

void ql_integer_model_free(struct ql_integer_model *model)
{
    ql_arena_free(&model->arena);
    *model = (struct ql_integer_model){0};
}
