// Fuzz target: the reader of compiled filters, and of lists of words. A filter that was read runs over a text, under a
// sanitizer; one that was compiled from a list is read back from its file.
// Uses: filter, corpus, the C library.
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "corpus/vocabulary.h"
#include "filter/filter_file.h"
#include "filter/listing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

enum {
    V = 96,
    STEPS = 150,
    GAPS = 6,
    LIST_BYTES = 600, // a longer list takes long to compile, and adds nothing that short ones could not have
};

// A text of tokens that the filter lets pass, chosen by the input's bytes.
static void walk(const struct ql_filter_file *file, const uint8_t *data, size_t size_bytes)
{
    struct ql_filter_binding binding;
    struct ql_filter_state state;
    struct ql_error error;
    uint32_t symbols[V] = {'\n'};

    for (uint32_t v = 1; v < V; v++) {
        symbols[v] = ' ' + v;
    }
    if (ql_filter_binding_init(&binding, file, symbols, V, &error) != QL_OK) {
        abort();
    }
    const bool has_way = ql_filter_binding_check(&binding, file, &error) == QL_OK;
    ql_filter_init(&state);
    for (size_t k = 0; k < STEPS && size_bytes > 0; k++) {
        uint32_t blocked[V / 32] = {0};
        (void)ql_filter_block(blocked, &state, &binding.filter);
        assert(!has_way || blocked[0] != UINT32_MAX || blocked[1] != UINT32_MAX || blocked[2] != UINT32_MAX);
        const int token = (data[k % size_bytes] + (int)(k / size_bytes)) % V;
        if (!(blocked[token / 32] >> (token % 32) & 1u)) {
            (void)ql_filter_may_end(&state, &binding.filter, token);
            ql_filter_step(&state, &binding.filter, token);
            (void)ql_filter_refuses(&state, &binding.filter);
            assert(state.place_count < QL_FILTER_PLACE_LIMIT); // never cut
        }
    }
    ql_filter_binding_free(&binding);
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

static void read_file(const uint8_t *data, size_t size_bytes)
{
    struct ql_filter_file file;
    struct ql_error error = {0};
    uint8_t *sealed = malloc(size_bytes);

    if (sealed == NULL) {
        abort();
    }
    memcpy(sealed, data, size_bytes);
    seal(sealed, size_bytes);
    if (ql_filter_file_read(&file, sealed, size_bytes, "fuzz", &error) == QL_OK) {
        walk(&file, data, size_bytes);
        ql_filter_file_free(&file);
    } else {
        assert(strncmp(error.message, "fuzz: ", 6) == 0);
    }
    free(sealed);
}

static void read_list(const uint8_t *data, size_t size_bytes)
{
    struct ql_listing listing = {0};
    struct ql_automaton automaton;
    struct ql_error error = {0};

    if (ql_listing_read(&listing, (const char *)data, size_bytes, "fuzz", 0, &error) == QL_OK &&
        ql_automaton_init(&automaton, &listing, &error) == QL_OK) {
        assert(ql_automaton_check(&automaton, &error) == QL_OK);
        const struct ql_filter_file file = {.automaton = automaton};
        walk(&file, data, size_bytes);
        ql_automaton_free(&automaton);
    } else {
        assert(error.message[0] != '\0');
    }
    ql_listing_free(&listing);
}

// Consecutive gaps are refused in the end, but after seconds: only the automaton's size is bounded.
static bool is_slow(const uint8_t *data, size_t size_bytes)
{
    int gaps = 0;

    for (size_t k = 0; k < size_bytes; k++) {
        gaps += data[k] == '|';
    }
    return size_bytes > LIST_BYTES || gaps > GAPS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    if (size_bytes >= 8 && memcmp(data, "QLFILTER", 8) == 0) {
        read_file(data, size_bytes);
    } else if (!is_slow(data, size_bytes)) {
        read_list(data, size_bytes);
    }
    return 0;
}
