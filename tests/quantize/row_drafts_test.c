// The shifts that the rows of a product have in common: no sum leaves 32 bits, rounding costs no row more than was
// promised, and a row that is much wider than the others is refused only where they lose what they say.
// Uses: quantize/integer_matrix, device/, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "device/integer_row.h"
#include "device/random.h"
#include "quantize/integer_matrix.h"

enum { ROWS = 40, LIMIT = 256, SUMS = 200 };

static const double share = 1.0 / 1024;

static double reach_of(const struct ql_row_draft *draft)
{
    return (double)draft->reach * draft->unit + fabs(draft->bias);
}

// Sums of the row at its ends and between them give the value within what is promised.
static void check_row(const struct ql_row_draft *draft, const struct ql_integer_row *row, struct ql_integer_scale scale,
                      struct ql_random *random)
{
    for (int i = 0; i < SUMS; i++) {
        const double part = i == 0 ? 1.0 : i == 1 ? -1.0 : (double)ql_random_step_f32(random) * 2.0 - 1.0;
        const int32_t sum = (int32_t)((double)draft->reach * part);
        const double value = sum * draft->unit + draft->bias;
        assert_true((int64_t)sum + (1 << scale.pre_shift) <= INT32_MAX);
        const double error = fabs((double)ql_integer_row_value(sum, row, scale) - value);
        assert_true(error <= fmax(LIMIT, share * reach_of(draft)) + 0.5);
    }
}

static void check_fit(const struct ql_row_draft *drafts, int count)
{
    struct ql_integer_row rows[ROWS];
    struct ql_integer_scale scale;
    struct ql_random random;
    int worst;

    ql_random_init(&random, 3);
    assert_true(ql_row_drafts_fit(rows, &scale, drafts, count, LIMIT, &worst));
    for (int r = 0; r < count; r++) {
        check_row(&drafts[r], &rows[r], scale, &random);
    }
}

static void rows_of_any_width_keep_their_values(void **state)
{
    struct ql_row_draft drafts[ROWS];
    struct ql_random random;
    (void)state;

    ql_random_init(&random, 1);
    for (int r = 0; r < ROWS; r++) {
        drafts[r] = (struct ql_row_draft){.unit = 0.05 + (double)ql_random_step_f32(&random),
                                          .bias = ((double)ql_random_step_f32(&random) - 0.5) * 1e4,
                                          .reach = 1000 + (int64_t)((double)ql_random_step_f32(&random) * 1e6)};
    }
    check_fit(drafts, ROWS);
}

// In trained decoders one row of `down` reaches 2,500 (10,000,000 units) beside others of a few hundred: 256 units are
// nothing to either, and the model loses 0.1 % of its bits in integers. It was refused.
static void wide_row_is_accepted_where_others_lose_little(void **state)
{
    struct ql_row_draft drafts[ROWS];
    (void)state;

    for (int r = 0; r < ROWS; r++) {
        drafts[r] = (struct ql_row_draft){.unit = r == 5 ? 5.0 : 0.5, .reach = r == 5 ? 2100000 : 1500000};
    }
    check_fit(drafts, ROWS);
}

// A wide row whose value is small, which only a shift before the multiplication makes room for.
static void row_of_the_widest_reach_leaves_room_for_its_rounding(void **state)
{
    struct ql_row_draft draft = {.unit = 0.001, .reach = INT32_MAX - 20000};
    (void)state;

    check_fit(&draft, 1);
}

// A quarter of a sum, which the multiplier holds exactly, and a bias that it does not.
static void row_value_is_the_nearest_number(void **state)
{
    const struct ql_row_draft draft = {.unit = 0.25, .bias = 3.3, .reach = 1000};
    struct ql_integer_row row;
    struct ql_integer_scale scale;
    int worst;
    (void)state;

    assert_true(ql_row_drafts_fit(&row, &scale, &draft, 1, LIMIT, &worst));
    assert_int_equal(row.bias, lround(ldexp(draft.bias, scale.shift)) + (1 << scale.shift >> 1));
    for (int32_t sum = -1000; sum <= 1000; sum++) {
        assert_int_equal(ql_integer_row_value(sum, &row, scale), lround(sum * draft.unit + draft.bias));
    }
}

// The unit of a row without weights says nothing: its sum is always 0.
static void row_of_zeros_costs_the_others_nothing(void **state)
{
    struct ql_row_draft drafts[ROWS];
    struct ql_integer_row rows[2][ROWS];
    struct ql_integer_scale scales[2];
    int worst;
    (void)state;

    for (int i = 0; i < 2; i++) {
        for (int r = 0; r < ROWS; r++) {
            drafts[r] = (struct ql_row_draft){.unit = 0.5, .bias = 100.0 * r, .reach = 1500000};
        }
        drafts[5].reach = 0;
        drafts[5].unit = i == 0 ? 0.0 : 1e9;
        assert_true(ql_row_drafts_fit(rows[i], &scales[i], drafts, ROWS, LIMIT, &worst));
        assert_int_equal(ql_integer_row_value(0, &rows[i][5], scales[i]), 500);
    }
    assert_memory_equal(rows[0], rows[1], sizeof rows[0]);
    assert_memory_equal(&scales[0], &scales[1], sizeof scales[0]);
}

static void rows_of_zeros_alone_fit(void **state)
{
    struct ql_row_draft drafts[ROWS];
    struct ql_integer_row rows[ROWS];
    struct ql_integer_scale scale;
    int worst;
    (void)state;

    for (int r = 0; r < ROWS; r++) {
        drafts[r] = (struct ql_row_draft){.unit = 1e9};
    }
    assert_true(ql_row_drafts_fit(rows, &scale, drafts, ROWS, LIMIT, &worst));
    for (int r = 0; r < ROWS; r++) {
        assert_int_equal(ql_integer_row_value(0, &rows[r], scale), 0);
    }
}

static void wide_row_is_refused_where_others_would_be_lost(void **state)
{
    struct ql_row_draft drafts[ROWS];
    struct ql_integer_row rows[ROWS];
    struct ql_integer_scale scale;
    int worst;
    (void)state;

    for (int r = 0; r < ROWS; r++) {
        drafts[r] = (struct ql_row_draft){.unit = r == 5 ? 300.0 : 0.005, .reach = 2000000};
    }
    assert_false(ql_row_drafts_fit(rows, &scale, drafts, ROWS, LIMIT, &worst));
    assert_int_equal(worst, 5);
}

// One weight that is much larger than the others of its row, in 4 bits: few steps, each worth much. The row does not reach
// as far as another one, but its multiplier takes the bits of a row with small steps.
static void coarse_row_is_named_where_it_takes_the_bits(void **state)
{
    struct ql_row_draft drafts[] = {
        {.unit = 0.6, .reach = 70000}, {.unit = 40.0, .reach = 889}, {.unit = 0.02, .reach = 520000}};
    struct ql_integer_row rows[3];
    struct ql_integer_scale scale;
    int worst;
    (void)state;

    assert_false(ql_row_drafts_fit(rows, &scale, drafts, 3, LIMIT, &worst));
    assert_int_equal(worst, 1);
    drafts[1].unit = 0.6;
    assert_true(ql_row_drafts_fit(rows, &scale, drafts, 3, LIMIT, &worst));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_any_width_keep_their_values),
        cmocka_unit_test(wide_row_is_accepted_where_others_lose_little),
        cmocka_unit_test(row_of_the_widest_reach_leaves_room_for_its_rounding),
        cmocka_unit_test(row_value_is_the_nearest_number),
        cmocka_unit_test(row_of_zeros_costs_the_others_nothing),
        cmocka_unit_test(rows_of_zeros_alone_fit),
        cmocka_unit_test(wide_row_is_refused_where_others_would_be_lost),
        cmocka_unit_test(coarse_row_is_named_where_it_takes_the_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
