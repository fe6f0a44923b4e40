// Where sentences end, and which parts of an item are not sentences.
// Uses: study/sentence, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "study/sentence.h"

// Checks that an item is divided into the sentences between the bars of `expected`, with their numbers of words.
static void check(const char *item, const char *expected)
{
    char text[400] = "";
    struct ql_sentence sentence;
    size_t place = 0;

    while (ql_sentence_next(&sentence, item, strlen(item), &place)) {
        const size_t length = strlen(text);
        (void)snprintf(text + length, sizeof text - length, "%.*s|%zu|", (int)sentence.length, item + sentence.first,
                       sentence.words);
    }
    assert_string_equal(text, expected);
}

static void sentence_ends_before_a_capital_letter_or_digit(void **state)
{
    (void)state;
    check("One two. Three!  Four?", "One two.|2|Three!|1|Four?|1|");
    check("He paid 3.50 in cash. 12 men came.", "He paid 3.50 in cash.|5|12 men came.|3|");
    check("\"Why?\" asked he. \"So.\" (Then.) End", "\"Why?\" asked he.|3|\"So.\"|1|(Then.)|1|End|1|");
    check("Wait... no. Wait... No.", "Wait... no.|2|Wait...|1|No.|1|");
    check("Ah\xe2\x80\xa6 \xc3\x89t\xc3\xa9.", "Ah\xe2\x80\xa6|1|\xc3\x89t\xc3\xa9.|1|");
}

static void abbreviations_end_no_sentence(void **state)
{
    (void)state;
    check("Mr. Smith met J. R. Hill, e.g. Tom, at St. Ives.", "Mr. Smith met J. R. Hill, e.g. Tom, at St. Ives.|11|");
    check("So am I. Good.", "So am I.|3|Good.|1|");
    check("Dr! No.", "Dr!|1|No.|1|");
}

static void item_without_a_word_has_no_sentence(void **state)
{
    (void)state;
    check("", "");
    check(" -- ... !", "");
    check("-- . A", "A|1|");
    check("it's well-known", "it's well-known|2|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentence_ends_before_a_capital_letter_or_digit),
        cmocka_unit_test(abbreviations_end_no_sentence),
        cmocka_unit_test(item_without_a_word_has_no_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
