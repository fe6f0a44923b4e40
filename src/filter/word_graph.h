// Makes the smallest graph that device/lexicon.h can walk from a sorted list of words (a minimal acyclic automaton).
// Uses: base, device/lexicon.h.
#ifndef QL_FILTER_WORD_GRAPH_H
#define QL_FILTER_WORD_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { QL_WORD_LIMIT = 48, QL_WORD_GRAPH_EDGE_LIMIT = 65535 };

// A word as labels of edges: 1 to QL_WORD_LIMIT of them, each below QL_LEXICON_NO_LABEL.
struct ql_word {
    uint8_t labels[QL_WORD_LIMIT];
    uint8_t length;
};

// Owns its edges. {0} is an empty graph.
struct ql_word_graph {
    uint8_t *edges; // (3 * edge_count) as device/lexicon.h describes them
    uint32_t edge_count;
};

// The words are ascending by memcmp of their labels, shorter ones first, and all different. Errors: QL_ERROR_INPUT for
// more than QL_WORD_GRAPH_EDGE_LIMIT edges; QL_ERROR_SYSTEM.
enum ql_status ql_word_graph_init(struct ql_word_graph *graph, const struct ql_word *words, size_t count,
                                  struct ql_error *error);
void ql_word_graph_free(struct ql_word_graph *graph);

// Checks edges that come from a file: each goal is a node whose edges stand before the edges that lead there, so that
// there is no circle; each node is closed; each way ends in a word. Errors: QL_ERROR_INPUT.
enum ql_status ql_word_graph_check(const struct ql_word_graph *graph, struct ql_error *error);

// The order of words: negative, 0 or positive, as of memcmp.
int ql_word_compare(const void *left, const void *right);

#endif
