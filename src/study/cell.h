// One cell of a study: the items of one model with one setting, counted. A cell is a JSON object, because it is kept in
// a file from run to run, and ends as it is in study.json.
// Uses: base, jansson, study/item_traits.
#ifndef QL_STUDY_CELL_H
#define QL_STUDY_CELL_H

#include <jansson.h>

#include "base/status.h"
#include "study/item_traits.h"

// Items shown of a cell: the first ones, and the most frequent ones.
enum { QL_CELL_SAMPLES = 24, QL_CELL_FREQUENT = 8 };

// Collects the items of a cell. Zero-initialised, and freed in the end.
struct ql_cell_items {
    struct ql_text_table items;
    uint64_t count, cut;
    uint64_t distinct_at_size; // different ones among the first `size` items
    uint64_t size;             // as many as the training text has
    uint32_t samples[QL_CELL_SAMPLES];
};
void ql_cell_items_free(struct ql_cell_items *items);

// Adds an item. Errors: no memory.
enum ql_status ql_cell_items_add(struct ql_cell_items *items, const char *bytes, size_t length, bool cut,
                                 struct ql_error *error);

// Counts. The object has (all whole numbers, but for lists): items, cut, symbols, copied, near, distinct,
// distinct_at_size, size, words, new_words, known_words, repeated_items, repeated_symbols, listed, patterns (a list),
// lengths (a list: items of 0 symbols, of 1, ...), frequent (a list of [item, times]), samples (a list of items).
// `own`: the items are those of the training text; see ql_item_traits_read.
enum ql_status ql_cell_count(json_t **cell, const struct ql_cell_items *items, struct ql_yardstick *yardstick, bool own,
                             struct ql_error *error);

// The number of that name; 0 where there is none.
uint64_t ql_cell_number(const json_t *cell, const char *name);

// One number of a cell as a share of another; 0 where that is 0.
double ql_cell_share(const json_t *cell, const char *numerator, const char *denominator);

#endif
