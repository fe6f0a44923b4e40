// The integer kernels of a decoder: tables, norm, rotation, cache, attention, and gate, compared with double precision,
// and at the ends of their ranges.
// Uses: device/, libm, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/attention_s8.h"
#include "device/decoder_s8.h"
#include "device/random.h"
#include "device/rms_norm_s8.h"
#include "device/rotary_s16.h"

enum { LIMIT = QL_INTEGER_LIMIT };

static const double turn_units = 4294967296.0, pi = 3.14159265358979323846;

static int between(struct ql_random *random, int least, int most)
{
    return least + (int)(ql_random_step(random) % (uint32_t)(most - least + 1));
}

static void tables_are_the_rounded_functions(void **state)
{
    (void)state;
    for (int k = 0; k <= 96; k++) {
        assert_int_equal(ql_inverse_root_table[k], (int)floor(16384.0 / sqrt((k + 32) / 128.0) + 0.5));
    }
    for (int k = 0; k <= 129; k++) {
        assert_int_equal(ql_sine_table[k], (int)floor(16384.0 * sin(pi / 256.0 * (k > 128 ? 128 : k)) + 0.5));
    }
}

static void inverse_root_is_near_over_its_whole_range(void **state)
{
    (void)state;
    for (uint32_t x = 1u << 29; x < 1u << 31; x += 9973) {
        const double exact = 16384.0 * sqrt(2147483648.0 / x);
        assert_true(fabs(ql_inverse_root(x) - exact) < 2e-4 * exact);
    }
    assert_int_equal(ql_inverse_root(1u << 29), 32768);
    assert_int_equal(ql_inverse_root((1u << 31) - 1), 16384);
}

// Multiplier and shift for a unit, as computed in quantize/.
static void find_norm(int *multiplier, int *shift, double unit, int E)
{
    double exact = sqrt(E / 2.0) / unit;

    for (*shift = 14; exact < 16384.0; exact *= 2.0) {
        ++*shift;
    }
    *multiplier = exact + 0.5 > LIMIT ? LIMIT : (int)(exact + 0.5);
}

static void norm_is_near_for_vectors_of_every_size(void **state)
{
    static const int widths[] = {2, 3, 16, 127, 128, 192, 1000, 4096};
    static int32_t x[4096];
    static int8_t y[4096];
    struct ql_random random;

    (void)state;
    ql_random_init(&random, 1);
    for (int i = 0; i < 8 * 25; i++) {
        const int E = widths[i % 8], bits = i / 8, epsilon = (int)(1e-5 * E * 16777216.0);
        const double unit = fmin(4.0, sqrt(E)) / 127.0;
        double sum = 1e-5 * E * 16777216.0;
        int multiplier, shift;
        find_norm(&multiplier, &shift, unit, E);
        for (int k = 0; k < E; k++) {
            x[k] = between(&random, -(1 << bits), 1 << bits);
            sum += (double)x[k] * x[k];
        }
        ql_rms_norm_s8(y, x, multiplier, shift, epsilon, E);
        for (int k = 0; k < E; k++) {
            const double exact = fmax(-127.0, fmin(127.0, x[k] / sqrt(sum / E) / unit));
            // The bits shifted out of x are E^(1/2) / 2^15 of the largest, which matters in wide vectors.
            assert_true(fabs(y[k] - exact) < 0.55 + 127.0 * 2.5e-4 + sqrt(E) / 2e3 / unit / 16.0);
        }
    }
}

static void norm_at_the_ends_of_its_range_is_finite(void **state)
{
    static int32_t x[4096];
    static int8_t y[4096];

    (void)state;
    for (int E = 2; E <= 4096; E *= 2) {
        int multiplier, shift;
        find_norm(&multiplier, &shift, fmin(4.0, sqrt(E)) / 127.0, E);
        memset(x, 0, sizeof x);
        ql_rms_norm_s8(y, x, multiplier, shift, 168 * E, E);
        assert_int_equal(y[0], 0);
        x[E - 1] = -QL_RESIDUAL_LIMIT;
        ql_rms_norm_s8(y, x, multiplier, shift, 168 * E, E);
        assert_true(y[E - 1] <= -126 && y[0] == 0); // sqrt(E), or saturated
        for (int k = 0; k < E; k++) {
            x[k] = k % 2 == 0 ? QL_RESIDUAL_LIMIT : -QL_RESIDUAL_LIMIT;
        }
        ql_rms_norm_s8(y, x, multiplier, shift, 1, E);
        const double exact = 127.0 / fmin(4.0, sqrt(E));
        assert_true(fabs(y[0] - exact) < 1.0 && fabs(y[1] + exact) < 1.0);
    }
}

static void sine_is_near_all_the_way_round(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 100000; i++) {
        const uint32_t turn = i * 42949u + 17u;
        assert_true(fabs(ql_sine_s16(turn) - 16384.0 * sin(2.0 * pi * turn / turn_units)) < 1.35);
    }
    assert_int_equal(ql_sine_s16(0), 0);
    assert_int_equal(ql_sine_s16(0x40000000), 16384);
    assert_int_equal(ql_sine_s16(0x80000000), 0);
    assert_int_equal(ql_sine_s16(0xc0000000), -16384);
}

static void turn_is_near_and_stops_at_its_limit(void **state)
{
    int32_t x[8] = {1000, -2000, 30000, LIMIT, 70000, 5, -30000, LIMIT};
    const uint32_t steps[2] = {683565276u, 123456789u};
    const int32_t place[QL_PLACE_SIZE] = {-5, 0, 0}; // 2^32 - 5
    int16_t cosine[2], sine[2];
    int32_t before[8];

    (void)state;
    memcpy(before, x, sizeof x);
    ql_rotary_angles_s16(cosine, sine, place, steps, 2);
    ql_rotary_turn_s16(x, cosine, sine, 2, 2);
    for (int h = 0; h < 2; h++) {
        for (int i = 0; i < 2; i++) {
            const double angle = -5.0 * steps[i] / turn_units * 2.0 * pi;
            const double a = fmin(before[4 * h + i], LIMIT), b = fmin(before[4 * h + 2 + i], LIMIT);
            const double turned_a = a * cos(angle) - b * sin(angle), turned_b = b * cos(angle) + a * sin(angle);
            assert_true(fabs(x[4 * h + i] - fmax(-LIMIT, fmin(LIMIT, turned_a))) < 5.0);
            assert_true(fabs(x[4 * h + 2 + i] - fmax(-LIMIT, fmin(LIMIT, turned_b))) < 5.0);
        }
    }
}

enum { HEADS = 6, KV_HEADS = 3, SIZE = 8, CONTEXT = 11, K = KV_HEADS * SIZE, A = HEADS * SIZE };

static void cache_goes_round_and_positions_go_on(void **state)
{
    int8_t entries[CONTEXT * K] = {0};
    int32_t place[QL_PLACE_SIZE] = {0}, x[K];

    (void)state;
    for (int t = 0; t < 3 * CONTEXT; t++) {
        for (int k = 0; k < K; k++) {
            x[k] = 256 * t + 128; // halves are rounded up
        }
        assert_int_equal(place[QL_PLACE_POSITION], t);
        assert_int_equal(place[QL_PLACE_SLOT], t % CONTEXT);
        assert_int_equal(place[QL_PLACE_OLDER], t < CONTEXT ? t : CONTEXT - 1);
        ql_cache_write_s8(entries, x, place, K);
        assert_int_equal(entries[t % CONTEXT * K], t + 1);
        assert_int_equal(entries[t % CONTEXT * K + K - 1], t + 1);
        assert_int_equal(entries[(t + 1) % CONTEXT * K], t < CONTEXT - 1 ? 0 : t + 2 - CONTEXT);
        ql_cache_advance(place, CONTEXT);
    }
    x[0] = INT32_MAX;
    x[1] = INT32_MIN;
    x[2] = -32640;
    ql_cache_write_s8(entries, x, place, K);
    assert_int_equal(entries[0], 127);
    assert_int_equal(entries[1], -127);
    assert_int_equal(entries[2], -127);
    place[QL_PLACE_POSITION] = INT32_MAX;
    ql_cache_advance(place, CONTEXT);
    assert_int_equal(place[QL_PLACE_POSITION], INT32_MIN);
}

static void attention_is_near_for_every_number_of_entries(void **state)
{
    int8_t keys[CONTEXT * K], values[CONTEXT * K], y[A];
    int32_t q[A], scratch[CONTEXT + SIZE];
    struct ql_random random;

    (void)state;
    ql_random_init(&random, 3);
    for (int i = 0; i < 200; i++) {
        const int gain_bits = i % 4, score_bits = 14 + i % 5, count = 1 + i % CONTEXT;
        const int32_t place[QL_PLACE_SIZE] = {i, 0, count - 1};
        for (int k = 0; k < CONTEXT * K; k++) {
            keys[k] = (int8_t)between(&random, -127, 127);
            values[k] = (int8_t)between(&random, -127, 127);
        }
        for (int k = 0; k < A; k++) {
            q[k] = between(&random, -400, 400);
        }
        ql_attention_s8(y, scratch, q, keys, values, place, HEADS, KV_HEADS, SIZE, score_bits, 15, gain_bits);
        for (int h = 0; h < HEADS; h++) {
            double scores[CONTEXT], largest = -INFINITY, total = 0.0;
            for (int e = 0; e < count; e++) {
                scores[e] = 0.0;
                for (int k = 0; k < SIZE; k++) {
                    scores[e] += (double)q[h * SIZE + k] * keys[e * K + h / 2 * SIZE + k];
                }
                largest = fmax(largest, scores[e]);
            }
            for (int e = 0; e < count; e++) {
                total += scores[e] = exp2((scores[e] - largest) / exp2(score_bits));
            }
            for (int k = 0; k < SIZE; k++) {
                double exact = 0.0;
                for (int e = 0; e < count; e++) {
                    exact += scores[e] / total * values[e * K + h / 2 * SIZE + k] * exp2(gain_bits);
                }
                exact = fmax(-127.0, fmin(127.0, exact));
                assert_true(fabs(y[h * SIZE + k] - exact) < 0.6);
            }
        }
    }
}

// The sanitizers detect every sum that exceeds 32 bits.
static void attention_at_the_ends_of_its_range_does_not_wrap(void **state)
{
    enum { WIDE = 512, LONG = 4096 };
    static int8_t keys[LONG * WIDE], values[LONG * WIDE], y[WIDE];
    static int32_t q[WIDE], scratch[LONG + WIDE];
    const int32_t place[QL_PLACE_SIZE] = {0, 0, LONG - 1};

    (void)state;
    for (int k = 0; k < WIDE; k++) {
        q[k] = LIMIT;
    }
    memset(keys, 127, sizeof keys);
    memset(values, -127 & 255, sizeof values);
    ql_attention_s8(y, scratch, q, keys, values, place, 1, 1, WIDE, 0, 12, 0);
    assert_int_equal(y[0], -127);
    // The greatest difference of two scores gives a weight of 0.
    memset(keys, -127 & 255, WIDE);
    memset(values, 127, WIDE);
    ql_attention_s8(y, scratch, q, keys, values, place, 1, 1, WIDE, 27, 12, 3);
    assert_int_equal(y[0], -127);
    for (int bits = 0; bits <= 27; bits++) {
        assert_int_equal(ql_attention_weight(0, bits, 15), 32768);
        assert_int_equal(ql_attention_weight(UINT32_MAX, bits, 15), 0);
        assert_int_equal(ql_attention_weight(1u << bits, bits, 15), 16384);
        assert_int_equal(ql_attention_weight(1u << 31, bits, 15), bits < 27 ? 0 : 1); // 2^-16, rounded up
    }
}

static void rows_begin_and_add_to_what_layers_hand_on(void **state)
{
    const int8_t table[] = {1, -2, 3, 100, -100, 127};
    const struct ql_integer_row rows[] = {{32, 640, 0}, {32, 32767, 0}, {0, 64, 0}};
    const struct ql_integer_scale scale = {0, 6};
    const int32_t token = 1, sums[] = {QL_RESIDUAL_LIMIT / 512, -7, -QL_RESIDUAL_LIMIT};
    int32_t x[3];

    (void)state;
    ql_embed_s32(x, &token, table, rows, scale, 3);
    assert_int_equal(x[0], 51198); // 100 * 32767 / 64 = 51198.4
    assert_int_equal(x[1], -51198);
    assert_int_equal(x[2], 65022);
    x[0] = QL_RESIDUAL_LIMIT - 1;
    ql_residual_add_s32(x, sums, rows, scale, 3);
    assert_int_equal(x[0], QL_RESIDUAL_LIMIT);
    assert_int_equal(x[1], -51198 - 3584);
    assert_int_equal(x[2], 65022 - QL_RESIDUAL_LIMIT);
    ql_residual_add_s32(x, sums, rows, scale, 3);
    assert_int_equal(x[2], -QL_RESIDUAL_LIMIT);
}

static void gate_is_near_and_stops_at_its_limits(void **state)
{
    static const struct ql_integer_row rows[2] = {{32, 64, 0}, {32, 64, 0}}; // the sums themselves
    const struct ql_integer_scale scale = {0, 6};

    (void)state;
    for (int gate = -9000; gate <= 9000; gate += 13) {
        for (int up = -32000; up <= 32000; up += 2791) {
            const int32_t sums[] = {gate, up};
            const double x = gate / 1024.0;
            const double exact = fmax(-127.0, fmin(127.0, x / (1.0 + exp(-x)) * up / 256.0));
            int8_t y;
            ql_swiglu_s8(&y, sums, rows, scale, 18, 1);
            assert_true(fabs(y - exact) < 0.6);
        }
    }
    for (int i = 0; i < 4; i++) {
        const int32_t sums[] = {i % 2 == 0 ? 1 << 23 : -(1 << 23), i < 2 ? 1 << 23 : -(1 << 23)};
        int8_t y;
        ql_swiglu_s8(&y, sums, rows, scale, 0, 1);
        // silu of -32 is -1 in 32768.
        assert_int_equal(y, (i % 2 == 0) == (i < 2) ? 127 : -127);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_the_rounded_functions),
        cmocka_unit_test(inverse_root_is_near_over_its_whole_range),
        cmocka_unit_test(norm_is_near_for_vectors_of_every_size),
        cmocka_unit_test(norm_at_the_ends_of_its_range_is_finite),
        cmocka_unit_test(sine_is_near_all_the_way_round),
        cmocka_unit_test(turn_is_near_and_stops_at_its_limit),
        cmocka_unit_test(cache_goes_round_and_positions_go_on),
        cmocka_unit_test(attention_is_near_for_every_number_of_entries),
        cmocka_unit_test(attention_at_the_ends_of_its_range_does_not_wrap),
        cmocka_unit_test(rows_begin_and_add_to_what_layers_hand_on),
        cmocka_unit_test(gate_is_near_and_stops_at_its_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
