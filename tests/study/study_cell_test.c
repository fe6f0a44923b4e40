// The counts of three models whose distribution is known: one that draws all symbols with equal probability, one that
// copies, and one that always writes the same.
// Uses: generate, study/study_cell, base/file, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "generate/generation.h"
#include "study/study_cell.h"

enum { ITEMS = 40000 };

static const char corpus[] = "ab\nac\nbb ab\naaaa\n";

static struct ql_yardstick yardstick;

static int open_yardstick(void **state)
{
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_file_save("cell_corpus.txt", corpus, strlen(corpus), &error), QL_OK);
    assert_int_equal(ql_yardstick_load(&yardstick, "cell_corpus.txt", 400, &error), QL_OK);
    yardstick.patterns[0] = "b";
    yardstick.pattern_count = 1;
    return 0;
}

static int close_yardstick(void **state)
{
    (void)state;
    ql_yardstick_free(&yardstick);
    return 0;
}

static enum ql_status take_item(void *context, const struct ql_generated_item *item, struct ql_error *error)
{
    static const char symbols[] = "\nabc";
    char text[400];

    for (int k = 0; k < item->length; k++) {
        text[k] = symbols[item->tokens[k]];
    }
    return ql_study_cell_items_add(context, text, (size_t)item->length, item->cut, error);
}

// Items of a model with zero weights: newline, a, b, and c are equally likely, whatever came before.
static json_t *count_uniform(uint32_t seed)
{
    const struct ql_dimensions d = {.cell = QL_CELL_RNN, .V = 4, .E = 2, .H = 3, .L = 1, .layer = QL_LAYER_RECURRENT};
    struct ql_model_info info = {.items = false};
    struct ql_study_cell_items items = {.size = 4};
    struct ql_generation_result result;
    struct ql_thread_pool pool;
    struct ql_model model;
    struct ql_chain chain;
    struct ql_batch_engine engine;
    struct ql_error error;
    json_t *cell;

    assert_int_equal(ql_model_init(&model, d, &error), QL_OK);
    assert_int_equal(ql_chain_init(&chain, &model, &info, &error), QL_OK);
    assert_int_equal(ql_batch_engine_open_chain(&engine, &chain, 1, &error), QL_OK);
    assert_int_equal(ql_thread_pool_init(&pool, 1, &error), QL_OK);
    const struct ql_generator generator = {
        .engine = &engine, .seed = seed, .sampling = {1.0f, 1.0f, 0}, .max_length = 400, .pool = &pool};
    assert_int_equal(ql_generation_run(&generator, 0, ITEMS, take_item, NULL, &items, &result, &error), QL_OK);
    assert_int_equal(ql_study_cell_count(&cell, &items, &yardstick, false, &error), QL_OK);
    ql_study_cell_items_free(&items);
    ql_thread_pool_free(&pool);
    ql_batch_engine_close(&engine);
    ql_model_free(&model);
    return cell;
}

// A count of independent items is within five standard deviations of the expected value.
static void assert_binomial(double count, double share)
{
    if (!(fabs(count - ITEMS * share) <= 5.0 * sqrt(ITEMS * share * (1.0 - share)))) {
        fail_msg("%g instead of about %g", count, ITEMS * share);
    }
}

// A text of n given symbols has the share 4^-(n + 1): ab and ac 1/64 each, aaaa 1/1024, bb ab (with its space) none.
// One edit away from ab or ac, but neither: 1 symbol: a, b, c; 2: aa, bb, cb, bc, cc; 3: a fourth of each is enumerated.
static double expected_near(void)
{
    static const char *const items[] = {"ab", "ac", "bb ab", "aaaa"};
    double share = 0.0;

    for (int length = 0; length <= 6; length++) {
        for (int code = 0; code < (int)pow(3, length); code++) {
            uint32_t text[8], item[8];
            char bytes[8] = "";
            bool near = false, copied = false;
            for (int k = 0, rest = code; k < length; k++, rest /= 3) {
                bytes[k] = "abc"[rest % 3];
                text[k] = (uint32_t)bytes[k];
            }
            for (int i = 0; i < 4; i++) {
                const size_t count = strlen(items[i]);
                for (size_t k = 0; k < count; k++) {
                    item[k] = (uint32_t)items[i][k];
                }
                near = near || ql_near_check(text, (size_t)length, item, count) == 1;
                copied = copied || strcmp(bytes, items[i]) == 0;
            }
            share += near && !copied ? pow(0.25, length + 1) : 0.0;
        }
    }
    return share;
}

static void uniform_model_has_the_shares_of_its_distribution(void **state)
{
    json_t *cell = count_uniform(2);
    const json_t *lengths = json_object_get(cell, "lengths");

    (void)state;
    assert_int_equal(ql_study_cell_number(cell, "items"), ITEMS);
    assert_binomial((double)ql_study_cell_number(cell, "copied"), 2.0 / 64.0 + 1.0 / 1024.0);
    assert_binomial((double)ql_study_cell_number(cell, "near"), expected_near());
    for (int n = 0; n < 8; n++) { // lengths are geometric
        assert_binomial((double)json_integer_value(json_array_get(lengths, (size_t)n)), 0.25 * pow(0.75, n));
    }
    // b before the newline: each draw decides with probability 1/4 for either, or continues.
    assert_binomial((double)json_integer_value(json_array_get(json_object_get(cell, "patterns"), 0)), 0.5);
    // Every item except the empty one is one word; the text has ab, ac, bb, aaaa.
    assert_binomial((double)ql_study_cell_number(cell, "words"), 0.75);
    assert_binomial((double)(ql_study_cell_number(cell, "words") - ql_study_cell_number(cell, "new_words")),
                    3.0 / 64.0 + 1.0 / 1024.0);
    // The mean length is 3, its variance 12.
    assert_true(fabs((double)ql_study_cell_number(cell, "symbols") - 3.0 * ITEMS) < 5.0 * sqrt(12.0 * ITEMS));
    // Different items: over all texts of n symbols, 3^n (1 - (1 - 4^-(n + 1))^ITEMS).
    double distinct = 0.0;
    for (int n = 0; n < 60; n++) {
        distinct -= pow(3, n) * expm1(ITEMS * log1p(-pow(0.25, n + 1)));
    }
    assert_true(fabs((double)ql_study_cell_number(cell, "distinct") - distinct) < 5.0 * sqrt(distinct));
    json_decref(cell);
}

static void uniform_model_gives_the_same_counts_for_the_same_seed(void **state)
{
    json_t *cells[] = {count_uniform(2), count_uniform(2), count_uniform(3)};

    (void)state;
    assert_true(json_equal(cells[0], cells[1]));
    assert_false(json_equal(cells[0], cells[2]));
    for (int k = 0; k < 3; k++) {
        json_decref(cells[k]);
    }
}

// Adds `count` items, from a list that is repeated, and counts them.
static json_t *count_items(const char *const *texts, size_t text_count, int count, bool own)
{
    struct ql_study_cell_items items = {.size = 4};
    struct ql_error error;
    json_t *cell;

    for (int k = 0; k < count; k++) {
        const char *text = texts[(size_t)k % text_count];
        assert_int_equal(ql_study_cell_items_add(&items, text, strlen(text), false, &error), QL_OK);
    }
    assert_int_equal(ql_study_cell_count(&cell, &items, &yardstick, own, &error), QL_OK);
    ql_study_cell_items_free(&items);
    return cell;
}

static const char *const lines[] = {"ab", "ac", "bb ab", "aaaa"};

static void copying_model_has_only_copies_and_no_new_word(void **state)
{
    json_t *cell = count_items(lines, 4, 1000, false);

    (void)state;
    assert_int_equal(ql_study_cell_number(cell, "copied"), 1000);
    assert_int_equal(ql_study_cell_number(cell, "near"), 0);
    assert_int_equal(ql_study_cell_number(cell, "distinct"), 4);
    assert_int_equal(ql_study_cell_number(cell, "distinct_at_size"), 4);
    assert_int_equal(ql_study_cell_number(cell, "words"), 1250);
    assert_int_equal(ql_study_cell_number(cell, "new_words"), 0);
    json_decref(cell);
    // The text itself, each item against the others: ab and ac are near, ab alone is a word of two items.
    cell = count_items(lines, 4, 4, true);
    assert_int_equal(ql_study_cell_number(cell, "copied"), 0);
    assert_int_equal(ql_study_cell_number(cell, "near"), 2);
    assert_int_equal(ql_study_cell_number(cell, "new_words"), 3);
    json_decref(cell);
}

// Of six lines, four are equal. Among any four there are 2.33 different ones on average, and not the one with which the
// counted lines begin.
static void text_is_compared_by_as_many_items_as_a_model_has(void **state)
{
    static const char *const texts[] = {"ab", "ab", "ab", "ab", "ac", "bb ab"};
    json_t *cell = count_items(texts, 6, 6, true);

    (void)state;
    assert_int_equal(ql_study_cell_number(cell, "size"), 4);
    assert_int_equal(ql_study_cell_number(cell, "distinct_at_size"), 2);
    assert_int_equal(ql_study_cell_number(cell, "distinct"), 3);
    json_decref(cell);
}

static void constant_model_is_one_item_again_and_again(void **state)
{
    static const char *const constant[] = {"cab cab"};
    json_t *cell = count_items(constant, 1, 1000, false);
    const json_t *frequent = json_array_get(json_object_get(cell, "frequent"), 0);

    (void)state;
    assert_int_equal(ql_study_cell_number(cell, "distinct"), 1);
    assert_int_equal(ql_study_cell_number(cell, "distinct_at_size"), 1);
    assert_int_equal(ql_study_cell_number(cell, "size"), 4);
    assert_int_equal(ql_study_cell_number(cell, "copied") + ql_study_cell_number(cell, "near"), 0);
    assert_int_equal(ql_study_cell_number(cell, "new_words"), 2000);
    assert_int_equal(ql_study_cell_number(cell, "repeated_items"), 1000);
    assert_int_equal(ql_study_cell_number(cell, "repeated_symbols"), 6000);
    assert_string_equal(json_string_value(json_array_get(frequent, 0)), "cab cab");
    assert_int_equal(json_integer_value(json_array_get(frequent, 1)), 1000);
    assert_int_equal(json_array_size(json_object_get(cell, "samples")), QL_STUDY_SAMPLES);
    json_decref(cell);
}

static void frequent_items_come_by_how_often_they_came(void **state)
{
    static const char *const texts[] = {"a", "b", "c", "b", "c", "c", "d", "e"}, *const order[] = {"c", "b", "a", "d",
                                                                                                   "e"};
    json_t *cell = count_items(texts, 8, 8, false);
    const json_t *frequent = json_object_get(cell, "frequent");

    (void)state;
    assert_int_equal(json_array_size(frequent), 5);
    for (size_t k = 0; k < 5; k++) {
        assert_string_equal(json_string_value(json_array_get(json_array_get(frequent, k), 0)), order[k]);
    }
    json_decref(cell);
}

// In the text, half of the items of 4 symbols are echoed, and all of those of 20; other length bins have no items.
static void echoes_are_expected_by_length(void **state)
{
    json_t *own = json_loads("{\"lengths\": [0,0,0,0,2,0,0,0,0,0,0,0,0,0,0,0, 0,0,0,0,3],"
                             " \"echoed_lengths\": [0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0, 0,0,0,0,3]}",
                             0, NULL);
    json_t *cell = json_loads("{\"lengths\": [0,0,1,0,2]}", 0, NULL);
    json_t *list = json_object_get(cell, "lengths");

    (void)state;
    assert_true(ql_study_cell_expected_echoes(cell, own) == 0.5);
    for (int k = 5; k < 60; k++) {
        (void)json_array_append_new(list, json_integer(k == 59 ? 3 : 0)); // a bin without real items
    }
    assert_true(ql_study_cell_expected_echoes(cell, own) == 0.75);
    assert_true(ql_study_cell_expected_echoes(own, own) == 0.8);
    (void)json_array_clear(list);
    assert_true(ql_study_cell_expected_echoes(cell, own) == 0.0);
    json_decref(own);
    // The second bin begins with 16 symbols.
    own = json_loads("{\"lengths\": [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1, 1],"
                     " \"echoed_lengths\": [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0, 1]}",
                     0, NULL);
    for (int k = 0; k < 17; k++) {
        (void)json_array_append_new(list, json_integer(k == 16 ? 1 : 0));
    }
    assert_true(ql_study_cell_expected_echoes(cell, own) == 1.0);
    json_decref(own);
    json_decref(cell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echoes_are_expected_by_length),
        cmocka_unit_test(uniform_model_has_the_shares_of_its_distribution),
        cmocka_unit_test(uniform_model_gives_the_same_counts_for_the_same_seed),
        cmocka_unit_test(copying_model_has_only_copies_and_no_new_word),
        cmocka_unit_test(text_is_compared_by_as_many_items_as_a_model_has),
        cmocka_unit_test(constant_model_is_one_item_again_and_again),
        cmocka_unit_test(frequent_items_come_by_how_often_they_came),
    };
    return cmocka_run_group_tests_name("cell", tests, open_yardstick, close_yardstick);
}
