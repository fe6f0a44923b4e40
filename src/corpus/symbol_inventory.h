// How often each symbol occurs in the items of a list.
// One counter per code point of Unicode: 9 MB of address space, of which only the pages that are used cost memory.
// Uses: corpus/item_list.
#ifndef QL_CORPUS_SYMBOL_INVENTORY_H
#define QL_CORPUS_SYMBOL_INVENTORY_H

#include "corpus/item_list.h"

enum { QL_SYMBOL_LIMIT = 0x110000 };

struct ql_symbol_inventory {
    uint64_t *counts; // (QL_SYMBOL_LIMIT)
};

// Counts the symbols of the items that are not dropped. Errors: memory.
enum ql_status ql_symbol_inventory_init(struct ql_symbol_inventory *inventory, const struct ql_item_list *list,
                                        struct ql_error *error);
void ql_symbol_inventory_free(struct ql_symbol_inventory *inventory);

#endif
