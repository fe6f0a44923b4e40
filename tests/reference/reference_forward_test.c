// Tests of the reference other than its gradients: values computed by hand, symmetries, bounds, and bad input. Nothing
// here needs PyTorch: the known answers follow from sigmoid(ln 3) = 3/4 and tanh(artanh(1/2)) = 1/2.
// Uses: reference_case, reference/, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference_case.h"

// A few roundings of double precision on values near 1.
static const double ROUNDING = 1e-14;

static const enum ref_cell CELLS[] = {REF_CELL_RNN, REF_CELL_GRU, REF_CELL_LSTM};

enum { CELL_COUNT = sizeof CELLS / sizeof CELLS[0] };

static struct reference_setup setup_of(enum ref_cell cell, size_t layers)
{
    return (struct reference_setup){.dims = {cell, .V = 7, .E = 3, .H = 5, .L = layers, .T = 6, .B = 2}, .seed = 1};
}

static void case_init(struct reference_case *test_case, const struct reference_setup *setup)
{
    assert_null(reference_case_init(test_case, setup));
}

static double *tensor_data(struct ref_parameters *parameters, const char *name)
{
    for (size_t i = 0; i < parameters->tensor_count; i++) {
        if (strcmp(parameters->tensors[i].name, name) == 0) {
            return parameters->tensors[i].data;
        }
    }
    fail_msg("no tensor named %s", name);
    return NULL;
}

static void assert_near(double actual, double expected)
{
    if (!(fabs(actual - expected) <= ROUNDING)) {
        fail_msg("%.17g is not %.17g", actual, expected);
    }
}

// One unit, one step, all weights 0: the cell's result from its biases and from a carried state of 1.
static void unit_case_init(struct reference_case *test_case, enum ref_cell cell)
{
    struct reference_setup setup = {
        .dims = {cell, .V = 1, .E = 1, .H = 1, .L = 1, .T = 1, .B = 1}, .carried = true, .seed = 1};

    case_init(test_case, &setup);
    memset(test_case->parameters.values, 0, test_case->parameters.value_count * sizeof(double));
    test_case->h0[0] = 1;
    test_case->c0[0] = 1;
}

static void rnn_with_known_weights_gives_the_value_worked_out_by_hand(void **state)
{
    (void)state;
    struct reference_case unit;
    unit_case_init(&unit, REF_CELL_RNN);

    // a = w_hh h + b_ih + b_hh = artanh(1/2)
    tensor_data(&unit.parameters, "rnn.weight_hh_l0")[0] = 0.25;
    tensor_data(&unit.parameters, "rnn.bias_ih_l0")[0] = atanh(0.5);
    tensor_data(&unit.parameters, "rnn.bias_hh_l0")[0] = -0.25;
    assert_null(reference_case_forward(&unit));

    assert_near(unit.trace.layers[0].h[1], 0.5);
    reference_case_free(&unit);
}

static void gru_with_known_biases_resets_after_the_product(void **state)
{
    (void)state;
    struct reference_case unit;
    unit_case_init(&unit, REF_CELL_GRU);

    // r = 3/4, z = 1/4, n = tanh(b_in + 3/4 * 2) = 1/2, h = 3/4 * 1/2 + 1/4 * 1
    double *bias_ih = tensor_data(&unit.parameters, "rnn.bias_ih_l0");
    double *bias_hh = tensor_data(&unit.parameters, "rnn.bias_hh_l0");
    bias_ih[0] = log(3);
    bias_hh[1] = -log(3);
    bias_ih[2] = atanh(0.5) - 1.5;
    bias_hh[2] = 2;
    assert_null(reference_case_forward(&unit));

    assert_near(unit.trace.layers[0].h[1], 0.625);
    reference_case_free(&unit);
}

static void lstm_with_known_biases_takes_its_gates_in_the_order_i_f_g_o(void **state)
{
    (void)state;
    struct reference_case unit;
    unit_case_init(&unit, REF_CELL_LSTM);

    // i = 3/4, f = 1/2, g = 1/2, o = 1/4, c = 1/2 * 1 + 3/4 * 1/2
    double *bias = tensor_data(&unit.parameters, "rnn.bias_ih_l0");
    bias[0] = log(3);
    bias[2] = atanh(0.5);
    bias[3] = -log(3);
    assert_null(reference_case_forward(&unit));

    assert_near(unit.trace.layers[0].c[1], 0.875);
    assert_near(unit.trace.layers[0].h[1], 0.25 * tanh(0.875));
    reference_case_free(&unit);
}

static void loss_without_weights_is_the_logarithm_of_the_vocabulary(void **state)
{
    (void)state;
    for (size_t i = 0; i < CELL_COUNT; i++) {
        struct reference_setup setup = setup_of(CELLS[i], 2);
        struct reference_case test_case;
        case_init(&test_case, &setup);
        memset(test_case.parameters.values, 0, test_case.parameters.value_count * sizeof(double));
        assert_null(reference_case_forward(&test_case));
        assert_near(test_case.trace.loss, log(7));
        reference_case_free(&test_case);
    }
}

static void loss_with_huge_logits_stays_finite(void **state)
{
    (void)state;
    struct reference_setup setup = setup_of(REF_CELL_LSTM, 1);
    struct reference_case test_case;
    case_init(&test_case, &setup);
    tensor_data(&test_case.parameters, "output.bias")[0] = 1e6;
    tensor_data(&test_case.parameters, "output.bias")[1] = -1e6;
    assert_null(reference_case_backward(&test_case));

    assert_true(isfinite(test_case.trace.loss));
    for (size_t i = 0; i < test_case.dparameters.value_count; i++) {
        assert_true(isfinite(test_case.dparameters.values[i]));
    }
    reference_case_free(&test_case);
}

// Two windows with the state passed on compute exactly the same sums as one window twice as long.
static void window_cut_in_two_with_carried_state_gives_the_logits_of_the_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < CELL_COUNT; i++) {
        struct reference_setup setup = setup_of(CELLS[i], 1);
        setup.carried = true;
        struct reference_case whole;
        case_init(&whole, &setup);
        assert_null(reference_case_forward(&whole));

        struct ref_dims dims = setup.dims;
        dims.T /= 2;
        size_t half_steps = dims.T * dims.B;
        struct ref_trace first, second;
        assert_null(ref_trace_init(&first, &dims));
        assert_null(ref_trace_init(&second, &dims));

        struct ref_window window = whole.window;
        assert_null(ref_char_rnn_forward(&first, &window, &whole.parameters, &dims));
        window.tokens += half_steps;
        window.targets += half_steps;
        window.h0 = first.layers[0].h + half_steps * dims.H;
        window.c0 = first.layers[0].c + half_steps * dims.H;
        assert_null(ref_char_rnn_forward(&second, &window, &whole.parameters, &dims));

        size_t half_bytes = half_steps * dims.V * sizeof(double);
        assert_memory_equal(first.logits, whole.trace.logits, half_bytes);
        assert_memory_equal(second.logits, whole.trace.logits + half_steps * dims.V, half_bytes);

        ref_trace_free(&first);
        ref_trace_free(&second);
        reference_case_free(&whole);
    }
}

static void padding_token_has_no_gradient_and_no_part_in_the_loss(void **state)
{
    (void)state;
    struct reference_setup setup = setup_of(REF_CELL_GRU, 2);
    setup.padding = true;
    struct reference_case test_case;
    case_init(&test_case, &setup);
    assert_null(reference_case_backward(&test_case));

    size_t V = setup.dims.V, padding_count = 0;
    double nll_sum = 0, token_count = 0;
    for (size_t step = 0; step < setup.dims.T * setup.dims.B; step++) {
        const double *logits = test_case.trace.logits + step * V;
        if (test_case.weight[step] > 0) {
            double sum = exp(logits[0]);
            for (size_t v = 1; v < V; v++) {
                sum += exp(logits[v]);
            }
            nll_sum += log(sum) - logits[test_case.targets[step]];
            token_count++;
            continue;
        }
        padding_count++;
        for (size_t v = 0; v < V; v++) {
            assert_true(test_case.dtrace.logits[step * V + v] == 0);
        }
    }
    assert_true(padding_count > 0);
    assert_near(test_case.trace.loss, nll_sum / token_count);
    reference_case_free(&test_case);
}

static void dropout_mask_of_ones_changes_no_bit(void **state)
{
    (void)state;
    struct reference_setup setup = setup_of(REF_CELL_LSTM, 3);
    struct reference_case test_case;
    case_init(&test_case, &setup);
    struct ref_parameters without;
    assert_null(ref_parameters_init(&without, &setup.dims));
    assert_null(reference_case_backward(&test_case));
    size_t gradient_bytes = without.value_count * sizeof(double);
    memcpy(without.values, test_case.dparameters.values, gradient_bytes);

    for (size_t i = 0; i < 2 * setup.dims.T * setup.dims.B * setup.dims.H; i++) {
        test_case.dropout_mask[i] = 1;
    }
    test_case.window.dropout_mask = test_case.dropout_mask;
    assert_null(reference_case_backward(&test_case));

    assert_memory_equal(without.values, test_case.dparameters.values, gradient_bytes);
    ref_parameters_free(&without);
    reference_case_free(&test_case);
}

static void dropout_mask_of_zeros_cuts_off_the_layer_below(void **state)
{
    (void)state;
    struct reference_setup setup = setup_of(REF_CELL_GRU, 2);
    struct reference_case test_case;
    case_init(&test_case, &setup);
    memset(test_case.dropout_mask, 0, setup.dims.T * setup.dims.B * setup.dims.H * sizeof(double));
    test_case.window.dropout_mask = test_case.dropout_mask;
    assert_null(reference_case_backward(&test_case));

    const double *below = tensor_data(&test_case.dparameters, "rnn.weight_ih_l0");
    const double *above = tensor_data(&test_case.dparameters, "rnn.weight_hh_l1");
    assert_true(below[0] == 0 && below[1] == 0);
    assert_true(above[0] != 0 && above[1] != 0);
    reference_case_free(&test_case);
}

// Both biases enter the same sum, except in the GRU's n, where one of them is multiplied by r.
static void gradients_of_both_biases_are_equal_except_in_the_reset_gate_of_the_gru(void **state)
{
    (void)state;
    static const size_t equal_gates[] = {[REF_CELL_RNN] = 1, [REF_CELL_GRU] = 2, [REF_CELL_LSTM] = 4};

    for (size_t i = 0; i < CELL_COUNT; i++) {
        struct reference_setup setup = setup_of(CELLS[i], 2);
        struct reference_case test_case;
        case_init(&test_case, &setup);
        assert_null(reference_case_backward(&test_case));

        size_t H = setup.dims.H;
        const double *input = tensor_data(&test_case.dparameters, "rnn.bias_ih_l1");
        const double *hidden = tensor_data(&test_case.dparameters, "rnn.bias_hh_l1");
        assert_memory_equal(input, hidden, equal_gates[CELLS[i]] * H * sizeof(double));
        if (CELLS[i] == REF_CELL_GRU) {
            for (size_t j = 2 * H; j < 3 * H; j++) {
                assert_true(hidden[j] != input[j]);
            }
        }
        reference_case_free(&test_case);
    }
}

static void gradient_of_an_embedding_that_no_token_uses_is_zero(void **state)
{
    (void)state;
    struct reference_setup setup = setup_of(REF_CELL_RNN, 1);
    struct reference_case test_case;
    case_init(&test_case, &setup);
    for (size_t step = 0; step < setup.dims.T * setup.dims.B; step++) {
        test_case.tokens[step] = 3;
    }
    assert_null(reference_case_backward(&test_case));

    const double *gradient = tensor_data(&test_case.dparameters, "embedding.weight");
    for (size_t v = 0; v < setup.dims.V; v++) {
        for (size_t e = 0; e < setup.dims.E; e++) {
            assert_int_equal(gradient[v * setup.dims.E + e] != 0, v == 3);
        }
    }
    reference_case_free(&test_case);
}

static void backward_run_twice_gives_the_same_gradient_again(void **state)
{
    (void)state;
    struct reference_setup setup = setup_of(REF_CELL_LSTM, 2);
    struct reference_case test_case;
    case_init(&test_case, &setup);
    assert_null(reference_case_backward(&test_case));
    double once = test_case.dparameters.values[0], once_below = test_case.dtrace.layers[0].h[0];
    assert_null(reference_case_backward(&test_case));

    assert_true(once != 0 && test_case.dparameters.values[0] == once);
    assert_true(once_below != 0 && test_case.dtrace.layers[0].h[0] == once_below);
    reference_case_free(&test_case);
}

static void parameters_of_two_layers_are_named_and_shaped_as_in_pytorch(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t rank, rows, columns;
    } expected[] = {
        {"embedding.weight", 2, 7, 3},  {"rnn.weight_ih_l0", 2, 20, 3}, {"rnn.weight_hh_l0", 2, 20, 5},
        {"rnn.bias_ih_l0", 1, 20, 1},   {"rnn.bias_hh_l0", 1, 20, 1},   {"rnn.weight_ih_l1", 2, 20, 5},
        {"rnn.weight_hh_l1", 2, 20, 5}, {"rnn.bias_ih_l1", 1, 20, 1},   {"rnn.bias_hh_l1", 1, 20, 1},
        {"output.weight", 2, 7, 5},     {"output.bias", 1, 7, 1},
    };
    struct reference_setup setup = setup_of(REF_CELL_LSTM, 2);
    struct ref_parameters parameters;
    assert_null(ref_parameters_init(&parameters, &setup.dims));

    assert_int_equal(parameters.tensor_count, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < parameters.tensor_count; i++) {
        assert_string_equal(parameters.tensors[i].name, expected[i].name);
        assert_int_equal(parameters.tensors[i].rank, expected[i].rank);
        assert_int_equal(parameters.tensors[i].shape[0], expected[i].rows);
        assert_int_equal(parameters.tensors[i].shape[1], expected[i].columns);
    }
    ref_parameters_free(&parameters);
}

static void assert_names(const char *problem, const char *culprit)
{
    assert_non_null(problem);
    assert_non_null(strstr(problem, culprit));
}

static void sizes_of_zero_or_beyond_the_limit_are_refused(void **state)
{
    (void)state;
    static const size_t bad_sizes[] = {0, REF_SIZE_LIMIT + 1, SIZE_MAX};

    for (size_t i = 0; i < sizeof bad_sizes / sizeof bad_sizes[0]; i++) {
        for (size_t which = 0; which < 6; which++) {
            struct ref_dims dims = setup_of(REF_CELL_GRU, 1).dims;
            size_t *const sizes[] = {&dims.V, &dims.E, &dims.H, &dims.L, &dims.T, &dims.B};
            struct ref_parameters parameters;
            struct ref_trace trace;

            *sizes[which] = bad_sizes[i];
            assert_names(ref_parameters_init(&parameters, &dims), "dims");
            assert_names(ref_trace_init(&trace, &dims), "dims");
            assert_null(parameters.values);
            assert_null(trace.values);
        }
    }
}

static void window_with_a_value_out_of_range_is_refused_by_name(void **state)
{
    (void)state;
    struct reference_setup setup = setup_of(REF_CELL_LSTM, 1);
    setup.padding = true;
    struct reference_case test_case;
    case_init(&test_case, &setup);
    assert_null(reference_case_forward(&test_case));
    const int32_t bad_tokens[] = {-1, 7, INT32_MAX, INT32_MIN};
    const double bad_weights[] = {-1, NAN, INFINITY};

    for (size_t i = 0; i < sizeof bad_tokens / sizeof bad_tokens[0]; i++) {
        int32_t token = test_case.tokens[0], target = test_case.targets[0];
        test_case.tokens[0] = bad_tokens[i];
        assert_names(reference_case_forward(&test_case), "tokens");
        test_case.tokens[0] = token;
        test_case.targets[0] = bad_tokens[i];
        assert_names(reference_case_forward(&test_case), "targets");
        test_case.targets[0] = target;
    }
    for (size_t i = 0; i < sizeof bad_weights / sizeof bad_weights[0]; i++) {
        test_case.weight[0] = bad_weights[i];
        assert_names(reference_case_forward(&test_case), "weight");
    }
    memset(test_case.weight, 0, setup.dims.T * setup.dims.B * sizeof(double));
    assert_names(reference_case_forward(&test_case), "weight");
    reference_case_free(&test_case);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rnn_with_known_weights_gives_the_value_worked_out_by_hand),
        cmocka_unit_test(gru_with_known_biases_resets_after_the_product),
        cmocka_unit_test(lstm_with_known_biases_takes_its_gates_in_the_order_i_f_g_o),
        cmocka_unit_test(loss_without_weights_is_the_logarithm_of_the_vocabulary),
        cmocka_unit_test(loss_with_huge_logits_stays_finite),
        cmocka_unit_test(window_cut_in_two_with_carried_state_gives_the_logits_of_the_whole),
        cmocka_unit_test(padding_token_has_no_gradient_and_no_part_in_the_loss),
        cmocka_unit_test(dropout_mask_of_ones_changes_no_bit),
        cmocka_unit_test(dropout_mask_of_zeros_cuts_off_the_layer_below),
        cmocka_unit_test(gradients_of_both_biases_are_equal_except_in_the_reset_gate_of_the_gru),
        cmocka_unit_test(gradient_of_an_embedding_that_no_token_uses_is_zero),
        cmocka_unit_test(backward_run_twice_gives_the_same_gradient_again),
        cmocka_unit_test(parameters_of_two_layers_are_named_and_shaped_as_in_pytorch),
        cmocka_unit_test(sizes_of_zero_or_beyond_the_limit_are_refused),
        cmocka_unit_test(window_with_a_value_out_of_range_is_refused_by_name),
    };
    return cmocka_run_group_tests_name("reference_forward", tests, NULL, NULL);
}
