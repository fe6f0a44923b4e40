// The commands of the console: what is accepted, with which value, and what is refused.
// Uses: firmware/app/command.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/command.h"
#include "panel/panel.h"

static struct ql_command command;

static void expect_read(const char *line, enum ql_command_verb verb, uint32_t value)
{
    assert_int_equal(ql_command_read(&command, line), QL_COMMAND_READ);
    assert_int_equal(command.verb, verb);
    assert_false(command.own);
    assert_int_equal(command.value, value);
}

static void expect_refused(enum ql_command_result result, const char *line)
{
    if (ql_command_read(&command, line) != result) {
        fail_msg("'%s' is not answered with %d", line, result);
    }
}

static void command_without_value_is_read(void **state)
{
    (void)state;
    expect_read("help", QL_COMMAND_HELP, 0);
    expect_read("next", QL_COMMAND_NEXT, 0);
    expect_read("stats", QL_COMMAND_STATS, 0);
    expect_read("selftest", QL_COMMAND_SELFTEST, 0);
    expect_read("bootsel", QL_COMMAND_BOOTSEL, 0);
}

static void command_empty_line_asks_for_nothing(void **state)
{
    (void)state;
    expect_read("", QL_COMMAND_NONE, 0);
    expect_read(" \t ", QL_COMMAND_NONE, 0);
}

static void command_spaces_around_words_do_not_matter(void **state)
{
    (void)state;
    expect_read("  next  ", QL_COMMAND_NEXT, 0);
    expect_read("\tseed \t 12 ", QL_COMMAND_SEED, 12);
}

static void command_whole_numbers_are_read_to_their_bounds(void **state)
{
    (void)state;
    expect_read("seed 0", QL_COMMAND_SEED, 0);
    expect_read("seed 4294967295", QL_COMMAND_SEED, UINT32_MAX);
    expect_read("seed 007", QL_COMMAND_SEED, 7);
    expect_read("top_k 65535", QL_COMMAND_TOP_K, 65535);
    expect_read("best 50", QL_COMMAND_BEST, 50);
}

static void command_fractions_are_read_in_millionths(void **state)
{
    (void)state;
    expect_read("temperature 0", QL_COMMAND_TEMPERATURE, 0);
    expect_read("temperature 0.7", QL_COMMAND_TEMPERATURE, 700000);
    expect_read("temperature 100", QL_COMMAND_TEMPERATURE, 100000000);
    expect_read("temperature 0.000001", QL_COMMAND_TEMPERATURE, 1);
    expect_read("top_p 1.000000", QL_COMMAND_TOP_P, 1000000);
    expect_read("pace 0", QL_COMMAND_PACE, 0);
    expect_read("pace 0.1", QL_COMMAND_PACE, 100000);
    expect_read("pace 1.5", QL_COMMAND_PACE, 1500000);
    expect_read("pace 1000", QL_COMMAND_PACE, 1000000000);
}

// The device then draws as `quotes --temperature` on a desktop does.
static void command_fraction_becomes_the_same_float_as_on_a_desktop(void **state)
{
    char line[32], digits[16];

    (void)state;
    for (unsigned millionths = 1; millionths < 3000000; millionths += 7919) {
        (void)snprintf(digits, sizeof digits, "%u.%06u", millionths / 1000000, millionths % 1000000);
        (void)snprintf(line, sizeof line, "temperature %s", digits);
        assert_int_equal(ql_command_read(&command, line), QL_COMMAND_READ);
        assert_true((float)((double)command.value / QL_COMMAND_MILLION) == (float)strtod(digits, NULL));
    }
}

static void command_sampling_can_be_left_to_the_models(void **state)
{
    (void)state;
    for (const char *const *line = (const char *const[]){"temperature own", "top_p own", "top_k own", NULL};
         *line != NULL; line++) {
        assert_int_equal(ql_command_read(&command, *line), QL_COMMAND_READ);
        assert_true(command.own);
    }
    expect_refused(QL_COMMAND_VALUE, "seed own");
    expect_refused(QL_COMMAND_VALUE, "pace own");
}

static void command_panel_is_named(void **state)
{
    (void)state;
    expect_read("panel uc8176", QL_COMMAND_PANEL, QL_PANEL_UC8176);
    expect_read("panel ssd1683", QL_COMMAND_PANEL, QL_PANEL_SSD1683);
    expect_refused(QL_COMMAND_VALUE, "panel ssd168");
    expect_refused(QL_COMMAND_VALUE, "panel ssd16833");
    expect_refused(QL_COMMAND_VALUE, "panel 0");
}

static void command_unknown_is_refused(void **state)
{
    (void)state;
    for (const char *const *line = (const char *const[]){"nex", "nextt", "NEXT", "help;", "=", "\x01", "\xff\xfe",
                                                         "next\x01", "-", "se ed", NULL};
         *line != NULL; line++) {
        expect_refused(QL_COMMAND_UNKNOWN, *line);
    }
}

static void command_value_that_is_missing_or_too_much_is_refused(void **state)
{
    (void)state;
    expect_refused(QL_COMMAND_NO_VALUE, "seed");
    expect_refused(QL_COMMAND_NO_VALUE, "temperature  ");
    expect_refused(QL_COMMAND_VALUE, "next 1");
    expect_refused(QL_COMMAND_VALUE, "bootsel now");
    expect_refused(QL_COMMAND_VALUE, "seed 1 2");
}

static void command_value_out_of_range_is_refused(void **state)
{
    (void)state;
    for (const char *const *line = (const char *const[]){"seed 4294967296",
                                                         "seed 99999999999",
                                                         "seed 18446744073709551617",
                                                         "seed -1",
                                                         "seed +1",
                                                         "seed 1.0",
                                                         "seed 0x1",
                                                         "seed 1e3",
                                                         "temperature 100.000001",
                                                         "temperature 1000000000000000000000",
                                                         "temperature .5",
                                                         "temperature 5.",
                                                         "temperature 0.0000001",
                                                         "temperature 0.5.5",
                                                         "temperature nan",
                                                         "temperature 1,5",
                                                         "top_p 0",
                                                         "top_p 0.0",
                                                         "top_p 1.000001",
                                                         "top_k 65536",
                                                         "best 0",
                                                         "best 51",
                                                         "best own",
                                                         "top_k 0.5",
                                                         "pace 1000.000001",
                                                         "pace 0.099999",
                                                         "pace 0.000001",
                                                         "pace -1",
                                                         NULL};
         *line != NULL; line++) {
        expect_refused(QL_COMMAND_VALUE, *line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_without_value_is_read),
        cmocka_unit_test(command_empty_line_asks_for_nothing),
        cmocka_unit_test(command_spaces_around_words_do_not_matter),
        cmocka_unit_test(command_whole_numbers_are_read_to_their_bounds),
        cmocka_unit_test(command_fractions_are_read_in_millionths),
        cmocka_unit_test(command_fraction_becomes_the_same_float_as_on_a_desktop),
        cmocka_unit_test(command_sampling_can_be_left_to_the_models),
        cmocka_unit_test(command_panel_is_named),
        cmocka_unit_test(command_unknown_is_refused),
        cmocka_unit_test(command_value_that_is_missing_or_too_much_is_refused),
        cmocka_unit_test(command_value_out_of_range_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
