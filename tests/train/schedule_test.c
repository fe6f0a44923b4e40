// The learning rate at the ends of each shape, where its value is known exactly, and between them.
// Uses: train/schedule, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "train/schedule.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void check_equal(double actual, double expected)
{
    if (actual != expected) {
        fail_msg("learning rate %.17g instead of %.17g", actual, expected);
    }
}

static void constant_at_any_time_is_the_rate(void **state)
{
    const struct ql_schedule schedule = {.shape = QL_SCHEDULE_CONSTANT, .learning_rate = 0.003};
    (void)state;

    check_equal(ql_schedule_step(&schedule, 1, 0.0), 0.003);
    check_equal(ql_schedule_step(&schedule, 500, 0.37), 0.003);
    check_equal(ql_schedule_step(&schedule, UINT64_MAX, 1.0), 0.003);
}

static void cosine_at_both_ends_is_exact(void **state)
{
    const struct ql_schedule schedule = {
        .shape = QL_SCHEDULE_COSINE, .learning_rate = 0.5, .final_learning_rate = 0.125};
    const struct ql_schedule to_zero = {.shape = QL_SCHEDULE_COSINE, .learning_rate = 0.002};
    (void)state;

    check_equal(ql_schedule_step(&schedule, 1, 0.0), 0.5);
    check_equal(ql_schedule_step(&schedule, 1000, 1.0), 0.125);
    check_equal(ql_schedule_step(&to_zero, 1000, 1.0), 0.0);
}

static void cosine_between_the_ends_falls_along_the_curve(void **state)
{
    const struct ql_schedule schedule = {
        .shape = QL_SCHEDULE_COSINE, .learning_rate = 0.5, .final_learning_rate = 0.125};
    double last = ql_schedule_step(&schedule, 1, 0.0);
    (void)state;

    assert_true(fabs(ql_schedule_step(&schedule, 1, 0.5) - 0.3125) < 1e-15);
    assert_true(fabs(ql_schedule_step(&schedule, 1, 1.0 / 3.0) - (0.125 + 0.375 * 0.75)) < 1e-15); // cos 60 degrees
    for (int percent = 1; percent <= 100; percent++) {
        double rate = ql_schedule_step(&schedule, 1, percent / 100.0);
        assert_true(rate < last);
        last = rate;
    }
}

static void warm_up_rises_by_equal_steps_to_the_full_rate(void **state)
{
    struct ql_schedule schedule = {.shape = QL_SCHEDULE_CONSTANT, .learning_rate = 0.5, .warmup_steps = 8};
    (void)state;

    for (uint64_t step = 1; step <= 8; step++) {
        check_equal(ql_schedule_step(&schedule, step, 0.0), 0.0625 * (double)step);
    }
    check_equal(ql_schedule_step(&schedule, 9, 0.0), 0.5);
    schedule.warmup_steps = 1;
    check_equal(ql_schedule_step(&schedule, 1, 0.0), 0.5);
    schedule.shape = QL_SCHEDULE_COSINE;
    schedule.warmup_steps = 8;
    check_equal(ql_schedule_step(&schedule, 4, 0.0), 0.25);
}

static void names_read_give_their_shape_or_an_error(void **state)
{
    static const char *const wrong[] = {"", "Cosine", "cosine ", "linear"};
    enum ql_schedule_shape shape = QL_SCHEDULE_COSINE;
    struct ql_error error;
    (void)state;

    assert_int_equal(ql_schedule_read(&shape, "constant", &error), QL_OK);
    assert_int_equal(shape, QL_SCHEDULE_CONSTANT);
    assert_int_equal(ql_schedule_read(&shape, "cosine", &error), QL_OK);
    assert_int_equal(shape, QL_SCHEDULE_COSINE);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_int_equal(ql_schedule_read(&shape, wrong[i], &error), QL_ERROR_USAGE);
        assert_non_null(strstr(error.message, "cosine"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant_at_any_time_is_the_rate),
        cmocka_unit_test(cosine_at_both_ends_is_exact),
        cmocka_unit_test(cosine_between_the_ends_falls_along_the_curve),
        cmocka_unit_test(warm_up_rises_by_equal_steps_to_the_full_rate),
        cmocka_unit_test(names_read_give_their_shape_or_an_error),
    };
    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
