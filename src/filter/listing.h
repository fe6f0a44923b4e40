// Lists of words that must not be said: the lines of a file, one entry each. docs/filter.md has the syntax.
// Uses: base, filter/fold.
#ifndef QL_FILTER_LISTING_H
#define QL_FILTER_LISTING_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "filter/fold.h"

enum {
    QL_LISTING_LETTERS = 32, // of an entry, at most; gaps count
    QL_LISTING_RATING_LIMIT = 9,
};

struct ql_listing_entry {
    uint8_t labels[QL_LISTING_LETTERS]; // a to z, the list's own, QL_FILTER_GAP between words
    int length;                         // at least 2
    uint32_t ends;                      // one of QL_FILTER_WHOLE, START, FINAL and ANY
};

// Start as {0}. Owns its entries.
struct ql_listing {
    struct ql_listing_entry *entries;
    size_t count, capacity;
    struct ql_fold_letters letters; // set `accents` before the first list is read
};

// Adds the entries of a text; `path` is for messages. Those that are rated below `rating` are left out. An entry
// may come more than once.
// Errors: QL_ERROR_INPUT with file and line for an entry that is too short or too long, or holds what is not a letter,
// and for more than QL_FOLD_OWN_LETTERS letters besides those of Latin in all lists.
enum ql_status ql_listing_read(struct ql_listing *listing, const char *text, size_t size_bytes, const char *path,
                               int rating, struct ql_error *error);

// The same from a file.
enum ql_status ql_listing_load(struct ql_listing *listing, const char *path, int rating, struct ql_error *error);

void ql_listing_free(struct ql_listing *listing);

#endif
