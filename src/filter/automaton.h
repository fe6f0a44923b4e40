// Makes the graph that device/filter.h walks from a list of words: deterministic, with as few edges as possible.
// Uses: base, device/filter.h, filter/listing.
#ifndef QL_FILTER_AUTOMATON_H
#define QL_FILTER_AUTOMATON_H

#include <stdint.h>

#include "base/status.h"
#include "filter/listing.h"

// Owns its edges.
struct ql_automaton {
    uint32_t *edges; // (edge_count) as device/filter.h describes them
    uint32_t edge_count;
    int place_count; // the most places that a text can ever need at a time; at most QL_FILTER_PLACE_LIMIT
};

enum { QL_AUTOMATON_EDGE_LIMIT = 65535 };

// Errors: QL_ERROR_INPUT for a list that is too large, or whose words overlap so much that the places do not suffice.
enum ql_status ql_automaton_init(struct ql_automaton *automaton, const struct ql_listing *listing,
                                 struct ql_error *error);
void ql_automaton_free(struct ql_automaton *automaton);

// The number of labels, which is that of the root's edges: QL_FOLD_LABELS and one for each letter of the list's own.
uint32_t ql_automaton_label_count(const struct ql_automaton *automaton);

// Checks edges that come from a file: every index in range, every node closed, no path without an end.
// Errors: QL_ERROR_INPUT.
enum ql_status ql_automaton_check(const struct ql_automaton *automaton, struct ql_error *error);

// Measures place_count. Errors: those of the init.
enum ql_status ql_automaton_measure(struct ql_automaton *automaton, struct ql_error *error);

#endif
