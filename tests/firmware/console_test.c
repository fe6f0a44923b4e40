// The console: how lines are assembled from bytes, and the output for programs.
// Uses: firmware/app/console, fake_port.h.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/console.h"
#include "fake_port.h"

static struct ql_console console;

static int set_up(void **state)
{
    (void)state;
    fake_port_reset();
    memset(&console, 0, sizeof console);
    return 0;
}

// The result of the text's last byte.
static enum ql_console_input take(const char *text)
{
    enum ql_console_input input = QL_CONSOLE_NOTHING;

    for (; *text != '\0'; text++) {
        input = ql_console_take(&console, (uint8_t)*text);
    }
    return input;
}

static void console_line_ends_with_cr_or_lf(void **state)
{
    (void)state;
    assert_int_equal(take("next"), QL_CONSOLE_NOTHING);
    assert_int_equal(take("\n"), QL_CONSOLE_LINE);
    assert_string_equal(console.line, "next");
    assert_int_equal(take("seed 1\r"), QL_CONSOLE_LINE);
    assert_string_equal(console.line, "seed 1");
    assert_int_equal(take("\n"), QL_CONSOLE_LINE);
    assert_string_equal(console.line, "");
}

static void console_backspace_takes_back(void **state)
{
    (void)state;
    assert_int_equal(take("nexx\bt\n"), QL_CONSOLE_LINE);
    assert_string_equal(console.line, "next");
    assert_int_equal(take("\b\b\x7fnext\n"), QL_CONSOLE_LINE);
    assert_string_equal(console.line, "next");
}

static void console_long_line_is_refused_and_the_next_one_taken(void **state)
{
    char text[QL_CONSOLE_LINE_BYTES + 1];

    (void)state;
    memset(text, 'a', sizeof text);
    text[QL_CONSOLE_LINE_BYTES - 1] = '\n';
    text[QL_CONSOLE_LINE_BYTES] = '\0';
    assert_int_equal(take(text), QL_CONSOLE_LINE);
    assert_int_equal(strlen(console.line), QL_CONSOLE_LINE_BYTES - 1);
    text[QL_CONSOLE_LINE_BYTES - 1] = 'a';
    assert_int_equal(take(text), QL_CONSOLE_NOTHING);
    assert_int_equal(take("\n"), QL_CONSOLE_TOO_LONG);
    assert_int_equal(take("help\n"), QL_CONSOLE_LINE);
    assert_string_equal(console.line, "help");
}

static void console_nul_does_not_end_a_line(void **state)
{
    (void)state;
    (void)take("next");
    assert_int_equal(ql_console_take(&console, 0), QL_CONSOLE_NOTHING);
    assert_int_equal(take("\n"), QL_CONSOLE_LINE);
    assert_string_not_equal(console.line, "next");
}

static void console_line_for_programs_begins_a_line(void **state)
{
    (void)state;
    ql_console_say(&console, "page done");
    ql_console_write(&console, "Nothing is");
    ql_console_say(&console, "stats");
    ql_console_say(&console, "stats");
    assert_string_equal(fake_port.output, "= page done\nNothing is\n= stats\n= stats\n");
}

static void console_text_never_looks_like_a_line_for_programs(void **state)
{
    (void)state;
    ql_console_write(&console, "= a");
    ql_console_write(&console, "= b\n\n");
    ql_console_write(&console, "=");
    ql_console_write(&console, "");
    ql_console_write(&console, " c\n== d\n e\n");
    ql_console_say(&console, "stats");
    assert_string_equal(fake_port.output, " = a= b\n\n = c\n == d\n e\n= stats\n");
}

static void console_numbers_are_decimal(void **state)
{
    (void)state;
    ql_console_begin(&console, "n");
    ql_console_add_number(&console, 0);
    ql_console_add_number(&console, -1);
    ql_console_add_number(&console, 1234567890);
    ql_console_add_number(&console, INT64_MAX);
    ql_console_add_number(&console, INT64_MIN);
    ql_console_end(&console);
    assert_string_equal(fake_port.output, "= n 0 -1 1234567890 9223372036854775807 -9223372036854775808\n");
}

static void console_fractions_are_as_short_as_can_be(void **state)
{
    (void)state;
    ql_console_begin(&console, "x");
    ql_console_add_millionths(&console, 0);
    ql_console_add_millionths(&console, 700000);
    ql_console_add_millionths(&console, 1000000);
    ql_console_add_millionths(&console, 1);
    ql_console_add_millionths(&console, UINT32_MAX);
    ql_console_end(&console);
    assert_string_equal(fake_port.output, "= x 0.0 0.7 1.0 0.000001 4294.967295\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(console_line_ends_with_cr_or_lf, set_up),
        cmocka_unit_test_setup(console_backspace_takes_back, set_up),
        cmocka_unit_test_setup(console_long_line_is_refused_and_the_next_one_taken, set_up),
        cmocka_unit_test_setup(console_nul_does_not_end_a_line, set_up),
        cmocka_unit_test_setup(console_line_for_programs_begins_a_line, set_up),
        cmocka_unit_test_setup(console_text_never_looks_like_a_line_for_programs, set_up),
        cmocka_unit_test_setup(console_numbers_are_decimal, set_up),
        cmocka_unit_test_setup(console_fractions_are_as_short_as_can_be, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
