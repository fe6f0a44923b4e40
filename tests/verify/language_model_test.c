// Where tokens go in and logits come out, and how the state is carried and reset.
// Uses: verify/language_model, with graphs that are only declared and a runner that is a stub.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "verify/language_model.h"

enum { V = 4 };

static const int one[] = {1}, row[] = {1, V};

static struct ql_graph graph;
static struct ql_program program;
static struct ql_runner runner;
static struct ql_language_model model;
static struct ql_descriptor descriptor;
static struct ql_error error;

// A graph of tokens, and of a state that adds the token to itself. With one-hot tokens V floats go in.
static void make_graph(enum ql_element token_type, bool one_hot, bool has_state)
{
    const int tokens = one_hot ? ql_graph_add_value(&graph, "tokens", token_type, 2, row, NULL)
                               : ql_graph_add_value(&graph, "tokens", token_type, 1, one, NULL);
    const int table_dims[] = {V, V};
    static const float table[V * V] = {0};
    const int weights = ql_graph_add_value(&graph, "table", QL_ELEMENT_F32, 2, table_dims, table);
    const int logits = ql_graph_add_value(&graph, "logits", QL_ELEMENT_F32, 2, row, NULL);

    ql_graph_add_input(&graph, tokens);
    (void)ql_graph_add_node(&graph, one_hot ? "MatMul" : "Gather", "look up",
                            one_hot ? (const int[]){tokens, weights} : (const int[]){weights, tokens}, 2, &logits, 1);
    ql_graph_add_output(&graph, logits);
    if (has_state) {
        const int state = ql_graph_add_value(&graph, "count", QL_ELEMENT_F32, 1, one, NULL);
        const int next = ql_graph_add_value(&graph, "counted", QL_ELEMENT_F32, 1, one, NULL);
        ql_graph_add_input(&graph, state);
        (void)ql_graph_add_node(&graph, "Add", "add", (const int[]){state, state}, 2, &next, 1);
        ql_graph_add_output(&graph, next);
    }
}

// What the stub computes instead: the state counts the tokens since the last reset; the logits prefer token + state.
static int token_of(const struct ql_array *tokens)
{
    if (tokens->type == QL_ELEMENT_S64) {
        return (int)*(const int64_t *)tokens->data;
    } else if (tokens->type == QL_ELEMENT_S32) {
        return *(const int32_t *)tokens->data;
    }
    int token = -1;
    for (int v = 0; v < V; v++) {
        const float share = ((const float *)tokens->data)[v];
        assert_true(share == 0.0f || (share == 1.0f && token < 0));
        token = share == 1.0f ? v : token;
    }
    return token;
}

static enum ql_status count(struct ql_runner *self, struct ql_error *unused)
{
    const float *counted = self->inputs[1].data;
    float *logits = self->outputs[0].data;
    const int liked = (token_of(&self->inputs[0]) + (int)*counted) % V;

    (void)unused;
    for (int v = 0; v < V; v++) {
        logits[v] = v == liked ? 10.0f : 0.0f;
    }
    *(float *)self->outputs[1].data = *counted + 1.0f;
    return QL_OK;
}

static enum ql_status make_nan(struct ql_runner *self, struct ql_error *unused)
{
    (void)unused;
    memset(self->outputs[0].data, 0xff, self->outputs[0].bytes);
    return QL_OK;
}

static int begin(void **state)
{
    (void)state;
    graph = (struct ql_graph){0};
    program = (struct ql_program){0};
    runner = (struct ql_runner){0};
    ql_graph_init(&graph, "toy", 17);
    descriptor = (struct ql_descriptor){.symbols = {'\n', 'a', 'b', 'c'}, .symbol_count = V};
    return 0;
}

static int end(void **state)
{
    (void)state;
    ql_language_model_free(&model);
    ql_runner_free(&runner);
    ql_program_free(&program);
    ql_graph_free(&graph);
    return 0;
}

static enum ql_status open_model(void)
{
    const struct ql_program_options options = {.default_size = 1};

    assert_int_equal(ql_program_compile(&program, &graph, &options, &error), QL_OK);
    assert_int_equal(ql_runner_init(&runner, &program, &error), QL_OK);
    return ql_language_model_init(&model, &runner, &program, &descriptor, &error);
}

// The greedy text of five symbols, twice: the second begins from zero again.
static void expect_text(const int *expected)
{
    struct ql_sampler sampler = {.temperature = 0.0f, .top_p = 1.0f};

    runner.step = count;
    for (int again = 0; again < 2; again++) {
        int token = model.first_token;
        ql_language_model_reset(&model);
        for (int i = 0; i < 5; i++) {
            assert_int_equal(ql_language_model_next(&model, &token, &sampler, NULL, &error), QL_OK);
            assert_int_equal(token, expected[i]);
        }
    }
}

static void model_state_is_carried_from_token_to_token(void **state)
{
    (void)state;
    make_graph(QL_ELEMENT_S64, false, true);
    assert_int_equal(open_model(), QL_OK);
    expect_text((const int[]){0, 1, 3, 2, 2});
}

static void model_tokens_of_32_bits_are_written_as_such(void **state)
{
    (void)state;
    make_graph(QL_ELEMENT_S32, false, true);
    assert_int_equal(open_model(), QL_OK);
    expect_text((const int[]){0, 1, 3, 2, 2});
}

static void model_tokens_may_be_one_hot(void **state)
{
    (void)state;
    make_graph(QL_ELEMENT_F32, true, true);
    assert_int_equal(open_model(), QL_OK);
    expect_text((const int[]){0, 1, 3, 2, 2});
}

static void model_state_is_reset_before_any_of_the_symbols(void **state)
{
    (void)state;
    make_graph(QL_ELEMENT_S64, false, true);
    descriptor.reset_count = 1;
    descriptor.resets[0] = 3;
    assert_int_equal(open_model(), QL_OK);
    expect_text((const int[]){0, 1, 3, 3, 3});
    descriptor.reset_count = 2;
    descriptor.resets[1] = 0;
    expect_text((const int[]){0, 0, 0, 0, 0});
}

static void model_without_newline_begins_at_token_0(void **state)
{
    (void)state;
    make_graph(QL_ELEMENT_S64, false, true);
    descriptor.symbols[0] = 'x';
    assert_int_equal(open_model(), QL_OK);
    assert_int_equal(model.first_token, 0);
    ql_language_model_free(&model);
    descriptor.symbols[2] = '\n';
    assert_int_equal(ql_language_model_init(&model, &runner, &program, &descriptor, &error), QL_OK);
    assert_int_equal(model.first_token, 2);
}

static void model_without_state_is_refused(void **state)
{
    (void)state;
    make_graph(QL_ELEMENT_S64, false, false);
    assert_int_equal(open_model(), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "state"));
}

static void model_of_another_vocabulary_is_refused(void **state)
{
    (void)state;
    make_graph(QL_ELEMENT_S64, false, true);
    descriptor.symbols[V] = 'd';
    descriptor.symbol_count = V + 1;
    assert_int_equal(open_model(), QL_ERROR_INPUT);
}

static void model_logits_that_are_no_numbers_are_an_error(void **state)
{
    struct ql_sampler sampler = {.temperature = 1.0f, .top_p = 1.0f};
    int token = 0;

    (void)state;
    make_graph(QL_ELEMENT_S64, false, true);
    assert_int_equal(open_model(), QL_OK);
    runner.step = make_nan;
    assert_int_equal(ql_language_model_next(&model, &token, &sampler, NULL, &error), QL_ERROR_NUMERIC);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(model_state_is_carried_from_token_to_token),
        TEST(model_tokens_of_32_bits_are_written_as_such),
        TEST(model_tokens_may_be_one_hot),
        TEST(model_state_is_reset_before_any_of_the_symbols),
        TEST(model_without_newline_begins_at_token_0),
        TEST(model_without_state_is_refused),
        TEST(model_of_another_vocabulary_is_refused),
        TEST(model_logits_that_are_no_numbers_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
