// Texts as tokens: what counts as a symbol and a line, what is not text, and the two ways to hold out a part. Writes
// token_text_test.txt into the current folder and removes it.
// Uses: corpus/token_text, base/file, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "corpus/token_text.h"

static const char path[] = "token_text_test.txt";

static int remove_file(void **state)
{
    (void)state;
    (void)unlink(path);
    return 0;
}

static void save_bytes(const char *bytes, size_t size)
{
    struct ql_error error;

    assert_int_equal(ql_file_save(path, bytes, size, &error), QL_OK);
}

// A literal, which may contain NUL bytes.
#define SAVE(literal) save_bytes(literal, sizeof(literal) - 1)

static enum ql_status scan(struct ql_vocabulary *vocabulary, struct ql_error *error)
{
    return ql_token_text_scan(vocabulary, path, error);
}

// Loads the file with its own vocabulary, and writes the meaning of the tokens, in ASCII.
static void load_as_text(char *written)
{
    static struct ql_vocabulary vocabulary;
    struct ql_token_text text;
    struct ql_error error;

    assert_int_equal(scan(&vocabulary, &error), QL_OK);
    assert_int_equal(ql_token_text_load(&text, &vocabulary, path, &error), QL_OK);
    for (size_t i = 0; i < text.count; i++) {
        written[i] = (char)vocabulary.symbols[text.tokens[i]];
    }
    written[text.count] = '\0';
    ql_token_text_free(&text);
}

static void text_of_any_line_ends_is_the_same(void **state)
{
    (void)state;
    static const char *const texts[] = {"ab\n\nc\n", "ab\r\n\r\nc\r\n", "ab\n\nc", "ab\r\n\nc",
                                        "\357\273\277ab\n\nc\n"}; // the byte order mark
    char written[32];

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        save_bytes(texts[i], strlen(texts[i]));
        load_as_text(written);
        assert_string_equal(written, "ab\n\nc\n");
    }
}

static void text_takes_a_carriage_return_for_a_line_end(void **state)
{
    (void)state;
    char written[32];

    SAVE("a\rb\r\r\nc\r");
    load_as_text(written);
    assert_string_equal(written, "a\nb\n\nc\n");
}

static void text_of_one_symbol_gets_its_newline(void **state)
{
    (void)state;
    static struct ql_vocabulary vocabulary;
    struct ql_error error;
    char written[32];

    SAVE("a");
    assert_int_equal(scan(&vocabulary, &error), QL_OK);
    assert_int_equal(vocabulary.count, 2);
    load_as_text(written);
    assert_string_equal(written, "a\n");
}

static void assert_scan_error(const char *part)
{
    static struct ql_vocabulary vocabulary;
    struct ql_error error;

    assert_int_equal(scan(&vocabulary, &error), QL_ERROR_INPUT);
    if (strstr(error.message, part) == NULL) {
        fail_msg("'%s' is not in: %s", part, error.message);
    }
}

static void text_without_symbols_is_an_error(void **state)
{
    (void)state;
    SAVE("");
    assert_scan_error("is empty");
    SAVE("\n\n\n");
    assert_scan_error("nothing but empty lines");
    SAVE("\xef\xbb\xbf");
    assert_scan_error("is empty");
    SAVE("\r\n\r\n");
    assert_scan_error("nothing but empty lines");
}

static void text_with_a_bad_byte_names_line_and_offset(void **state)
{
    (void)state;
    SAVE("one\ntwo\nth\xffree\n");
    assert_scan_error("txt:3:3: byte 0xff is not valid UTF-8");
    SAVE("\n\xc3");
    assert_scan_error("txt:2:1: byte 0xc3");
    SAVE("\xed\xa0\x80");
    assert_scan_error("txt:1:1: byte 0xed");
    SAVE("\xc0\x80");
    assert_scan_error("txt:1:1: byte 0xc0");
    SAVE("one\r\ntwo\0three\n");
    assert_scan_error("txt:2:4: NUL byte");
    SAVE("o\0n\0e\0"); // UTF-16 without a byte order mark
    assert_scan_error("perhaps UTF-16LE");
    SAVE("\xef\xbb\xbf\na\n\xff");
    assert_scan_error("txt:3:1: byte 0xff");
}

static void text_with_too_many_symbols_says_how_many(void **state)
{
    (void)state;
    static char bytes[4 * (QL_VOCABULARY_LIMIT + 1)];
    size_t size = 0;
    static struct ql_vocabulary vocabulary;
    struct ql_error error;

    for (uint32_t i = 0; i < QL_VOCABULARY_LIMIT - 1; i++) { // and the newline
        size += ql_utf8_encode((unsigned char *)bytes + size, 0x4e00 + i);
    }
    save_bytes(bytes, size);
    assert_int_equal(scan(&vocabulary, &error), QL_OK);
    assert_int_equal(vocabulary.count, QL_VOCABULARY_LIMIT);
    bytes[size++] = 'a';
    save_bytes(bytes, size);
    assert_scan_error("more than 4096 different symbols");
}

static void text_with_a_symbol_that_the_model_does_not_know_names_it(void **state)
{
    (void)state;
    struct ql_vocabulary vocabulary;
    struct ql_token_text text;
    struct ql_error error;

    assert_int_equal(ql_vocabulary_read(&vocabulary, "\nab", 3, &error), QL_OK);
    SAVE("ab\nba\na\xc3\xa9\n");
    assert_int_equal(ql_token_text_load(&text, &vocabulary, path, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "txt:3: the symbol '\xc3\xa9' (U+00E9) is not in the model's vocabulary"));
    assert_null(text.tokens);
    // Control characters would reach the terminal.
    SAVE("ab\n\x1b[2J");
    assert_int_equal(ql_token_text_load(&text, &vocabulary, path, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "txt:2: the symbol '?' (U+001B)"));
    SAVE("\xc2\x9b");
    assert_int_equal(ql_token_text_load(&text, &vocabulary, path, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "'?' (U+009B)"));
    SAVE("");
    assert_int_equal(ql_token_text_load(&text, &vocabulary, path, &error), QL_ERROR_INPUT);
}

// A text of `lines` lines "0\n", "1\n", ... with the vocabulary of digits.
static void load_numbers(struct ql_token_text *text, struct ql_vocabulary *vocabulary, int first, int lines)
{
    char *bytes = malloc((size_t)lines * 8);
    size_t size = 0;
    struct ql_error error;

    assert_non_null(bytes);
    for (int i = 0; i < lines; i++) {
        size += (size_t)sprintf(bytes + size, "%d\n", first + i);
    }
    save_bytes(bytes, size);
    free(bytes);
    assert_int_equal(ql_vocabulary_read(vocabulary, "\n0123456789", 11, &error), QL_OK);
    assert_int_equal(ql_token_text_load(text, vocabulary, path, &error), QL_OK);
}

// Marks the numbers on the text's lines; every line must be complete.
static void mark_lines(bool *seen, const struct ql_token_text *text)
{
    int number = 0;

    assert_int_equal(text->tokens[text->count - 1], 0);
    for (size_t i = 0; i < text->count; i++) {
        if (text->tokens[i] == 0) {
            assert_false(seen[number]);
            seen[number] = true;
            number = 0;
        } else {
            number = 10 * number + text->tokens[i] - 1;
        }
    }
}

static void divide_end_cuts_between_lines_near_the_share(void **state)
{
    (void)state;
    enum { LINES = 2000 };
    static const double shares[] = {0.001, 0.05, 0.3, 0.5, 0.9};

    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        struct ql_token_text text, held_out;
        struct ql_vocabulary vocabulary;
        struct ql_error error;
        bool seen[LINES] = {false};
        load_numbers(&text, &vocabulary, 0, LINES);
        const size_t total = text.count;
        assert_int_equal(ql_token_text_divide_end(&text, &held_out, shares[i], &vocabulary, &error), QL_OK);
        assert_int_equal(text.count + held_out.count, total);
        assert_true((double)held_out.count >= shares[i] * (double)total);
        assert_true((double)held_out.count < shares[i] * (double)total + 6.0);
        mark_lines(seen, &text);
        assert_false(seen[LINES - 1]);
        mark_lines(seen, &held_out);
        assert_true(seen[LINES - 1]);
        ql_token_text_free(&text);
        ql_token_text_free(&held_out);
    }
}

static void divide_lines_sends_a_line_by_itself_alone(void **state)
{
    (void)state;
    enum { FEW = 1000, MANY = 5000 };
    static bool few_out[FEW], many_out[MANY], in[MANY];
    struct ql_token_text text, held_out;
    struct ql_vocabulary vocabulary;
    struct ql_error error;

    load_numbers(&text, &vocabulary, 0, FEW);
    assert_int_equal(ql_token_text_divide_lines(&text, &held_out, 0.1, &vocabulary, &error), QL_OK);
    mark_lines(few_out, &held_out);
    ql_token_text_free(&text);
    ql_token_text_free(&held_out);

    load_numbers(&text, &vocabulary, 0, MANY);
    assert_int_equal(ql_token_text_divide_lines(&text, &held_out, 0.1, &vocabulary, &error), QL_OK);
    mark_lines(many_out, &held_out);
    mark_lines(in, &text);
    int count = 0;
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(many_out[i] + in[i], 1);
        count += many_out[i];
        if (i < FEW) {
            assert_int_equal(few_out[i], many_out[i]);
        }
    }
    // Four standard deviations of a binomial distribution: sqrt(5000 * 0.1 * 0.9) is 21.
    assert_in_range(count, 500 - 85, 500 + 85);
    ql_token_text_free(&text);
    ql_token_text_free(&held_out);
}

// FNV-1a over the symbols of a line without its end, and SplitMix64's last step.
static uint64_t hash_line(const char *line)
{
    uint64_t hash = 14695981039346656037u;

    for (; *line != '\0'; line++) {
        hash = (hash ^ (unsigned char)*line) * 1099511628211u;
    }
    hash = (hash ^ (hash >> 30)) * 13787848793156543929u;
    hash = (hash ^ (hash >> 27)) * 10723151780598845931u;
    return hash ^ (hash >> 31);
}

// A run that is resumed, and one of a later version, must hold out the same lines.
static void divide_lines_holds_out_those_with_low_hashes(void **state)
{
    enum { LINES = 1000 };
    static bool out[LINES];
    struct ql_token_text text, held_out;
    struct ql_vocabulary vocabulary;
    struct ql_error error;

    (void)state;
    load_numbers(&text, &vocabulary, 0, LINES);
    assert_int_equal(ql_token_text_divide_lines(&text, &held_out, 0.25, &vocabulary, &error), QL_OK);
    mark_lines(out, &held_out);
    for (int i = 0; i < LINES; i++) {
        char line[16];
        (void)snprintf(line, sizeof line, "%d", i);
        assert_int_equal(out[i], hash_line(line) >> 62 == 0);
    }
    ql_token_text_free(&text);
    ql_token_text_free(&held_out);
}

static void divide_lines_does_not_depend_on_other_symbols(void **state)
{
    (void)state;
    struct ql_token_text text, held_out, more, more_held_out;
    struct ql_vocabulary vocabulary, larger;
    struct ql_error error;

    load_numbers(&text, &vocabulary, 100, 900);
    assert_int_equal(ql_vocabulary_read(&larger, "\n !0123456789z", 14, &error), QL_OK);
    assert_int_equal(ql_token_text_load(&more, &larger, path, &error), QL_OK);
    assert_int_equal(ql_token_text_divide_lines(&text, &held_out, 0.2, &vocabulary, &error), QL_OK);
    assert_int_equal(ql_token_text_divide_lines(&more, &more_held_out, 0.2, &larger, &error), QL_OK);
    assert_int_equal(held_out.count, more_held_out.count);
    for (size_t i = 0; i < held_out.count; i++) {
        assert_int_equal(vocabulary.symbols[held_out.tokens[i]], larger.symbols[more_held_out.tokens[i]]);
    }
    ql_token_text_free(&text);
    ql_token_text_free(&held_out);
    ql_token_text_free(&more);
    ql_token_text_free(&more_held_out);
}

static void divide_of_a_text_with_too_few_lines_is_an_error(void **state)
{
    (void)state;
    struct ql_token_text text, held_out;
    struct ql_vocabulary vocabulary;
    struct ql_error error;

    load_numbers(&text, &vocabulary, 1, 1);
    assert_int_equal(ql_token_text_divide_end(&text, &held_out, 0.5, &vocabulary, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "too few symbols"));
    assert_null(held_out.tokens);
    assert_int_equal(ql_token_text_divide_lines(&text, &held_out, 0.5, &vocabulary, &error), QL_ERROR_INPUT);
    assert_null(held_out.tokens);
    ql_token_text_free(&text);
}

// --- Texts too long to be kept in memory ---

// A block of a long text, whose symbols have one to four bytes, so that they cross every boundary between reads.
static size_t write_block(char *block, bool foreign_line_ends)
{
    size_t size = 0;

    for (int k = 0; k < 20000; k++) {
        const char *end = !foreign_line_ends ? "\n" : k % 3 == 0 ? "\r" : "\r\n";
        size += (size_t)sprintf(block + size, "%d \u00e4\u20ac\U0001d11e %.*s%s", k, k % 23, "abcdefghijklmnopqrstuvw",
                                end);
    }
    return size;
}

enum { BLOCK_ROOM = 1 << 20, BLOCKS = 62 };

// Saves a long text: the UTF-8 byte order mark, the block several times, and a tail.
static void save_long(const char *block, size_t size, const char *then, size_t then_size)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite("\xEF\xBB\xBF", 1, 3, file), 3);
    for (int k = 0; k < BLOCKS; k++) {
        assert_int_equal(fwrite(block, 1, size, file), size);
    }
    assert_int_equal(fwrite(then, 1, then_size, file), then_size);
    assert_true(ftell(file) > 1 << 25);
    assert_int_equal(fclose(file), 0);
}

static void assert_repeats(const struct ql_token_text *text, const struct ql_token_text *block, size_t times)
{
    assert_int_equal(text->count, block->count * times);
    for (size_t k = 0; k < times; k++) {
        assert_memory_equal(text->tokens + k * block->count, block->tokens, block->count * sizeof block->tokens[0]);
    }
}

static void long_text_is_the_same_as_its_blocks(void **state)
{
    static struct ql_vocabulary vocabulary, of_block;
    char *block = malloc(BLOCK_ROOM);
    struct ql_token_text short_text, short_out, text, out;
    struct ql_error error;

    (void)state;
    assert_non_null(block);
    save_bytes(block, write_block(block, false));
    assert_int_equal(scan(&of_block, &error), QL_OK);
    assert_int_equal(ql_token_text_load(&short_text, &of_block, path, &error), QL_OK);
    assert_false(short_text.mapped);
    save_long(block, write_block(block, true), "", 0);
    assert_int_equal(scan(&vocabulary, &error), QL_OK);
    assert_int_equal(vocabulary.count, of_block.count);
    assert_memory_equal(vocabulary.symbols, of_block.symbols, (size_t)vocabulary.count * sizeof vocabulary.symbols[0]);
    assert_int_equal(ql_token_text_load(&text, &vocabulary, path, &error), QL_OK);
    assert_true(text.mapped);
    assert_repeats(&text, &short_text, BLOCKS);
    ql_token_text_rest(&text);
    assert_repeats(&text, &short_text, BLOCKS);

    // By lines: the same is held out as for a single block.
    assert_int_equal(ql_token_text_divide_lines(&text, &out, 0.1, &vocabulary, &error), QL_OK);
    assert_int_equal(ql_token_text_divide_lines(&short_text, &short_out, 0.1, &of_block, &error), QL_OK);
    assert_repeats(&text, &short_text, BLOCKS);
    assert_repeats(&out, &short_out, BLOCKS);
    ql_token_text_free(&out);

    // By the end: the two parts are one after the other.
    const size_t count = text.count;
    assert_int_equal(ql_token_text_divide_end(&text, &out, 0.25, &vocabulary, &error), QL_OK);
    assert_int_equal(text.count + out.count, count);
    assert_in_range(out.count, count / 4, count / 4 + count / 100);
    assert_memory_equal(out.tokens + out.count - short_text.count, short_text.tokens,
                        short_text.count * sizeof short_text.tokens[0]);
    ql_token_text_free(&out);
    ql_token_text_free(&text);
    ql_token_text_free(&short_out);
    ql_token_text_free(&short_text);
    free(block);
}

static void long_text_that_is_none_names_line_and_byte(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *message;
    } cases[] = {
        {"good\nbad \xff", 10, ":1240002:5: byte 0xff is not valid UTF-8"},
        {"\0", 1, ":1240001:1: NUL byte"},
        {"\xe2\x82", 2, ":1240001:1: byte 0xe2 is not valid UTF-8"}, // cut at the end
    };
    static struct ql_vocabulary vocabulary;
    char *block = malloc(BLOCK_ROOM);
    struct ql_error error;

    (void)state;
    assert_non_null(block);
    const size_t size = write_block(block, true);
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        save_long(block, size, cases[k].bytes, cases[k].size);
        assert_int_equal(scan(&vocabulary, &error), QL_ERROR_INPUT);
        assert_non_null(strstr(error.message, cases[k].message));
    }
    free(block);
}

// If there is no room for the tokens, the error names the folder.
static void long_text_needs_a_folder_for_its_tokens(void **state)
{
    static struct ql_vocabulary vocabulary;
    char *block = malloc(BLOCK_ROOM);
    struct ql_token_text text;
    struct ql_error error;

    (void)state;
    assert_non_null(block);
    save_long(block, write_block(block, true), "end", 3);
    assert_int_equal(scan(&vocabulary, &error), QL_OK);
    assert_int_equal(setenv("TMPDIR", "token_text_test.txt/nowhere", 1), 0);
    assert_int_equal(ql_token_text_load(&text, &vocabulary, path, &error), QL_ERROR_SYSTEM);
    assert_non_null(strstr(error.message, "token_text_test.txt/nowhere: cannot keep a long text"));
    assert_int_equal(setenv("TMPDIR", ".", 1), 0);
    assert_int_equal(ql_token_text_load(&text, &vocabulary, path, &error), QL_OK);
    assert_int_equal(vocabulary.symbols[text.tokens[text.count - 1]], '\n');
    assert_int_equal(vocabulary.symbols[text.tokens[text.count - 2]], 'd');
    ql_token_text_free(&text);
    assert_int_equal(unsetenv("TMPDIR"), 0);
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_any_line_ends_is_the_same),
        cmocka_unit_test(text_takes_a_carriage_return_for_a_line_end),
        cmocka_unit_test(text_of_one_symbol_gets_its_newline),
        cmocka_unit_test(text_without_symbols_is_an_error),
        cmocka_unit_test(text_with_a_bad_byte_names_line_and_offset),
        cmocka_unit_test(text_with_too_many_symbols_says_how_many),
        cmocka_unit_test(text_with_a_symbol_that_the_model_does_not_know_names_it),
        cmocka_unit_test(divide_end_cuts_between_lines_near_the_share),
        cmocka_unit_test(divide_lines_sends_a_line_by_itself_alone),
        cmocka_unit_test(divide_lines_holds_out_those_with_low_hashes),
        cmocka_unit_test(divide_lines_does_not_depend_on_other_symbols),
        cmocka_unit_test(divide_of_a_text_with_too_few_lines_is_an_error),
        cmocka_unit_test(long_text_is_the_same_as_its_blocks),
        cmocka_unit_test(long_text_that_is_none_names_line_and_byte),
        cmocka_unit_test(long_text_needs_a_folder_for_its_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, remove_file);
}
