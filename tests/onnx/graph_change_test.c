// Names of values that are added to a graph: the first one that is free.
// Uses: onnx/graph_change.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "onnx/graph_change.h"

static struct ql_graph graph;

static const char *add(const char *stem)
{
    const int value = ql_graph_change_add_value(&graph, stem, QL_ELEMENT_F32, 0, NULL, NULL);
    return graph.values[value].name;
}

static void added_value_gets_the_first_name_that_is_free(void **state)
{
    static const char *const others[] = {
        "window_one",    "window_one_2", "window_one_4", "window_one_03",
        "window_one_3x", "window_one_1", "window_one_",  "window_one_99999999999999999999"};

    (void)state;
    assert_string_equal(add("window"), "window");
    for (size_t k = 0; k < sizeof others / sizeof others[0]; k++) {
        (void)ql_graph_add_value(&graph, others[k], QL_ELEMENT_F32, 0, NULL, NULL);
    }
    assert_string_equal(add("window_one"), "window_one_3");
    assert_string_equal(add("window_one"), "window_one_5");
    assert_string_equal(add("window_two"), "window_two");
    assert_string_equal(add("window"), "window_2");
    assert_false(graph.arena.exhausted);
    ql_graph_free(&graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(added_value_gets_the_first_name_that_is_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
