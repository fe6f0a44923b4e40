// Pieces are learned and applied as specified in docs/pieces.md: compared with a second implementation, which is slow
// and works on whole texts, and on unusual texts; lists of pieces that cannot have been learned are refused.
// Uses: corpus/{pieces,piece_learner,vocabulary}, device/random.h, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "corpus/piece_learner.h"
#include "corpus/pieces.h"
#include "device/random.h"

enum { TEXT_LIMIT = 9000, TOKENS = 400 };

// --- The second implementation ---
// Tokens are strings of code points, and a text is a list of them. Every step counts all pairs of the text again, and
// rewrites the text.

struct string {
    uint32_t symbols[2 * QL_PIECE_SYMBOLS];
    int length;
};

struct oracle {
    struct string strings[TOKENS]; // characters in the order of code points, then pieces
    int count, characters;
    int text[TEXT_LIMIT], size;
};

static int script_of(const struct string *string)
{
    for (int i = 0; i < string->length; i++) {
        const uint32_t s = string->symbols[i];
        if ((s >= 'a' && s <= 'z') || (s >= 'A' && s <= 'Z') || s == 0xe9 || s == 0xdf) {
            return 1;
        }
        if ((s >= 0x3b1 && s <= 0x3c9) || (s >= 0x410 && s <= 0x44f)) {
            return s < 0x400 ? 2 : 3;
        }
        if (s >= 0x3041 && s <= 0x30fa) {
            return s < 0x30a0 ? 4 : 5;
        }
    }
    return 0;
}

static struct string concatenated(const struct oracle *o, int left, int right)
{
    struct string joined = o->strings[left];

    for (int i = 0; i < o->strings[right].length; i++) {
        joined.symbols[joined.length++] = o->strings[right].symbols[i];
    }
    return joined;
}

static const uint32_t spaces[] = {'\t', ' ', 0xa0, 0x1680, 0x2003, 0x202f, 0x205f, 0x3000};
static const uint32_t line_ends[] = {'\n', '\r', 0x85, 0x2028, 0x2029};

static bool is_among(uint32_t symbol, const uint32_t *list, size_t size_bytes)
{
    bool found = false;

    for (size_t k = 0; k < size_bytes / sizeof *list; k++) {
        found = found || list[k] == symbol;
    }
    return found;
}

static bool is_piece(const struct oracle *o, int left, int right)
{
    const struct string joined = concatenated(o, left, right);
    const int a = script_of(&o->strings[left]), b = script_of(&o->strings[right]);

    for (int i = 0; i < joined.length; i++) {
        if (is_among(joined.symbols[i], line_ends, sizeof line_ends) ||
            (i > 0 && is_among(joined.symbols[i], spaces, sizeof spaces))) {
            return false;
        }
    }
    for (int t = 0; t < o->count; t++) {
        if (o->strings[t].length == joined.length &&
            memcmp(o->strings[t].symbols, joined.symbols, (size_t)joined.length * sizeof(uint32_t)) == 0) {
            return false;
        }
    }
    return joined.length <= 16 && (a == 0 || b == 0 || a == b);
}

static void replace(struct oracle *o, int left, int right, int token)
{
    int size = 0;

    for (int i = 0; i < o->size; i++) {
        if (i + 1 < o->size && o->text[i] == left && o->text[i + 1] == right) {
            o->text[size++] = token;
            i++;
        } else {
            o->text[size++] = o->text[i];
        }
    }
    o->size = size;
}

static int merges[TOKENS][2];

static void oracle_learn(struct oracle *o, int limit)
{
    static int counts[TOKENS][TOKENS];

    for (int step = 0; step < limit; step++) {
        int best = 1, left = -1, right = -1;
        memset(counts, 0, sizeof counts);
        for (int i = 0; i + 1 < o->size; i++) {
            counts[o->text[i]][o->text[i + 1]]++;
        }
        for (int a = 0; a < o->count; a++) {
            for (int b = 0; b < o->count; b++) {
                if (counts[a][b] > best && is_piece(o, a, b)) {
                    best = counts[a][b];
                    left = a;
                    right = b;
                }
            }
        }
        if (left < 0) {
            return;
        }
        o->strings[o->count] = concatenated(o, left, right);
        merges[o->count][0] = left;
        merges[o->count][1] = right;
        replace(o, left, right, o->count);
        o->count++;
    }
}

// --- Texts ---

struct fixture {
    struct ql_vocabulary vocabulary;
    uint16_t tokens[TEXT_LIMIT], encoded[TEXT_LIMIT];
    size_t count;
    struct oracle oracle;
};

static struct fixture f;

static int compare_symbols(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static void set_text(const uint32_t *text, size_t count)
{
    uint32_t sorted[TEXT_LIMIT];

    memcpy(sorted, text, count * sizeof sorted[0]);
    qsort(sorted, count, sizeof sorted[0], compare_symbols);
    f.vocabulary.count = 0;
    f.vocabulary.piece_count = 0;
    f.oracle.count = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || sorted[i] != sorted[i - 1]) {
            f.vocabulary.symbols[f.vocabulary.count++] = sorted[i];
            f.oracle.strings[f.oracle.count++] = (struct string){{sorted[i]}, 1};
        }
    }
    f.oracle.characters = f.oracle.count;
    f.count = count;
    f.oracle.size = (int)count;
    for (size_t i = 0; i < count; i++) {
        f.tokens[i] = (uint16_t)ql_vocabulary_encode(&f.vocabulary, text[i]);
        f.oracle.text[i] = f.tokens[i];
    }
}

static void set_utf8(const char *text)
{
    static uint32_t symbols[TEXT_LIMIT];
    size_t count = 0;

    for (const char *place = text; *place != '\0';) {
        place += ql_utf8_decode(&symbols[count++], (const unsigned char *)place, strlen(place));
    }
    set_text(symbols, count);
}

static void learn(int limit)
{
    const struct ql_token_text text = {.tokens = f.tokens, .count = f.count};
    struct ql_error error;

    assert_int_equal(ql_pieces_learn(&f.vocabulary, &text, limit, &error), QL_OK);
}

// Encodes the text of the fixture, and returns its number of tokens.
static size_t encode(void)
{
    struct ql_error error;
    size_t count = f.count;

    memcpy(f.encoded, f.tokens, f.count * sizeof f.tokens[0]);
    assert_int_equal(ql_pieces_encode(f.encoded, &count, &f.vocabulary, &error), QL_OK);
    return count;
}

static void assert_same_pieces(void)
{
    assert_int_equal(f.vocabulary.count, f.oracle.count);
    assert_int_equal(f.vocabulary.piece_count, f.oracle.count - f.oracle.characters);
    for (int t = 0; t < f.oracle.count; t++) {
        int length;
        const uint32_t *symbols = ql_vocabulary_spell(&f.vocabulary, t, &length);
        assert_int_equal(length, f.oracle.strings[t].length);
        assert_int_equal(length, ql_vocabulary_length(&f.vocabulary, t));
        assert_memory_equal(symbols, f.oracle.strings[t].symbols, (size_t)length * sizeof symbols[0]);
        if (t >= f.oracle.characters) {
            assert_int_equal(f.vocabulary.pieces[t - f.oracle.characters].left, merges[t][0]);
            assert_int_equal(f.vocabulary.pieces[t - f.oracle.characters].right, merges[t][1]);
        }
    }
}

static void check_text(int limit)
{
    learn(limit);
    oracle_learn(&f.oracle, limit);
    assert_same_pieces();
    const size_t count = encode();
    assert_int_equal(count, f.oracle.size);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(f.encoded[i], f.oracle.text[i]);
    }
    assert_int_equal(ql_vocabulary_lengths(&f.vocabulary, f.encoded, count), f.count);
}

// Random symbols of an alphabet, the first of which are most frequent.
static size_t make_text(uint32_t *text, struct ql_random *random, const char *alphabet)
{
    uint32_t symbols[64];
    size_t different = 0;
    const size_t count = 1 + ql_random_step(random) % 900;

    for (const char *place = alphabet; *place != '\0';) {
        place += ql_utf8_decode(&symbols[different++], (const unsigned char *)place, strlen(place));
    }
    for (size_t i = 0; i < count; i++) {
        const size_t limit = 1 + ql_random_step(random) % different;
        text[i] = symbols[ql_random_step(random) % limit];
    }
    return count;
}

static const char *const alphabets[] = {
    "a",
    "ab",
    "ab ",
    "a\n",
    "abc \n",
    "ba\xcc\x81 ",
    "a\xce\xb1\xd0\xb4-",
    "\xe3\x81\x82\xe3\x82\xa2\n",
    "the quickbrownfx.\n",
    "a1-\xc2\xa0 \n",
    "ab\t\xe1\x9a\x80\xe2\x80\x83\r",
    "ab\xe2\x80\xaf\xe2\x81\x9f\xe3\x80\x80\n",
    "ab\xc2\x85\xe2\x80\xa8\xe2\x80\xa9\n",
    "\n",
    " ",
};

static void pieces_of_random_texts_are_those_of_the_slow_implementation(void **state)
{
    static uint32_t text[TEXT_LIMIT];
    struct ql_random random;

    (void)state;
    ql_random_init(&random, 7);
    for (int trial = 0; trial < 400; trial++) {
        const char *alphabet = alphabets[ql_random_step(&random) % (sizeof alphabets / sizeof alphabets[0])];
        set_text(text, make_text(text, &random, alphabet));
        check_text((int)(ql_random_step(&random) % 120));
    }
}

// More different words, and more different pairs, than the learner has room for at the start.
static void pieces_of_many_words_are_those_of_the_slow_implementation(void **state)
{
    enum { LETTERS = 120, WORD = 5 };
    static uint32_t text[TEXT_LIMIT];
    struct ql_random random;

    (void)state;
    ql_random_init(&random, 10);
    for (int i = 0; i < TEXT_LIMIT; i++) {
        text[i] = i % (WORD + 1) == WORD ? '\n' : 0x100 + ql_random_step(&random) % LETTERS;
    }
    set_text(text, TEXT_LIMIT);
    check_text(60);
}

// Pieces learned from one text encode another one like the merges applied one after another.
static void another_text_is_encoded_by_the_merges_in_their_order(void **state)
{
    static uint32_t text[TEXT_LIMIT];
    struct ql_random random;

    (void)state;
    ql_random_init(&random, 8);
    for (int trial = 0; trial < 200; trial++) {
        const char *alphabet = alphabets[ql_random_step(&random) % (sizeof alphabets / sizeof alphabets[0])];
        set_text(text, make_text(text, &random, alphabet));
        learn(100);
        f.count = 1 + ql_random_step(&random) % 900;
        f.oracle.size = (int)f.count;
        const uint32_t characters = (uint32_t)(f.vocabulary.count - f.vocabulary.piece_count);
        for (size_t i = 0; i < f.count; i++) {
            f.tokens[i] = (uint16_t)(ql_random_step(&random) % characters);
            f.oracle.text[i] = f.tokens[i];
        }
        for (int k = 0; k < f.vocabulary.piece_count; k++) {
            const struct ql_piece *piece = &f.vocabulary.pieces[k];
            replace(&f.oracle, piece->left, piece->right, (int)characters + k);
        }
        const size_t count = encode();
        assert_int_equal(count, f.oracle.size);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(f.encoded[i], f.oracle.text[i]);
        }
    }
}

static void pieces_of_any_text_are_read_as_they_were_written(void **state)
{
    static struct ql_vocabulary read;
    static uint32_t text[TEXT_LIMIT];
    struct ql_random random;
    struct ql_error error;

    (void)state;
    ql_random_init(&random, 9);
    for (int trial = 0; trial < 100; trial++) {
        const char *alphabet = alphabets[ql_random_step(&random) % (sizeof alphabets / sizeof alphabets[0])];
        set_text(text, make_text(text, &random, alphabet));
        read = f.vocabulary;
        learn(100);
        char *list = ql_pieces_write(&f.vocabulary);
        assert_int_equal(ql_pieces_read(&read, list, &error), QL_OK);
        assert_true(ql_vocabulary_is_same(&read, &f.vocabulary));
        for (int k = 0; k < read.piece_count; k++) {
            assert_int_equal(read.pieces[k].left, f.vocabulary.pieces[k].left);
            assert_int_equal(read.pieces[k].right, f.vocabulary.pieces[k].right);
        }
        free(list);
    }
}

static void run_of_one_letter_becomes_pieces_up_to_the_limit(void **state)
{
    (void)state;
    memset(f.tokens, 0, sizeof f.tokens);
    static uint32_t text[TEXT_LIMIT];
    for (int i = 0; i < TEXT_LIMIT; i++) {
        text[i] = 'a';
    }
    set_text(text, TEXT_LIMIT);
    check_text(50);
    // 2, 4, 8, 16, and nothing longer.
    assert_int_equal(f.vocabulary.piece_count, 4);
    assert_int_equal(ql_vocabulary_length(&f.vocabulary, 4), QL_PIECE_SYMBOLS);
}

static void text_without_pairs_has_no_pieces(void **state)
{
    static const char *const texts[] = {"", "a", "\n", "abcdefg", "a\na\na\na\n", " ", "a b c d\n", "    "};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        set_utf8(texts[i]);
        check_text(1024);
        assert_int_equal(f.vocabulary.piece_count, 0);
    }
}

static void space_begins_pieces_and_stands_nowhere_else_in_them(void **state)
{
    (void)state;
    set_utf8("so is it so is it so is it so is it\nso is it so is it\n");
    check_text(1024);
    for (int t = 0; t < f.vocabulary.count; t++) {
        int length;
        const uint32_t *symbols = ql_vocabulary_spell(&f.vocabulary, t, &length);
        for (int i = 0; i < length; i++) {
            assert_true(length == 1 || symbols[i] != '\n');
            assert_true(i == 0 || symbols[i] != ' ');
        }
    }
    assert_true(f.vocabulary.piece_count >= 3);
}

static void letters_of_two_scripts_never_join(void **state)
{
    (void)state;
    set_utf8("a\xce\xb1"
             "a\xce\xb1"
             "a\xce\xb1"
             "a\xce\xb1\n");
    check_text(10);
    assert_int_equal(f.vocabulary.piece_count, 0);
    set_utf8("e\xcc\x81"
             "e\xcc\x81.e\xcc\x81.\n"); // a combining accent joins its letter
    check_text(10);
    assert_true(f.vocabulary.piece_count >= 1);
}

static void script_is_that_of_all_its_blocks(void **state)
{
    static const struct {
        uint32_t left, right;
        bool joins;
    } cases[] = {
        // Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic
        {'a', 0x1e01, true},
        {'a', 0x2c61, true},
        {'a', 0xa727, true},
        {'a', 0xab30, true},
        {'a', 0xfb01, true},
        {'a', 0xff41, true},
        {0x3b1, 0x1f00, true},
        {0x430, 0xa641, true},
        {0x430, 0x1c80, true},
        {0x430, 0x52f, true},
        {0x561, 0x562, true},
        {0x5d0, 0xfb20, true},
        {0x628, 0x750, true},
        {0x628, 0x8a0, true},
        {0x628, 0xfb50, true},
        {0x628, 0xfe8f, true},
        // Georgian, Ethiopic, Hangul, Han, Hiragana, Katakana, Devanagari
        {0x10d0, 0x1c90, true},
        {0x10d0, 0x2d00, true},
        {0x12a0, 0x2d80, true},
        {0x1100, 0xac00, true},
        {0x3131, 0xac00, true},
        {0x4e00, 0x3400, true},
        {0x4e00, 0x3005, true},
        {0x4e00, 0xf900, true},
        {0x4e00, 0x20000, true},
        {0x3042, 0x3044, true},
        {0x30a2, 0x31f0, true},
        {0x30a2, 0xff71, true},
        {0x915, 0x916, true},
        {'a', 0x3b1, false},
        {'a', 0x430, false},
        {0x3b1, 0x430, false},
        {'a', 0x561, false},
        {0x5d0, 0x628, false},
        {'a', 0x10d0, false},
        {'a', 0x12a0, false},
        {0xac00, 0x4e00, false},
        {0x3042, 0x30a2, false},
        {0x3042, 0x4e00, false},
        {0x30a2, 0x4e00, false},
        {0x915, 0x995, false},
        {0xe01, 0xe81, false},
    };

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const uint32_t text[] = {cases[k].left, cases[k].right, '\n', cases[k].left, cases[k].right, '\n'};
        set_text(text, sizeof text / sizeof text[0]);
        learn(10);
        if (f.vocabulary.piece_count != (cases[k].joins ? 1 : 0)) {
            fail_msg("U+%04X and U+%04X", (unsigned)cases[k].left, (unsigned)cases[k].right);
        }
    }
}

// Among pairs with the same count, the lower left token wins, then the lower right one.
static void equal_counts_are_decided_by_the_lower_pair(void **state)
{
    int length;

    (void)state;
    set_utf8("cd\nab\nac\ncd\nac\nab\n");
    check_text(2);
    const uint32_t *first = ql_vocabulary_spell(&f.vocabulary, 5, &length);
    assert_true(first[0] == 'a' && first[1] == 'b');
    const uint32_t *second = ql_vocabulary_spell(&f.vocabulary, 6, &length);
    assert_true(second[0] == 'a' && second[1] == 'c');
}

static void lists_that_were_never_learned_are_refused(void **state)
{
    static const struct {
        const char *list, *expected;
    } cases[] = {
        {"a", "has 1 symbols"},
        {"ab\n\nabc", "has 0 symbols"},
        {"abababababababaaa", "has 17 symbols"},
        {"ax", "U+0078, which is not a token by itself"},
        {"ab\nab", "piece 2 occurs twice"},
        {"abc", "does not consist of two tokens"},
        {"ab\nbc\nabcb", "does not consist of two tokens"},
        {"a ", "a space that is not its first symbol"},
        {" a\n a b", "a space that is not its first symbol"},
        {"a\x80", "is not valid UTF-8"},
    };
    struct ql_error error;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set_utf8("abc \n");
        assert_int_equal(ql_pieces_read(&f.vocabulary, cases[i].list, &error), QL_ERROR_INPUT);
        if (strstr(error.message, cases[i].expected) == NULL) {
            fail_msg("'%s': %s", cases[i].list, error.message);
        }
    }
    const uint32_t newline[] = {'a', '\n'};
    assert_int_equal(ql_piece_add(&f.vocabulary, newline, 2, &error), QL_ERROR_INPUT);
}

// A list of all pairs of an alphabet has more than the limit.
static void too_many_pieces_are_refused(void **state)
{
    struct ql_error error;
    enum ql_status status = QL_OK;

    (void)state;
    static uint32_t text[33];
    for (uint32_t i = 0; i < 33; i++) {
        text[i] = 0x4e00 + i;
    }
    set_text(text, 33);
    for (uint32_t i = 0; i < 33 * 33 && status == QL_OK; i++) {
        const uint32_t pair[] = {0x4e00 + i / 33, 0x4e00 + i % 33};
        status = ql_piece_add(&f.vocabulary, pair, 2, &error);
    }
    assert_int_equal(status, QL_ERROR_INPUT);
    assert_int_equal(f.vocabulary.piece_count, QL_PIECE_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_random_texts_are_those_of_the_slow_implementation),
        cmocka_unit_test(pieces_of_many_words_are_those_of_the_slow_implementation),
        cmocka_unit_test(another_text_is_encoded_by_the_merges_in_their_order),
        cmocka_unit_test(pieces_of_any_text_are_read_as_they_were_written),
        cmocka_unit_test(run_of_one_letter_becomes_pieces_up_to_the_limit),
        cmocka_unit_test(text_without_pairs_has_no_pieces),
        cmocka_unit_test(space_begins_pieces_and_stands_nowhere_else_in_them),
        cmocka_unit_test(letters_of_two_scripts_never_join),
        cmocka_unit_test(script_is_that_of_all_its_blocks),
        cmocka_unit_test(equal_counts_are_decided_by_the_lower_pair),
        cmocka_unit_test(lists_that_were_never_learned_are_refused),
        cmocka_unit_test(too_many_pieces_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
