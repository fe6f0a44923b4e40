// Measures one item: how near it is to the training text, which words it has, and what it repeats.
// Uses: base, corpus/{text_buffer,word_list}, filter/filter_file, study/{near_index,text_table}.
#ifndef QL_STUDY_ITEM_TRAITS_H
#define QL_STUDY_ITEM_TRAITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "corpus/text_buffer.h"
#include "corpus/word_list.h"
#include "filter/filter_file.h"
#include "study/near_index.h"
#include "study/text_table.h"

enum { QL_PATTERN_LIMIT = 16 };

// The training text, and everything else that items are compared with. A word is a run of letters and digits, with
// single apostrophes inside, in lower case.
struct ql_yardstick {
    struct ql_text_table items;   // the different lines; counts are how often each is there
    uint64_t item_count;          // lines that are not empty
    struct ql_text_table words;   // counts: in how many lines a word is
    struct ql_near_index near;    // of the items
    struct ql_text_table known;   // the wordlist; empty without one
    struct ql_filter_file filter; // a compiled filter, whose words are listed, too
    bool has_filter;
    struct ql_word_list listed;             // words that must not be said; empty without a list
    const char *patterns[QL_PATTERN_LIMIT]; // plain texts to look for; not owned
    int pattern_count;
};

struct ql_item_traits {
    uint64_t symbols;
    bool copied, near;         // an item of the training text, or one edit away from one
    uint64_t words;            // all of them, repetitions too
    uint64_t new_words;        // of them, not in the training text
    uint64_t known_words;      // in the wordlist
    uint64_t unknown_words;    // in neither, without those that are digits only
    uint64_t invented_symbols; // of words in neither
    uint64_t repeated_symbols; // of words that are there more than once, all occurrences
    bool echoed;               // a word of more than 3 symbols is there more than once
    bool listed;               // has a listed word
    uint32_t patterns;         // bit k: contains pattern k
};

// Scratch memory for looking at items.
struct ql_item_reader {
    struct ql_text text, words, folded; // `words`: the words of an item, each with a NUL
    size_t *starts;                     // of them
    const char **sorted;                // the same words in their order, so that equal ones stand together
    size_t count, room;
};
void ql_item_reader_free(struct ql_item_reader *reader);

// Loads the training text, one item in each line; empty lines are skipped. `longest`: symbols of the longest item that
// will be looked at. Errors: those of the file; bytes that are not UTF-8; an empty text.
enum ql_status ql_yardstick_load(struct ql_yardstick *yardstick, const char *path, size_t longest,
                                 struct ql_error *error);

// Checks that a line of a file is UTF-8. Errors: QL_ERROR_INPUT with the file and the line.
enum ql_status ql_line_check(const char *bytes, size_t length, const char *path, size_t line, struct ql_error *error);

// Loads the wordlist, one word a line.
enum ql_status ql_yardstick_load_words(struct ql_yardstick *yardstick, const char *path, struct ql_error *error);
void ql_yardstick_free(struct ql_yardstick *yardstick);

// Looks at one item. `own` is for an item of the training text itself: it is compared with all others, but not with
// itself, so that real items can be measured in the same way as those of a model.
enum ql_status ql_item_traits_read(struct ql_item_traits *traits, struct ql_item_reader *reader,
                                   struct ql_yardstick *yardstick, const char *bytes, size_t length, bool own,
                                   struct ql_error *error);

#endif
