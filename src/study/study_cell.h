// One cell of a study: the items of one model with one setting, counted. A cell is a JSON object, because it is kept in
// a file from run to run, and ends as it is in study.json.
// Uses: base, jansson, study/{grammar,item_traits}.
#ifndef QL_STUDY_STUDY_CELL_H
#define QL_STUDY_STUDY_CELL_H

#include <jansson.h>

#include "base/status.h"
#include "study/grammar.h"
#include "study/item_traits.h"

// Items shown of a cell: the first ones, and the most frequent ones.
enum { QL_STUDY_SAMPLES = 24, QL_STUDY_FREQUENT = 8 };

// Collects the items of a cell. Zero-initialized, and freed in the end.
struct ql_study_cell_items {
    struct ql_text_table items;
    uint64_t count, cut;
    uint64_t distinct_at_size; // different ones among the first `size` items
    uint64_t size;             // as many as the training text has; of the text itself, as many as a cell has
    uint32_t *order;           // (count) the number of each item, as they came
    size_t room;               // of `order`
};
void ql_study_cell_items_free(struct ql_study_cell_items *items);

// Adds an item. Errors: no memory.
enum ql_status ql_study_cell_items_add(struct ql_study_cell_items *items, const char *bytes, size_t length, bool cut,
                                       struct ql_error *error);

// Counts. The object has (all whole numbers, but for lists): items, cut, symbols, copied, near, distinct,
// distinct_at_size, size, words, new_words, known_words, unknown_words, known_items (all words are known: in the
// training text, the wordlist, or digits), echoed_items (a word of more than 3 symbols is there more than once),
// repeated_items, repeated_symbols, listed, patterns (a list), lengths (a list: items of 0 symbols, of 1, ...),
// echoed_lengths (the same of the echoed items), frequent (a list of [item, times]), samples (a list of items).
// `own`: the items are those of the training text; see ql_item_traits_read.
enum ql_status ql_study_cell_count(json_t **cell, const struct ql_study_cell_items *items,
                                   struct ql_yardstick *yardstick, bool own, struct ql_error *error);

// Parses the sentences of `limit` of the items, evenly chosen in their order (0: of all), and adds to the cell:
// sentences (of at most QL_GRAMMAR_WORD_LIMIT words), parsed_sentences (complete ones of them), long_sentences (those
// of more words, which are not parsed). Errors: no memory.
enum ql_status ql_study_cell_parse(json_t *cell, const struct ql_study_cell_items *items, struct ql_grammar *grammar,
                                   uint64_t limit, struct ql_error *error);

// The share of echoed items that real ones have at the lengths of this cell's items: longer items repeat more words, so
// the raw shares of short and of long items cannot be compared. `own` is the cell of the training text. Lengths are
// taken in bins of 16 symbols; a bin without real items takes the nearest one that has some, the shorter of two. 0
// without items.
double ql_study_cell_expected_echoes(const json_t *cell, const json_t *own);

// True when the cell has that number: cells of earlier versions and of other options lack some.
bool ql_study_cell_has(const json_t *cell, const char *name);

// The number of that name; 0 where there is none.
uint64_t ql_study_cell_number(const json_t *cell, const char *name);

// One number of a cell as a share of another; 0 where that is 0.
double ql_study_cell_share(const json_t *cell, const char *numerator, const char *denominator);

#endif
