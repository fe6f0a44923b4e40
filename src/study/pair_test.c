// Two models compared by pairs: see pair_test.h. Both sides are sorted by length, items of equal length in their
// original order, and traversed together.
// Uses: base, jansson, study/statistics.
#include "study/pair_test.h"

#include <stdlib.h>
#include <string.h>

#include "study/statistics.h"

const char *const ql_pair_measure_titles[QL_PAIR_MEASURE_COUNT] = {
    "symbols in repeated words", "symbols of words that are in neither the training text nor the wordlist"};

void ql_pair_side_free(struct ql_pair_side *side)
{
    free(side->items);
    *side = (struct ql_pair_side){0};
}

enum ql_status ql_pair_side_add(struct ql_pair_side *side, const struct ql_item_traits *traits, struct ql_error *error)
{
    if (side->count == side->room) {
        const size_t room = 2 * side->room + 1024;
        struct ql_pair_item *items = realloc(side->items, room * sizeof *items);
        if (items == NULL) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the pairs");
        }
        side->items = items;
        side->room = room;
    }
    side->items[side->count] =
        (struct ql_pair_item){.symbols = (uint32_t)traits->symbols,
                              .number = (uint32_t)side->count,
                              .values = {(uint32_t)traits->repeated_symbols, (uint32_t)traits->invented_symbols}};
    side->count++;
    return QL_OK;
}

static int compare_lengths(const void *left, const void *right)
{
    const struct ql_pair_item *a = left, *b = right;

    if (a->symbols != b->symbols) {
        return a->symbols < b->symbols ? -1 : 1;
    }
    return (a->number > b->number) - (a->number < b->number);
}

// A sorted copy of a side's items.
static struct ql_pair_item *sort_side(const struct ql_pair_side *side)
{
    struct ql_pair_item *sorted = malloc((side->count + 1) * sizeof *sorted);

    if (sorted != NULL && side->count > 0) {
        memcpy(sorted, side->items, side->count * sizeof *sorted);
        qsort(sorted, side->count, sizeof *sorted, compare_lengths);
    }
    return sorted;
}

static enum ql_status test_measure(json_t *results, enum ql_pair_measure measure, const double *differences,
                                   size_t matched, struct ql_error *error)
{
    struct ql_signed_rank test;
    double sum = 0.0;
    enum ql_status status = ql_signed_rank_init(&test, differences, matched, error);

    for (size_t k = 0; k < matched; k++) {
        sum += differences[k];
    }
    if (status == QL_OK) {
        (void)json_array_append_new(results,
                                    json_pack("{s:s, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:b}", "measure",
                                              ql_pair_measure_titles[measure], "matched", (json_int_t)matched,
                                              "differing", (json_int_t)test.pairs, "mean_difference",
                                              matched == 0 ? 0.0 : sum / (double)matched, "above", test.above, "below",
                                              test.below, "effect", test.effect, "p", test.p, "exact", test.exact));
    }
    return status;
}

enum ql_status ql_pair_test_run(json_t **results, const struct ql_pair_side *left, const struct ql_pair_side *right,
                                struct ql_error *error)
{
    struct ql_pair_item *sorted[] = {sort_side(left), sort_side(right)};
    const size_t most = left->count < right->count ? left->count : right->count;
    double *differences = malloc((most + 1) * QL_PAIR_MEASURE_COUNT * sizeof *differences);
    size_t matched = 0;
    enum ql_status status = QL_OK;

    *results = json_array();
    if (sorted[0] == NULL || sorted[1] == NULL || differences == NULL || *results == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the pairs");
    }
    for (size_t l = 0, r = 0; status == QL_OK && l < left->count && r < right->count;) {
        const struct ql_pair_item *a = &sorted[0][l], *b = &sorted[1][r];
        if (a->symbols == b->symbols) {
            for (size_t m = 0; m < QL_PAIR_MEASURE_COUNT; m++) {
                differences[m * most + matched] = (double)a->values[m] - (double)b->values[m];
            }
            matched++;
        }
        l += a->symbols <= b->symbols;
        r += b->symbols <= a->symbols;
    }
    for (size_t m = 0; m < QL_PAIR_MEASURE_COUNT && status == QL_OK; m++) {
        status = test_measure(*results, (enum ql_pair_measure)m, differences + m * most, matched, error);
    }
    free(sorted[0]);
    free(sorted[1]);
    free(differences);
    if (status != QL_OK) {
        json_decref(*results);
        *results = NULL;
    }
    return status;
}
