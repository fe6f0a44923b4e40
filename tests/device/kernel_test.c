// The kernels: matrix times vector compared with sums computed one by one, and the three cells compared with the
// reference. Sizes are odd ones around the kernels' tile, and all dimensions of a case differ, so that no wrong axis
// goes unnoticed.
// Uses: device/, reference/, cmocka.
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/gru.h"
#include "device/lstm.h"
#include "device/random.h"
#include "device/rnn.h"
#include "reference/cell_reference.h"

static const int SIZES[] = {1, 7, 31, 32, 33, 84, 129};

enum { SIZE_COUNT = sizeof SIZES / sizeof SIZES[0], LARGEST = 129, GATES = 4, STEPS = 20 };

static float random_between(struct ql_random *random, float low, float high)
{
    return low + (high - low) * ql_random_step_f32(random);
}

static float *random_floats(struct ql_random *random, int count, float limit)
{
    float *values = malloc((size_t)count * sizeof values[0]);

    assert_non_null(values);
    for (int k = 0; k < count; k++) {
        values[k] = random_between(random, -limit, limit);
    }
    return values;
}

// Adds products of two floats as the kernel specifies: rounded one by one, inputs in increasing order.
static float sum_in_order(float start, const float *x, const float *w, int N, int M, int m)
{
    volatile float sum = start; // keeps a compiler from changing anything

    for (int n = 0; n < N; n++) {
        volatile float product = x[n] * w[n * M + m];
        sum = sum + product;
    }
    return sum;
}

static void matvec_of_all_sizes_sums_in_the_promised_order(void **state)
{
    (void)state;
    struct ql_random random;

    ql_random_init(&random, 1);
    for (int i = 0; i < SIZE_COUNT; i++) {
        for (int j = 0; j < SIZE_COUNT; j++) {
            const int N = SIZES[i], M = SIZES[j];
            float *w = random_floats(&random, N * M, 1.0f), *x = random_floats(&random, N, 1.0f);
            float *bias = random_floats(&random, M, 1.0f);
            float y[LARGEST];
            memcpy(y, bias, (size_t)M * sizeof y[0]);
            ql_matvec_f32(y, x, w, N, M);
            for (int m = 0; m < M; m++) {
                const float expected = sum_in_order(bias[m], x, w, N, M, m);
                double exact = bias[m], size = fabs(bias[m]);
                for (int n = 0; n < N; n++) {
                    exact += (double)x[n] * w[n * M + m];
                    size += fabs((double)x[n] * w[n * M + m]);
                }
                assert_memory_equal(&y[m], &expected, sizeof expected);
                // Every one of N products and N sums is rounded once (Higham 2002, 3.1).
                assert_true(fabs(y[m] - exact) <= (N + 1) * (FLT_EPSILON / 2.0) * size);
            }
            free(w);
            free(x);
            free(bias);
        }
    }
}

static void matvec_without_inputs_keeps_the_bias(void **state)
{
    (void)state;
    float y[33], x = 1.0f, w = 1.0f;

    for (int m = 0; m < 33; m++) {
        y[m] = (float)m;
    }
    ql_matvec_f32(y, &x, &w, 0, 33);
    for (int m = 0; m < 33; m++) {
        assert_true(y[m] == (float)m);
    }
    ql_matvec_f32(y, &x, &w, 1, 0);
    assert_true(y[0] == 0.0f);
}

static void matvec_lets_nan_and_infinity_through_to_their_outputs_only(void **state)
{
    (void)state;
    float y[40] = {0}, x[2] = {1.0f, 1.0f}, w[80] = {0};

    w[5] = NAN;
    w[40 + 35] = INFINITY;
    ql_matvec_f32(y, x, w, 2, 40);
    for (int m = 0; m < 40; m++) {
        assert_true(m == 5 ? isnan(y[m]) : m == 35 ? isinf(y[m]) : y[m] == 0.0f);
    }
}

// One layer in both forms: the kernels' (rows of inputs) and the reference's (rows of outputs).
struct layer {
    int I, H, G;
    float *w_ih, *w_hh, *bias_ih, *bias_hh; // (I, GH), (H, GH), (GH), (GH)
    struct ref_cell_weights reference;
};

static double *transposed(const float *from, int rows, int columns)
{
    double *to = malloc((size_t)(rows * columns) * sizeof to[0]);

    assert_non_null(to);
    for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
            to[column * rows + row] = from[row * columns + column];
        }
    }
    return to;
}

static struct layer layer_of(struct ql_random *random, int I, int H, int G)
{
    const float limit = 2.0f / sqrtf((float)(I + H)); // gates of all sizes, few of them saturated
    struct layer layer = {.I = I, .H = H, .G = G};

    layer.w_ih = random_floats(random, I * G * H, limit);
    layer.w_hh = random_floats(random, H * G * H, limit);
    layer.bias_ih = random_floats(random, G * H, 0.5f);
    layer.bias_hh = random_floats(random, G * H, 0.5f);
    layer.reference = (struct ref_cell_weights){
        .H = (size_t)H,
        .input = {(size_t)I, transposed(layer.w_ih, I, G * H), transposed(layer.bias_ih, 1, G * H)},
        .hidden = {(size_t)H, transposed(layer.w_hh, H, G * H), transposed(layer.bias_hh, 1, G * H)},
    };
    return layer;
}

static void layer_free(struct layer *layer)
{
    free(layer->w_ih);
    free(layer->w_hh);
    free(layer->bias_ih);
    free(layer->bias_hh);
    free(layer->reference.input.weight);
    free(layer->reference.input.bias);
    free(layer->reference.hidden.weight);
    free(layer->reference.hidden.bias);
}

typedef void reference_step(const struct ref_cell_step *step, const struct ref_cell_weights *weights);
typedef void kernel_step(float *h, float *c, float *scratch, const float *x, const struct layer *layer);

static void lstm_step(float *h, float *c, float *scratch, const float *x, const struct layer *layer)
{
    float bias[GATES * LARGEST];

    for (int k = 0; k < 4 * layer->H; k++) {
        bias[k] = layer->bias_ih[k] + layer->bias_hh[k];
    }
    const struct ql_lstm_weights weights = {layer->w_ih, layer->w_hh, bias};
    ql_lstm_step_f32(h, c, scratch, x, &weights, layer->I, layer->H);
}

static void gru_step(float *h, float *c, float *scratch, const float *x, const struct layer *layer)
{
    (void)c;
    const struct ql_gru_weights weights = {layer->w_ih, layer->w_hh, layer->bias_ih, layer->bias_hh};
    ql_gru_step_f32(h, scratch, x, &weights, layer->I, layer->H);
}

static void rnn_step(float *h, float *c, float *scratch, const float *x, const struct layer *layer)
{
    (void)c;
    float bias[LARGEST];

    for (int k = 0; k < layer->H; k++) {
        bias[k] = layer->bias_ih[k] + layer->bias_hh[k];
    }
    const struct ql_rnn_weights weights = {layer->w_ih, layer->w_hh, bias};
    ql_rnn_step_f32(h, scratch, x, &weights, layer->I, layer->H);
}

// Measured: 1.1e-6. A step makes I + H + 10 roundings of 2^-24, most of which cancel, and passes on smaller errors than
// it receives.
static const double state_tolerance = 4e-6;

static void assert_cell(const char *name, kernel_step *kernel, reference_step *reference, int G)
{
    struct ql_random random;
    double worst = 0.0;

    ql_random_init(&random, 3);
    for (int i = 0; i < SIZE_COUNT; i++) {
        for (int j = 0; j < SIZE_COUNT; j++) {
            struct layer layer = layer_of(&random, SIZES[i], SIZES[j], G);
            float h[LARGEST] = {0}, c[LARGEST] = {0}, scratch[6 * LARGEST];
            double ref_h[LARGEST] = {0}, ref_c[LARGEST] = {0}, x_double[LARGEST];
            double next_h[LARGEST], next_c[LARGEST], gates[GATES * LARGEST];
            for (int t = 0; t < STEPS; t++) {
                float *x = random_floats(&random, layer.I, 1.5f);
                for (int k = 0; k < layer.I; k++) {
                    x_double[k] = x[k];
                }
                const struct ref_cell_step step = {x_double, ref_h, ref_c, gates, next_h, next_c};
                reference(&step, &layer.reference);
                kernel(h, c, scratch, x, &layer);
                free(x);
                memcpy(ref_h, next_h, sizeof ref_h);
                memcpy(ref_c, next_c, sizeof ref_c);
                for (int k = 0; k < layer.H; k++) {
                    worst = fmax(worst, fabs(h[k] - ref_h[k]));
                    if (G == 4) {
                        worst = fmax(worst, fabs(c[k] - ref_c[k]));
                    }
                }
            }
            layer_free(&layer);
        }
    }
    print_message("%s: largest difference %.2g\n", name, worst);
    assert_true(worst <= state_tolerance);
}

static void lstm_steps_of_all_sizes_follow_the_reference(void **state)
{
    (void)state;
    assert_cell("lstm", lstm_step, ref_lstm_forward, 4);
}

static void gru_steps_of_all_sizes_follow_the_reference(void **state)
{
    (void)state;
    assert_cell("gru", gru_step, ref_gru_forward, 3);
}

static void rnn_steps_of_all_sizes_follow_the_reference(void **state)
{
    (void)state;
    assert_cell("rnn", rnn_step, ref_rnn_forward, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matvec_of_all_sizes_sums_in_the_promised_order),
        cmocka_unit_test(matvec_without_inputs_keeps_the_bias),
        cmocka_unit_test(matvec_lets_nan_and_infinity_through_to_their_outputs_only),
        cmocka_unit_test(lstm_steps_of_all_sizes_follow_the_reference),
        cmocka_unit_test(gru_steps_of_all_sizes_follow_the_reference),
        cmocka_unit_test(rnn_steps_of_all_sizes_follow_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
