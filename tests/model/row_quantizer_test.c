// Conversion of rows of weights to integers: the best scale compared with a finer search, the bound on segments, and
// extreme rows.
// Uses: model/row_quantizer, device/random, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/random.h"
#include "model/row_quantizer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct ql_row_format format_s8 = {.limit = QL_ROW_LIMIT_S8};
static const struct ql_row_format format_s4 = {.limit = QL_ROW_LIMIT_S4};

enum { COLUMNS = 256 };

static void random_normal(float *values, int count, struct ql_random *random)
{
    for (int k = 0; k < count; k++) {
        double radius = sqrt(-2 * log(1 - (double)ql_random_step_f32(random)));
        values[k] = (float)(radius * cos(6.283185307179586 * (double)ql_random_step_f32(random)));
    }
}

// The definition, in double: the q for a scale, and the remaining error.
static int nearest(double value, double scale, int limit)
{
    double level = floor(fabs(value) / scale + 0.5);
    level = level > limit ? limit : level;
    return (int)(value < 0 ? -level : level);
}

static double error_at(const float *values, int columns, double scale, int limit)
{
    double error = 0;
    for (int k = 0; k < columns; k++) {
        double rest = (double)values[k] - scale * nearest((double)values[k], scale, limit);
        error += rest * rest;
    }
    return error;
}

static int largest_segment(const int8_t *q, int columns, int segment)
{
    int largest = 0;
    for (int first = 0; first < columns; first += segment) {
        int sum = 0;
        for (int k = first; k < columns && k < first + segment; k++) {
            sum += abs(q[k]);
        }
        largest = sum > largest ? sum : largest;
    }
    return largest;
}

static float encode_one(int8_t *q, const float *values, int columns, const struct ql_row_format *format)
{
    return ql_row_quantizer_encode(&(struct ql_row_part){q, values, columns}, 1, format);
}

// The error relative to that of the best of 2,000 scales. Measured at worst: 1.05 and 1.37; for int8, the error of a
// short row fluctuates with every small change of the scale, and a fine search finds the luckiest one.
static const double int4_excess = 1.06, int8_excess = 1.4;

static void error_is_near_the_smallest_there_is(void **state)
{
    const struct ql_row_format formats[] = {format_s8, format_s4};
    struct ql_random random;
    (void)state;

    ql_random_init(&random, 1);
    for (int round = 0; round < 60; round++) {
        const struct ql_row_format *format = &formats[round % 2];
        const int columns = 40 + round;
        float values[COLUMNS];
        int8_t q[COLUMNS];
        random_normal(values, columns, &random);
        if (round % 3 != 0) { // an outlier somewhere, or in the last column
            values[round % 3 == 1 ? round % columns : columns - 1] *= 3;
        }
        double largest = 0;
        for (int k = 0; k < columns; k++) {
            largest = fmax(largest, fabs((double)values[k]));
        }
        float scale = encode_one(q, values, columns, format);
        double best = INFINITY;
        for (int j = 1; j <= 2000; j++) {
            best = fmin(best, error_at(values, columns, largest / format->limit * j / 2000, format->limit));
        }
        double error = 0;
        for (int k = 0; k < columns; k++) {
            double rest = (double)values[k] - (double)scale * q[k];
            error += rest * rest;
        }
        if (!(error <= (format->limit == QL_ROW_LIMIT_S4 ? int4_excess : int8_excess) * best)) {
            fail_msg("round %d: error %g, best %g", round, error, best);
        }
    }
}

static void integers_are_the_weights_over_the_scale_rounded_and_clipped(void **state)
{
    struct ql_random random;
    float values[COLUMNS];
    int8_t q[COLUMNS];
    (void)state;

    ql_random_init(&random, 2);
    for (int columns = 1; columns <= COLUMNS; columns += 17) {
        for (int limit = 1; limit <= 127; limit += 6) {
            random_normal(values, columns, &random);
            float scale = encode_one(q, values, columns, &(struct ql_row_format){.limit = limit});
            assert_true(scale > 0);
            for (int k = 0; k < columns; k++) {
                double exact = (double)values[k] / (double)scale;
                double clipped = fmax(-limit, fmin(limit, exact));
                assert_true(fabs(clipped - q[k]) <= 0.5 + 1e-4);
            }
        }
    }
}

static void row_of_multiples_is_kept_exactly(void **state)
{
    int8_t q[15];
    float values[15];
    (void)state;

    for (int k = 0; k < 15; k++) {
        values[k] = 0.03125f * (float)(k - 7);
    }
    assert_true(encode_one(q, values, 15, &format_s4) == 0.03125f);
    for (int k = 0; k < 15; k++) {
        assert_int_equal(q[k], k - 7);
    }
}

static void outlier_of_an_int4_row_is_clipped(void **state)
{
    struct ql_random random;
    float values[COLUMNS];
    int8_t q[COLUMNS];
    (void)state;

    ql_random_init(&random, 3);
    random_normal(values, COLUMNS, &random);
    values[100] = -8;
    float scale = encode_one(q, values, COLUMNS, &format_s4);
    assert_true(scale * QL_ROW_LIMIT_S4 < 6);
    assert_int_equal(q[100], -QL_ROW_LIMIT_S4);
}

static void segments_keep_their_bound_for_any_row(void **state)
{
    static const int segments[] = {1, 3, 8, 16, 128, 1000};
    static const int sums[] = {1, 2, 20, QL_ROW_SEGMENT_SUM};
    struct ql_random random;
    float values[COLUMNS];
    int8_t q[COLUMNS];
    (void)state;

    ql_random_init(&random, 4);
    for (int kind = 0; kind < 3; kind++) {
        for (size_t i = 0; i < COUNT(segments) * COUNT(sums) * 2; i++) {
            const struct ql_row_format format = {.limit = i % 2 == 0 ? QL_ROW_LIMIT_S8 : QL_ROW_LIMIT_S4,
                                                 .segment = segments[i / 2 % COUNT(segments)],
                                                 .sum = sums[i / 2 / COUNT(segments)]};
            random_normal(values, COLUMNS, &random);
            for (int k = 0; k < COLUMNS && kind > 0; k++) {
                values[k] = kind == 1 ? 1.0f : k == 77 ? 1e30f : values[k]; // all are rounded up together; an outlier
            }
            float scale = encode_one(q, values, COLUMNS, &format);
            assert_true(scale > 0 && isfinite(scale));
            assert_true(largest_segment(q, COLUMNS, format.segment) <= format.sum);
            for (int k = 0; k < COLUMNS; k++) {
                assert_true(abs(q[k]) <= format.limit);
            }
        }
    }
}

static void parts_share_their_scale_and_their_segments(void **state)
{
    const struct ql_row_format formats[] = {format_s8, format_s4, {.limit = 127, .segment = 16, .sum = 130}};
    struct ql_random random;
    float values[COLUMNS];
    int8_t whole[COLUMNS], divided[COLUMNS];
    // 20 is not a multiple of 16: if counting restarted in the second part, segments would have other sums.
    const struct ql_row_part parts[] = {{divided, values, 20}, {divided + 20, values + 20, 44}};
    (void)state;

    ql_random_init(&random, 5);
    for (int i = 0; i < 30; i++) {
        const struct ql_row_format *format = &formats[i % 3];
        random_normal(values, COLUMNS, &random);
        float scale = encode_one(whole, values, 64, format);
        // Sums of squares are added up in another order.
        assert_true(fabsf(ql_row_quantizer_encode(parts, 2, format) / scale - 1) < 0.1f);
        if (format->segment > 0) {
            assert_true(largest_segment(divided, 64, format->segment) <= format->sum);
            assert_memory_equal(whole, divided, 64);
        }
    }
}

static void rows_without_a_scale_are_told(void **state)
{
    float values[40] = {0};
    int8_t q[40];
    (void)state;

    memset(q, 5, sizeof q);
    assert_true(encode_one(q, values, 40, &format_s8) == 1.0f);
    for (int k = 0; k < 40; k++) {
        assert_int_equal(q[k], 0);
    }
    values[7] = -1e-40f;
    assert_true(encode_one(q, values, 40, &format_s4) == 1.0f);
    assert_int_equal(q[7], 0);
    assert_true(encode_one(q, values, 0, &format_s4) == 1.0f);
    static const float bad[] = {INFINITY, -INFINITY, NAN, -NAN};
    for (size_t i = 0; i < COUNT(bad); i++) {
        values[39] = bad[i];
        assert_true(encode_one(q, values, 40, &format_s8) == 0.0f);
        assert_true(encode_one(q, values, 40, &(struct ql_row_format){127, 16, QL_ROW_SEGMENT_SUM}) == 0.0f);
    }
}

static void single_value_becomes_the_limit(void **state)
{
    static const float values[] = {0.37f, -0.37f, 1e-17f, 3e38f, -3e38f};
    (void)state;

    for (size_t i = 0; i < COUNT(values); i++) {
        int8_t q;
        float scale = encode_one(&q, &values[i], 1, &format_s4);
        assert_true(fabs((double)scale * q / (double)values[i] - 1) < 1e-6);
    }
}

// Inputs and recurrent weights of one accumulator, checked from the definition of struct ql_input_row.
static void check_input_row(const struct ql_input_row *row, const int8_t *q, const float *inputs, int V,
                            double largest_rest)
{
    double step = row->factor * (double)row->scale / QL_ROW_LIMIT_S8;

    assert_true(row->scale > 0 && row->factor >= 1 && row->factor <= QL_INPUT_FACTOR_LIMIT);
    for (int v = 0; v < V; v++) {
        double rest = (double)inputs[v] - ((double)row->mean + step * q[v]);
        bool clipped = abs(q[v]) == QL_ROW_LIMIT_S8 && (rest > 0) == (q[v] > 0) && fabs(rest) < 20 * step;
        if (!(fabs(rest) <= largest_rest) && !clipped) {
            fail_msg("input %d, %g, is off by %g; step %g", v, (double)inputs[v], rest, step);
        }
    }
}

static void inputs_of_any_size_beside_the_weights_keep_their_precision(void **state)
{
    enum { V = 65, H = 128 };
    struct ql_random random;
    float inputs[V], centred[V], weights[H];
    int8_t q[V], q_alone[V], q_hh[H], q_hh_alone[H];
    const struct ql_row_part recurrent = {q_hh, weights, H};
    (void)state;

    ql_random_init(&random, 7);
    for (int i = 0; i < 60; i++) {
        const struct ql_row_format *format = i % 2 == 0 ? &format_s8 : &format_s4;
        const int exponent = i / 2 - 8;
        const double size = ldexp(1, exponent); // of the inputs beside the weights
        struct ql_input_row row;
        double sum = 0;
        random_normal(inputs, V, &random);
        random_normal(weights, H, &random);
        for (int v = 0; v < V; v++) {
            inputs[v] = (float)(size * ((double)inputs[v] + 3));
            sum += (double)inputs[v];
        }
        memcpy(centred, inputs, sizeof inputs);
        assert_true(ql_row_quantizer_encode_input(&row, q, centred, V, &recurrent, format));
        assert_true(fabs((double)row.mean - sum / V) < 1e-5 * size);
        float scale_alone = encode_one(q_hh_alone, weights, H, format);
        float step_alone = encode_one(q_alone, centred, V, &format_s8);
        assert_true(row.scale >= scale_alone);
        // A factor is a whole number: the step is at most that of the accumulator more than the best for the inputs.
        double step = (double)row.scale / QL_ROW_LIMIT_S8 + (double)step_alone;
        check_input_row(&row, q, inputs, V, 0.501 * step + 1e-6 * size);
        if (row.factor < QL_INPUT_FACTOR_LIMIT) {
            assert_true(row.scale == scale_alone);
            assert_memory_equal(q_hh, q_hh_alone, H);
        } else {
            assert_true(row.scale > 0.99f * step_alone * 127 / QL_INPUT_FACTOR_LIMIT);
        }
        for (int k = 0; k < H; k++) {
            assert_true(fabs((double)weights[k] - (double)row.scale * q_hh[k]) <=
                        fmax(0.501 * (double)row.scale, fabs((double)weights[k]) - (double)row.scale * format->limit));
        }
    }
}

static void inputs_or_weights_that_are_nothing_leave_the_other_alone(void **state)
{
    float inputs[5] = {2, 2, 2, 2, 2}, weights[4] = {0};
    int8_t q[5], q_hh[4];
    const struct ql_row_part recurrent = {q_hh, weights, 4};
    struct ql_input_row row;
    (void)state;

    assert_true(ql_row_quantizer_encode_input(&row, q, inputs, 5, &recurrent, &format_s8));
    assert_true(row.mean == 2 && row.scale == 1 && row.factor == 1);
    weights[2] = 1.27f;
    memset(q, 5, sizeof q);
    assert_true(ql_row_quantizer_encode_input(&row, q, inputs, 5, &recurrent, &format_s8));
    assert_true(fabs((double)row.scale - 0.01) < 1e-8 && row.factor == 1);
    for (int v = 0; v < 5; v++) {
        assert_int_equal(q[v], 0);
    }
    for (int round = 0; round < 2; round++) { // no recurrent row, or one of zeros
        const float values[5] = {1, 2, 3, 4, 5};
        weights[2] = 0;
        memcpy(inputs, values, sizeof inputs);
        assert_true(ql_row_quantizer_encode_input(&row, q, inputs, 5, round == 0 ? NULL : &recurrent, &format_s4));
        assert_true(row.mean == 3 && row.factor == 1);
        check_input_row(&row, q, values, 5, 0.01);
    }
    inputs[4] = NAN;
    assert_false(ql_row_quantizer_encode_input(&row, q, inputs, 5, &recurrent, &format_s8));
    inputs[4] = 0;
    weights[0] = INFINITY;
    assert_false(ql_row_quantizer_encode_input(&row, q, inputs, 5, &recurrent, &format_s8));
}

// The table of the header.
static void noise_is_what_the_header_says(void **state)
{
    static const struct {
        int limit, segment;
        double decibel;
    } table[] = {{127, 0, 43.2}, {127, 8, 38.7}, {127, 16, 34.1}, {127, 32, 29.2}, {127, 64, 23.9},
                 {7, 0, 19.2},   {7, 8, 19.2},   {7, 16, 19.2},   {7, 32, 19.2},   {7, 64, 19.2}};
    enum { ROWS = 300 };
    float values[COLUMNS];
    int8_t q[COLUMNS];
    (void)state;

    for (size_t i = 0; i < COUNT(table); i++) {
        const struct ql_row_format format = {table[i].limit, table[i].segment, QL_ROW_SEGMENT_SUM};
        struct ql_random random;
        double signal = 0, noise = 0;
        ql_random_init(&random, 6);
        for (int row = 0; row < ROWS; row++) {
            random_normal(values, COLUMNS, &random);
            float scale = encode_one(q, values, COLUMNS, &format);
            for (int k = 0; k < COLUMNS; k++) {
                double rest = (double)values[k] - (double)scale * q[k];
                signal += (double)values[k] * (double)values[k];
                noise += rest * rest;
            }
        }
        double decibel = 10 * log10(signal / noise);
        if (fabs(decibel - table[i].decibel) > 0.2) {
            fail_msg("limit %d, segment %d: %.2f dB, the header says %.1f", format.limit, format.segment, decibel,
                     table[i].decibel);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_is_near_the_smallest_there_is),
        cmocka_unit_test(integers_are_the_weights_over_the_scale_rounded_and_clipped),
        cmocka_unit_test(row_of_multiples_is_kept_exactly),
        cmocka_unit_test(outlier_of_an_int4_row_is_clipped),
        cmocka_unit_test(segments_keep_their_bound_for_any_row),
        cmocka_unit_test(parts_share_their_scale_and_their_segments),
        cmocka_unit_test(rows_without_a_scale_are_told),
        cmocka_unit_test(single_value_becomes_the_limit),
        cmocka_unit_test(inputs_of_any_size_beside_the_weights_keep_their_precision),
        cmocka_unit_test(inputs_or_weights_that_are_nothing_leave_the_other_alone),
        cmocka_unit_test(noise_is_what_the_header_says),
    };
    return cmocka_run_group_tests_name("row_quantizer", tests, NULL, NULL);
}
