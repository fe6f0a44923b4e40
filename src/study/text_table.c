// A set of texts with numbers: see text_table.h. Open addressing with linear probing, at most half full.
// Uses: corpus/item_hash.
#include "study/text_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "corpus/item_hash.h"

void ql_text_table_free(struct ql_text_table *table)
{
    free(table->bytes);
    free(table->offsets);
    free(table->counts);
    free(table->slots);
    *table = (struct ql_text_table){0};
}

const char *ql_text_table_read(const struct ql_text_table *table, size_t number, size_t *length)
{
    *length = table->offsets[number + 1] - table->offsets[number];
    return table->bytes + table->offsets[number];
}

// The slot that has the text, or the free one where it belongs.
static size_t find_slot(const struct ql_text_table *table, const char *bytes, size_t length)
{
    size_t slot = (size_t)ql_hash_mix(ql_hash_step(ql_hash_start, bytes, length)) & (table->slot_count - 1);

    for (; table->slots[slot] != 0; slot = (slot + 1) & (table->slot_count - 1)) {
        size_t there_length;
        const char *there = ql_text_table_read(table, table->slots[slot] - 1, &there_length);
        if (there_length == length && memcmp(there, bytes, length) == 0) {
            break;
        }
    }
    return slot;
}

static bool grow_texts(struct ql_text_table *table)
{
    const size_t room = table->room == 0 ? 256 : 2 * table->room;
    size_t *offsets = realloc(table->offsets, (room + 1) * sizeof *offsets);

    if (offsets == NULL) {
        return false;
    }
    table->offsets = offsets;
    table->offsets[table->count] = table->count == 0 ? 0 : table->offsets[table->count];
    uint32_t *counts = realloc(table->counts, room * sizeof *counts);
    if (counts == NULL) {
        return false;
    }
    table->counts = counts;
    uint32_t *slots = calloc(2 * room, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    free(table->slots);
    table->slots = slots;
    table->slot_count = 2 * room;
    table->room = room;
    for (size_t n = 0; n < table->count; n++) {
        size_t length;
        const char *bytes = ql_text_table_read(table, n, &length);
        table->slots[find_slot(table, bytes, length)] = (uint32_t)n + 1;
    }
    return true;
}

static bool grow_bytes(struct ql_text_table *table, size_t needed)
{
    if (needed <= table->bytes_room && table->bytes != NULL) {
        return true;
    }
    const size_t room = 2 * needed + 4096;
    char *bytes = realloc(table->bytes, room);
    if (bytes == NULL) {
        return false;
    }
    table->bytes = bytes;
    table->bytes_room = room;
    return true;
}

enum ql_status ql_text_table_add(struct ql_text_table *table, const char *bytes, size_t length, uint32_t *number,
                                 struct ql_error *error)
{
    if (table->count == table->room && !grow_texts(table)) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for a table of texts");
    }
    const size_t slot = find_slot(table, bytes, length);
    if (table->slots[slot] == 0) {
        const size_t offset = table->offsets[table->count];
        if (table->count == UINT32_MAX - 1 || !grow_bytes(table, offset + length)) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for a table of texts");
        }
        if (length > 0) {
            memcpy(table->bytes + offset, bytes, length);
        }
        table->offsets[table->count + 1] = offset + length;
        table->counts[table->count] = 0;
        table->slots[slot] = (uint32_t)++table->count;
    }
    const uint32_t n = table->slots[slot] - 1;
    table->counts[n]++;
    if (number != NULL) {
        *number = n;
    }
    return QL_OK;
}

int64_t ql_text_table_find(const struct ql_text_table *table, const char *bytes, size_t length)
{
    return table->count == 0 ? -1 : (int64_t)table->slots[find_slot(table, bytes, length)] - 1;
}

uint32_t ql_text_table_count(const struct ql_text_table *table, const char *bytes, size_t length)
{
    const int64_t number = ql_text_table_find(table, bytes, length);
    return number < 0 ? 0 : table->counts[number];
}
