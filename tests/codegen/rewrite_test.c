// The rewriting of programs (tables of tokens, results in place) changes no bit: random graphs, run unchanged and
// rewritten. A failure prints its seed. Uses: cmocka, ql_engine, ql_codegen.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/token_table.h"
#include "device/random.h"
#include "engine/engine.h"
#include "onnx/in_place.h"
#include "onnx/model_graph.h"

enum { GRAPHS = 3000, NODES = 12, OUTPUT_LIMIT = 4, ELEMENT_LIMIT = 4096 };

static int below(struct ql_random *random, int limit)
{
    return (int)(ql_random_step(random) % (uint32_t)limit);
}

// A matrix of the graph that is being built.
struct matrix {
    int value, rows, columns;
};

static struct matrix add_matrix(struct ql_graph *graph, int number, int rows, int columns)
{
    char name[16];
    (void)snprintf(name, sizeof name, "v%d", number);
    const int dims[2] = {rows, columns};
    return (struct matrix){ql_graph_add_value(graph, name, QL_ELEMENT_F32, 2, dims, NULL), rows, columns};
}

// One node of a kind that makes views, copies, or parts of other values.
static struct matrix add_node(struct ql_graph *graph, struct ql_random *random, const struct matrix *all, int count,
                              int number)
{
    const struct matrix a = all[below(random, count)], b = all[below(random, count)];
    char name[16];
    (void)snprintf(name, sizeof name, "n%d", number);
    struct matrix y;
    int inputs[3] = {a.value, b.value, all[below(random, count)].value};

    switch (below(random, 6)) {
    case 0:
        y = add_matrix(graph, number, a.rows, a.columns);
        ql_graph_add_node(graph, "Neg", name, inputs, 1, &y.value, 1);
        return y;
    case 1:
        y = add_matrix(graph, number, a.columns, a.rows);
        ql_graph_add_node(graph, "Transpose", name, inputs, 1, &y.value, 1);
        return y;
    case 2:
        y = add_matrix(graph, number, a.rows, a.columns);
        ql_graph_add_node(graph, "Identity", name, inputs, 1, &y.value, 1);
        return y;
    case 3:
        if (a.rows != b.rows || a.columns != b.columns) {
            inputs[1] = a.value;
        }
        y = add_matrix(graph, number, a.rows, a.columns);
        ql_graph_add_node(graph, "Add", name, inputs, 2, &y.value, 1);
        return y;
    default: {
        const int axis = below(random, 2);
        const bool fits = axis == 0 ? a.columns == b.columns : a.rows == b.rows;
        const struct matrix *other = fits ? &b : &a;
        if (a.rows + other->rows > 12 || a.columns + other->columns > 12) {
            y = add_matrix(graph, number, a.rows, a.columns);
            ql_graph_add_node(graph, "Neg", name, inputs, 1, &y.value, 1);
            return y;
        }
        inputs[1] = other->value;
        y = add_matrix(graph, number, a.rows + (axis == 0 ? other->rows : 0),
                       a.columns + (axis == 1 ? other->columns : 0));
        ql_graph_add_node(graph, "Concat", name, inputs, 2, &y.value, 1);
        ql_graph_add_int(graph, "axis", axis);
        return y;
    }
    }
}

static void make_graph(struct ql_graph *graph, uint32_t seed)
{
    struct matrix all[NODES + 2];
    struct ql_random random;
    int count = 0;

    ql_random_init(&random, seed);
    ql_graph_init(graph, "random", QL_OPSET_LAST);
    for (; count < 2; count++) {
        all[count] = add_matrix(graph, count, 1 + below(&random, 3), 1 + below(&random, 3));
        ql_graph_add_input(graph, all[count].value);
    }
    while (count < NODES + 2) {
        all[count] = add_node(graph, &random, all, count, count);
        count++;
    }
    int outputs = 1 + below(&random, OUTPUT_LIMIT);
    ql_graph_add_output(graph, all[count - 1].value);
    for (int k = 1; k < outputs; k++) {
        ql_graph_add_output(graph, all[2 + (k * 3 + below(&random, 3)) % (NODES - 1)].value);
    }
}

// Runs a program as the engine does, for programs that the engine did not compile.
static void run_program(const struct ql_program *program, const void *const *inputs, float outputs[][ELEMENT_LIMIT])
{
    unsigned char *memory = calloc(1, program->workspace_bytes + 1);
    assert_non_null(memory);
    memset(memory, 0xee, program->workspace_bytes);
    for (int n = 0; n < program->call_count; n++) {
        const struct ql_kernel_call *call = &program->calls[n];
        struct ql_kernel_arguments arguments = {.ints = call->ints, .floats = call->floats};
        for (int k = 0; k < call->kernel->buffer_count; k++) {
            if (call->buffers[k] >= 0) {
                const struct ql_program_value *root = ql_program_root(program, call->buffers[k]);
                const size_t offset = program->values[call->buffers[k]].offset;
                uintptr_t base = root->storage == QL_STORAGE_WORKSPACE ? (uintptr_t)(memory + root->workspace_offset)
                                 : root->storage == QL_STORAGE_INPUT   ? (uintptr_t)inputs[root->input]
                                                                       : (uintptr_t)root->data;
                arguments.buffers[k] = (void *)(base + offset);
            }
        }
        for (int k = 0; k < call->kernel->operation_count; k++) {
            arguments.operations[k] = call->operations[k]->function;
        }
        for (int k = 0; k < call->kernel->array_count; k++) {
            arguments.arrays[k] = call->arrays[k];
        }
        assert_true(call->kernel->run(&arguments));
    }
    for (int k = 0; k < program->graph->output_count; k++) {
        const int value = program->graph->outputs[k];
        const struct ql_program_value *root = ql_program_root(program, value);
        const unsigned char *base = root->storage == QL_STORAGE_WORKSPACE ? memory + root->workspace_offset
                                    : root->storage == QL_STORAGE_INPUT   ? inputs[root->input]
                                                                          : root->data;
        memcpy(outputs[k], base + program->values[value].offset, program->values[value].bytes);
    }
    free(memory);
}

// Runs the graph unchanged and rewritten; returns how many calls the rewriting saved, or -1 when a bit differs.
static int compare(const struct ql_graph *graph, const void *const *inputs)
{
    static float plain[OUTPUT_LIMIT][ELEMENT_LIMIT], rewritten[OUTPUT_LIMIT][ELEMENT_LIMIT];
    const struct ql_program_options options = {.default_size = 1};
    struct ql_program program = {0}, original = {0};
    struct ql_error error;

    memset(plain, 0, sizeof plain);
    memset(rewritten, 0, sizeof rewritten);
    if (ql_program_compile(&original, graph, &options, &error) != QL_OK ||
        ql_program_compile(&program, graph, &options, &error) != QL_OK ||
        ql_token_table_init(&program, &error) != QL_OK || ql_in_place_init(&program, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    run_program(&original, inputs, plain);
    run_program(&program, inputs, rewritten);
    int saved = memcmp(plain, rewritten, sizeof plain) == 0 ? original.call_count - program.call_count : -1;
    ql_program_free(&original);
    ql_program_free(&program);
    return saved;
}

static void rewriting_random_graphs_changes_no_bit(void **state)
{
    float inputs[2][16];
    const void *const pointers[2] = {inputs[0], inputs[1]};
    int saved_somewhere = 0;

    (void)state;
    for (int k = 0; k < 32; k++) {
        inputs[k / 16][k % 16] = (float)(k + 1);
    }
    for (uint32_t seed = 0; seed < GRAPHS; seed++) {
        struct ql_graph graph = {0};
        make_graph(&graph, seed);
        int saved = compare(&graph, pointers);
        if (saved < 0) {
            fail_msg("seed %u: the outputs differ", (unsigned)seed);
        }
        saved_somewhere += saved > 0;
        ql_graph_free(&graph);
    }
    assert_true(saved_somewhere > GRAPHS / 10);
}

// `output` is a value of the graph that becomes an output, or NULL.
static int compare_model(enum ql_cell cell, int V, int E, int H, int L, int64_t token, const char *output)
{
    struct ql_dimensions d = {.cell = cell, .V = V, .E = E, .H = H, .L = L};
    struct ql_model model;
    struct ql_graph graph = {0};
    struct ql_error error;
    static float h[ELEMENT_LIMIT], c[ELEMENT_LIMIT];
    const void *const inputs[3] = {&token, h, c};

    assert_int_equal(ql_model_init(&model, d, &error), QL_OK);
    ql_model_reset(&model, 5);
    assert_int_equal(ql_model_graph_init(&graph, &model, 0, &error), QL_OK);
    if (output != NULL) {
        ql_graph_add_output(&graph, ql_graph_find(&graph, output));
    }
    for (int k = 0; k < ELEMENT_LIMIT; k++) {
        h[k] = (float)(k % 17) * 0.05f - 0.4f;
        c[k] = (float)(k % 23) * 0.05f - 0.5f;
    }
    int saved = compare(&graph, inputs);
    ql_graph_free(&graph);
    ql_model_free(&model);
    return saved;
}

static void token_table_of_every_cell_changes_no_bit(void **state)
{
    (void)state;
    for (int cell = QL_CELL_LSTM; cell <= QL_CELL_RNN; cell++) {
        for (int token = -20; token < 20; token += 13) {
            assert_true(compare_model((enum ql_cell)cell, 20, 30, 11, 2, token, NULL) > 0);
        }
    }
}

static void token_table_larger_than_its_parts_is_not_made(void **state)
{
    (void)state;
    // One layer: there is nothing to concatenate, so only a table could save a call.
    assert_int_equal(compare_model(QL_CELL_LSTM, 200, 2, 11, 1, 3, NULL), 0);
    assert_int_equal(compare_model(QL_CELL_LSTM, 20, 30, 11, 1, 3, NULL), 1);
}

static void token_table_leaves_an_embedding_that_others_need(void **state)
{
    (void)state;
    assert_int_equal(compare_model(QL_CELL_LSTM, 20, 30, 11, 1, 3, "embedded"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rewriting_random_graphs_changes_no_bit),
        cmocka_unit_test(token_table_of_every_cell_changes_no_bit),
        cmocka_unit_test(token_table_larger_than_its_parts_is_not_made),
        cmocka_unit_test(token_table_leaves_an_embedding_that_others_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
