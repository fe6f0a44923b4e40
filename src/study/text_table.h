// A set of texts, in which each new text gets the next number. For words, items, and lists of either.
// Uses: base/status.
#ifndef QL_STUDY_TEXT_TABLE_H
#define QL_STUDY_TEXT_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

// Owns its memory. Zero-initialized is an empty table.
struct ql_text_table {
    char *bytes;      // all texts, one after the other
    size_t *offsets;  // (count + 1) where text n begins
    uint32_t *counts; // (count) how often it was added
    uint32_t *slots;  // number + 1 of the text that hashes here; 0 is free
    size_t count, room, slot_count, bytes_room;
};

void ql_text_table_free(struct ql_text_table *table);

// Adds a text, or counts it once more. `*number` may be NULL. Errors: QL_ERROR_SYSTEM for no memory.
enum ql_status ql_text_table_add(struct ql_text_table *table, const char *bytes, size_t length, uint32_t *number,
                                 struct ql_error *error);

// The number of a text, or -1.
int64_t ql_text_table_find(const struct ql_text_table *table, const char *bytes, size_t length);

// How often a text was added; 0 for one that never was.
uint32_t ql_text_table_count(const struct ql_text_table *table, const char *bytes, size_t length);

// A text by its number; valid until the next addition.
const char *ql_text_table_read(const struct ql_text_table *table, size_t number, size_t *length);

#endif
