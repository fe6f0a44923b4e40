// Operators on cases that ONNX's own tests leave out, each with a result that can be computed by hand: float where
// those have only double, operands whose sizes coincide, earlier versions of the operator set, edges of a range.
// Uses: cmocka, ql_engine.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/engine.h"

enum { VALUE_LIMIT = 64, INPUT_LIMIT = 5 };

// A graph of one node, whose inputs are all the graph's, and whose output 0 is the graph's.
static struct ql_graph graph;
static struct ql_engine engine;
static struct ql_error error;
static const void *data[INPUT_LIMIT];
static int node_inputs[INPUT_LIMIT];

static int set_up(void **state)
{
    (void)state;
    graph = (struct ql_graph){0};
    engine = (struct ql_engine){0};
    ql_graph_init(&graph, "test", 17);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ql_engine_free(&engine);
    ql_graph_free(&graph);
    return 0;
}

static void add_input(const char *name, enum ql_element type, int rank, const int *dims, const void *values)
{
    const int number = graph.input_count;
    node_inputs[number] = ql_graph_add_value(&graph, name, type, rank, dims, NULL);
    data[number] = values;
    ql_graph_add_input(&graph, node_inputs[number]);
}

static void add_constant(const char *name, int number, int64_t value)
{
    node_inputs[number] = ql_graph_add_value(&graph, name, QL_ELEMENT_S64, 1, (const int[]){1}, &value);
}

static void add_node(const char *operator_name, int input_count)
{
    int y = ql_graph_add_value(&graph, "y", QL_ELEMENT_NONE, -1, NULL, NULL);
    ql_graph_add_node(&graph, operator_name, "node", node_inputs, input_count, &y, 1);
    ql_graph_add_output(&graph, y);
}

static enum ql_status run(void *y)
{
    const struct ql_program_options options = {.default_size = 1};
    void *const outputs[] = {y};

    if (ql_engine_init(&engine, &graph, &options, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    return ql_engine_run(&engine, data, outputs, &error);
}

static void expect_floats(int count, const float *expected)
{
    float y[VALUE_LIMIT];

    assert_int_equal(run(y), QL_OK);
    assert_int_equal(engine.program.values[graph.outputs[0]].count, count);
    for (int k = 0; k < count; k++) {
        if (!(y[k] == expected[k] || (isnan(y[k]) && isnan(expected[k])))) {
            fail_msg("element %d is %.9g instead of %.9g", k, (double)y[k], (double)expected[k]);
        }
    }
}

static void max_and_min_of_nan_and_a_number_are_nan(void **state)
{
    (void)state;
    static const char *const names[] = {"Max", "Min"};

    for (int k = 0; k < 2; k++) {
        (void)set_up(state);
        add_input("a", QL_ELEMENT_F32, 1, (const int[]){4}, (const float[]){NAN, 1.0f, NAN, -2.0f});
        add_input("b", QL_ELEMENT_F32, 1, (const int[]){4}, (const float[]){1.0f, NAN, NAN, -2.0f});
        add_node(names[k], 2);
        expect_floats(4, (const float[]){NAN, NAN, NAN, -2.0f});
        (void)tear_down(state);
    }
}

static void cumsum_of_floats_goes_each_way(void **state)
{
    static const float expected[4][6] = {
        {1, 3, 6, 4, 9, 15}, {0, 1, 3, 0, 4, 9}, {6, 5, 3, 15, 11, 6}, {5, 3, 0, 11, 6, 0}};

    (void)state;
    for (int k = 0; k < 4; k++) {
        (void)set_up(state);
        add_input("x", QL_ELEMENT_F32, 2, (const int[]){2, 3}, (const float[]){1, 2, 3, 4, 5, 6});
        add_constant("axis", 1, 1);
        add_node("CumSum", 2);
        ql_graph_add_int(&graph, "exclusive", k % 2);
        ql_graph_add_int(&graph, "reverse", k / 2);
        expect_floats(6, expected[k]);
        (void)tear_down(state);
    }
}

static void gather_of_an_index_at_the_edges_stops_behind_them(void **state)
{
    float y[4];

    (void)state;
    for (int64_t index = -4; index <= 3; index++) {
        (void)set_up(state);
        add_input("x", QL_ELEMENT_F32, 2, (const int[]){3, 1}, (const float[]){10, 11, 12});
        add_input("index", QL_ELEMENT_S64, 0, NULL, &index);
        add_node("Gather", 2);
        if (index < -3 || index > 2) {
            assert_int_equal(run(y), QL_ERROR_INPUT);
        } else {
            assert_int_equal(run(y), QL_OK);
            assert_true(y[0] == 10.0f + (float)(index < 0 ? index + 3 : index));
        }
        (void)tear_down(state);
    }
}

static void gemm_of_square_operands_transposes_what_it_is_told(void **state)
{
    static const float expected[4][4] = {{19, 22, 43, 50}, {17, 23, 39, 53}, {26, 30, 38, 44}, {23, 31, 34, 46}};

    (void)state;
    for (int k = 0; k < 4; k++) {
        (void)set_up(state);
        add_input("a", QL_ELEMENT_F32, 2, (const int[]){2, 2}, (const float[]){1, 2, 3, 4});
        add_input("b", QL_ELEMENT_F32, 2, (const int[]){2, 2}, (const float[]){5, 6, 7, 8});
        add_node("Gemm", 2);
        ql_graph_add_int(&graph, "transB", k % 2);
        ql_graph_add_int(&graph, "transA", k / 2);
        expect_floats(4, expected[k]);
        (void)tear_down(state);
    }
}

// With M = N only the shape of C distinguishes a row from a column.
static void gemm_with_m_equal_n_spreads_c_along_its_own_axis(void **state)
{
    static const struct {
        int rank, dims[2];
        float expected[9];
    } cases[] = {
        {1, {3, 0}, {11, 22, 33, 12, 23, 34, 13, 24, 35}}, {2, {1, 3}, {11, 22, 33, 12, 23, 34, 13, 24, 35}},
        {2, {3, 1}, {11, 12, 13, 22, 23, 24, 33, 34, 35}}, {2, {1, 1}, {11, 12, 13, 12, 13, 14, 13, 14, 15}},
        {1, {1, 0}, {11, 12, 13, 12, 13, 14, 13, 14, 15}}, {0, {0, 0}, {11, 12, 13, 12, 13, 14, 13, 14, 15}},
    };

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        (void)set_up(state);
        add_input("a", QL_ELEMENT_F32, 2, (const int[]){3, 2}, (const float[]){1, 0, 1, 1, 1, 2});
        add_input("b", QL_ELEMENT_F32, 2, (const int[]){2, 3}, (const float[]){1, 2, 3, 1, 1, 1});
        add_input("c", QL_ELEMENT_F32, cases[k].rank, cases[k].dims, (const float[]){10, 20, 30});
        add_node("Gemm", 3);
        expect_floats(9, cases[k].expected);
        (void)tear_down(state);
    }
}

// Both batches broadcast, and left and right matrices differ in size.
static void matmul_of_crossed_batches_multiplies_every_pair(void **state)
{
    (void)state;
    add_input("a", QL_ELEMENT_F32, 4, (const int[]){2, 1, 1, 2}, (const float[]){1, 2, 3, 4});
    add_input("b", QL_ELEMENT_F32, 3, (const int[]){3, 2, 2}, (const float[]){1, 10, 0, 0, 0, 0, 1, 10, 1, 10, 1, 10});
    add_node("MatMul", 2);
    expect_floats(12, (const float[]){1, 10, 2, 20, 3, 30, 3, 30, 4, 40, 7, 70});
}

static void slice_backwards_reaches_the_first_element(void **state)
{
    (void)state;
    add_input("x", QL_ELEMENT_F32, 1, (const int[]){4}, (const float[]){1, 2, 3, 4});
    add_constant("start", 1, 3);
    add_constant("end", 2, INT64_MIN);
    add_constant("axis", 3, 0);
    add_constant("step", 4, -1);
    add_node("Slice", 5);
    expect_floats(4, (const float[]){4, 3, 2, 1});
}

static void transpose_of_small_sizes_moves_every_axis(void **state)
{
    (void)state;
    add_input("x", QL_ELEMENT_F32, 3, (const int[]){2, 1, 2}, (const float[]){1, 2, 3, 4});
    add_node("Transpose", 1);
    expect_floats(4, (const float[]){1, 3, 2, 4});
}

static void concat_of_unequal_parts_joins_them_in_order(void **state)
{
    (void)state;
    add_input("a", QL_ELEMENT_F32, 2, (const int[]){2, 3}, (const float[]){1, 2, 3, 4, 5, 6});
    add_input("b", QL_ELEMENT_F32, 2, (const int[]){2, 1}, (const float[]){7, 8});
    add_input("c", QL_ELEMENT_F32, 2, (const int[]){2, 2}, (const float[]){9, 10, 11, 12});
    add_node("Concat", 3);
    ql_graph_add_int(&graph, "axis", 1);
    expect_floats(12, (const float[]){1, 2, 3, 7, 9, 10, 4, 5, 6, 8, 11, 12});
}

// Before version 13 all dimensions from the axis on are one; e^0 for all elements gives each the same share.
static void softmax_of_each_version_normalizes_its_axes(void **state)
{
    const float zeros[12] = {0};
    float expected[12];

    (void)state;
    for (int opset = 11; opset <= 13; opset++) {
        (void)set_up(state);
        graph.opset = opset;
        add_input("x", QL_ELEMENT_F32, 3, (const int[]){1, 3, 4}, zeros);
        add_node("Softmax", 1);
        ql_graph_add_int(&graph, "axis", 1);
        for (int k = 0; k < 12; k++) {
            expected[k] = 1.0f / (opset < 13 ? 12.0f : 3.0f);
        }
        expect_floats(12, expected);
        (void)tear_down(state);
    }
}

// Without subtracting the largest first, e^100 and e^101 would both overflow a float.
static void softmax_of_large_numbers_keeps_their_ratio(void **state)
{
    float y[3];

    (void)state;
    add_input("x", QL_ELEMENT_F32, 2, (const int[]){1, 3}, (const float[]){0, 100, 101});
    add_node("Softmax", 1);
    assert_int_equal(run(y), QL_OK);
    assert_true(y[0] < 1e-30f);
    assert_true(fabs((double)y[1] - 1.0 / (1.0 + exp(1.0))) < 1e-6);
    assert_true(fabs((double)y[2] - 1.0 / (1.0 + exp(-1.0))) < 1e-6);
}

// The sanitizer watches: a bound for integers was computed of 64-bit floats, too, by a shift of 64 bits.
static void extremes_of_no_elements_are_infinite(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        const bool is_double = k % 2 == 1;
        const double sign = k / 2 == 0 ? -1.0 : 1.0;
        double wide = 0.0;
        float narrow = 0.0f;
        (void)set_up(state);
        add_input("x", is_double ? QL_ELEMENT_F64 : QL_ELEMENT_F32, 2, (const int[]){2, 0}, &wide);
        add_node(k / 2 == 0 ? "ReduceMax" : "ReduceMin", 1);
        assert_int_equal(is_double ? run(&wide) : run(&narrow), QL_OK);
        assert_true((is_double ? wide : (double)narrow) == sign * (double)INFINITY);
        (void)tear_down(state);
    }
}

// What ONNX Runtime cannot be asked for, because it fails there: ellipses of no dimensions or of unequal ones, sums of axes
// that are moved, capital letters without an arrow.
static void einsum_of_each_form_sums_and_orders_its_axes(void **state)
{
    static const float numbers[] = {1, 2, 3, 4, 5, 6, 7, 8}, units[] = {1, 0, 0, 1, 1, 1};
    static const struct {
        const char *equation;
        int inputs, ranks[3], dims[3][3], count;
        float expected[8];
    } cases[] = {
        {"...ij->...ji", 1, {2}, {{2, 3}}, 6, {1, 4, 2, 5, 3, 6}},
        {" a B ", 1, {2}, {{2, 3}}, 6, {1, 4, 2, 5, 3, 6}},
        {"ij->", 1, {2}, {{2, 3}}, 1, {21}},
        {"ii->i", 1, {2}, {{2, 2}}, 2, {1, 4}},
        {"ii", 1, {2}, {{2, 2}}, 1, {5}},
        {"iji->j", 1, {3}, {{2, 2, 2}}, 2, {7, 11}},
        {"abc->cb", 1, {3}, {{2, 2, 2}}, 4, {6, 10, 8, 12}},
        {"...ij,jk->...ik", 2, {2, 2}, {{1, 2}, {2, 3}}, 3, {3, 2, 2}},
        {"...i,...i->...", 2, {3, 2}, {{2, 1, 2}, {3, 2}}, 6, {1, 2, 3, 3, 4, 7}},
        {"i,i->i", 2, {1, 1}, {{1}, {3}}, 3, {1, 0, 0}},
        {"i,i", 2, {1, 1}, {{3}, {1}}, 1, {6}},
        {"ij,jk->k", 2, {2, 2}, {{2, 2}, {2, 3}}, 3, {10, 6, 6}},
        {",->", 2, {0, 0}, {{0}}, 1, {1}},
        {"i,j,k->kji", 3, {1, 1, 1}, {{2}, {2}, {2}}, 8, {1, 2, 0, 0, 2, 4, 0, 0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)set_up(state);
        for (int k = 0; k < cases[i].inputs; k++) {
            add_input((const char *[]){"a", "b", "c"}[k], QL_ELEMENT_F32, cases[i].ranks[k], cases[i].dims[k],
                      k == 1 ? units : numbers);
        }
        add_node("Einsum", cases[i].inputs);
        ql_graph_add_string(&graph, "equation", cases[i].equation);
        expect_floats(cases[i].count, cases[i].expected);
        (void)tear_down(state);
    }
}

static void einsum_names_what_is_wrong_with_its_equation(void **state)
{
    static const struct {
        const char *equation, *words;
    } cases[] = {
        {"ij,jk->i?", "'?'"},
        {"ij->i", "one term for each of its 2"},
        {"ij,jk,k->i", "one term for each of its 2"},
        {"ijk,jk->i", "3 axes"},
        {"ij,jk->il", "letters of its inputs"},
        {"ij,jk->ii", "letters of its inputs"},
        {"ij,ji->i", "2 and 3"},
        {"ii,jk->i", "2 and 3"},
        {"ij,jk-i", "'->'"},
        {"ij,jk->i->k", "'->'"},
        {"", "0 axes"},
    };
    const struct ql_program_options options = {.default_size = 1};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)set_up(state);
        for (int k = 0; k < 2; k++) {
            add_input(k == 0 ? "a" : "b", QL_ELEMENT_F32, 2, k == 0 ? (const int[]){2, 3} : (const int[]){3, 3}, NULL);
        }
        add_node("Einsum", 2);
        ql_graph_add_string(&graph, "equation", cases[i].equation);
        assert_int_equal(ql_engine_init(&engine, &graph, &options, &error), QL_ERROR_INPUT);
        if (strstr(error.message, cases[i].words) == NULL) {
            fail_msg("'%s' does not say '%s'", error.message, cases[i].words);
        }
        (void)tear_down(state);
    }
}

static void log_of_a_sum_of_exponentials_neither_overflows_nor_loses_infinity(void **state)
{
    static const float infinite = INFINITY;
    const float x[] = {100, 100, -infinite, -infinite, infinite, -infinite, -200, -200};

    (void)state;
    (void)set_up(state);
    add_input("x", QL_ELEMENT_F32, 2, (const int[]){4, 2}, x);
    add_node("ReduceLogSumExp", 1);
    ql_graph_add_ints(&graph, "axes", (const int64_t[]){-1}, 1);
    ql_graph_add_int(&graph, "keepdims", 0);
    expect_floats(4, (const float[]){100.693147f, -infinite, infinite, -199.306853f});
    (void)tear_down(state);
    for (int k = 0; k < 2; k++) {
        const double wide = k == 0 ? 1e300 : -1e300;
        double y = 0.0;
        (void)set_up(state);
        add_input("x", QL_ELEMENT_F64, 1, (const int[]){1}, &wide);
        add_node("ReduceLogSumExp", 1);
        assert_int_equal(run(&y), QL_OK);
        assert_true(y == wide);
        (void)tear_down(state);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(max_and_min_of_nan_and_a_number_are_nan),
        cmocka_unit_test(cumsum_of_floats_goes_each_way),
        cmocka_unit_test(gather_of_an_index_at_the_edges_stops_behind_them),
        cmocka_unit_test(gemm_of_square_operands_transposes_what_it_is_told),
        cmocka_unit_test(gemm_with_m_equal_n_spreads_c_along_its_own_axis),
        TEST(matmul_of_crossed_batches_multiplies_every_pair),
        TEST(slice_backwards_reaches_the_first_element),
        TEST(transpose_of_small_sizes_moves_every_axis),
        TEST(concat_of_unequal_parts_joins_them_in_order),
        cmocka_unit_test(softmax_of_each_version_normalizes_its_axes),
        TEST(softmax_of_large_numbers_keeps_their_ratio),
        cmocka_unit_test(extremes_of_no_elements_are_infinite),
        cmocka_unit_test(einsum_of_each_form_sums_and_orders_its_axes),
        cmocka_unit_test(einsum_names_what_is_wrong_with_its_equation),
        cmocka_unit_test(log_of_a_sum_of_exponentials_neither_overflows_nor_loses_infinity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
