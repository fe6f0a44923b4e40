// The port of a desktop writes a model's text to a terminal: text that is not UTF-8 and what would steer the terminal are
// shown as escapes. Uses: cmocka, a pseudo-terminal, port/host/terminal.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "port/host/terminal.h"

static int terminal = -1; // what its program writes comes out here

// Returns what a terminal gets for these bytes.
static const char *write_to_terminal(const char *bytes)
{
    static char shown[256];
    const int standard_output = dup(STDOUT_FILENO);
    const int program = open(ptsname(terminal), O_RDWR | O_NOCTTY);

    assert_true(program >= 0 && standard_output >= 0);
    (void)fflush(stdout);
    assert_true(dup2(program, STDOUT_FILENO) >= 0);
    ql_terminal_write(bytes, (int)strlen(bytes));
    (void)putchar('$'); // so that there is something to read
    (void)fflush(stdout);
    assert_true(dup2(standard_output, STDOUT_FILENO) >= 0);
    size_t length = 0;
    while (length == 0 || shown[length - 1] != '$') {
        const ssize_t count = read(terminal, shown + length, sizeof shown - 1 - length);
        assert_true(count > 0);
        length += (size_t)count;
    }
    shown[length - 1] = '\0';
    (void)close(program);
    (void)close(standard_output);
    return shown;
}

static void terminal_text_in_utf8_is_written_as_it_is(void **state)
{
    static const char *const texts[] = {
        "a word", "\xc3\xa9", "\xe2\x80\x94", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_string_equal(write_to_terminal(texts[i]), texts[i]);
    }
}

static void terminal_bytes_that_are_not_utf8_are_shown_one_by_one(void **state)
{
    static const char *const cases[][2] = {
        {"a\x80z", "a\\x80z"},
        {"\xc0\xaf", "\\xc0\\xaf"},                     // longer than necessary
        {"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf"},            //
        {"\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf"},   //
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},            // a half of a pair in UTF-16
        {"\xed\xbf\xbf", "\\xed\\xbf\\xbf"},            // the other half
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},   // beyond U+10FFFF
        {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},   //
        {"\xf8\x90\x80\x80z", "\\xf8\\x90\\x80\\x80z"}, // leads of sequences that UTF-8 does not have any more
        {"\xff\x90\x80\x80", "\\xff\\x90\\x80\\x80"},   //
        {"\xe2\x80", "\\xe2\\x80"},                     // cut off
        {"\033[2J\xe2\x80\xae", "\\x1b[2J\\u202e"},     // would steer
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(write_to_terminal(cases[i][0]), cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terminal_text_in_utf8_is_written_as_it_is),
        cmocka_unit_test(terminal_bytes_that_are_not_utf8_are_shown_one_by_one),
    };

    terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0) {
        return 77; // a system without pseudo-terminals
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
