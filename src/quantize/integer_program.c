// The integer form of a model as a program: see integer_program.h.
// Uses: base, onnx, quantize.
#include "quantize/integer_program.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx/memory_plan.h"
#include "quantize/decoder_program.h"
#include "quantize/integer_kernel.h"

enum {
    // Values and calls for the token, the states, the logits, the token's contribution, and the output's layer; and for
    // each other layer.
    END_VALUES = 22,
    END_CALLS = 8,
    LAYER_VALUES = 6 + 3 * QL_INTEGER_MATRIX_LIMIT,
    LAYER_CALLS = 3 + QL_INTEGER_MATRIX_LIMIT,
    NAME_BYTES = 32,
};

// A program of recurrent layers under construction.
struct maker {
    struct ql_program_maker base;
    int table;
    int h, fine; // the state; fine is -1 if there is none
};

// The product of the matrix `w` and the state h from number `first` on.
static void add_product(struct maker *maker, const struct ql_integer_matrix *matrix, int w, int sums, int first)
{
    const int y = ql_program_maker_add_view(&maker->base, "", sums, matrix->first_row, matrix->rows);
    const int x = ql_program_maker_add_view(&maker->base, "", maker->h, first, matrix->columns);

    ql_program_maker_add_product(&maker->base, matrix, y, w, x);
}

// Starts the sums with the product of the token's embedding and the input weights.
static void add_input(struct maker *maker, int sums)
{
    const struct ql_integer_model *model = maker->base.model;
    const struct ql_integer_input *input = &model->input;
    const int columns = model->table_columns;
    const int embedding =
        ql_program_maker_add_constant(&maker->base, "embedding", QL_ELEMENT_S8, model->V, input->E, input->embedding);
    const int matrix = ql_program_maker_add_matrix(&maker->base, "input", &input->matrix);
    const int rows = ql_program_maker_add_rows(&maker->base, "input_rows", input->rows, columns);
    const int x = ql_program_maker_add_scratch(&maker->base, "token_embedding", QL_ELEMENT_S8, input->E);
    const int begun = ql_program_maker_add_view(&maker->base, "", sums, 0, columns);

    ql_program_maker_add_call(
        &maker->base, QL_INTEGER_KERNEL_ROW_COPY,
        (struct ql_kernel_call){.buffers = {x, maker->base.token, embedding}, .ints = {input->E}});
    ql_program_maker_add_call(&maker->base, QL_INTEGER_KERNEL_ROW_CLEAR,
                              (struct ql_kernel_call){.buffers = {begun}, .ints = {columns}});
    ql_program_maker_add_product(&maker->base, &input->matrix, begun, matrix, x);
    ql_program_maker_add_call(
        &maker->base, QL_INTEGER_KERNEL_ROW_VALUES,
        (struct ql_kernel_call){.buffers = {begun, begun, rows, ql_program_maker_add_scale(&maker->base, model->L + 1)},
                                .ints = {columns}});
}

// Starts the sums of a layer with the token's contribution, if it has one, and otherwise with 0.
static void add_begin(struct maker *maker, int l, int sums, int rows)
{
    const int row_count = maker->base.model->layers[l].row_count;
    const int begun = l == 0 ? maker->base.model->table_columns : 0;

    if (begun > 0 && maker->base.model->table == NULL) {
        add_input(maker, sums);
    } else if (begun > 0) {
        ql_program_maker_add_call(
            &maker->base, QL_INTEGER_KERNEL_ROW_BEGIN,
            (struct ql_kernel_call){.buffers = {sums, maker->base.token, maker->table, rows}, .ints = {begun}});
    }
    if (begun < row_count) {
        const int rest = ql_program_maker_add_view(&maker->base, "", sums, begun, row_count - begun);
        ql_program_maker_add_call(&maker->base, QL_INTEGER_KERNEL_ROW_CLEAR,
                                  (struct ql_kernel_call){.buffers = {rest}, .ints = {row_count - begun}});
    }
}

// Computes the layer's state from its sums.
static void add_update(struct maker *maker, const struct ql_integer_layer *layer, int h, int fine, int sums, int rows,
                       int scale)
{
    switch (maker->base.model->cell) {
    case QL_CELL_LSTM:
        ql_program_maker_add_call(
            &maker->base, QL_INTEGER_KERNEL_LSTM,
            (struct ql_kernel_call){.buffers = {h, fine, sums, rows, scale}, .ints = {layer->cell_bits, layer->H}});
        break;
    case QL_CELL_GRU:
        ql_program_maker_add_call(&maker->base, QL_INTEGER_KERNEL_GRU,
                                  (struct ql_kernel_call){.buffers = {h, fine, sums, rows, scale}, .ints = {layer->H}});
        break;
    case QL_CELL_RNN:
        ql_program_maker_add_call(&maker->base, QL_INTEGER_KERNEL_RNN,
                                  (struct ql_kernel_call){.buffers = {h, sums, rows, scale}, .ints = {layer->H}});
        break;
    }
}

// Layer `l`, whose units are those of the state from number `unit` on.
static void add_layer(struct maker *maker, int l, int unit)
{
    const struct ql_integer_layer *layer = &maker->base.model->layers[l];
    char layer_name[NAME_BYTES], name[2 * NAME_BYTES];
    int matrices[QL_INTEGER_MATRIX_LIMIT];

    (void)snprintf(layer_name, sizeof layer_name, "layer%d", l + 1);
    for (int k = 0; k < layer->matrix_count; k++) {
        (void)snprintf(name, sizeof name, k == 0 ? "%s" : "%s_part%d", layer_name, k + 1);
        matrices[k] = ql_program_maker_add_matrix(&maker->base, name, &layer->matrices[k]);
    }
    (void)snprintf(name, sizeof name, "%s_rows", layer_name);
    const int rows = ql_program_maker_add_rows(&maker->base, name, layer->rows, layer->row_count);
    (void)snprintf(name, sizeof name, "%s_sums", layer_name);
    const int sums = ql_program_maker_add_scratch(&maker->base, name, QL_ELEMENT_S32, layer->row_count);
    add_begin(maker, l, sums, rows);
    for (int k = 0; k < layer->matrix_count; k++) {
        const struct ql_integer_matrix *matrix = &layer->matrices[k];
        add_product(maker, matrix, matrices[k], sums, unit - layer->I + matrix->first_column);
    }
    (void)snprintf(name, sizeof name, "%s_h", layer_name);
    const int h = ql_program_maker_add_view(&maker->base, name, maker->h, unit, layer->H);
    const int fine = maker->fine < 0 ? -1 : ql_program_maker_add_view(&maker->base, "", maker->fine, unit, layer->H);
    add_update(maker, layer, h, fine, sums, rows, ql_program_maker_add_scale(&maker->base, l));
    ql_program_maker_end_node(&maker->base, ql_architecture_find(QL_LAYER_RECURRENT, maker->base.model->cell)->name,
                              layer_name, h);
}

static void add_output(struct maker *maker)
{
    const struct ql_integer_model *model = maker->base.model;
    const int matrix = ql_program_maker_add_matrix(&maker->base, "output", &model->output);
    const int rows = ql_program_maker_add_rows(&maker->base, "output_rows", model->output_rows, model->V);

    ql_program_maker_add_call(&maker->base, QL_INTEGER_KERNEL_ROW_CLEAR,
                              (struct ql_kernel_call){.buffers = {maker->base.logits}, .ints = {model->V}});
    add_product(maker, &model->output, matrix, maker->base.logits, model->h_count - model->output.columns);
    ql_program_maker_add_call(&maker->base, QL_INTEGER_KERNEL_ROW_VALUES,
                              (struct ql_kernel_call){.buffers = {maker->base.logits, maker->base.logits, rows,
                                                                  ql_program_maker_add_scale(&maker->base, model->L)},
                                                      .ints = {model->V}});
    ql_program_maker_end_node(&maker->base, "linear", "output", maker->base.logits);
}

static void find_states(struct maker *maker)
{
    const struct ql_integer_model *model = maker->base.model;

    maker->h = maker->base.states[model->h_part];
    maker->fine = model->fine_part < 0 ? -1 : maker->base.states[model->fine_part];
}

// The constants of all layers. In generated C they are in the order in which they are added.
static void add_shared(struct maker *maker)
{
    const struct ql_integer_model *model = maker->base.model;
    const int count = model->L + (model->table == NULL ? 2 : 1);
    struct ql_integer_scale *scales = ql_arena_take(&maker->base.made->arena, (size_t)count, sizeof scales[0]);

    for (int l = 0; l < model->L && scales != NULL; l++) {
        scales[l] = model->layers[l].scale;
    }
    if (scales != NULL) {
        scales[model->L] = model->output_scale;
        if (model->table == NULL) {
            scales[model->L + 1] = model->input.scale;
        }
    }
    ql_program_maker_add_scales(&maker->base, scales, count);
    if (model->table != NULL) {
        maker->table = ql_program_maker_add_constant(&maker->base, "table", QL_ELEMENT_S8, model->V,
                                                     model->table_columns, model->table);
    }
}

static void add_recurrent(const struct ql_program_maker *base)
{
    struct maker maker = {.base = *base};
    int unit = 0;

    find_states(&maker);
    add_shared(&maker);
    for (int l = 0; l < base->model->L; l++) {
        add_layer(&maker, l, unit);
        unit += base->model->layers[l].H;
    }
    add_output(&maker);
}

// Room for the values and calls of a model.
static void count_parts(const struct ql_integer_model *model, size_t *values, size_t *calls)
{
    const size_t L = (size_t)model->L;

    if (model->kind == QL_LAYER_DECODER) {
        *values = QL_DECODER_PROGRAM_VALUES + L * QL_DECODER_PROGRAM_LAYER_VALUES;
        *calls = QL_DECODER_PROGRAM_CALLS + L * QL_DECODER_PROGRAM_LAYER_CALLS;
    } else {
        *values = END_VALUES + L * LAYER_VALUES;
        *calls = END_CALLS + L * LAYER_CALLS;
    }
}

enum ql_status ql_integer_program_init(struct ql_integer_program *made, const struct ql_integer_model *model,
                                       const struct ql_integer_product *product, struct ql_error *error)
{
    struct ql_program_maker maker = {.made = made, .model = model, .product = product};
    struct ql_program *program = &made->program;
    size_t value_room, call_room;
    enum ql_status status;

    *made = (struct ql_integer_program){0};
    count_parts(model, &value_room, &call_room);
    made->graph = ql_arena_take(&made->arena, 1, sizeof *made->graph);
    program->graph = made->graph;
    program->values = calloc(value_room, sizeof program->values[0]);
    program->calls = calloc(call_room, sizeof program->calls[0]);
    if (made->graph == NULL || program->values == NULL || program->calls == NULL) {
        goto exhausted;
    }
    ql_graph_init(made->graph, "integer form", QL_OPSET_LAST);
    ql_program_maker_begin(&maker);
    switch (model->kind) {
    case QL_LAYER_RECURRENT:
        add_recurrent(&maker);
        break;
    case QL_LAYER_DECODER:
        ql_decoder_program_add(&maker);
        break;
    }
    if (made->graph->arena.exhausted || made->arena.exhausted) {
        goto exhausted;
    }
    assert((size_t)program->value_count <= value_room && (size_t)program->call_count <= call_room);
    if ((status = ql_memory_plan_init(program, false, SIZE_MAX, error)) != QL_OK) {
        ql_integer_program_free(made);
    }
    return status;
exhausted:
    ql_integer_program_free(made);
    return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the integer model");
}

void ql_integer_program_free(struct ql_integer_program *made)
{
    ql_program_free(&made->program);
    if (made->graph != NULL) {
        ql_graph_free(made->graph);
    }
    ql_arena_free(&made->arena);
    *made = (struct ql_integer_program){0};
}
