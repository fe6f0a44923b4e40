// How often each symbol occurs: see symbol_inventory.h; and the step `rare_symbols`.
// Dropping an item makes its other symbols rarer, so the step is repeated until nothing changes.
// Uses: corpus/clean_step.
#include "corpus/symbol_inventory.h"

#include <stdlib.h>

#include "corpus/clean_step.h"

// Adds `step` (1, or -1 as unsigned) to the counter of each symbol of an item.
static void count_item(uint64_t *counts, const struct ql_item_list *list, size_t index, uint64_t step)
{
    size_t length;
    const char *text = ql_item_list_read(list, index, &length);

    for (size_t i = 0; i < length;) {
        counts[ql_symbol_read(text, length, &i)] += step;
    }
}

// One more than the largest symbol of the list, including dropped items.
static uint32_t find_limit(const struct ql_item_list *list)
{
    int32_t largest = 0;

    for (size_t k = 0; k < list->count; k++) {
        size_t length;
        const char *text = ql_item_list_read(list, k, &length);
        for (size_t i = 0; i < length;) {
            const int32_t symbol = ql_symbol_read(text, length, &i);
            largest = symbol > largest ? symbol : largest;
        }
    }
    return (uint32_t)largest + 1;
}

enum ql_status ql_symbol_inventory_init(struct ql_symbol_inventory *inventory, const struct ql_item_list *list,
                                        struct ql_error *error)
{
    inventory->limit = find_limit(list);
    inventory->counts = calloc(inventory->limit, sizeof *inventory->counts);
    if (inventory->counts == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to count symbols");
    }
    for (size_t i = 0; i < list->count; i++) {
        if (!list->items[i].dropped) {
            count_item(inventory->counts, list, i, 1);
        }
    }
    return QL_OK;
}

void ql_symbol_inventory_free(struct ql_symbol_inventory *inventory)
{
    free(inventory->counts);
    inventory->counts = NULL;
}

static bool has_rare_symbol(const uint64_t *counts, const struct ql_item_list *list, size_t index, uint64_t minimum)
{
    size_t length;
    const char *text = ql_item_list_read(list, index, &length);

    for (size_t i = 0; i < length;) {
        if (counts[ql_symbol_read(text, length, &i)] < minimum) {
            return true;
        }
    }
    return false;
}

enum ql_status ql_step_rare_symbols(struct ql_step_context *context, struct ql_item_list *list, struct ql_error *error)
{
    uint64_t minimum = (uint64_t)context->options->min_symbol_count;
    struct ql_symbol_inventory inventory;
    bool changed = minimum > 1;
    enum ql_status status = QL_OK;

    if (!changed) {
        return QL_OK;
    }
    status = ql_symbol_inventory_init(&inventory, list, error);
    while (status == QL_OK && changed) {
        changed = false;
        for (size_t i = 0; i < list->count; i++) {
            if (!list->items[i].dropped && has_rare_symbol(inventory.counts, list, i, minimum)) {
                list->items[i].dropped = true;
                count_item(inventory.counts, list, i, (uint64_t)-1);
                changed = true;
            }
        }
    }
    ql_symbol_inventory_free(&inventory);
    return status;
}
