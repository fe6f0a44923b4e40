// What counts as an item in each format, and how a format is recognized.
// Uses: cmocka, corpus.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "corpus/format_reader.h"

enum { ITEM_LIMIT = 8 };

static enum ql_format detected(const char *path, const char *bytes)
{
    struct ql_reader reader;

    ql_reader_open(&reader, path, bytes, strlen(bytes), QL_FORMAT_AUTO);
    return reader.format;
}

// Reads all items and compares them, and the lines where they start, with those expected; a NULL text ends them.
static void assert_items(enum ql_format format, const char *bytes, const char *const *texts, const size_t *lines)
{
    struct ql_reader reader;
    struct ql_raw_item item;
    struct ql_error error;
    bool found;

    ql_reader_open(&reader, "input", bytes, strlen(bytes), format);
    for (size_t i = 0; i < ITEM_LIMIT && texts[i] != NULL; i++) {
        assert_int_equal(ql_reader_read(&reader, &item, &found, &error), QL_OK);
        assert_true(found);
        assert_int_equal(item.length, strlen(texts[i]));
        assert_memory_equal(item.bytes, texts[i], item.length);
        assert_int_equal(item.line, lines[i]);
    }
    assert_int_equal(ql_reader_read(&reader, &item, &found, &error), QL_OK);
    assert_false(found);
}

static void lines_each_line_is_an_item(void **state)
{
    (void)state;
    assert_items(QL_FORMAT_LINES, "", (const char *[]){NULL}, (size_t[]){0});
    assert_items(QL_FORMAT_LINES, "one", (const char *[]){"one", NULL}, (size_t[]){1});
    assert_items(QL_FORMAT_LINES, "one\r\n\ntwo\n", (const char *[]){"one", "", "two", NULL}, (size_t[]){1, 2, 3});
}

static void fortune_percent_lines_separate_items(void **state)
{
    (void)state;
    assert_items(QL_FORMAT_FORTUNE, "a\nb\n%\nc\n%\n", (const char *[]){"a\nb", "c", NULL}, (size_t[]){1, 4});
    assert_items(QL_FORMAT_FORTUNE, "%\n%\na\r\n%\r\n%\n\n%\n50%\n%%", (const char *[]){"a", "", "50%\n%%", NULL},
                 (size_t[]){3, 6, 8});
    assert_items(QL_FORMAT_FORTUNE, "%\n%\n%", (const char *[]){NULL}, (size_t[]){0});
}

static void csv_quoted_line_end_belongs_to_the_row(void **state)
{
    (void)state;
    assert_items(QL_FORMAT_CSV, "a,b\n1,\"x\ny\"\n\n2,z", (const char *[]){"a,b", "1,\"x\ny\"", "", "2,z", NULL},
                 (size_t[]){1, 2, 4, 5});
}

static void csv_cut_short_in_quotes_is_an_error(void **state)
{
    static const char text[] = "a,b\n1,\"x\ny\n";
    struct ql_reader reader;
    struct ql_raw_item item;
    struct ql_error error;
    bool found;

    (void)state;
    ql_reader_open(&reader, "input.csv", text, strlen(text), QL_FORMAT_CSV);
    assert_int_equal(ql_reader_read(&reader, &item, &found, &error), QL_OK);
    assert_int_equal(ql_reader_read(&reader, &item, &found, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "input.csv:2: "));
}

static void format_is_recognised_by_name_and_content(void **state)
{
    (void)state;
    assert_int_equal(detected("a.csv", ""), QL_FORMAT_CSV);
    assert_int_equal(detected("A.CSV", "%\n"), QL_FORMAT_CSV);
    assert_int_equal(detected("a.jsonl", ""), QL_FORMAT_JSONL);
    assert_int_equal(detected("a.ndjson", ""), QL_FORMAT_JSONL);
    assert_int_equal(detected("a", "one\n%\ntwo\n"), QL_FORMAT_FORTUNE);
    assert_int_equal(detected("a", "\n{\"text\": \"x\"}\n"), QL_FORMAT_JSONL);
    assert_int_equal(detected("a", "{open\n"), QL_FORMAT_LINES);
    assert_int_equal(detected("a.json", "{\"text\": \"x\"}\n{\"text\": \"y\"}\n"), QL_FORMAT_JSONL);
    assert_int_equal(detected("a.json", "\n[\"x\"]"), QL_FORMAT_JSON);
    assert_int_equal(detected("a.JSON", "{\n  \"text\": \"x\"\n}\n"), QL_FORMAT_JSON);
    assert_int_equal(detected("a.json", "[1, 2]"), QL_FORMAT_JSON);
    assert_int_equal(detected("a.json", "x\n%\ny\n"), QL_FORMAT_JSON);
    assert_int_equal(detected("a", "100 %\n"), QL_FORMAT_LINES);
    assert_int_equal(detected("csv", ""), QL_FORMAT_LINES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_each_line_is_an_item),
        cmocka_unit_test(fortune_percent_lines_separate_items),
        cmocka_unit_test(csv_quoted_line_end_belongs_to_the_row),
        cmocka_unit_test(csv_cut_short_in_quotes_is_an_error),
        cmocka_unit_test(format_is_recognised_by_name_and_content),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
