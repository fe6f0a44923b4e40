// How a model's text is replaced for the page: quotation marks, dashes, ligatures, and bytes that are not UTF-8.
// Uses: firmware/app/symbol.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/symbol.h"

// The text as it is set: ASCII unchanged, other symbols as <hexadecimal>.
static const char *set(const char *text)
{
    static char result[512];
    const char *const end = text + strlen(text);
    size_t length = 0;

    result[0] = '\0';
    for (uint32_t symbol = 0; text < end;) {
        const char *next = ql_symbol_decode(&symbol, text, end, symbol);
        assert_true(next > text && next <= end);
        text = next;
        length += (size_t)snprintf(result + length, sizeof result - length, symbol < 0x80 ? "%c" : "<%X>", symbol);
        assert_true(length < sizeof result);
    }
    return result;
}

static void symbol_quotation_marks_open_and_close(void **state)
{
    (void)state;
    assert_string_equal(set("\"Yes,\" he said."), "<201C>Yes,<201D> he said.");
    assert_string_equal(set("(\"Yes\")"), "(<201C>Yes<201D>)");
    assert_string_equal(set("\"'Yes' and no\""), "<201C><2018>Yes<2019> and no<201D>");
    assert_string_equal(set("he--\"Yes\""), "he<2014><201C>Yes<201D>");
    assert_string_equal(set("`Yes'"), "<2018>Yes<2019>");
}

static void symbol_apostrophe_stands_for_letters(void **state)
{
    (void)state;
    assert_string_equal(set("don't"), "don<2019>t");
    assert_string_equal(set("the boys' '90s"), "the boys<2019> <2019>90s");
    assert_string_equal(set("'Tis 'em"), "<2019>Tis <2019>em");
    assert_string_equal(set("'embers'"), "<2018>embers<2019>");
}

static void symbol_dashes_are_as_long_as_they_mean(void **state)
{
    (void)state;
    assert_string_equal(set("half-done"), "half-done");
    assert_string_equal(set("one - two"), "one <2013> two");
    assert_string_equal(set("one -- two---three"), "one <2014> two<2014>three");
    assert_string_equal(set("-5"), "-5");
}

static void symbol_dots_and_ligatures_are_one(void **state)
{
    (void)state;
    assert_string_equal(set("so..."), "so<2026>");
    assert_string_equal(set("so.."), "so..");
    assert_string_equal(set("office waffle off find fly"), "o<FB03>ce wa<FB04>e o<FB00> <FB01>nd <FB02>y");
}

static void symbol_white_is_a_space(void **state)
{
    (void)state;
    assert_string_equal(set("a\tb\nc\xc2\xa0"), "a b c ");
    assert_string_equal(set("a   b\t "), "a b ");
}

static void symbol_utf8_is_decoded(void **state)
{
    (void)state;
    assert_string_equal(set("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), "caf<E9> <20AC> <1F600>");
}

static void symbol_bytes_that_are_no_utf8_are_invalid_one_by_one(void **state)
{
    (void)state;
    assert_string_equal(set("\x80"), "<FFFD>");
    assert_string_equal(set("\xc3"), "<FFFD>");
    assert_string_equal(set("\xe2\x82"), "<FFFD><FFFD>");
    assert_string_equal(set("\xc3(a"), "<FFFD>(a");
    assert_string_equal(set("\xc0\xaf"), "<FFFD><FFFD>");                     // longer than necessary
    assert_string_equal(set("\xed\xa0\x80"), "<FFFD><FFFD><FFFD>");           // half of a UTF-16 surrogate pair
    assert_string_equal(set("\xf4\x90\x80\x80"), "<FFFD><FFFD><FFFD><FFFD>"); // beyond Unicode
    assert_string_equal(set("\xff"), "<FFFD>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(symbol_quotation_marks_open_and_close),
        cmocka_unit_test(symbol_apostrophe_stands_for_letters),
        cmocka_unit_test(symbol_dashes_are_as_long_as_they_mean),
        cmocka_unit_test(symbol_dots_and_ligatures_are_one),
        cmocka_unit_test(symbol_white_is_a_space),
        cmocka_unit_test(symbol_utf8_is_decoded),
        cmocka_unit_test(symbol_bytes_that_are_no_utf8_are_invalid_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
