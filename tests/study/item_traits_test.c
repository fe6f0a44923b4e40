// The traits of single items, relative to a small text in which they are easy to see.
// Uses: study/item_traits, study/pair_test, base/file, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "filter/listing.h"
#include "study/item_traits.h"
#include "study/pair_test.h"

static struct ql_yardstick yardstick;
static struct ql_item_reader reader;

static void save(const char *path, const char *text)
{
    struct ql_error error;
    assert_int_equal(ql_file_save(path, text, strlen(text), &error), QL_OK);
}

static int open_yardstick(void **state)
{
    struct ql_error error = {QL_OK, ""};

    (void)state;
    save("traits_corpus.txt", "John Smith\r\nJane O'Brien\n\nJon Smith\nMary Mary\nMary Mary\nZo\xc3\xab X\n");
    save("traits_words.txt", "smith\nMary\nbrown\nμάριος\n");
    save("traits_listed.txt", "# bad\nass\n");
    if (ql_yardstick_load(&yardstick, "traits_corpus.txt", 40, &error) != QL_OK ||
        ql_yardstick_load_words(&yardstick, "traits_words.txt", &error) != QL_OK ||
        ql_word_list_load(&yardstick.listed, "traits_listed.txt", &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    yardstick.patterns[0] = "John";
    yardstick.patterns[1] = "n S";
    yardstick.pattern_count = 2;
    return 0;
}

static int close_yardstick(void **state)
{
    (void)state;
    ql_yardstick_free(&yardstick);
    ql_item_reader_free(&reader);
    return 0;
}

static struct ql_item_traits look(const char *item, bool own)
{
    struct ql_item_traits traits;
    struct ql_error error;

    assert_int_equal(ql_item_traits_read(&traits, &reader, &yardstick, item, strlen(item), own, &error), QL_OK);
    return traits;
}

static void item_of_the_text_is_a_copy_and_one_edit_away_a_near_one(void **state)
{
    (void)state;
    assert_int_equal(yardstick.item_count, 6); // the empty line is not an item
    assert_true(look("John Smith", false).copied);
    assert_false(look("John Smith", false).near);
    assert_true(look("John Smit", false).near);
    assert_true(look("John Smyth", false).near);
    assert_true(look("John Smiths", false).near);
    assert_true(look("Zoe X", false).near); // one symbol of two bytes
    assert_false(look("Joan Smyth", false).near);
    assert_false(look("", false).copied);
}

static void word_is_known_in_any_case_and_digits_of_any_script_are_known(void **state)
{
    (void)state;
    assert_int_equal(look("Μάριος ΜΆΡΙΟΣ", false).unknown_words, 0);
    assert_int_equal(look("Smith 123 ١٢٣ १२", false).unknown_words, 0);
    assert_int_equal(look("x١٢٣ १२र", false).unknown_words, 2);
}

static void own_item_is_held_against_the_others(void **state)
{
    (void)state;
    assert_false(look("John Smith", true).copied);
    assert_true(look("John Smith", true).near); // Jon Smith
    assert_false(look("Jane O'Brien", true).near);
    assert_true(look("Mary Mary", true).copied);             // it occurs twice
    assert_int_equal(look("John Smith", true).new_words, 1); // Smith is in another item
    assert_int_equal(look("Jane O'Brien", true).new_words, 2);
    assert_int_equal(look("Mary Mary", true).new_words, 0);
}

static void words_are_divided_folded_and_looked_up(void **state)
{
    struct ql_item_traits traits = look("JOHN d'Arcy-Smith, 'Brown' 2", false);

    (void)state;
    assert_int_equal(traits.words, 5); // john, d'arcy, smith, brown, 2
    assert_int_equal(traits.new_words, 3);
    assert_int_equal(traits.known_words, 2);
    assert_int_equal(traits.unknown_words, 1); // d'arcy; a number is known
    assert_int_equal(traits.invented_symbols, 7);
    assert_int_equal(traits.symbols, 28);
    traits = look("ZO\xc3\x8b", false);
    assert_int_equal(traits.new_words, 0);
    assert_int_equal(traits.symbols, 3);
    traits = look("", false);
    assert_int_equal(traits.words + traits.symbols, 0);
    assert_int_equal(look("' - .", false).words, 0);
}

static void repeated_words_are_counted_with_all_their_symbols(void **state)
{
    (void)state;
    assert_int_equal(look("Robert Maria Maria Morgan", false).repeated_symbols, 10);
    assert_int_equal(look("to be or not to BE", false).repeated_symbols, 8);
    assert_int_equal(look("Maria Marian", false).repeated_symbols, 0);
    assert_true(look("Maria maria", false).echoed);
    assert_true(look("Zo\xc3\xab\xc3\xab Zo\xc3\xab\xc3\xab", false).echoed); // four letters
    assert_false(look("the cat and the dog", false).echoed);                  // three
}

static void patterns_and_listed_words_are_found(void **state)
{
    (void)state;
    assert_int_equal(look("John Smith", false).patterns, 3);
    assert_int_equal(look("Johnson", false).patterns, 1);
    assert_int_equal(look("john", false).patterns, 0);
    assert_true(look("An Ass", false).listed);
    assert_false(look("Cassandra", false).listed);
}

static void words_of_a_filter_are_listed_too(void **state)
{
    static const char list[] = "tofu\n";
    struct ql_listing listing = {0};
    struct ql_item_keys keys = {0};
    struct ql_error error;

    (void)state;
    assert_false(look("T.o.f.u.", false).listed);
    assert_int_equal(ql_listing_read(&listing, list, sizeof list - 1, "list", 0, &error), QL_OK);
    assert_int_equal(ql_filter_file_init(&yardstick.filter, &listing, &keys, &error), QL_OK);
    ql_listing_free(&listing);
    yardstick.has_filter = true; // the yardstick frees the filter
    assert_true(look("T.o.f.u.", false).listed);
    assert_true(look("An Ass", false).listed);
    assert_false(look("Cassandra", false).listed);
}

static void yardstick_of_bad_bytes_names_the_line(void **state)
{
    struct ql_yardstick bad = {0};
    struct ql_error error;

    (void)state;
    save("traits_bad.txt", "good\nb\xff"
                           "d\n");
    assert_int_equal(ql_yardstick_load(&bad, "traits_bad.txt", 9, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "traits_bad.txt:2"));
    ql_yardstick_free(&bad);
    save("traits_bad.txt", "\n\n");
    assert_int_equal(ql_yardstick_load(&bad, "traits_bad.txt", 9, &error), QL_ERROR_INPUT);
    ql_yardstick_free(&bad);
    assert_int_equal(ql_yardstick_load(&bad, "absent.txt", 9, &error), QL_ERROR_SYSTEM);
    ql_yardstick_free(&bad);
}

static void add_pairs(struct ql_pair_side *side, const uint64_t (*items)[2], size_t count)
{
    struct ql_error error;
    for (size_t k = 0; k < count; k++) {
        const struct ql_item_traits traits = {.symbols = items[k][0], .repeated_symbols = items[k][1]};
        assert_int_equal(ql_pair_side_add(side, &traits, &error), QL_OK);
    }
}

// Length 3: 5 with 1, 0 with 0; length 7: 2 with 9; the items of length 5 and 8 and the second one of 7 are left over.
static void pairs_are_of_equal_length_in_their_order(void **state)
{
    static const uint64_t left_items[][2] = {{7, 2}, {3, 5}, {3, 0}, {7, 6}, {5, 8}},
                          right_items[][2] = {{3, 1}, {8, 4}, {7, 9}, {3, 0}};
    struct ql_pair_side left = {0}, right = {0};
    struct ql_error error;
    json_t *results;

    (void)state;
    add_pairs(&left, left_items, 5);
    add_pairs(&right, right_items, 4);
    assert_int_equal(ql_pair_test_run(&results, &left, &right, &error), QL_OK);
    const json_t *repeated = json_array_get(results, QL_PAIR_REPEATED);
    assert_int_equal(json_integer_value(json_object_get(repeated, "matched")), 3);
    assert_int_equal(json_integer_value(json_object_get(repeated, "differing")), 2); // 4 and -7
    assert_true(json_real_value(json_object_get(repeated, "mean_difference")) == -1.0);
    assert_true(json_real_value(json_object_get(repeated, "below")) == 2.0);
    json_decref(results);
    ql_pair_side_free(&right);
    assert_int_equal(ql_pair_test_run(&results, &left, &right, &error), QL_OK); // nothing to pair with
    assert_true(json_real_value(json_object_get(json_array_get(results, 0), "p")) == 1.0);
    json_decref(results);
    ql_pair_side_free(&left);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(item_of_the_text_is_a_copy_and_one_edit_away_a_near_one),
        cmocka_unit_test(word_is_known_in_any_case_and_digits_of_any_script_are_known),
        cmocka_unit_test(own_item_is_held_against_the_others),
        cmocka_unit_test(words_are_divided_folded_and_looked_up),
        cmocka_unit_test(repeated_words_are_counted_with_all_their_symbols),
        cmocka_unit_test(patterns_and_listed_words_are_found),
        cmocka_unit_test(words_of_a_filter_are_listed_too),
        cmocka_unit_test(yardstick_of_bad_bytes_names_the_line),
        cmocka_unit_test(pairs_are_of_equal_length_in_their_order),
    };
    return cmocka_run_group_tests_name("item_traits", tests, open_yardstick, close_yardstick);
}
