// Tells how the filter reads a symbol: which letter it is or stands for, and whether it separates words.
// The decision for each code point is made here and stored in the filter's file, so that no reader has to make it
// again.
// Uses: base, corpus/text_buffer, device/filter.h, utf8proc.
#ifndef QL_FILTER_FOLD_H
#define QL_FILTER_FOLD_H

#include <stdbool.h>
#include <stdint.h>

struct ql_fold {
    uint8_t label; // of device/filter.h; QL_FILTER_NO_LABEL for what is not a Latin letter and stands for none
    uint8_t kind;  // QL_FILTER_BOUNDARY and so on
};

enum {
    QL_FOLD_LABELS = 32,
    QL_FOLD_READINGS = 5,
    QL_FOLD_OWN_LETTERS = 31,          // labels from QL_FOLD_LABELS on: letters that a list has besides those of Latin
    QL_FOLD_SYMBOL_LIMIT = 0x20000,    // all symbols from here on, mostly Chinese ones, are letters without a label,
    QL_FOLD_INVISIBLE_FIRST = 0xE0000, // but for these, which are not seen and are ignored
    QL_FOLD_INVISIBLE_LAST = 0xE0FFF,
};

// Case, accents and width do not matter, and a sharp s is "ss"; digits and signs read as the letters that they stand
// for, and also as themselves, which ends a word.
struct ql_fold ql_fold_symbol(uint32_t symbol);

// The letters that a list has besides a to z: those of other alphabets, and accented ones on which it insists. Start as
// {0}. Letter k has the label QL_FOLD_LABELS + k.
struct ql_fold_letters {
    uint32_t symbols[QL_FOLD_OWN_LETTERS]; // as ql_fold_letter returns them; with their accents where these count
    int count;
    bool accents; // an accented letter is another letter than the plain one, in all entries
};

// Return true for a letter with an accent, or one that is made of a Latin letter, such as o with a stroke. A sharp s is
// none: it differs from "ss" by case, as its capital form is that.
bool ql_fold_is_accented(uint32_t symbol);

// The letter of a list that the symbol is: without case, and where `accents` is false, without accents.
uint32_t ql_fold_letter(uint32_t symbol, bool accents);

// Return how a symbol reads to a filter of a list with these letters.
struct ql_fold ql_fold_symbol_in(const struct ql_fold_letters *letters, uint32_t symbol);

// What a label can stand for: alternatives, each of one or two letters; NULL after the last. "i", "l" for the label of
// 1, "ss" for that of a sharp s. No alternative for the gap.
const char *const *ql_fold_readings(int label);

// What a symbol adds to the fingerprint of an item: letters and digits count, without case, and without accents unless
// these count in the letters; 0 for others. `fold` is how the symbol reads to a list with these letters.
uint16_t ql_fold_key(const struct ql_fold_letters *letters, uint32_t symbol, struct ql_fold fold);

#endif
