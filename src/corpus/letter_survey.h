// Counts the letters and signs of a text before it is cleaned, to find out whether it is plain English and which
// alphabet it needs.
// Uses: base/status, corpus/{prepare_options,text_buffer}.
#ifndef QL_CORPUS_LETTER_SURVEY_H
#define QL_CORPUS_LETTER_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "corpus/prepare_options.h"

enum { QL_LETTER_SCRIPTS = 0x110000 >> 7 };

// Zero-initialized, it is the survey of an empty text. The counts take 4 MB when the text has symbols outside of ASCII.
struct ql_letter_survey {
    uint32_t *counts;                    // of symbols from U+0080 on, by code point; NULL while there are none
    uint64_t scripts[QL_LETTER_SCRIPTS]; // letters and marks by script; the index is one of the script's blocks of 128
    uint64_t letters, beside_ascii;      // letters and marks, and those of them from U+0080 on
};

// Counts the symbols of a text. Errors: memory.
enum ql_status ql_letter_survey_add(struct ql_letter_survey *survey, const char *bytes, size_t length,
                                    struct ql_error *error);
void ql_letter_survey_free(struct ql_letter_survey *survey);

// The alphabet for `--alphabet auto`: QL_ALPHABET_ASCII where the texts are plain English, with fewer than one letter in
// a thousand (or only two letters) outside of ASCII; otherwise QL_ALPHABET_TEXT.
enum ql_alphabet ql_letter_survey_choose(const struct ql_letter_survey *survey);

// Return true when a symbol from U+0080 on belongs to QL_ALPHABET_TEXT: letters, marks and digits of every script that
// has a hundredth of the letters, and signs that the text has at least `min_count` times.
bool ql_letter_survey_has(const struct ql_letter_survey *survey, int32_t symbol, int min_count);

#endif
