// The integer kernels: rounding, the table of tanh, rows, and a step of each cell, compared with exact arithmetic and
// libm.
// Uses: device/, libm, cmocka.
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
#include "device/random.h"
#include "device/rnn_s8.h"

enum { UNITS = 1 << QL_INTEGER_UNIT_BITS, ONE = QL_INTEGER_ONE, LIMIT = QL_INTEGER_LIMIT };

// floor(x / 2^shift + 1/2) by division of 64-bit numbers.
static int64_t round_exactly(int64_t x, int shift)
{
    const int64_t divisor = INT64_C(1) << shift;
    const int64_t sum = 2 * x + divisor;
    const int64_t quotient = sum / (2 * divisor);
    return quotient - (sum % (2 * divisor) < 0);
}

static void rounding_is_to_the_nearest_and_halves_go_up(void **state)
{
    (void)state;
    assert_int_equal(ql_integer_round(5, 1), 3);
    assert_int_equal(ql_integer_round(-5, 1), -2);
    assert_int_equal(ql_integer_round(-6, 2), -1);
    assert_int_equal(ql_integer_round(-7, 2), -2);
    assert_int_equal(ql_integer_round(-7, 0), -7);
    for (int shift = 0; shift < 24; shift++) {
        for (int32_t x = -300000; x < 300000; x += 77) {
            assert_int_equal(ql_integer_round(x, shift), round_exactly(x, shift));
        }
    }
    assert_int_equal(ql_integer_clamp(40000, LIMIT), LIMIT);
    assert_int_equal(ql_integer_clamp(-40000, LIMIT), -LIMIT);
    assert_int_equal(ql_integer_clamp(LIMIT, LIMIT), LIMIT);
    assert_int_equal(ql_integer_clamp(-LIMIT, LIMIT), -LIMIT);
}

static void tanh_table_is_the_rounded_function(void **state)
{
    (void)state;
    for (int k = 0; k <= 384; k++) {
        const double exact = floor(ONE * tanh(abs(k - 192) / 32.0) + 0.5);
        const int magnitude = exact > LIMIT ? LIMIT : (int)exact;
        assert_int_equal(ql_tanh_table[k], k < 192 ? -magnitude : magnitude);
    }
}

static void tanh_of_every_input_is_near_and_never_falls(void **state)
{
    int32_t before = -LIMIT;

    (void)state;
    for (int32_t x = -QL_TANH_REACH - 100; x <= QL_TANH_REACH + 100; x++) {
        const int32_t y = ql_tanh_s16(x);
        assert_true(fabs(y - ONE * tanh((double)x / UNITS)) < 1.2e-4 * ONE);
        assert_true(y >= before && y <= LIMIT);
        assert_true(abs(y + ql_tanh_s16(-x)) <= 1);
        before = y;
    }
    assert_int_equal(ql_tanh_s16(0), 0);
    assert_int_equal(ql_tanh_s16(INT32_MAX), LIMIT);
    assert_int_equal(ql_tanh_s16(INT32_MIN), -LIMIT);
    assert_int_equal(ql_tanh_s16(QL_TANH_REACH), LIMIT);
    assert_int_equal(ql_tanh_s16(-QL_TANH_REACH), -LIMIT);
}

static void sigmoid_of_every_input_is_near(void **state)
{
    (void)state;
    for (int32_t x = -QL_TANH_REACH - 100; x <= QL_TANH_REACH + 100; x++) {
        const int32_t y = ql_gate_sigmoid_s16(ql_tanh_s16(x));
        assert_true(fabs(y - ONE / (1.0 + exp(-2.0 * x / UNITS))) < 0.8e-4 * ONE);
        assert_in_range(y, 1, ONE);
    }
    assert_int_equal(ql_gate_sigmoid_s16(0), ONE / 2);
    assert_int_equal(ql_gate_sigmoid_s16(LIMIT), ONE);
    assert_int_equal(ql_gate_sigmoid_s16(-LIMIT), 1);
}

static void state_of_every_value_is_rounded_to_a_byte(void **state)
{
    (void)state;
    for (int32_t x = -LIMIT; x <= LIMIT; x++) {
        assert_int_equal(ql_integer_state_s8(x), (int)floor(127.0 * x / ONE + 0.5));
    }
    assert_int_equal(ql_integer_state_s8(LIMIT), 127);
    assert_int_equal(ql_integer_state_s8(-LIMIT), -127);
}

static void row_value_is_that_of_exact_arithmetic(void **state)
{
    struct ql_random random;

    (void)state;
    ql_random_init(&random, 1);
    for (int i = 0; i < 100000; i++) {
        const struct ql_integer_scale scale = {(uint8_t)(ql_random_step(&random) % 8),
                                               (uint8_t)(1 + ql_random_step(&random) % 16)};
        const struct ql_integer_row row = {(int32_t)ql_random_step(&random) >> 2,
                                           (int16_t)(ql_random_step(&random) & 32767), 0};
        const int32_t sum = ((int32_t)ql_random_step(&random) >> 17) * (1 << scale.pre_shift);
        const int64_t product = round_exactly(sum, scale.pre_shift) * row.multiplier + row.bias;
        assert_true(product <= INT32_MAX && product >= INT32_MIN);
        assert_int_equal(ql_integer_row_value(sum, &row, scale), (int64_t)floor(ldexp((double)product, -scale.shift)));
    }
}

static void first_sums_are_the_tokens_row_times_the_factors(void **state)
{
    const struct ql_integer_row rows[3] = {{0, 0, 4096}, {0, 0, 1}, {0, 0, 300}};
    const int8_t table[9] = {1, 2, 3, -127, 5, 127, 4, 5, 6};
    const int32_t token = 1;
    int32_t sums[3] = {9, 9, 9};

    (void)state;
    ql_integer_row_begin(sums, &token, table, rows, 3);
    assert_int_equal(sums[0], -127 * 4096);
    assert_int_equal(sums[1], 5);
    assert_int_equal(sums[2], 127 * 300);
}

// Rows whose values are their sums.
static const struct ql_integer_scale plain_scale = {0, 1};

static void make_plain_rows(struct ql_integer_row *rows, int count)
{
    for (int r = 0; r < count; r++) {
        rows[r] = (struct ql_integer_row){.bias = 1, .multiplier = 2};
    }
}

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static int32_t random_value(struct ql_random *random)
{
    const int32_t any = (int32_t)ql_random_step(random);
    return any % 16 == 0 ? any >> 8 : any % 6000;
}

static void lstm_steps_follow_the_formulas_in_double(void **state)
{
    enum { H = 37 };
    struct ql_integer_row rows[4 * H];
    struct ql_random random;

    (void)state;
    make_plain_rows(rows, 4 * H);
    ql_random_init(&random, 2);
    for (int cell_bits = 0; cell_bits <= 10; cell_bits++) {
        const double c_unit = ldexp(1.0, cell_bits - 15);
        int8_t h[H];
        int16_t c[H], c_before[H];
        int32_t sums[4 * H], values[4 * H];
        for (int step = 0; step < 50; step++) {
            for (int r = 0; r < 4 * H; r++) {
                sums[r] = values[r] = random_value(&random);
            }
            for (int k = 0; k < H; k++) {
                c[k] = c_before[k] = (int16_t)((int32_t)ql_random_step(&random) % (LIMIT + 1));
            }
            ql_lstm_update_s8(h, c, sums, rows, plain_scale, cell_bits, H);
            for (int k = 0; k < H; k++) {
                const double i = sigmoid(2.0 * values[k] / UNITS), f = sigmoid(2.0 * values[H + k] / UNITS);
                const double g = tanh((double)values[2 * H + k] / UNITS), o = sigmoid(2.0 * values[3 * H + k] / UNITS);
                const double exact = f * c_before[k] * c_unit + i * g;
                const double limited = fmax(-LIMIT * c_unit, fmin(LIMIT * c_unit, exact));
                assert_true(fabs(c[k] * c_unit - limited) < 3e-4 * (1.0 + fabs(c_before[k] * c_unit)) + c_unit);
                assert_true(fabs(h[k] / 127.0 - o * tanh(c[k] * c_unit)) < 0.5 / 127.0 + 1e-3);
            }
        }
    }
}

static void gru_steps_follow_the_formulas_in_double(void **state)
{
    enum { H = 41 };
    struct ql_integer_row rows[4 * H];
    struct ql_random random;
    int8_t h[H];
    int16_t fine[H], before[H];
    int32_t sums[4 * H], values[4 * H];

    (void)state;
    make_plain_rows(rows, 4 * H);
    ql_random_init(&random, 3);
    for (int step = 0; step < 300; step++) {
        for (int r = 0; r < 4 * H; r++) {
            sums[r] = values[r] = random_value(&random);
        }
        for (int k = 0; k < H; k++) {
            fine[k] = before[k] = (int16_t)((int32_t)ql_random_step(&random) % (LIMIT + 1));
        }
        ql_gru_update_s8(h, fine, sums, rows, plain_scale, H);
        for (int k = 0; k < H; k++) {
            const double r = sigmoid(2.0 * values[k] / UNITS), z = sigmoid(2.0 * values[H + k] / UNITS);
            const double from_h = fmax(-64.0, fmin(64.0, (double)values[3 * H + k] / UNITS));
            const double n = tanh((double)values[2 * H + k] / UNITS + r * from_h);
            const double exact = (1.0 - z) * n + z * before[k] / ONE;
            // r has an error of up to 1e-4, times 64.
            assert_true(fabs((double)fine[k] / ONE - exact) < 8e-3);
            assert_int_equal(h[k], ql_integer_state_s8(fine[k]));
        }
    }
}

static void rnn_steps_are_tanh(void **state)
{
    enum { H = 3 };
    struct ql_integer_row rows[H];
    int32_t sums[H] = {1024, -300, 100000};
    int8_t h[H];

    (void)state;
    make_plain_rows(rows, H);
    ql_rnn_update_s8(h, sums, rows, plain_scale, H);
    assert_int_equal(h[0], (int)floor(127.0 * tanh(1.0) + 0.5));
    assert_int_equal(h[1], (int)floor(127.0 * tanh(-300.0 / 1024.0) + 0.5));
    assert_int_equal(h[2], 127);
}

// All gates open and a candidate of one sign: the cell reaches its limit and stays there.
static void lstm_cell_driven_for_100000_steps_stops_at_its_end(void **state)
{
    struct ql_integer_row rows[4];
    const int32_t up[4] = {1 << 20, 1 << 20, 1 << 20, 1 << 20}, down[4] = {1 << 20, 1 << 20, -(1 << 20), 1 << 20};
    int8_t h = 0;
    int16_t c = 0;

    (void)state;
    make_plain_rows(rows, 4);
    for (int cell_bits = 0; cell_bits <= 10; cell_bits += 5) {
        c = 0;
        for (int step = 0; step < 100000; step++) {
            const int16_t before = c;
            int32_t sums[4];
            memcpy(sums, up, sizeof sums);
            ql_lstm_update_s8(&h, &c, sums, rows, plain_scale, cell_bits, 1);
            assert_true(c >= before && h > 0);
        }
        assert_int_equal(c, LIMIT);
        assert_in_range(h, cell_bits == 0 ? 96 : 127, 127);
        for (int step = 0; step < 100000; step++) {
            const int16_t before = c;
            int32_t sums[4];
            memcpy(sums, down, sizeof sums);
            ql_lstm_update_s8(&h, &c, sums, rows, plain_scale, cell_bits, 1);
            assert_true(c <= before);
        }
        assert_int_equal(c, -LIMIT);
    }
}

static void gru_state_driven_for_100000_steps_stays_within_1(void **state)
{
    struct ql_integer_row rows[4];
    const int32_t keep[4] = {1 << 20, 1 << 20, INT32_MAX >> 2, INT32_MAX >> 2};
    const int32_t flip[4] = {1 << 20, -(1 << 20), -(INT32_MAX >> 2), -(INT32_MAX >> 2)};
    int8_t h = 0;
    int16_t fine = -LIMIT;

    (void)state;
    make_plain_rows(rows, 4);
    for (int step = 0; step < 100000; step++) {
        int32_t sums[4];
        memcpy(sums, step % 2 == 0 ? keep : flip, sizeof sums);
        ql_gru_update_s8(&h, &fine, sums, rows, plain_scale, 1);
        assert_in_range(fine + LIMIT, 0, 2 * LIMIT);
        assert_true(h == -127);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounding_is_to_the_nearest_and_halves_go_up),
        cmocka_unit_test(tanh_table_is_the_rounded_function),
        cmocka_unit_test(tanh_of_every_input_is_near_and_never_falls),
        cmocka_unit_test(sigmoid_of_every_input_is_near),
        cmocka_unit_test(state_of_every_value_is_rounded_to_a_byte),
        cmocka_unit_test(row_value_is_that_of_exact_arithmetic),
        cmocka_unit_test(first_sums_are_the_tokens_row_times_the_factors),
        cmocka_unit_test(lstm_steps_follow_the_formulas_in_double),
        cmocka_unit_test(gru_steps_follow_the_formulas_in_double),
        cmocka_unit_test(rnn_steps_are_tanh),
        cmocka_unit_test(lstm_cell_driven_for_100000_steps_stops_at_its_end),
        cmocka_unit_test(gru_state_driven_for_100000_steps_stays_within_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
