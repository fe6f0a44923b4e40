// The first node at which two engines diverge is found and described.
// Uses: verify/bisection, with a graph of three nodes and runners that are stubs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "verify/bisection.h"

enum { COUNT = 6 };

// y = (x + 1) * 2, and the index of its maximum; each step of a runner may have a fault.
struct engine {
    float x[COUNT], sum[COUNT], product[COUNT];
    int64_t place;
    int fault; // the node that computes wrongly, or -1
    float amount;
    struct ql_array inputs[1], outputs[3];
};

static struct ql_graph graph;
static struct engine left_engine, right_engine;
static struct ql_runner left, right;
static struct ql_error error;

static enum ql_status run(struct ql_runner *runner, struct ql_error *unused)
{
    struct engine *engine = runner->self;

    (void)unused;
    for (int i = 0; i < COUNT; i++) {
        engine->sum[i] = engine->x[i] + 1.0f;
        if (engine->fault == 0 && i == 4) {
            engine->sum[i] += engine->amount;
        }
        engine->product[i] = engine->sum[i] * 2.0f + (engine->fault == 1 && i == 2 ? engine->amount : 0.0f);
    }
    engine->place = engine->fault == 2 ? 1 : 5;
    return QL_OK;
}

static struct ql_runner make_runner(struct engine *engine, const char *name)
{
    engine->fault = -1;
    engine->inputs[0] = (struct ql_array){"x", QL_ELEMENT_F32, 2, {2, 3}, COUNT, sizeof engine->x, engine->x};
    engine->outputs[0] = (struct ql_array){"sum", QL_ELEMENT_F32, 2, {2, 3}, COUNT, sizeof engine->sum, engine->sum};
    engine->outputs[1] =
        (struct ql_array){"product", QL_ELEMENT_F32, 2, {2, 3}, COUNT, sizeof engine->product, engine->product};
    engine->outputs[2] = (struct ql_array){"place", QL_ELEMENT_S64, 1, {1}, 1, sizeof engine->place, &engine->place};
    struct ql_runner runner = {
        .input_count = 1, .output_count = 3, .inputs = engine->inputs, .outputs = engine->outputs, .step = run};
    strcpy(runner.name, name);
    runner.self = engine;
    return runner;
}

static int begin(void **state)
{
    static const int dims[] = {2, 3};
    static const int one[] = {1};

    (void)state;
    graph = (struct ql_graph){0};
    ql_graph_init(&graph, "toy", 17);
    const int x = ql_graph_add_value(&graph, "x", QL_ELEMENT_F32, 2, dims, NULL);
    const int sum = ql_graph_add_value(&graph, "sum", QL_ELEMENT_F32, 2, dims, NULL);
    const int product = ql_graph_add_value(&graph, "product", QL_ELEMENT_F32, 2, dims, NULL);
    const int place = ql_graph_add_value(&graph, "place", QL_ELEMENT_S64, 1, one, NULL);
    (void)ql_graph_add_node(&graph, "Add", "plus one", &x, 1, &sum, 1);
    (void)ql_graph_add_node(&graph, "Mul", "twice", &sum, 1, &product, 1);
    (void)ql_graph_add_node(&graph, "ArgMax", "largest", &product, 1, &place, 1);
    left = make_runner(&left_engine, "left");
    right = make_runner(&right_engine, "right");
    for (int i = 0; i < COUNT; i++) {
        left_engine.x[i] = (float)i;
        right_engine.x[i] = -1.0f;
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    ql_graph_free(&graph);
    return 0;
}

static struct ql_bisection bisect(bool to_the_bit)
{
    struct ql_bisection bisection;
    assert_int_equal(ql_bisection_read(&bisection, &graph, &left, &right, to_the_bit, 1e-5, &error), QL_OK);
    return bisection;
}

static void bisection_engines_that_agree_have_no_such_node(void **state)
{
    (void)state;
    const struct ql_bisection bisection = bisect(true);
    assert_int_equal(bisection.node, -1);
    assert_int_equal(bisection.compared, 3);
}

static void bisection_second_output_of_a_node_is_told_from_the_first(void **state)
{
    static const int dims[] = {2, 3};
    int outputs[2];

    (void)state;
    ql_graph_free(&graph);
    ql_graph_init(&graph, "toy", 17);
    const int x = ql_graph_add_value(&graph, "x", QL_ELEMENT_F32, 2, dims, NULL);
    outputs[0] = ql_graph_add_value(&graph, "sum", QL_ELEMENT_F32, 2, dims, NULL);
    outputs[1] = ql_graph_add_value(&graph, "product", QL_ELEMENT_F32, 2, dims, NULL);
    (void)ql_graph_add_node(&graph, "Both", "both", &x, 1, outputs, 2);
    right_engine.fault = 1;
    right_engine.amount = 0.5f;
    const struct ql_bisection bisection = bisect(true);
    assert_int_equal(bisection.node, 0);
    assert_int_equal(bisection.output, 1);
}

static void bisection_first_of_the_wrong_nodes_is_found(void **state)
{
    (void)state;
    right_engine.fault = 0;
    right_engine.amount = 0.5f;
    const struct ql_bisection bisection = bisect(true);
    assert_int_equal(bisection.node, 0);
    assert_int_equal(bisection.worst[0], 1);
    assert_int_equal(bisection.worst[1], 1);
    assert_true(bisection.difference.left == 5.0f && bisection.difference.right == 5.5f);
}

static void bisection_node_in_the_middle_is_found(void **state)
{
    (void)state;
    right_engine.fault = 1;
    right_engine.amount = 1.0f;
    const struct ql_bisection bisection = bisect(false);
    assert_int_equal(bisection.node, 1);
    assert_int_equal(bisection.worst[0], 0);
    assert_int_equal(bisection.worst[1], 2);
}

static void bisection_integers_are_compared_too(void **state)
{
    (void)state;
    right_engine.fault = 2;
    const struct ql_bisection bisection = bisect(false);
    assert_int_equal(bisection.node, 2);
    assert_false(bisection.is_float);
    assert_int_equal(bisection.worst[0], 0);
}

static void bisection_tolerance_is_for_engines_of_others(void **state)
{
    (void)state;
    right_engine.fault = 1;
    right_engine.amount = 2e-6f;
    assert_int_equal(bisect(false).node, -1);
    assert_int_equal(bisect(true).node, 1);
}

static void bisection_values_that_are_not_shown_are_passed_over(void **state)
{
    (void)state;
    right_engine.fault = 0;
    right_engine.amount = 0.5f;
    right.output_count = 2;
    right.outputs++;
    const struct ql_bisection bisection = bisect(true);
    assert_int_equal(bisection.node, 1);
    assert_int_equal(bisection.compared, 1);
}

static void bisection_inputs_must_be_the_same(void **state)
{
    struct ql_bisection bisection;

    (void)state;
    right_engine.inputs[0].name = "z";
    assert_int_equal(ql_bisection_read(&bisection, &graph, &left, &right, true, 0, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "z"));
}

static void bisection_report_names_node_shapes_and_element(void **state)
{
    char text[600];

    (void)state;
    right_engine.fault = 0;
    right_engine.amount = 0.5f;
    struct ql_bisection bisection = bisect(true);
    ql_bisection_write(&bisection, text, sizeof text, &graph, &left, right.name);
    assert_string_equal(text, "The first node that differs is number 1 of 3, Add plus one\n"
                              "    input   x (2, 3)\n"
                              "    output  sum (2, 3)\n"
                              "    worst   element [1, 1]: 5 here, 5.5 in right; 1 of 6 differ");
    ql_bisection_write(&bisection, text, 20, &graph, &left, right.name);
    assert_string_equal(text, "The first node that");
    right_engine.fault = -1;
    bisection = bisect(true);
    ql_bisection_write(&bisection, text, sizeof text, &graph, &left, right.name);
    assert_non_null(strstr(text, "3 of 3 nodes"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bisection_engines_that_agree_have_no_such_node),
        TEST(bisection_second_output_of_a_node_is_told_from_the_first),
        TEST(bisection_first_of_the_wrong_nodes_is_found),
        TEST(bisection_node_in_the_middle_is_found),
        TEST(bisection_integers_are_compared_too),
        TEST(bisection_tolerance_is_for_engines_of_others),
        TEST(bisection_values_that_are_not_shown_are_passed_over),
        TEST(bisection_inputs_must_be_the_same),
        TEST(bisection_report_names_node_shapes_and_element),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
