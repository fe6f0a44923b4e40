// Collects the words of a lexicon from texts and lists, and compiles them.
// Uses: base, filter/{filter_file,lexicon_file}.
#ifndef QL_FILTER_LEXICON_WORDS_H
#define QL_FILTER_LEXICON_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "filter/filter_file.h"
#include "filter/lexicon_file.h"

// A word as it was found, as UTF-8.
struct ql_lexicon_entry {
    char *text;
    uint32_t count;  // in the texts, where no sentence begins with it
    uint32_t starts; // in the texts, as the first word of a sentence
    bool listed;     // in a list of words
};

// Words by their spelling. {0} is the empty set. Owns its entries.
struct ql_lexicon_words {
    struct ql_lexicon_entry *entries;
    size_t count, room;
    uint32_t *slots; // number + 1 of the entry that hashes here; 0 is free
    size_t slot_count;
    bool *symbols;     // of the texts, by code point; NULL without a text: then every symbol may stand in a word
    uint32_t overlong; // words that are too long: places where they stand, and what ql_lexicon_words_compile adds
    // Set by ql_lexicon_words_compile:
    uint32_t rare, unlisted, lettered, unlabeled, filtered, respelled;
};
void ql_lexicon_words_free(struct ql_lexicon_words *words);

// Adds the words of a text. A word is a run of letters and digits, with what ql_lexicon_joins permits between two of
// them. Errors: those of reading; bytes that are not UTF-8, with the line.
enum ql_status ql_lexicon_words_load_text(struct ql_lexicon_words *words, const char *path, struct ql_error *error);

// Adds the words of a list, one a line, spelled as they are: a line that is not one word is an error with its number.
// Empty lines and those that begin with # are skipped.
enum ql_status ql_lexicon_words_load_list(struct ql_lexicon_words *words, const char *path, struct ql_error *error);

// Returns the entry of a spelling, or NULL.
const struct ql_lexicon_entry *ql_lexicon_words_find(const struct ql_lexicon_words *words, const char *text);

// Compiles the words into a lexicon, and counts in `words` what is left out, also where an error follows: words of texts
// that are rarer than `min_count` and in no list; with `among`, those of texts that it does not have (digits excepted);
// words with letters that the texts lack, or with rarer letters than those for which there are labels, or of more than
// QL_WORD_LIMIT labels; with `filter`, those after which the filter could leave no way on. A spelling with a capital that
// only begins sentences, or is all capitals, is that of the small word where there is one.
enum ql_status ql_lexicon_words_compile(struct ql_lexicon_file *file, struct ql_lexicon_words *words,
                                        const struct ql_lexicon_words *among, const struct ql_filter_file *filter,
                                        uint32_t min_count, struct ql_error *error);

#endif
