// How a text is broken into lines: at spaces, after hyphens, and inside words that are wider than a line.
// Uses: firmware/app/lines.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/lines.h"

enum { LIMIT = 8 };

// A symbol is 1 wide, and a capital M is 3.
static int measure(const void *font, const char *text, int bytes)
{
    int width = 0;

    (void)font;
    for (int i = 0; i < bytes; i++) {
        width += ((unsigned char)text[i] & 0xc0u) == 0x80u ? 0 : text[i] == 'M' ? 3 : 1;
    }
    return width;
}

// The lines joined by '|', or "too long".
static const char *broken(const char *text, int width, int limit)
{
    static char joined[512];
    struct ql_line lines[LIMIT];
    const struct ql_ruler ruler = {NULL, measure};
    const int count = ql_lines_write(lines, limit, text, width, &ruler);

    joined[0] = '\0';
    for (int i = 0; i < count; i++) {
        strcat(joined, i == 0 ? "" : "|");
        strncat(joined, lines[i].text, (size_t)lines[i].bytes);
    }
    return count < 0 ? "too long" : joined;
}

static void lines_text_that_fits_is_one_line(void **state)
{
    (void)state;
    assert_string_equal(broken("one two", 7, LIMIT), "one two");
    assert_string_equal(broken("one", 60, LIMIT), "one");
}

static void lines_break_at_the_last_space_that_fits(void **state)
{
    (void)state;
    assert_string_equal(broken("one two three", 7, LIMIT), "one two|three");
    assert_string_equal(broken("one two three", 8, LIMIT), "one two|three");
    assert_string_equal(broken("one two three", 6, LIMIT), "one|two|three");
}

static void lines_have_no_spaces_around_them(void **state)
{
    (void)state;
    assert_string_equal(broken("   one   two   ", 3, LIMIT), "one|two");
    assert_string_equal(broken("   one   two   ", 9, LIMIT), "one   two");
}

static void lines_break_behind_a_hyphen_within_a_word(void **state)
{
    (void)state;
    assert_string_equal(broken("well-meant", 5, LIMIT), "well-|meant");
    assert_string_equal(broken("a well-meant", 7, LIMIT), "a well-|meant");
    assert_string_equal(broken("well-", 5, LIMIT), "well-");
}

static void lines_wide_word_is_cut_between_symbols(void **state)
{
    (void)state;
    assert_string_equal(broken("abcdefgh", 3, LIMIT), "abc|def|gh");
    assert_string_equal(broken("\xc3\xa4\xc3\xb6\xc3\xbc", 2, LIMIT), "\xc3\xa4\xc3\xb6|\xc3\xbc");
}

static void lines_symbol_wider_than_a_line_stands_alone(void **state)
{
    (void)state;
    assert_string_equal(broken("MaM", 2, LIMIT), "M|a|M");
}

static void lines_width_is_the_rulers(void **state)
{
    (void)state;
    assert_string_equal(broken("MM MM", 8, LIMIT), "MM|MM");
    assert_string_equal(broken("aa aa", 8, LIMIT), "aa aa");
}

static void lines_more_than_the_limit_are_too_long(void **state)
{
    (void)state;
    assert_string_equal(broken("one two three", 5, 2), "too long");
    assert_string_equal(broken("one two three", 5, 3), "one|two|three");
    assert_string_equal(broken("one two  ", 3, 2), "one|two");
}

static void lines_empty_text_has_none(void **state)
{
    (void)state;
    assert_string_equal(broken("", 5, LIMIT), "");
    assert_string_equal(broken("    ", 5, LIMIT), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_text_that_fits_is_one_line),
        cmocka_unit_test(lines_break_at_the_last_space_that_fits),
        cmocka_unit_test(lines_have_no_spaces_around_them),
        cmocka_unit_test(lines_break_behind_a_hyphen_within_a_word),
        cmocka_unit_test(lines_wide_word_is_cut_between_symbols),
        cmocka_unit_test(lines_symbol_wider_than_a_line_stands_alone),
        cmocka_unit_test(lines_width_is_the_rulers),
        cmocka_unit_test(lines_more_than_the_limit_are_too_long),
        cmocka_unit_test(lines_empty_text_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
