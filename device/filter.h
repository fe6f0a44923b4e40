// Keeps a text free of listed words while it is drawn, and recognizes items that must not be shown.
// The words, their normalization and the table are described in docs/filter.md; src/filter/ compiles the table.
// Uses: device/filter_state.h, device/random.h, stdbool.h, stddef.h, stdint.h, string.h.
#ifndef QL_DEVICE_FILTER_H
#define QL_DEVICE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "device/filter_state.h"
#include "device/random.h"

// How a symbol of the vocabulary reads. Several of these may hold for one; a plain letter has none.
enum {
    QL_FILTER_BOUNDARY = 1, // not a single letter: a word may end before it, and begin after it
    QL_FILTER_JOINER = 2,   // may stand between the letters of one word, as in s-h-i-p
    QL_FILTER_SPACE = 4,    // may stand between letters that are written apart, as in s h i p
    QL_FILTER_END = 8,      // ends an item; no listed word extends across it
    QL_FILTER_IGNORED = 16, // a combining accent: as if it were not there
};

// Labels of edges. 0 to 25 are the letters; those after the gap stand for more than one letter, and those from 32 on
// are the list's letters other than a to z.
enum {
    QL_FILTER_GAP = 26,        // between the words of a phrase
    QL_FILTER_ROOT_EDGES = 32, // at least: the first edges of the table, which are what a word can begin with, by label
    QL_FILTER_NO_LABEL = 63,
};

// An edge of the graph of listed words: its label, flags, and from a shift on the index of the first edge that goes on
// from its end, or 0. The edges of one node stand in a row.
enum {
    QL_FILTER_LABEL = 63,
    QL_FILTER_LAST = 1 << 6,   // the last edge of its node
    QL_FILTER_WHOLE = 1 << 7,  // a word ends here, and is listed where it stands alone
    QL_FILTER_START = 1 << 8,  // ... where a word begins with it
    QL_FILTER_FINAL = 1 << 9,  // ... where a word ends with it
    QL_FILTER_ANY = 1 << 10,   // ... wherever it stands
    QL_FILTER_APART = 1 << 11, // ... and also where its letters are written apart
    QL_FILTER_GOAL_SHIFT = 13,
    QL_FILTER_FREE = 1 << 12, // a listed word that may begin inside another is on the way
};

// A place in the graph where a listed word may have begun. The index of an edge, and how it was reached.
enum {
    QL_FILTER_INSIDE = 0,   // begun inside a word
    QL_FILTER_ANCHORED = 1, // begun where a word begins
    QL_FILTER_JOINED = 2,   // the same, with joiners between letters
    QL_FILTER_SPELLED = 3,  // the same, each letter alone
    QL_FILTER_MODE = 3,
    QL_FILTER_WAITING = 4, // for JOINED and SPELLED: the last symbol was not a letter
    QL_FILTER_MODE_BITS = 3,
};

// The compiled filter, bound to a vocabulary. Constant; may be shared.
struct ql_filter {
    const uint32_t *edges;       // QL_FILTER_ROOT_EDGES, then the others
    const uint8_t *labels;       // (V)
    const uint8_t *kinds;        // (V)
    const uint16_t *keys;        // (V) what a symbol adds to the fingerprint of an item; 0 adds nothing
    const uint8_t *fingerprints; // (3, block) of refused items
    uint32_t block;              // 0: no item is refused
    uint32_t seed;               // of the fingerprints
    int V;
    // The last tokens may be pieces of several symbols; label, kind and key of a piece are those of its first symbol.
    int characters;              // tokens of one symbol; V without pieces
    const uint16_t *rests;       // of each piece, the tokens of the symbols after its first one
    const uint16_t *rest_begins; // (V - characters + 1) where those of a piece begin in `rests`
    const uint8_t *hazards;      // (V - characters) QL_FILTER_HAZARD_*
};

// Pieces in which a listed word both begins and ends: if the piece is inside a word, or if a word begins at the piece.
enum { QL_FILTER_HAZARD_INSIDE = 1, QL_FILTER_HAZARD_BEGIN = 2 };

// Begins a text.
static inline void ql_filter_init(struct ql_filter_state *state)
{
    state->item_hash = 0;
    state->place_count = 0;
    state->before_run_count = 0;
    state->run_label = QL_FILTER_NO_LABEL;
    state->run_length = 0;
    state->at_boundary = 1;
}

// Adds the place unless it is already in the set. The compiler of the list has made sure that there is room.
static inline void ql_filter_add(struct ql_filter_state *state, uint32_t place)
{
    for (int k = 0; k < state->place_count; k++) {
        if (state->places[k] == place) {
            return;
        }
    }
    if (state->place_count < QL_FILTER_PLACE_LIMIT) {
        state->places[state->place_count++] = place;
    }
}

// The edge with this label that goes on from the end of `edge`, or 0.
static inline uint32_t ql_filter_find(const struct ql_filter *filter, uint32_t edge, uint32_t label)
{
    uint32_t next = filter->edges[edge] >> QL_FILTER_GOAL_SHIFT;

    if (next != 0) {
        for (;; next++) {
            uint32_t word = filter->edges[next];
            if ((word & QL_FILTER_LABEL) == label) {
                return next;
            }
            if (word & QL_FILTER_LAST) {
                break;
            }
        }
    }
    return 0;
}

// Follows a letter from the place, where an edge has it.
static inline void ql_filter_advance(struct ql_filter_state *state, const struct ql_filter *filter, uint32_t place,
                                     uint32_t label)
{
    uint32_t mode = place & QL_FILTER_MODE;

    if (mode == QL_FILTER_SPELLED && !(place & QL_FILTER_WAITING)) {
        return; // two letters side by side
    }
    uint32_t next = ql_filter_find(filter, place >> QL_FILTER_MODE_BITS, label);
    if (next != 0 && (mode != QL_FILTER_INSIDE || filter->edges[next] & QL_FILTER_FREE)) {
        ql_filter_add(state, next << QL_FILTER_MODE_BITS | mode);
    }
}

// Moves the place across a separating symbol.
static inline void ql_filter_separate(struct ql_filter_state *state, const struct ql_filter *filter, uint32_t place,
                                      uint32_t kind)
{
    uint32_t mode = place & QL_FILTER_MODE;
    uint32_t edge = place >> QL_FILTER_MODE_BITS;

    if (mode == QL_FILTER_SPELLED || (mode == QL_FILTER_JOINED && kind & QL_FILTER_JOINER)) {
        ql_filter_add(state, place | QL_FILTER_WAITING);
    } else if (mode <= QL_FILTER_ANCHORED) {
        if ((filter->edges[edge] & QL_FILTER_LABEL) == QL_FILTER_GAP) {
            ql_filter_add(state, place);
        } else {
            ql_filter_advance(state, filter, place, QL_FILTER_GAP);
            if (mode == QL_FILTER_ANCHORED && kind & QL_FILTER_JOINER) {
                ql_filter_add(state, edge << QL_FILTER_MODE_BITS | QL_FILTER_JOINED | QL_FILTER_WAITING);
            }
        }
    }
}

// Takes a letter. A letter repeated three times or more also matches any smaller number of repeats.
static inline void ql_filter_take_letter(struct ql_filter_state *state, const struct ql_filter *filter,
                                         const uint32_t *places, int count, uint32_t label)
{
    for (int k = 0; k < count; k++) {
        ql_filter_advance(state, filter, places[k], label);
    }
    uint32_t begin = filter->edges[label];
    if (state->at_boundary && begin >> QL_FILTER_GOAL_SHIFT != 0) {
        ql_filter_add(state, label << QL_FILTER_MODE_BITS | QL_FILTER_ANCHORED);
        ql_filter_add(state, label << QL_FILTER_MODE_BITS | QL_FILTER_SPELLED);
    } else if (begin & QL_FILTER_FREE) {
        ql_filter_add(state, label << QL_FILTER_MODE_BITS | QL_FILTER_INSIDE);
    }
    if (state->run_length == 3) {
        for (int k = 0; k < count; k++) {
            ql_filter_add(state, places[k]);
        }
        for (int k = 0; k < state->before_run_count; k++) {
            ql_filter_add(state, state->before_run[k]);
        }
    } else if (state->run_length == 1) {
        memcpy(state->before_run, state->places, state->place_count * sizeof state->places[0]);
        state->before_run_count = state->place_count;
    }
}

// The hash of an item with one more symbol: FNV-1a by symbols, but never 0, which is the hash of an empty item. A key
// of 0 adds nothing.
static inline uint32_t ql_filter_hash(uint32_t hash, uint32_t key)
{
    if (key == 0) {
        return hash;
    }
    hash = ((hash == 0 ? 2166136261u : hash) ^ key) * 16777619u;
    return hash == 0 ? 1 : hash;
}

// Takes a token of one symbol, or the first symbol of a piece.
static inline void ql_filter_step_symbol(struct ql_filter_state *state, const struct ql_filter *filter, int token)
{
    uint32_t label = filter->labels[token];
    uint32_t kind = filter->kinds[token];
    uint32_t places[QL_FILTER_PLACE_LIMIT];
    int count = state->place_count;

    if (kind & QL_FILTER_END) {
        ql_filter_init(state);
        return;
    }
    state->item_hash = ql_filter_hash(state->item_hash, filter->keys[token]);
    if (kind & QL_FILTER_IGNORED) {
        return;
    }
    if (label == QL_FILTER_NO_LABEL) {
        state->run_length = 0;
    } else if (label != state->run_label) {
        state->run_length = 1;
    } else if (state->run_length < 3) {
        state->run_length++;
    }
    state->run_label = (uint8_t)label;

    memcpy(places, state->places, (size_t)count * sizeof places[0]);
    state->place_count = 0;
    if (label != QL_FILTER_NO_LABEL) {
        ql_filter_take_letter(state, filter, places, count, label);
    } else if (kind & (QL_FILTER_JOINER | QL_FILTER_SPACE)) {
        for (int k = 0; k < count; k++) {
            ql_filter_separate(state, filter, places[k], kind);
        }
    }
    state->at_boundary = kind & QL_FILTER_BOUNDARY;
}

// Takes the next token of the text, whoever chose it.
static inline void ql_filter_step(struct ql_filter_state *state, const struct ql_filter *filter, int token)
{
    ql_filter_step_symbol(state, filter, token);
    if (token >= filter->characters) {
        const uint16_t *begins = filter->rest_begins + (token - filter->characters);
        for (int k = begins[0]; k < begins[1]; k++) {
            ql_filter_step_symbol(state, filter, filter->rests[k]);
        }
    }
}

// True when neither the text nor a word may end here, because a listed word would be complete.
static inline bool ql_filter_completes(const struct ql_filter_state *state, const struct ql_filter *filter)
{
    static const uint16_t ends[] = {QL_FILTER_FINAL, QL_FILTER_WHOLE | QL_FILTER_FINAL, QL_FILTER_APART,
                                    QL_FILTER_APART};

    for (int k = 0; k < state->place_count; k++) {
        uint32_t place = state->places[k];
        if (!(place & QL_FILTER_WAITING) &&
            filter->edges[place >> QL_FILTER_MODE_BITS] & ends[place & QL_FILTER_MODE]) {
            return true;
        }
    }
    return false;
}

// Sets the labels that would complete a listed word.
static inline void ql_filter_find_listed(uint32_t labels[2], const struct ql_filter_state *state,
                                         const struct ql_filter *filter)
{
    labels[0] = 0;
    labels[1] = 0;
    for (int k = 0; k < state->place_count; k++) {
        uint32_t mode = state->places[k] & QL_FILTER_MODE;
        uint32_t next = filter->edges[state->places[k] >> QL_FILTER_MODE_BITS] >> QL_FILTER_GOAL_SHIFT;
        uint32_t listed = mode == QL_FILTER_INSIDE ? QL_FILTER_ANY : QL_FILTER_ANY | QL_FILTER_START;
        if (mode == QL_FILTER_SPELLED || next == 0) {
            continue; // letters that are written apart make a word only when the next symbol ends it
        }
        for (uint32_t word = 0; !(word & QL_FILTER_LAST); next++) {
            word = filter->edges[next];
            if (word & listed && (mode != QL_FILTER_JOINED || word & QL_FILTER_APART)) {
                labels[(word & QL_FILTER_LABEL) / 32] |= 1u << (word & 31u);
            }
        }
    }
}

// Returns 1 when this symbol would complete a listed word, otherwise 0. A piece stands for its first symbol.
static inline uint32_t ql_filter_hits(const uint32_t labels[2], bool completes, const struct ql_filter *filter,
                                      int token)
{
    uint32_t label = filter->labels[token];

    if (completes && filter->kinds[token] & (QL_FILTER_BOUNDARY | QL_FILTER_END)) {
        return 1;
    }
    return (labels[label / 32] >> (label % 32)) & 1u;
}

// Returns true when a symbol of the piece after its first one would complete a listed word.
static inline bool ql_filter_bars_rest(const struct ql_filter_state *state, const struct ql_filter *filter, int token)
{
    const uint16_t *begins = filter->rest_begins + (token - filter->characters);
    struct ql_filter_state after = *state;
    uint32_t labels[2];

    ql_filter_step_symbol(&after, filter, token);
    for (int k = begins[0]; k < begins[1]; k++) {
        ql_filter_find_listed(labels, &after, filter);
        if (ql_filter_hits(labels, ql_filter_completes(&after, filter), filter, filter->rests[k])) {
            return true;
        }
        ql_filter_step_symbol(&after, filter, filter->rests[k]);
    }
    return false;
}

// Sets a superset of the labels along which some place continues, with the gap's label where one continues across a
// separating symbol. A piece that begins with any other symbol ends all places.
static inline void ql_filter_find_open(uint32_t labels[2], const struct ql_filter_state *state,
                                       const struct ql_filter *filter)
{
    labels[0] = 0;
    labels[1] = 0;
    for (int k = 0; k < state->place_count; k++) {
        uint32_t mode = state->places[k] & QL_FILTER_MODE;
        uint32_t edge = filter->edges[state->places[k] >> QL_FILTER_MODE_BITS];
        uint32_t next = edge >> QL_FILTER_GOAL_SHIFT;
        if (mode != QL_FILTER_INSIDE || (edge & QL_FILTER_LABEL) == QL_FILTER_GAP) {
            labels[0] |= 1u << QL_FILTER_GAP;
        }
        for (uint32_t word = next == 0 ? QL_FILTER_LAST : 0; !(word & QL_FILTER_LAST); next++) {
            word = filter->edges[next];
            labels[(word & QL_FILTER_LABEL) / 32] |= 1u << (word & 31u);
        }
    }
    if (state->run_length > 0) {
        labels[state->run_label / 32] |= 1u << (state->run_label % 32); // a run of letters continues
    }
}

// Blocks the pieces in which a listed word would end after their first symbol. Returns true when there are any. Most
// pieces end all places; whether a listed word ends in one of these is known in advance.
static inline bool ql_filter_block_pieces(uint32_t *blocked, const struct ql_filter_state *state,
                                          const struct ql_filter *filter)
{
    uint32_t hazard = state->at_boundary ? QL_FILTER_HAZARD_BEGIN : QL_FILTER_HAZARD_INSIDE;
    uint32_t open[2];
    bool any = false;

    ql_filter_find_open(open, state, filter);
    for (int v = filter->characters; v < filter->V; v++) {
        uint32_t kind = filter->kinds[v];
        uint32_t label = filter->labels[v];
        bool goes_on = kind & QL_FILTER_IGNORED;
        if ((blocked[v / 32] >> (v % 32)) & 1u) {
            continue;
        }
        if (label != QL_FILTER_NO_LABEL) {
            goes_on = goes_on || ((open[label / 32] >> (label % 32)) & 1u);
        } else if (kind & (QL_FILTER_JOINER | QL_FILTER_SPACE)) {
            goes_on = goes_on || ((open[0] >> QL_FILTER_GAP) & 1u);
        }
        if (goes_on ? ql_filter_bars_rest(state, filter, v) : (filter->hazards[v - filter->characters] & hazard) != 0) {
            blocked[v / 32] |= 1u << (v % 32);
            any = true;
        }
    }
    return any;
}

// Finds the tokens that would complete a listed word; of a piece, any of its symbols. Returns false when there are
// none; `blocked` then means nothing. There is always a token that is not blocked; see docs/filter.md.
//
//   blocked  ((V + 31) / 32)  as the sampler takes it
static inline bool ql_filter_block(uint32_t *blocked, const struct ql_filter_state *state,
                                   const struct ql_filter *filter)
{
    bool completes = ql_filter_completes(state, filter);
    uint32_t labels[2];
    bool any = completes;

    ql_filter_find_listed(labels, state, filter);
    any = any || labels[0] != 0 || labels[1] != 0;
    if (!any && filter->characters == filter->V) {
        return false;
    }
    for (int k = 0; k < (filter->V + 31) / 32; k++) {
        blocked[k] = 0;
    }
    for (int v = 0; v < filter->V && any; v++) {
        blocked[v / 32] |= ql_filter_hits(labels, completes, filter, v) << (v % 32);
    }
    return (filter->characters < filter->V && ql_filter_block_pieces(blocked, state, filter)) || any;
}

// Adds the signs that would complete a listed word as its last letter, as in a$$, to those that must not come next.
// Used with a lexicon only, where no letter could follow such a sign. `blocked` has been written already.
static inline void ql_filter_block_signs(uint32_t *blocked, const struct ql_filter_state *state,
                                         const struct ql_filter *filter)
{
    static const uint16_t ends[] = {QL_FILTER_FINAL, QL_FILTER_WHOLE | QL_FILTER_FINAL, QL_FILTER_APART,
                                    QL_FILTER_APART};

    for (int v = 0; v < filter->characters; v++) {
        uint32_t label = filter->labels[v];
        if (label == QL_FILTER_NO_LABEL || !(filter->kinds[v] & QL_FILTER_BOUNDARY)) {
            continue;
        }
        for (int k = 0; k < state->place_count; k++) {
            uint32_t mode = state->places[k] & QL_FILTER_MODE;
            uint32_t next = ql_filter_find(filter, state->places[k] >> QL_FILTER_MODE_BITS, label);
            if (next != 0 && filter->edges[next] & ends[mode]) {
                blocked[v / 32] |= 1u << (v % 32);
            }
        }
    }
    for (int v = filter->characters; v < filter->V; v++) {
        uint32_t last = filter->rests[filter->rest_begins[v - filter->characters + 1] - 1];
        if (filter->labels[last] != QL_FILTER_NO_LABEL && filter->kinds[last] & QL_FILTER_BOUNDARY) {
            struct ql_filter_state after = *state;
            ql_filter_step(&after, filter, v);
            blocked[v / 32] |= (ql_filter_completes(&after, filter) ? 1u : 0u) << (v % 32);
        }
    }
}

// True when the text may end after this token, which has not been taken yet.
static inline bool ql_filter_may_end(const struct ql_filter_state *state, const struct ql_filter *filter, int token)
{
    struct ql_filter_state after = *state;

    if (filter->kinds[token] & QL_FILTER_END) {
        return !ql_filter_completes(state, filter);
    }
    ql_filter_step(&after, filter, token);
    return !ql_filter_completes(&after, filter);
}

// The place of a key in block k of the fingerprints, and the fingerprint itself: an xor filter (Graf and Lemire, 2020).
static inline uint32_t ql_filter_slot(uint32_t key, uint32_t seed, uint32_t block, uint32_t k)
{
    return k * block + ql_random_mix(key + seed + (k + 1) * 0x9e3779b9u) % block;
}

static inline uint8_t ql_filter_fingerprint(uint32_t key, uint32_t seed)
{
    return (uint8_t)(ql_random_mix(key ^ seed) >> 24);
}

// True when the item that the text has come to must not be shown. Called before the newline that ends it is taken. Of
// all other items, one in 256 is refused too.
static inline bool ql_filter_refuses(const struct ql_filter_state *state, const struct ql_filter *filter)
{
    uint32_t key = state->item_hash;
    uint8_t found = 0;

    if (filter->block == 0 || key == 0) {
        return false;
    }
    for (uint32_t k = 0; k < 3; k++) {
        found ^= filter->fingerprints[ql_filter_slot(key, filter->seed, filter->block, k)];
    }
    return found == ql_filter_fingerprint(key, filter->seed);
}

#endif
