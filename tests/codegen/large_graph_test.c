// Compiles graphs of many nodes, in shapes that reveal a step with quadratic time: it would take longer than the limit
// of the test. Uses: cmocka, ql_codegen.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "codegen/codegen.h"
#include "codegen/token_table.h"
#include "onnx/in_place.h"
#include "onnx/program_compile.h"

enum { NODES = 100000, NAME_BYTES = 128 };

static struct ql_graph graph;
static const int shape[] = {1, 4};

static int add_value(const char *format, int number)
{
    char name[NAME_BYTES];
    (void)snprintf(name, sizeof name, format, number);
    return ql_graph_add_value(&graph, name, QL_ELEMENT_F32, 2, shape, NULL);
}

static void add_node(const char *operator_name, int output, int first, int second)
{
    const int inputs[] = {first, second};
    ql_graph_add_node(&graph, operator_name, "node", inputs, second < 0 ? 1 : 2, &output, 1);
}

// A value that a node computes from one or two others.
static int add_result(const char *operator_name, const char *format, int number, int first, int second)
{
    const int value = add_value(format, number);
    add_node(operator_name, value, first, second);
    return value;
}

static int open_graph(void)
{
    graph = (struct ql_graph){0};
    ql_graph_init(&graph, "large", 17);
    const int x = add_value("x", 0);
    ql_graph_add_input(&graph, x);
    return x;
}

static void compile_graph(void)
{
    const struct ql_program_options options = {.default_size = 1};
    struct ql_program program;
    struct ql_error error;
    FILE *source = fopen("/dev/null", "w");

    assert_non_null(source);
    assert_int_equal(ql_graph_check(&graph, &error), QL_OK);
    assert_int_equal(ql_program_compile(&program, &graph, &options, &error), QL_OK);
    assert_int_equal(ql_token_table_init(&program, &error), QL_OK);
    assert_int_equal(ql_in_place_init(&program, &error), QL_OK);
    const struct ql_codegen codegen = {
        .program = &program, .name = "large", .source_file = "large.onnx", .source_sha256 = "none"};
    const struct ql_codegen_unit unit = {.models = &codegen,
                                         .model_count = 1,
                                         .header_file = "large.h",
                                         .version = "test",
                                         .command_line = "large_graph_test"};
    assert_int_equal(ql_codegen_write(source, NULL, &unit, &error), QL_OK);
    assert_int_equal(fclose(source), 0);
    ql_program_free(&program);
    ql_graph_free(&graph);
}

static void chain_compiles(void **state)
{
    (void)state;
    int last = open_graph();
    for (int i = 0; i < 2 * NODES; i++) {
        last = add_result("Relu", "v%d", i, last, -1);
    }
    ql_graph_add_output(&graph, last);
    compile_graph();
}

// Every value lives until it is read in the opposite order.
static void nested_lifetimes_compile(void **state)
{
    static int values[NODES];

    (void)state;
    int last = open_graph();
    for (int i = 0; i < NODES; i++) {
        last = values[i] = add_result("Relu", "v%d", i, last, -1);
    }
    for (int i = NODES - 1; i >= 0; i--) {
        last = add_result("Add", "a%d", i, last, values[i]);
    }
    ql_graph_add_output(&graph, last);
    compile_graph();
}

// In C, names are truncated, and then all of these are the same.
static void names_with_one_beginning_compile(void **state)
{
    (void)state;
    int last = open_graph();
    for (int i = 0; i < 2 * NODES; i++) {
        last = add_result("Relu", "model/encoder/layers/block/attention/self/query/dense/v%d", i, last, -1);
    }
    ql_graph_add_output(&graph, last);
    compile_graph();
}

// A state that is put together from so many parts that it does not pay to look for one that would be read too late.
static void state_of_many_parts_compiles(void **state)
{
    static int parts[NODES / 16];
    const int whole[] = {1, NODES / 4};
    const struct ql_state_pair pair = {.input = 1, .output = 1};
    const struct ql_program_options options = {.default_size = 1, .states = &pair, .state_count = 1};
    struct ql_program program;
    struct ql_error error;

    (void)state;
    const int x = open_graph();
    const int before = ql_graph_add_value(&graph, "before", QL_ELEMENT_F32, 2, whole, NULL);
    const int after = ql_graph_add_value(&graph, "after", QL_ELEMENT_F32, 2, whole, NULL);
    const int read = ql_graph_add_value(&graph, "read", QL_ELEMENT_F32, 2, whole, NULL);
    ql_graph_add_input(&graph, before);
    add_node("Relu", read, before, -1);
    for (int i = 0; i < NODES / 16; i++) {
        parts[i] = add_result("Relu", "v%d", i, x, -1);
    }
    ql_graph_add_node(&graph, "Concat", "node", parts, NODES / 16, &after, 1);
    ql_graph_add_int(&graph, "axis", 1);
    ql_graph_add_output(&graph, read);
    ql_graph_add_output(&graph, after);
    assert_int_equal(ql_program_compile(&program, &graph, &options, &error), QL_OK);
    assert_false(ql_program_is_in_place(&program, pair));
    ql_program_free(&program);
    ql_graph_free(&graph);
}

static void many_inputs_and_outputs_compile(void **state)
{
    (void)state;
    (void)open_graph();
    for (int i = 0; i < NODES; i++) {
        const int input = add_value("in%d", i);
        ql_graph_add_input(&graph, input);
        ql_graph_add_output(&graph, add_result("Relu", "out%d", i, input, -1));
    }
    compile_graph();
}

static void outputs_that_are_views_of_an_input_compile(void **state)
{
    (void)state;
    const int x = open_graph();
    for (int i = 0; i < NODES; i++) {
        ql_graph_add_output(&graph, add_result("Identity", "v%d", i, x, -1));
    }
    compile_graph();
}

// Each copies the previous result, which in_place.c makes a part of the next one.
static void parts_of_parts_compile(void **state)
{
    enum { PARTS = 10000 };

    (void)state;
    const int x = open_graph();
    int last = x;
    for (int i = 0; i < PARTS; i++) {
        char name[NAME_BYTES];
        (void)snprintf(name, sizeof name, "c%d", i);
        const int next = ql_graph_add_value(&graph, name, QL_ELEMENT_NONE, -1, NULL, NULL);
        add_node("Concat", next, last, x);
        ql_graph_add_int(&graph, "axis", 0);
        last = add_result("Relu", "r%d", i, next, -1);
        graph.values[last].rank = -1;
    }
    ql_graph_add_output(&graph, last);
    compile_graph();
}

// An embedding before each of many layers, each of which gets its own table.
static void many_embeddings_compile(void **state)
{
    enum { LAYERS = 10000, V = 5, H = 4 };
    static const float numbers[V * H] = {1.0f, -1.0f, 0.5f};
    static const int embedding_dims[] = {V, H}, weight_dims[] = {1, H, H}, token_dims[] = {1, 1};

    (void)state;
    (void)open_graph();
    const int embedding = ql_graph_add_value(&graph, "embedding", QL_ELEMENT_F32, 2, embedding_dims, numbers);
    const int weights = ql_graph_add_value(&graph, "weights", QL_ELEMENT_F32, 3, weight_dims, numbers);
    for (int i = 0; i < LAYERS; i++) {
        char name[NAME_BYTES];
        (void)snprintf(name, sizeof name, "t%d", i);
        const int tokens = ql_graph_add_value(&graph, name, QL_ELEMENT_S64, 2, token_dims, NULL);
        ql_graph_add_input(&graph, tokens);
        const int gathered = add_result("Gather", "g%d", i, embedding, tokens);
        const int inputs[] = {gathered, weights, weights};
        const int outputs[] = {-1, add_value("h%d", i)};
        graph.values[gathered].rank = graph.values[outputs[1]].rank = -1;
        ql_graph_add_node(&graph, "RNN", "layer", inputs, 3, outputs, 2);
        ql_graph_add_int(&graph, "hidden_size", H);
        ql_graph_add_output(&graph, outputs[1]);
    }
    compile_graph();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chain_compiles),
        cmocka_unit_test(nested_lifetimes_compile),
        cmocka_unit_test(names_with_one_beginning_compile),
        cmocka_unit_test(state_of_many_parts_compiles),
        cmocka_unit_test(many_inputs_and_outputs_compile),
        cmocka_unit_test(outputs_that_are_views_of_an_input_compile),
        cmocka_unit_test(parts_of_parts_compile),
        cmocka_unit_test(many_embeddings_compile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
