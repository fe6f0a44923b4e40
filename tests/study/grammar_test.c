// Which sentences Link Grammar parses completely. Skipped where it is not installed.
// Uses: study/{study_cell,grammar}, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "study/study_cell.h"

static struct ql_grammar *grammar;

static bool parses(const char *text)
{
    struct ql_error error;
    bool complete = false;

    assert_int_equal(ql_grammar_check(&complete, grammar, text, strlen(text), &error), QL_OK);
    return complete;
}

static void english_parses_and_word_salad_does_not(void **state)
{
    (void)state;
    assert_true(parses("Doubt is what gives you an education."));
    assert_true(parses("I'd love to kiss you, but I just washed my hair."));
    assert_false(parses("The so as the cheed in the and more the best problem."));
    assert_false(parses("Of the is to and."));
    assert_memory_equal(ql_grammar_name(grammar), "Link Grammar ", 13);
}

static void sentence_with_an_endless_word_is_not_complete(void **state)
{
    enum { WORD = 50000 };
    static const char begin[] = "It is a ";
    char *text = malloc(sizeof begin + WORD);
    bool complete = true;
    struct ql_error error;

    (void)state;
    assert_non_null(text);
    memcpy(text, begin, sizeof begin - 1);
    memset(text + sizeof begin - 1, 'a', WORD);
    for (size_t length = QL_GRAMMAR_BYTE_LIMIT + 1; length < WORD; length *= 2) {
        assert_int_equal(ql_grammar_check(&complete, grammar, text, length, &error), QL_OK);
        assert_false(complete);
    }
    free(text);
}

static void cell_counts_the_sentences_of_chosen_items(void **state)
{
    static const char *const lines[] = {"I am here. Of the is to and.", "You are there.", "I am here. So are you."};
    struct ql_study_cell_items items = {0};
    struct ql_error error;
    char text[300] = "";
    json_t *cell = json_object();

    (void)state;
    for (size_t k = 0; k < 3; k++) {
        assert_int_equal(ql_study_cell_items_add(&items, lines[k], strlen(lines[k]), false, &error), QL_OK);
    }
    assert_int_equal(ql_study_cell_parse(cell, &items, grammar, 0, &error), QL_OK);
    assert_int_equal(ql_study_cell_number(cell, "sentences"), 5);
    assert_int_equal(ql_study_cell_number(cell, "parsed_sentences"), 4);
    assert_int_equal(ql_study_cell_parse(cell, &items, grammar, 1, &error), QL_OK);
    assert_int_equal(ql_study_cell_number(cell, "sentences"), 2);
    assert_int_equal(ql_study_cell_number(cell, "parsed_sentences"), 1);
    for (int k = 0; k <= QL_GRAMMAR_WORD_LIMIT; k++) {
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "so ");
    }
    ql_study_cell_items_free(&items);
    assert_int_equal(ql_study_cell_items_add(&items, text, strlen(text), false, &error), QL_OK);
    assert_int_equal(ql_study_cell_parse(cell, &items, grammar, 0, &error), QL_OK);
    assert_int_equal(ql_study_cell_number(cell, "sentences"), 0);
    assert_int_equal(ql_study_cell_number(cell, "long_sentences"), 1);
    ql_study_cell_items_free(&items);
    json_decref(cell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(english_parses_and_word_salad_does_not),
        cmocka_unit_test(sentence_with_an_endless_word_is_not_complete),
        cmocka_unit_test(cell_counts_the_sentences_of_chosen_items),
    };
    struct ql_error error;

    if (ql_grammar_open(&grammar, &error) != QL_OK) {
        (void)fprintf(stderr, "skipped: %s\n", error.message);
        return 77;
    }
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    ql_grammar_close(grammar);
    return failures;
}
