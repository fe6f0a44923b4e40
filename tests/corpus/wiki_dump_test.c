// A Wikiquote dump: its quotations, authors, and report; and dumps that are cut short, damaged, or malicious.
// Uses: cmocka, base/file, corpus, libbz2.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bzlib.h>
#include <cmocka.h>

#include "base/file.h"
#include "corpus/preparation.h"
#include "corpus/wiki_dump.h"

static struct ql_preparation preparation;
static struct ql_error error;
static struct ql_file_view dump;

static int set_up(void **state)
{
    struct ql_prepare_options options = ql_prepare_options_init();

    (void)state;
    options.min_symbol_count = 0;
    assert_int_equal(ql_preparation_init(&preparation, &options, &error), QL_OK);
    return ql_file_open(&dump, QL_SOURCE_DIR "/tests/corpus/wikiquote.xml", &error) == QL_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ql_preparation_free(&preparation);
    ql_file_close(&dump);
    return 0;
}

static enum ql_status prepare(const char *bytes, size_t length)
{
    enum ql_status status = ql_preparation_read(&preparation, "dump.xml", bytes, length, &error);

    return status == QL_OK ? ql_preparation_step(&preparation, &error) : status;
}

// The bytes in bz2, which the caller frees.
static char *compress(const char *bytes, size_t length, unsigned *compressed)
{
    *compressed = (unsigned)(length + length / 50 + 1000);
    char *result = malloc(*compressed);
    assert_non_null(result);
    assert_int_equal(BZ2_bzBuffToBuffCompress(result, compressed, (char *)bytes, (unsigned)length, 1, 0, 0), BZ_OK);
    return result;
}

static size_t dropped_for(enum ql_stream stream, const char *reason)
{
    const struct ql_account *account = &preparation.streams[stream].account;

    for (size_t i = 0; i < account->entry_count; i++) {
        if (account->entries[i].reason != NULL && strcmp(account->entries[i].reason, reason) == 0) {
            return account->entries[i].count;
        }
    }
    return 0;
}

static void assert_kept(enum ql_stream stream, const char *const *texts)
{
    const struct ql_item_list *list = &preparation.streams[stream].list;

    for (size_t i = 0; i < list->count && texts[i] != NULL; i++) {
        size_t length;
        const char *text = ql_item_list_read(list, i, &length);
        assert_int_equal(length, strlen(texts[i]));
        assert_memory_equal(text, texts[i], length);
        assert_true(i + 1 < list->count || texts[i + 1] == NULL);
    }
}

static void assert_the_dumps_items(void)
{
    static const char *const quotes[] = {"It is late, and nobody has closed the window.",
                                         "A garden is a patient answer -- to a question nobody asked. And it is never "
                                         "finished.",
                                         "Wait for the morning, not for me or the neighbor's dog.",
                                         "She left every door open behind her.",
                                         "Nobody knows who said this about her.",
                                         "A window is a wall that has changed its mind.",
                                         NULL};
    static const char *const names[] = {"Ann Bellwood", "Carl Dempster", "Dora Ellery", NULL};

    assert_true(ql_preparation_check(&preparation));
    assert_int_equal(preparation.inputs[0].item_count, 15);
    assert_int_equal(preparation.streams[QL_STREAM_QUOTES].list.count, 6);
    assert_kept(QL_STREAM_QUOTES, quotes);
    assert_int_equal(preparation.streams[QL_STREAM_NAMES].list.count, 3);
    assert_kept(QL_STREAM_NAMES, names);
    assert_int_equal(dropped_for(QL_STREAM_QUOTES, "other_markup"), 2);
    assert_int_equal(dropped_for(QL_STREAM_QUOTES, "unclosed_markup"), 1);
    assert_int_equal(dropped_for(QL_STREAM_QUOTES, "misattributed"), 1);
    assert_int_equal(dropped_for(QL_STREAM_QUOTES, "section"), 1);
    assert_int_equal(dropped_for(QL_STREAM_QUOTES, "redirect"), 1);
    assert_int_equal(dropped_for(QL_STREAM_QUOTES, "no_article"), 1);
    assert_int_equal(dropped_for(QL_STREAM_QUOTES, "no_quotation"), 1);
    assert_int_equal(dropped_for(QL_STREAM_NAMES, "no_attribution"), 6);
}

static void dump_makes_quotes_and_names(void **state)
{
    (void)state;
    assert_int_equal(prepare((const char *)dump.data, dump.size_bytes), QL_OK);
    assert_the_dumps_items();
    assert_int_equal(preparation.streams[QL_STREAM_QUOTES].list.items[0].line, 19);
}

static void dump_in_several_bz2_streams_is_the_same(void **state)
{
    unsigned first;
    unsigned second;
    const size_t half = dump.size_bytes / 2;
    char *left = compress((const char *)dump.data, half, &first);
    char *right = compress((const char *)dump.data + half, dump.size_bytes - half, &second);
    char *both = malloc((size_t)first + second);

    (void)state;
    assert_non_null(both);
    memcpy(both, left, first);
    memcpy(both + first, right, second);
    assert_int_equal(prepare(both, (size_t)first + second), QL_OK);
    assert_the_dumps_items();
    free(left);
    free(right);
    free(both);
}

static enum ql_status count_page(void *taker, const struct ql_wiki_page *page, struct ql_error *reason)
{
    (void)page;
    (void)reason;
    ++*(size_t *)taker;
    return QL_OK;
}

static enum ql_status read_dump(const char *bytes, size_t length)
{
    size_t pages = 0;

    return ql_wiki_dump_read("dump.xml", bytes, length, count_page, &pages, &error);
}

static void dump_cut_short_is_an_error_everywhere(void **state)
{
    unsigned length;
    char *bytes = compress((const char *)dump.data, dump.size_bytes, &length);

    (void)state;
    for (unsigned i = 3; i < length; i++) {
        assert_int_equal(read_dump(bytes, i), QL_ERROR_INPUT);
    }
    free(bytes);
    // After the last tag only a line end is missing.
    for (size_t i = 0; i + 1 < dump.size_bytes; i++) {
        assert_int_equal(read_dump((const char *)dump.data, i), QL_ERROR_INPUT);
    }
    assert_non_null(strstr(error.message, "dump.xml:"));
}

// bz2 has a few bits without meaning; its checksums detect a change in any other bit.
static void damaged_bz2_is_an_error_or_the_same(void **state)
{
    unsigned length;
    size_t errors = 0;
    size_t count = 0;
    char *bytes = compress((const char *)dump.data, dump.size_bytes, &length);

    (void)state;
    for (unsigned i = 3; i < length; i += 7) {
        size_t pages = 0;
        bytes[i] ^= 0x10;
        const enum ql_status status = ql_wiki_dump_read("dump.xml", bytes, length, count_page, &pages, &error);
        errors += status == QL_ERROR_INPUT;
        assert_true(status == QL_ERROR_INPUT || (status == QL_OK && pages == 5));
        bytes[i] ^= 0x10;
        count++;
    }
    free(bytes);
    assert_true(errors >= count - count / 20);
    assert_int_equal(read_dump("BZh9 is only a beginning", 24), QL_ERROR_INPUT);
}

static void assert_refused(const char *text, const char *message)
{
    assert_int_equal(read_dump(text, strlen(text)), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, message));
}

static void what_no_dump_has_is_refused(void **state)
{
    enum { DEPTH = 100000 };
    char *deep = malloc(3 * DEPTH + 1);

    (void)state;
    assert_non_null(deep);
    for (size_t i = 0; i < DEPTH; i++) {
        memcpy(deep + 3 * i, "<a>", 4);
    }
    assert_refused(deep, "nested deeper");
    free(deep);
    assert_refused("<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>", "document type");
    assert_refused("<mediawiki><page><title>&b;</title></page></mediawiki>", "undefined entity");
    assert_refused("<mediawiki></page></mediawiki>", "mismatched tag");
    assert_refused("<mediawiki><page><title>\xFF</title></page></mediawiki>", "dump.xml:1: is not XML");
}

// 64 MiB of text in a page, which bz2 compresses to a few hundred bytes.
static void page_without_an_end_is_refused(void **state)
{
    static const char head[] = "<mediawiki><page><title>A</title><text>";
    const size_t length = (size_t)1 << 26;
    char *text = malloc(length);
    unsigned compressed;

    (void)state;
    assert_non_null(text);
    memset(text, 'a', length);
    memcpy(text, head, sizeof head - 1);
    char *bytes = compress(text, length, &compressed);
    assert_int_equal(read_dump(bytes, compressed), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "larger than 16 MiB"));
    free(bytes);
    free(text);
}

// Marks that are opened and never closed, in one page of 4 MiB each: every item is dropped, in time that grows with the
// text.
static void open_marks_are_dropped_in_linear_time(void **state)
{
    static const char *const marks[] = {"* [[",     "* {{\n",   "*[[[[[[[[[[[[", "* <!-- \n", "* <ref>",
                                        "*\n==a\n", "* &#9999", "* [http://a ",  "* ''''",    "{{{{{{{{"};
    static const char head[] = "<mediawiki><page><title>A</title><text>";
    static const char tail[] = "\n* ]] }} > </text></page></mediawiki>";
    const size_t length = (size_t)1 << 22;
    char *text = malloc(length + sizeof tail);

    (void)state;
    assert_non_null(text);
    for (size_t k = 0; k < sizeof marks / sizeof marks[0]; k++) {
        size_t i = sizeof head - 1;
        memcpy(text, head, i);
        while (i + 100 < length) {
            for (const char *byte = marks[k]; *byte != '\0'; byte++) {
                // The marks of XML itself are written as entities.
                const char *escaped = *byte == '<' ? "&lt;" : *byte == '&' ? "&amp;" : *byte == '>' ? "&gt;" : NULL;
                i += escaped == NULL ? 1 : strlen(escaped);
                memcpy(text + i - (escaped == NULL ? 1 : strlen(escaped)), escaped == NULL ? byte : escaped,
                       escaped == NULL ? 1 : strlen(escaped));
            }
        }
        memcpy(text + i, tail, sizeof tail);
        const enum ql_status status = prepare(text, strlen(text));
        assert_true(status == QL_OK || status == QL_ERROR_INPUT); // possibly no item is left
        assert_true(ql_preparation_check(&preparation));
    }
    free(text);
}

static void dump_is_recognized_by_its_beginning(void **state)
{
    static const char *const dumps[] = {"BZh9", "<mediawiki>", "\xEF\xBB\xBF<mediawiki ",
                                        "<?xml version=\"1.0\"?>\n <mediawiki>"};
    static const char *const others[] = {"",     "BZ", "<media", "<?xml version=\"1.0\"?><html>", "text <mediawiki>",
                                         "<?xml"};

    (void)state;
    for (size_t i = 0; i < sizeof dumps / sizeof dumps[0]; i++) {
        assert_true(ql_wiki_dump_detect(dumps[i], strlen(dumps[i])));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(ql_wiki_dump_detect(others[i], strlen(others[i])));
    }
}

int main(void)
{
#define DUMP_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        DUMP_TEST(dump_makes_quotes_and_names),           DUMP_TEST(dump_in_several_bz2_streams_is_the_same),
        DUMP_TEST(dump_cut_short_is_an_error_everywhere), DUMP_TEST(damaged_bz2_is_an_error_or_the_same),
        DUMP_TEST(what_no_dump_has_is_refused),           DUMP_TEST(page_without_an_end_is_refused),
        DUMP_TEST(open_marks_are_dropped_in_linear_time), DUMP_TEST(dump_is_recognized_by_its_beginning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
