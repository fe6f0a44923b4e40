// One cell of a study: see cell.h. Each different item is looked at once, and counts as often as it came.
// Uses: base, jansson, study/item_traits.
#include "study/cell.h"

#include <stdlib.h>
#include <string.h>

void ql_cell_items_free(struct ql_cell_items *items)
{
    ql_text_table_free(&items->items);
    *items = (struct ql_cell_items){0};
}

enum ql_status ql_cell_items_add(struct ql_cell_items *items, const char *bytes, size_t length, bool cut,
                                 struct ql_error *error)
{
    uint32_t number;
    enum ql_status status = ql_text_table_add(&items->items, bytes, length, &number, error);

    if (status == QL_OK) {
        if (items->count < QL_CELL_SAMPLES) {
            items->samples[items->count] = number;
        }
        items->count++;
        items->cut += cut;
        if (items->count <= items->size) {
            items->distinct_at_size = items->items.count;
        }
    }
    return status;
}

uint64_t ql_cell_number(const json_t *cell, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(cell, name));
}

double ql_cell_share(const json_t *cell, const char *numerator, const char *denominator)
{
    const double below = (double)ql_cell_number(cell, denominator);
    return below == 0.0 ? 0.0 : (double)ql_cell_number(cell, numerator) / below;
}

// The totals over all items.
struct counts {
    uint64_t symbols, copied, near, words, new_words, known_words, repeated_items, repeated_symbols, listed;
    uint64_t patterns[QL_PATTERN_LIMIT];
    uint64_t *lengths;
    size_t length_count;
};

static bool count_length(struct counts *counts, uint64_t symbols, uint64_t times)
{
    if (symbols >= counts->length_count) {
        const size_t count = (size_t)symbols + 1;
        uint64_t *lengths = realloc(counts->lengths, count * sizeof *lengths);
        if (lengths == NULL) {
            return false;
        }
        memset(lengths + counts->length_count, 0, (count - counts->length_count) * sizeof *lengths);
        counts->lengths = lengths;
        counts->length_count = count;
    }
    counts->lengths[symbols] += times;
    return true;
}

static void add_traits(struct counts *counts, const struct ql_item_traits *traits, uint64_t times)
{
    counts->symbols += times * traits->symbols;
    counts->copied += times * traits->copied;
    counts->near += times * traits->near;
    counts->words += times * traits->words;
    counts->new_words += times * traits->new_words;
    counts->known_words += times * traits->known_words;
    counts->repeated_items += times * (traits->repeated_symbols > 0);
    counts->repeated_symbols += times * traits->repeated_symbols;
    counts->listed += times * traits->listed;
    for (int k = 0; k < QL_PATTERN_LIMIT; k++) {
        counts->patterns[k] += times * (traits->patterns >> k & 1);
    }
}

static json_t *list_numbers(const uint64_t *numbers, size_t count)
{
    json_t *list = json_array();
    for (size_t k = 0; k < count; k++) {
        (void)json_array_append_new(list, json_integer((json_int_t)numbers[k]));
    }
    return list;
}

static json_t *item_to_json(const struct ql_cell_items *items, size_t number)
{
    size_t length;
    const char *bytes = ql_text_table_read(&items->items, number, &length);
    json_t *text = json_stringn(bytes, length);
    return text == NULL ? json_null() : text;
}

static json_t *list_samples(const struct ql_cell_items *items)
{
    json_t *list = json_array();
    for (uint64_t k = 0; k < items->count && k < QL_CELL_SAMPLES; k++) {
        (void)json_array_append_new(list, item_to_json(items, items->samples[k]));
    }
    return list;
}

// The most frequent items; of equally frequent ones that which came first.
static json_t *list_frequent(const struct ql_cell_items *items)
{
    size_t best[QL_CELL_FREQUENT];
    size_t count = 0;
    json_t *list = json_array();

    for (size_t n = 0; n < items->items.count; n++) {
        size_t place = count;
        while (place > 0 && items->items.counts[n] > items->items.counts[best[place - 1]]) {
            place--;
        }
        if (place < QL_CELL_FREQUENT) {
            count += count < QL_CELL_FREQUENT;
            memmove(best + place + 1, best + place, (count - place - 1) * sizeof best[0]);
            best[place] = n;
        }
    }
    for (size_t k = 0; k < count; k++) {
        (void)json_array_append_new(
            list, json_pack("[o, I]", item_to_json(items, best[k]), (json_int_t)items->items.counts[best[k]]));
    }
    return list;
}

enum ql_status ql_cell_count(json_t **cell, const struct ql_cell_items *items, struct ql_yardstick *yardstick, bool own,
                             struct ql_error *error)
{
    struct ql_item_reader reader = {0};
    struct counts counts = {0};
    enum ql_status status = QL_OK;

    *cell = NULL;
    for (size_t n = 0; n < items->items.count && status == QL_OK; n++) {
        struct ql_item_traits traits;
        size_t length;
        const char *bytes = ql_text_table_read(&items->items, n, &length);
        const uint64_t times = items->items.counts[n];
        status = ql_item_traits_read(&traits, &reader, yardstick, bytes, length, own, error);
        if (status == QL_OK) {
            add_traits(&counts, &traits, times);
            if (!count_length(&counts, traits.symbols, times)) {
                status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the lengths of items");
            }
        }
    }
    if (status == QL_OK) {
        *cell = json_pack(
            "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "items",
            (json_int_t)items->count, "cut", (json_int_t)items->cut, "symbols", (json_int_t)counts.symbols, "copied",
            (json_int_t)counts.copied, "near", (json_int_t)counts.near, "distinct", (json_int_t)items->items.count,
            "distinct_at_size", (json_int_t)items->distinct_at_size, "size",
            (json_int_t)(items->size < items->count ? items->size : items->count), "words", (json_int_t)counts.words,
            "new_words", (json_int_t)counts.new_words, "known_words", (json_int_t)counts.known_words, "repeated_items",
            (json_int_t)counts.repeated_items, "repeated_symbols", (json_int_t)counts.repeated_symbols, "listed",
            (json_int_t)counts.listed, "patterns", list_numbers(counts.patterns, (size_t)yardstick->pattern_count),
            "lengths", list_numbers(counts.lengths, counts.length_count), "frequent", list_frequent(items), "samples",
            list_samples(items));
        if (*cell == NULL) {
            status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the results of a cell");
        }
    }
    free(counts.lengths);
    ql_item_reader_free(&reader);
    return status;
}
