// Fuzz target: the reader of compiled lexicons. A lexicon that is read and fits a vocabulary always has a way on, and
// each word has an end.
// Uses: filter, the C library.
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "filter/lexicon_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

enum { V = 96, STEPS = 400 };

// Edges lead back, so no word goes in a cycle.
static void check_edges(const struct ql_word_graph *graph)
{
    const struct ql_lexicon lexicon = {.edges = graph->edges};

    for (uint32_t k = 1; k < graph->edge_count; k++) {
        const bool leads_back = ql_lexicon_edge(&lexicon, k) >> QL_LEXICON_GOAL_SHIFT < k;
        assert(leads_back);
        (void)leads_back;
    }
}

// No matter which letters follow, the word ends before an edge is used twice.
static void finish(struct ql_lexicon_state *state, const struct ql_lexicon *lexicon, uint32_t edge_count)
{
    for (uint32_t k = 0; !ql_lexicon_is_between(state, lexicon); k++) {
        uint32_t blocked[V / 32];
        int token = 0;
        assert(k < 2 * edge_count); // a capital is two edges, and there may be two readings
        ql_lexicon_block(blocked, state, lexicon);
        while (blocked[token / 32] >> (token % 32) & 1u) {
            token++;
        }
        (void)ql_lexicon_take(state, lexicon, token);
    }
}

// A text of tokens that the lexicon permits, chosen by the input's bytes.
static void walk(const struct ql_lexicon *lexicon, const uint8_t *data, size_t size_bytes, uint32_t edge_count)
{
    struct ql_lexicon_state state;

    ql_lexicon_init(&state);
    for (size_t k = 0; k < STEPS; k++) {
        uint32_t blocked[V / 32];
        ql_lexicon_block(blocked, &state, lexicon);
        assert(blocked[0] != UINT32_MAX || blocked[1] != UINT32_MAX || blocked[2] != UINT32_MAX);
        int token = (data[k % size_bytes] + (int)(k / size_bytes)) % V;
        while (blocked[token / 32] >> (token % 32) & 1u) {
            token = (token + 1) % V;
        }
        (void)ql_lexicon_may_end(&state, lexicon, token);
        const bool permitted = ql_lexicon_take(&state, lexicon, token);
        assert(permitted);
        (void)permitted;
    }
    finish(&state, lexicon, edge_count);
}

// Sets the right checksum for the bytes, so that the fuzzer gets past it.
static void seal(uint8_t *bytes, size_t size_bytes)
{
    uint32_t hash = 2166136261u;

    for (size_t k = 0; k + 4 < size_bytes; k++) {
        hash = (hash ^ bytes[k]) * 16777619u;
    }
    for (size_t k = 0; k < 4; k++) {
        bytes[size_bytes - 4 + k] = (uint8_t)(hash >> (8 * k));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct ql_lexicon_file file;
    struct ql_lexicon_binding binding;
    struct ql_error error;
    uint32_t symbols[V] = {'\n'};
    uint8_t *copy = malloc(size_bytes + 1);

    if (copy == NULL) {
        return 0;
    }
    for (uint32_t v = 1; v < V; v++) {
        symbols[v] = ' ' + v - 1;
    }
    if (size_bytes > 0) {
        memcpy(copy, data, size_bytes);
    }
    if (size_bytes >= 4) {
        seal(copy, size_bytes);
    }
    if (ql_lexicon_file_read(&file, copy, size_bytes, "input", &error) == QL_OK) {
        check_edges(&file.graph);
        if (ql_lexicon_binding_init(&binding, &file, symbols, V, &error) == QL_OK) {
            walk(&binding.lexicon, data, size_bytes, file.graph.edge_count);
            ql_lexicon_binding_free(&binding);
        }
        ql_lexicon_file_free(&file);
    }
    free(copy);
    return 0;
}
