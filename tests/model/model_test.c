// The description of a model: sizes, names, positions of tensors, random parameters, and what is refused.
// Uses: model/model, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/model.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void tensors_of_a_model_fill_its_block_in_order(void **state)
{
    static const enum ql_cell cells[] = {QL_CELL_LSTM, QL_CELL_GRU, QL_CELL_RNN};
    (void)state;

    for (size_t i = 0; i < COUNT(cells); i++) {
        for (int L = 1; L <= QL_MODEL_LAYER_LIMIT; L++) {
            const int V = 11, E = 3, H = 5, GH = ql_cell_gates(cells[i]) * H;
            struct ql_model model;
            struct ql_error error;
            assert_int_equal(
                ql_model_init(&model,
                              (struct ql_dimensions){
                                  .cell = cells[i], .V = V, .E = E, .H = H, .L = L, .layer = QL_LAYER_RECURRENT},
                              &error),
                QL_OK);
            assert_int_equal(model.tensor_count, 4 * L + 3);
            assert_int_equal(model.count, V * E + GH * (E + H + 2) + (L - 1) * GH * (2 * H + 2) + V * H + V);
            const float *next = model.block;
            for (int k = 0; k < model.tensor_count; k++) {
                const struct ql_tensor *tensor = &model.tensors[k];
                assert_ptr_equal(tensor->data, next);
                next += tensor->rows * (tensor->columns == 0 ? 1 : tensor->columns);
            }
            assert_ptr_equal(next, model.block + model.count);
            assert_string_equal(model.tensors[0].name, "embedding.weight");
            assert_ptr_equal(model.layers[L - 1].recurrent.bias_hh, model.tensors[4 * L].data);
            assert_string_equal(model.tensors[4 * L + 1].name, "output.weight");
            assert_ptr_equal(model.output_bias, model.tensors[4 * L + 2].data);
            ql_model_free(&model);
        }
    }
}

static void random_parameters_have_the_spread_of_pytorch(void **state)
{
    struct ql_model model;
    struct ql_error error;
    const struct ql_dimensions d = {
        .cell = QL_CELL_LSTM, .V = 100, .E = 84, .H = 128, .L = 2, .layer = QL_LAYER_RECURRENT};
    const double bound = 1 / sqrt(128.0);
    double sum = 0, squares = 0, largest = 0;
    (void)state;

    assert_int_equal(ql_model_init(&model, d, &error), QL_OK);
    ql_model_reset(&model, 1);
    size_t normal = (size_t)d.V * (size_t)d.E;
    for (size_t k = 0; k < normal; k++) {
        sum += (double)model.block[k];
        squares += (double)model.block[k] * (double)model.block[k];
    }
    double count = (double)normal;
    assert_true(fabs(sum / count) < 4 / sqrt(count));
    assert_true(fabs(squares / count - 1) < 4 * sqrt(2 / count));

    sum = squares = 0;
    for (size_t k = normal; k < model.count; k++) {
        sum += (double)model.block[k];
        squares += (double)model.block[k] * (double)model.block[k];
        largest = fmax(largest, fabs((double)model.block[k]));
    }
    count = (double)(model.count - normal);
    assert_true(largest <= bound && largest > 0.99 * bound);
    assert_true(fabs(sum / count) < 4 * bound / sqrt(3 * count));
    assert_true(fabs(squares / count / (bound * bound / 3) - 1) < 0.01);
    ql_model_free(&model);
}

static void random_parameters_follow_from_the_seed(void **state)
{
    const struct ql_dimensions d = {.cell = QL_CELL_GRU, .V = 5, .E = 3, .H = 4, .L = 2, .layer = QL_LAYER_RECURRENT};
    struct ql_model a, b;
    struct ql_error error;
    (void)state;

    assert_int_equal(ql_model_init(&a, d, &error), QL_OK);
    assert_int_equal(ql_model_init(&b, d, &error), QL_OK);
    ql_model_reset(&a, 1);
    ql_model_reset(&b, 1);
    assert_memory_equal(a.block, b.block, a.count * sizeof(float));
    ql_model_reset(&b, 2);
    assert_memory_not_equal(a.block, b.block, a.count * sizeof(float));
    ql_model_free(&a);
    ql_model_free(&b);
}

static void size_out_of_range_is_refused_by_its_name(void **state)
{
    static const struct {
        struct ql_dimensions d;
        const char *name;
    } samples[] = {
        {{.cell = QL_CELL_LSTM, .V = 0, .E = 1, .H = 1, .L = 1, .layer = QL_LAYER_RECURRENT}, "vocabulary"},
        {{.cell = QL_CELL_LSTM, .V = QL_VOCABULARY_LIMIT + 1, .E = 1, .H = 1, .L = 1, .layer = QL_LAYER_RECURRENT},
         "4096"},
        {{.cell = QL_CELL_LSTM, .V = 1, .E = 0, .H = 1, .L = 1, .layer = QL_LAYER_RECURRENT}, "embedding_size"},
        {{.cell = QL_CELL_LSTM, .V = 1, .E = 1, .H = 0, .L = 1, .layer = QL_LAYER_RECURRENT}, "rnn_size is 0"},
        {{.cell = QL_CELL_LSTM, .V = 1, .E = 1, .H = -5, .L = 1, .layer = QL_LAYER_RECURRENT}, "rnn_size is -5"},
        {{.cell = QL_CELL_LSTM, .V = 1, .E = 1, .H = INT32_MAX, .L = 1, .layer = QL_LAYER_RECURRENT}, "rnn_size"},
        {{.cell = QL_CELL_LSTM, .V = 1, .E = 1, .H = 1, .L = 0, .layer = QL_LAYER_RECURRENT}, "num_layers"},
        {{.cell = QL_CELL_LSTM, .V = 1, .E = 1, .H = 1, .L = 9, .layer = QL_LAYER_RECURRENT}, "num_layers is 9"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(samples); i++) {
        struct ql_model model;
        struct ql_error error;
        assert_int_equal(ql_model_init(&model, samples[i].d, &error), QL_ERROR_INPUT);
        assert_non_null(strstr(error.message, samples[i].name));
        ql_model_free(&model); // harmless
    }
}

static void cell_names_are_read_and_others_refused(void **state)
{
    static const char *const wrong[] = {"", "LSTM", "lstm ", "Transformer"};
    struct ql_error error;
    (void)state;

    for (enum ql_cell cell = QL_CELL_LSTM; cell <= QL_CELL_RNN; cell++) {
        struct ql_dimensions found = {0};
        assert_int_equal(ql_architecture_read(&found, ql_architecture_find(QL_LAYER_RECURRENT, cell)->name, &error),
                         QL_OK);
        assert_int_equal(found.cell, cell);
    }
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct ql_dimensions found;
        assert_int_equal(ql_architecture_read(&found, wrong[i], &error), QL_ERROR_USAGE);
        assert_non_null(strstr(error.message, "gru"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_of_a_model_fill_its_block_in_order),
        cmocka_unit_test(random_parameters_have_the_spread_of_pytorch),
        cmocka_unit_test(random_parameters_follow_from_the_seed),
        cmocka_unit_test(size_out_of_range_is_refused_by_its_name),
        cmocka_unit_test(cell_names_are_read_and_others_refused),
    };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
