// Classifies letters by Unicode's categories: see person_letters.h.
// Uses: corpus/person_words, utf8proc.
#include "corpus/person_letters.h"

#include <string.h>

#include <utf8proc.h>

#include "corpus/person_words.h"

enum { PREFIX_BYTES = 8 }; // the longest prefix, with its terminating NUL

// Takes the next symbol; -1 at the end of the word.
static int32_t step(const char *word, size_t *position)
{
    return ql_symbol_read(word, strlen(word), position);
}

bool ql_person_letter_starts(int32_t symbol)
{
    if (symbol < 0x80) {
        return symbol >= 'A' && symbol <= 'Z';
    }
    if (symbol >= 0x10D0 && symbol <= 0x10FF) {
        return true; // Georgian: Unicode has capitals for headings, but names are not written with them
    }
    const utf8proc_category_t category = utf8proc_category(symbol);
    return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT || category == UTF8PROC_CATEGORY_LO;
}

static bool is_small(int32_t symbol)
{
    if (symbol < 0x80) {
        return symbol >= 'a' && symbol <= 'z';
    }
    return utf8proc_category(symbol) == UTF8PROC_CATEGORY_LL && !ql_person_letter_starts(symbol);
}

bool ql_person_word_is_large(const char *word)
{
    size_t next = 0;

    return ql_person_letter_starts(step(word, &next));
}

bool ql_person_word_is_small(const char *word)
{
    size_t next = 0;

    return is_small(step(word, &next));
}

bool ql_person_word_is_initials(const char *word)
{
    size_t letters = 0;

    for (size_t i = 0; word[i] != '\0'; letters++) {
        if (!ql_symbol_is_upper(step(word, &i))) {
            return false;
        }
        if (word[i] == '.') {
            i++;
        } else if (word[i] != '\0') {
            return false;
        }
    }
    return letters > 0;
}

bool ql_person_word_is_capitals(const char *word)
{
    size_t letters = 0;

    for (size_t i = 0; word[i] != '\0'; letters++) {
        if (!ql_symbol_is_upper(step(word, &i))) {
            return false;
        }
    }
    return letters >= 2;
}

// Characters that may be between the letters of a word: apostrophes, hyphens, periods, middle dots, Hebrew's geresh and
// gershayim, zero-width joiners.
static bool is_inner(int32_t symbol)
{
    static const int32_t inner[] = {'\'',   '-',    '.',    0xB7,   0x2BC,  0x5F3,  0x5F4,  0x200C,
                                    0x200D, 0x2010, 0x2011, 0x2018, 0x2019, 0x30FB, 0xFF65, 0x30A0};

    for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++) {
        if (symbol == inner[i]) {
            return true;
        }
    }
    return false;
}

bool ql_person_word_is_plain(const char *word)
{
    if (!ql_person_word_is_large(word)) {
        return false;
    }
    for (size_t i = 0; word[i] != '\0';) {
        const int32_t symbol = step(word, &i);
        if (!ql_symbol_is_letter(symbol) && !ql_symbol_is_mark(symbol) && !is_inner(symbol)) {
            return false;
        }
    }
    return true;
}

bool ql_person_letter_is_syllable(int32_t symbol)
{
    return (symbol >= 0x3040 && symbol <= 0x30FF) || (symbol >= 0x3400 && symbol <= 0x9FFF) ||
           (symbol >= 0xAC00 && symbol <= 0xD7A3) || (symbol >= 0x20000 && symbol <= 0x323AF) || symbol == 0x3005 ||
           symbol == 0x3007;
}

bool ql_person_word_is_full(const char *word)
{
    size_t letters = 0;

    for (size_t i = 0; word[i] != '\0'; letters++) {
        const int32_t symbol = step(word, &i);
        if (!ql_person_letter_is_syllable(symbol) && symbol != 0xB7) {
            return false;
        }
    }
    return letters >= 2;
}

bool ql_person_word_is_quoted(const char *word)
{
    size_t next = 0;
    const int32_t symbol = step(word, &next);

    if (symbol < 0x80) {
        return symbol > 0 && strchr("\"_([<{'`", symbol) != NULL;
    }
    const utf8proc_category_t category = utf8proc_category(symbol);
    return category == UTF8PROC_CATEGORY_PS || category == UTF8PROC_CATEGORY_PI || category == UTF8PROC_CATEGORY_PF;
}

size_t ql_person_word_prefix(const char *word)
{
    char prefix[PREFIX_BYTES + 1] = "";

    for (size_t i = 0, used = 0; word[i] != '\0' && used < PREFIX_BYTES;) {
        const size_t start = i;
        const int32_t symbol = step(word, &i);
        const bool separated = symbol == '\'' || symbol == '-' || symbol == 0x2019;
        if ((separated && start > 0) || ql_symbol_is_upper(symbol)) {
            const char *list = separated ? ql_person_prefixes : ql_person_joined_prefixes;
            const size_t length = separated ? i : start;
            return ql_person_words_check(list, prefix) && ql_person_word_is_large(word + length) ? length : 0;
        }
        if (symbol >= 0x80 && !separated) {
            return 0;
        }
        if (separated) {
            prefix[used++] = '\''; // for the curly one, too
            prefix[used] = '\0';
            continue;
        }
        prefix[used++] = word[start];
        prefix[used] = '\0';
    }
    return 0;
}

void ql_person_word_write_lowered(struct ql_text *out, const char *word)
{
    enum { SIGMA = 0x3C3, FINAL_SIGMA = 0x3C2 };
    size_t i = 0;

    ql_text_write_symbol(out, step(word, &i));
    while (word[i] != '\0') {
        const int32_t symbol = utf8proc_tolower(step(word, &i));
        ql_text_write_symbol(out, symbol == SIGMA && word[i] == '\0' ? FINAL_SIGMA : symbol);
    }
}
