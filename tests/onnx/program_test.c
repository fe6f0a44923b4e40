// Compilation: shape arithmetic disappears, memory is shared, and anything unsupported is an error that names it.
// Uses: cmocka, ql_onnx.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "graph_text.h"
#include "onnx/graph.h"
#include "onnx/program_compile.h"

// A graph that the tests build node by node; every value is named with a letter.
static struct ql_graph graph;
static struct ql_program program;
static struct ql_error error;

static int set_up(void **state)
{
    (void)state;
    graph = (struct ql_graph){0};
    program = (struct ql_program){0};
    ql_graph_init(&graph, "test", 17);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ql_program_free(&program);
    ql_graph_free(&graph);
    return 0;
}

static int add_input(const char *name, enum ql_element type, int rank, const int *dims)
{
    int value = ql_graph_add_value(&graph, name, type, rank, dims, NULL);
    ql_graph_add_input(&graph, value);
    return value;
}

static int add_ints(const char *name, int count, const int64_t *numbers)
{
    return ql_graph_add_value(&graph, name, QL_ELEMENT_S64, 1, &count, numbers);
}

static int add_scalar(const char *name, int64_t number)
{
    return ql_graph_add_value(&graph, name, QL_ELEMENT_S64, 0, NULL, &number);
}

// A node with at most two inputs and one output, named like its output.
static int add_node(const char *operator_name, const char *output, int first, int second)
{
    const int inputs[] = {first, second};
    int value = ql_graph_add_value(&graph, output, QL_ELEMENT_NONE, -1, NULL, NULL);
    ql_graph_add_node(&graph, operator_name, output, inputs, second < 0 ? 1 : 2, &value, 1);
    return value;
}

static enum ql_status compile(void)
{
    const struct ql_program_options options = {.default_size = 5};
    ql_program_free(&program);
    enum ql_status status = ql_graph_check(&graph, &error);
    return status == QL_OK ? ql_program_compile(&program, &graph, &options, &error) : status;
}

static void expect_compiled(void)
{
    if (compile() != QL_OK) {
        fail_msg("%s", error.message);
    }
}

static void expect_error(const char *words)
{
    error.message[0] = '\0';
    assert_int_equal(compile(), QL_ERROR_INPUT);
    if (strstr(error.message, words) == NULL) {
        fail_msg("'%s' is not in '%s'", words, error.message);
    }
}

// x (B, T, 4), reshaped to (B, T * 4) by arithmetic on its own shape, as exporters write it.
static void program_shape_arithmetic_leaves_no_call(void **state)
{
    (void)state;
    int x = add_input("x", QL_ELEMENT_F32, 3, (const int[]){-1, -1, 4});
    int shape = add_node("Shape", "shape", x, -1);
    int size = add_node("Gather", "size", shape, add_scalar("zero", 0));
    int list = add_node("Unsqueeze", "list", size, add_ints("axes", 1, (const int64_t[]){0}));
    int joined = add_node("Concat", "joined", list, add_ints("rest", 1, (const int64_t[]){-1}));
    ql_graph_add_int(&graph, "axis", 0);
    int y = add_node("Reshape", "y", x, joined);
    ql_graph_add_output(&graph, y);
    expect_compiled();
    assert_int_equal(program.call_count, 0);
    assert_int_equal(program.workspace_bytes, 0);
    assert_int_equal(program.values[y].rank, 2);
    assert_int_equal(program.values[y].dims[0], 5);
    assert_int_equal(program.values[y].dims[1], 20);
    assert_int_equal(ql_program_root(&program, y)->storage, QL_STORAGE_INPUT);
}

static void program_parts_in_one_piece_are_views(void **state)
{
    (void)state;
    int x = add_input("x", QL_ELEMENT_F32, 2, (const int[]){6, 3});
    int starts = add_ints("starts", 1, (const int64_t[]){2});
    int ends = add_ints("ends", 1, (const int64_t[]){4});
    const int inputs[] = {x, starts, ends};
    int y = ql_graph_add_value(&graph, "y", QL_ELEMENT_NONE, -1, NULL, NULL);
    ql_graph_add_node(&graph, "Slice", "y", inputs, 3, &y, 1);
    ql_graph_add_output(&graph, y);
    expect_compiled();
    assert_int_equal(program.call_count, 0);
    assert_int_equal(program.values[y].root, x);
    assert_int_equal(program.values[y].offset, 2 * 3 * sizeof(float));
}

static void program_calls_that_nobody_needs_are_dropped(void **state)
{
    (void)state;
    int x = add_input("x", QL_ELEMENT_F32, 1, (const int[]){8});
    int y = add_node("Relu", "y", x, -1);
    (void)add_node("Tanh", "unused", add_node("Exp", "unused_too", y, -1), -1);
    ql_graph_add_output(&graph, y);
    expect_compiled();
    assert_int_equal(program.call_count, 1);
    assert_string_equal(program.calls[0].kernel->name, "ql_unary_f32");
    assert_string_equal(program.calls[0].operations[0]->name, "ql_relu_f32");
}

// In a chain only two values are live at a time, so two blocks are enough for any length.
static void program_chain_needs_two_blocks(void **state)
{
    enum { LENGTH = 20, SIZE = 64 };
    const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j",
                                 "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"};
    int size = SIZE;

    (void)state;
    int value = add_input("x", QL_ELEMENT_F32, 1, &size);
    for (int k = 0; k < LENGTH; k++) {
        value = add_node("Tanh", names[k], value, -1);
    }
    ql_graph_add_output(&graph, value);
    expect_compiled();
    assert_int_equal(program.call_count, LENGTH);
    assert_int_equal(program.workspace_bytes, 2 * SIZE * sizeof(float));
}

static void program_unknown_operator_is_named(void **state)
{
    (void)state;
    int x = add_input("x", QL_ELEMENT_F32, 1, (const int[]){8});
    int y = add_node("Det", "y", x, -1);
    ql_graph_add_output(&graph, y);
    expect_error("node 'y' (Det): this operator is not supported");
    // If there are several, all are named, each once.
    int z = add_node("Unique", "z", y, -1);
    ql_graph_add_output(&graph, add_node("Det", "w", z, -1));
    expect_error("2 operators that are not supported in version");
    expect_error("Det (node 'y'), Unique (node 'z')");
}

static void program_operator_of_a_later_version_is_named(void **state)
{
    (void)state;
    int x = add_input("x", QL_ELEMENT_F32, 1, (const int[]){8});
    ql_graph_add_output(&graph, add_node("Gelu", "y", x, -1)); // since version 20
    expect_error("node 'y' (Gelu): this operator is not supported in this version");
}

static void program_split_says_why_it_does_not_divide(void **state)
{
    enum { PARTS = 300 }; // more than are supported
    int outputs[PARTS];
    (void)state;
    int x = add_input("x", QL_ELEMENT_F32, 1, (const int[]){PARTS});
    for (int k = 0; k < PARTS; k++) {
        char name[16];
        (void)snprintf(name, sizeof name, "y%d", k);
        outputs[k] = ql_graph_add_value(&graph, name, QL_ELEMENT_NONE, -1, NULL, NULL);
    }
    ql_graph_add_output(&graph, x);
    ql_graph_add_node(&graph, "Split", "s", &x, 1, outputs, PARTS);
    expect_error("there are 300 parts; at most 256 are supported");
    graph.nodes[0].output_count = 7;
    expect_error("the size 300 of axis 0 does not split into 7 equal parts");
    graph.opset = 18;
    ql_graph_add_int(&graph, "num_outputs", 6);
    expect_error("the attribute 'num_outputs' is 6, but there are 7 outputs");
}

static void program_unknown_attribute_is_named(void **state)
{
    (void)state;
    int x = add_input("x", QL_ELEMENT_F32, 2, (const int[]){8, 8});
    ql_graph_add_output(&graph, add_node("Softmax", "y", x, -1));
    ql_graph_add_int(&graph, "axes", 1);
    expect_error("node 'y' (Softmax): the attribute 'axes' is not supported");
}

static void program_attribute_of_another_kind_is_named(void **state)
{
    (void)state;
    int x = add_input("x", QL_ELEMENT_F32, 2, (const int[]){8, 8});
    ql_graph_add_output(&graph, add_node("Softmax", "y", x, -1));
    ql_graph_add_float(&graph, "axis", 1.0f);
    expect_error("the attribute 'axis'");
}

static void program_type_without_kernels_is_named(void **state)
{
    (void)state;
    int x = add_input("x", QL_ELEMENT_S64, 2, (const int[]){8, 8});
    ql_graph_add_output(&graph, add_node("MatMul", "y", x, x));
    expect_error("'x' has the type int64");
}

static void program_sizes_that_contradict_are_an_error(void **state)
{
    (void)state;
    int a = add_input("a", QL_ELEMENT_F32, 2, (const int[]){2, 3});
    int b = add_input("b", QL_ELEMENT_F32, 2, (const int[]){2, 4});
    ql_graph_add_output(&graph, add_node("Add", "y", a, b));
    expect_error("node 'y' (Add): the size 4 of 'b' in dimension 1 does not fit the size 3");
}

static void program_shape_known_only_at_run_time_is_an_error(void **state)
{
    (void)state;
    int x = add_input("x", QL_ELEMENT_F32, 1, (const int[]){6});
    int shape = add_input("shape", QL_ELEMENT_S64, 1, (const int[]){2});
    ql_graph_add_output(&graph, add_node("Reshape", "y", x, shape));
    expect_error("node 'y' (Reshape): 'shape' is known only at run time");
}

static void program_size_that_nobody_binds_is_named(void **state)
{
    const struct ql_program_options options = {.default_size = 0};

    (void)state;
    int x = add_input("x", QL_ELEMENT_F32, 2, (const int[]){3, -1});
    ql_graph_add_output(&graph, add_node("Relu", "y", x, -1));
    assert_int_equal(ql_program_compile(&program, &graph, &options, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "dimension 1 (without a name) of the input 'x'"));
}

static void program_bindings_fix_sizes_and_contents(void **state)
{
    static const int64_t shape_data[] = {3, 2};
    const struct ql_binding bindings[] = {
        {.name = "length", .size = 3}, {.name = "x:1", .size = 2}, {.name = "shape", .data = shape_data}};
    const struct ql_program_options options = {.bindings = bindings, .binding_count = 3};

    (void)state;
    int x = add_input("x", QL_ELEMENT_F32, 2, (const int[]){-1, -1});
    graph.values[x].dim_names[0] = "length";
    int shape = add_input("shape", QL_ELEMENT_S64, 1, (const int[]){2});
    int y = add_node("Expand", "y", x, shape);
    ql_graph_add_output(&graph, y);
    assert_int_equal(ql_program_compile(&program, &graph, &options, &error), QL_OK);
    assert_int_equal(program.values[y].dims[0], 3);
    assert_int_equal(program.values[y].dims[1], 2);
}

static void program_huge_result_is_an_error(void **state)
{
    (void)state;
    int x = add_input("x", QL_ELEMENT_F32, 1, (const int[]){1});
    ql_graph_add_output(&graph, add_node("Expand", "y", x, add_ints("n", 2, (const int64_t[]){1 << 20, 1 << 20})));
    expect_error("more than");
}

static void program_memory_beyond_the_limit_is_an_error(void **state)
{
    const struct ql_program_options options = {.byte_limit = 1000};

    (void)state;
    int x = add_input("x", QL_ELEMENT_F32, 1, (const int[]){300});
    ql_graph_add_output(&graph, add_node("Relu", "y", x, -1));
    assert_int_equal(ql_program_compile(&program, &graph, &options, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "the limit is 1000"));
}

static void program_constant_index_out_of_range_is_an_error(void **state)
{
    (void)state;
    int table = add_ints("table", 3, (const int64_t[]){5, 6, 7});
    ql_graph_add_output(&graph, add_node("Gather", "y", table, add_scalar("index", 3)));
    expect_error("node 'y' (Gather): an index is out of range");
}

static void program_activation_without_its_parameter_is_named(void **state)
{
    static const float zeros[64] = {0};
    static const char *const names[] = {"Affine"};

    (void)state;
    int x = add_input("x", QL_ELEMENT_F32, 3, (const int[]){2, 1, 3});
    int w = ql_graph_add_value(&graph, "w", QL_ELEMENT_F32, 3, (const int[]){1, 4, 3}, zeros);
    int r = ql_graph_add_value(&graph, "r", QL_ELEMENT_F32, 3, (const int[]){1, 4, 4}, zeros);
    int y = ql_graph_add_value(&graph, "y", QL_ELEMENT_NONE, -1, NULL, NULL);
    ql_graph_add_node(&graph, "RNN", "cell", (const int[]){x, w, r}, 3, &y, 1);
    ql_graph_add_strings(&graph, "activations", names, 1);
    ql_graph_add_output(&graph, y);
    expect_error("node 'cell' (RNN): the activation 'Affine' needs a value in 'activation_alpha'");
}

static void program_recurrent_sizes_that_contradict_are_an_error(void **state)
{
    static const float zeros[64] = {0};

    (void)state;
    int x = add_input("x", QL_ELEMENT_F32, 3, (const int[]){2, 1, 3});
    int w = ql_graph_add_value(&graph, "w", QL_ELEMENT_F32, 3, (const int[]){1, 4, 4}, zeros);
    int r = ql_graph_add_value(&graph, "r", QL_ELEMENT_F32, 3, (const int[]){1, 4, 4}, zeros);
    int y = ql_graph_add_value(&graph, "y", QL_ELEMENT_NONE, -1, NULL, NULL);
    ql_graph_add_node(&graph, "RNN", "cell", (const int[]){x, w, r}, 3, &y, 1);
    ql_graph_add_output(&graph, y);
    expect_error("node 'cell' (RNN): the shape of the input 'W'");
}

// --- Graphs in lines ---

static void expect_text_compiled(const char *text)
{
    ql_graph_free(&graph);
    if (graph_text_read(&graph, text, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    expect_compiled();
}

static void expect_text_error(const char *text, const char *words)
{
    ql_graph_free(&graph);
    if (graph_text_read(&graph, text, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    expect_error(words);
}

// The pass that looks for norms and turns read the place of the output that is left out.
static void program_layer_without_its_first_output_compiles(void **state)
{
    (void)state;
    expect_text_compiled("opset 17\n"
                         "input x float 1 1 4\n"
                         "input h float 1 1 4\n"
                         "input c float 1 1 4\n"
                         "const W float 1 16 4\n"
                         "const gain float 1 1 4\n"
                         "LSTM x W W - - h c -> - hn cn hidden_size=4\n"
                         "Mul hn gain -> y\n"
                         "Concat hn cn -> both axis=2\n"
                         "output y float 1 1 4\n"
                         "output both float 1 1 8\n");
}

static void program_input_left_out_of_many_is_named(void **state)
{
    static const char *const lines[] = {"Mean a - b -> y", "Sum a - b -> y", "Concat a - b -> y axis=0",
                                        "Einsum a - -> y equation=\"i,i\""};
    char text[200];

    (void)state;
    for (size_t k = 0; k < sizeof lines / sizeof lines[0]; k++) {
        (void)snprintf(text, sizeof text, "opset 17\ninput a float 4\ninput b float 4\n%s\noutput y float 4\n",
                       lines[k]);
        expect_text_error(text, "input 1 is missing");
    }
}

// Each number is near the end of its type, or each product of sizes beyond it: a sanitizer watches.
static void program_numbers_beyond_all_sizes_are_errors(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"opset 23\ninput x float 1 4 0\nconst cos float 4 0\nRotaryEmbedding x cos cos -> y num_heads=4294967296\n",
         "'num_heads' divides"},
        {"opset 23\ninput x float 1 4 0\nAttention x x x -> y q_num_heads=4294967296 kv_num_heads=4294967296\n",
         "'q_num_heads' divides"},
        {"opset 17\ninput x float 1 1 8\nconst w float 1 1 1025\n"
         "Conv x w -> y auto_pad=\"SAME_UPPER\" dilations=[4194304]\n",
         "the weights reach over"},
        {"opset 17\ninput x float 1 4 8\nconst w float 4 4 3\nConv x w -> y group=4611686018427387904\n",
         "do not fit each other"},
        {"opset 21\ninput x int8 2 8\nconst s float 2 1\n"
         "DequantizeLinear x s -> y axis=1 block_size=9223372036854775807\n",
         ""},
        {"opset 17\ninput a float 1048576 1\ninput b float 1 1048576\ninput c float 1048576 1\nGemm a b c -> y\n",
         "more than 268435456 elements"},
        {"opset 17\ninput a float 0 65536 65536\nMatMul a a -> y\n", "has more than 268435456 elements"},
    };
    char text[400];

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        (void)snprintf(text, sizeof text, "%soutput y float 1\n", cases[k].text);
        if (cases[k].words[0] == '\0') {
            expect_text_compiled(text);
        } else {
            expect_text_error(text, cases[k].words);
        }
    }
}

// The letter of that number in an equation.
static char letter(int number)
{
    return (char)(number < 26 ? 'A' + number : 'a' + number - 26);
}

// An Einsum that needs as many values for an operand as there can be, behind any number of values that leave it any room.
static void program_has_room_for_the_largest_nodes(void **state)
{
    enum { OPERANDS = 16, CHAIN = 2, SHORT = CHAIN + OPERANDS + 1, OWN = SHORT + OPERANDS + 1 };
    static const int dims[] = {2, 2, 2, 2, 2, 0, 1, 0};

    (void)state;
    for (int before = 0; before < 250; before++) {
        char equation[OPERANDS * 9 + 3], name[16], *end = equation;
        int inputs[OPERANDS];
        (void)tear_down(state);
        (void)set_up(state);
        int x = add_input("x", QL_ELEMENT_F16, 8, dims);
        for (int k = 0; k < OPERANDS; k++) {
            // A diagonal, an axis of all operands, two that are shared with the operands beside it, two more that are of
            // size 1 in the later one, and one of its own.
            const char term[] = {letter(0),
                                 letter(0),
                                 letter(1),
                                 letter(CHAIN + k + 1),
                                 letter(CHAIN + k),
                                 letter(SHORT + k + 1),
                                 letter(SHORT + k),
                                 letter(OWN + k),
                                 k + 1 < OPERANDS ? ',' : '-'};
            memcpy(end, term, sizeof term);
            end += sizeof term;
            inputs[k] = x;
        }
        memcpy(end, ">", 2);
        for (int k = 0; k < before; k++) {
            (void)snprintf(name, sizeof name, "n%d", k);
            (void)add_node("Identity", name, x, -1);
        }
        int y = ql_graph_add_value(&graph, "y", QL_ELEMENT_NONE, -1, NULL, NULL);
        ql_graph_add_node(&graph, "Einsum", "y", inputs, OPERANDS, &y, 1);
        ql_graph_add_string(&graph, "equation", equation);
        ql_graph_add_output(&graph, y);
        expect_compiled();
    }
}

// Both results of a call have it as their maker, also behind a copy; what several calls write has none.
static void program_maker_is_the_only_call_that_writes(void **state)
{
    (void)state;
    int x = add_input("x", QL_ELEMENT_F32, 2, (const int[]){3, 4});
    int values = ql_graph_add_value(&graph, "values", QL_ELEMENT_NONE, -1, NULL, NULL);
    int indices = ql_graph_add_value(&graph, "indices", QL_ELEMENT_NONE, -1, NULL, NULL);
    ql_graph_add_node(&graph, "TopK", "top", (const int[]){x, add_ints("k", 1, (const int64_t[]){2})}, 2,
                      (const int[]){values, indices}, 2);
    int turned = add_node("Transpose", "turned", indices, -1);
    int joined = add_node("Concat", "joined", add_node("Neg", "neg", x, -1), add_node("Exp", "exp", x, -1));
    ql_graph_add_int(&graph, "axis", 0);
    ql_graph_add_output(&graph, values);
    ql_graph_add_output(&graph, turned);
    ql_graph_add_output(&graph, joined);
    expect_compiled();
    const int top = ql_program_find_maker(&program, values);
    assert_true(top >= 0 && ql_kernel_call_is(&program.calls[top], QL_KERNEL_TOP_K_F32));
    assert_int_equal(ql_program_find_maker(&program, indices), top);
    assert_int_equal(ql_program_find_maker(&program, turned), top);
    assert_int_equal(ql_program_find_maker(&program, joined), -1);
    assert_int_equal(ql_program_find_maker(&program, x), -1);
}

// Joined values are such sums if all parts are.
static void program_sum_of_products_is_one_in_all_parts(void **state)
{
    (void)state;
    const float half = 0.5f;
    int x = add_input("x", QL_ELEMENT_F32, 2, (const int[]){3, 4});
    int w = add_input("w", QL_ELEMENT_F32, 2, (const int[]){4, 4});
    int product = add_node("MatMul", "product", x, w);
    int scaled = add_node("Mul", "scaled", add_node("Transpose", "turned", product, -1),
                          ql_graph_add_value(&graph, "half", QL_ELEMENT_F32, 0, NULL, &half));
    int sigmoid = add_node("Sigmoid", "sigmoid", product, -1);
    const int pairs[][2] = {{product, sigmoid}, {sigmoid, product}, {product, product}, {product, x}};
    static const char *const names[] = {"product_last", "sigmoid_last", "products", "input_last"};
    int joined[4];
    for (int k = 0; k < 4; k++) {
        joined[k] = add_node("Concat", names[k], pairs[k][1], pairs[k][0]);
        ql_graph_add_int(&graph, "axis", 0);
        ql_graph_add_output(&graph, joined[k]);
    }
    ql_graph_add_output(&graph, scaled);
    expect_compiled();
    assert_true(ql_program_is_sum_of_products(&program, product));
    assert_true(ql_program_is_sum_of_products(&program, scaled));
    assert_true(ql_program_is_sum_of_products(&program, joined[2]));
    for (int k = 0; k < 4; k++) {
        assert_int_equal(ql_program_is_sum_of_products(&program, joined[k]), k == 2);
    }
    assert_false(ql_program_is_sum_of_products(&program, sigmoid));
    assert_false(ql_program_is_sum_of_products(&program, x));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(program_shape_arithmetic_leaves_no_call),
        TEST(program_parts_in_one_piece_are_views),
        TEST(program_calls_that_nobody_needs_are_dropped),
        TEST(program_chain_needs_two_blocks),
        TEST(program_unknown_operator_is_named),
        TEST(program_operator_of_a_later_version_is_named),
        TEST(program_split_says_why_it_does_not_divide),
        TEST(program_unknown_attribute_is_named),
        TEST(program_attribute_of_another_kind_is_named),
        TEST(program_type_without_kernels_is_named),
        TEST(program_sizes_that_contradict_are_an_error),
        TEST(program_shape_known_only_at_run_time_is_an_error),
        TEST(program_size_that_nobody_binds_is_named),
        TEST(program_bindings_fix_sizes_and_contents),
        TEST(program_huge_result_is_an_error),
        TEST(program_memory_beyond_the_limit_is_an_error),
        TEST(program_constant_index_out_of_range_is_an_error),
        TEST(program_activation_without_its_parameter_is_named),
        TEST(program_recurrent_sizes_that_contradict_are_an_error),
        TEST(program_layer_without_its_first_output_compiles),
        TEST(program_input_left_out_of_many_is_named),
        TEST(program_numbers_beyond_all_sizes_are_errors),
        TEST(program_has_room_for_the_largest_nodes),
        TEST(program_maker_is_the_only_call_that_writes),
        TEST(program_sum_of_products_is_one_in_all_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
