// Reads the symbols of a text to be set: see symbol.h.
// Uses: nothing.
#include "symbol.h"

#include <stdbool.h>
#include <string.h>

enum {
    EN_DASH = 0x2013,
    EM_DASH = 0x2014,
    SINGLE_OPENING = 0x2018,
    APOSTROPHE = 0x2019,
    DOUBLE_OPENING = 0x201c,
    DOUBLE_CLOSING = 0x201d,
    ELLIPSIS = 0x2026,
};

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0u) == 0x80u;
}

// Decodes one symbol. A sequence that is not UTF-8 (or is longer than necessary, or not Unicode) is invalid byte by
// byte.
static const char *decode(uint32_t *symbol, const char *text, const char *end)
{
    const unsigned first = (unsigned char)*text;
    const int length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

    *symbol = QL_SYMBOL_INVALID;
    if (length == 0 || end - text < length) {
        return text + 1;
    }
    uint32_t value = length == 1 ? first : first & (0xffu >> (length + 1));
    for (int i = 1; i < length; i++) {
        if (!is_continuation(text[i])) {
            return text + 1;
        }
        value = value << 6 | ((unsigned char)text[i] & 0x3fu);
    }
    if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) {
        return text + 1;
    }
    *symbol = value;
    return text + length;
}

static bool starts_with(const char *text, const char *end, const char *start)
{
    const size_t length = strlen(start);
    return (size_t)(end - text) >= length && memcmp(text, start, length) == 0;
}

static bool is_letter(const char *text, const char *end)
{
    return text < end && (((unsigned char)(*text | 0x20) >= 'a' && (unsigned char)(*text | 0x20) <= 'z') ||
                          (unsigned char)*text >= 0x80);
}

// Returns whether something opens after this symbol: a quotation, if a quotation mark follows.
static bool is_opener(uint32_t before)
{
    return before == 0 || before == ' ' || before == '(' || before == '[' || before == '-' || before == EN_DASH ||
           before == EM_DASH || before == SINGLE_OPENING || before == DOUBLE_OPENING;
}

// Returns whether the text after an apostrophe lost its first letters: 'tis, 'em, '90s.
static bool is_clipped(const char *text, const char *end)
{
    static const char *const words[] = {"tis", "Tis", "twas", "Twas", "em", "til", "cause", "n"};

    if (text < end && *text >= '0' && *text <= '9') {
        return true;
    }
    for (int i = 0; i < (int)(sizeof words / sizeof words[0]); i++) {
        if (starts_with(text, end, words[i]) && !is_letter(text + strlen(words[i]), end)) {
            return true;
        }
    }
    return false;
}

// They begin with a hyphen, a period, or an f.
static const struct {
    const char *text;
    uint32_t symbol;
} replacements[] = {
    {"---", EM_DASH}, {"--", EM_DASH}, {"...", ELLIPSIS}, {"ffi", 0xfb03},
    {"ffl", 0xfb04},  {"ff", 0xfb00},  {"fi", 0xfb01},    {"fl", 0xfb02},
};

const char *ql_symbol_decode(uint32_t *symbol, const char *text, const char *end, uint32_t before)
{
    const bool may_be_replaced = *text == '-' || *text == '.' || *text == 'f';

    for (int i = 0; may_be_replaced && i < (int)(sizeof replacements / sizeof replacements[0]); i++) {
        if (starts_with(text, end, replacements[i].text)) {
            *symbol = replacements[i].symbol;
            return text + strlen(replacements[i].text);
        }
    }
    const char *next = decode(symbol, text, end);
    if (*symbol <= ' ' || *symbol == 0x7f || *symbol == 0xa0) {
        *symbol = ' ';
        while (next < end && (*next == ' ' || (*next >= '\t' && *next <= '\r'))) {
            next++;
        }
    } else if (*symbol == '"') {
        *symbol = is_opener(before) ? DOUBLE_OPENING : DOUBLE_CLOSING;
    } else if (*symbol == '\'') {
        *symbol = is_opener(before) && !is_clipped(next, end) ? SINGLE_OPENING : APOSTROPHE;
    } else if (*symbol == '`') {
        *symbol = SINGLE_OPENING;
    } else if (*symbol == '-' && before == ' ' && next < end && *next == ' ') {
        *symbol = EN_DASH;
    }
    return next;
}
