// A compiled lexicon as a file, .qlx: the graph of words, and the letters that its labels stand for. It is for any
// model; a vocabulary is bound to it when a model is at hand. docs/lexicon.md has the rules and the format.
// Uses: base, corpus/vocabulary, device/lexicon.h, filter/word_graph.
#ifndef QL_FILTER_LEXICON_FILE_H
#define QL_FILTER_LEXICON_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "corpus/vocabulary.h"
#include "device/lexicon.h"
#include "filter/word_graph.h"

// Owns all that it holds. {0} is no lexicon.
struct ql_lexicon_file {
    struct ql_word_graph graph;
    uint32_t letters[QL_LEXICON_NO_LABEL]; // [0] is not used: the mark of a capital
    uint32_t letter_count;                 // with [0]
    uint32_t word_count;
};
void ql_lexicon_file_free(struct ql_lexicon_file *file);

enum ql_status ql_lexicon_file_save(const struct ql_lexicon_file *file, const char *path, struct ql_error *error);

// Errors: QL_ERROR_INPUT for what is not a lexicon, is cut short or damaged; with the path.
enum ql_status ql_lexicon_file_load(struct ql_lexicon_file *file, const char *path, struct ql_error *error);
enum ql_status ql_lexicon_file_read(struct ql_lexicon_file *file, const void *data, size_t size_bytes, const char *path,
                                    struct ql_error *error);

// How a symbol reads, whatever the words: QL_LEXICON_WORD and so on. *small is the letter of a label: the small one of
// a capital, the hyphen of all hyphens, the apostrophe of both.
uint8_t ql_lexicon_kind(uint32_t symbol, uint32_t *small);

// True for what may stand between two letters of a word, or two digits: apostrophe, hyphen, period; comma in numbers.
// `left` and `right` are the symbols around it.
int ql_lexicon_joins(uint32_t left, uint32_t symbol, uint32_t right);

// A lexicon for a vocabulary. Owns its tables of symbols; points into the file for the rest.
struct ql_lexicon_binding {
    struct ql_lexicon lexicon;
    uint8_t *labels, *kinds;
    uint16_t *rests, *rest_begins;
};

// The symbols are code points, in the order of the tokens. Errors: QL_ERROR_SYSTEM when there is not enough memory;
// QL_ERROR_INPUT when the vocabulary cannot end a word, or has the beginning of a word but not the letters to finish
// any: then there would not always be a way on.
enum ql_status ql_lexicon_binding_init(struct ql_lexicon_binding *binding, const struct ql_lexicon_file *file,
                                       const uint32_t *symbols, int count, struct ql_error *error);

// The same for a vocabulary with pieces, if it has some.
enum ql_status ql_lexicon_binding_init_vocabulary(struct ql_lexicon_binding *binding,
                                                  const struct ql_lexicon_file *file,
                                                  const struct ql_vocabulary *vocabulary, struct ql_error *error);
void ql_lexicon_binding_free(struct ql_lexicon_binding *binding);

// Bytes in flash, for a vocabulary of that size.
size_t ql_lexicon_bytes(const struct ql_lexicon_file *file, int V);

#endif
