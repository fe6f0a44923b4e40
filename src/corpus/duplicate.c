// The steps `duplicates` and `near_duplicates`: of items that are equal, or have the same letters and digits, the first
// one is kept. Hashes are sorted together with the items' numbers; items are compared only where hashes are equal.
// Uses: corpus/clean_step, item_hash, utf8proc.
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "corpus/clean_step.h"
#include "corpus/item_hash.h"

struct place {
    uint64_t hash;
    uint32_t index;
};

static int place_compare(const void *left, const void *right)
{
    const struct place *a = left;
    const struct place *b = right;

    if (a->hash != b->hash) {
        return a->hash < b->hash ? -1 : 1;
    }
    return (a->index > b->index) - (a->index < b->index);
}

// What counts of an item: its letters, marks and digits.
struct reader {
    const char *text;
    size_t length, position;
    bool owes_s; // the second letter of a sharp s comes next
};

static struct reader read_item(const struct ql_item_list *list, size_t index)
{
    struct reader reader = {0};

    reader.text = ql_item_list_read(list, index, &reader.length);
    return reader;
}

// The next one, without case; -1 at the end. A sharp s is two letters, as it is in capitals.
static int32_t next_significant(struct reader *reader)
{
    if (reader->owes_s) {
        reader->owes_s = false;
        return 's';
    }
    for (;;) {
        int32_t symbol = ql_symbol_read(reader->text, reader->length, &reader->position);
        if (symbol < 0 || ql_symbol_is_digit(symbol) || ql_symbol_is_mark(symbol)) {
            return symbol;
        }
        if (ql_symbol_is_letter(symbol)) {
            symbol = ql_symbol_fold(symbol);
            reader->owes_s = symbol == QL_SYMBOL_SHARP_S;
            return reader->owes_s ? 's' : symbol;
        }
    }
}

// What makes two items duplicates: if `equal` is true, their hashes must be equal. An item without a hash has no
// duplicate.
struct likeness {
    bool (*hash)(const struct ql_item_list *list, size_t index, uint64_t *hash);
    bool (*equal)(const struct ql_item_list *list, size_t left, size_t right);
};

static bool exact_hash(const struct ql_item_list *list, size_t index, uint64_t *hash)
{
    size_t length;
    const char *text = ql_item_list_read(list, index, &length);

    *hash = ql_hash_step(ql_hash_start, text, length);
    return true;
}

static bool exact_equal(const struct ql_item_list *list, size_t left, size_t right)
{
    size_t left_length;
    size_t right_length;
    const char *left_text = ql_item_list_read(list, left, &left_length);
    const char *right_text = ql_item_list_read(list, right, &right_length);

    return left_length == right_length && memcmp(left_text, right_text, left_length) == 0;
}

// Items without any letters or digits are distinguished only by their other symbols.
static bool near_hash(const struct ql_item_list *list, size_t index, uint64_t *hash)
{
    struct reader reader = read_item(list, index);
    int32_t symbol = next_significant(&reader);
    bool significant = symbol >= 0;

    *hash = ql_hash_start;
    for (; symbol >= 0; symbol = next_significant(&reader)) {
        char bytes[4];
        utf8proc_ssize_t used = utf8proc_encode_char(symbol, (utf8proc_uint8_t *)bytes);
        *hash = ql_hash_step(*hash, bytes, (size_t)used);
    }
    return significant;
}

static bool near_equal(const struct ql_item_list *list, size_t left, size_t right)
{
    struct reader left_reader = read_item(list, left), right_reader = read_item(list, right);
    int32_t symbol;

    do {
        symbol = next_significant(&left_reader);
        if (symbol != next_significant(&right_reader)) {
            return false;
        }
    } while (symbol >= 0);
    return true;
}

static enum ql_status sift_duplicates(struct ql_item_list *list, const struct likeness *likeness,
                                      struct ql_error *error)
{
    size_t count = 0;
    struct place *places = malloc((list->count + 1) * sizeof *places);

    if (places == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to compare %zu items", list->count);
    }
    for (size_t i = 0; i < list->count; i++) {
        places[count].index = (uint32_t)i;
        count += !list->items[i].dropped && likeness->hash(list, i, &places[count].hash);
    }
    qsort(places, count, sizeof *places, place_compare);
    // Within a run of equal hashes, each item is compared with those of the run that are kept; a run with more than one
    // such item is a hash collision.
    for (size_t start = 0, end; start < count; start = end) {
        for (end = start + 1; end < count && places[end].hash == places[start].hash; end++) {
            struct ql_item *item = &list->items[places[end].index];
            for (size_t i = start; i < end && !item->dropped; i++) {
                item->dropped =
                    !list->items[places[i].index].dropped && likeness->equal(list, places[i].index, places[end].index);
            }
        }
    }
    free(places);
    return QL_OK;
}

enum ql_status ql_step_duplicates(struct ql_step_context *context, struct ql_item_list *list, struct ql_error *error)
{
    (void)context;
    return sift_duplicates(list, &(struct likeness){exact_hash, exact_equal}, error);
}

enum ql_status ql_step_near_duplicates(struct ql_step_context *context, struct ql_item_list *list,
                                       struct ql_error *error)
{
    (void)context;
    return sift_duplicates(list, &(struct likeness){near_hash, near_equal}, error);
}
