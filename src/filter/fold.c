// How a symbol reads: see fold.h. utf8proc decomposes letters and converts them to lower case; the tables cover the
// rest.
// Uses: corpus/text_buffer, device/filter.h, utf8proc.
#include "filter/fold.h"

#include <stddef.h>

#include <utf8proc.h>

#include "corpus/text_buffer.h"
#include "device/filter.h"

enum { LABEL_I_OR_L = QL_FILTER_GAP + 1, LABEL_VOWEL, LABEL_AE, LABEL_OE, LABEL_SS };

static const char *const readings[QL_FOLD_LABELS][QL_FOLD_READINGS + 1] = {
    {"a"},
    {"b"},
    {"c"},
    {"d"},
    {"e"},
    {"f"},
    {"g"},
    {"h"},
    {"i"},
    {"j"},
    {"k"},
    {"l"},
    {"m"},
    {"n"},
    {"o"},
    {"p"},
    {"q"},
    {"r"},
    {"s"},
    {"t"},
    {"u"},
    {"v"},
    {"w"},
    {"x"},
    {"y"},
    {"z"},
    {0},
    {"i", "l"},
    {"a", "e", "i", "o", "u"},
    {"ae"},
    {"oe"},
    {"ss"},
};

// Signs and foreign letters, after case and accents are removed. The label is that of the letter, except for the upper
// ones.
static const struct stand_in {
    uint32_t symbol;
    uint8_t label;
    bool is_letter; // not a digit or a sign, at which a word may end
} stand_ins[] = {
    {'0', 'o' - 'a', false},     {'1', LABEL_I_OR_L, false}, {'3', 'e' - 'a', false},    {'4', 'a' - 'a', false},
    {'5', 's' - 'a', false},     {'6', 'g' - 'a', false},    {'7', 't' - 'a', false},    {'8', 'b' - 'a', false},
    {'9', 'g' - 'a', false},     {'@', 'a' - 'a', false},    {'$', 's' - 'a', false},    {'!', LABEL_I_OR_L, false},
    {'|', LABEL_I_OR_L, false},  {'+', 't' - 'a', false},    {'*', LABEL_VOWEL, false},  {'#', LABEL_VOWEL, false},
    {0xA1, LABEL_I_OR_L, false}, {0xA2, 'c' - 'a', false},   {0xA3, 'l' - 'a', false},   {0xA5, 'y' - 'a', false},
    {0xA7, 's' - 'a', false},    {0xB5, 'u' - 'a', true},    {0xDF, LABEL_SS, true},     {0xE6, LABEL_AE, true},
    {0xF0, 'd' - 'a', true},     {0xF8, 'o' - 'a', true},    {0x111, 'd' - 'a', true},   {0x127, 'h' - 'a', true},
    {0x131, 'i' - 'a', true},    {0x142, 'l' - 'a', true},   {0x153, LABEL_OE, true},    {0x167, 't' - 'a', true},
    {0x180, 'b' - 'a', true},    {0x25B, 'e' - 'a', true},   {0x3B1, 'a' - 'a', true},   {0x3B9, 'i' - 'a', true},
    {0x3BA, 'k' - 'a', true},    {0x3BD, 'v' - 'a', true},   {0x3BF, 'o' - 'a', true},   {0x3C1, 'p' - 'a', true},
    {0x3C4, 't' - 'a', true},    {0x3C5, 'u' - 'a', true},   {0x3C7, 'x' - 'a', true},   {0x430, 'a' - 'a', true},
    {0x432, 'b' - 'a', true},    {0x435, 'e' - 'a', true},   {0x43A, 'k' - 'a', true},   {0x43C, 'm' - 'a', true},
    {0x43D, 'h' - 'a', true},    {0x43E, 'o' - 'a', true},   {0x440, 'p' - 'a', true},   {0x441, 'c' - 'a', true},
    {0x442, 't' - 'a', true},    {0x443, 'y' - 'a', true},   {0x445, 'x' - 'a', true},   {0x455, 's' - 'a', true},
    {0x456, 'i' - 'a', true},    {0x458, 'j' - 'a', true},   {0x20AC, 'e' - 'a', false},
};

enum { TATWEEL = 0x640, NO_CHARACTER = 0xFDD0, LAST_NO_CHARACTER = 0xFDEF };

enum { LAST_STAND_IN = 0x20AC }; // the highest symbol of the table: a list is compiled for all of Unicode

// Separators that do not end a word whose letters are written with them in between.
static const uint32_t joiners[] = {'\'',   '.',    '/',    '\\',   '_',    '`',    '~',    '^',
                                   0xB4,   0xB7,   0x2018, 0x2019, 0x2022, 0x2023, 0x2027, 0x2043,
                                   0x204C, 0x204D, 0x2212, 0x2219, 0x22C5, 0x25E6};

// Signs that stand between words without a space: the long dashes, and the dot between the words of Japanese names. They
// separate letters as a space does; as joiners they would make one word of "than—us".
static const uint32_t word_separators[] = {0x2014, 0x2015, 0x2E3A, 0x2E3B, 0x30FB};

static bool contains(const uint32_t *list, size_t count, uint32_t symbol)
{
    for (size_t k = 0; k < count; k++) {
        if (list[k] == symbol) {
            return true;
        }
    }
    return false;
}

// Marks that do not change which word it is: accents for letters of any script, the points of Hebrew, Arabic and
// Syriac, variation selectors, and musical signs. All other marks are vowels in scripts of India and Southeast Asia.
static bool is_accent(uint32_t symbol)
{
    static const uint32_t ranges[][2] = {{0x0300, 0x08FF}, {0x1AB0, 0x1AFF},   {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF},
                                         {0xFE00, 0xFE2F}, {0x1D100, 0x1D1FF}, {0x3099, 0x309A}};

    for (size_t k = 0; k < sizeof ranges / sizeof ranges[0]; k++) {
        if (symbol >= ranges[k][0] && symbol <= ranges[k][1]) {
            return true;
        }
    }
    return false;
}

static uint32_t without_case(uint32_t symbol)
{
    return (uint32_t)ql_symbol_fold((int32_t)symbol);
}

// The base letter of a symbol: without case, without accents, in normal width. The symbol itself if it has none.
static uint32_t base_of(uint32_t symbol)
{
    utf8proc_int32_t parts[32];
    const utf8proc_ssize_t count = utf8proc_decompose_char(
        (utf8proc_int32_t)symbol, parts, 32, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK, NULL);
    uint32_t base = count == 1 ? (uint32_t)parts[0] : symbol;

    return without_case(base);
}

// How a sign separates letters, given the sign in normal width.
static uint8_t separation(uint32_t symbol, uint32_t base)
{
    enum { JOINER_COUNT = sizeof joiners / sizeof joiners[0], SEPARATORS = sizeof word_separators / sizeof(uint32_t) };
    const utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)base);

    if (symbol == '\t' || contains(word_separators, SEPARATORS, base)) {
        return QL_FILTER_SPACE;
    }
    return category == UTF8PROC_CATEGORY_PD || contains(joiners, JOINER_COUNT, symbol) ||
                   contains(joiners, JOINER_COUNT, base)
               ? QL_FILTER_JOINER
               : 0;
}

struct ql_fold ql_fold_symbol(uint32_t symbol)
{
    if (symbol >= QL_FOLD_SYMBOL_LIMIT) {
        const bool invisible = symbol >= QL_FOLD_INVISIBLE_FIRST && symbol <= QL_FOLD_INVISIBLE_LAST;
        return (struct ql_fold){QL_FILTER_NO_LABEL, invisible ? QL_FILTER_IGNORED : 0};
    }
    const uint32_t base = base_of(symbol);

    if (symbol == '\n' || symbol == '\r') {
        return (struct ql_fold){QL_FILTER_NO_LABEL, QL_FILTER_END | QL_FILTER_BOUNDARY};
    }
    if (base >= 'a' && base <= 'z') {
        return (struct ql_fold){(uint8_t)(base - 'a'), 0};
    }
    // The symbol itself, too: the base of a micro sign is a Greek letter.
    for (size_t k = 0; base <= LAST_STAND_IN && k < sizeof stand_ins / sizeof stand_ins[0]; k++) {
        if (stand_ins[k].symbol == base || stand_ins[k].symbol == symbol) {
            return (struct ql_fold){stand_ins[k].label, stand_ins[k].is_letter ? 0 : QL_FILTER_BOUNDARY};
        }
    }
    const utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)symbol);
    // Not all that is not seen is a format character: fillers are letters, and selectors are marks. A tatweel only draws
    // out an Arabic word. A code point that is not a character stands for a token without text, which is never drawn.
    if (category == UTF8PROC_CATEGORY_CF || symbol == TATWEEL ||
        (symbol >= NO_CHARACTER && symbol <= LAST_NO_CHARACTER) ||
        utf8proc_get_property((utf8proc_int32_t)symbol)->ignorable) {
        return (struct ql_fold){QL_FILTER_NO_LABEL, QL_FILTER_IGNORED};
    }
    switch (category) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return (struct ql_fold){QL_FILTER_NO_LABEL, 0};
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
        return (struct ql_fold){QL_FILTER_NO_LABEL, is_accent(symbol) ? QL_FILTER_IGNORED : 0};
    case UTF8PROC_CATEGORY_ZS:
        return (struct ql_fold){QL_FILTER_NO_LABEL, QL_FILTER_BOUNDARY | QL_FILTER_SPACE};
    default:
        return (struct ql_fold){QL_FILTER_NO_LABEL, (uint8_t)(QL_FILTER_BOUNDARY | separation(symbol, base))};
    }
}

bool ql_fold_is_accented(uint32_t symbol)
{
    enum { LATIN_LIMIT = 0x250 };
    const uint32_t exact = ql_fold_letter(symbol, true);

    return exact >= 0x80 && exact != QL_SYMBOL_SHARP_S && (exact < LATIN_LIMIT || exact != base_of(symbol));
}

uint32_t ql_fold_letter(uint32_t symbol, bool accents)
{
    const bool other_form = utf8proc_get_property((utf8proc_int32_t)symbol)->decomp_type != 0; // width and the like

    return accents && !other_form ? without_case(symbol) : base_of(symbol);
}

static int find_letter(const struct ql_fold_letters *letters, uint32_t letter)
{
    for (int k = 0; k < letters->count; k++) {
        if (letters->symbols[k] == letter) {
            return k;
        }
    }
    return -1;
}

struct ql_fold ql_fold_symbol_in(const struct ql_fold_letters *letters, uint32_t symbol)
{
    struct ql_fold fold = ql_fold_symbol(symbol);

    if (fold.kind != 0 || symbol < 0x80 || symbol >= QL_FOLD_SYMBOL_LIMIT ||
        (letters->count == 0 && !letters->accents)) {
        return fold;
    }
    int own = find_letter(letters, ql_fold_letter(symbol, true));
    if (own < 0 && letters->accents && ql_fold_is_accented(symbol)) {
        fold.label = QL_FILTER_NO_LABEL; // a letter that no entry has
        return fold;
    }
    if (own < 0 && fold.label == QL_FILTER_NO_LABEL) {
        own = find_letter(letters, ql_fold_letter(symbol, false));
    }
    fold.label = own < 0 ? fold.label : (uint8_t)(QL_FOLD_LABELS + own);
    return fold;
}

const char *const *ql_fold_readings(int label)
{
    return readings[label];
}

uint16_t ql_fold_key(const struct ql_fold_letters *letters, uint32_t symbol, struct ql_fold fold)
{
    const bool is_letter = fold.kind == 0;

    if (fold.label >= QL_FOLD_LABELS && fold.label != QL_FILTER_NO_LABEL && !letters->accents) {
        fold = ql_fold_symbol(symbol); // an accent on which a single entry insists does not count here
    }
    if (is_letter && fold.label < QL_FOLD_LABELS) {
        return (uint16_t)(fold.label + 'a');
    }
    if (is_letter && symbol >= QL_FOLD_SYMBOL_LIMIT) {
        return (uint16_t)((symbol & 0x7fffu) | 0x8000u);
    }
    if (is_letter) {
        return (uint16_t)((ql_fold_letter(symbol, letters->accents) & 0x7fffu) | 0x8000u);
    }
    const uint32_t digit = base_of(symbol); // of the usual width
    return utf8proc_category((utf8proc_int32_t)digit) == UTF8PROC_CATEGORY_ND ? (uint16_t)(digit + 0x8000u) : 0;
}
