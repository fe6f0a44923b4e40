// Counts how often each symbol occurs in the items of a list.
// One counter per code point, up to the last one of the list: a kilobyte for English, 9 MB at most.
// Uses: corpus/item_list.
#ifndef QL_CORPUS_SYMBOL_INVENTORY_H
#define QL_CORPUS_SYMBOL_INVENTORY_H

#include "corpus/item_list.h"

struct ql_symbol_inventory {
    uint64_t *counts; // (limit)
    uint32_t limit;   // greater than every symbol of the list
};

// Counts the symbols of the items that are not dropped. Errors: memory.
enum ql_status ql_symbol_inventory_init(struct ql_symbol_inventory *inventory, const struct ql_item_list *list,
                                        struct ql_error *error);
void ql_symbol_inventory_free(struct ql_symbol_inventory *inventory);

#endif
