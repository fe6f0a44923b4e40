// Lets a model write items at temperatures from 0.3 to 1.5, and counts those that hold a listed word.
// Uses: word_checker, the C library.
#ifndef QL_TESTS_HOSTILE_COUNT_H
#define QL_TESTS_HOSTILE_COUNT_H

#include <stdbool.h>
#include <stdint.h>

// A model: the host's stepper with a filter or without one, or generated C.
struct hostile_writer {
    void (*begin)(void *model, uint32_t seed, float temperature); // a text, from the newline
    int (*next)(void *model, int token);                          // -1 is an error
    bool (*may_end)(void *model, int token);
    const char *(*symbol)(void *model, int token);
    void *model;
    int newline; // its token
};

// Writes the items and prints, in one line, how many were written, how many hold a word of the list, and a hash of all
// text. With `show`, the first few of those are printed too. Returns the exit code of a program.
int hostile_count(const struct hostile_writer *writer, const char *words_path, long items, bool show);

#endif
