// Compares two models by pairs of items of equal length, so that neither is favored for writing more.
// Uses: base, jansson, study/{item_traits,statistics}.
#ifndef QL_STUDY_PAIR_TEST_H
#define QL_STUDY_PAIR_TEST_H

#include <jansson.h>

#include "base/status.h"
#include "study/item_traits.h"

// What is compared of an item.
enum ql_pair_measure { QL_PAIR_REPEATED, QL_PAIR_INVENTED, QL_PAIR_MEASURE_COUNT };
extern const char *const ql_pair_measure_titles[QL_PAIR_MEASURE_COUNT];

struct ql_pair_item {
    uint32_t symbols, number;               // the items of a side are numbered as they come
    uint32_t values[QL_PAIR_MEASURE_COUNT]; // symbols in repeated words; in words of neither text nor wordlist
};

// Items of one side. Zero-initialized, and freed in the end.
struct ql_pair_side {
    struct ql_pair_item *items;
    size_t count, room;
};
void ql_pair_side_free(struct ql_pair_side *side);
enum ql_status ql_pair_side_add(struct ql_pair_side *side, const struct ql_item_traits *traits, struct ql_error *error);

// Pairs the items of each length in the order in which they came; items without a partner are left out. For each
// measure a JSON object in a list: {measure, matched, differing, mean_difference (left - right), above, below, effect,
// p, exact}.
enum ql_status ql_pair_test_run(json_t **results, const struct ql_pair_side *left, const struct ql_pair_side *right,
                                struct ql_error *error);

#endif
