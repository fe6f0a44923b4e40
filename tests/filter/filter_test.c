// The filter: the syntax of lists, what matches and what does not, random texts drawn through it compared with the slow
// oracle, truncated and damaged files, and the set of refused items.
// Uses: base/bytes, filter, word_checker, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "corpus/pieces.h"
#include "corpus/vocabulary.h"
#include "device/random.h"
#include "filter/explanation.h"
#include "filter/filter_file.h"
#include "filter/fold.h"
#include "filter/guard.h"
#include "filter/listing.h"
#include "word_checker.h"

static void compile_with(struct ql_filter_file *file, bool accents, const char *list, const char *items)
{
    struct ql_listing listing = {.letters.accents = accents};
    struct ql_item_keys keys = {.letters = &listing.letters};
    struct ql_error error;

    assert_int_equal(ql_listing_read(&listing, list, strlen(list), "list", 0, &error), QL_OK);
    if (items != NULL) {
        assert_int_equal(ql_item_keys_load(&keys, items, &error), QL_OK);
    }
    if (ql_filter_file_init(file, &listing, &keys, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    ql_listing_free(&listing);
    ql_item_keys_free(&keys);
}

static void compile(struct ql_filter_file *file, const char *list, const char *items)
{
    compile_with(file, false, list, items);
}

static void save_text(const char *path, const char *text)
{
    FILE *stream = fopen(path, "w");

    assert_non_null(stream);
    (void)fputs(text, stream);
    (void)fclose(stream);
}

// The number of findings in a text.
static size_t findings(const struct ql_filter_file *file, const char *text)
{
    struct ql_explanation explanation;
    struct ql_error error;

    assert_int_equal(ql_explanation_init(&explanation, file, text, strlen(text), &error), QL_OK);
    const size_t count = explanation.count;
    ql_explanation_free(&explanation);
    return count;
}

struct text_case {
    const char *list, *text;
    bool refused;
};

// Compiles a list once for the cases in a row that have it.
static void check_cases(const struct text_case *cases, size_t count, bool accents)
{
    struct ql_filter_file file = {0};

    for (size_t k = 0; k < count; k++) {
        if (k == 0 || strcmp(cases[k].list, cases[k - 1].list) != 0) {
            ql_filter_file_free(&file);
            compile_with(&file, accents, cases[k].list, NULL);
        }
        if ((findings(&file, cases[k].text) > 0) != cases[k].refused) {
            fail_msg("list '%s', text '%s': must %sbe refused", cases[k].list, cases[k].text,
                     cases[k].refused ? "" : "not ");
        }
    }
    ql_filter_file_free(&file);
}

static void filter_text_is_refused_where_a_word_is_listed(void **state)
{
    (void)state;
    // clang-format off
    static const struct text_case cases[] = {
        // whole words
        {"tofu", "tofu", true}, {"tofu", "tofµ", true}, {"tofu", "a tofu.", true}, {"tofu", "Tofu", true}, {"tofu", "tofus", false},
        {"tofu", "atofu", false}, {"tofu", "tofu2", true}, {"tofu", "tofu's", true}, {"tofu", "x\ntofu\ny", true},
        {"tofu", "to\nfu", false}, {"tofu", "tof", false}, {"tofu", "", false},
        // where a word begins, ends, anywhere
        {"tofu*", "tofus", true}, {"tofu*", "atofu", false}, {"*tofu", "atofu", true}, {"*tofu", "atofus", false},
        {"*tofu*", "atofus", true}, {"*tofu*", "to-fux", true}, {"*tofu*", "ato-fu", false},
        // digits, signs, accents, width, foreign letters
        {"tofu", "t0fu", true}, {"tofu", "+ofu", true}, {"tofu", "TÖFÛ", true}, {"tofu", "ｔｏｆｕ", true},
        {"tofu", "to\xcc\x88" "fu", true}, {"tofu", "tоfu", true}, {"tofu", "t*fu", true}, {"tofu", "tof#", true},
        {"silly", "s1lly", true}, {"silly", "si1ly", true}, {"silly", "s1l1y", true}, {"silly", "s|lly", true},
        {"boss", "boß", true}, {"bo", "boß", false}, {"bos", "boß", false},
        {"caesar", "cæsar", true}, {"caesar", "cäsar", false},
        {"tofu", "tofu\xcc\x88s", false}, {"tofu", "tofu\xe2\x81\xa0s", false}, {"tofu", "to\xe2\x81\xa0" "fu", true},
        // letters written apart
        {"tofu", "t o f u", true}, {"tofu", "t-o-f-u", true}, {"tofu", "t.  o . f_u", true}, {"tofu", "I t o f u", true},
        {"tofu", "to fu", false}, {"tofu", "to-fu", true}, {"tofu", "t'ofu", true}, {"tofu", "to-fus", false},
        {"tofu", "t o fu", false}, {"tofu", "t o f u s", true}, {"tofu", "t,o,f,u", false}, {"tofu", "at o f u", false},
        {"ab", "a b", false}, {"ab", "a-b", false}, {"abc", "A. B. C. Dee", true},
        // letters that are repeated
        {"tofu", "toofu", false}, {"tofu", "tooofu", true}, {"tofu", "tttoooofffuuu", true}, {"moon", "moooon", true},
        {"moon", "mon", false}, {"mon", "mooon", true}, {"kkk", "kkk", true}, {"kkk", "kkkkk", true}, {"kkk", "kk", false},
        {"tofu", "ttofu", false}, {"*tofu*", "ttofu", true},
        // phrases
        {"big tofu", "big tofu", true}, {"big tofu", "Big - tofu", true}, {"big tofu", "bigtofu", false},
        {"big tofu", "big, tofu", false}, {"big tofu", "big\ntofu", false}, {"big tofu", "b i g t o f u", false},
        // dashes, bullets, and wide signs between letters; an em dash stands between words as a space does
        {"tofu", "t—o—f—u", true}, {"tofu", "t―o―f―u", true}, {"tofu", "t⸺o⸺f⸺u", true}, {"tofu", "to—fu", false},
        {"tofu", "to―fu", false}, {"tofu", "t∙o∙f∙u", true}, {"tofu", "t⁃o⁃f⁃u", true}, {"tofu", "t‧o‧f‧u", true},
        {"tofu", "t•o•f•u", true}, {"tofu", "t◦o◦f◦u", true}, {"tofu", "t–o–f–u", true}, {"tofu", "to–fu", true},
        {"tofu", "ｔ－ｏ－ｆ－ｕ", true}, {"tofu", "t․o․f․u", true}, {"tofu", "t〜o〜f〜u", true},
        {"tofu", "t・o・f・u", true}, {"tofu", "to・fu", false}, {"big tofu", "big—tofu", true}, {"tofu", "a—tofu—b", true},
        // symbols that are not seen
        {"*豆腐*", "豆\xf3\xa0\x84\x80腐", true}, {"tofu", "to\xf3\xa0\x81\x81" "fu", true},
        {"tofu", "tofu\xf3\xa0\x84\x80s", false}, {"tofu", "to\xe1\xa0\x8b" "fu", true}, {"tofu", "toㅤfu", true},
        {"*豆腐*", "豆\xf0\xa0\x80\x80腐", false},
        // letters with two small forms, and one without a capital
        {"μαλακας", "μαλακας", true}, {"μαλακας", "ΜΑΛΑΚΑΣ", true}, {"μαλακας", "Μ.Α.Λ.Α.Κ.Α.Σ", true},
        {"ΜΑΛΑΚΑΣ", "μαλακας", true}, {"μαλακασ*", "μαλακας", true}, {"scheiße", "SCHEISSE", true},
        {"scheiße", "Scheisse", true}, {"scheisse", "Scheiße", true}, {"scheisse", "SCHEIẞE", true},
        // several
        {"tofu\nrice", "rice", true}, {"tofu\n!tofu\nrice", "tofu", false}, {"# tofu", "tofu", false},
        {"*of*\ntofu", "tofu", true}, {"*of*\ntofu", "t o f u", true},
        {"big tofu\nbig", "big", true}, {"tofu\ntofurkey", "tofurkey", true},
        // next to open ends
        {"tof*\n*tofu*", "atofus", true}, {"tof*\n*tofu", "atofu", true}, {"*tof*\ntofu*", "t-o-f-us", true},
        {"tofu", "tofu\n", true}, {"tofu", "tofutofu", false}, {"*tofu", "tofutofu", true}, {"tofu", "東tofu", false},
    };
    // clang-format on

    check_cases(cases, sizeof cases / sizeof cases[0], false);
}

// The table of docs/filter.md, symbol by symbol, and what is not in it.
static void symbol_reads_as_the_letters_that_it_looks_like(void **state)
{
    enum { SIGN = QL_FILTER_BOUNDARY };
    static const struct {
        const char *symbols, *readings;
        int kind;
    } cases[] = {
        {"0", "o", SIGN},      {"1!|¡", "il", SIGN}, {"3€", "e", SIGN},  {"4@", "a", SIGN},     {"5$§", "s", SIGN},
        {"69", "g", SIGN},     {"7+", "t", SIGN},    {"8", "b", SIGN},   {"*#", "aeiou", SIGN}, {"£", "l", SIGN},
        {"¢", "c", SIGN},      {"¥", "y", SIGN},     {"ÆæǼ", "ae", 0},   {"Œœ", "oe", 0},       {"ßẞ", "ss", 0},
        {"aÀａⓐαΆаА", "a", 0}, {"bƀвВ", "b", 0},     {"cçсС", "c", 0},   {"dđðÐ", "d", 0},      {"eÉɛеЕё", "e", 0},
        {"hħнН", "h", 0},      {"iıïιіІ", "i", 0},   {"jјЈ", "j", 0},    {"kκкК", "k", 0},      {"lłŁ", "l", 0},
        {"mмМ", "m", 0},       {"nñ", "n", 0},       {"oøØοоО", "o", 0}, {"pρрР", "p", 0},      {"sşѕЅ", "s", 0},
        {"tŧτтТ", "t", 0},     {"uüµυΥ", "u", 0},    {"vνΝ", "v", 0},    {"xχхХ", "x", 0},      {"yÿуУ", "y", 0},
    };
    static const struct {
        uint32_t symbol;
        int kind;
    } others[] = {
        {0x301, QL_FILTER_IGNORED},
        {0x5b0, QL_FILTER_IGNORED},
        {0x64e, QL_FILTER_IGNORED},
        {0x1ab0, QL_FILTER_IGNORED},
        {0x1dc4, QL_FILTER_IGNORED},
        {0x20d0, QL_FILTER_IGNORED},
        {0x3099, QL_FILTER_IGNORED},
        {0xfe20, QL_FILTER_IGNORED},
        {0x200b, QL_FILTER_IGNORED},
        {0x93f, 0},
        {0x431, 0},
        {' ', SIGN | QL_FILTER_SPACE},
        {0x2014, SIGN | QL_FILTER_SPACE},
        {0x30fb, SIGN | QL_FILTER_SPACE},
        {0x2013, SIGN | QL_FILTER_JOINER},
        {'.', SIGN | QL_FILTER_JOINER},
        {0x2022, SIGN | QL_FILTER_JOINER},
        {',', SIGN},
        {'2', SIGN},
    };

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        for (const char *place = cases[k].symbols; *place != '\0';) {
            char text[20] = "";
            uint32_t symbol;
            place += ql_utf8_decode(&symbol, (const unsigned char *)place, strlen(place));
            const struct ql_fold fold = ql_fold_symbol(symbol);
            const int label = fold.label < QL_FOLD_LABELS ? fold.label : QL_FILTER_GAP; // which has no readings
            for (const char *const *reading = ql_fold_readings(label); *reading != NULL; reading++) {
                ql_bytes_append(text, sizeof text, "%s", *reading);
            }
            if (strcmp(text, cases[k].readings) != 0 || fold.kind != cases[k].kind) {
                fail_msg("U+%04X reads as '%s', kind %d", (unsigned)symbol, text, fold.kind);
            }
        }
    }
    for (size_t k = 0; k < sizeof others / sizeof others[0]; k++) {
        const struct ql_fold fold = ql_fold_symbol(others[k].symbol);
        if (fold.label != QL_FILTER_NO_LABEL || fold.kind != others[k].kind) {
            fail_msg("U+%04X has label %d, kind %d", (unsigned)others[k].symbol, fold.label, fold.kind);
        }
    }
}

static void filter_whose_accents_count_disregards_case(void **state)
{
    (void)state;
    static const struct text_case cases[] = {
        {"μαλακας", "ΜΑΛΑΚΑΣ", true},  {"μαλακας", "Μ.Α.Λ.Α.Κ.Α.Σ", true},
        {"μαλακας", "μαλάκας", false}, {"scheiße", "scheiße", true},
        {"scheiße", "SCHEISSE", true}, {"scheiße", "SCHEIẞE", true},
        {"scheiße", "Scheisse", true}, {"scheisse", "Scheiße", true},
        {"œuf", "ŒUF", true},          {"œuf", "OEUF", false},
        {"aevl", "ævl", false},        {"лёд", "ЛЁД", true},
        {"høre", "HØRE", true},        {"høre", "hore", false},
    };

    check_cases(cases, sizeof cases / sizeof cases[0], true);
}

// One item, and a text. One in 256 others is refused by mistake; these are not.
static void item_is_refused_in_any_case_of_any_alphabet(void **state)
{
    (void)state;
    static const char path[] = "filter_test.names";
    static const struct {
        const char *list, *item, *text;
        bool accents, refused;
    } cases[] = {
        {"", "Ann Lee", "ANN, lee!", false, true},
        {"", "Лев Толстой", "Лев Толстой", false, true},
        {"", "Лев Толстой", "ЛЕВ ТОЛСТОЙ", false, true},
        {"", "Лев Толстой", "лёв толстои", false, true},
        {"", "Лев Толстой", "Лев Толстая", false, false},
        {"", "ΟΔΥΣΣΕΥΣ", "Οδυσσεύς", false, true},
        {"", "Σωκράτης", "ΣΩΚΡΑΤΗΣ", false, true},
        {"", "Գրիգոր", "ԳՐԻԳՈՐ", false, true},
        {"", "𐐀𐐁", "𐐨𐐩", false, true},
        {"", "Hans Weiß", "HANS WEISS", false, true},
        {"", "Hans Weiß", "hans weiß", false, true},
        {"", "Agent 47", "agent ４７", false, true},
        {"", "Agent ٤٧", "Agent ٤٨", false, false},
        {"", "鲁迅", "鲁迅", false, true},
        {"", "\xf0\xa0\x80\x80\xf0\xaf\xa0\x80", "\xf0\xa0\x80\x80\xf0\xaf\xa0\x80", false, true},
        // with letters of the list
        {"редька", "Лев Жданов", "ЛЕВ ЖДАНОВ", false, true},
        {"редька", "Дед Жданов", "ДЕД ЖДАНОВ", false, true},
        {"=año", "Zoe Muñoz", "zoe munoz", false, true},
        {"=año", "Zoe Munoz", "ZOE MUÑOZ", false, true},
        // and where accents count
        {"tofu", "Zoé Brûlé", "ZOÉ BRÛLÉ", true, true},
        {"tofu", "Zoé Brûlé", "Zoe Brule", true, false},
        {"редька", "Семён Дуров", "СЕМЁН ДУРОВ", true, true},
        {"редька", "Семён Дуров", "Семен Дуров", true, false},
        {"tofu", "Hans Weiß", "HANS WEISS", true, true},
    };

    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct ql_filter_file file;
        save_text(path, cases[k].item);
        compile_with(&file, cases[k].accents, cases[k].list, path);
        if ((findings(&file, cases[k].text) > 0) != cases[k].refused) {
            fail_msg("item '%s', text '%s': must %sbe refused", cases[k].item, cases[k].text,
                     cases[k].refused ? "" : "not ");
        }
        ql_filter_file_free(&file);
    }
    (void)remove(path);
}

// The file says how each of Unicode's symbols reads, in a table of ranges; the list's letters are of several kinds.
static void filter_file_reads_every_symbol_as_its_list_does(void **state)
{
    (void)state;
    enum { SYMBOLS = 0x110000, V = 0x1000 };
    static const char list[] = "редька\nμαλακας\n=año\nscheiße\n豆腐";
    uint32_t symbols[V];

    for (int accents = 0; accents < 2; accents++) {
        struct ql_listing listing = {.letters.accents = accents != 0};
        struct ql_item_keys keys = {0};
        struct ql_filter_file file;
        struct ql_error error;
        assert_int_equal(ql_listing_read(&listing, list, strlen(list), "list", 0, &error), QL_OK);
        assert_int_equal(ql_filter_file_init(&file, &listing, &keys, &error), QL_OK);
        for (uint32_t first = 0; first < SYMBOLS; first += V) {
            struct ql_filter_binding binding;
            for (uint32_t v = 0; v < V; v++) {
                symbols[v] = first + v;
            }
            assert_int_equal(ql_filter_binding_init(&binding, &file, symbols, V, &error), QL_OK);
            for (uint32_t v = 0; v < V; v++) {
                const struct ql_fold fold = ql_fold_symbol_in(&listing.letters, symbols[v]);
                if (binding.labels[v] != fold.label || binding.kinds[v] != fold.kind ||
                    binding.keys[v] != ql_fold_key(&listing.letters, symbols[v], fold)) {
                    fail_msg("U+%04X reads otherwise from the file", (unsigned)symbols[v]);
                }
            }
            ql_filter_binding_free(&binding);
        }
        ql_filter_file_free(&file);
        ql_listing_free(&listing);
    }
}

static void listing_line_that_is_no_entry_is_an_error_with_its_number(void **state)
{
    (void)state;
    static const char *const wrong[] = {"a",
                                        "ok\n*",
                                        "***",
                                        "ok\nto*fu",
                                        "tofu\t",
                                        "tofu\tx",
                                        "tofu\t12",
                                        "♥♥",
                                        "\xff\xfe",
                                        "ab&cd",
                                        "abcdefghijklmnopqrstuvwxyzabcdefg"};

    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        struct ql_listing listing = {0};
        struct ql_error error;
        if (ql_listing_read(&listing, wrong[k], strlen(wrong[k]), "words", 0, &error) != QL_ERROR_INPUT) {
            fail_msg("'%s' was taken", wrong[k]);
        }
        assert_int_equal(strncmp(error.message, strchr(wrong[k], '\n') == NULL ? "words:1: " : "words:2: ", 9), 0);
        ql_listing_free(&listing);
    }
}

static void listing_rating_below_the_minimum_leaves_an_entry_out(void **state)
{
    (void)state;
    const char text[] = "tofu\t1\r\n*rice*\t2\r\nbean\n\n";
    struct ql_listing listing = {0};
    struct ql_error error;

    assert_int_equal(ql_listing_read(&listing, text, strlen(text), "words", 2, &error), QL_OK);
    assert_int_equal(listing.count, 2);
    assert_int_equal(listing.entries[0].ends, QL_FILTER_ANY);
    ql_listing_free(&listing);
}

// A list of random words made of few letters, so that they overlap; in the list syntax, for the filter and the oracle.
static void make_list(struct ql_random *random, char *list, size_t room)
{
    static const char letters[] = "abcil";
    size_t length = 0;
    const uint32_t count = 1 + ql_random_step(random) % 12;

    for (uint32_t k = 0; k < count; k++) {
        const uint32_t size = 2 + ql_random_step(random) % 5, kind = ql_random_step(random) % 8;
        length += (size_t)snprintf(list + length, room - length, "%s", kind == 1 || kind == 2 ? "*" : "");
        for (uint32_t i = 0; i < size; i++) {
            const bool gap = i > 1 && i + 2 < size && ql_random_step(random) % 8 == 0;
            list[length++] = gap ? ' ' : letters[ql_random_step(random) % 5];
        }
        length += (size_t)snprintf(list + length, room - length, "%s\n", kind == 2 || kind == 3 ? "*" : "");
    }
}

// Texts of a model that draws all tokens with equal probability: the oracle finds nothing, and there is always a way
// on.
static void filter_text_drawn_at_random_holds_no_listed_word(void **state)
{
    (void)state;
    enum { LISTS = 60, ITEMS = 60, LONGEST = 40 };
    static const uint32_t symbols[] = {'\n', ' ', '-', '.', ',', '1', '4', '!', '*', 'a', 'b', 'c', 'i', 'l', 'A', 'q'};
    enum { V = sizeof symbols / sizeof symbols[0] };
    static const char path[] = "filter_test.words";
    struct ql_random random;
    size_t drawn = 0, stopped = 0, without = 0;

    ql_random_init(&random, 5);
    for (int round = 0; round < LISTS; round++) {
        char list[1024];
        struct ql_filter_file file;
        struct ql_filter_binding binding;
        struct word_checker checker;
        struct ql_error error;

        make_list(&random, list, sizeof list);
        FILE *stream = fopen(path, "w");
        assert_non_null(stream);
        (void)fputs(list, stream);
        (void)fclose(stream);
        word_checker_init(&checker, path);
        compile(&file, list, NULL);
        assert_int_equal(ql_filter_binding_init(&binding, &file, symbols, V, &error), QL_OK);
        assert_int_equal(ql_filter_binding_check(&binding, &file, &error), QL_OK);
        for (int item = 0; item < ITEMS; item++) {
            struct ql_filter_state text_state;
            char text[LONGEST * 4];
            int length = 0, token = 0, free_length = 0;
            char free_text[LONGEST + 1];
            ql_filter_init(&text_state);
            for (;;) {
                uint32_t blocked[1] = {0};
                (void)ql_filter_block(blocked, &text_state, &binding.filter);
                assert_int_not_equal(blocked[0] & ((1u << V) - 1), (1u << V) - 1);
                const int wanted = (int)(ql_random_step(&random) % V);
                if (free_length < LONGEST && symbols[wanted] != '\n') {
                    free_text[free_length++] = (char)symbols[wanted];
                }
                if (blocked[0] >> wanted & 1u) {
                    stopped++;
                    continue;
                }
                token = wanted;
                if (symbols[token] == '\n') {
                    break;
                }
                text[length++] = (char)symbols[token];
                if (length >= LONGEST && ql_filter_may_end(&text_state, &binding.filter, token)) {
                    break;
                }
                assert_true(length < (int)sizeof text - 1);
                ql_filter_step(&text_state, &binding.filter, token);
            }
            text[length] = free_text[free_length] = '\0';
            const struct word_entry *found = word_checker_find(&checker, text);
            if (found != NULL) {
                fail_msg("'%s' holds '%s' of the list\n%s", text, found->letters, list);
            }
            without += word_checker_find(&checker, free_text) != NULL;
            drawn++;
        }
        ql_filter_binding_free(&binding);
        ql_filter_file_free(&file);
        word_checker_free(&checker);
    }
    (void)remove(path);
    assert_true(stopped > drawn / 10); // the filter had something to do
    assert_true(without > drawn / 10); // and the oracle finds listed words without the filter
}

// The converse: if the oracle finds nothing in a text, the filter lets it pass.
static void filter_text_without_a_listed_word_passes(void **state)
{
    (void)state;
    static const char symbols[] = " -.,14!*abcilAq";
    static const char path[] = "filter_test2.words";
    struct ql_random random;
    size_t passed = 0, refused = 0;

    ql_random_init(&random, 6);
    for (int round = 0; round < 60; round++) {
        char list[1024], text[24];
        struct ql_filter_file file;
        struct word_checker checker;
        make_list(&random, list, sizeof list);
        FILE *stream = fopen(path, "w");
        assert_non_null(stream);
        (void)fputs(list, stream);
        (void)fclose(stream);
        word_checker_init(&checker, path);
        compile(&file, list, NULL);
        for (int item = 0; item < 60; item++) {
            const uint32_t length = 1 + ql_random_step(&random) % (sizeof text - 1);
            for (uint32_t k = 0; k < length; k++) {
                text[k] = symbols[ql_random_step(&random) % (sizeof symbols - 1)];
            }
            text[length] = '\0';
            const struct word_entry *found = word_checker_find(&checker, text);
            if ((findings(&file, text) > 0) != (found != NULL)) {
                fail_msg("'%s': the filter and the oracle (%s) do not agree about the list\n%s", text,
                         found == NULL ? "nothing" : found->letters, list);
            }
            passed += found == NULL;
            refused += found != NULL;
        }
        ql_filter_file_free(&file);
        word_checker_free(&checker);
    }
    (void)remove(path);
    assert_true(passed > 200 && refused > 200);
}

// Adds pieces that join two tokens at random, up to 100 of them.
static void add_pieces(struct ql_vocabulary *vocabulary, struct ql_random *random)
{
    struct ql_error ignored;

    for (int trial = 0; trial < 400 && vocabulary->piece_count < 100; trial++) {
        uint32_t symbols[2 * QL_PIECE_SYMBOLS];
        size_t length = 0;
        for (int part = 0; part < 2; part++) {
            int count;
            const int token = (int)(ql_random_step(random) % (uint32_t)vocabulary->count);
            const uint32_t *more = ql_vocabulary_spell(vocabulary, token, &count);
            memcpy(symbols + length, more, (size_t)count * sizeof more[0]);
            length += (size_t)count;
        }
        (void)ql_piece_add(vocabulary, symbols, length, &ignored);
    }
}

static int find_token(const struct ql_vocabulary *vocabulary, uint32_t symbol)
{
    int token = 0;

    while (vocabulary->symbols[token] != symbol) {
        token++;
    }
    return token;
}

// Whether the piece is blocked, checked symbol by symbol with the rule for single symbols.
static bool walk_bars(const struct ql_filter_state *before, const struct ql_filter *filter,
                      const struct ql_vocabulary *vocabulary, int token)
{
    struct ql_filter single = *filter;
    struct ql_filter_state after = *before;
    int count;
    const uint32_t *symbols = ql_vocabulary_spell(vocabulary, token, &count);

    single.V = single.characters;
    for (int k = 0; k < count; k++) {
        uint32_t blocked[1] = {0};
        const int v = find_token(vocabulary, symbols[k]);
        if (ql_filter_block(blocked, &after, &single) && (blocked[0] >> v & 1u)) {
            return true;
        }
        ql_filter_step(&after, &single, v);
    }
    return false;
}

// After any text, a piece is blocked if and only if one of its symbols would be.
static void filter_bars_a_piece_as_its_symbols_one_by_one(void **state)
{
    (void)state;
    enum { LISTS = 60, STEPS = 150 };
    static const uint32_t symbols[] = {'\n', ' ', '-', '.', ',', '1', '4', '!',   '*',
                                       'a',  'b', 'c', 'i', 'l', 'A', 'q', 0x301, 0x6771};
    static struct ql_vocabulary vocabulary;
    struct ql_random random;
    size_t blocked_pieces = 0, free_pieces = 0;

    ql_random_init(&random, 8);
    for (int round = 0; round < LISTS; round++) {
        char list[1024];
        struct ql_filter_file file;
        struct ql_filter_binding binding;
        struct ql_filter_state text_state, walked;
        struct ql_error error;
        vocabulary = (struct ql_vocabulary){.count = sizeof symbols / sizeof symbols[0]};
        memcpy(vocabulary.symbols, symbols, sizeof symbols);
        add_pieces(&vocabulary, &random);
        make_list(&random, list, sizeof list);
        compile(&file, list, NULL);
        assert_int_equal(ql_filter_binding_init_vocabulary(&binding, &file, &vocabulary, &error), QL_OK);
        ql_filter_init(&text_state);
        ql_filter_init(&walked);
        for (int step = 0; step < STEPS; step++) {
            uint32_t blocked[QL_VOCABULARY_LIMIT / 32];
            const bool any = ql_filter_block(blocked, &text_state, &binding.filter);
            for (int token = 0; token < vocabulary.count; token++) {
                const bool is_blocked = any && (blocked[token / 32] >> (token % 32) & 1u);
                assert_int_equal(is_blocked, walk_bars(&walked, &binding.filter, &vocabulary, token));
                blocked_pieces += is_blocked && token >= binding.filter.characters;
                free_pieces += !is_blocked && token >= binding.filter.characters;
            }
            const int next = (int)(ql_random_step(&random) % (uint32_t)vocabulary.count);
            int count;
            const uint32_t *spelled = ql_vocabulary_spell(&vocabulary, next, &count);
            ql_filter_step(&text_state, &binding.filter, next);
            for (int k = 0; k < count; k++) {
                ql_filter_step(&walked, &binding.filter, find_token(&vocabulary, spelled[k]));
            }
        }
        ql_filter_binding_free(&binding);
        ql_filter_file_free(&file);
    }
    assert_true(blocked_pieces > 10000 && free_pieces > 10000);
}

static void filter_that_leaves_nothing_to_say_is_an_error(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        const char *vocabulary;
        bool possible;
    } cases[] = {
        {"*ab*\n*aa*\n*ba*\n*bb*", "ab", false},
        {"*ab*\n*aa*\n*ba*\n*bb*", "ab\n", true},
        {"*ab*\n*aa*\n*ba*\n*bb*\naca", "ab\n", true},
        {"*ab*\n*aa*\n*ba*\n*bb*\nab", "abc\n", true},
        {"*xa*\n*xb*\nyx\naa", "ab\n", true},
        {"*aa*\n*ba*\nab\n", "ab", true},
        {"*aa*\n*ab*\n*ba*\nbb", "ab\n ", false},
        {"", "a", true},
        {"*aa*\n*ab*\n*ba*\nbb", "ab\n\xe6\x9d\xb1", true},
    };

    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        static struct ql_vocabulary vocabulary;
        struct ql_filter_file file;
        struct ql_filter_binding binding;
        struct ql_error error;
        compile(&file, cases[k].list, NULL);
        assert_int_equal(ql_vocabulary_read(&vocabulary, cases[k].vocabulary, strlen(cases[k].vocabulary), &error),
                         QL_OK);
        assert_int_equal(ql_filter_binding_init(&binding, &file, vocabulary.symbols, vocabulary.count, &error), QL_OK);
        if ((ql_filter_binding_check(&binding, &file, &error) == QL_OK) != cases[k].possible) {
            fail_msg("case %zu", k);
        }
        ql_filter_binding_free(&binding);
        ql_filter_file_free(&file);
    }
}

static void filter_file_comes_back_as_it_was_and_no_byte_of_it_may_change(void **state)
{
    (void)state;
    static const char path[] = "filter_test.qlf", items[] = "filter_test.items";
    struct ql_filter_file file, copy;
    struct ql_error error;
    static unsigned char bytes[1 << 20];

    FILE *stream = fopen(items, "w");
    assert_non_null(stream);
    (void)fputs("A first item\nanother\n\n...\n", stream);
    (void)fclose(stream);
    compile(&file, "tofu\n*rice*\nbig bean", items);
    assert_int_equal(file.items.item_count, 2);
    assert_int_equal(ql_filter_file_save(&file, path, &error), QL_OK);
    assert_int_equal(ql_filter_file_load(&copy, path, &error), QL_OK);
    assert_int_equal(copy.automaton.edge_count, file.automaton.edge_count);
    assert_memory_equal(copy.automaton.edges, file.automaton.edges, 4 * file.automaton.edge_count);
    assert_int_equal(copy.automaton.place_count, file.automaton.place_count);
    assert_int_equal(findings(&copy, "tofu"), 1);
    assert_int_equal(findings(&copy, "Another"), 1);
    assert_int_equal(findings(&copy, "a FIRST, item!"), 1);
    ql_filter_file_free(&copy);

    stream = fopen(path, "rb");
    assert_non_null(stream);
    const size_t size = fread(bytes, 1, sizeof bytes, stream);
    (void)fclose(stream);
    for (size_t k = 0; k < size; k += k < 64 ? 1 : 97) {
        bytes[k] ^= 0x20;
        assert_int_equal(ql_filter_file_read(&copy, bytes, size, "f", &error), QL_ERROR_INPUT);
        bytes[k] ^= 0x20;
        assert_int_equal(ql_filter_file_read(&copy, bytes, k, "f", &error), QL_ERROR_INPUT);
    }
    assert_int_equal(ql_filter_file_read(&copy, bytes, size, "f", &error), QL_OK);
    ql_filter_file_free(&copy);
    ql_filter_file_free(&file);
    (void)remove(path);
    (void)remove(items);
}

static void guard_that_is_reset_begins_a_text(void **state)
{
    (void)state;
    static const char path[] = "filter_test.guard.qlf";
    static const struct ql_vocabulary vocabulary = {.symbols = {'\n', 't', 'o', 'f', 'u'}, .count = 5};
    struct ql_filter_file file;
    struct ql_guard guard;
    struct ql_error error;

    compile(&file, "tofu", NULL);
    assert_int_equal(ql_filter_file_save(&file, path, &error), QL_OK);
    ql_filter_file_free(&file);
    assert_int_equal(ql_guard_init(&guard, path, &vocabulary, &error), QL_OK);
    for (int round = 0; round < 2; round++) {
        for (int token = 1; token < 4; token++) {
            assert_null(ql_guard_step(&guard, token));
        }
        assert_false(ql_guard_may_end(&guard, 4));
        assert_non_null(ql_guard_step(&guard, 4));
        assert_int_equal(guard.blocked[0], 1); // the newline
        ql_guard_reset(&guard);
    }
    for (int token = 1; token < 4; token++) {
        (void)ql_guard_step(&guard, token);
    }
    ql_guard_reset(&guard);
    assert_null(ql_guard_step(&guard, 4)); // u, without the letters before it
    ql_guard_free(&guard);
    (void)remove(path);
}

static void fingerprint_set_holds_every_item_and_few_others(void **state)
{
    (void)state;
    static const size_t counts[] = {1, 2, 3, 10, 1000, 50000};

    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        struct ql_item_keys keys = {.keys = malloc(counts[c] * sizeof(uint32_t)), .count = counts[c]};
        struct ql_fingerprint_set set;
        struct ql_error error;
        size_t mistaken = 0;
        enum { OTHERS = 200000 };

        assert_non_null(keys.keys);
        for (size_t k = 0; k < counts[c]; k++) {
            keys.keys[k] = ql_random_mix((uint32_t)k) | 1;
        }
        assert_int_equal(ql_fingerprint_set_init(&set, &keys, &error), QL_OK);
        const struct ql_filter filter = {.fingerprints = set.fingerprints, .block = set.block, .seed = set.seed};
        for (size_t k = 0; k < counts[c]; k++) {
            const struct ql_filter_state item = {.item_hash = ql_random_mix((uint32_t)k) | 1};
            assert_true(ql_filter_refuses(&item, &filter));
        }
        for (uint32_t k = 0; k < OTHERS; k++) {
            const struct ql_filter_state item = {.item_hash = (ql_random_mix(k + 1000000) | 1) - 1};
            mistaken += item.item_hash != 0 && ql_filter_refuses(&item, &filter);
        }
        assert_in_range(mistaken, OTHERS / 256 * 8 / 10, OTHERS / 256 * 12 / 10); // seven standard deviations
        assert_true(3 * (size_t)set.block <= counts[c] * 124 / 100 + 60);
        ql_fingerprint_set_free(&set);
        ql_item_keys_free(&keys);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filter_text_is_refused_where_a_word_is_listed),
        cmocka_unit_test(symbol_reads_as_the_letters_that_it_looks_like),
        cmocka_unit_test(filter_whose_accents_count_disregards_case),
        cmocka_unit_test(item_is_refused_in_any_case_of_any_alphabet),
        cmocka_unit_test(filter_file_reads_every_symbol_as_its_list_does),
        cmocka_unit_test(listing_line_that_is_no_entry_is_an_error_with_its_number),
        cmocka_unit_test(listing_rating_below_the_minimum_leaves_an_entry_out),
        cmocka_unit_test(filter_text_drawn_at_random_holds_no_listed_word),
        cmocka_unit_test(filter_text_without_a_listed_word_passes),
        cmocka_unit_test(filter_bars_a_piece_as_its_symbols_one_by_one),
        cmocka_unit_test(filter_that_leaves_nothing_to_say_is_an_error),
        cmocka_unit_test(filter_file_comes_back_as_it_was_and_no_byte_of_it_may_change),
        cmocka_unit_test(guard_that_is_reset_begins_a_text),
        cmocka_unit_test(fingerprint_set_holds_every_item_and_few_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
