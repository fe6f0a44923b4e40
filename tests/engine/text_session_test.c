// Where tokens enter and logits leave, and how the state is carried and reset.
// Uses: engine/text_session, with graphs that are only declared and a stub in place of what computes them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <string.h>

#include "engine/text_session.h"
#include "onnx/model_graph.h"
#include "onnx/program_compile.h"

enum { V = 4 };

static const int one[] = {1}, row[] = {1, V};

static struct ql_graph graph;
static struct ql_program program;
static struct ql_text_session session;
static struct ql_graph_arrays arrays;
static float counted, next_counted, logits_out[V], shares_in[V];
static int64_t token_memory; // of 32 or 64 bits
static void *inputs[2], *outputs[2];
static struct ql_descriptor descriptor;
static struct ql_error error;

// A graph with tokens, and with a state to which each token is added. One-hot tokens are V floats.
static void make_graph(enum ql_element token_type, bool one_hot, bool has_state)
{
    const int tokens = one_hot ? ql_graph_add_value(&graph, "tokens", token_type, 2, row, NULL)
                               : ql_graph_add_value(&graph, "tokens", token_type, 1, one, NULL);
    const int table_dims[] = {V, V};
    static const float table[V * V] = {-1.0f}; // the engine's result for token 0, which is not a probability
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
static int read_token(void)
{
    if (session.token_type == QL_ELEMENT_S64) {
        return (int)token_memory;
    } else if (session.token_type == QL_ELEMENT_S32) {
        int32_t narrow;
        memcpy(&narrow, &token_memory, sizeof narrow);
        return narrow;
    }
    int token = -1;
    for (int v = 0; v < V; v++) {
        assert_true(shares_in[v] == 0.0f || (shares_in[v] == 1.0f && token < 0));
        token = shares_in[v] == 1.0f ? v : token;
    }
    return token;
}

static enum ql_status count(void *self, struct ql_error *unused)
{
    const int liked = (read_token() + (int)counted) % V;

    (void)self;
    (void)unused;
    for (int v = 0; v < V; v++) {
        logits_out[v] = v == liked ? 10.0f : 0.0f;
    }
    next_counted = counted + 1.0f;
    return QL_OK;
}

static enum ql_status make_nan(void *self, struct ql_error *unused)
{
    (void)self;
    (void)unused;
    memset(logits_out, 0xff, sizeof logits_out);
    return QL_OK;
}

static int begin(void **state)
{
    (void)state;
    graph = (struct ql_graph){0};
    program = (struct ql_program){0};
    ql_graph_init(&graph, "toy", 17);
    descriptor = (struct ql_descriptor){.vocabulary.symbols = {'\n', 'a', 'b', 'c'}, .vocabulary.count = V};
    return 0;
}

static int end(void **state)
{
    (void)state;
    ql_text_session_close(&session);
    ql_program_free(&program);
    ql_graph_free(&graph);
    return 0;
}

static enum ql_status open_session(void)
{
    const struct ql_program_options options = {.default_size = 1};

    assert_int_equal(ql_program_compile(&program, &graph, &options, &error), QL_OK);
    inputs[0] = program.values[graph.inputs[0]].type == QL_ELEMENT_F32 ? (void *)shares_in : (void *)&token_memory;
    inputs[1] = &counted;
    outputs[0] = logits_out;
    outputs[1] = &next_counted;
    arrays = (struct ql_graph_arrays){inputs, outputs, count, NULL};
    return ql_text_session_open_arrays(&session, &program, &descriptor, &arrays, &error);
}

// The greedy text of five symbols, twice: the second starts from zero again.
static void expect_text(const int *expected)
{
    const struct ql_draw draw = {.temperature = 0.0f, .top_p = 1.0f};

    for (int again = 0; again < 2; again++) {
        int token = ql_text_session_begin(&session, &draw);
        for (int i = 0; i < 5; i++) {
            assert_int_equal(ql_text_session_next(&session, &token, NULL, &error), QL_OK);
            assert_int_equal(token, expected[i]);
        }
    }
}

static void session_state_is_carried_from_token_to_token(void **state)
{
    (void)state;
    make_graph(QL_ELEMENT_S64, false, true);
    assert_int_equal(open_session(), QL_OK);
    expect_text((const int[]){0, 1, 3, 2, 2});
}

static void session_tokens_of_32_bits_are_written_as_such(void **state)
{
    (void)state;
    make_graph(QL_ELEMENT_S32, false, true);
    assert_int_equal(open_session(), QL_OK);
    expect_text((const int[]){0, 1, 3, 2, 2});
}

static void session_tokens_may_be_one_hot(void **state)
{
    (void)state;
    make_graph(QL_ELEMENT_F32, true, true);
    assert_int_equal(open_session(), QL_OK);
    expect_text((const int[]){0, 1, 3, 2, 2});
}

static void session_state_is_reset_before_any_of_the_symbols(void **state)
{
    (void)state;
    make_graph(QL_ELEMENT_S64, false, true);
    descriptor.reset_count = 1;
    descriptor.resets[0] = 3;
    assert_int_equal(open_session(), QL_OK);
    expect_text((const int[]){0, 1, 3, 3, 3});
    ql_text_session_close(&session);
    ql_program_free(&program);
    descriptor.reset_count = 2;
    descriptor.resets[1] = 0;
    assert_int_equal(open_session(), QL_OK);
    expect_text((const int[]){0, 0, 0, 0, 0});
}

static void session_without_newline_begins_at_token_0(void **state)
{
    (void)state;
    make_graph(QL_ELEMENT_S64, false, true);
    descriptor.vocabulary.symbols[0] = 'x';
    assert_int_equal(open_session(), QL_OK);
    assert_int_equal(session.rules.first_token, 0);
    ql_text_session_close(&session);
    ql_program_free(&program);
    descriptor.vocabulary.symbols[2] = '\n';
    assert_int_equal(open_session(), QL_OK);
    assert_int_equal(session.rules.first_token, 2);
}

static void session_without_state_is_refused(void **state)
{
    (void)state;
    make_graph(QL_ELEMENT_S64, false, false);
    assert_int_equal(open_session(), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "state"));
}

static void session_of_another_vocabulary_is_refused(void **state)
{
    (void)state;
    make_graph(QL_ELEMENT_S64, false, true);
    descriptor.vocabulary.symbols[V] = 'd';
    descriptor.vocabulary.count = V + 1;
    assert_int_equal(open_session(), QL_ERROR_INPUT);
}

static void session_logits_that_are_not_finite_are_an_error(void **state)
{
    const struct ql_draw draw = {.temperature = 1.0f, .top_p = 1.0f};

    (void)state;
    make_graph(QL_ELEMENT_S64, false, true);
    assert_int_equal(open_session(), QL_OK);
    session.arrays.run = make_nan;
    int token = ql_text_session_begin(&session, &draw);
    assert_int_equal(ql_text_session_next(&session, &token, NULL, &error), QL_ERROR_NUMERIC);
}

static void session_state_goes_out_and_comes_back(void **state)
{
    float saved = -1.0f;

    (void)state;
    make_graph(QL_ELEMENT_S64, false, true);
    assert_int_equal(open_session(), QL_OK);
    assert_int_equal(session.layout.bytes, sizeof saved);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ql_text_session_step(&session, 1, &error), QL_OK);
    }
    ql_text_session_save(&session, &saved);
    assert_true(saved == 3.0f);
    ql_text_session_load(&session, NULL);
    assert_true(counted == 0.0f);
    saved = 7.0f;
    ql_text_session_load(&session, &saved);
    assert_true(counted == 7.0f);
}

// A graph that swaps two states, each through this operator, so that they cannot both be updated in place.
static void make_exchange(const char *operator_name)
{
    const int after[] = {ql_graph_add_value(&graph, "a1", QL_ELEMENT_F32, 1, one, NULL),
                         ql_graph_add_value(&graph, "b1", QL_ELEMENT_F32, 1, one, NULL)};
    const int before[] = {ql_graph_add_value(&graph, "a0", QL_ELEMENT_F32, 1, one, NULL),
                          ql_graph_add_value(&graph, "b0", QL_ELEMENT_F32, 1, one, NULL)};

    make_graph(QL_ELEMENT_S64, false, false);
    for (int k = 0; k < 2; k++) {
        ql_graph_add_input(&graph, before[k]);
        (void)ql_graph_add_node(&graph, operator_name, k == 0 ? "there" : "back", &before[1 - k], 1, &after[k], 1);
        ql_graph_add_output(&graph, after[k]);
    }
}

static void session_states_that_change_places_are_not_mixed_up(void **state)
{
    static const char *const operators[] = {"Identity", "Neg"};
    static const float factors[] = {1.0f, -1.0f};
    const struct ql_program_options options = {.default_size = 1};

    (void)state;
    for (int i = 0; i < 2; i++) {
        float states[2] = {1.0f, 2.0f};
        (void)begin(NULL);
        make_exchange(operators[i]);
        for (int k = 0; k < 2; k++) {
            (void)snprintf(descriptor.states[k].input, sizeof descriptor.states[k].input, "%s", k == 0 ? "a0" : "b0");
            (void)snprintf(descriptor.states[k].output, sizeof descriptor.states[k].output, "%s", k == 0 ? "a1" : "b1");
        }
        descriptor.state_count = 2;
        assert_int_equal(ql_text_session_open_graph(&session, &graph, &options, &descriptor, &error), QL_OK);
        ql_text_session_load(&session, states);
        for (int step = 0; step < 3; step++) {
            assert_int_equal(ql_text_session_step(&session, 1, &error), QL_OK);
        }
        ql_text_session_save(&session, states);
        assert_true(states[0] == 2.0f * factors[i]);
        assert_true(states[1] == 1.0f * factors[i]);
        (void)end(NULL);
    }
}

// No state of an exported model is copied: the engine's program updates it in place.
static void session_of_a_graph_keeps_its_states_in_place(void **state)
{
    const struct ql_program_options options = {.default_size = 1};
    static const enum ql_cell cells[] = {QL_CELL_LSTM, QL_CELL_GRU, QL_CELL_RNN};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct ql_model model;
        (void)begin(NULL);
        assert_int_equal(
            ql_model_init(&model, (struct ql_dimensions){.cell = cells[i], .V = V, .E = 2, .H = 3, .L = 2}, &error),
            QL_OK);
        ql_graph_free(&graph);
        assert_int_equal(ql_model_graph_init(&graph, &model, 0, &error), QL_OK);
        assert_int_equal(ql_text_session_open_graph(&session, &graph, &options, &descriptor, &error), QL_OK);
        assert_int_equal(session.roles.state_count, cells[i] == QL_CELL_LSTM ? 2 : 1);
        for (int k = 0; k < session.roles.state_count; k++) {
            assert_true(ql_program_is_in_place(&session.engine.program, session.roles.states[k]));
            assert_ptr_equal(session.next_state[k], session.state[k]);
        }
        for (int n = 0; n < session.engine.program.call_count; n++) {
            assert_ptr_not_equal(session.engine.program.calls[n].kernel, &ql_kernels[QL_KERNEL_COPY]);
        }
        ql_model_free(&model);
        (void)end(NULL);
    }
}

// The layout of a decoder's graph is that of the architecture, part by part, and its states do what their kinds say.
static void session_of_a_decoder_knows_the_kinds_of_its_states(void **state)
{
    const struct ql_program_options options = {.default_size = 1};
    const struct ql_dimensions dimensions = {
        .layer = QL_LAYER_DECODER, .V = V, .E = 4, .H = 4, .L = 2, .heads = 2, .kv_heads = 1, .feed = 3, .context = 5};
    struct ql_state_layout layout = {0};
    struct ql_model model;

    (void)state;
    (void)begin(NULL);
    assert_int_equal(ql_model_init(&model, dimensions, &error), QL_OK);
    ql_model_reset(&model, 3);
    ql_graph_free(&graph);
    assert_int_equal(ql_model_graph_init(&graph, &model, 0, &error), QL_OK);
    ql_architecture_graph_state_add(&layout, &dimensions);
    ql_descriptor_set_state(&descriptor, &layout);
    assert_int_equal(ql_text_session_open_graph(&session, &graph, &options, &descriptor, &error), QL_OK);
    assert_int_equal(session.layout.part_count, layout.part_count);
    for (int k = 0; k < layout.part_count; k++) {
        const struct ql_state_part *part = &session.layout.parts[k], *expected = &layout.parts[k];
        assert_string_equal(part->name, expected->name);
        assert_string_equal(part->output, expected->output);
        assert_int_equal(part->kind, expected->kind);
        assert_int_equal(part->type, expected->type);
        assert_int_equal(part->rank, expected->rank);
        assert_memory_equal(part->dims, expected->dims, (size_t)part->rank * sizeof part->dims[0]);
        assert_int_equal(part->offset, expected->offset);
    }
    ql_model_free(&model);
    (void)end(NULL);
}

// A state that is incremented in each step, with a descriptor that calls it `kind`.
static enum ql_status open_sum(enum ql_element type, int rank, const int *dims, const void *term,
                               enum ql_state_kind kind)
{
    const struct ql_program_options options = {.default_size = 1};

    (void)begin(NULL);
    make_graph(QL_ELEMENT_S64, false, false);
    const int before = ql_graph_add_value(&graph, "before", type, rank, dims, NULL);
    const int after = ql_graph_add_value(&graph, "after", type, rank, dims, NULL);
    const int add = ql_graph_add_value(&graph, "term", type, rank, dims, term);
    ql_graph_add_input(&graph, before);
    (void)ql_graph_add_node(&graph, "Add", "add", (const int[]){before, add}, 2, &after, 1);
    ql_graph_add_output(&graph, after);
    (void)snprintf(descriptor.tokens, sizeof descriptor.tokens, "tokens");
    (void)snprintf(descriptor.states[0].input, sizeof descriptor.states[0].input, "before");
    (void)snprintf(descriptor.states[0].output, sizeof descriptor.states[0].output, "after");
    descriptor.states[0].kind = kind;
    descriptor.state_count = 1;
    const enum ql_status status = ql_text_session_open_graph(&session, &graph, &options, &descriptor, &error);
    (void)end(NULL);
    return status;
}

static void session_states_of_another_kind_are_refused(void **state)
{
    static const int entries[] = {2, 3, 2};
    static const int64_t step = 1, stride = 2;
    static const float one_entry[12] = {[2] = 1.0f, [3] = 2.0f, [11] = 3.0f};
    static const float two_entries[12] = {[8] = 1.0f, [11] = 2.0f}; // of the second layer

    (void)state;
    assert_int_equal(open_sum(QL_ELEMENT_S64, 1, one, &step, QL_STATE_COUNTER), QL_OK);
    assert_int_equal(open_sum(QL_ELEMENT_S64, 1, one, &stride, QL_STATE_REPLACE), QL_OK);
    assert_int_equal(open_sum(QL_ELEMENT_S64, 1, one, &stride, QL_STATE_COUNTER), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "'before' \"counter\""));
    assert_int_equal(open_sum(QL_ELEMENT_S64, 1, one, &step, QL_STATE_APPEND), QL_ERROR_INPUT);
    assert_int_equal(open_sum(QL_ELEMENT_F32, 3, entries, one_entry, QL_STATE_APPEND), QL_OK);
    assert_int_equal(open_sum(QL_ELEMENT_F32, 3, entries, one_entry, QL_STATE_COUNTER), QL_ERROR_INPUT);
    assert_int_equal(open_sum(QL_ELEMENT_F32, 3, entries, two_entries, QL_STATE_REPLACE), QL_OK);
    assert_int_equal(open_sum(QL_ELEMENT_F32, 3, entries, two_entries, QL_STATE_APPEND), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "'before' \"append\""));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(session_state_is_carried_from_token_to_token),
        TEST(session_tokens_of_32_bits_are_written_as_such),
        TEST(session_tokens_may_be_one_hot),
        TEST(session_state_is_reset_before_any_of_the_symbols),
        TEST(session_without_newline_begins_at_token_0),
        TEST(session_without_state_is_refused),
        TEST(session_of_another_vocabulary_is_refused),
        TEST(session_logits_that_are_not_finite_are_an_error),
        TEST(session_state_goes_out_and_comes_back),
        cmocka_unit_test(session_states_that_change_places_are_not_mixed_up),
        cmocka_unit_test(session_of_a_graph_keeps_its_states_in_place),
        cmocka_unit_test(session_of_a_decoder_knows_the_kinds_of_its_states),
        cmocka_unit_test(session_states_of_another_kind_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
