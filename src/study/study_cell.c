// One cell of a study: see study_cell.h. Each distinct item is examined once, and counted as often as it occurred.
// Uses: base, jansson, study/{grammar,item_traits,sentence}.
#include "study/study_cell.h"

#include <stdlib.h>
#include <string.h>

#include "study/sentence.h"

void ql_study_cell_items_free(struct ql_study_cell_items *items)
{
    ql_text_table_free(&items->items);
    free(items->order);
    *items = (struct ql_study_cell_items){0};
}

enum ql_status ql_study_cell_items_add(struct ql_study_cell_items *items, const char *bytes, size_t length, bool cut,
                                       struct ql_error *error)
{
    uint32_t number;

    if (items->count == items->room) {
        const size_t room = 2 * items->room + 64;
        uint32_t *order = realloc(items->order, room * sizeof *order);
        if (order == NULL) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the items of a cell");
        }
        items->order = order;
        items->room = room;
    }
    enum ql_status status = ql_text_table_add(&items->items, bytes, length, &number, error);
    if (status == QL_OK) {
        items->order[items->count++] = number;
        items->cut += cut;
        if (items->count <= items->size) {
            items->distinct_at_size = items->items.count;
        }
    }
    return status;
}

bool ql_study_cell_has(const json_t *cell, const char *name)
{
    return json_object_get(cell, name) != NULL;
}

uint64_t ql_study_cell_number(const json_t *cell, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(cell, name));
}

double ql_study_cell_share(const json_t *cell, const char *numerator, const char *denominator)
{
    const double below = (double)ql_study_cell_number(cell, denominator);
    return below == 0.0 ? 0.0 : (double)ql_study_cell_number(cell, numerator) / below;
}

// The totals over all items.
struct counts {
    uint64_t symbols, copied, near, words, new_words, known_words, unknown_words, known_items, echoed_items,
        repeated_items;
    uint64_t repeated_symbols, listed;
    uint64_t patterns[QL_PATTERN_LIMIT];
    struct length {
        uint64_t items, echoed;
    } * lengths;
    size_t length_count;
};

static bool count_length(struct counts *counts, const struct ql_item_traits *traits, uint64_t times)
{
    if (traits->symbols >= counts->length_count) {
        const size_t count = (size_t)traits->symbols + 1;
        struct length *lengths = realloc(counts->lengths, count * sizeof *lengths);
        if (lengths == NULL) {
            return false;
        }
        memset(lengths + counts->length_count, 0, (count - counts->length_count) * sizeof *lengths);
        counts->lengths = lengths;
        counts->length_count = count;
    }
    counts->lengths[traits->symbols].items += times;
    counts->lengths[traits->symbols].echoed += traits->echoed ? times : 0;
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
    counts->unknown_words += times * traits->unknown_words;
    counts->known_items += times * (traits->unknown_words == 0);
    counts->echoed_items += times * traits->echoed;
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

static json_t *list_lengths(const struct counts *counts, bool echoed)
{
    json_t *list = json_array();
    for (size_t k = 0; k < counts->length_count; k++) {
        const struct length *length = &counts->lengths[k];
        (void)json_array_append_new(list, json_integer((json_int_t)(echoed ? length->echoed : length->items)));
    }
    return list;
}

static json_t *item_to_json(const struct ql_study_cell_items *items, size_t number)
{
    size_t length;
    const char *bytes = ql_text_table_read(&items->items, number, &length);
    json_t *text = json_stringn(bytes, length);
    return text == NULL ? json_null() : text;
}

static json_t *list_samples(const struct ql_study_cell_items *items)
{
    json_t *list = json_array();
    for (uint64_t k = 0; k < items->count && k < QL_STUDY_SAMPLES; k++) {
        (void)json_array_append_new(list, item_to_json(items, items->order[k]));
    }
    return list;
}

// The most frequent items; of equally frequent ones, the one that came first.
static json_t *list_frequent(const struct ql_study_cell_items *items)
{
    size_t best[QL_STUDY_FREQUENT];
    size_t count = 0;
    json_t *list = json_array();

    for (size_t n = 0; n < items->items.count; n++) {
        size_t place = count;
        while (place > 0 && items->items.counts[n] > items->items.counts[best[place - 1]]) {
            place--;
        }
        if (place < QL_STUDY_FREQUENT) {
            count += count < QL_STUDY_FREQUENT;
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

// How many different items are expected among `size` that are drawn from all, each at most once: an item that came c times
// of N is not among n of them with the probability (N - c choose n) / (N choose n).
static double expected_distinct(const struct ql_study_cell_items *items, uint64_t size)
{
    double expected = 0.0;

    for (size_t k = 0; k < items->items.count; k++) {
        double missing = 1.0;
        for (uint64_t c = 0; c < items->items.counts[k] && missing > 0.0; c++) {
            const uint64_t left = items->count - c;
            missing *= left > size ? (double)(left - size) / (double)left : 0.0;
        }
        expected += 1.0 - missing;
    }
    return expected;
}

enum ql_status ql_study_cell_count(json_t **cell, const struct ql_study_cell_items *items,
                                   struct ql_yardstick *yardstick, bool own, struct ql_error *error)
{
    struct ql_item_reader reader = {0};
    struct counts counts = {0};
    enum ql_status status = QL_OK;
    const uint64_t size = items->size < items->count ? items->size : items->count;
    const uint64_t distinct = own ? (uint64_t)(expected_distinct(items, size) + 0.5) : items->distinct_at_size;

    *cell = NULL;
    for (size_t n = 0; n < items->items.count && status == QL_OK; n++) {
        struct ql_item_traits traits;
        size_t length;
        const char *bytes = ql_text_table_read(&items->items, n, &length);
        const uint64_t times = items->items.counts[n];
        status = ql_item_traits_read(&traits, &reader, yardstick, bytes, length, own, error);
        if (status == QL_OK) {
            add_traits(&counts, &traits, times);
            if (!count_length(&counts, &traits, times)) {
                status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the lengths of items");
            }
        }
    }
    if (status == QL_OK) {
        *cell = json_pack(
            "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, "
            "s:o}",
            "items", (json_int_t)items->count, "cut", (json_int_t)items->cut, "symbols", (json_int_t)counts.symbols,
            "copied", (json_int_t)counts.copied, "near", (json_int_t)counts.near, "distinct",
            (json_int_t)items->items.count, "distinct_at_size", (json_int_t)distinct, "size", (json_int_t)size, "words",
            (json_int_t)counts.words, "new_words", (json_int_t)counts.new_words, "known_words",
            (json_int_t)counts.known_words, "unknown_words", (json_int_t)counts.unknown_words, "known_items",
            (json_int_t)counts.known_items, "echoed_items", (json_int_t)counts.echoed_items, "repeated_items",
            (json_int_t)counts.repeated_items, "repeated_symbols", (json_int_t)counts.repeated_symbols, "listed",
            (json_int_t)counts.listed, "patterns", list_numbers(counts.patterns, (size_t)yardstick->pattern_count),
            "lengths", list_lengths(&counts, false), "echoed_lengths", list_lengths(&counts, true), "frequent",
            list_frequent(items), "samples", list_samples(items));
        if (*cell == NULL) {
            status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the results of a cell");
        }
    }
    free(counts.lengths);
    ql_item_reader_free(&reader);
    return status;
}

// --- Sentences ---

static enum ql_status parse_item(uint64_t counts[3], struct ql_grammar *grammar, const char *bytes, size_t length,
                                 struct ql_error *error)
{
    struct ql_sentence sentence;
    enum ql_status status = QL_OK;

    for (size_t place = 0; status == QL_OK && ql_sentence_next(&sentence, bytes, length, &place);) {
        bool complete = false;
        if (sentence.words > QL_GRAMMAR_WORD_LIMIT) {
            counts[2]++;
            continue;
        }
        status = ql_grammar_check(&complete, grammar, bytes + sentence.first, sentence.length, error);
        counts[0]++;
        counts[1] += complete;
    }
    return status;
}

enum ql_status ql_study_cell_parse(json_t *cell, const struct ql_study_cell_items *items, struct ql_grammar *grammar,
                                   uint64_t limit, struct ql_error *error)
{
    const uint64_t count = limit == 0 || limit > items->count ? items->count : limit;
    uint64_t counts[3] = {0};
    enum ql_status status = QL_OK;

    for (uint64_t k = 0; k < count && status == QL_OK; k++) {
        size_t length;
        const uint32_t number = items->order[k * items->count / count];
        const char *bytes = ql_text_table_read(&items->items, number, &length);
        status = parse_item(counts, grammar, bytes, length, error);
    }
    if (status == QL_OK) {
        (void)json_object_set_new(cell, "sentences", json_integer((json_int_t)counts[0]));
        (void)json_object_set_new(cell, "parsed_sentences", json_integer((json_int_t)counts[1]));
        (void)json_object_set_new(cell, "long_sentences", json_integer((json_int_t)counts[2]));
    }
    return status;
}

// --- Echoes at equal length ---

enum { ECHO_BIN = 16 };

static double sum_bin(const json_t *list, size_t bin)
{
    double sum = 0.0;
    for (size_t k = bin * ECHO_BIN; k < (bin + 1) * ECHO_BIN && k < json_array_size(list); k++) {
        sum += (double)json_integer_value(json_array_get(list, k));
    }
    return sum;
}

// The share of echoed ones among real items of a bin, or of the nearest bin that has items.
static double share_of_bin(const json_t *items, const json_t *echoed, size_t bin)
{
    const size_t bins = (json_array_size(items) + ECHO_BIN - 1) / ECHO_BIN;

    for (size_t away = 0; away <= bin || bin + away < bins; away++) {
        if (away <= bin && sum_bin(items, bin - away) > 0.0) {
            return sum_bin(echoed, bin - away) / sum_bin(items, bin - away);
        }
        if (bin + away < bins && sum_bin(items, bin + away) > 0.0) {
            return sum_bin(echoed, bin + away) / sum_bin(items, bin + away);
        }
    }
    return 0.0;
}

double ql_study_cell_expected_echoes(const json_t *cell, const json_t *own)
{
    const json_t *lengths = json_object_get(cell, "lengths");
    const json_t *items = json_object_get(own, "lengths"), *echoed = json_object_get(own, "echoed_lengths");
    const size_t bins = (json_array_size(lengths) + ECHO_BIN - 1) / ECHO_BIN;
    double all = 0.0, expected = 0.0;

    for (size_t bin = 0; bin < bins; bin++) {
        const double count = sum_bin(lengths, bin);
        all += count;
        expected += count == 0.0 ? 0.0 : count * share_of_bin(items, echoed, bin);
    }
    return all == 0.0 ? 0.0 : expected / all;
}
