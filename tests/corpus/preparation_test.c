// The preparation as a whole: the report adds up, duplicates and rare symbols are dropped, parts and order are stable,
// and bad input ends in an error that says where. Reads Debian's fortunes if they are installed.
// Uses: cmocka, base, corpus.
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text_file.h"
#include "corpus/preparation.h"
#include "corpus/prepare_report.h"

static const char output[] = "preparation_test.out";
static const char fortunes[] = "/usr/share/games/fortunes";

static struct fixture {
    struct ql_prepare_options options;
    struct ql_preparation preparation;
    struct ql_error error;
} fixture;

static int set_up(void **state)
{
    (void)state;
    memset(&fixture, 0, sizeof fixture);
    fixture.options = ql_prepare_options_init();
    fixture.options.min_symbol_count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ql_preparation_free(&fixture.preparation);
    return 0;
}

static enum ql_status read_bytes(const char *path, const char *bytes, size_t length)
{
    return ql_preparation_read(&fixture.preparation, path, bytes, length, &fixture.error);
}

// From the options to the sifted lists, for one input.
static enum ql_status prepare(const char *bytes, size_t length)
{
    enum ql_status status = ql_preparation_init(&fixture.preparation, &fixture.options, &fixture.error);

    struct ql_file_view view = {.block = malloc(length + 1), .size_bytes = length};
    assert_non_null(view.block);
    view.data = memcpy(view.block, bytes, length);
    if (status == QL_OK) {
        status = ql_text_decode(&view, "input", fixture.options.encoding, fixture.options.replace, &fixture.error);
    }
    if (status == QL_OK) {
        status = read_bytes("input", (const char *)view.data, view.size_bytes);
    }
    ql_file_close(&view);
    if (status == QL_OK) {
        status = ql_preparation_step(&fixture.preparation, &fixture.error);
    }
    return status;
}

static void assert_prepares(const char *text)
{
    if (prepare(text, strlen(text)) != QL_OK) {
        fail_msg("%s", fixture.error.message);
    }
    assert_true(ql_preparation_check(&fixture.preparation));
}

// The kept items of a stream are exactly these, in this order; a NULL ends them.
static void assert_kept(enum ql_stream stream, const char *const *texts)
{
    const struct ql_item_list *list = &fixture.preparation.streams[stream].list;
    size_t count = 0;

    for (; texts[count] != NULL; count++) {
        size_t length;
        assert_true(count < list->count);
        const char *text = ql_item_list_read(list, count, &length);
        assert_int_equal(length, strlen(texts[count]));
        assert_memory_equal(text, texts[count], length);
    }
    assert_int_equal(list->count, count);
}

static size_t dropped_for(enum ql_stream stream, const char *reason)
{
    const struct ql_account *account = &fixture.preparation.streams[stream].account;

    for (size_t i = 0; i < account->entry_count; i++) {
        if (account->entries[i].reason != NULL && strcmp(account->entries[i].reason, reason) == 0) {
            return account->entries[i].count;
        }
    }
    return 0;
}

static void lines_make_items_and_blank_lines_are_accounted(void **state)
{
    (void)state;
    assert_prepares("one\r\n\r\n  two  words \nlast");
    assert_kept(QL_STREAM_ITEMS, (const char *[]){"one", "two words", "last", NULL});
    assert_int_equal(fixture.preparation.streams[QL_STREAM_ITEMS].account.read, 4);
    assert_int_equal(dropped_for(QL_STREAM_ITEMS, "empty"), 1);
    assert_false(ql_preparation_has_stream(&fixture.preparation, QL_STREAM_QUOTES));
}

static void fortunes_make_quotes_and_names_with_an_account_each(void **state)
{
    (void)state;
    assert_prepares("\"It is late.\"\n\t\t-- Ann Bellwood, \"Clocks\"\n%\nNobody said\nthis.\n%\n"
                    "Too many lines:\n\tof something.\n\t\t-- J.R. Bellwood\n%\n\t\t-- Chinese proverb\n%\n");
    assert_kept(QL_STREAM_QUOTES, (const char *[]){"It is late.", "Nobody said this.", NULL});
    assert_kept(QL_STREAM_NAMES, (const char *[]){"Ann Bellwood", "J. R. Bellwood", NULL});
    assert_int_equal(fixture.preparation.streams[QL_STREAM_QUOTES].account.read, 4);
    assert_int_equal(fixture.preparation.streams[QL_STREAM_NAMES].account.read, 4);
    assert_int_equal(dropped_for(QL_STREAM_QUOTES, "heading"), 1);
    assert_int_equal(dropped_for(QL_STREAM_QUOTES, "empty"), 1);
    assert_int_equal(dropped_for(QL_STREAM_NAMES, "no_attribution"), 1);
    assert_int_equal(dropped_for(QL_STREAM_NAMES, "one_word"), 1);
}

static void csv_author_field_makes_quotes_and_names(void **state)
{
    (void)state;
    fixture.options.format = QL_FORMAT_CSV;
    fixture.options.author_field = "author";
    assert_prepares("author,text\nAnn Bellwood,It is late.\n,Nobody said this.\n");
    assert_kept(QL_STREAM_QUOTES, (const char *[]){"It is late.", "Nobody said this.", NULL});
    assert_kept(QL_STREAM_NAMES, (const char *[]){"Ann Bellwood", NULL});
}

static void skip_attribution_keeps_fortunes_as_items(void **state)
{
    (void)state;
    fixture.options.skip = "attribution";
    assert_prepares("It is late.\n\t\t-- Ann Bellwood\n%\n");
    assert_kept(QL_STREAM_ITEMS, (const char *[]){"It is late. -- Ann Bellwood", NULL});
}

static void only_leaves_all_but_the_required_steps_out(void **state)
{
    (void)state;
    fixture.options.only = "duplicates";
    assert_prepares("a  b\na  b\nA b\n");
    assert_kept(QL_STREAM_ITEMS, (const char *[]){"a  b", "A b", NULL});
}

static void duplicates_the_first_of_them_stays(void **state)
{
    (void)state;
    assert_prepares("One, two.\nother\nOne, two.\none two\n--\n!!\nONE (two)\n");
    assert_kept(QL_STREAM_ITEMS, (const char *[]){"One, two.", "other", "--", "!!", NULL});
    assert_int_equal(dropped_for(QL_STREAM_ITEMS, "duplicate"), 1);
    assert_int_equal(dropped_for(QL_STREAM_ITEMS, "near_duplicate"), 2);
}

// Case does not count, also where a letter has two capitals or two small forms; a vowel mark does.
static void near_duplicates_have_the_same_letters(void **state)
{
    (void)state;
    fixture.options.only = "near_duplicates";
    assert_prepares(
        "Die Straße!\nDIE STRASSE\ndie STRAẞE\ndie Strase\nο Μάριος\nΟ ΜΆΡΙΟΣ\nकि\nका\nNo. 1\nno 2\nNO 1\n");
    assert_kept(QL_STREAM_ITEMS,
                (const char *[]){"Die Straße!", "die Strase", "ο Μάριος", "कि", "का", "No. 1", "no 2", NULL});
}

static void rare_symbols_are_counted_again_after_each_loss(void **state)
{
    (void)state;
    fixture.options.min_symbol_count = 2;
    // "x" is rare; without its item, "y" is rare too.
    assert_prepares("abab\nxyab\nybab\nabba");
    assert_kept(QL_STREAM_ITEMS, (const char *[]){"abab", "abba", NULL});
    assert_int_equal(dropped_for(QL_STREAM_ITEMS, "rare_symbol"), 2);
}

static void short_form_of_a_name_goes_with_its_long_form(void **state)
{
    (void)state;
    assert_prepares("a.\n\t\t-- G. B. Shawley\n%\nb.\n\t\t-- George Bernard Shawley\n%\nc.\n\t\t-- H. Shawley\n%\n"
                    "d.\n\t\t-- G. Shawley\n%\n");
    assert_kept(QL_STREAM_NAMES, (const char *[]){"George Bernard Shawley", "H. Shawley", NULL});
    assert_int_equal(dropped_for(QL_STREAM_NAMES, "short_form"), 2);
}

static void empty_input_keeps_nothing(void **state)
{
    (void)state;
    assert_prepares("");
    assert_kept(QL_STREAM_ITEMS, (const char *[]){NULL});
    assert_int_equal(fixture.preparation.streams[QL_STREAM_ITEMS].account.read, 0);
    assert_int_equal(ql_preparation_save(&fixture.preparation, output, &fixture.error), QL_OK);
}

static void nul_bytes_are_an_error_that_names_the_encoding(void **state)
{
    (void)state;
    assert_int_equal(prepare("one\ntwo\0\n", 9), QL_ERROR_INPUT);
    assert_non_null(strstr(fixture.error.message, "input:2:4: NUL byte"));
    assert_non_null(strstr(fixture.error.message, "UTF-16LE"));
}

static void bad_byte_is_an_error_with_its_place(void **state)
{
    (void)state;
    assert_int_equal(prepare("good\nb\xE4"
                             "d\n",
                             9),
                     QL_ERROR_INPUT);
    assert_non_null(strstr(fixture.error.message, "input:2:2: "));
}

static void bad_byte_in_a_csv_row_is_found_before_the_row_is_parsed(void **state)
{
    (void)state;
    fixture.options.format = QL_FORMAT_CSV;
    assert_int_equal(prepare("text\n\"a\nb\xE4\"\n", 12), QL_ERROR_INPUT);
    assert_non_null(strstr(fixture.error.message, "input:3:2: "));
}

static void encodings_are_converted_when_asked_for(void **state)
{
    (void)state;
    fixture.options.alphabet = QL_ALPHABET_ANY;
    fixture.options.encoding = "windows-1252";
    assert_prepares("caf\xE9 \x93ok\x94");
    assert_kept(QL_STREAM_ITEMS, (const char *[]){"café “ok”", NULL});
    ql_preparation_free(&fixture.preparation);
    fixture.options.encoding = "latin1";
    assert_prepares("caf\xE9");
    assert_kept(QL_STREAM_ITEMS, (const char *[]){"café", NULL});
    ql_preparation_free(&fixture.preparation);
    // Windows-1252 has no character at 0x81.
    fixture.options.encoding = "windows-1252";
    assert_int_equal(prepare("a\x81", 2), QL_ERROR_INPUT);
    assert_non_null(strstr(fixture.error.message, "input:1:2: byte 0x81"));
}

static void options_that_contradict_each_other_are_wrong_use(void **state)
{
    struct ql_prepare_options bad[5];

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        bad[i] = ql_prepare_options_init();
    }
    bad[0].validation = 0.6;
    bad[0].test = 0.4;
    bad[1].min_length = 10;
    bad[1].max_length = 9;
    bad[2].skip = "no_such_step";
    bad[3].name = "a/b";
    bad[4].name = "";
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(ql_preparation_init(&fixture.preparation, &bad[i], &fixture.error), QL_ERROR_USAGE);
        ql_preparation_free(&fixture.preparation);
    }
}

static void fortune_behind_plain_lines_is_wrong_use(void **state)
{
    (void)state;
    assert_prepares("one\ntwo\n");
    assert_int_equal(read_bytes("second", "a\n%\nb\n", 6), QL_ERROR_USAGE);
    assert_non_null(strstr(fixture.error.message, "second"));
}

static void parts_depend_on_the_item_alone_and_keep_their_shares(void **state)
{
    enum { ITEMS = 20000 };
    size_t counts[QL_PART_COUNT] = {0};
    char text[32];

    (void)state;
    for (int i = 0; i < ITEMS; i++) {
        int length = snprintf(text, sizeof text, "item %d", i);
        enum ql_part part = ql_item_part(text, (size_t)length, 0.1, 0.2);
        counts[part]++;
        // A larger validation share only adds items, and removes none.
        if (part == QL_PART_VALIDATION) {
            assert_int_equal(ql_item_part(text, (size_t)length, 0.3, 0), QL_PART_VALIDATION);
        }
    }
    // Five standard deviations of a binomial count: 212 and 283.
    assert_in_range(counts[QL_PART_VALIDATION], 2000 - 212, 2000 + 212);
    assert_in_range(counts[QL_PART_TEST], 4000 - 283, 4000 + 283);
}

static void hash_has_its_published_values(void **state)
{
    (void)state;
    // FNV-1a's own test vectors.
    assert_true(ql_hash_step(ql_hash_start, "", 0) == 0xCBF29CE484222325u);
    assert_true(ql_hash_step(ql_hash_start, "a", 1) == 0xAF63DC4C8601EC8Cu);
    assert_true(ql_hash_step(ql_hash_start, "foobar", 6) == 0x85944171F73967E8u);
    assert_true(ql_hash_mix(0) == 0);
}

// Opens a file of the output. The caller closes it.
static struct ql_file_view open_output(const char *name)
{
    struct ql_file_view view;
    char path[128];

    (void)snprintf(path, sizeof path, "%s/%s", output, name);
    assert_int_equal(ql_file_open(&view, path, &fixture.error), QL_OK);
    return view;
}

// Prepares the numbers from 0 to count - 1 and saves them.
static void save_numbers(int count)
{
    struct ql_text text = {0};

    for (int i = 0; i < count; i++) {
        char line[32];
        int length = snprintf(line, sizeof line, "number %d\n", i);
        ql_text_write(&text, line, (size_t)length);
    }
    assert_int_equal(prepare(text.bytes, text.length), QL_OK);
    assert_int_equal(ql_preparation_save(&fixture.preparation, output, &fixture.error), QL_OK);
    ql_text_free(&text);
}

// Every line of `part` is a line of `whole`, in the same order.
static void assert_subsequence(const struct ql_file_view *part, const struct ql_file_view *whole)
{
    size_t place = 0;

    for (size_t i = 0; i < part->size_bytes;) {
        size_t length =
            (size_t)((unsigned char *)memchr(part->data + i, '\n', part->size_bytes - i) - (part->data + i)) + 1;
        const void *found = memmem(whole->data + place, whole->size_bytes - place, part->data + i, length);
        assert_non_null(found);
        place = (size_t)((const unsigned char *)found - whole->data) + length;
        i += length;
    }
}

static void added_items_move_no_others(void **state)
{
    static const char *const files[] = {"items.txt", "items.validation.txt", "items.test.txt"};
    struct ql_file_view few[3];

    (void)state;
    save_numbers(500);
    for (size_t i = 0; i < 3; i++) {
        struct ql_file_view view = open_output(files[i]);
        // The next save replaces the file; a mapping of the old one stays valid.
        few[i] = view;
        assert_true(view.size_bytes > 0);
    }
    ql_preparation_free(&fixture.preparation);
    save_numbers(1000);
    for (size_t i = 0; i < 3; i++) {
        struct ql_file_view many = open_output(files[i]);
        assert_subsequence(&few[i], &many);
        ql_file_close(&many);
        ql_file_close(&few[i]);
    }
}

static void seed_changes_the_order_and_nothing_else(void **state)
{
    (void)state;
    save_numbers(300);
    struct ql_file_view first = open_output("items.txt");
    ql_preparation_free(&fixture.preparation);
    save_numbers(300);
    struct ql_file_view again = open_output("items.txt");
    ql_preparation_free(&fixture.preparation);
    fixture.options.seed = 2;
    save_numbers(300);
    struct ql_file_view other = open_output("items.txt");

    assert_int_equal(first.size_bytes, again.size_bytes);
    assert_memory_equal(first.data, again.data, first.size_bytes);
    assert_int_equal(first.size_bytes, other.size_bytes);
    assert_memory_not_equal(first.data, other.data, first.size_bytes);
    ql_file_close(&first);
    ql_file_close(&again);
    ql_file_close(&other);
}

static json_int_t member(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

// The report's own numbers add up: reasons to drops, drops and kept items to items read, symbols to characters, parts
// to kept items.
static void assert_report_adds_up(const json_t *stream)
{
    json_int_t dropped = 0;
    json_int_t symbols = 0;
    json_int_t characters = 0;
    json_int_t items = 0;
    size_t index;
    json_t *entry;
    const char *name;

    json_array_foreach(json_object_get(stream, "drops"), index, entry)
    {
        dropped += member(entry, "items");
        assert_true(json_array_size(json_object_get(entry, "examples")) > 0);
    }
    json_array_foreach(json_object_get(stream, "symbols"), index, entry)
    {
        symbols += member(entry, "count");
    }
    json_object_foreach(json_object_get(stream, "parts"), name, entry)
    {
        items += member(entry, "items");
        characters += member(entry, "characters");
    }
    assert_int_equal(dropped, member(stream, "dropped"));
    assert_int_equal(member(stream, "kept") + dropped, member(stream, "read"));
    assert_int_equal(items, member(stream, "kept"));
    assert_int_equal(characters, symbols + items); // a line end for each item
}

static void report_of_the_real_fortunes_adds_up(void **state)
{
    json_t *report = NULL;
    DIR *folder = opendir(fortunes);
    size_t separators = 0;

    (void)state;
    if (folder == NULL) {
        skip(); // tools/bootstrap installs them
    }
    fixture.options.format = QL_FORMAT_FORTUNE;
    fixture.options.max_length = 200;
    assert_int_equal(ql_preparation_init(&fixture.preparation, &fixture.options, &fixture.error), QL_OK);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char path[512];
        struct ql_file_view view;
        if (strchr(entry->d_name, '.') != NULL) {
            continue; // indexes, second names, and the folder itself
        }
        (void)snprintf(path, sizeof path, "%s/%s", fortunes, entry->d_name);
        assert_int_equal(ql_file_open(&view, path, &fixture.error), QL_OK);
        for (size_t i = 0; i + 2 < view.size_bytes; i++) {
            separators += memcmp(view.data + i, "\n%\n", 3) == 0;
        }
        assert_int_equal(read_bytes(path, (const char *)view.data, view.size_bytes), QL_OK);
        ql_file_close(&view);
    }
    assert_int_equal(closedir(folder), 0);
    assert_int_equal(ql_preparation_step(&fixture.preparation, &fixture.error), QL_OK);
    assert_true(ql_preparation_check(&fixture.preparation));
    assert_int_equal(ql_preparation_save(&fixture.preparation, output, &fixture.error), QL_OK);
    assert_int_equal(ql_prepare_report_encode(&report, &fixture.preparation, &fixture.error), QL_OK);

    const json_t *streams = json_object_get(report, "streams");
    assert_int_equal(json_array_size(streams), 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *stream = json_array_get(streams, i);
        assert_report_adds_up(stream);
        // Debian ends each item with a separator; a version may have a few items without one, or none between two.
        assert_in_range(member(stream, "read"), separators - separators / 100, separators + separators / 100);
    }
    assert_true(member(json_array_get(streams, 0), "kept") > 5000);
    assert_true(member(json_array_get(streams, 1), "kept") > 2000);
    json_decref(report);
}

static void output_folder_that_cannot_be_made_is_an_error(void **state)
{
    (void)state;
    assert_prepares("one\n");
    assert_int_equal(ql_preparation_save(&fixture.preparation, "/dev/null/folder", &fixture.error), QL_ERROR_SYSTEM);
}

#define PREPARATION_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PREPARATION_TEST(lines_make_items_and_blank_lines_are_accounted),
        PREPARATION_TEST(fortunes_make_quotes_and_names_with_an_account_each),
        PREPARATION_TEST(csv_author_field_makes_quotes_and_names),
        PREPARATION_TEST(skip_attribution_keeps_fortunes_as_items),
        PREPARATION_TEST(only_leaves_all_but_the_required_steps_out),
        PREPARATION_TEST(duplicates_the_first_of_them_stays),
        PREPARATION_TEST(near_duplicates_have_the_same_letters),
        PREPARATION_TEST(rare_symbols_are_counted_again_after_each_loss),
        PREPARATION_TEST(short_form_of_a_name_goes_with_its_long_form),
        PREPARATION_TEST(empty_input_keeps_nothing),
        PREPARATION_TEST(nul_bytes_are_an_error_that_names_the_encoding),
        PREPARATION_TEST(bad_byte_is_an_error_with_its_place),
        PREPARATION_TEST(bad_byte_in_a_csv_row_is_found_before_the_row_is_parsed),
        PREPARATION_TEST(encodings_are_converted_when_asked_for),
        PREPARATION_TEST(options_that_contradict_each_other_are_wrong_use),
        PREPARATION_TEST(fortune_behind_plain_lines_is_wrong_use),
        PREPARATION_TEST(parts_depend_on_the_item_alone_and_keep_their_shares),
        PREPARATION_TEST(hash_has_its_published_values),
        PREPARATION_TEST(added_items_move_no_others),
        PREPARATION_TEST(seed_changes_the_order_and_nothing_else),
        PREPARATION_TEST(report_of_the_real_fortunes_adds_up),
        PREPARATION_TEST(output_folder_that_cannot_be_made_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
