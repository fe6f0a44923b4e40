// The index of near copies compared with the edit distance of every pair.
// Uses: study/near_index, device/random.h, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "device/random.h"
#include "study/near_index.h"

enum { LENGTH_LIMIT = 8, TEXTS = 300, QUERIES = 3000 };

static struct ql_random numbers;

// Few different symbols, so that there are runs of equal ones and many near texts; one symbol has two bytes.
static size_t make_text(char *text)
{
    static const char *const symbols[] = {"a", "b", "\xc3\xa9"};
    const int length = (int)(ql_random_step(&numbers) % (LENGTH_LIMIT + 1));
    size_t size = 0;

    for (int k = 0; k < length; k++) {
        const char *symbol = symbols[ql_random_step(&numbers) % 3];
        memcpy(text + size, symbol, strlen(symbol));
        size += strlen(symbol);
    }
    text[size] = '\0';
    return size;
}

// The edit distance (V. I. Levenshtein, 1965) by its definition, on symbols of one byte.
static int edit_distance(const char *left, const char *right)
{
    int row[2 * LENGTH_LIMIT + 1];
    const int m = (int)strlen(left), n = (int)strlen(right);

    for (int j = 0; j <= n; j++) {
        row[j] = j;
    }
    for (int i = 1; i <= m; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            const int substituted = diagonal + (left[i - 1] != right[j - 1]);
            diagonal = row[j];
            const int moved = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = substituted < moved ? substituted : moved;
        }
    }
    return row[n];
}

// One byte per symbol.
static void flatten(char *flat, const char *text)
{
    for (; *text != '\0'; text++) {
        if ((*text & 0xc0) != 0x80) {
            *flat++ = *text;
        }
    }
    *flat = '\0';
}

static int nearest_of_all(const struct ql_text_table *texts, const char *query, int64_t except)
{
    char flat_query[2 * LENGTH_LIMIT + 1] = "", text[2 * LENGTH_LIMIT + 1], flat[2 * LENGTH_LIMIT + 1] = "";
    int nearest = 2;

    flatten(flat_query, query);
    for (size_t n = 0; n < texts->count; n++) {
        size_t length;
        const char *bytes = ql_text_table_read(texts, n, &length);
        memcpy(text, bytes, length);
        text[length] = '\0';
        flatten(flat, text);
        const int distance = edit_distance(flat, flat_query);
        nearest = (int64_t)n != except && distance < nearest ? distance : nearest;
    }
    return nearest;
}

static void index_finds_what_a_comparison_with_all_texts_finds(void **state)
{
    struct ql_text_table texts = {0};
    struct ql_near_index index;
    struct ql_error error;
    char text[2 * LENGTH_LIMIT + 1];
    int found[3] = {0};

    (void)state;
    ql_random_init(&numbers, 4);
    for (int k = 0; k < TEXTS; k++) {
        const size_t length = make_text(text);
        assert_int_equal(ql_text_table_add(&texts, text, length, NULL, &error), QL_OK);
    }
    assert_int_equal(ql_near_index_init(&index, &texts, LENGTH_LIMIT, &error), QL_OK);
    for (int k = 0; k < QUERIES; k++) {
        const size_t length = make_text(text);
        const int64_t except = k % 2 == 0 ? -1 : ql_text_table_find(&texts, text, length);
        const int distance = ql_near_index_find(&index, text, length, except);
        assert_int_equal(distance, nearest_of_all(&texts, text, except));
        found[distance]++;
    }
    assert_true(found[0] > 100 && found[1] > 100 && found[2] > 100);
    ql_near_index_free(&index);
    ql_text_table_free(&texts);
}

static void index_finds_a_text_that_is_one_symbol_longer_than_all(void **state)
{
    struct ql_text_table texts = {0};
    struct ql_near_index index;
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_text_table_add(&texts, "abcd", 4, NULL, &error), QL_OK);
    assert_int_equal(ql_near_index_init(&index, &texts, 0, &error), QL_OK);
    assert_int_equal(ql_near_index_find(&index, "abcde", 5, -1), 1);
    assert_int_equal(ql_near_index_find(&index, "xabcd", 5, -1), 1); // the last symbol counts, too
    assert_int_equal(ql_near_index_find(&index, "xabce", 5, -1), 2);
    assert_int_equal(ql_near_index_find(&index, "abcdef", 6, -1), 2);
    ql_near_index_free(&index);
    ql_text_table_free(&texts);
}

static void index_of_nothing_finds_nothing(void **state)
{
    struct ql_text_table texts = {0};
    struct ql_near_index index;
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_near_index_init(&index, &texts, 4, &error), QL_OK);
    assert_int_equal(ql_near_index_find(&index, "", 0, -1), 2);
    assert_int_equal(ql_near_index_find(&index, "abcd", 4, -1), 2);
    assert_int_equal(ql_near_index_find(&index, "abcde", 5, -1), 2); // longer than promised
    ql_near_index_free(&index);
}

static void table_numbers_texts_in_their_order_and_counts_them(void **state)
{
    struct ql_text_table table = {0};
    struct ql_error error;
    uint32_t number;
    char text[16];

    (void)state;
    assert_int_equal(ql_text_table_find(&table, "a", 1), -1);
    for (int round = 0; round < 2; round++) {
        for (int k = 0; k < 5000; k++) {
            const int length = snprintf(text, sizeof text, "%d", k);
            assert_int_equal(ql_text_table_add(&table, text, (size_t)length, &number, &error), QL_OK);
            assert_int_equal(number, k);
        }
    }
    assert_int_equal(table.count, 5000);
    assert_int_equal(ql_text_table_count(&table, "4999", 4), 2);
    assert_int_equal(ql_text_table_count(&table, "5000", 4), 0);
    assert_int_equal(ql_text_table_add(&table, NULL, 0, &number, &error), QL_OK);
    assert_int_equal(ql_text_table_find(&table, "", 0), 5000);
    ql_text_table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(index_finds_what_a_comparison_with_all_texts_finds),
        cmocka_unit_test(index_finds_a_text_that_is_one_symbol_longer_than_all),
        cmocka_unit_test(index_of_nothing_finds_nothing),
        cmocka_unit_test(table_numbers_texts_in_their_order_and_counts_them),
    };
    return cmocka_run_group_tests_name("near_index", tests, NULL, NULL);
}
