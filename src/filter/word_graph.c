// The smallest graph of a list of words: see word_graph.h. Nodes are built from their ends; a node whose edges already
// exist is not built again (J. Daciuk and others, Computational Linguistics 26, 2000, for sorted words).
// Uses: device/lexicon.h.
#include "filter/word_graph.h"

#include <stdlib.h>
#include <string.h>

#include "device/lexicon.h"

struct builder {
    struct ql_word_graph *graph;
    const struct ql_word *words;
    uint32_t *slots; // first edge of the node that hashes here; 0 is free
    size_t slot_count, room;
    enum ql_status status;
    struct ql_error *error;
};

int ql_word_compare(const void *left, const void *right)
{
    const struct ql_word *a = left, *b = right;
    const int order = memcmp(a->labels, b->labels, a->length < b->length ? a->length : b->length);

    return order != 0 ? order : (int)a->length - (int)b->length;
}

static uint32_t hash_bytes(const uint8_t *bytes, size_t count)
{
    uint32_t hash = 2166136261u;

    for (size_t k = 0; k < count; k++) {
        hash = (hash ^ bytes[k]) * 16777619u;
    }
    return hash ^ hash >> 15;
}

static bool is_node(const struct ql_word_graph *graph, uint32_t first, const uint8_t *edges, uint32_t count)
{
    return first + count <= graph->edge_count &&
           memcmp(graph->edges + 3 * (size_t)first, edges, 3 * (size_t)count) == 0;
}

// Returns the first edge of the node that has these edges, which is a new one if there is none.
static uint32_t find_node(struct builder *builder, const uint8_t *edges, uint32_t count)
{
    struct ql_word_graph *graph = builder->graph;
    size_t slot = hash_bytes(edges, 3 * (size_t)count) & (builder->slot_count - 1);

    for (; builder->slots[slot] != 0; slot = (slot + 1) & (builder->slot_count - 1)) {
        if (is_node(graph, builder->slots[slot], edges, count)) {
            return builder->slots[slot];
        }
    }
    if (graph->edge_count + count > builder->room || graph->edge_count + count > QL_WORD_GRAPH_EDGE_LIMIT) {
        builder->status = ql_error_write(builder->error, QL_ERROR_INPUT,
                                         "the words need more than %d edges; give fewer words, or a higher --min-count",
                                         QL_WORD_GRAPH_EDGE_LIMIT);
        return 0;
    }
    const uint32_t first = graph->edge_count;
    memcpy(graph->edges + 3 * (size_t)first, edges, 3 * (size_t)count);
    graph->edge_count += count;
    builder->slots[slot] = first;
    return first;
}

// The node after the first `depth` labels of words `begin` to `end`, all of which are longer; 0 when there are none. It
// calls itself once for each label, so the depth is at most QL_WORD_LIMIT.
static uint32_t build(struct builder *builder, size_t begin, size_t end, uint32_t depth)
{
    uint8_t edges[3 * QL_LEXICON_NO_LABEL];
    uint32_t count = 0;

    while (begin < end && builder->status == QL_OK) {
        const uint32_t label = builder->words[begin].labels[depth];
        size_t behind = begin;
        while (behind < end && builder->words[behind].labels[depth] == label) {
            behind++;
        }
        const bool ends = builder->words[begin].length == depth + 1;
        const uint32_t goal = build(builder, begin + ends, behind, depth + 1);
        const uint32_t edge = label | (ends ? (uint32_t)QL_LEXICON_ENDING : 0) |
                              (behind == end ? (uint32_t)QL_LEXICON_LAST : 0) | goal << QL_LEXICON_GOAL_SHIFT;
        for (int k = 0; k < 3; k++) {
            edges[3 * count + (uint32_t)k] = (uint8_t)(edge >> (8 * k));
        }
        count++;
        begin = behind;
    }
    return count == 0 || builder->status != QL_OK ? 0 : find_node(builder, edges, count);
}

enum ql_status ql_word_graph_init(struct ql_word_graph *graph, const struct ql_word *words, size_t count,
                                  struct ql_error *error)
{
    struct builder builder = {.graph = graph,
                              .words = words,
                              .slot_count = (size_t)1 << 18,
                              .room = QL_WORD_GRAPH_EDGE_LIMIT,
                              .error = error};

    graph->edges = malloc(3 * (builder.room + 1));
    graph->edge_count = 1; // edge 0 leads to the root
    builder.slots = calloc(builder.slot_count, sizeof builder.slots[0]);
    if (graph->edges == NULL || builder.slots == NULL) {
        builder.status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the lexicon");
    } else {
        const uint32_t root = build(&builder, 0, count, 0);
        const uint32_t edge = QL_LEXICON_NO_LABEL | QL_LEXICON_LAST | root << QL_LEXICON_GOAL_SHIFT;
        for (int k = 0; k < 3; k++) {
            graph->edges[k] = (uint8_t)(edge >> (8 * k));
        }
        if (builder.status == QL_OK && root == 0) {
            builder.status = ql_error_write(error, QL_ERROR_INPUT, "the lexicon has no words");
        }
    }
    free(builder.slots);
    if (builder.status != QL_OK) {
        ql_word_graph_free(graph);
    }
    return builder.status;
}

void ql_word_graph_free(struct ql_word_graph *graph)
{
    free(graph->edges);
    *graph = (struct ql_word_graph){0};
}

enum ql_status ql_word_graph_check(const struct ql_word_graph *graph, struct ql_error *error)
{
    const struct ql_lexicon lexicon = {.edges = graph->edges};
    bool begins = true;

    int before = -1; // the label of the previous edge of the same node: labels ascend

    for (uint32_t k = 0, first = 1; k < graph->edge_count; k++) {
        const uint32_t edge = ql_lexicon_edge(&lexicon, k), goal = edge >> QL_LEXICON_GOAL_SHIFT;
        const uint32_t label = edge & QL_LEXICON_LABEL;
        if (k == 0) {
            if (goal == 0 || goal >= graph->edge_count || label != QL_LEXICON_NO_LABEL) {
                return ql_error_write(error, QL_ERROR_INPUT, "the graph of words has no beginning");
            }
            begins = (ql_lexicon_edge(&lexicon, goal - 1) & QL_LEXICON_LAST) != 0;
            continue;
        }
        // The target begins a node: the edge before it is the last of another node, or the one that leads to the root.
        if (label == QL_LEXICON_NO_LABEL || (int)label <= before || goal >= first ||
            (goal == 0 && !(edge & QL_LEXICON_ENDING)) || (label == QL_LEXICON_CAPITAL && (edge & QL_LEXICON_ENDING)) ||
            (goal > 0 && !(ql_lexicon_edge(&lexicon, goal - 1) & QL_LEXICON_LAST)) || !begins) {
            return ql_error_write(error, QL_ERROR_INPUT, "the graph of words is damaged at its edge %u", (unsigned)k);
        }
        before = edge & QL_LEXICON_LAST ? -1 : (int)label;
        if (edge & QL_LEXICON_LAST) {
            first = k + 1;
        } else if (k + 1 == graph->edge_count) {
            return ql_error_write(error, QL_ERROR_INPUT, "the graph of words is cut short");
        }
    }
    return QL_OK;
}
