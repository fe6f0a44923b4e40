// A model with all its values exposed: the same model, with more outputs.
// Uses: verify/exposed_model, onnx.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "onnx/model_graph.h"
#include "onnx/onnx_reader.h"
#include "onnx/onnx_writer.h"
#include "verify/exposed_model.h"
#include "verify/runner.h"

static struct ql_graph graph, exposed_graph;
static unsigned char *bytes, *exposed;
static size_t size_bytes, exposed_bytes;
static struct ql_error error;

static int begin(void **state)
{
    const struct ql_dimensions dimensions = {
        .cell = QL_CELL_LSTM, .V = 5, .E = 3, .H = 4, .L = 2, .layer = QL_LAYER_RECURRENT};
    struct ql_model model;

    (void)state;
    graph = exposed_graph = (struct ql_graph){0};
    assert_int_equal(ql_model_init(&model, dimensions, &error), QL_OK);
    ql_model_reset(&model, 1);
    assert_int_equal(ql_model_graph_init(&graph, &model, 0, &error), QL_OK);
    assert_int_equal(ql_onnx_write(&bytes, &size_bytes, &graph, &error), QL_OK);
    assert_int_equal(ql_exposed_model_write(&exposed, &exposed_bytes, bytes, size_bytes, &graph, &error), QL_OK);
    assert_int_equal(ql_onnx_read(&exposed_graph, exposed, exposed_bytes, &error), QL_OK);
    ql_model_free(&model);
    return 0;
}

static int end(void **state)
{
    (void)state;
    ql_graph_free(&graph);
    ql_graph_free(&exposed_graph);
    free(bytes);
    free(exposed);
    return 0;
}

static void exposed_model_begins_with_the_file_as_it_is(void **state)
{
    (void)state;
    assert_true(exposed_bytes > size_bytes);
    assert_memory_equal(exposed, bytes, size_bytes);
}

static void exposed_model_has_every_output_of_every_node_once(void **state)
{
    int values = 0;

    (void)state;
    assert_int_equal(exposed_graph.node_count, graph.node_count);
    for (int n = 0; n < graph.node_count; n++) {
        for (int k = 0; k < graph.nodes[n].output_count; k++) {
            if (graph.nodes[n].outputs[k] < 0) {
                continue;
            }
            const char *name = graph.values[graph.nodes[n].outputs[k]].name;
            int found = 0;
            for (int i = 0; i < exposed_graph.output_count; i++) {
                found += strcmp(exposed_graph.values[exposed_graph.outputs[i]].name, name) == 0;
            }
            assert_int_equal(found, 1);
            values++;
        }
    }
    assert_int_equal(exposed_graph.output_count, values);
    assert_string_equal(exposed_graph.values[exposed_graph.outputs[0]].name, graph.values[graph.outputs[0]].name);
}

static void exposed_model_of_an_exposed_one_has_no_more(void **state)
{
    unsigned char *again = NULL;
    size_t again_bytes;
    struct ql_graph again_graph = {0};

    (void)state;
    assert_int_equal(ql_exposed_model_write(&again, &again_bytes, exposed, exposed_bytes, &exposed_graph, &error),
                     QL_OK);
    assert_int_equal(ql_onnx_read(&again_graph, again, again_bytes, &error), QL_OK);
    assert_int_equal(again_graph.output_count, exposed_graph.output_count);
    ql_graph_free(&again_graph);
    free(again);
}

static void exposed_model_computes_the_same(void **state)
{
    struct ql_runner plain = {0}, shown = {0};

    (void)state;
    assert_int_equal(ql_engine_runner_open(&plain, &graph, &error), QL_OK);
    assert_int_equal(ql_engine_runner_open(&shown, &exposed_graph, &error), QL_OK);
    const int64_t token = 3;
    memcpy(plain.inputs[0].data, &token, sizeof token);
    memcpy(shown.inputs[0].data, &token, sizeof token);
    assert_int_equal(plain.step(&plain, &error), QL_OK);
    assert_int_equal(shown.step(&shown, &error), QL_OK);
    for (int i = 0; i < plain.output_count; i++) {
        const struct ql_array *output = ql_array_find(shown.outputs, shown.output_count, plain.outputs[i].name);
        assert_non_null(output);
        assert_int_equal(output->bytes, plain.outputs[i].bytes);
        assert_memory_equal(output->data, plain.outputs[i].data, output->bytes);
    }
    ql_runner_free(&plain);
    ql_runner_free(&shown);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(exposed_model_begins_with_the_file_as_it_is),
        TEST(exposed_model_has_every_output_of_every_node_once),
        TEST(exposed_model_of_an_exposed_one_has_no_more),
        TEST(exposed_model_computes_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
