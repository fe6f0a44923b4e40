// Divides an item into sentences: see sentence.h.
// Uses: corpus/text_buffer.
#include "study/sentence.h"

#include <stdbool.h>
#include <string.h>

#include "corpus/text_buffer.h"

static bool is_end(int32_t symbol)
{
    return symbol == '.' || symbol == '!' || symbol == '?' || symbol == 0x2026;
}

static bool is_closing(int32_t symbol)
{
    return symbol == '"' || symbol == '\'' || symbol == ')' || symbol == ']' || symbol == 0x2019 || symbol == 0x201d;
}

static bool is_opening(int32_t symbol)
{
    return symbol == '"' || symbol == '\'' || symbol == '(' || symbol == '[' || symbol == 0x2018 || symbol == 0x201c;
}

static bool is_space(int32_t symbol)
{
    return symbol == ' ' || symbol == '\t' || symbol == '\n' || symbol == 0xa0;
}

static int32_t symbol_at(const char *bytes, size_t length, size_t place)
{
    return ql_symbol_read(bytes, length, &place);
}

// Returns whether the period at `end` belongs to the word before it.
static bool is_abbreviation(const char *bytes, size_t end)
{
    static const char *const words[] = {"Mr",  "Mrs", "Ms",   "Dr",  "St",  "Prof", "Jr",  "Sr",  "Rev", "Hon",
                                        "Gen", "Col", "Capt", "Lt",  "Sgt", "Gov",  "Sen", "Rep", "Mt",  "Co",
                                        "Inc", "Ltd", "No",   "Vol", "Fig", "vs",   "etc", "cf",  "ca",  "pp"};
    size_t begin = end;
    bool inside = false;

    while (begin > 0 && !is_space(bytes[begin - 1]) && !is_opening(bytes[begin - 1])) {
        begin--;
        inside = inside || bytes[begin] == '.';
    }
    const size_t length = end - begin;
    if (length == 1) {
        return bytes[begin] >= 'A' && bytes[begin] <= 'Z' && bytes[begin] != 'I';
    }
    if (inside) {
        return bytes[end - 1] != '.';
    }
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
        if (strlen(words[k]) == length && memcmp(words[k], bytes + begin, length) == 0) {
            return true;
        }
    }
    return false;
}

// Returns whether a sentence ends before the space at `place`: a capital letter or a digit must begin the next one.
static bool is_followed_by_sentence(const char *bytes, size_t length, size_t place)
{
    if (!is_space(symbol_at(bytes, length, place))) {
        return false;
    }
    int32_t symbol = ql_symbol_read(bytes, length, &place);
    while (is_space(symbol) || is_opening(symbol)) {
        symbol = ql_symbol_read(bytes, length, &place);
    }
    return symbol >= 0 && (ql_symbol_is_upper(symbol) || ql_symbol_is_digit(symbol));
}

// The end of the sentence that begins at `first`, with the number of its words.
static size_t find_end(const char *bytes, size_t length, size_t first, size_t *words)
{
    bool in_word = false;

    *words = 0;
    for (size_t place = first; place < length;) {
        const size_t before = place;
        const int32_t symbol = ql_symbol_read(bytes, length, &place);
        if (is_space(symbol)) {
            in_word = false;
        } else if (!in_word && ql_symbol_is_word(symbol)) {
            in_word = true;
            (*words)++;
        } else if (is_end(symbol)) {
            const size_t run = place;
            while (is_end(symbol_at(bytes, length, place))) {
                (void)ql_symbol_read(bytes, length, &place);
            }
            const bool period = symbol == '.' && place == run;
            while (is_closing(symbol_at(bytes, length, place))) {
                (void)ql_symbol_read(bytes, length, &place);
            }
            if (is_followed_by_sentence(bytes, length, place) && !(period && is_abbreviation(bytes, before))) {
                return place;
            }
        }
    }
    return length;
}

int ql_sentence_next(struct ql_sentence *sentence, const char *bytes, size_t length, size_t *place)
{
    while (*place < length) {
        size_t first = *place;
        while (first < length && is_space(bytes[first])) {
            first++;
        }
        size_t end = find_end(bytes, length, first, &sentence->words);
        *place = end;
        while (end > first && is_space(bytes[end - 1])) {
            end--;
        }
        sentence->first = first;
        sentence->length = end - first;
        if (sentence->words > 0) {
            return 1;
        }
    }
    return 0;
}
