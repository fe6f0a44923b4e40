// Finds texts that repeat a passage of held-out texts, so that none of them is trained on; and the step `overlaps`. Two
// texts overlap when they share 24 letters in a row, whatever stands between the letters and whatever their case and accents.
// Uses: corpus/text_buffer.
#ifndef QL_CORPUS_OVERLAP_H
#define QL_CORPUS_OVERLAP_H

#include "corpus/text_buffer.h"

// About four words: fewer are shared by chance ("that there is nothing"), more would let half a sentence pass.
enum { QL_OVERLAP_LETTERS = 24 };

// A set of the hashes of all runs of 24 letters. Zero-initialized is empty and valid.
struct ql_overlap_set {
    uint64_t *slots; // (capacity), owned; 0 is a free slot
    size_t capacity; // a power of two, or 0
    size_t count;
    char **paths; // (path_count), owned: the files that were added
    size_t path_count;
};

// Adds the lines of the files: each line is a text of its own. `paths` is a list with commas between the paths. A line
// with fewer than 24 letters counts as a whole. Errors: those of ql_text_file_open; QL_ERROR_SYSTEM without memory.
enum ql_status ql_overlap_set_load(struct ql_overlap_set *set, const char *paths, struct ql_error *error);
void ql_overlap_set_free(struct ql_overlap_set *set);

// Return true when the text shares a run with the set. A text with fewer than 24 letters matches only a short line that
// equals it.
bool ql_overlap_set_check(const struct ql_overlap_set *set, const char *text, size_t length);

#endif
