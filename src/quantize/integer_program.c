// The integer form of a model as a program: see integer_program.h.
// Uses: base, onnx, quantize.
#include "quantize/integer_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx/memory_plan.h"
#include "quantize/integer_kernel.h"

enum {
    TOKEN_INPUT = 0, // the states follow
    LOGITS_OUTPUT = 0,
    FIRST_STATE = 1,
    // Values and calls of the token, the states, the logits, and the output's layer; of each other layer.
    END_VALUES = 16,
    END_CALLS = 4,
    LAYER_VALUES = 6 + 3 * QL_INTEGER_MATRIX_LIMIT,
    LAYER_CALLS = 3 + QL_INTEGER_MATRIX_LIMIT,
    NAME_BYTES = 32,
};

// A program in the making, and the values that all layers use.
struct maker {
    struct ql_integer_program *made;
    const struct ql_integer_model *model;
    const struct ql_integer_product *product;
    int token, table, scales, logits;
    int h, fine; // the state; fine is -1 where there is none
};

// The value is its own root unless it is a view.
static int add_value(struct maker *maker, const char *name, struct ql_program_value value, bool is_view)
{
    struct ql_program *program = &maker->made->program;
    struct ql_graph *graph = maker->made->graph;
    const int index = ql_graph_add_value(graph, name, value.type, value.rank, value.dims, NULL);

    if (graph->arena.exhausted) {
        return 0;
    }
    value.name = graph->values[index].name;
    value.root = is_view ? value.root : index;
    program->values[index] = value;
    program->value_count = graph->value_count;
    return index;
}

static int add_numbers(struct maker *maker, const char *name, enum ql_element type, int count, enum ql_storage storage)
{
    return add_value(maker, name,
                     (struct ql_program_value){.type = type,
                                               .rank = 1,
                                               .dims = {count},
                                               .count = count,
                                               .bytes = (size_t)count * ql_element_bytes(type),
                                               .storage = storage},
                     false);
}

// So many numbers of the value `root`, from number `first` on.
static int add_view(struct maker *maker, const char *name, int root, int first, int count)
{
    const enum ql_element type = maker->made->program.values[root].type;
    const size_t element = ql_element_bytes(type);

    return add_value(maker, name,
                     (struct ql_program_value){.type = type,
                                               .rank = 1,
                                               .dims = {count},
                                               .count = count,
                                               .bytes = (size_t)count * element,
                                               .root = root,
                                               .offset = (size_t)first * element},
                     true);
}

static int add_structures(struct maker *maker, const char *name, const struct ql_structure *structure, int count,
                          size_t element_bytes, const void *data)
{
    return add_value(maker, name,
                     (struct ql_program_value){.rank = 1,
                                               .dims = {count},
                                               .count = count,
                                               .bytes = (size_t)count * element_bytes,
                                               .structure = structure,
                                               .storage = QL_STORAGE_CONSTANT,
                                               .data = data},
                     false);
}

static int add_rows(struct maker *maker, const char *name, const struct ql_integer_row *rows, int count)
{
    return add_structures(maker, name, &ql_integer_row_structure, count, sizeof rows[0], rows);
}

// The shifts of layer `l`, or, behind those of all layers, of the output.
static int add_scale(struct maker *maker, int l)
{
    return add_value(maker, "",
                     (struct ql_program_value){.count = 1,
                                               .bytes = sizeof(struct ql_integer_scale),
                                               .structure = &ql_integer_scale_structure,
                                               .root = maker->scales,
                                               .offset = (size_t)l * sizeof(struct ql_integer_scale)},
                     true);
}

static int add_matrix(struct maker *maker, const char *name, const struct ql_integer_matrix *matrix)
{
    enum { STRUCTURE_BYTES = 16 }; // with pointers of 32 bits
    struct ql_integer_factor *factor = ql_arena_take(&maker->made->arena, 1, sizeof *factor);

    if (factor != NULL) {
        *factor = (struct ql_integer_factor){matrix, maker->product, maker->product->pack(matrix, &maker->made->arena)};
    }
    return add_value(
        maker, name,
        (struct ql_program_value){.count = 1,
                                  .bytes = STRUCTURE_BYTES + (size_t)matrix->word_count * sizeof(uint32_t),
                                  .structure = matrix->is_s4 ? &ql_matrix_s4_structure : &ql_matrix_s8_structure,
                                  .storage = QL_STORAGE_CONSTANT,
                                  .data = factor},
        false);
}

// A call of the node that comes next.
static void add_call(struct maker *maker, enum ql_integer_kernel_id kernel, struct ql_kernel_call call)
{
    struct ql_program *program = &maker->made->program;

    call.kernel = &ql_integer_kernels[kernel];
    call.node = maker->made->graph->node_count;
    program->calls[program->call_count++] = call;
}

// The product of the matrix `w` and the state h from number `first` on.
static void add_product(struct maker *maker, const struct ql_integer_matrix *matrix, int w, int sums, int first)
{
    const int y = add_view(maker, "", sums, matrix->first_row, matrix->rows);
    const int x = add_view(maker, "", maker->h, first, matrix->columns);

    add_call(maker, matrix->is_s4 ? QL_INTEGER_KERNEL_MATVEC_S4 : QL_INTEGER_KERNEL_MATVEC_S8,
             (struct ql_kernel_call){.buffers = {y, w, x}, .macs = (int64_t)matrix->rows * matrix->columns});
}

// The sums of a layer begin with what the token gives, where that gives something, and otherwise with 0.
static void add_begin(struct maker *maker, int l, int sums, int rows)
{
    const int row_count = maker->model->layers[l].row_count;
    const int begun = l == 0 ? maker->model->table_columns : 0;

    if (begun > 0) {
        add_call(maker, QL_INTEGER_KERNEL_ROW_BEGIN,
                 (struct ql_kernel_call){.buffers = {sums, maker->token, maker->table, rows}, .ints = {begun}});
    }
    if (begun < row_count) {
        const int rest = add_view(maker, "", sums, begun, row_count - begun);
        add_call(maker, QL_INTEGER_KERNEL_ROW_CLEAR,
                 (struct ql_kernel_call){.buffers = {rest}, .ints = {row_count - begun}});
    }
}

// From the sums of the layer to its state.
static void add_update(struct maker *maker, const struct ql_integer_layer *layer, int h, int fine, int sums, int rows,
                       int scale)
{
    switch (maker->model->cell) {
    case QL_CELL_LSTM:
        add_call(
            maker, QL_INTEGER_KERNEL_LSTM,
            (struct ql_kernel_call){.buffers = {h, fine, sums, rows, scale}, .ints = {layer->cell_bits, layer->H}});
        break;
    case QL_CELL_GRU:
        add_call(maker, QL_INTEGER_KERNEL_GRU,
                 (struct ql_kernel_call){.buffers = {h, fine, sums, rows, scale}, .ints = {layer->H}});
        break;
    case QL_CELL_RNN:
        add_call(maker, QL_INTEGER_KERNEL_RNN,
                 (struct ql_kernel_call){.buffers = {h, sums, rows, scale}, .ints = {layer->H}});
        break;
    }
}

// Layer `l`, whose units are those of the state from number `unit` on.
static void add_layer(struct maker *maker, int l, int unit)
{
    const struct ql_integer_layer *layer = &maker->model->layers[l];
    char layer_name[NAME_BYTES], name[2 * NAME_BYTES];
    int matrices[QL_INTEGER_MATRIX_LIMIT];

    (void)snprintf(layer_name, sizeof layer_name, "layer%d", l + 1);
    for (int k = 0; k < layer->matrix_count; k++) {
        (void)snprintf(name, sizeof name, k == 0 ? "%s" : "%s_part%d", layer_name, k + 1);
        matrices[k] = add_matrix(maker, name, &layer->matrices[k]);
    }
    (void)snprintf(name, sizeof name, "%s_rows", layer_name);
    const int rows = add_rows(maker, name, layer->rows, layer->row_count);
    (void)snprintf(name, sizeof name, "%s_sums", layer_name);
    const int sums = add_numbers(maker, name, QL_ELEMENT_S32, layer->row_count, QL_STORAGE_ARENA);
    add_begin(maker, l, sums, rows);
    for (int k = 0; k < layer->matrix_count; k++) {
        const struct ql_integer_matrix *matrix = &layer->matrices[k];
        add_product(maker, matrix, matrices[k], sums, unit - layer->I + matrix->first_column);
    }
    (void)snprintf(name, sizeof name, "%s_h", layer_name);
    const int h = add_view(maker, name, maker->h, unit, layer->H);
    const int fine = maker->fine < 0 ? -1 : add_view(maker, "", maker->fine, unit, layer->H);
    add_update(maker, layer, h, fine, sums, rows, add_scale(maker, l));
    (void)ql_graph_add_node(maker->made->graph, ql_architecture_find(QL_LAYER_RECURRENT, maker->model->cell)->name,
                            layer_name, NULL, 0, &h, 1);
}

static void add_output(struct maker *maker)
{
    const struct ql_integer_model *model = maker->model;
    const int matrix = add_matrix(maker, "output", &model->output);
    const int rows = add_rows(maker, "output_rows", model->output_rows, model->V);

    add_call(maker, QL_INTEGER_KERNEL_ROW_CLEAR,
             (struct ql_kernel_call){.buffers = {maker->logits}, .ints = {model->V}});
    add_product(maker, &model->output, matrix, maker->logits, model->h_count - model->output.columns);
    add_call(maker, QL_INTEGER_KERNEL_ROW_VALUES,
             (struct ql_kernel_call){.buffers = {maker->logits, maker->logits, rows, add_scale(maker, model->L)},
                                     .ints = {model->V}});
    (void)ql_graph_add_node(maker->made->graph, "linear", "output", NULL, 0, &maker->logits, 1);
}

static void add_inputs(struct maker *maker)
{
    struct ql_integer_program *made = maker->made;
    const struct ql_integer_model *model = maker->model;

    maker->token = add_numbers(maker, "token", QL_ELEMENT_S32, 1, QL_STORAGE_INPUT);
    ql_graph_add_input(made->graph, maker->token);
    maker->logits = add_numbers(maker, "logits", QL_ELEMENT_S32, model->V, QL_STORAGE_OUTPUT);
    ql_graph_add_output(made->graph, maker->logits);
    made->roles = (struct ql_model_roles){.tokens = TOKEN_INPUT, .sequence_axis = -1, .logits = LOGITS_OUTPUT};
    for (int k = 0; k < model->layout.part_count; k++) {
        const struct ql_state_part *part = &model->layout.parts[k];
        const int state = add_numbers(maker, part->name, part->type, part->count, QL_STORAGE_INPUT);
        made->program.values[state].input = FIRST_STATE + k;
        ql_graph_add_input(made->graph, state);
        ql_graph_add_output(made->graph, add_view(maker, "", state, 0, part->count));
        made->roles.states[made->roles.state_count].input = FIRST_STATE + k;
        made->roles.states[made->roles.state_count++].output = FIRST_STATE + k;
        maker->fine = k == model->fine_part ? state : maker->fine;
        maker->h = k == model->h_part ? state : maker->h;
    }
}

// The constants of all layers. In generated C they stand in the order in which they are made.
static void add_shared(struct maker *maker)
{
    struct ql_program *program = &maker->made->program;
    const struct ql_integer_model *model = maker->model;
    struct ql_integer_scale *scales = ql_arena_take(&maker->made->arena, (size_t)model->L + 1, sizeof scales[0]);

    for (int l = 0; l < model->L && scales != NULL; l++) {
        scales[l] = model->layers[l].scale;
    }
    if (scales != NULL) {
        scales[model->L] = model->output_scale;
    }
    maker->scales =
        add_structures(maker, "scales", &ql_integer_scale_structure, model->L + 1, sizeof scales[0], scales);
    maker->table = add_numbers(maker, "table", QL_ELEMENT_S8, model->V * model->table_columns, QL_STORAGE_CONSTANT);
    struct ql_program_value *table = &program->values[maker->table];
    table->rank = 2;
    table->dims[0] = model->V;
    table->dims[1] = model->table_columns;
    table->data = model->table;
}

enum ql_status ql_integer_program_init(struct ql_integer_program *made, const struct ql_integer_model *model,
                                       const struct ql_integer_product *product, struct ql_error *error)
{
    struct maker maker = {.made = made, .model = model, .product = product, .fine = -1};
    const size_t L = (size_t)model->L;
    struct ql_program *program = &made->program;
    enum ql_status status;
    int unit = 0;

    *made = (struct ql_integer_program){0};
    made->graph = ql_arena_take(&made->arena, 1, sizeof *made->graph);
    program->graph = made->graph;
    program->values = calloc(END_VALUES + L * LAYER_VALUES, sizeof program->values[0]);
    program->calls = calloc(END_CALLS + L * LAYER_CALLS, sizeof program->calls[0]);
    if (made->graph == NULL || program->values == NULL || program->calls == NULL) {
        goto exhausted;
    }
    ql_graph_init(made->graph, "integer form", QL_OPSET_LAST);
    add_inputs(&maker);
    add_shared(&maker);
    for (int l = 0; l < model->L; l++) {
        add_layer(&maker, l, unit);
        unit += model->layers[l].H;
    }
    add_output(&maker);
    if (made->graph->arena.exhausted || made->arena.exhausted) {
        goto exhausted;
    }
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
