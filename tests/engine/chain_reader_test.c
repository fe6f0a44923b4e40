// Which graphs are language models with an integer form, and the messages for those that are not.
// Uses: ql_engine, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/chain_reader.h"
#include "engine/engine.h"

enum { V = 6, H = 5, G = 4 };

// How the graph that is built differs from the plain one.
struct variant {
    const char *cell; // "LSTM", "GRU"
    bool one_hot;     // the tokens are vectors; otherwise they are gathered from an embedding of V numbers
    bool relu;        // after the layer
    bool residual;    // the layer's input is added to the output layer's result
    bool reset_after; // the GRU's linear_before_reset
    bool fixed_state; // the output does not depend on the input state
    bool square;      // another product after the output
    bool no_output;   // the layer's output is the logits (H = V)
};

static float *numbers(int count, uint32_t seed)
{
    static float values[8][4 * 16 * 16];
    float *to = values[seed % 8];

    for (int k = 0; k < count; k++) {
        seed = seed * 1664525u + 1013904223u;
        to[k] = (float)(seed >> 8) / 8388608.0f - 1.0f;
    }
    return to;
}

static int constant(struct ql_graph *graph, const char *name, int rank, const int *dims, uint32_t seed)
{
    int count = 1;

    for (int axis = 0; axis < rank; axis++) {
        count *= dims[axis];
    }
    return ql_graph_add_value(graph, name, QL_ELEMENT_F32, rank, dims, numbers(count, seed));
}

static int value(struct ql_graph *graph, const char *name, enum ql_element type, int rank, const int *dims)
{
    return ql_graph_add_value(graph, name, type, rank, dims, NULL);
}

static int node(struct ql_graph *graph, const char *operator_name, int a, int b, const char *output, int rank,
                const int *dims)
{
    const int inputs[] = {a, b};
    const int y = value(graph, output, QL_ELEMENT_F32, rank, dims);
    (void)ql_graph_add_node(graph, operator_name, output, inputs, b < 0 ? 1 : 2, &y, 1);
    return y;
}

static void build(struct ql_graph *graph, const struct variant *v)
{
    const bool lstm = strcmp(v->cell, "LSTM") == 0;
    const int gates = lstm ? 4 : 3, units = v->no_output ? V : H;
    const int state_dims[] = {1, 1, units}, x_dims[] = {1, 1, V}, token_dims[] = {1, 1}, logit_dims[] = {1, 1, V};
    const int y_dims[] = {1, 1, 1, units}, flat[] = {1, units}, flat_logits[] = {1, V};

    ql_graph_init(graph, "test", 17);
    const int tokens = v->one_hot ? value(graph, "tokens", QL_ELEMENT_F32, 3, x_dims)
                                  : value(graph, "tokens", QL_ELEMENT_S64, 2, token_dims);
    ql_graph_add_input(graph, tokens);
    const int h0 = value(graph, "h0", QL_ELEMENT_F32, 3, state_dims);
    ql_graph_add_input(graph, h0);
    const int c0 = lstm ? value(graph, "c0", QL_ELEMENT_F32, 3, state_dims) : -1;
    if (lstm) {
        ql_graph_add_input(graph, c0);
    }
    const int x = v->one_hot ? tokens
                             : node(graph, "Gather", constant(graph, "embedding", 2, (const int[]){V, V}, 1), tokens,
                                    "x", 3, x_dims);
    const int inputs[] = {x,
                          constant(graph, "W", 3, (const int[]){1, gates * units, V}, 2),
                          constant(graph, "R", 3, (const int[]){1, gates * units, units}, 3),
                          constant(graph, "B", 2, (const int[]){1, 2 * gates * units}, 4),
                          -1,
                          v->fixed_state ? constant(graph, "fixed", 3, state_dims, 7) : h0,
                          c0};
    const int outputs[] = {value(graph, "y", QL_ELEMENT_F32, 4, y_dims),
                           value(graph, "hn", QL_ELEMENT_F32, 3, state_dims),
                           lstm ? value(graph, "cn", QL_ELEMENT_F32, 3, state_dims) : -1};
    (void)ql_graph_add_node(graph, v->cell, "layer", inputs, lstm ? 7 : 6, outputs, lstm ? 3 : 2);
    ql_graph_add_int(graph, "hidden_size", units);
    if (v->reset_after) {
        ql_graph_add_int(graph, "linear_before_reset", 1);
    }
    int y = v->relu ? node(graph, "Relu", outputs[0], -1, "relu", 4, y_dims) : outputs[0];
    const int64_t shape[] = {1, units};
    const int shape_count = 2;
    y = node(graph, "Reshape", y, ql_graph_add_value(graph, "shape", QL_ELEMENT_S64, 1, &shape_count, shape), "flat", 2,
             flat);
    if (!v->no_output) {
        y = node(graph, "MatMul", y, constant(graph, "weight", 2, (const int[]){H, V}, 5), "product", 2, flat_logits);
        y = node(graph, "Add", constant(graph, "bias", 1, (const int[]){V}, 6), y, "biased", 2, flat_logits);
    }
    if (v->residual) {
        y = node(graph, "Add", y, x, "residual", 3, logit_dims);
    }
    if (v->square) {
        y = node(graph, "MatMul", y, constant(graph, "again", 2, (const int[]){V, V}, 5), "square", 2, flat_logits);
    }
    ql_graph_add_output(graph, y);
    ql_graph_add_output(graph, outputs[1]);
    if (lstm) {
        ql_graph_add_output(graph, outputs[2]);
    }
}

static enum ql_status read_variant(struct ql_chain *chain, const struct variant *variant, struct ql_error *error)
{
    static struct ql_descriptor descriptor;
    struct ql_graph graph = {0};

    descriptor = (struct ql_descriptor){.vocabulary.count = V, .vocabulary.symbols = {'\n', 'a', 'b', 'c', 'd', 'e'}};
    build(&graph, variant);
    if (ql_graph_check(&graph, error) != QL_OK) {
        fail_msg("%s", error->message);
    }
    enum ql_status status = ql_chain_read(chain, &graph, &descriptor, error);
    ql_graph_free(&graph);
    return status;
}

static void plain_graphs_of_any_spelling_are_read(void **state)
{
    static const struct variant variants[] = {{.cell = "LSTM"},
                                              {.cell = "LSTM", .one_hot = true},
                                              {.cell = "GRU", .reset_after = true},
                                              {.cell = "GRU", .reset_after = true, .one_hot = true}};

    (void)state;
    for (size_t k = 0; k < sizeof variants / sizeof variants[0]; k++) {
        struct ql_chain chain;
        struct ql_error error;
        if (read_variant(&chain, &variants[k], &error) != QL_OK) {
            fail_msg("variant %zu: %s", k, error.message);
        }
        assert_int_equal(chain.L, 1);
        assert_int_equal(chain.layers[0].H, H);
        assert_string_equal(chain.layers[0].name, "layer");
        const float *bias = numbers(V, 6);
        for (int v = 0; v < V; v++) {
            assert_true(chain.output_bias[v] == bias[v]);
        }
        ql_chain_free(&chain);
    }
}

static void other_graphs_are_refused_with_the_node(void **state)
{
    static const struct {
        struct variant variant;
        const char *words;
    } wrong[] = {
        {{.cell = "LSTM", .relu = true}, "node 'relu'"},
        {{.cell = "LSTM", .residual = true}, "node 'residual'"},
        {{.cell = "LSTM", .square = true}, "node 'square'"},
        {{.cell = "LSTM", .no_output = true}, "no linear output"},
        {{.cell = "LSTM", .fixed_state = true}, "something other"},
        {{.cell = "GRU"}, "linear_before_reset"},
    };

    (void)state;
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        struct ql_chain chain;
        struct ql_error error;
        assert_int_equal(read_variant(&chain, &wrong[k].variant, &error), QL_ERROR_INPUT);
        if (strstr(error.message, wrong[k].words) == NULL) {
            fail_msg("'%s' does not say '%s'", error.message, wrong[k].words);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_graphs_of_any_spelling_are_read),
        cmocka_unit_test(other_graphs_are_refused_with_the_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
