// Finds by its name what a model calls something: a number for each name. The work of a look-up does not grow with the
// table. Uses: the C library only.
#ifndef QL_ONNX_NAME_TABLE_H
#define QL_ONNX_NAME_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ql_name_entry {
    const char *name;
    uint64_t hash;
    int number;
    int older; // the entry before this one in its chain, or -1
};

// {0} is empty and valid.
struct ql_name_table {
    struct ql_name_entry *entries; // in the order in which they were added
    int count;
    size_t compared; // entries that look-ups passed
    int room;
    int *chains; // (chain_count) the newest entry of each, or -1
    size_t chain_count;
};

// Adds a name, which must outlive the table, with a number from 0 on. A name may be added again: the newest one counts.
// Returns false when there is not enough memory; the table then stays as it was.
bool ql_name_table_add(struct ql_name_table *table, const char *name, int number);

// Returns the number of a name, or -1.
int ql_name_table_find(struct ql_name_table *table, const char *name);

// Takes back all entries but the first `count`.
void ql_name_table_cut(struct ql_name_table *table, int count);

void ql_name_table_free(struct ql_name_table *table);

#endif
