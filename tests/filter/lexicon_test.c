// The lexicon compared with a slow oracle that knows only the list; its rules for words, its file, and its use together
// with the filter.
// Uses: filter/{guard,lexicon_words}, device/random.h, cmocka.
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "device/random.h"
#include "filter/guard.h"
#include "filter/lexicon_words.h"
#include "filter/listing.h"

// All ASCII symbols that occur in texts, as a vocabulary.
static uint32_t symbols[128];
static int symbol_count;
static struct ql_vocabulary characters, pieces; // the second one with tokens of several symbols

static const char *const list[] = {"the",  "then",  "there",      "a",    "as",    "at",  "I",
                                   "I'm",  "don't", "well-known", "well", "known", "USA", "U.S",
                                   "John", "john",  "McCoy",      "1984", "1,000", "e.g", "big",
                                   "tofu", "tofus", "Tom",        "pen",  "is",    "no",  "o'clock"};
enum { LIST = sizeof list / sizeof list[0] };

static void save(const char *path, const char *text)
{
    struct ql_error error;
    assert_int_equal(ql_file_save(path, text, strlen(text), &error), QL_OK);
}

static void save_list(const char *path)
{
    char text[1000] = "";

    for (size_t k = 0; k < LIST; k++) {
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s\n", list[k]);
    }
    save(path, text);
}

static void compile(struct ql_lexicon_file *file, const struct ql_filter_file *filter)
{
    struct ql_lexicon_words words = {0};
    struct ql_error error = {QL_OK, ""};

    save_list("lexicon_words.txt");
    if (ql_lexicon_words_load_list(&words, "lexicon_words.txt", &error) != QL_OK ||
        ql_lexicon_words_compile(file, &words, NULL, filter, 1, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    ql_lexicon_words_free(&words);
}

static void make_filter(struct ql_filter_file *filter, const char *words)
{
    struct ql_listing listing = {0};
    struct ql_item_keys keys = {0};
    struct ql_error error = {QL_OK, ""};

    if (ql_listing_read(&listing, words, strlen(words), "list", 0, &error) != QL_OK ||
        ql_filter_file_init(filter, &listing, &keys, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    ql_listing_free(&listing);
}

static void add_piece(int left, int right)
{
    struct ql_piece *piece = &pieces.pieces[pieces.piece_count++];

    *piece = (struct ql_piece){(uint16_t)left, (uint16_t)right, 0, {0}};
    for (int k = 0; k < 2; k++) {
        int length;
        const uint32_t *part = ql_vocabulary_spell(&pieces, k == 0 ? left : right, &length);
        memcpy(piece->symbols + piece->length, part, (size_t)length * sizeof part[0]);
        piece->length = (uint16_t)(piece->length + length);
    }
    pieces.symbols[pieces.count++] = QL_NO_SYMBOL;
}

static int set_up(void **state)
{
    (void)state;
    symbols[symbol_count++] = '\n';
    for (uint32_t symbol = ' '; symbol <= '~'; symbol++) {
        symbols[symbol_count++] = symbol;
    }
    memcpy(characters.symbols, symbols, sizeof symbols);
    characters.count = symbol_count;
    pieces = characters;
    add_piece('t' - ' ' + 1, 'h' - ' ' + 1);
    add_piece(symbol_count, 'e' - ' ' + 1); // the
    add_piece(symbol_count + 1, 1);         // the and a space
    add_piece(symbol_count + 1, 'n' - ' ' + 1);
    add_piece('$' - ' ' + 1, '$' - ' ' + 1);
    add_piece('.' - ' ' + 1, 1);
    add_piece(1, 'x' - ' ' + 1);
    return 0;
}

// --- The oracle ---

static bool is_listed(const char *word, size_t length)
{
    for (size_t k = 0; k < LIST; k++) {
        if (strlen(list[k]) == length && memcmp(list[k], word, length) == 0) {
            return true;
        }
    }
    return false;
}

// Whether every run of letters and digits of a text, including signs that join two of them, is a word of the list, or
// one with its first letter capitalized.
static bool has_listed_words(const char *text)
{
    for (size_t k = 0; text[k] != '\0';) {
        char word[100];
        size_t length = 0;
        if (!isalnum((unsigned char)text[k])) {
            k++;
            continue;
        }
        while (isalnum((unsigned char)text[k]) ||
               (text[k] != '\0' && strchr("'-.,", text[k]) != NULL && isalnum((unsigned char)text[k + 1]))) {
            word[length++] = text[k++];
        }
        if (!is_listed(word, length)) {
            word[0] = (char)tolower((unsigned char)word[0]);
            if (!is_listed(word, length)) {
                return false;
            }
        }
    }
    return true;
}

// --- Rules of words ---

static bool permits(const struct ql_lexicon *lexicon, const char *text)
{
    struct ql_lexicon_state state;

    ql_lexicon_init(&state);
    for (; *text != '\0'; text++) {
        if (!ql_lexicon_take(&state, lexicon, *text == '\n' ? 0 : *text - ' ' + 1)) {
            return false;
        }
    }
    return ql_lexicon_is_between(&state, lexicon);
}

static void words_are_written_by_the_rules(void **unused)
{
    static const char *const good[] = {
        "The tofu is big.", "I'm at the USA, John!", "\"The\" (the) 'the'", "A U.S. tofu", "Don't. The. no -- is",
        "the 1,000 1984.",  "well-known well known", "Tom: The McCoy",      "e.g. the",    "the... then\nThen"};
    static const char *const bad[] = {"the The",   "TOFU",     "Usa",        "i",         "tof",         "thex",
                                      "the-then",  "the.then", "dont",       "Mccoy",     "198",         "the/then",
                                      "the /then", "mcCoy",    "then'there", "don't'the", "\"the\"then", "x"};
    struct ql_lexicon_file file;
    struct ql_lexicon_binding binding;
    struct ql_error error;

    (void)unused;
    compile(&file, NULL);
    assert_int_equal(file.word_count, LIST);
    assert_int_equal(ql_lexicon_binding_init(&binding, &file, symbols, symbol_count, &error), QL_OK);
    for (size_t k = 0; k < LIST; k++) {
        assert_true(permits(&binding.lexicon, list[k]));
    }
    for (size_t k = 0; k < sizeof good / sizeof good[0]; k++) {
        if (!permits(&binding.lexicon, good[k])) {
            fail_msg("not permitted: %s", good[k]);
        }
    }
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        if (permits(&binding.lexicon, bad[k])) {
            fail_msg("permitted: %s", bad[k]);
        }
    }
    ql_lexicon_binding_free(&binding);
    ql_lexicon_file_free(&file);
}

// An opening sign begins a sentence only where a word may begin, and not after punctuation within a word.
static void sentence_begins_behind_an_opening_mark(void **unused)
{
    struct ql_lexicon_file file;
    struct ql_lexicon_binding binding;
    struct ql_error error;

    (void)unused;
    compile(&file, NULL);
    assert_int_equal(ql_lexicon_binding_init(&binding, &file, symbols, symbol_count, &error), QL_OK);
    assert_true(permits(&binding.lexicon, "the \"The tofu\" (The) the"));
    assert_false(permits(&binding.lexicon, "the, The"));
    assert_false(permits(&binding.lexicon, "the \"the The\""));
    ql_lexicon_binding_free(&binding);
    ql_lexicon_file_free(&file);
}

static void behind_a_prompt_of_no_word_only_a_new_word_begins(void **unused)
{
    struct ql_lexicon_file file;
    struct ql_lexicon_binding binding;
    struct ql_lexicon_state state;
    struct ql_error error;
    uint32_t blocked[4];

    (void)unused;
    compile(&file, NULL);
    assert_int_equal(ql_lexicon_binding_init(&binding, &file, symbols, symbol_count, &error), QL_OK);
    ql_lexicon_init(&state);
    for (const char *text = "xyz"; *text != '\0'; text++) {
        (void)ql_lexicon_take(&state, &binding.lexicon, *text - ' ' + 1);
    }
    ql_lexicon_block(blocked, &state, &binding.lexicon);
    for (int v = 0; v < symbol_count; v++) {
        assert_int_equal(blocked[v / 32] >> (v % 32) & 1, isalnum((int)symbols[v]) ? 1 : 0);
    }
    (void)ql_lexicon_take(&state, &binding.lexicon, 1);
    assert_true(ql_lexicon_take(&state, &binding.lexicon, 't' - ' ' + 1));
    ql_lexicon_binding_free(&binding);
    ql_lexicon_file_free(&file);
}

// --- A way on ---

// Whether the text after the last space has only words of the list.
static bool ends_with_listed_words(char *text, size_t size)
{
    text[size] = '\0';
    while (size > 0 && text[size - 1] != ' ') {
        size--;
    }
    return has_listed_words(text + size);
}

// Draws from everything that may come next, and checks the blocked set against each single symbol, and the text with the
// oracle, as a whole and wherever it may end.
static void walk(struct ql_guard *guard, const struct ql_vocabulary *vocabulary, uint32_t seed)
{
    enum { LENGTH = 300 };
    struct ql_random random;
    char text[QL_TOKEN_BYTES * LENGTH + 1];
    size_t written = 0;
    const uint32_t *blocked = ql_guard_step(guard, 0);

    ql_random_init(&random, seed);
    for (int k = 0; k < LENGTH; k++) {
        int permitted[128], count = 0;
        for (int v = 0; v < vocabulary->count; v++) {
            const bool is_blocked = blocked != NULL && (blocked[v / 32] >> (v % 32) & 1) != 0;
            struct ql_lexicon_state state = guard->words;
            const bool taken = ql_lexicon_take(&state, &guard->lexicon.lexicon, v);
            if (!is_blocked || (!guard->is_on && taken)) {
                assert_true(taken);
                assert_false(is_blocked);
                permitted[count++] = v;
            }
        }
        assert_true(count > 0);
        // Letters are drawn more often than their share, so that words are formed.
        int token = permitted[ql_random_step(&random) % (uint32_t)count];
        for (int again = 0; again < 3 && token < symbol_count && !isalpha((int)symbols[token]); again++) {
            token = permitted[ql_random_step(&random) % (uint32_t)count];
        }
        const bool may_end = ql_lexicon_may_end(&guard->words, &guard->lexicon.lexicon, token);
        written += ql_vocabulary_write_token(vocabulary, token, text + written);
        if (may_end && !ends_with_listed_words(text, written)) {
            fail_msg("seed %u may end: %s", (unsigned)seed, text);
        }
        blocked = ql_guard_step(guard, token);
    }
    text[written] = '\0';
    for (int k = (int)written - 1; k >= 0 && (isalnum((unsigned char)text[k]) || strchr("'-.,", text[k]) != NULL);
         k--) {
        text[k] = '\0'; // an open word
    }
    if (!has_listed_words(text)) {
        fail_msg("seed %u: %s", (unsigned)seed, text);
    }
}

static void there_is_always_a_way_on(void **unused)
{
    struct ql_lexicon_file file;
    struct ql_filter_file filter;
    struct ql_error error = {QL_OK, ""};

    (void)unused;
    make_filter(&filter, "big tofu\nas\nass\ntoot\n*zz*\nno tat\n");
    assert_int_equal(ql_filter_file_save(&filter, "lexicon_test.qlf", &error), QL_OK);
    for (int run = 0; run < 4; run++) {
        const struct ql_vocabulary *vocabulary = run / 2 ? &pieces : &characters;
        const bool together = run % 2 != 0;
        struct ql_guard guard = {0};
        compile(&file, together ? &filter : NULL);
        assert_int_equal(ql_lexicon_file_save(&file, "lexicon_test.qlx", &error), QL_OK);
        ql_lexicon_file_free(&file);
        assert_int_equal(ql_guard_init(&guard, together ? "lexicon_test.qlf" : NULL, vocabulary, &error), QL_OK);
        if (ql_guard_load_lexicon(&guard, "lexicon_test.qlx", vocabulary, &error) != QL_OK) {
            fail_msg("%s", error.message);
        }
        for (uint32_t seed = 1; seed <= 300; seed++) {
            ql_guard_reset(&guard);
            walk(&guard, vocabulary, seed);
        }
        ql_guard_free(&guard);
    }
    ql_filter_file_free(&filter);
}

static void words_of_the_filter_leave_the_lexicon(void **unused)
{
    struct ql_lexicon_file file;
    struct ql_filter_file filter;
    struct ql_lexicon_binding binding;
    struct ql_guard guard = {0};
    struct ql_error error;

    (void)unused;
    make_filter(&filter, "big tofu\nas\n");
    assert_int_equal(ql_filter_file_save(&filter, "lexicon_test.qlf", &error), QL_OK);
    compile(&file, &filter);
    assert_int_equal(ql_lexicon_binding_init(&binding, &file, symbols, symbol_count, &error), QL_OK);
    assert_false(permits(&binding.lexicon, "as"));
    assert_false(permits(&binding.lexicon, "tofu")); // after "big" it could not end
    assert_true(permits(&binding.lexicon, "big tofus"));
    assert_true(permits(&binding.lexicon, "at"));
    ql_lexicon_binding_free(&binding);
    ql_lexicon_file_free(&file);
    // A lexicon that was compiled without the filter is refused together with it; the error names the word.
    compile(&file, NULL);
    assert_int_equal(ql_lexicon_file_save(&file, "lexicon_test.qlx", &error), QL_OK);
    assert_int_equal(ql_guard_init(&guard, "lexicon_test.qlf", &characters, &error), QL_OK);
    assert_int_equal(ql_guard_load_lexicon(&guard, "lexicon_test.qlx", &characters, &error), QL_ERROR_INPUT);
    assert_false(guard.has_lexicon); // it is not kept
    assert_non_null(strstr(error.message, "'as'"));
    ql_guard_free(&guard);
    ql_lexicon_file_free(&file);
    ql_filter_file_free(&filter);
}

// In decomposed texts an accent is a symbol of its own. The filter ignores it, and a phrase goes on across it.
static void phrase_goes_on_across_an_accent_apart(void **unused)
{
    static const char text[] = "\n bigtofu\xcc\x81";
    static struct ql_vocabulary vocabulary;
    struct ql_filter_file filter;
    struct ql_lexicon_words words = {0};
    struct ql_lexicon_file file;
    struct ql_guard guard = {0};
    struct ql_error error = {QL_OK, ""};

    (void)unused;
    assert_int_equal(ql_vocabulary_read(&vocabulary, text, strlen(text), &error), QL_OK);
    make_filter(&filter, "big tofu\n");
    assert_int_equal(ql_filter_file_save(&filter, "lexicon_test.qlf", &error), QL_OK);
    save("lexicon_words.txt", "big\nto\xcc\x81"
                              "fu\n");
    assert_int_equal(ql_lexicon_words_load_list(&words, "lexicon_words.txt", &error), QL_OK);
    for (int together = 0; together < 2; together++) {
        assert_int_equal(ql_lexicon_words_compile(&file, &words, NULL, together != 0 ? &filter : NULL, 1, &error),
                         QL_OK);
        assert_int_equal(file.word_count, together != 0 ? 1 : 2);
        assert_int_equal(ql_lexicon_file_save(&file, "lexicon_test.qlx", &error), QL_OK);
        assert_int_equal(ql_guard_init(&guard, "lexicon_test.qlf", &vocabulary, &error), QL_OK);
        assert_int_equal(ql_guard_load_lexicon(&guard, "lexicon_test.qlx", &vocabulary, &error),
                         together != 0 ? QL_OK : QL_ERROR_INPUT);
        ql_guard_free(&guard);
        ql_lexicon_file_free(&file);
    }
    ql_lexicon_words_free(&words);
    ql_filter_file_free(&filter);
}

static void vocabulary_that_cannot_finish_a_word_is_refused(void **unused)
{
    static const uint32_t no_u[] = {'\n', ' ', 't', 'o', 'f', 's'}, no_space[] = {'t', 'h', 'e', 'n'};
    struct ql_lexicon_file file;
    struct ql_lexicon_binding binding;
    struct ql_error error;

    (void)unused;
    compile(&file, NULL);
    assert_int_equal(ql_lexicon_binding_init(&binding, &file, no_u, 6, &error), QL_ERROR_INPUT);
    assert_int_equal(ql_lexicon_binding_init(&binding, &file, no_space, 4, &error), QL_ERROR_INPUT);
    ql_lexicon_file_free(&file);
}

// --- Texts and the file ---

static void words_of_a_text_are_spelled_as_within_sentences(void **unused)
{
    static const char text[] = "The cat saw Tom. Cats SAW the cat; Paris is. NATO saw\nPerhaps \xc3\xa9t\xc3\xa9\n";
    struct ql_lexicon_words words = {0};
    struct ql_lexicon_file file;
    struct ql_error error;

    (void)unused;
    save("lexicon_text.txt", text);
    save("lexicon_more.txt", "# no word\n\nzebra\nsaw's\n");
    assert_int_equal(ql_lexicon_words_load_text(&words, "lexicon_text.txt", &error), QL_OK);
    assert_int_equal(ql_lexicon_words_load_list(&words, "lexicon_more.txt", &error), QL_OK);
    assert_int_equal(ql_lexicon_words_find(&words, "cat")->count, 2);
    assert_int_equal(ql_lexicon_words_find(&words, "The")->starts, 1);
    assert_int_equal(ql_lexicon_words_compile(&file, &words, NULL, NULL, 1, &error), QL_OK);
    assert_int_equal(words.respelled, 2);  // The, SAW
    assert_int_equal(words.lettered, 2);   // zebra has a z, saw's an apostrophe
    assert_int_equal(file.word_count, 10); // cat saw Tom Cats the Paris is NATO Perhaps and one with accents
    ql_lexicon_file_free(&file);
    words.respelled = words.lettered = 0;
    assert_int_equal(ql_lexicon_words_compile(&file, &words, NULL, NULL, 2, &error), QL_OK);
    assert_int_equal(file.word_count, 2); // cat, saw: "the" is there once, and "The" is rare
    ql_lexicon_file_free(&file);
    ql_lexicon_words_free(&words);
    save("lexicon_more.txt", "two words\n");
    assert_int_equal(ql_lexicon_words_load_list(&words, "lexicon_more.txt", &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "lexicon_more.txt:1"));
    ql_lexicon_words_free(&words);
}

// A sigma has two small forms and one capital. An accent that capitals go without makes another word.
static void capitals_of_a_final_sigma_are_those_of_its_word(void **unused)
{
    static const char text[] = "ο σοφός, ΣΟΦΌΣ ο Σόλων\n";
    struct ql_lexicon_words words = {0};
    struct ql_lexicon_file file;
    struct ql_error error;

    (void)unused;
    save("lexicon_text.txt", text);
    assert_int_equal(ql_lexicon_words_load_text(&words, "lexicon_text.txt", &error), QL_OK);
    assert_int_equal(ql_lexicon_words_compile(&file, &words, NULL, NULL, 1, &error), QL_OK);
    assert_int_equal(words.respelled, 1);
    assert_int_equal(file.word_count, 3);
    ql_lexicon_file_free(&file);
    ql_lexicon_words_free(&words);
}

// A single capital is the name of something, as a word of capitals is not.
static void capital_alone_is_a_word_of_its_own(void **unused)
{
    struct ql_lexicon_words words = {0};
    struct ql_lexicon_file file;
    struct ql_error error;

    (void)unused;
    save("lexicon_text.txt", "so plan A is a plan, and so PLAN B\n");
    assert_int_equal(ql_lexicon_words_load_text(&words, "lexicon_text.txt", &error), QL_OK);
    assert_int_equal(ql_lexicon_words_compile(&file, &words, NULL, NULL, 1, &error), QL_OK);
    assert_int_equal(words.respelled, 1); // PLAN
    assert_int_equal(file.word_count, 7); // so plan A is a and B
    ql_lexicon_file_free(&file);
    ql_lexicon_words_free(&words);
}

static void letters_beyond_the_labels_are_counted(void **unused)
{
    enum { LETTERS = 70, FIRST = 0xac00 }; // of Korean
    struct ql_lexicon_words words = {0};
    struct ql_lexicon_file file;
    struct ql_error error;
    char text[8 * LETTERS] = "", letter[5] = "";

    (void)unused;
    for (uint32_t k = 0; k < LETTERS; k++) {
        letter[ql_utf8_encode((unsigned char *)letter, FIRST + k)] = '\0';
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", letter);
    }
    save("lexicon_text.txt", text);
    assert_int_equal(ql_lexicon_words_load_text(&words, "lexicon_text.txt", &error), QL_OK);
    assert_int_equal(ql_lexicon_words_compile(&file, &words, NULL, NULL, 1, &error), QL_OK);
    assert_int_equal(file.word_count, QL_LEXICON_NO_LABEL - 1);
    assert_int_equal(words.unlabeled, LETTERS - (QL_LEXICON_NO_LABEL - 1));
    assert_int_equal(words.lettered, 0);
    ql_lexicon_file_free(&file);
    ql_lexicon_words_free(&words);
}

static void capital_of_a_title_is_no_name(void **unused)
{
    struct ql_lexicon_words words = {0};
    struct ql_lexicon_file file;
    struct ql_error error;
    char text[1000] = "What Is Art? Ask Art.\n";

    (void)unused;
    for (int k = 0; k < 19; k++) {
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "Art is art.\n");
    }
    for (int times = 19; times <= 20; times++) {
        save("lexicon_text.txt", text);
        assert_int_equal(ql_lexicon_words_load_text(&words, "lexicon_text.txt", &error), QL_OK);
        assert_int_equal(ql_lexicon_words_compile(&file, &words, NULL, NULL, 1, &error), QL_OK);
        // What, ask, and is, both at the beginning of a sentence and elsewhere; Art and art; Is, until the lower-case
        // word outnumbers it.
        assert_int_equal(file.word_count, times < 20 ? 6 : 5);
        ql_lexicon_file_free(&file);
        ql_lexicon_words_free(&words);
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "Art is art.\n");
    }
}

static void damaged_file_is_refused(void **unused)
{
    struct ql_lexicon_file file, other;
    struct ql_file_view view;
    struct ql_error error;

    (void)unused;
    compile(&file, NULL);
    assert_int_equal(ql_lexicon_file_save(&file, "lexicon_test.qlx", &error), QL_OK);
    assert_int_equal(ql_lexicon_file_load(&other, "lexicon_test.qlx", &error), QL_OK);
    assert_int_equal(other.word_count, LIST);
    assert_int_equal(other.graph.edge_count, file.graph.edge_count);
    assert_memory_equal(other.graph.edges, file.graph.edges, 3 * file.graph.edge_count);
    ql_lexicon_file_free(&other);
    assert_int_equal(ql_file_open(&view, "lexicon_test.qlx", &error), QL_OK);
    unsigned char *copy = malloc(view.size_bytes);
    assert_non_null(copy);
    for (size_t k = 0; k < view.size_bytes; k++) {
        memcpy(copy, view.data, view.size_bytes);
        copy[k] ^= 4;
        assert_int_equal(ql_lexicon_file_read(&other, copy, view.size_bytes, "x", &error), QL_ERROR_INPUT);
        assert_int_equal(ql_lexicon_file_read(&other, view.data, k, "x", &error), QL_ERROR_INPUT);
    }
    free(copy);
    ql_file_close(&view);
    ql_lexicon_file_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_written_by_the_rules),
        cmocka_unit_test(sentence_begins_behind_an_opening_mark),
        cmocka_unit_test(behind_a_prompt_of_no_word_only_a_new_word_begins),
        cmocka_unit_test(there_is_always_a_way_on),
        cmocka_unit_test(words_of_the_filter_leave_the_lexicon),
        cmocka_unit_test(phrase_goes_on_across_an_accent_apart),
        cmocka_unit_test(vocabulary_that_cannot_finish_a_word_is_refused),
        cmocka_unit_test(words_of_a_text_are_spelled_as_within_sentences),
        cmocka_unit_test(capitals_of_a_final_sigma_are_those_of_its_word),
        cmocka_unit_test(capital_alone_is_a_word_of_its_own),
        cmocka_unit_test(letters_beyond_the_labels_are_counted),
        cmocka_unit_test(capital_of_a_title_is_no_name),
        cmocka_unit_test(damaged_file_is_refused),
    };
    return cmocka_run_group_tests_name("lexicon", tests, set_up, NULL);
}
