// A list of words and phrases to look for as whole words, whatever their case.
// "Ass" does not match in "Cassandra"; the ends of a match must be ends of words.
// Uses: corpus/{clean_step,text_buffer}, utf8proc.
#ifndef QL_CORPUS_WORD_LIST_H
#define QL_CORPUS_WORD_LIST_H

#include "corpus/clean_step.h"
#include "corpus/text_buffer.h"

struct ql_word_entry {
    size_t offset; // in the list's `folded`
    size_t length;
    size_t next; // index of the next entry with the same first byte, plus 1; 0 is none
};

// Zero-initialized is an empty list.
struct ql_word_list {
    struct ql_text folded;  // the entries as they are compared, one after the other
    struct ql_text written; // the entries as the file has them, each with a line end
    struct ql_word_entry *entries;
    size_t count;
    size_t capacity;
    size_t first[256]; // index of the first entry that starts with this byte, plus 1; 0 is none
};

// Reads a file with one entry in each line; blank lines and lines that start with "#" are skipped.
// Errors: those of ql_file_open; QL_ERROR_INPUT with file and line for bytes that are not UTF-8.
enum ql_status ql_word_list_load(struct ql_word_list *list, const char *path, struct ql_error *error);

// Adds the form that the steps give each entry of the file, where it is another one: texts that have been through these
// steps are found by it. An entry that a step would drop skips that step. Errors: those of the steps, memory.
enum ql_status ql_word_list_add_forms(struct ql_word_list *list, struct ql_step_context *context,
                                      ql_step_edit *const *steps, size_t step_count, struct ql_error *error);

void ql_word_list_free(struct ql_word_list *list);

// True when an entry stands in `text` (valid UTF-8), which is in `folded` as it was compared afterwards: in lower case,
// with composed letters (NFC), and with plain apostrophes and hyphens in place of typographic ones. Where an entry
// starts or ends with a letter or digit, the neighboring character of the text must be neither.
bool ql_word_list_check(const struct ql_word_list *list, const struct ql_text *text, struct ql_text *folded);

#endif
