// Exported models through the engine: bit for bit the results of the stepper in src/model, for every cell and many
// sizes.
// Uses: cmocka, ql_engine.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/engine.h"
#include "model/stepper.h"
#include "onnx/model_graph.h"
#include "onnx/onnx_reader.h"
#include "onnx/onnx_writer.h"

enum { RUNS = 7, SEQUENCE_LIMIT = 5, SIZE_LIMIT = 140 };

// An exported model, read back from the file's bytes, in an engine.
struct fixture {
    struct ql_model model;
    struct ql_graph graph;
    struct ql_engine engine;
};

static void open_fixture(struct fixture *fixture, struct ql_dimensions dimensions, int fixed, int sequence)
{
    struct ql_error error = {QL_OK, ""};
    struct ql_graph exported = {0};
    const struct ql_binding binding = {.name = "sequence", .size = sequence};
    const struct ql_program_options options = {.bindings = &binding, .binding_count = fixed > 0 ? 0 : 1};
    unsigned char *bytes;
    size_t size_bytes;

    *fixture = (struct fixture){0};
    assert_int_equal(ql_model_init(&fixture->model, dimensions, &error), QL_OK);
    ql_model_reset(&fixture->model, 7);
    assert_int_equal(ql_model_graph_init(&exported, &fixture->model, fixed, &error), QL_OK);
    assert_int_equal(ql_onnx_write(&bytes, &size_bytes, &exported, &error), QL_OK);
    ql_graph_free(&exported);
    if (ql_onnx_read(&fixture->graph, bytes, size_bytes, &error) != QL_OK ||
        ql_engine_init(&fixture->engine, &fixture->graph, &options, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    free(bytes);
}

static void close_fixture(struct fixture *fixture)
{
    ql_engine_free(&fixture->engine);
    ql_graph_free(&fixture->graph);
    ql_model_free(&fixture->model);
}

static void check_model(struct ql_dimensions d, int fixed, int sequence)
{
    static float state[2][QL_MODEL_LAYER_LIMIT * SIZE_LIMIT]; // h, c
    static float logits[SEQUENCE_LIMIT * SIZE_LIMIT];
    int64_t tokens[SEQUENCE_LIMIT];
    struct fixture fixture;
    struct ql_stepper stepper;
    struct ql_model_info info = {.items = false};
    struct ql_error error = {QL_OK, ""};
    const size_t row_bytes = (size_t)d.H * sizeof(float);
    uint32_t seed = 1;

    open_fixture(&fixture, d, fixed, sequence);
    assert_int_equal(ql_stepper_init(&stepper, &fixture.model, &info, &error), QL_OK);
    memset(state, 0, sizeof state);
    const void *const inputs[] = {tokens, state[0], state[1]};
    void *const outputs[] = {logits, state[0], state[1]};
    for (int run = 0; run < RUNS; run++) {
        for (int t = 0; t < sequence; t++) {
            seed = seed * 1664525u + 1013904223u;
            tokens[t] = (int64_t)((seed >> 8) % (uint32_t)d.V);
        }
        assert_int_equal(ql_engine_run(&fixture.engine, inputs, outputs, &error), QL_OK);
        for (int t = 0; t < sequence; t++) {
            ql_stepper_step(&stepper, (int)tokens[t]);
            assert_memory_equal(stepper.logits, logits + t * d.V, (size_t)d.V * sizeof(float));
        }
        for (int l = 0; l < d.L; l++) {
            assert_memory_equal(ql_stepper_part(&stepper, l, 0), state[0] + l * d.H, row_bytes);
            if (d.cell == QL_CELL_LSTM) {
                assert_memory_equal(ql_stepper_part(&stepper, l, 1), state[1] + l * d.H, row_bytes);
            }
        }
    }
    ql_stepper_free(&stepper);
    close_fixture(&fixture);
}

static void engine_exported_model_gives_the_bits_of_the_stepper(void **state)
{
    // V, E, H; the last rows have sizes that coincide, and sizes of 1.
    static const int sizes[][3] = {{23, 7, 33}, {64, 84, 128}, {5, 64, 32}, {16, 16, 16}, {1, 1, 1}, {2, 1, 40}};

    (void)state;
    for (int cell = QL_CELL_LSTM; cell <= QL_CELL_RNN; cell++) {
        for (int L = 1; L <= 3; L++) {
            for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
                const struct ql_dimensions d = {.cell = (enum ql_cell)cell,
                                                .V = sizes[s][0],
                                                .E = sizes[s][1],
                                                .H = sizes[s][2],
                                                .L = L,
                                                .layer = QL_LAYER_RECURRENT};
                check_model(d, 0, 1);
                check_model(d, 0, SEQUENCE_LIMIT);
                check_model(d, SEQUENCE_LIMIT, SEQUENCE_LIMIT);
            }
        }
    }
}

// One token at a time, and several at once, far beyond the context's end.
static void check_decoder(struct ql_dimensions d, int fixed, int sequence)
{
    static float cache[2][4096]; // keys, values
    static float logits[SEQUENCE_LIMIT * SIZE_LIMIT];
    int64_t tokens[SEQUENCE_LIMIT], position = 0;
    struct fixture fixture;
    struct ql_stepper stepper;
    struct ql_model_info info = {.items = false};
    struct ql_error error = {QL_OK, ""};
    uint32_t seed = 1;

    assert_true((size_t)d.L * (size_t)d.context * (size_t)d.E <= sizeof cache[0] / sizeof cache[0][0]);
    open_fixture(&fixture, d, fixed, sequence);
    assert_int_equal(ql_stepper_init(&stepper, &fixture.model, &info, &error), QL_OK);
    memset(cache, 0, sizeof cache);
    const void *const inputs[] = {tokens, cache[0], cache[1], &position};
    void *const outputs[] = {logits, cache[0], cache[1], &position};
    for (int run = 0; run < 5 * d.context / sequence + 2; run++) {
        for (int t = 0; t < sequence; t++) {
            seed = seed * 1664525u + 1013904223u;
            tokens[t] = (int64_t)((seed >> 8) % (uint32_t)d.V);
        }
        assert_int_equal(ql_engine_run(&fixture.engine, inputs, outputs, &error), QL_OK);
        for (int t = 0; t < sequence; t++) {
            ql_stepper_step(&stepper, (int)tokens[t]);
            assert_memory_equal(stepper.logits, logits + t * d.V, (size_t)d.V * sizeof(float));
        }
        assert_true(position == *ql_stepper_position(&stepper));
    }
    ql_stepper_free(&stepper);
    close_fixture(&fixture);
}

static void engine_exported_decoder_gives_the_bits_of_the_stepper(void **state)
{
    static const struct ql_dimensions dimensions[] = {
        {.layer = QL_LAYER_DECODER,
         .V = 23,
         .E = 12,
         .H = 12,
         .L = 1,
         .heads = 2,
         .kv_heads = 1,
         .feed = 7,
         .context = 6},
        {.layer = QL_LAYER_DECODER,
         .V = 9,
         .E = 24,
         .H = 24,
         .L = 3,
         .heads = 6,
         .kv_heads = 2,
         .feed = 33,
         .context = 8},
        {.layer = QL_LAYER_DECODER, .V = 1, .E = 2, .H = 2, .L = 2, .heads = 1, .kv_heads = 1, .feed = 1, .context = 1},
    };

    (void)state;
    for (size_t k = 0; k < sizeof dimensions / sizeof dimensions[0]; k++) {
        check_decoder(dimensions[k], 0, 1);
        check_decoder(dimensions[k], 0, SEQUENCE_LIMIT);
        check_decoder(dimensions[k], SEQUENCE_LIMIT, SEQUENCE_LIMIT);
    }
}

static void export_same_model_gives_the_same_bytes(void **state)
{
    const struct ql_dimensions d = {.cell = QL_CELL_LSTM, .V = 9, .E = 4, .H = 5, .L = 2, .layer = QL_LAYER_RECURRENT};
    struct fixture fixture;
    struct ql_error error;
    unsigned char *bytes[2];
    size_t sizes[2];

    (void)state;
    open_fixture(&fixture, d, 0, 1);
    for (int i = 0; i < 2; i++) {
        struct ql_graph graph = {0};
        assert_int_equal(ql_model_graph_init(&graph, &fixture.model, 0, &error), QL_OK);
        assert_int_equal(ql_onnx_write(&bytes[i], &sizes[i], &graph, &error), QL_OK);
        ql_graph_free(&graph);
    }
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(bytes[0], bytes[1], sizes[0]);
    free(bytes[0]);
    free(bytes[1]);
    close_fixture(&fixture);
}

static void engine_token_outside_the_vocabulary_is_an_error(void **state)
{
    const struct ql_dimensions d = {.cell = QL_CELL_GRU, .V = 9, .E = 4, .H = 5, .L = 1, .layer = QL_LAYER_RECURRENT};
    struct fixture fixture;
    struct ql_error error;
    float h[5] = {0};
    float logits[9] = {0};
    int64_t token = 9;
    const void *const inputs[] = {&token, h};
    void *const outputs[] = {logits, h};

    (void)state;
    open_fixture(&fixture, d, 0, 1);
    assert_int_equal(ql_engine_run(&fixture.engine, inputs, outputs, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "embedding"));
    token = -10;
    assert_int_equal(ql_engine_run(&fixture.engine, inputs, outputs, &error), QL_ERROR_INPUT);
    token = -1; // counts from the end, as ONNX says
    assert_int_equal(ql_engine_run(&fixture.engine, inputs, outputs, &error), QL_OK);
    close_fixture(&fixture);
}

static void engine_kept_values_are_there_after_the_run(void **state)
{
    const struct ql_dimensions d = {.cell = QL_CELL_LSTM, .V = 9, .E = 4, .H = 5, .L = 2, .layer = QL_LAYER_RECURRENT};
    struct ql_model model;
    struct ql_graph graph = {0};
    struct ql_engine engine;
    struct ql_error error;
    float states[2][10] = {{0}};
    int64_t token = 3;
    const struct ql_program_options options = {.default_size = 1, .keep_values = true};
    const void *const inputs[] = {&token, states[0], states[1]};
    void *const outputs[] = {NULL, NULL, NULL};

    (void)state;
    assert_int_equal(ql_model_init(&model, d, &error), QL_OK);
    ql_model_reset(&model, 3);
    assert_int_equal(ql_model_graph_init(&graph, &model, 0, &error), QL_OK);
    assert_int_equal(ql_engine_init(&engine, &graph, &options, &error), QL_OK);
    assert_int_equal(ql_engine_run(&engine, inputs, outputs, &error), QL_OK);
    struct ql_tensor_view embedded = ql_engine_view(&engine, ql_graph_find(&graph, "embedded"));
    assert_int_equal(embedded.count, 4);
    assert_memory_equal(embedded.data, model.embedding + 3 * 4, 4 * sizeof(float));
    struct ql_tensor_view flat = ql_engine_view(&engine, ql_graph_find(&graph, "logits_flat"));
    struct ql_tensor_view logits = ql_engine_view(&engine, ql_graph_find(&graph, "logits"));
    assert_int_equal(logits.rank, 3);
    assert_int_equal(flat.rank, 2);
    assert_memory_equal(flat.data, logits.data, 9 * sizeof(float));
    ql_engine_free(&engine);
    ql_graph_free(&graph);
    ql_model_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(engine_exported_model_gives_the_bits_of_the_stepper),
        cmocka_unit_test(engine_exported_decoder_gives_the_bits_of_the_stepper),
        cmocka_unit_test(export_same_model_gives_the_same_bytes),
        cmocka_unit_test(engine_token_outside_the_vocabulary_is_an_error),
        cmocka_unit_test(engine_kept_values_are_there_after_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
