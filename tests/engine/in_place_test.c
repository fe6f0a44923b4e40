// States that come out of a run where they went in, and tables of tokens: neither changes a bit. Graphs that read a state
// beside what overwrites it are run step by step with and without these rewritings.
// Uses: cmocka, ql_engine, ql_codegen, graph_text.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../onnx/graph_text.h"
#include "codegen/token_table.h"
#include "engine/engine.h"
#include "onnx/in_place.h"

enum { STEPS = 6, V = 5, STATE_LIMIT = 2, BLOCK_WORDS = 32, LAST = 1 + STATE_LIMIT };

// Input 0 is the token, output 0 what a run computes; input k goes on from output k.
struct model {
    struct ql_engine engine;
    int64_t memory[LAST + 1][BLOCK_WORDS]; // the token, the states, output 0
};

static void open_model(struct model *model, const struct ql_graph *graph, bool rewritten)
{
    const struct ql_state_pair states[STATE_LIMIT] = {{.input = 1, .output = 1}, {.input = 2, .output = 2}};
    const struct ql_program_options options = {
        .default_size = 1, .states = states, .state_count = rewritten ? graph->input_count - 1 : 0};
    struct ql_program program;
    struct ql_error error;

    *model = (struct model){0};
    if (ql_program_compile(&program, graph, &options, &error) != QL_OK ||
        (rewritten &&
         (ql_token_table_init(&program, &error) != QL_OK || ql_in_place_init(&program, &error) != QL_OK)) ||
        ql_engine_open(&model->engine, &program, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    for (int k = 1; k < graph->input_count; k++) {
        const struct ql_program_value *value = &model->engine.program.values[graph->inputs[k]];
        assert_true(value->bytes <= sizeof model->memory[k]);
        for (int i = 0; i < value->count; i++) {
            const float number = (float)(i + 1) * (k == 1 ? 0.09f : -0.07f);
            if (value->type == QL_ELEMENT_F32) {
                memcpy((float *)(void *)model->memory[k] + i, &number, sizeof number);
            } else {
                model->memory[k][i] = k;
            }
        }
    }
}

static void step(struct model *model, int token)
{
    const void *inputs[1 + STATE_LIMIT];
    void *outputs[1 + STATE_LIMIT];
    struct ql_error error;

    model->memory[0][0] = token;
    for (int k = 0; k <= STATE_LIMIT; k++) {
        inputs[k] = model->memory[k];
        outputs[k] = model->memory[k == 0 ? LAST : k];
    }
    if (ql_engine_run(&model->engine, inputs, outputs, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
}

static bool has_table(const struct ql_program *program)
{
    for (int n = 0; n < program->call_count; n++) {
        if (strstr(program->calls[n].kernel->name, "_token_") != NULL) {
            return true;
        }
    }
    return false;
}

// Runs the graph of these lines as it is and rewritten. `in_place` is the number of states that may stay where they are.
static void check(const char *lines, int in_place, bool table)
{
    static const char begin[] = "opset 13\n"
                                "const E float 5 4\nconst W float 1 16 4\nconst R float 1 16 4\n"
                                "const Wr float 1 4 4\nconst Rr float 1 4 4\n"
                                "const zero int64 1 = 0\nconst one int64 1 = 1\nconst two int64 1 = 2\n"
                                "const three int64 1 = 3\nconst four int64 1 = 4\nconst before int64 1 = -9\n"
                                "const minus int64 1 = -1\nconst row int64 2 = 1 4\nconst cell int64 3 = 1 1 4\n"
                                "const columns int64 2 = 2 2\nconst rows int64 2 = 2 4\n"
                                "input x int64 1\n";
    static struct model plain, rewritten;
    struct ql_graph graph = {0};
    struct ql_error error;
    char text[2048];
    int found = 0;

    (void)snprintf(text, sizeof text, "%s%s", begin, lines);
    if (graph_text_read(&graph, text, &error) != QL_OK || ql_graph_check(&graph, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    assert_true(graph.input_count <= 1 + STATE_LIMIT && graph.input_count == graph.output_count);
    open_model(&plain, &graph, false);
    open_model(&rewritten, &graph, true);
    for (int k = 1; k < graph.input_count; k++) {
        found += ql_program_is_in_place(&rewritten.engine.program, (struct ql_state_pair){.input = k, .output = k});
    }
    for (int t = 0; t < STEPS; t++) {
        step(&plain, (t * t + 3) % V);
        step(&rewritten, (t * t + 3) % V);
        if (memcmp(plain.memory, rewritten.memory, sizeof plain.memory) != 0) {
            fail_msg("step %d differs with %d states in place:\n%s", t, found, lines);
        }
    }
    assert_int_equal(found, in_place);
    assert_int_equal(has_table(&rewritten.engine.program), table);
    ql_engine_free(&plain.engine);
    ql_engine_free(&rewritten.engine);
    ql_graph_free(&graph);
}

// A part of every row is read after the last row has its new elements: from the left to the right, and back.
static void state_that_is_sliced_across_its_rows_is_copied(void **state)
{
    (void)state;
    check("input S float 2 4\n"
          "Gather E x -> B\nSlice S one three one -> y\nReshape y row -> z\nTanh z -> A\nNeg A -> o\n"
          "Concat A B -> Sn axis=0\noutput o float 1 4\noutput Sn float 2 4\n",
          0, false);
    check("input S float 2 4\n"
          "Gather E x -> B\nSlice S three before one minus -> y\nReduceSum y zero -> z\nTanh z -> A\nNeg A -> o\n"
          "Concat A B -> Sn axis=0\noutput o float 1 4\noutput Sn float 2 4\n",
          0, false);
    // The first row is read from its end, when its first half is new.
    check("input S float 2 4\nconst E2 float 5 2\n"
          "Gather E2 x -> b\nSlice S zero one zero -> s\nSlice s three before one minus -> y\nTanh y -> A\nNeg A -> o\n"
          "Slice o two four one -> v\nTanh v -> a\nGather E x -> c\nConcat b a c -> n axis=1\nReshape n rows -> Sn\n"
          "output o float 1 4\noutput Sn float 2 4\n",
          0, false);
}

// Of the slice across the rows only the first row is used, and one call reads it from where the slice begins.
static void state_that_a_fused_call_reads_is_copied(void **state)
{
    (void)state;
    check("input S float 2 4\nconst E2 float 5 2\nconst E3 float 5 3\n"
          "Gather E2 x -> b\nSlice S one four one -> p\nSlice p zero one zero -> g\nSigmoid g -> s\nMul g s -> t\n"
          "Gather E3 x -> u\nMul t u -> o\nSlice o zero two one -> v\nTanh v -> a\nGather E x -> c\n"
          "Concat a b c -> n axis=1\nReshape n rows -> Sn\noutput o float 1 3\noutput Sn float 2 4\n",
          0, false);
}

// What is read later lies behind the part of the state that is as large as the columns that are written.
static void state_that_is_written_by_columns_is_copied(void **state)
{
    (void)state;
    check("input S float 2 4\n"
          "Gather E x -> e\nReshape e columns -> B\nTanh B -> A\nConcat A B -> Sn axis=1\n"
          "Slice S one two zero -> last\nSlice last two four one -> o\noutput o float 1 2\noutput Sn float 2 4\n",
          0, false);
}

// The slice across the rows is read before anything is written.
static void state_that_is_sliced_in_time_stays_in_place(void **state)
{
    (void)state;
    check("input S float 2 4\n"
          "Slice S one three one -> y\nReshape y row -> z\nTanh z -> a\nNeg a -> o\nGather E x -> B\nSin a -> A\n"
          "Concat A B -> Sn axis=0\noutput o float 1 4\noutput Sn float 2 4\n",
          1, false);
}

static void state_that_is_the_input_of_its_layer_is_copied(void **state)
{
    (void)state;
    check("input S float 1 1 4\n"
          "Gather E x -> e\nReshape e cell -> h\nRNN S Wr Rr - - h -> Y Sn hidden_size=4\nNeg Y -> o\n"
          "output o float 1 1 1 4\noutput Sn float 1 1 4\n",
          0, false);
    // Also where the layer goes on from the same state.
    check("input S float 1 1 4\n"
          "Gather E x -> e\nReshape e cell -> f\nRNN S Wr Rr - - S -> Y Sn hidden_size=4\nAdd Y f -> o\n"
          "output o float 1 1 1 4\noutput Sn float 1 1 4\n",
          0, false);
}

static void hidden_and_cell_state_that_change_places_are_copied(void **state)
{
    (void)state;
    check("input h float 1 1 4\ninput c float 1 1 4\n"
          "Gather E x -> e\nReshape e cell -> f\nNeg f -> g\nLSTM g W R - - c h -> Y hn cn hidden_size=4\nNeg Y -> o\n"
          "output o float 1 1 1 4\noutput hn float 1 1 4\noutput cn float 1 1 4\n",
          0, false);
    check("input S float 2 1 4\n"
          "Gather E x -> e\nReshape e cell -> f\nNeg f -> g\nSlice S zero one zero -> c\nSlice S one two zero -> h\n"
          "LSTM g W R - - h c -> Y hn cn hidden_size=4\nNeg Y -> o\nConcat hn cn -> Sn axis=0\n"
          "output o float 1 1 1 4\noutput Sn float 2 1 4\n",
          0, false);
    // Both begin with one state.
    check("input S float 1 1 4\n"
          "Gather E x -> e\nReshape e cell -> f\nNeg f -> g\nLSTM g W R - - S S -> Y Sn - hidden_size=4\nNeg Y -> o\n"
          "output o float 1 1 1 4\noutput Sn float 1 1 4\n",
          0, false);
}

static void states_of_a_layer_stay_in_place(void **state)
{
    (void)state;
    check("input h float 1 1 4\ninput c float 1 1 4\n"
          "Gather E x -> e\nReshape e cell -> f\nNeg f -> g\nLSTM g W R - - h c -> Y hn cn hidden_size=4\nNeg Y -> o\n"
          "output o float 1 1 1 4\noutput hn float 1 1 4\noutput cn float 1 1 4\n",
          2, false);
    check("input S float 2 1 4\n"
          "Gather E x -> e\nReshape e cell -> f\nNeg f -> g\nSlice S zero one zero -> h\nSlice S one two zero -> c\n"
          "LSTM g W R - - h c -> Y hn cn hidden_size=4\nNeg Y -> o\nConcat hn cn -> Sn axis=0\n"
          "output o float 1 1 1 4\noutput Sn float 2 1 4\n",
          1, false);
    check("input S float 1 1 4\nconst Wg float 1 12 4\nconst Rg float 1 12 4\n"
          "Gather E x -> e\nReshape e cell -> f\nNeg f -> g\nGRU g Wg Rg - - S -> Y Sn hidden_size=4\nNeg Y -> o\n"
          "output o float 1 1 1 4\noutput Sn float 1 1 4\n",
          1, false);
    // The output of the only step is the state.
    check(
        "input S float 1 1 4\n"
        "Gather E x -> e\nReshape e cell -> f\nNeg f -> g\nRNN g Wr Rr - - S -> Y hidden_size=4\nSqueeze Y one -> Sn\n"
        "Neg Sn -> o\noutput o float 1 1 4\noutput Sn float 1 1 4\n",
        1, false);
}

// The layer reads the token before the last, which the state holds until the last one takes its place.
static void table_of_tokens_leaves_an_index_that_is_overwritten(void **state)
{
    static const char layer[] = "LSTM f W R -> Y hidden_size=4\nNeg Y -> o\n";
    static const char outputs[] = "output o float 1 1 1 4\noutput pn int64 1\n";
    static const char next[] = "Add x zero -> pn\n";
    char lines[512];

    (void)state;
    for (int later = 0; later < 2; later++) {
        (void)snprintf(lines, sizeof lines, "input p int64 1\nGather E p -> e\nReshape e cell -> f\n%s%s%s%s",
                       later ? "" : next, layer, later ? next : "", outputs);
        check(lines, 1, later);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_that_is_sliced_across_its_rows_is_copied),
        cmocka_unit_test(state_that_a_fused_call_reads_is_copied),
        cmocka_unit_test(state_that_is_written_by_columns_is_copied),
        cmocka_unit_test(state_that_is_sliced_in_time_stays_in_place),
        cmocka_unit_test(state_that_is_the_input_of_its_layer_is_copied),
        cmocka_unit_test(hidden_and_cell_state_that_change_places_are_copied),
        cmocka_unit_test(states_of_a_layer_stay_in_place),
        cmocka_unit_test(table_of_tokens_leaves_an_index_that_is_overwritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
