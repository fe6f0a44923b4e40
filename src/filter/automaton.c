// The graph of listed words: see automaton.h. The entries make a tree of letters. A symbol that stands for several
// letters leads to several nodes of the tree, so the graph's nodes are sets of them; sets with the same continuations
// share their edges. The tree is finite, and so is the graph: a text is matched by starting again at each symbol.
// Uses: base, device/filter.h, filter/fold.
#include "filter/automaton.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "device/filter.h"
#include "filter/fold.h"

enum {
    LETTERS = QL_FILTER_NO_LABEL, // 26, the gap, and the list's own, by their labels
    SET_LIMIT = 256,              // nodes of the tree that one text can reach
    FOLLOWER_LIMIT = 1000000,     // states that a text can reach, in all
    ENDS = QL_FILTER_WHOLE | QL_FILTER_START | QL_FILTER_FINAL | QL_FILTER_ANY,
};

struct tree_node {
    uint32_t next[LETTERS];
    uint32_t ends;
};

// A growing array of words, and a hash table of its contents: rows of words, each stored once.
struct store {
    uint32_t *words;
    size_t count, capacity;
    uint32_t *slots; // index of the row plus 1; 0 is free
    size_t slot_count, row_count;
};

struct build {
    struct tree_node *nodes;
    size_t node_count, node_capacity;
    struct store sets;    // of each: its size, the nodes, and the index of its edges
    struct store outputs; // of each: its number of edges, and the edges
    uint32_t *edges;
    uint32_t edge_count, edge_capacity;
    bool no_memory, too_large;
    const struct ql_fold_letters *letters; // the list's own
    int label_count;                       // of the graph
};

static bool store_reserve(struct store *store, size_t more)
{
    if (store->count + more > store->capacity) {
        size_t capacity = 2 * (store->capacity + more) + 256;
        uint32_t *larger = realloc(store->words, capacity * sizeof *larger);
        if (larger == NULL) {
            return false;
        }
        store->words = larger;
        store->capacity = capacity;
    }
    if (2 * (store->row_count + 1) > store->slot_count) {
        size_t slot_count = store->slot_count == 0 ? 1024 : 2 * store->slot_count;
        uint32_t *slots = calloc(slot_count, sizeof *slots);
        if (slots == NULL) {
            return false;
        }
        for (size_t k = 0; k < store->slot_count; k++) {
            if (store->slots[k] != 0) {
                size_t slot = store->words[store->slots[k] - 1] & (slot_count - 1); // the row's hash precedes it
                while (slots[slot] != 0) {
                    slot = (slot + 1) & (slot_count - 1);
                }
                slots[slot] = store->slots[k];
            }
        }
        free(store->slots);
        store->slots = slots;
        store->slot_count = slot_count;
    }
    return true;
}

// Finds the row, or stores it followed by `extra` words of 0. Returns the index of its first word: its hash, its size,
// its content. 0 when there is not enough memory. *is_new tells whether it was stored.
static size_t store_take(struct store *store, const uint32_t *row, uint32_t size, uint32_t extra, bool *is_new)
{
    uint32_t hash = 2166136261u;

    for (uint32_t k = 0; k < size; k++) {
        hash = (hash ^ row[k]) * 16777619u;
    }
    hash = ql_random_mix(hash);
    if (!store_reserve(store, (size_t)size + extra + 3)) {
        return 0;
    }
    size_t slot = hash & (store->slot_count - 1);
    for (; store->slots[slot] != 0; slot = (slot + 1) & (store->slot_count - 1)) {
        const uint32_t *other = store->words + store->slots[slot] - 1;
        if (other[0] == hash && other[1] == size && memcmp(other + 2, row, size * sizeof *row) == 0) {
            *is_new = false;
            return store->slots[slot] - 1;
        }
    }
    store->count += store->count == 0 ? 1 : 0; // index 0 stands for no row
    size_t index = store->count;
    store->words[index] = hash;
    store->words[index + 1] = size;
    memcpy(store->words + index + 2, row, size * sizeof *row);
    memset(store->words + index + 2 + size, 0, extra * sizeof *row);
    store->count += (size_t)size + extra + 2;
    store->slots[slot] = (uint32_t)index + 1;
    store->row_count++;
    *is_new = true;
    return index;
}

static void store_free(struct store *store)
{
    free(store->words);
    free(store->slots);
}

static uint32_t add_node(struct build *build)
{
    if (build->node_count == build->node_capacity) {
        size_t capacity = build->node_capacity == 0 ? 64 : 2 * build->node_capacity;
        struct tree_node *larger = realloc(build->nodes, capacity * sizeof *larger);
        if (larger == NULL) {
            build->no_memory = true;
            return 0;
        }
        build->nodes = larger;
        build->node_capacity = capacity;
    }
    build->nodes[build->node_count] = (struct tree_node){.ends = 0};
    return (uint32_t)build->node_count++;
}

static bool can_stand_apart(const struct ql_listing_entry *entry)
{
    return entry->length >= 3 && memchr(entry->labels, QL_FILTER_GAP, (size_t)entry->length) == NULL;
}

static void add_entry(struct build *build, const struct ql_listing_entry *entry)
{
    uint32_t node = 0;

    for (int k = 0; k < entry->length && !build->no_memory; k++) {
        uint32_t next = build->nodes[node].next[entry->labels[k]];
        if (next == 0) {
            next = add_node(build);
            build->nodes[node].next[entry->labels[k]] = next;
        }
        node = next;
    }
    build->nodes[node].ends |= entry->ends | (can_stand_apart(entry) ? QL_FILTER_APART : 0u);
}

// Returns whether one of `ends` is reached with the letters from `from` on; if `from` is 0, before the entry's own end.
static bool holds(const struct build *build, const struct ql_listing_entry *entry, int from, uint32_t ends)
{
    uint32_t node = 0;

    for (int k = from; k < entry->length; k++) {
        node = build->nodes[node].next[entry->labels[k]];
        if (node == 0) {
            return false;
        }
        if ((build->nodes[node].ends & ends) == ends && (from > 0 || k + 1 < entry->length)) {
            return true;
        }
    }
    return false;
}

// Returns whether a wider entry blocks this one before its end, in each of the ways in which it can be written. With
// letters apart, only a wider entry with which it begins does.
static bool is_covered(const struct build *build, const struct ql_listing_entry *entry)
{
    const uint32_t apart = can_stand_apart(entry) ? QL_FILTER_APART : 0;
    const bool anchored = (entry->ends & (QL_FILTER_WHOLE | QL_FILTER_START)) != 0;
    bool covered =
        holds(build, entry, 0, QL_FILTER_ANY | apart) || (anchored && holds(build, entry, 0, QL_FILTER_START | apart));

    for (int from = 1; from < entry->length && apart == 0 && !covered; from++) {
        covered = holds(build, entry, from, QL_FILTER_ANY);
    }
    return covered;
}

static int compare_lengths(const void *left, const void *right)
{
    const struct ql_listing_entry *a = *(const struct ql_listing_entry *const *)left;
    const struct ql_listing_entry *b = *(const struct ql_listing_entry *const *)right;
    return a->length != b->length ? a->length - b->length : (a > b) - (a < b);
}

// Short entries first, which may cover longer ones; equal ones in the order of the list, so that the result does not
// depend on qsort.
static void add_entries(struct build *build, const struct ql_listing *listing)
{
    const struct ql_listing_entry **sorted = malloc((listing->count + 1) * sizeof(const struct ql_listing_entry *));

    if (sorted == NULL) {
        build->no_memory = true;
        return;
    }
    for (size_t k = 0; k < listing->count; k++) {
        sorted[k] = &listing->entries[k];
    }
    qsort(sorted, listing->count, sizeof(const struct ql_listing_entry *), compare_lengths);
    (void)add_node(build);
    for (size_t k = 0; k < listing->count && !build->no_memory; k++) {
        if (!is_covered(build, sorted[k])) {
            add_entry(build, sorted[k]);
        }
    }
    free(sorted);
}

static int compare_words(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

enum { READING_LIMIT = QL_FOLD_READINGS + 2 }; // with the letter itself, and the NULL after the last one

// A character of a reading as the index of a letter in the tree.
static int letter_index(char letter)
{
    return (unsigned char)letter - 'a';
}

// The letters of the tree, counted from 'a', that a label can stand for. A letter of the list stands for itself; if
// accents do not count, an accented one also stands for the letter without its accent. `own` has room for the letters.
static void find_readings(const char *list[READING_LIMIT], char own[2][2], const struct ql_fold_letters *letters,
                          int label)
{
    static const char gap[] = {'a' + QL_FILTER_GAP, '\0'};
    int count = 0;

    if (label == QL_FILTER_GAP) {
        list[count++] = gap;
    } else if (label < QL_FOLD_LABELS) {
        for (const char *const *reading = ql_fold_readings(label); *reading != NULL; reading++) {
            list[count++] = *reading;
        }
    } else {
        const uint32_t letter = letters->symbols[label - QL_FOLD_LABELS];
        const struct ql_fold plain = ql_fold_symbol(letter);
        own[0][0] = (char)('a' + label);
        list[count++] = own[0];
        for (const char *const *reading = plain.label < QL_FOLD_LABELS ? ql_fold_readings(plain.label) : NULL;
             reading != NULL && *reading != NULL && !letters->accents; reading++) {
            list[count++] = *reading;
        }
        for (int k = 0; k < letters->count && plain.label == QL_FILTER_NO_LABEL && !letters->accents; k++) {
            if (letters->symbols[k] != letter && letters->symbols[k] == ql_fold_letter(letter, false)) {
                own[1][0] = (char)('a' + QL_FOLD_LABELS + k);
                list[count++] = own[1];
            }
        }
    }
    list[count] = NULL;
}

// Writes the nodes to which a label leads from a set, sorted, and returns their number. *flags gets the flags of
// entries that end there.
static uint32_t follow(struct build *build, uint32_t next[SET_LIMIT], uint32_t *flags, const uint32_t *set,
                       uint32_t size, int label)
{
    const char *readings[READING_LIMIT], *const *reading = readings;
    char own[2][2] = {{0}};
    uint32_t count = 0;

    find_readings(readings, own, build->letters, label);
    *flags = 0;
    for (; *reading != NULL; reading++) {
        for (uint32_t k = 0; k < size; k++) {
            uint32_t node = set[k];
            bool begun = node == 0;
            for (const char *letter = *reading; *letter != '\0' && (node != 0 || begun); letter++, begun = false) {
                node = build->nodes[node].next[letter_index(*letter)];
                // An entry that matches anywhere may also end between two letters of one symbol.
                *flags |= build->nodes[node].ends & (letter[1] == '\0' ? UINT32_MAX : QL_FILTER_ANY | QL_FILTER_START);
            }
            if (node != 0 && count < SET_LIMIT) {
                next[count++] = node;
            } else if (node != 0) {
                build->too_large = true;
            }
        }
    }
    uint32_t kept = 0;
    if (count > 0) {
        qsort(next, count, sizeof next[0], compare_words);
    }
    for (uint32_t k = 0; k < count; k++) {
        if (k == 0 || next[k] != next[k - 1]) {
            next[kept++] = next[k];
        }
    }
    return kept;
}

static bool add_edges(struct build *build, const uint32_t *edges, uint32_t count)
{
    assert(count > 0);
    if (build->edge_count + count > QL_AUTOMATON_EDGE_LIMIT) {
        build->too_large = true;
        return false;
    }
    if (build->edge_count + count > build->edge_capacity) {
        uint32_t capacity = 2 * (build->edge_capacity + count) + 256;
        uint32_t *larger = realloc(build->edges, capacity * sizeof *larger);
        if (larger == NULL) {
            build->no_memory = true;
            return false;
        }
        build->edges = larger;
        build->edge_capacity = capacity;
    }
    memcpy(build->edges + build->edge_count, edges, count * sizeof *edges);
    build->edge_count += count;
    return true;
}

// Returns whether a word that may begin inside another ends with this edge or after it.
static bool is_free(const struct build *build, uint32_t edge)
{
    uint32_t next = edge >> QL_FILTER_GOAL_SHIFT;
    bool found = (edge & (QL_FILTER_FINAL | QL_FILTER_ANY)) != 0;

    for (uint32_t word = 0; next != 0 && !found && !(word & QL_FILTER_LAST); next++) {
        word = build->edges[next];
        found = (word & QL_FILTER_FREE) != 0;
    }
    return found;
}

static uint32_t write_set(struct build *build, const uint32_t *set, uint32_t size);

// The edges of a set, in the order of labels, each with its label, flags and goal; without the mark of the last.
static uint32_t make_edges(struct build *build, uint32_t edges[LETTERS], const uint32_t *set, uint32_t size)
{
    uint32_t next[SET_LIMIT], flags;
    uint32_t count = 0;

    for (int label = 0; label < build->label_count && !build->no_memory && !build->too_large; label++) {
        const uint32_t next_size = follow(build, next, &flags, set, size, label);
        if (next_size == 0 && (flags & ENDS) == 0) {
            continue;
        }
        // Nothing continues after a word that is blocked in every way of writing it.
        const bool closed = (flags & QL_FILTER_ANY) && (flags & QL_FILTER_APART);
        uint32_t goal = closed || next_size == 0 ? 0 : write_set(build, next, next_size);
        uint32_t edge = (uint32_t)label | flags | goal << QL_FILTER_GOAL_SHIFT;
        edges[count++] = edge | (is_free(build, edge) ? (uint32_t)QL_FILTER_FREE : 0u);
    }
    return count;
}

// Writes the edges that go out from a set, unless they are there already. Returns the index of the first; 0 for none.
// The recursion is as deep as a word is long.
static uint32_t write_set(struct build *build, const uint32_t *set, uint32_t size)
{
    uint32_t edges[LETTERS];
    bool is_new;

    const size_t row = store_take(&build->sets, set, size, 1, &is_new);
    if (row == 0) {
        build->no_memory = true;
        return 0;
    }
    if (!is_new) {
        return build->sets.words[row + 2 + size];
    }
    const uint32_t count = make_edges(build, edges, set, size);
    if (count == 0 || build->no_memory || build->too_large) {
        return 0;
    }
    edges[count - 1] |= QL_FILTER_LAST;
    const size_t output = store_take(&build->outputs, edges, count, 1, &is_new);
    if (output == 0) {
        build->no_memory = true;
        return 0;
    }
    if (is_new) {
        build->outputs.words[output + 2 + count] = build->edge_count;
        if (!add_edges(build, edges, count)) {
            return 0;
        }
    }
    build->sets.words[row + 2 + size] = build->outputs.words[output + 2 + count];
    return build->outputs.words[output + 2 + count];
}

// The edges of the root have a fixed place each, so that the first letter of a word is found at once.
static void write_root(struct build *build)
{
    static const uint32_t root[] = {0};
    uint32_t blank[LETTERS], edges[LETTERS];
    const uint32_t root_edges = (uint32_t)build->label_count;

    for (uint32_t k = 0; k < root_edges; k++) {
        blank[k] = k;
    }
    if (!add_edges(build, blank, root_edges)) {
        return;
    }
    const uint32_t count = make_edges(build, edges, root, 1);
    for (uint32_t k = 0; k < count; k++) {
        build->edges[edges[k] & QL_FILTER_LABEL] = edges[k];
    }
    build->edges[root_edges - 1] |= QL_FILTER_LAST;
}

enum ql_status ql_automaton_init(struct ql_automaton *automaton, const struct ql_listing *listing,
                                 struct ql_error *error)
{
    struct build build = {.letters = &listing->letters, .label_count = QL_FOLD_LABELS + listing->letters.count};
    enum ql_status status = QL_OK;

    *automaton = (struct ql_automaton){0};
    add_entries(&build, listing);
    if (!build.no_memory) {
        write_root(&build);
    }
    if (build.no_memory) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the list");
    } else if (build.too_large) {
        status = ql_error_write(error, QL_ERROR_INPUT, "the list is too large: it makes more than %d edges",
                                QL_AUTOMATON_EDGE_LIMIT);
    }
    free(build.nodes);
    store_free(&build.sets);
    store_free(&build.outputs);
    automaton->edges = build.edges;
    automaton->edge_count = build.edge_count;
    if (status == QL_OK) {
        status = ql_automaton_measure(automaton, error);
    }
    if (status != QL_OK) {
        ql_automaton_free(automaton);
    }
    return status;
}

void ql_automaton_free(struct ql_automaton *automaton)
{
    free(automaton->edges);
    *automaton = (struct ql_automaton){0};
}

uint32_t ql_automaton_label_count(const struct ql_automaton *automaton)
{
    for (uint32_t k = 0; k < automaton->edge_count; k++) {
        if (automaton->edges[k] & QL_FILTER_LAST) {
            return k + 1;
        }
    }
    return 0;
}

enum ql_status ql_automaton_check(const struct ql_automaton *automaton, struct ql_error *error)
{
    const uint32_t count = automaton->edge_count;
    const uint32_t root_edges = ql_automaton_label_count(automaton);
    uint32_t start = 0;

    if (count < QL_FILTER_ROOT_EDGES || root_edges < QL_FILTER_ROOT_EDGES || root_edges > QL_FILTER_NO_LABEL ||
        count > QL_AUTOMATON_EDGE_LIMIT || !(automaton->edges[count - 1] & QL_FILTER_LAST)) {
        return ql_error_write(error, QL_ERROR_INPUT, "the graph of words has no end");
    }
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t edge = automaton->edges[k], goal = edge >> QL_FILTER_GOAL_SHIFT;
        const uint32_t label = edge & QL_FILTER_LABEL;
        // Edges are written after those to which they lead, except the root's; so every path ends.
        const bool is_root = k < root_edges;
        if (goal != 0 && (goal < root_edges || (is_root ? goal >= count : goal >= start) ||
                          !(automaton->edges[goal - 1] & QL_FILTER_LAST))) {
            return ql_error_write(error, QL_ERROR_INPUT, "the graph of words is damaged: edge %u leads to %u",
                                  (unsigned)k, (unsigned)goal);
        }
        if (label >= root_edges || (is_root && label != k)) {
            return ql_error_write(error, QL_ERROR_INPUT, "the graph of words is damaged: edge %u has label %u",
                                  (unsigned)k, (unsigned)label);
        }
        if (is_root && (edge & QL_FILTER_LAST) && k + 1 != root_edges) {
            return ql_error_write(error, QL_ERROR_INPUT, "the graph of words is damaged: the root ends at %u",
                                  (unsigned)k);
        }
        start = edge & QL_FILTER_LAST ? k + 1 : start;
    }
    return QL_OK;
}

// The state of a text when a word may begin at every symbol: the edges that it has reached, those after the first of
// several equal letters, the letter, and how often it was repeated.
struct follower {
    uint32_t places[QL_FILTER_PLACE_LIMIT], before_run[QL_FILTER_PLACE_LIMIT];
    uint32_t count, before_count, label, run;
};

static void follower_add(struct follower *follower, uint32_t place)
{
    for (uint32_t k = 0; k < follower->count; k++) {
        if (follower->places[k] == place) {
            return;
        }
    }
    if (follower->count < QL_FILTER_PLACE_LIMIT) {
        follower->places[follower->count++] = place;
    }
}

// Follows one more symbol, as device/filter.h does.
static void follower_step(struct follower *next, const struct follower *now, const struct ql_filter *filter,
                          uint32_t label)
{
    const bool is_gap = label == QL_FILTER_GAP;

    next->count = 0;
    next->before_count = 0;
    next->label = is_gap ? QL_FILTER_NO_LABEL : label;
    next->run = is_gap ? 0 : label == now->label ? now->run + (now->run < 3) : 1;
    for (uint32_t k = 0; k < now->count; k++) {
        const uint32_t found = ql_filter_find(filter, now->places[k], label);
        if (found != 0) {
            follower_add(next, found);
        }
        if (is_gap && (filter->edges[now->places[k]] & QL_FILTER_LABEL) == QL_FILTER_GAP) {
            follower_add(next, now->places[k]);
        }
    }
    if (!is_gap && filter->edges[label] >> QL_FILTER_GOAL_SHIFT != 0) {
        follower_add(next, label);
    }
    for (uint32_t k = 0; k < now->count && next->run == 3; k++) {
        follower_add(next, now->places[k]);
    }
    for (uint32_t k = 0; k < now->before_count && next->run == 3; k++) {
        follower_add(next, now->before_run[k]);
    }
    if (next->count > 1) {
        qsort(next->places, next->count, sizeof next->places[0], compare_words);
    }
    if (next->run == 1) {
        next->before_count = next->count;
        memcpy(next->before_run, next->places, next->count * sizeof next->places[0]);
    } else if (next->run > 1) {
        next->before_count = now->before_count;
        memcpy(next->before_run, now->before_run, now->before_count * sizeof now->before_run[0]);
    }
    // No word begins with this letter, and none has begun: repeating the letter changes nothing.
    if (next->count == 0 && next->before_count == 0) {
        next->label = QL_FILTER_NO_LABEL;
        next->run = 0;
    }
}

// The labels that continue a word that has begun, as bits. Any other label leads to the same state as that label alone.
static uint64_t find_continuations(const struct follower *now, const struct ql_filter *filter)
{
    uint64_t labels = now->label == QL_FILTER_NO_LABEL ? 0 : UINT64_C(1) << now->label;

    for (uint32_t k = 0; k < now->count; k++) {
        const uint32_t edge = filter->edges[now->places[k]];
        uint32_t next = edge >> QL_FILTER_GOAL_SHIFT;
        labels |= (edge & QL_FILTER_LABEL) == QL_FILTER_GAP ? UINT64_C(1) << QL_FILTER_GAP : 0;
        for (uint32_t word = 0; next != 0 && !(word & QL_FILTER_LAST); next++) {
            word = filter->edges[next];
            labels |= UINT64_C(1) << (word & QL_FILTER_LABEL);
        }
    }
    return labels;
}

static size_t follower_write(struct store *store, const struct follower *follower, bool *is_new)
{
    uint32_t row[2 * QL_FILTER_PLACE_LIMIT + 4];

    row[0] = follower->label;
    row[1] = follower->run;
    row[2] = follower->count;
    row[3] = follower->before_count;
    memcpy(row + 4, follower->places, follower->count * sizeof row[0]);
    memcpy(row + 4 + follower->count, follower->before_run, follower->before_count * sizeof row[0]);
    return store_take(store, row, 4 + follower->count + follower->before_count, 0, is_new);
}

static void follower_read(struct follower *follower, const uint32_t *row)
{
    follower->label = row[0];
    follower->run = row[1];
    follower->count = row[2];
    follower->before_count = row[3];
    memcpy(follower->places, row + 4, follower->count * sizeof row[0]);
    memcpy(follower->before_run, row + 4 + follower->count, follower->before_count * sizeof row[0]);
}

enum ql_status ql_automaton_measure(struct ql_automaton *automaton, struct ql_error *error)
{
    const struct ql_filter filter = {.edges = automaton->edges};
    const uint32_t label_count = ql_automaton_label_count(automaton);
    struct store store = {0};
    struct follower now = {.label = QL_FILTER_NO_LABEL}, next = {0};
    uint32_t most = 0;
    enum ql_status status = QL_OK;
    bool is_new;

    size_t row = follower_write(&store, &now, &is_new);
    const size_t beginning = row;
    for (size_t place = row; row != 0 && status == QL_OK && place < store.count; place += store.words[place + 1] + 2) {
        follower_read(&now, store.words + place + 2);
        const uint64_t labels = place == beginning ? UINT64_MAX : find_continuations(&now, &filter);
        for (uint32_t label = 0; label < label_count && row != 0; label++) {
            if (!(labels >> label & 1u)) {
                continue;
            }
            follower_step(&next, &now, &filter, label);
            row = follower_write(&store, &next, &is_new);
            most = next.count > most ? next.count : most;
        }
        // Each place can occur once for each of the ways in which it can be reached.
        if (most * (QL_FILTER_MODE + 1) > QL_FILTER_PLACE_LIMIT || store.row_count > FOLLOWER_LIMIT) {
            status = ql_error_write(error, QL_ERROR_INPUT,
                                    "the listed words overlap too much: a text could be inside of more than %d of them "
                                    "at the same time; leave out some",
                                    QL_FILTER_PLACE_LIMIT / (QL_FILTER_MODE + 1));
        }
    }
    if (row == 0) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the list");
    }
    automaton->place_count = (int)most * (QL_FILTER_MODE + 1);
    store_free(&store);
    return status;
}
