// The letters of a text: see letter_survey.h. Scripts are recognized by ranges of code points, because utf8proc does
// not know them; where no range is given, a block of 128 code points counts as a script, which is right for Indic
// scripts.
// Uses: corpus/text_buffer, utf8proc.
#include "corpus/letter_survey.h"

#include <stdlib.h>

#include <utf8proc.h>

#include "corpus/text_buffer.h"

enum {
    LEAST_LETTERS = 3,    // fewer non-ASCII letters are a stray word
    ENGLISH_SHARE = 1000, // in plain English, one letter in this many may be non-ASCII
    SCRIPT_SHARE = 100,   // one letter in this many makes a script one of the text's
    SYMBOL_LIMIT = 0x110000,
    BLOCK_BITS = 7,
};

// Ranges of code points beyond one block that are one script. Sorted; `script` is the first code point of the script.
static const struct script_range {
    int32_t first, last, script;
} script_ranges[] = {
    {0x0080, 0x024F, 0},        {0x0370, 0x03FF, 0x0380},   {0x0400, 0x052F, 0x0400}, {0x0530, 0x058F, 0x0530},
    {0x0590, 0x05FF, 0x0590},   {0x0600, 0x06FF, 0x0600},   {0x0750, 0x077F, 0x0600}, {0x08A0, 0x08FF, 0x0600},
    {0x0F00, 0x0FFF, 0x0F00},   {0x1000, 0x109F, 0x1000},   {0x10A0, 0x10FF, 0x10A0}, {0x1100, 0x11FF, 0x1100},
    {0x1200, 0x139F, 0x1200},   {0x1C80, 0x1C8F, 0x0400},   {0x1C90, 0x1CBF, 0x10A0}, {0x1E00, 0x1EFF, 0},
    {0x1F00, 0x1FFF, 0x0380},   {0x2C60, 0x2C7F, 0},        {0x2D00, 0x2D2F, 0x10A0}, {0x2D80, 0x2DDF, 0x1200},
    {0x2DE0, 0x2DFF, 0x0400},   {0x2E80, 0x312F, 0x3000},   {0x3130, 0x318F, 0x1100}, {0x3190, 0x9FFF, 0x3000},
    {0xA640, 0xA69F, 0x0400},   {0xA720, 0xA7FF, 0},        {0xA960, 0xA97F, 0x1100}, {0xAA60, 0xAA7F, 0x1000},
    {0xAB00, 0xAB2F, 0x1200},   {0xAB30, 0xAB6F, 0},        {0xAC00, 0xD7FF, 0x1100}, {0xF900, 0xFAFF, 0x3000},
    {0xFB00, 0xFB06, 0},        {0xFB13, 0xFB17, 0x0530},   {0xFB1D, 0xFB4F, 0x0590}, {0xFB50, 0xFDFF, 0x0600},
    {0xFE70, 0xFEFE, 0x0600},   {0xFF21, 0xFF5A, 0},        {0xFF66, 0xFF9F, 0x3000}, {0xFFA0, 0xFFDC, 0x1100},
    {0x1B000, 0x1B16F, 0x3000}, {0x20000, 0x3FFFF, 0x3000},
};

// The script of a letter, as an index of `scripts`.
static size_t script_of(int32_t symbol)
{
    for (size_t k = 0; k < sizeof script_ranges / sizeof script_ranges[0] && symbol >= script_ranges[k].first; k++) {
        if (symbol <= script_ranges[k].last) {
            return (size_t)script_ranges[k].script >> BLOCK_BITS;
        }
    }
    return (size_t)symbol >> BLOCK_BITS;
}

// Accents for letters of any script.
static bool is_common_mark(int32_t symbol)
{
    return (symbol >= 0x0300 && symbol <= 0x036F) || (symbol >= 0x1AB0 && symbol <= 0x1AFF) ||
           (symbol >= 0x1DC0 && symbol <= 0x1DFF) || (symbol >= 0x20D0 && symbol <= 0x20FF);
}

enum ql_status ql_letter_survey_add(struct ql_letter_survey *survey, const char *bytes, size_t length,
                                    struct ql_error *error)
{
    for (size_t i = 0; i < length;) {
        const int32_t symbol = ql_symbol_read(bytes, length, &i);
        const bool letter = ql_symbol_is_letter(symbol) || ql_symbol_is_mark(symbol);
        survey->letters += letter;
        if (symbol < 0x80) {
            survey->scripts[0] += letter;
            continue;
        }
        if (survey->counts == NULL && (survey->counts = calloc(SYMBOL_LIMIT, sizeof *survey->counts)) == NULL) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to count the letters of the text");
        }
        survey->counts[symbol] += survey->counts[symbol] < UINT32_MAX;
        survey->beside_ascii += letter;
        survey->scripts[script_of(symbol)] += letter;
    }
    return QL_OK;
}

void ql_letter_survey_free(struct ql_letter_survey *survey)
{
    free(survey->counts);
    survey->counts = NULL;
}

enum ql_alphabet ql_letter_survey_choose(const struct ql_letter_survey *survey)
{
    const bool english = survey->beside_ascii < LEAST_LETTERS || survey->beside_ascii < survey->letters / ENGLISH_SHARE;

    return english ? QL_ALPHABET_ASCII : QL_ALPHABET_TEXT;
}

bool ql_letter_survey_has(const struct ql_letter_survey *survey, int32_t symbol, int min_count)
{
    if (is_common_mark(symbol)) {
        return true;
    }
    if (ql_symbol_is_letter(symbol) || ql_symbol_is_mark(symbol) || ql_symbol_is_digit(symbol)) {
        const uint64_t count = survey->scripts[script_of(symbol)];
        return count > 0 && count >= survey->letters / SCRIPT_SHARE;
    }
    return survey->counts != NULL && survey->counts[symbol] >= (uint32_t)(min_count > 1 ? min_count : 1);
}
