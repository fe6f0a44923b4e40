// Training with rounding: what is rounded, and that the gradient is that of the reference at the rounded point, h
// rounded too, gradients passed straight through. An argument such as 'lstm-int4-*' picks some.
// Uses: trainer_case, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "train/cell_batch.h"
#include "trainer_case.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// As for training without rounding: see trainer_gradient_test.c.
static const double GRADIENT_TOLERANCE = 1e-4;
static const double LOSS_TOLERANCE = 1e-6;
static const double SMALLEST_SCALE = 1e-6;

// Where h is this close to the midpoint of two levels, it may be rounded differently in float and in double. Such cases
// are avoided by taking another seed.
static const double H_LEVELS = 127;
static const double TIE_MARGIN = 1e-3;
enum { SEED_TRIALS = 200 };

// Tests that come before those with one case each.
enum { FIRST_CASE = 7 };

struct rounding_test {
    enum ref_cell cell;
    enum ql_weight_format weights;
    size_t V, H, L, T, B;
    bool padding, carried;
    char name[64];
    bool dropout; // between the layers and before the output, with smoothed targets
};

// Freed by the teardown, which also runs after a failure.
static struct trainer_case test_case;

static int free_case(void **state)
{
    (void)state;
    trainer_case_free(&test_case);
    return 0;
}

// A case whose model is trained for integers. E is V and the embedding is the identity matrix, so that the input table
// is weight_ih of layer 0, transposed, and the reference can be given a rounded one.
static void make_case(const struct rounding_test *test, uint64_t seed)
{
    const struct reference_setup setup = {.dims = {test->cell, test->V, test->V, test->H, test->L, test->T, test->B},
                                          .padding = test->padding,
                                          .carried = test->carried,
                                          .dropout = test->dropout,
                                          .smoothing = test->dropout,
                                          .seed = seed};
    struct ql_error error;

    assert_int_equal(trainer_case_init(&test_case, &setup, 2, &error), QL_OK);
    struct ql_trainer_options options = test_case.trainer.options;
    options.weights = test->weights;
    ql_trainer_free(&test_case.trainer);
    for (size_t k = 0; k < test->V * test->V; k++) {
        test_case.model.embedding[k] = k % (test->V + 1) == 0 ? 1.0f : 0.0f;
    }
    assert_int_equal(ql_trainer_init(&test_case.trainer, &test_case.model, &options, &error), QL_OK);
    test_case.reference.window.h_levels = H_LEVELS;
}

// Gives the reference the rounded parameters, and the embedding.
static void share_rounded(void)
{
    const struct ql_rounded_model *rounded = &test_case.trainer.rounded;
    const struct ql_dimensions d = rounded->model.dimensions;
    const size_t GH = (size_t)ql_cell_gates(d.cell) * (size_t)d.H, V = (size_t)d.V;

    for (size_t k = 0; k < rounded->model.count; k++) {
        test_case.reference.parameters.values[k] = (double)rounded->model.block[k];
    }
    for (size_t k = 0; k < V * V; k++) {
        test_case.reference.parameters.values[k] = k % (V + 1) == 0 ? 1 : 0;
    }
    double *weight_ih = test_case.reference.parameters.tensors[1].data;
    for (size_t row = 0; row < GH; row++) {
        for (size_t v = 0; v < V; v++) {
            weight_ih[row * V + v] = (double)rounded->input_table[v * GH + row];
        }
    }
}

static bool some_h_is_near_a_tie(void)
{
    const struct ref_dims *dims = &test_case.reference.setup.dims;

    for (size_t l = 0; l < dims->L; l++) {
        const double *h = test_case.reference.trace.layers[l].h;
        for (size_t k = 0; k < (dims->T + 1) * dims->B * dims->H; k++) {
            double level = fabs(h[k]) * H_LEVELS;
            if (fabs(level - floor(level) - 0.5) < TIE_MARGIN) {
                return true;
            }
        }
    }
    return false;
}

static void check_gradients(const struct rounding_test *test, const char *window, double loss)
{
    double expected = test_case.reference.trace.loss;

    if (!(fabs(loss - expected) <= LOSS_TOLERANCE * fmax(expected, 1))) {
        fail_msg("%s: %s window: loss %.9g, reference %.9g", test->name, window, loss, expected);
    }
    // The embedding's gradient goes through the exact weight_ih: see inputs_pass_their_gradient_to_exact_factors.
    for (int i = 1; i < test_case.model.tensor_count; i++) {
        const struct ql_tensor *ours = &test_case.trainer.gradients[0].model.tensors[i];
        const struct ref_tensor *theirs = &test_case.reference.dparameters.tensors[i];
        size_t count = theirs->shape[0] * theirs->shape[1];
        double largest = 0, worst = 0;
        for (size_t k = 0; k < count; k++) {
            double difference = fabs((double)ours->data[k] - theirs->data[k]);
            largest = fmax(largest, fabs(theirs->data[k]));
            worst = difference <= worst ? worst : difference; // even when it is NaN
        }
        if (!(worst <= GRADIENT_TOLERANCE * fmax(largest, SMALLEST_SCALE))) {
            fail_msg("%s: %s window: the gradient of %s is off by %.2g of its largest", test->name, window, ours->name,
                     worst / fmax(largest, SMALLEST_SCALE));
        }
    }
}

static void gradients_are_those_at_the_rounded_point(void **state)
{
    const struct rounding_test *test = *state;
    double loss;

    for (uint64_t seed = 1; seed <= SEED_TRIALS; seed++) {
        make_case(test, seed);
        ql_trainer_backward(&test_case.trainer, &test_case.batch, &loss);
        share_rounded();
        assert_null(reference_case_backward(&test_case.reference));
        bool tie = some_h_is_near_a_tie();
        if (!tie) {
            check_gradients(test, "first", loss);
        }
        if (!tie && test->carried) {
            trainer_case_step(&test_case);
            ql_trainer_backward(&test_case.trainer, &test_case.batch, &loss);
            assert_null(reference_case_backward(&test_case.reference));
            tie = some_h_is_near_a_tie();
            if (!tie) {
                check_gradients(test, "second", loss);
            }
        }
        trainer_case_free(&test_case);
        if (!tie) {
            return;
        }
    }
    fail_msg("%s: every seed has an h that could be rounded either way", test->name);
}

// Rounds a copy of a row in parts as specified in docs/quantization.md, and compares.
static void check_row(const float *const rounded[], const float *const exact[], int parts, int columns,
                      enum ql_weight_format weights)
{
    const struct ql_row_format format = ql_weight_format_rows(weights);
    struct ql_row_part row[2] = {{0}};
    int8_t q[2][64];

    for (int i = 0; i < parts; i++) {
        row[i] = (struct ql_row_part){q[i], exact[i], columns};
    }
    float scale = ql_row_quantizer_encode(row, parts, &format);
    for (int i = 0; i < parts; i++) {
        for (int k = 0; k < columns; k++) {
            assert_true(rounded[i][k] == scale * (float)q[i][k]);
        }
    }
}

static void rows_are_rounded_as_the_integer_engine_has_them(void **state)
{
    static const enum ref_cell cells[] = {REF_CELL_RNN, REF_CELL_GRU, REF_CELL_LSTM};
    enum { H = 33 };
    (void)state;

    for (size_t i = 0; i < COUNT(cells) * 2; i++) {
        const enum ql_weight_format weights = i % 2 == 0 ? QL_WEIGHTS_S8 : QL_WEIGHTS_S4;
        const struct rounding_test test = {
            .cell = cells[i / 2], .weights = weights, 7, H, 3, 2, 2, false, false, "", false};
        double loss;
        make_case(&test, 3);
        ql_trainer_backward(&test_case.trainer, &test_case.batch, &loss);
        const struct ql_model *exact = &test_case.model, *rounded = &test_case.trainer.rounded.model;
        const int rows = ql_cell_gates(exact->dimensions.cell) * H;
        for (int l = 1; l < 3; l++) {
            for (int row = 0; row < rows; row++) {
                const float *const ours[] = {rounded->layers[l].recurrent.weight_ih + row * H,
                                             rounded->layers[l].recurrent.weight_hh + row * H};
                const float *const theirs[] = {exact->layers[l].recurrent.weight_ih + row * H,
                                               exact->layers[l].recurrent.weight_hh + row * H};
                if (exact->dimensions.cell == QL_CELL_GRU && row >= 2 * H) {
                    check_row(&ours[0], &theirs[0], 1, H, weights);
                    check_row(&ours[1], &theirs[1], 1, H, weights);
                } else {
                    check_row(ours, theirs, 2, H, weights);
                }
            }
            assert_memory_equal(rounded->layers[l].recurrent.bias_ih, exact->layers[l].recurrent.bias_ih,
                                (size_t)rows * sizeof(float));
            assert_memory_equal(rounded->layers[l].recurrent.bias_hh, exact->layers[l].recurrent.bias_hh,
                                (size_t)rows * sizeof(float));
        }
        for (int v = 0; v < 7; v++) { // int8 for every format
            const float *ours = rounded->output_weight + v * H, *theirs = exact->output_weight + v * H;
            check_row(&ours, &theirs, 1, H, QL_WEIGHTS_S8);
        }
        trainer_case_free(&test_case);
    }
}

static void first_layer_has_its_inputs_and_weights_in_one_accumulator(void **state)
{
    static const enum ref_cell cells[] = {REF_CELL_RNN, REF_CELL_GRU, REF_CELL_LSTM};
    enum { H = 33, V = 7 };
    const struct ql_row_format format = {.limit = QL_ROW_LIMIT_S4};
    (void)state;

    for (size_t i = 0; i < COUNT(cells); i++) {
        const struct rounding_test test = {cells[i], QL_WEIGHTS_S4, V, H, 1, 2, 2, false, false, "", false};
        double loss;
        make_case(&test, 4);
        ql_trainer_backward(&test_case.trainer, &test_case.batch, &loss);
        const struct ql_rounded_model *rounded = &test_case.trainer.rounded;
        const struct ql_recurrent_layer *exact = &test_case.model.layers[0].recurrent;
        const int rows = ql_cell_gates(test_case.model.dimensions.cell) * H;
        for (int row = 0; row < rows; row++) {
            const bool apart = cells[i] == REF_CELL_GRU && row >= 2 * H;
            int8_t q[V], q_hh[H];
            float inputs[V];
            const struct ql_row_part recurrent = {q_hh, exact->weight_hh + row * H, H};
            struct ql_input_row input;
            memcpy(inputs, exact->weight_ih + row * V, sizeof inputs); // the embedding is the identity matrix
            assert_true(ql_row_quantizer_encode_input(&input, q, inputs, V, apart ? NULL : &recurrent, &format));
            for (int v = 0; v < V; v++) {
                double value = (double)input.mean + input.factor * (double)input.scale / 127 * q[v];
                assert_true(fabs((double)rounded->input_table[v * rows + row] - value) < 1e-6);
            }
            float scale = apart ? ql_row_quantizer_encode(&recurrent, 1, &format) : input.scale;
            for (int k = 0; k < H; k++) {
                assert_true(rounded->model.layers[0].recurrent.weight_hh[row * H + k] == scale * (float)q_hh[k]);
            }
        }
        trainer_case_free(&test_case);
    }
}

// Without a table, the inputs are exact, but a small row of recurrent weights is rounded as coarsely beside them as the
// integer engine has it.
static void small_rows_beside_a_product_have_the_scale_of_the_integer_engine(void **state)
{
    enum { V = 300, E = 5, H = 24 };
    const struct ql_row_format format = ql_weight_format_rows(QL_WEIGHTS_S8);
    struct ql_model model;
    struct ql_rounded_model rounded;
    struct ql_arena arena = {0};
    struct ql_error error;
    (void)state;

    assert_int_equal(
        ql_model_init(&model, (struct ql_dimensions){.cell = QL_CELL_RNN, .V = V, .E = E, .H = H, .L = 1}, &error),
        QL_OK);
    ql_model_reset(&model, 1);
    const struct ql_recurrent_layer *exact = &model.layers[0].recurrent;
    for (int k = 0; k < H * H; k++) {
        exact->weight_hh[k] *= k / H % 5 == 3 ? 1e-3f : 1.0f;
    }
    assert_int_equal(ql_rounded_model_init(&rounded, &model, QL_WEIGHTS_S8, &arena, &error), QL_OK);
    assert_false(arena.exhausted);
    ql_rounded_model_reset_inputs(&rounded);
    for (int task = 0; task < ql_rounded_model_reset_tasks(&rounded); task++) {
        ql_rounded_model_reset_rows(&rounded, task);
    }
    for (int row = 0; row < H; row++) {
        int8_t q[H];
        const struct ql_row_part part = {q, exact->weight_hh + row * H, H};
        float greatest = 0.0f, scale = ql_row_quantizer_encode(&part, 1, &format);
        for (int v = 0; v < V; v++) {
            float input = 0.0f;
            for (int k = 0; k < E; k++) {
                input += model.embedding[v * E + k] * exact->weight_ih[row * E + k];
            }
            greatest = fmaxf(greatest, fabsf(input));
            assert_true(fabsf(rounded.input_table[v * H + row] - input) < 1e-5f);
        }
        assert_true((scale < greatest / 4096) == (row % 5 == 3));
        scale = fmaxf(scale, greatest / 4096);
        for (int k = 0; k < H; k++) {
            const float level = rounded.model.layers[0].recurrent.weight_hh[row * H + k] / scale;
            const float wanted = fmaxf(fminf(part.values[k] / scale, QL_ROW_LIMIT_S8), -QL_ROW_LIMIT_S8);
            assert_true(fabsf(level - roundf(level)) < 1e-3f && fabsf(level - wanted) < 0.501f);
        }
    }
    ql_rounded_model_free(&rounded);
    ql_arena_free(&arena);
    ql_model_free(&model);
}

static void inputs_pass_their_gradient_to_exact_factors(void **state)
{
    const struct rounding_test test = {REF_CELL_LSTM, QL_WEIGHTS_S4, 5, 7, 1, 3, 2, false, false, "", false};
    enum { V = 5, GH = 28 };
    double loss;
    (void)state;

    make_case(&test, 5);
    ql_trainer_backward(&test_case.trainer, &test_case.batch, &loss);
    const struct ql_gradient *gradient = &test_case.trainer.gradients[0];
    for (int v = 0; v < V; v++) {
        for (int e = 0; e < V; e++) {
            double sum = 0;
            for (int row = 0; row < GH; row++) {
                sum += (double)gradient->sums[v * GH + row] *
                       (double)test_case.model.layers[0].recurrent.weight_ih[row * V + e];
            }
            assert_true(fabs((double)gradient->model.embedding[v * V + e] - sum) < 1e-6);
        }
    }
}

static void state_is_rounded_to_its_levels_and_nan_is_kept(void **state)
{
    static const struct {
        float h, level;
    } cases[] = {{0.0f, 0},          {1.0f, 127},        {-1.0f, -127},  {0.5f / 127, 0},   {0.5001f / 127, 1},
                 {-0.499f / 127, 0}, {-0.51f / 127, -1}, {0.9999f, 127}, {63.6f / 127, 64}, {-63.4f / 127, -63}};
    float rounded[COUNT(cases)];
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        ql_state_batch_round(&rounded[i], &cases[i].h, 1, 1);
        assert_true(fabs((double)rounded[i] * H_LEVELS - (double)cases[i].level) < 1e-5);
    }
    rounded[0] = NAN;
    rounded[1] = INFINITY;
    ql_state_batch_round(rounded, rounded, 1, 2);
    assert_true(isnan(rounded[0]) && !isfinite(rounded[1]));
}

// A weight that is not a number must not become one by rounding: the step must fail.
static void weight_that_is_not_finite_is_noticed(void **state)
{
    static const float bad[] = {NAN, INFINITY};
    (void)state;

    for (int i = 0; i < 8; i++) {
        const struct rounding_test test = {REF_CELL_GRU, QL_WEIGHTS_S8, 5, 7, 2, 3, 2, false, false, "", false};
        struct ql_trainer_result result;
        struct ql_error error;
        make_case(&test, 6);
        struct ql_model *model = &test_case.model;
        float *const places[] = {&model->layers[0].recurrent.weight_ih[8], &model->layers[0].recurrent.weight_hh[9],
                                 &model->layers[1].recurrent.weight_ih[7 * 17], &model->output_weight[3]};
        *places[i / 2] = bad[i % 2];
        assert_int_equal(ql_trainer_step(&test_case.trainer, &test_case.batch, 0.01, &result, &error),
                         QL_ERROR_NUMERIC);
        trainer_case_free(&test_case);
    }
}

// The loss with rounding decreases although a single step moves few weights to another level.
static void training_lowers_the_loss_of_the_rounded_model(void **state)
{
    const struct rounding_test test = {REF_CELL_LSTM, QL_WEIGHTS_S4, 12, 24, 2, 20, 8, false, false, "", false};
    struct ql_trainer_result first, last;
    struct ql_error error;
    (void)state;

    make_case(&test, 7);
    assert_int_equal(ql_trainer_step(&test_case.trainer, &test_case.batch, 0.003, &first, &error), QL_OK);
    for (int step = 0; step < 150; step++) {
        test_case.batch.reset = true;
        assert_int_equal(ql_trainer_step(&test_case.trainer, &test_case.batch, 0.003, &last, &error), QL_OK);
    }
    assert_true(last.loss < 0.7 * first.loss);
}

int main(int argc, char **argv)
{
    static const enum ref_cell cells[] = {REF_CELL_RNN, REF_CELL_GRU, REF_CELL_LSTM};
    static const struct {
        size_t V, H, L, T, B;
        bool padding, carried, dropout;
    } sizes[] = {{1, 1, 1, 1, 1, false, false, false},  {7, 5, 1, 4, 3, true, true, false},
                 {5, 7, 2, 3, 17, false, false, false}, {9, 16, 2, 4, 2, true, true, false},
                 {4, 3, 3, 6, 5, false, true, false},   {6, 9, 1, 3, 4, false, true, true},
                 {9, 8, 3, 4, 2, true, true, true}};
    static struct rounding_test tests[COUNT(cells) * COUNT(sizes) * 2];
    static struct CMUnitTest units[COUNT(tests) + FIRST_CASE] = {
        cmocka_unit_test_teardown(rows_are_rounded_as_the_integer_engine_has_them, free_case),
        cmocka_unit_test_teardown(first_layer_has_its_inputs_and_weights_in_one_accumulator, free_case),
        cmocka_unit_test(small_rows_beside_a_product_have_the_scale_of_the_integer_engine),
        cmocka_unit_test_teardown(inputs_pass_their_gradient_to_exact_factors, free_case),
        cmocka_unit_test(state_is_rounded_to_its_levels_and_nan_is_kept),
        cmocka_unit_test_teardown(weight_that_is_not_finite_is_noticed, free_case),
        cmocka_unit_test_teardown(training_lowers_the_loss_of_the_rounded_model, free_case),
    };

    for (size_t i = 0; i < COUNT(tests); i++) {
        const enum ql_weight_format weights = i % 2 == 0 ? QL_WEIGHTS_S8 : QL_WEIGHTS_S4;
        const size_t size = i / 2 % COUNT(sizes);
        tests[i] = (struct rounding_test){cells[i / 2 / COUNT(sizes)],
                                          weights,
                                          sizes[size].V,
                                          sizes[size].H,
                                          sizes[size].L,
                                          sizes[size].T,
                                          sizes[size].B,
                                          sizes[size].padding,
                                          sizes[size].carried,
                                          "",
                                          sizes[size].dropout};
        (void)snprintf(tests[i].name, sizeof tests[i].name, "%s-%s-V%zu-H%zu-L%zu-T%zu-B%zu%s",
                       reference_cell_name(tests[i].cell), ql_weight_format_write(weights), tests[i].V, tests[i].H,
                       tests[i].L, tests[i].T, tests[i].B, tests[i].dropout ? "-dropout" : "");
        units[FIRST_CASE + i] =
            (struct CMUnitTest){tests[i].name, gradients_are_those_at_the_rounded_point, NULL, free_case, &tests[i]};
    }
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    return cmocka_run_group_tests_name("rounded_gradient", units, NULL, NULL);
}
