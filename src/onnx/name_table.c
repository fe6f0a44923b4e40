// Numbers by name: see name_table.h. A hash table with chains: the newest entry of a chain is its first, so that entries
// are taken back in the reverse order of their coming.
#include "onnx/name_table.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_ROOM = 16 };

static uint64_t hash_name(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u; // FNV-1a

    for (; *name != '\0'; name++) {
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    }
    return hash ^ hash >> 32;
}

static int *find_chain(const struct ql_name_table *table, uint64_t hash)
{
    return &table->chains[hash & (table->chain_count - 1)];
}

// Twice as many entries, and as many chains as entries.
static bool grow(struct ql_name_table *table)
{
    const size_t room = table->room == 0 ? LEAST_ROOM : 2 * (size_t)table->room;
    struct ql_name_entry *entries = room > INT_MAX ? NULL : realloc(table->entries, room * sizeof entries[0]);

    table->entries = entries == NULL ? table->entries : entries;
    int *chains = entries == NULL ? NULL : malloc(room * sizeof chains[0]);
    if (chains == NULL) {
        return false;
    }
    free(table->chains);
    table->chains = chains;
    table->chain_count = room;
    table->room = (int)room;
    memset(chains, -1, room * sizeof chains[0]);
    for (int k = 0; k < table->count; k++) {
        int *chain = find_chain(table, entries[k].hash);
        entries[k].older = *chain;
        *chain = k;
    }
    return true;
}

bool ql_name_table_add(struct ql_name_table *table, const char *name, int number)
{
    if (table->count == table->room && !grow(table)) {
        return false;
    }
    const uint64_t hash = hash_name(name);
    int *chain = find_chain(table, hash);
    table->entries[table->count] = (struct ql_name_entry){name, hash, number, *chain};
    *chain = table->count++;
    return true;
}

int ql_name_table_find(struct ql_name_table *table, const char *name)
{
    if (table->count == 0) {
        return -1;
    }
    const uint64_t hash = hash_name(name);
    for (int k = *find_chain(table, hash); k >= 0; k = table->entries[k].older) {
        const struct ql_name_entry *entry = &table->entries[k];
        table->compared++;
        if (entry->hash == hash && strcmp(entry->name, name) == 0) {
            return entry->number;
        }
    }
    return -1;
}

void ql_name_table_cut(struct ql_name_table *table, int count)
{
    while (table->count > count) {
        const struct ql_name_entry *entry = &table->entries[--table->count];
        *find_chain(table, entry->hash) = entry->older;
    }
}

void ql_name_table_free(struct ql_name_table *table)
{
    free(table->entries);
    free(table->chains);
    *table = (struct ql_name_table){0};
}
