// A compiled filter as a file, .qlf: the graph of listed words, how symbols are read, and the items that are refused.
// It serves any model: it is bound to the vocabulary when the model is known. docs/filter.md has the format.
// Uses: base, corpus/vocabulary, device/filter.h, filter/automaton, filter/fingerprint_set.
#ifndef QL_FILTER_FILTER_FILE_H
#define QL_FILTER_FILTER_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "corpus/vocabulary.h"
#include "device/filter.h"
#include "filter/automaton.h"
#include "filter/fingerprint_set.h"

// Symbols from `first` to `last` that read alike. Symbols in no range are letters without a label, and their own keys.
struct ql_filter_range {
    uint32_t first, last;
    uint8_t label, kind;
    uint16_t key_shift; // from a symbol to its key, modulo 2^16; 0, too, where it has none, or where its label says it
};

// Owns all that it holds. {0} is no filter.
struct ql_filter_file {
    struct ql_automaton automaton;
    struct ql_filter_range *ranges; // ascending
    uint32_t range_count;
    struct ql_fingerprint_set items;
};

// Compiles a list, and the keys of items where there are any. Errors: those of the automaton and of the set.
enum ql_status ql_filter_file_init(struct ql_filter_file *file, const struct ql_listing *listing,
                                   struct ql_item_keys *keys, struct ql_error *error);
void ql_filter_file_free(struct ql_filter_file *file);

enum ql_status ql_filter_file_save(const struct ql_filter_file *file, const char *path, struct ql_error *error);

// Errors: QL_ERROR_INPUT for what is not a filter, cut short or damaged; with the path.
enum ql_status ql_filter_file_load(struct ql_filter_file *file, const char *path, struct ql_error *error);
enum ql_status ql_filter_file_read(struct ql_filter_file *file, const void *data, size_t size_bytes, const char *path,
                                   struct ql_error *error);

// A filter for a vocabulary. Owns its tables of symbols; points into the file for the rest.
struct ql_filter_binding {
    struct ql_filter filter;
    uint8_t *labels, *kinds, *hazards;
    uint16_t *keys, *rests, *rest_begins;
};

// The symbols are code points, in the order of the tokens. Errors: QL_ERROR_SYSTEM when there is not enough memory.
enum ql_status ql_filter_binding_init(struct ql_filter_binding *binding, const struct ql_filter_file *file,
                                      const uint32_t *symbols, int count, struct ql_error *error);

// The same for a vocabulary with pieces, if it has some. Errors: QL_ERROR_SYSTEM when there is not enough memory.
enum ql_status ql_filter_binding_init_vocabulary(struct ql_filter_binding *binding, const struct ql_filter_file *file,
                                                 const struct ql_vocabulary *vocabulary, struct ql_error *error);
void ql_filter_binding_free(struct ql_filter_binding *binding);

// Proves that a text can always be continued: that some token of the vocabulary is never blocked. Errors:
// QL_ERROR_INPUT where every token can be blocked.
enum ql_status ql_filter_binding_check(const struct ql_filter_binding *binding, const struct ql_filter_file *file,
                                       struct ql_error *error);

// Bytes in flash that the tables of pieces take.
size_t ql_filter_piece_bytes(const struct ql_filter *filter);

// Bytes in flash, for a vocabulary of that size: of the words, and of the refused items.
size_t ql_filter_word_bytes(const struct ql_filter_file *file, int V);
size_t ql_filter_item_bytes(const struct ql_filter_file *file);

#endif
