// The step `transliterate`: one spelling for what looks alike (NFKC), then only symbols of the chosen alphabet.
// A symbol outside of it becomes its counterpart from the table, or its letter without marks; where neither exists, the
// item is dropped, because a text with holes teaches a model holes. Uses: corpus/clean_step, utf8proc.
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "corpus/clean_step.h"

struct counterpart {
    int32_t symbol;
    const char *ascii;
};

// Sorted by symbol. Only what Unicode's own decompositions do not give.
static const struct counterpart counterparts[] = {
    {0x00A1, "!"},    {0x00A2, "c"},   {0x00A3, "GBP "}, {0x00A9, "(c)"}, {0x00AB, "\""}, {0x00AE, "(R)"},
    {0x00B0, " deg"}, {0x00B1, "+/-"}, {0x00B4, "'"},    {0x00B7, "*"},   {0x00BB, "\""}, {0x00BF, "?"},
    {0x00C6, "AE"},   {0x00D0, "D"},   {0x00D7, "x"},    {0x00D8, "O"},   {0x00DE, "Th"}, {0x00DF, "ss"},
    {0x00E6, "ae"},   {0x00F0, "d"},   {0x00F7, "/"},    {0x00F8, "o"},   {0x00FE, "th"}, {0x0110, "D"},
    {0x0111, "d"},    {0x0126, "H"},   {0x0127, "h"},    {0x0131, "i"},   {0x0138, "q"},  {0x0141, "L"},
    {0x0142, "l"},    {0x014A, "N"},   {0x014B, "n"},    {0x0152, "OE"},  {0x0153, "oe"}, {0x0166, "T"},
    {0x0167, "t"},    {0x02B9, "'"},   {0x02BB, "'"},    {0x02BC, "'"},   {0x02C6, "^"},  {0x02DC, "~"},
    {0x1E9E, "SS"},   {0x2010, "-"},   {0x2011, "-"},    {0x2012, "-"},   {0x2013, "-"},  {0x2014, "--"},
    {0x2015, "--"},   {0x2018, "'"},   {0x2019, "'"},    {0x201A, "'"},   {0x201B, "'"},  {0x201C, "\""},
    {0x201D, "\""},   {0x201E, "\""},  {0x201F, "\""},   {0x2020, "*"},   {0x2021, "*"},  {0x2022, "*"},
    {0x2032, "'"},    {0x2033, "\""},  {0x2039, "'"},    {0x203A, "'"},   {0x2044, "/"},  {0x20AC, "EUR "},
    {0x2190, "<-"},   {0x2192, "->"},  {0x2212, "-"},    {0x2215, "/"},   {0x2260, "!="}, {0x2264, "<="},
    {0x2265, ">="},   {0x300C, "\""},  {0x300D, "\""},   {0xFFFD, "?"},
};

enum { COUNTERPART_COUNT = sizeof counterparts / sizeof counterparts[0], DECOMPOSITION_LIMIT = 32 };

static int counterpart_compare(const void *left, const void *right)
{
    int32_t a = ((const struct counterpart *)left)->symbol;
    int32_t b = ((const struct counterpart *)right)->symbol;

    return (a > b) - (a < b);
}

static bool alphabet_has(enum ql_alphabet alphabet, int32_t symbol)
{
    if (symbol == '\n' || symbol == '\t' || (symbol >= 0x20 && symbol < 0x7F)) {
        return true;
    }
    switch (alphabet) {
    case QL_ALPHABET_ASCII:
        return false;
    case QL_ALPHABET_LATIN1:
        return symbol > 0xA0 && symbol <= 0xFF;
    case QL_ALPHABET_ANY:
        return true;
    }
    return false;
}

// Writes what stands for `symbol` in the alphabet. False when nothing does.
static bool counterpart_write(struct ql_text *out, enum ql_alphabet alphabet, int32_t symbol)
{
    const struct counterpart *found = bsearch(&(struct counterpart){.symbol = symbol}, counterparts, COUNTERPART_COUNT,
                                              sizeof counterparts[0], counterpart_compare);
    if (found != NULL) {
        ql_text_write(out, found->ascii, strlen(found->ascii));
        return true;
    }
    switch (utf8proc_category(symbol)) {
    case UTF8PROC_CATEGORY_MN: // marks that stand alone, joiners, controls: nothing is lost without them
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CC:
        return true;
    case UTF8PROC_CATEGORY_ZS:
        ql_text_write_byte(out, ' ');
        return true;
    default:
        break;
    }
    utf8proc_int32_t parts[DECOMPOSITION_LIMIT];
    utf8proc_ssize_t count =
        utf8proc_decompose_char(symbol, parts, DECOMPOSITION_LIMIT, UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK, NULL);
    if (count <= 0 || count > DECOMPOSITION_LIMIT) {
        return false;
    }
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        if (!alphabet_has(alphabet, parts[i])) {
            return false;
        }
    }
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        ql_text_write_symbol(out, parts[i]);
    }
    return true;
}

// NFKC would turn a lone acute accent into a space and a combining mark; it is nearly always meant as an apostrophe.
static void spare_accents(struct ql_text *out, const struct ql_text *text)
{
    for (size_t i = 0; i < text->length;) {
        size_t start = i;
        int32_t symbol = ql_symbol_read(text->bytes, text->length, &i);
        if (symbol == 0xB4) {
            ql_text_write_byte(out, '\'');
        } else {
            ql_text_write(out, text->bytes + start, i - start);
        }
    }
}

enum ql_status ql_step_transliterate(struct ql_step_context *context, struct ql_text *text, const char **reason,
                                     struct ql_error *error)
{
    enum ql_alphabet alphabet = context->options->alphabet;
    struct ql_text *out = &context->scratch;
    utf8proc_uint8_t *normal = NULL;
    size_t ascii = 0;

    while (ascii < text->length && (unsigned char)text->bytes[ascii] < 0x80) {
        ascii++;
    }
    if (ascii == text->length) {
        return QL_OK;
    }
    ql_text_reset(out);
    spare_accents(out, text);
    enum ql_status status = ql_text_check(out, error);
    if (status != QL_OK) {
        return status;
    }
    utf8proc_ssize_t length = utf8proc_map((const utf8proc_uint8_t *)out->bytes, (utf8proc_ssize_t)out->length, &normal,
                                           UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
    if (length < 0) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s:%zu: cannot normalise the item: %s", context->path,
                              context->line, utf8proc_errmsg(length));
    }
    ql_text_reset(out);
    for (size_t i = 0; i < (size_t)length && *reason == NULL;) {
        int32_t symbol = ql_symbol_read((const char *)normal, (size_t)length, &i);
        if (alphabet_has(alphabet, symbol)) {
            ql_text_write_symbol(out, symbol);
        } else if (!counterpart_write(out, alphabet, symbol)) {
            *reason = "outside_alphabet";
        }
    }
    free(normal);
    if (*reason == NULL) {
        ql_text_swap(text, out);
    }
    return QL_OK;
}
