// Looks for listed words in a text, slowly and by the words of docs/filter.md alone: the oracle of the filter's tests.
// Shares nothing with src/filter and device/: its own tables, and a search that tries every entry at every place.
// Uses: the C library.
#ifndef QL_TESTS_WORD_CHECKER_H
#define QL_TESTS_WORD_CHECKER_H

#include <stdbool.h>
#include <stddef.h>

struct word_checker {
    struct word_entry {
        char letters[64]; // a to z, and ' ' between words
        bool open_start, open_end;
    } * entries;
    size_t count;
};

// Reads a list in the syntax of docs/filter.md, in ASCII, without "!". Ends the program when it cannot.
void word_checker_init(struct word_checker *checker, const char *path);
void word_checker_free(struct word_checker *checker);

// The entry that the text, in ASCII and of one line, holds, or NULL.
const struct word_entry *word_checker_find(const struct word_checker *checker, const char *text);

#endif
