// Finds among many texts those that differ from a given one by at most one edit: one symbol added, removed, or
// replaced. Two such texts are equal, or one is the other without a symbol, or both are the same without one; so an
// index of every text with each of its symbols left out finds them all by look-ups, without comparing with all texts.
// Uses: base/status, study/text_table.
#ifndef QL_STUDY_NEAR_INDEX_H
#define QL_STUDY_NEAR_INDEX_H

#include <stdint.h>

#include "base/status.h"
#include "study/text_table.h"

struct ql_near_slot {
    uint64_t hash;
    uint32_t text; // number + 1; 0 is free
};

struct ql_near_index {
    const struct ql_text_table *texts; // not owned; valid UTF-8
    struct ql_near_slot *slots;
    size_t slot_count;
    uint32_t *symbols; // scratch for two texts
    uint64_t *hashes;  // scratch: of the beginnings and ends of a text
    size_t longest;    // symbols that the scratch memory has room for
};

// Indexes all texts of the table, which must not change afterwards. `longest`: symbols of the longest text that will be
// looked for. Memory: 32 to 64 bytes a symbol. Errors: QL_ERROR_SYSTEM; QL_ERROR_INPUT for more than
// QL_NEAR_SYMBOL_LIMIT symbols, which would take gigabytes.
enum { QL_NEAR_SYMBOL_LIMIT = 1 << 25 };
enum ql_status ql_near_index_init(struct ql_near_index *index, const struct ql_text_table *texts, size_t longest,
                                  struct ql_error *error);
void ql_near_index_free(struct ql_near_index *index);

// The smallest number of edits from `bytes` to a text of the index other than number `except` (-1: none): 0, 1, or 2
// for two or more. A text longer than `longest`, and than the texts of the index by more than a symbol, gives 2.
int ql_near_index_find(struct ql_near_index *index, const char *bytes, size_t length, int64_t except);

// Returns whether two texts differ by at most one edit.
int ql_near_check(const uint32_t *left, size_t left_count, const uint32_t *right, size_t right_count);

#endif
