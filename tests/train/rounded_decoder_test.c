// What is rounded in a decoder that is trained for integers: each row as in the integer form. That gradients are those
// at the rounded point is tested in decoder_gradient_test.
// Uses: decoder_case, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "decoder_case.h"

enum { E = 36, HEADS = 6, KV_HEADS = 2, SIZE = E / HEADS, K = KV_HEADS * SIZE, FEED = 41, VOCABULARY = 19, LAYERS = 2 };

static const struct decoder_setup setup = {.V = VOCABULARY,
                                           .E = E,
                                           .L = LAYERS,
                                           .heads = HEADS,
                                           .kv_heads = KV_HEADS,
                                           .feed = FEED,
                                           .T = 5,
                                           .B = 3,
                                           .seed = 3};

// Freed by the teardown, which also runs after a failure.
static struct decoder_case test_case;

static int free_case(void **state)
{
    (void)state;
    decoder_case_free(&test_case);
    return 0;
}

static void make_case(enum ql_weight_format weights)
{
    struct decoder_setup s = setup;
    struct ql_error error;

    s.weights = weights;
    assert_int_equal(decoder_case_init(&test_case, &s, 2, &error), QL_OK);
}

// Rounds rows as specified in docs/quantization.md, with the factor of each column, and compares.
static void check_matrix(const float *rounded, const float *exact, const float *columns, int rows, int width,
                         const struct ql_row_format *format)
{
    float values[FEED];
    int8_t q[FEED];

    for (int row = 0; row < rows; row++, rounded += width, exact += width) {
        for (int k = 0; k < width; k++) {
            values[k] = exact[k] * columns[k];
        }
        const float scale = ql_row_quantizer_encode(&(struct ql_row_part){q, values, width}, 1, format);
        for (int k = 0; k < width; k++) {
            assert_true(rounded[k] == scale * (float)q[k] / columns[k]);
        }
    }
}

static void rows_are_rounded_as_the_integer_form_has_them(void **state)
{
    static const float ranges[KV_HEADS] = {0.5f, 3.0f};
    const struct ql_row_format output = ql_weight_format_rows(QL_WEIGHTS_S8), embedding = {.limit = QL_ROW_LIMIT_S8};
    float ones[E], heads[E], products[FEED];
    (void)state;

    for (int k = 0; k < FEED; k++) {
        products[k] = 0.25f + (float)(k % 5);
    }
    for (int k = 0; k < E; k++) {
        ones[k] = 1.0f;
        heads[k] = ranges[k / SIZE / (HEADS / KV_HEADS)];
    }
    for (int i = 0; i < 2; i++) {
        const enum ql_weight_format weights = i == 0 ? QL_WEIGHTS_S8 : QL_WEIGHTS_S4;
        const struct ql_row_format rows = ql_weight_format_rows(weights);
        double loss;
        make_case(weights);
        for (int l = 0; l < LAYERS; l++) {
            ql_trainer_set_units(&test_case.trainer, l, ranges, products);
        }
        ql_trainer_backward(&test_case.trainer, &test_case.batch, &loss);
        const struct ql_model *exact = &test_case.model, *rounded = &test_case.trainer.rounded.model;
        for (int l = 0; l < LAYERS; l++) {
            const struct ql_decoder_layer *ours = &rounded->layers[l].decoder, *theirs = &exact->layers[l].decoder;
            check_matrix(ours->query, theirs->query, theirs->attention_norm, E, E, &rows);
            check_matrix(ours->key, theirs->key, theirs->attention_norm, K, E, &rows);
            check_matrix(ours->value, theirs->value, theirs->attention_norm, K, E, &rows);
            check_matrix(ours->output, theirs->output, heads, E, E, &rows);
            check_matrix(ours->gate, theirs->gate, theirs->feed_norm, FEED, E, &rows);
            check_matrix(ours->up, theirs->up, theirs->feed_norm, FEED, E, &rows);
            check_matrix(ours->down, theirs->down, products, E, FEED, &output);
            assert_memory_equal(ours->attention_norm, theirs->attention_norm, E * sizeof(float));
            assert_memory_equal(ours->feed_norm, theirs->feed_norm, E * sizeof(float));
        }
        assert_memory_equal(rounded->norm, exact->norm, E * sizeof(float));
        check_matrix(rounded->embedding, exact->embedding, ones, VOCABULARY, E, &embedding);
        check_matrix(rounded->output_weight, exact->embedding, exact->norm, VOCABULARY, E, &output);
        decoder_case_free(&test_case);
    }
}

// A gain of 0 removes its column from the model; the column's weights must remain finite.
static void column_without_a_gain_stays_finite(void **state)
{
    struct ql_trainer_result result;
    struct ql_error error;
    (void)state;

    make_case(QL_WEIGHTS_S4);
    test_case.model.layers[0].decoder.attention_norm[3] = 0.0f;
    assert_int_equal(ql_trainer_step(&test_case.trainer, &test_case.batch, 0.01, &result, &error), QL_OK);
    assert_true(isfinite(result.loss) && isfinite(result.gradient_norm));
}

// A weight that is not a number must not become one by rounding: the step must fail.
static void weight_that_is_not_finite_is_noticed(void **state)
{
    static const float bad[] = {NAN, INFINITY};
    (void)state;

    for (int i = 0; i < 8; i++) {
        struct ql_trainer_result result;
        struct ql_error error;
        make_case(QL_WEIGHTS_S8);
        struct ql_model *model = &test_case.model;
        float *const places[] = {&model->layers[0].decoder.query[8], &model->layers[1].decoder.output[9],
                                 &model->layers[1].decoder.down[7], &model->layers[0].decoder.feed_norm[3]};
        *places[i / 2] = bad[i % 2];
        assert_int_equal(ql_trainer_step(&test_case.trainer, &test_case.batch, 0.01, &result, &error),
                         QL_ERROR_NUMERIC);
        decoder_case_free(&test_case);
    }
}

// The loss with rounding decreases although a single step moves few weights to another level.
static void training_lowers_the_loss_of_the_rounded_model(void **state)
{
    struct ql_trainer_result first, last;
    struct ql_error error;
    (void)state;

    make_case(QL_WEIGHTS_S4);
    assert_int_equal(ql_trainer_step(&test_case.trainer, &test_case.batch, 0.003, &first, &error), QL_OK);
    for (int step = 0; step < 150; step++) {
        assert_int_equal(ql_trainer_step(&test_case.trainer, &test_case.batch, 0.003, &last, &error), QL_OK);
    }
    assert_true(last.loss < 0.7 * first.loss);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(rows_are_rounded_as_the_integer_form_has_them, free_case),
        cmocka_unit_test_teardown(column_without_a_gain_stays_finite, free_case),
        cmocka_unit_test_teardown(weight_that_is_not_finite_is_noticed, free_case),
        cmocka_unit_test_teardown(training_lowers_the_loss_of_the_rounded_model, free_case),
    };
    return cmocka_run_group_tests_name("rounded_decoder", tests, NULL, NULL);
}
