// A program of integer kernels under construction: see program_maker.h.
// Uses: base, onnx, quantize/{integer_kernel,integer_model}.
#include "quantize/program_maker.h"

#include <string.h>

enum {
    TOKEN_INPUT = 0, // the states follow
    LOGITS_OUTPUT = 0,
    FIRST_STATE = 1,
};

// The value is its own root unless it is a view.
static int add_value(struct ql_program_maker *maker, const char *name, struct ql_program_value value, bool is_view)
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

static int add_numbers(struct ql_program_maker *maker, const char *name, enum ql_element type, int count,
                       enum ql_storage storage)
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

void ql_program_maker_begin(struct ql_program_maker *maker)
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
        struct ql_program_value *value = &made->program.values[state];
        value->input = FIRST_STATE + k;
        value->rank = part->rank;
        memcpy(value->dims, part->dims, (size_t)part->rank * sizeof part->dims[0]);
        ql_graph_add_input(made->graph, state);
        ql_graph_add_output(made->graph, ql_program_maker_add_view(maker, "", state, 0, part->count));
        made->roles.states[made->roles.state_count++] =
            (struct ql_state_pair){FIRST_STATE + k, FIRST_STATE + k, part->kind};
        maker->states[k] = state;
    }
}

int ql_program_maker_add_scratch(struct ql_program_maker *maker, const char *name, enum ql_element type, int count)
{
    return add_numbers(maker, name, type, count, QL_STORAGE_WORKSPACE);
}

int ql_program_maker_add_constant(struct ql_program_maker *maker, const char *name, enum ql_element type, int rows,
                                  int columns, const void *data)
{
    const int count = rows == 0 ? columns : rows * columns;
    const int index = add_numbers(maker, name, type, count, QL_STORAGE_CONSTANT);
    struct ql_program_value *value = &maker->made->program.values[index];

    value->data = data;
    if (rows > 0) {
        value->rank = 2;
        value->dims[0] = rows;
        value->dims[1] = columns;
    }
    return index;
}

int ql_program_maker_add_view(struct ql_program_maker *maker, const char *name, int root, int first, int count)
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

static int add_structures(struct ql_program_maker *maker, const char *name, const struct ql_structure *structure,
                          int count, size_t element_bytes, const void *data)
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

int ql_program_maker_add_rows(struct ql_program_maker *maker, const char *name, const struct ql_integer_row *rows,
                              int count)
{
    return add_structures(maker, name, &ql_integer_row_structure, count, sizeof rows[0], rows);
}

int ql_program_maker_add_matrix(struct ql_program_maker *maker, const char *name,
                                const struct ql_integer_matrix *matrix)
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

void ql_program_maker_add_scales(struct ql_program_maker *maker, const struct ql_integer_scale *scales, int count)
{
    maker->scales = add_structures(maker, "scales", &ql_integer_scale_structure, count, sizeof *scales, scales);
}

int ql_program_maker_add_scale(struct ql_program_maker *maker, int number)
{
    return add_value(maker, "",
                     (struct ql_program_value){.count = 1,
                                               .bytes = sizeof(struct ql_integer_scale),
                                               .structure = &ql_integer_scale_structure,
                                               .root = maker->scales,
                                               .offset = (size_t)number * sizeof(struct ql_integer_scale)},
                     true);
}

void ql_program_maker_add_call(struct ql_program_maker *maker, enum ql_integer_kernel_id kernel,
                               struct ql_kernel_call call)
{
    struct ql_program *program = &maker->made->program;

    call.kernel = &ql_integer_kernels[kernel];
    call.node = maker->made->graph->node_count;
    program->calls[program->call_count++] = call;
}

void ql_program_maker_add_product(struct ql_program_maker *maker, const struct ql_integer_matrix *matrix, int y, int w,
                                  int x)
{
    ql_program_maker_add_call(
        maker, matrix->is_s4 ? QL_INTEGER_KERNEL_MATVEC_S4 : QL_INTEGER_KERNEL_MATVEC_S8,
        (struct ql_kernel_call){.buffers = {y, w, x}, .macs = (int64_t)matrix->rows * matrix->columns});
}

void ql_program_maker_end_node(struct ql_program_maker *maker, const char *operator_name, const char *name, int y)
{
    (void)ql_graph_add_node(maker->made->graph, operator_name, name, NULL, 0, &y, 1);
}
