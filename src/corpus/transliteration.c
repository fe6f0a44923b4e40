// The step `transliterate`: one spelling for look-alikes (NFC, and NFKC where nothing is lost), then only symbols of
// the chosen alphabet.
// A symbol outside it becomes its counterpart from the table, or its letter without marks; if neither exists, the item
// is dropped, because a text with holes teaches a model holes. Uses: corpus/clean_step, utf8proc.
#include "corpus/transliteration.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "corpus/clean_step.h"
#include "corpus/letter_survey.h"

struct counterpart {
    int32_t symbol;
    const char *ascii;
};

// Sorted by symbol. Only symbols that Unicode's own decompositions do not cover.
static const struct counterpart counterparts[] = {
    {0x00A1, ""},     {0x00A2, "c"},   {0x00A3, "GBP "}, {0x00A9, "(c)"}, {0x00AB, "\""}, {0x00AE, "(R)"},
    {0x00B0, " deg"}, {0x00B1, "+/-"}, {0x00B4, "'"},    {0x00BB, "\""},  {0x00BF, ""},   {0x00C6, "AE"},
    {0x00D0, "D"},    {0x00D7, "x"},   {0x00D8, "O"},    {0x00DE, "Th"},  {0x00DF, "ss"}, {0x00E6, "ae"},
    {0x00F0, "d"},    {0x00F7, "/"},   {0x00F8, "o"},    {0x00FE, "th"},  {0x0110, "D"},  {0x0111, "d"},
    {0x0126, "H"},    {0x0127, "h"},   {0x0131, "i"},    {0x0138, "q"},   {0x0141, "L"},  {0x0142, "l"},
    {0x014A, "N"},    {0x014B, "n"},   {0x0152, "OE"},   {0x0153, "oe"},  {0x0166, "T"},  {0x0167, "t"},
    {0x02B9, "'"},    {0x02BB, "'"},   {0x02BC, "'"},    {0x02C6, "^"},   {0x02DC, "~"},  {0x03BC, "u"},
    {0x1E9E, "SS"},   {0x2010, "-"},   {0x2011, "-"},    {0x2012, "-"},   {0x2013, "-"},  {0x2014, "--"},
    {0x2015, "--"},   {0x2018, "'"},   {0x2019, "'"},    {0x201A, "'"},   {0x201B, "'"},  {0x201C, "\""},
    {0x201D, "\""},   {0x201E, "\""},  {0x201F, "\""},   {0x2020, "*"},   {0x2021, "*"},  {0x2022, "*"},
    {0x2032, "'"},    {0x2033, "\""},  {0x2039, "'"},    {0x203A, "'"},   {0x2044, "/"},  {0x20AC, "EUR "},
    {0x2190, "<-"},   {0x2192, "->"},  {0x2212, "-"},    {0x2215, "/"},   {0x2217, "*"},  {0x2260, "!="},
    {0x2264, "<="},   {0x2265, ">="},  {0x300C, "\""},   {0x300D, "\""},  {0xFFFD, "?"},
};

enum {
    COUNTERPART_COUNT = sizeof counterparts / sizeof counterparts[0],
    DECOMPOSITION_LIMIT = 32,
    MIDDLE_DOT = 0xB7,
    FORMS_START = 0x2000, // from here on, letters with a compatible form are Unicode's own: ligatures, numbers, shapes
};

static int counterpart_compare(const void *left, const void *right)
{
    int32_t a = ((const struct counterpart *)left)->symbol;
    int32_t b = ((const struct counterpart *)right)->symbol;

    return (a > b) - (a < b);
}

static bool alphabet_has(const struct ql_step_context *context, int32_t symbol)
{
    if (symbol == '\n' || symbol == '\t' || (symbol >= 0x20 && symbol < 0x7F)) {
        return true;
    }
    switch (context->options->alphabet) {
    case QL_ALPHABET_ASCII:
        return false;
    case QL_ALPHABET_LATIN1:
        return symbol > 0xA0 && symbol <= 0xFF;
    case QL_ALPHABET_TEXT:
        return ql_letter_survey_has(context->survey, symbol, context->options->min_symbol_count);
    case QL_ALPHABET_ANY:
    case QL_ALPHABET_AUTO:
        return true;
    }
    return false;
}

static const char *find_counterpart(int32_t symbol)
{
    const struct counterpart *found = bsearch(&(struct counterpart){.symbol = symbol}, counterparts, COUNTERPART_COUNT,
                                              sizeof counterparts[0], counterpart_compare);
    return found == NULL ? NULL : found->ascii;
}

const char *ql_transliterate_letter(int32_t symbol)
{
    return symbol >= 0x80 && ql_symbol_is_letter(symbol) ? find_counterpart(symbol) : NULL;
}

// What a middle dot stands for: after a Greek letter, for a semicolon; in a word, as in Catalan's "col·lecció", for
// nothing that the letters do not say; elsewhere it marks an item of a list, or multiplies.
static const char *dot_counterpart(int32_t before, int32_t behind)
{
    const bool after_letter = before >= 0 && ql_symbol_is_letter(before);

    if (after_letter && ((before >= 0x370 && before <= 0x3FF) || (before >= 0x1F00 && before <= 0x1FFF))) {
        return ";";
    }
    return after_letter && behind >= 0 && ql_symbol_is_letter(behind) ? "" : "*";
}

// Writes the replacement of a symbol that is not in the alphabet, given its neighbors. False when there is none.
static bool counterpart_write(struct ql_step_context *context, struct ql_text *out, int32_t before, int32_t symbol,
                              int32_t behind)
{
    const char *ascii = symbol == MIDDLE_DOT ? dot_counterpart(before, behind) : find_counterpart(symbol);

    if (ascii != NULL) {
        context->letters_lost |= ql_symbol_is_letter(symbol) && ql_symbol_is_letter((unsigned char)ascii[0]);
        ql_text_write(out, ascii, strlen(ascii));
        return true;
    }
    switch (utf8proc_category(symbol)) {
    case UTF8PROC_CATEGORY_MN: // marks that stand alone
    case UTF8PROC_CATEGORY_ME:
        context->letters_lost = true;
        return true;
    case UTF8PROC_CATEGORY_CF: // joiners, controls: removing them loses nothing
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
        if (!alphabet_has(context, parts[i])) {
            return false;
        }
    }
    context->letters_lost |= ql_symbol_is_letter(symbol);
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        ql_text_write_symbol(out, parts[i]);
    }
    return true;
}

// NFKC would turn a lone acute accent into a space and a combining mark; it nearly always stands for an apostrophe.
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

// Return true for a symbol that has a meaning of its own although Unicode calls it a form of others: fractions, numbers
// above and below the line and in circles, wide punctuation, letters such as the micro sign or Thai's sara am, accents
// that stand alone.
static bool means_more(int32_t symbol)
{
    switch (utf8proc_get_property(symbol)->decomp_type) {
    case UTF8PROC_DECOMP_TYPE_SUPER:
    case UTF8PROC_DECOMP_TYPE_SUB:
    case UTF8PROC_DECOMP_TYPE_FRACTION:
    case UTF8PROC_DECOMP_TYPE_CIRCLE:
        return true;
    case UTF8PROC_DECOMP_TYPE_WIDE:
        return !ql_symbol_is_letter(symbol) && !ql_symbol_is_digit(symbol) && symbol != 0x3000;
    case UTF8PROC_DECOMP_TYPE_COMPAT: {
        utf8proc_int32_t parts[DECOMPOSITION_LIMIT];
        const utf8proc_ssize_t count =
            utf8proc_decompose_char(symbol, parts, DECOMPOSITION_LIMIT, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, NULL);
        return (ql_symbol_is_letter(symbol) && symbol < FORMS_START) || (count > 1 && parts[0] == ' ');
    }
    default:
        return false;
    }
}

// Decomposes ligatures, letters of other widths, and the like, unless the alphabet has them and they mean more. Sets
// `*changed` when it did. For ASCII this is NFKC.
static void take_forms_apart(const struct ql_step_context *context, struct ql_text *out, const char *normal,
                             size_t length, bool *changed)
{
    *changed = false;
    for (size_t i = 0; i < length;) {
        const size_t start = i;
        const int32_t symbol = ql_symbol_read(normal, length, &i);
        if (symbol < 0x80 || utf8proc_get_property(symbol)->decomp_type == 0 ||
            (means_more(symbol) && alphabet_has(context, symbol))) {
            ql_text_write(out, normal + start, i - start);
            continue;
        }
        utf8proc_int32_t parts[DECOMPOSITION_LIMIT];
        const utf8proc_ssize_t count =
            utf8proc_decompose_char(symbol, parts, DECOMPOSITION_LIMIT, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, NULL);
        for (utf8proc_ssize_t k = 0; k < count && count <= DECOMPOSITION_LIMIT; k++) {
            ql_text_write_symbol(out, parts[k]);
        }
        *changed = true;
    }
}

// Brings `text` to Unicode's composed form, into memory that the caller frees.
static enum ql_status compose(const struct ql_step_context *context, utf8proc_uint8_t **normal, size_t *length,
                              const struct ql_text *text, struct ql_error *error)
{
    const enum ql_status status = ql_text_check(text, error);

    if (status != QL_OK) {
        return status;
    }
    const utf8proc_ssize_t result = utf8proc_map((const utf8proc_uint8_t *)text->bytes, (utf8proc_ssize_t)text->length,
                                                 normal, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (result < 0) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s:%zu: cannot normalize the item: %s", context->path,
                              context->line, utf8proc_errmsg(result));
    }
    *length = (size_t)result;
    return QL_OK;
}

enum ql_status ql_step_transliterate(struct ql_step_context *context, struct ql_text *text, const char **reason,
                                     struct ql_error *error)
{
    struct ql_text *out = &context->scratch;
    utf8proc_uint8_t *normal = NULL;
    size_t length = 0;
    bool changed = false;
    size_t ascii = 0;

    while (ascii < text->length && (unsigned char)text->bytes[ascii] < 0x80) {
        ascii++;
    }
    if (ascii == text->length) {
        return QL_OK;
    }
    ql_text_reset(out);
    spare_accents(out, text);
    enum ql_status status = compose(context, &normal, &length, out, error);
    if (status == QL_OK) {
        ql_text_reset(out);
        take_forms_apart(context, out, (const char *)normal, length, &changed);
    }
    if (status == QL_OK && changed) {
        free(normal);
        normal = NULL;
        status = compose(context, &normal, &length, out, error);
    }
    if (status != QL_OK) {
        free(normal);
        return status;
    }
    ql_text_reset(out);
    int32_t before = -1;
    for (size_t i = 0; i < length && *reason == NULL;) {
        const int32_t symbol = ql_symbol_read((const char *)normal, length, &i);
        size_t next = i;
        const int32_t behind = ql_symbol_read((const char *)normal, length, &next);
        if (alphabet_has(context, symbol)) {
            ql_text_write_symbol(out, symbol);
        } else if (!counterpart_write(context, out, before, symbol, behind)) {
            *reason = "outside_alphabet";
        }
        before = symbol;
    }
    free(normal);
    if (*reason == NULL) {
        ql_text_swap(text, out);
    }
    return QL_OK;
}
