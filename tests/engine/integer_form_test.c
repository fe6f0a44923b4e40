// The integer form of models: compared with the float model, and with its definition written out; and models that have
// none.
// Uses: ql_engine, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/gru_s8.h"
#include "device/lstm_s8.h"
#include "device/rnn_s8.h"
#include "engine/chain_reader.h"
#include "engine/integer_form.h"
#include "engine/text_loss.h"
#include "model/stepper.h"
#include "onnx/model_graph.h"
#include "quantize/product_x86.h"

enum { V_LIMIT = 300 };

// A random model, its graph and its float form.
struct fixture {
    struct ql_model model;
    struct ql_graph graph;
    struct ql_descriptor descriptor;
    struct ql_chain from;
};

static void open_fixture(struct fixture *fixture, enum ql_cell cell, int V, int E, int H, int L, float gain)
{
    struct ql_error error;

    *fixture = (struct fixture){0};
    assert_int_equal(
        ql_model_init(&fixture->model,
                      (struct ql_dimensions){.cell = cell, .V = V, .E = E, .H = H, .L = L, .layer = QL_LAYER_RECURRENT},
                      &error),
        QL_OK);
    ql_model_reset(&fixture->model, (uint32_t)(V + E + H + L));
    for (size_t i = 0; i < fixture->model.count; i++) {
        fixture->model.block[i] *= gain;
    }
    fixture->descriptor.vocabulary.count = V;
    for (int v = 0; v < V; v++) {
        fixture->descriptor.vocabulary.symbols[v] = v == 0 ? '\n' : 0x100 + (uint32_t)v;
    }
    fixture->descriptor.reset_count = 1;
}

static enum ql_status read_fixture(struct fixture *fixture, struct ql_error *error)
{
    assert_int_equal(ql_model_graph_init(&fixture->graph, &fixture->model, 0, error), QL_OK);
    return ql_chain_read(&fixture->from, &fixture->graph, &fixture->descriptor, error);
}

static void close_fixture(struct fixture *fixture)
{
    ql_chain_free(&fixture->from);
    ql_graph_free(&fixture->graph);
    ql_model_free(&fixture->model);
}

static const struct {
    enum ql_cell cell;
    int V, E, H, L;
} cases[] = {
    {QL_CELL_LSTM, 40, 9, 33, 2},
    {QL_CELL_LSTM, 7, 129, 1, 1},
    {QL_CELL_LSTM, 65, 20, 64, 3},
    {QL_CELL_GRU, 30, 8, 29, 2},
    {QL_CELL_GRU, 64, 16, 48, 3},
    {QL_CELL_GRU, 2, 1, 1, 1},
    {QL_CELL_RNN, 50, 12, 37, 3},
    {QL_CELL_RNN, 1, 1, 1, 8},
    // With a product in place of the table:
    {QL_CELL_RNN, 300, 5, 24, 1},
    {QL_CELL_LSTM, 300, 6, 64, 2},
    {QL_CELL_GRU, 200, 5, 29, 1},
};

enum { CASES = sizeof cases / sizeof cases[0] };

static uint32_t next_random(uint32_t *random)
{
    *random = *random * 1664525u + 1013904223u;
    return *random >> 16;
}

// Root mean squares: int8 weights and states of these sizes have a few percent of noise.
static const double noise_limit = 0.12;

// Closes a fixture whose int8 logits must be near those of float.
static void check_int8_and_close(struct fixture *fixture)
{
    const int V = fixture->model.dimensions.V;
    struct ql_error error;
    struct ql_integer_form form;
    struct ql_stepper reader;
    double difference = 0.0, power = 0.0;
    uint32_t random = 1;

    assert_int_equal(read_fixture(fixture, &error), QL_OK);
    if (ql_integer_form_open(&form, &fixture->graph, &fixture->descriptor, QL_WEIGHTS_S8, NULL, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(ql_stepper_open(&reader, &fixture->from, &error), QL_OK);
    for (int t = 0; t < 200; t++) {
        const int token = (int)(next_random(&random) % (uint32_t)V);
        ql_stepper_step(&reader, token);
        ql_integer_stepper_step(&form.stepper, token);
        for (int v = 0; v < V; v++) {
            const double exact = (double)reader.logits[v];
            difference += pow(exact - form.stepper.logits[v] / 1024.0, 2.0);
            power += exact * exact;
        }
    }
    if (sqrt(difference / power) >= noise_limit) {
        fail_msg("noise of %.3f", sqrt(difference / power));
    }
    ql_stepper_free(&reader);
    ql_integer_form_close(&form);
    close_fixture(fixture);
}

static void logits_of_int8_stay_near_those_of_float(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct fixture fixture;
        open_fixture(&fixture, cases[i].cell, cases[i].V, cases[i].E, cases[i].H, cases[i].L, 2.0f);
        check_int8_and_close(&fixture);
    }
}

// A unit of any size for the zeros would take the scale of every row of input weights for their column.
static void columns_of_zeros_leave_the_other_columns_alone(void **state)
{
    enum { V = 200, E = 7 };

    (void)state;
    for (int zeros = 1; zeros <= E; zeros += 3) {
        struct fixture fixture;
        open_fixture(&fixture, QL_CELL_GRU, V, E, 23, 1, 2.0f);
        for (int k = 0; k < V * E; k++) { // the same model, with small numbers in the embedding
            fixture.model.embedding[k] *= 0.05f;
        }
        for (int k = 0; k < 3 * 23 * E; k++) {
            fixture.model.layers[0].recurrent.weight_ih[k] *= 20.0f;
        }
        for (int v = 0; v < V; v++) {
            memset(fixture.model.embedding + (ptrdiff_t)v * E, 0, (size_t)zeros * sizeof(float));
        }
        check_int8_and_close(&fixture);
    }
}

// The sum of a row counts in the steps of its recurrent weights. What a token gives has to fit beside them.
static void small_recurrent_rows_leave_the_tokens_their_bits(void **state)
{
    static const float factors[] = {0.01f, 1e-4f, 1e-20f, 0.0f};
    static const enum ql_cell cells[] = {QL_CELL_LSTM, QL_CELL_GRU, QL_CELL_RNN};
    enum { H = 29 };

    (void)state;
    for (size_t i = 0; i < 3 * sizeof factors / sizeof factors[0]; i++) {
        struct fixture fixture;
        open_fixture(&fixture, cells[i % 3], 300, 5, H, 1, 4.0f);
        for (int row = 3; row < H; row += 5) {
            for (int k = 0; k < H; k++) {
                fixture.model.layers[0].recurrent.weight_hh[row * H + k] *= factors[i / 3];
            }
        }
        check_int8_and_close(&fixture);
    }
}

// The definition of docs/quantization.md, from the unpacked weights, in 64 bits.
struct definition {
    int8_t h[8 * 64];
    int16_t fine[8 * 64];
    int32_t logits[V_LIMIT];
};

static int32_t exact_value(int64_t sum, const struct ql_integer_row *row, struct ql_integer_scale scale)
{
    const int64_t rounded = (sum + ((INT64_C(1) << scale.pre_shift) >> 1)) >> scale.pre_shift;
    const int64_t product = rounded * row->multiplier + row->bias;
    assert_true(product <= INT32_MAX && product >= INT32_MIN);
    return (int32_t)(product >> scale.shift);
}

// A token's contribution to a sum of the first layer.
static int64_t token_sum(const struct ql_integer_model *model, int token, int r)
{
    if (r >= model->table_columns) {
        return 0;
    }
    if (model->table != NULL) {
        return model->table[token * model->table_columns + r] * (int64_t)model->layers[0].rows[r].table_factor;
    }
    const struct ql_integer_input *input = &model->input;
    int64_t sum = 0;
    for (int k = 0; k < input->E; k++) {
        sum += input->matrix.weights[r * input->E + k] * input->embedding[token * input->E + k];
    }
    return exact_value(sum, &input->rows[r], input->scale);
}

static void step_definition(struct definition *d, const struct ql_integer_model *model, int token)
{
    int begin = 0;

    if (ql_text_rules_reset_at(&model->rules, token)) {
        memset(d->h, 0, sizeof d->h);
        memset(d->fine, 0, sizeof d->fine);
    }
    for (int l = 0; l < model->L; l++) {
        const struct ql_integer_layer *layer = &model->layers[l];
        static int32_t sums[4 * 64];
        for (int r = 0; r < layer->row_count; r++) {
            int64_t sum = l == 0 ? token_sum(model, token, r) : 0;
            for (int k = 0; k < layer->matrix_count; k++) {
                const struct ql_integer_matrix *m = &layer->matrices[k];
                for (int c = 0; c < m->columns && r >= m->first_row && r < m->first_row + m->rows; c++) {
                    sum +=
                        m->weights[(r - m->first_row) * m->columns + c] * d->h[begin - layer->I + m->first_column + c];
                }
            }
            assert_true(sum <= INT32_MAX && sum >= INT32_MIN);
            (void)exact_value(sum, &layer->rows[r], layer->scale);
            sums[r] = (int32_t)sum;
        }
        if (model->cell == QL_CELL_LSTM) {
            ql_lstm_update_s8(d->h + begin, d->fine + begin, sums, layer->rows, layer->scale, layer->cell_bits,
                              layer->H);
        } else if (model->cell == QL_CELL_GRU) {
            ql_gru_update_s8(d->h + begin, d->fine + begin, sums, layer->rows, layer->scale, layer->H);
        } else {
            ql_rnn_update_s8(d->h + begin, sums, layer->rows, layer->scale, layer->H);
        }
        begin += layer->H;
    }
    for (int v = 0; v < model->V; v++) {
        int64_t sum = 0;
        for (int c = 0; c < model->output.columns; c++) {
            sum += model->output.weights[v * model->output.columns + c] * d->h[begin - model->output.columns + c];
        }
        d->logits[v] = exact_value(sum, &model->output_rows[v], model->output_scale);
    }
}

// The part of the stepper's state that has elements of this type, or NULL.
static const void *part_of(const struct ql_integer_stepper *stepper, enum ql_element type)
{
    const struct ql_state_layout *layout = &stepper->model->layout;

    for (int k = 0; k < layout->part_count; k++) {
        if (layout->parts[k].type == type) {
            return stepper->state + layout->parts[k].offset;
        }
    }
    return NULL;
}

static void steppers_of_all_products_follow_the_definition(void **state)
{
    const struct ql_integer_product *products[QL_INTEGER_PRODUCT_LIMIT];
    const int product_count = ql_integer_product_list(products);

    (void)state;
    for (int i = 0; i < 2 * CASES; i++) {
        struct fixture fixture;
        struct ql_error error;
        struct ql_integer_form form;
        struct ql_integer_stepper steppers[QL_INTEGER_PRODUCT_LIMIT];
        struct definition d = {0};
        uint32_t random = 7;
        const int k = i % CASES;
        open_fixture(&fixture, cases[k].cell, cases[k].V, cases[k].E, cases[k].H, cases[k].L, 3.0f);
        assert_int_equal(ql_model_graph_init(&fixture.graph, &fixture.model, 1, &error), QL_OK);
        assert_int_equal(ql_integer_form_open(&form, &fixture.graph, &fixture.descriptor,
                                              i < CASES ? QL_WEIGHTS_S8 : QL_WEIGHTS_S4, NULL, &error),
                         QL_OK);
        for (int p = 0; p < product_count; p++) {
            assert_int_equal(ql_integer_stepper_init(&steppers[p], &form.model, products[p], &error), QL_OK);
        }
        for (int t = 0; t < 100; t++) {
            const int token = (int)(next_random(&random) % (uint32_t)cases[k].V);
            step_definition(&d, &form.model, token);
            for (int p = 0; p < product_count; p++) {
                ql_integer_stepper_step(&steppers[p], token);
                assert_memory_equal(part_of(&steppers[p], QL_ELEMENT_S8), d.h, (size_t)form.model.h_count);
                const int16_t *fine = part_of(&steppers[p], QL_ELEMENT_S16);
                if (fine != NULL) {
                    assert_memory_equal(fine, d.fine, (size_t)form.model.h_count * sizeof fine[0]);
                }
                assert_memory_equal(steppers[p].logits, d.logits, (size_t)cases[k].V * sizeof d.logits[0]);
            }
        }
        for (int p = 0; p < product_count; p++) {
            ql_integer_stepper_free(&steppers[p]);
        }
        ql_integer_form_close(&form);
        close_fixture(&fixture);
    }
}

// A cell that only counts up: c must reach its limit and stay there, and so must the logits.
static void state_driven_to_saturation_for_100000_characters_does_not_wrap(void **state)
{
    struct fixture fixture;
    struct ql_error error;
    struct ql_integer_model model;
    struct ql_integer_stepper stepper;
    const struct ql_calibration calibration = {.cell_magnitude = {800.0f}};
    int32_t end[5];

    (void)state;
    open_fixture(&fixture, QL_CELL_LSTM, 5, 3, 6, 1, 1.0f);
    for (int k = 0; k < 4 * 6; k++) {
        fixture.model.layers[0].recurrent.bias_ih[k] = 30.0f;
    }
    fixture.model.output_bias[0] = -3.0f; // no probability
    if (read_fixture(&fixture, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(ql_integer_model_init(&model, &fixture.from, &calibration, QL_WEIGHTS_S8, &error), QL_OK);
    assert_int_equal(model.layers[0].cell_bits, 10);
    assert_int_equal(ql_integer_stepper_init(&stepper, &model, &ql_integer_product_plain, &error), QL_OK);
    const int16_t *c = part_of(&stepper, QL_ELEMENT_S16);
    const int8_t *h = part_of(&stepper, QL_ELEMENT_S8);
    for (int t = 0; t < 100000; t++) {
        const int16_t before = c[0];
        ql_integer_stepper_step(&stepper, 1 + t % 4);
        assert_true(c[0] >= before);
        if (t == 50000) {
            memcpy(end, stepper.logits, sizeof end);
        }
    }
    for (int k = 0; k < 6; k++) {
        assert_int_equal(c[k], 32767);
        assert_int_equal(h[k], 127);
    }
    assert_memory_equal(stepper.logits, end, sizeof end);
    ql_integer_stepper_free(&stepper);
    ql_integer_model_free(&model);
    close_fixture(&fixture);
}

// Every sum at the greatest value that any state can give it: no row exceeds 32 bits. step_definition asserts it.
static void rows_at_their_greatest_sums_stay_within_32_bits(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct fixture fixture;
        struct ql_error error;
        struct ql_integer_form form;
        open_fixture(&fixture, cases[i].cell, cases[i].V, cases[i].E, cases[i].H, cases[i].L, 6.0f);
        assert_int_equal(ql_model_graph_init(&fixture.graph, &fixture.model, 1, &error), QL_OK);
        assert_int_equal(ql_integer_form_open(&form, &fixture.graph, &fixture.descriptor, QL_WEIGHTS_S8, NULL, &error),
                         QL_OK);
        for (int l = 0; l < form.model.L; l++) {
            const struct ql_integer_layer *layer = &form.model.layers[l];
            for (int r = 0; r < layer->row_count; r++) {
                int64_t reach = 127 * (int64_t)layer->rows[r].table_factor;
                for (int v = 0; v < form.model.V && l == 0; v++) {
                    const int64_t sum = token_sum(&form.model, v, r);
                    reach = llabs(sum) > reach ? llabs(sum) : reach;
                }
                for (int k = 0; k < layer->matrix_count; k++) {
                    const struct ql_integer_matrix *m = &layer->matrices[k];
                    for (int c = 0; c < m->columns && r >= m->first_row && r < m->first_row + m->rows; c++) {
                        reach += 127 * (int64_t)abs(m->weights[(r - m->first_row) * m->columns + c]);
                    }
                }
                assert_true(reach < INT32_MAX / 2);
                for (int sign = -1; sign <= 1; sign += 2) {
                    const int32_t exact = exact_value(sign * reach, &layer->rows[r], layer->scale);
                    assert_int_equal(ql_integer_row_value((int32_t)(sign * reach), &layer->rows[r], layer->scale),
                                     exact);
                }
            }
        }
        ql_integer_form_close(&form);
        close_fixture(&fixture);
    }
}

static void reach_of_what_tokens_give_is_that_of_the_farthest_token(void **state)
{
    enum { TOKENS = 300, ROWS = 4 * 64 };
    struct fixture fixture;
    struct ql_error error;
    struct ql_arena arena = {0};
    struct ql_integer_input input;
    double steps[ROWS];
    int64_t reaches[ROWS];

    (void)state;
    open_fixture(&fixture, QL_CELL_LSTM, TOKENS, 6, 64, 1, 2.0f);
    assert_int_equal(read_fixture(&fixture, &error), QL_OK);
    for (int r = 0; r < ROWS; r++) {
        steps[r] = 1e-3;
    }
    assert_int_equal(ql_integer_input_init(&input, reaches, &fixture.from, steps, ROWS, &arena, &error), QL_OK);
    for (int r = 0; r < ROWS; r++) {
        int64_t reach = 0;
        for (int v = 0; v < TOKENS; v++) {
            int32_t sum = 0;
            for (int k = 0; k < 6; k++) {
                sum += input.matrix.weights[r * 6 + k] * input.embedding[v * 6 + k];
            }
            const int64_t value = llabs(exact_value(sum, &input.rows[r], input.scale));
            reach = value > reach ? value : reach;
        }
        assert_int_equal(reaches[r], reach);
    }
    ql_arena_free(&arena);
    close_fixture(&fixture);
}

static void fails_with(enum ql_status status, const struct ql_error *error, const char *words)
{
    assert_int_equal(status, QL_ERROR_INPUT);
    if (strstr(error->message, words) == NULL) {
        fail_msg("'%s' does not say '%s'", error->message, words);
    }
}

static void weights_that_have_no_integer_form_are_named(void **state)
{
    struct fixture fixture;
    struct ql_error error;
    struct ql_integer_form form;

    (void)state;
    open_fixture(&fixture, QL_CELL_LSTM, 12, 4, 8, 2, 1.0f);
    fixture.model.layers[1].recurrent.weight_hh[(2 * 8 + 3) * 8 + 1] = 1e6f;
    assert_int_equal(ql_model_graph_init(&fixture.graph, &fixture.model, 1, &error), QL_OK);
    enum ql_status status =
        ql_integer_form_open(&form, &fixture.graph, &fixture.descriptor, QL_WEIGHTS_S8, NULL, &error);
    fails_with(status, &error, "gate g, row 3");
    fails_with(status, &error, "layer 2");
    fails_with(status, &error, "weight-decay");
    ql_integer_form_close(&form);
    close_fixture(&fixture);

    open_fixture(&fixture, QL_CELL_LSTM, 200, 4, 24, 1, 1.0f);
    fixture.model.layers[0].recurrent.weight_ih[5 * 4 + 1] = 1e6f;
    assert_int_equal(ql_model_graph_init(&fixture.graph, &fixture.model, 1, &error), QL_OK);
    fails_with(ql_integer_form_open(&form, &fixture.graph, &fixture.descriptor, QL_WEIGHTS_S8, NULL, &error), &error,
               "gate i, row 5: its sum may reach");
    ql_integer_form_close(&form);
    close_fixture(&fixture);

    // Great numbers that cancel: what the tokens give is small, but their bytes cannot say it.
    open_fixture(&fixture, QL_CELL_LSTM, 200, 4, 24, 1, 1.0f);
    fixture.model.layers[0].recurrent.weight_ih[5 * 4] = 1e6f;
    fixture.model.layers[0].recurrent.weight_ih[5 * 4 + 1] = -1e6f;
    for (int v = 0; v < 200; v++) {
        fixture.model.embedding[v * 4 + 1] = fixture.model.embedding[v * 4];
    }
    assert_int_equal(ql_model_graph_init(&fixture.graph, &fixture.model, 1, &error), QL_OK);
    fails_with(ql_integer_form_open(&form, &fixture.graph, &fixture.descriptor, QL_WEIGHTS_S8, NULL, &error), &error,
               "row 5: a token's contribution");
    ql_integer_form_close(&form);
    close_fixture(&fixture);

    open_fixture(&fixture, QL_CELL_GRU, 12, 4, 8, 1, 1.0f);
    fixture.model.output_weight[5 * 8] = -3e7f;
    assert_int_equal(ql_model_graph_init(&fixture.graph, &fixture.model, 1, &error), QL_OK);
    fails_with(ql_integer_form_open(&form, &fixture.graph, &fixture.descriptor, QL_WEIGHTS_S4, NULL, &error), &error,
               "logit of token 5");
    ql_integer_form_close(&form);
    close_fixture(&fixture);
}

static void weights_that_are_no_numbers_are_refused(void **state)
{
    (void)state;
    for (int place = 0; place < 5; place++) {
        struct fixture fixture;
        struct ql_error error;
        struct ql_integer_form form;
        open_fixture(&fixture, QL_CELL_RNN, place < 3 ? 12 : 200, 4, 24, 2, 1.0f);
        float *const places[] = {fixture.model.layers[1].recurrent.weight_hh + 3,
                                 fixture.model.layers[1].recurrent.bias_hh + 2, fixture.model.output_bias + 1,
                                 fixture.model.embedding + 9, fixture.model.layers[0].recurrent.weight_ih + 5};
        *places[place] = NAN;
        assert_int_equal(ql_model_graph_init(&fixture.graph, &fixture.model, 1, &error), QL_OK);
        assert_int_not_equal(
            ql_integer_form_open(&form, &fixture.graph, &fixture.descriptor, QL_WEIGHTS_S8, NULL, &error), QL_OK);
        ql_integer_form_close(&form);
        close_fixture(&fixture);
    }
}

static void cell_state_beyond_the_range_is_named(void **state)
{
    struct fixture fixture;
    struct ql_error error;
    struct ql_integer_model model;
    const struct ql_calibration calibration = {.cell_magnitude = {1.0f, 820.0f}};

    (void)state;
    open_fixture(&fixture, QL_CELL_LSTM, 12, 4, 8, 2, 1.0f);
    assert_int_equal(read_fixture(&fixture, &error), QL_OK);
    fails_with(ql_integer_model_init(&model, &fixture.from, &calibration, QL_WEIGHTS_S8, &error), &error, "layer 2");
    fails_with(QL_ERROR_INPUT, &error, "820");
    const struct ql_calibration within = {.cell_magnitude = {1.0f, 819.0f}};
    assert_int_equal(ql_integer_model_init(&model, &fixture.from, &within, QL_WEIGHTS_S8, &error), QL_OK);
    assert_int_equal(model.layers[0].cell_bits, 1);
    assert_int_equal(model.layers[1].cell_bits, 10);
    ql_integer_model_free(&model);
    close_fixture(&fixture);
}

static void calibration_without_a_text_is_one_that_the_model_writes(void **state)
{
    struct fixture fixture;
    struct ql_error error;
    struct ql_calibration first, second;
    const uint16_t tokens[3] = {1, 2, 3};

    (void)state;
    open_fixture(&fixture, QL_CELL_LSTM, 12, 4, 8, 2, 4.0f);
    assert_int_equal(read_fixture(&fixture, &error), QL_OK);
    assert_int_equal(ql_calibration_init(&first, &fixture.from, NULL, 0, &error), QL_OK);
    assert_int_equal(ql_calibration_init(&second, &fixture.from, NULL, 0, &error), QL_OK);
    assert_memory_equal(&first, &second, sizeof first);
    assert_true(first.cell_magnitude[0] > 0.0f && first.cell_magnitude[1] > 0.0f);
    assert_int_equal(ql_calibration_init(&second, &fixture.from, tokens, 3, &error), QL_OK);
    assert_true(second.cell_magnitude[0] > 0.0f && second.cell_magnitude[0] < first.cell_magnitude[0]);
    fails_with(ql_calibration_init(&second, &fixture.from, tokens, 0, &error), &error, "empty");
    close_fixture(&fixture);
}

static void rows_without_weights_keep_their_tokens(void **state)
{
    struct fixture fixture;
    struct ql_error error;
    struct ql_integer_form form;
    struct ql_stepper reader;

    (void)state;
    open_fixture(&fixture, QL_CELL_RNN, 20, 6, 10, 1, 1.0f);
    memset(fixture.model.layers[0].recurrent.weight_hh, 0, 10 * 10 * sizeof(float));
    assert_int_equal(read_fixture(&fixture, &error), QL_OK);
    assert_int_equal(ql_integer_form_open(&form, &fixture.graph, &fixture.descriptor, QL_WEIGHTS_S4, NULL, &error),
                     QL_OK);
    assert_int_equal(ql_stepper_open(&reader, &fixture.from, &error), QL_OK);
    const int8_t *h = part_of(&form.stepper, QL_ELEMENT_S8);
    for (int v = 0; v < 20; v++) {
        ql_stepper_step(&reader, v);
        ql_integer_stepper_step(&form.stepper, v);
        for (int k = 0; k < 10; k++) {
            assert_true(fabs(h[k] / 127.0 - (double)ql_stepper_part(&reader, 0, 0)[k]) < 0.012);
        }
    }
    ql_stepper_free(&reader);
    ql_integer_form_close(&form);
    close_fixture(&fixture);
}

static void loss_is_the_mean_and_does_not_depend_on_threads(void **state)
{
    struct fixture fixture;
    struct ql_error error;
    struct ql_integer_form form;
    struct ql_thread_pool pool;
    enum { COUNT = 20000 };
    static uint16_t tokens[COUNT];
    uint32_t random = 3;

    (void)state;
    for (int t = 0; t < COUNT; t++) {
        tokens[t] = (uint16_t)(next_random(&random) % 12);
    }
    for (int resets = 0; resets < 2; resets++) {
        double losses[2], float_loss, sum = 0.0;
        open_fixture(&fixture, QL_CELL_LSTM, 12, 4, 8, 1, 3.0f);
        fixture.descriptor.reset_count = resets;
        assert_int_equal(read_fixture(&fixture, &error), QL_OK);
        assert_int_equal(ql_integer_form_open(&form, &fixture.graph, &fixture.descriptor, QL_WEIGHTS_S8, NULL, &error),
                         QL_OK);
        for (int threads = 1; threads <= 3; threads += 2) {
            assert_int_equal(ql_thread_pool_init(&pool, threads, &error), QL_OK);
            assert_int_equal(ql_integer_loss(&losses[threads / 2], &form.model, ql_integer_product_fastest(), tokens,
                                             COUNT, &pool, &error),
                             QL_OK);
            assert_int_equal(ql_float_loss(&float_loss, &fixture.from, tokens, COUNT, &pool, &error), QL_OK);
            fails_with(ql_float_loss(&float_loss, &fixture.from, tokens, 0, &pool, &error), &error, "empty");
            ql_thread_pool_free(&pool);
        }
        assert_true(losses[0] == losses[1]);
        assert_true(fabs(losses[0] / float_loss - 1.0) < 2e-3);
        ql_integer_stepper_reset(&form.stepper);
        for (int t = 0; t < COUNT; t++) {
            double total = 0.0;
            ql_integer_stepper_step(&form.stepper, t == 0 ? 0 : tokens[t - 1]);
            for (int v = 0; v < 12; v++) {
                total += exp(form.stepper.logits[v] / 1024.0);
            }
            sum += log(total) - form.stepper.logits[tokens[t]] / 1024.0;
        }
        // Without resets, the state at the beginning of a part comes only from the tokens directly before it.
        assert_true(fabs(losses[0] - sum / COUNT) < (resets == 1 ? 1e-12 : 1e-5));
        ql_integer_form_close(&form);
        close_fixture(&fixture);
    }
}

static void loss_of_an_output_that_overflows_is_an_error(void **state)
{
    const uint16_t tokens[] = {1, 2, 3, 1, 2};
    struct fixture fixture;
    struct ql_error error;
    struct ql_thread_pool pool;
    double loss;

    (void)state;
    open_fixture(&fixture, QL_CELL_LSTM, 12, 4, 8, 1, 3.0f);
    for (int k = 0; k < 12 * 8; k++) {
        fixture.model.output_weight[k] = k % 2 == 0 ? 3e38f : -3e38f;
        fixture.model.layers[0].recurrent.bias_ih[8 + k % 24] = 9.0f;
    }
    assert_int_equal(read_fixture(&fixture, &error), QL_OK);
    assert_int_equal(ql_thread_pool_init(&pool, 1, &error), QL_OK);
    assert_int_equal(ql_float_loss(&loss, &fixture.from, tokens, 5, &pool, &error), QL_ERROR_NUMERIC);
    assert_string_equal(error.message, "the model's output is not a finite number");
    ql_thread_pool_free(&pool);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_of_int8_stay_near_those_of_float),
        cmocka_unit_test(columns_of_zeros_leave_the_other_columns_alone),
        cmocka_unit_test(small_recurrent_rows_leave_the_tokens_their_bits),
        cmocka_unit_test(steppers_of_all_products_follow_the_definition),
        cmocka_unit_test(state_driven_to_saturation_for_100000_characters_does_not_wrap),
        cmocka_unit_test(rows_at_their_greatest_sums_stay_within_32_bits),
        cmocka_unit_test(reach_of_what_tokens_give_is_that_of_the_farthest_token),
        cmocka_unit_test(weights_that_have_no_integer_form_are_named),
        cmocka_unit_test(weights_that_are_no_numbers_are_refused),
        cmocka_unit_test(cell_state_beyond_the_range_is_named),
        cmocka_unit_test(calibration_without_a_text_is_one_that_the_model_writes),
        cmocka_unit_test(rows_without_weights_keep_their_tokens),
        cmocka_unit_test(loss_is_the_mean_and_does_not_depend_on_threads),
        cmocka_unit_test(loss_of_an_output_that_overflows_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
