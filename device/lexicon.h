// Restricts a text to the words of a list while it is drawn.
// The rules of words and the table are described in docs/lexicon.md; src/filter/ compiles the table.
// Uses: device/lexicon_state.h, stdbool.h, stdint.h.
#ifndef QL_DEVICE_LEXICON_H
#define QL_DEVICE_LEXICON_H

#include <stdbool.h>
#include <stdint.h>

#include "device/lexicon_state.h"

// How a symbol of the vocabulary reads.
enum {
    QL_LEXICON_WORD = 1,  // a letter or a digit: stands within words only
    QL_LEXICON_UPPER = 2, // a capital letter; its label is that of the small one
    QL_LEXICON_SPACE = 4, // a word may begin after it
    QL_LEXICON_MARK = 8,  // a quotation mark or bracket: a word may begin after it where one may begin before it
    QL_LEXICON_STOP = 16, // . ! ? : and the ellipsis: a sentence may begin after the next space
    QL_LEXICON_END = 32,  // ends an item
};

// Labels of edges. A capital letter is two edges: this label, and the small letter's.
enum { QL_LEXICON_CAPITAL = 0, QL_LEXICON_NO_LABEL = 63 };

// An edge of the graph of words, in three bytes, the lowest first: its label, flags, and from the shift on the index of
// the first edge that goes on from its end, or 0. The edges of one node stand in a row. Edge 0 leads to the root.
enum {
    QL_LEXICON_LABEL = 63,
    QL_LEXICON_LAST = 1 << 6,   // the last edge of its node
    QL_LEXICON_ENDING = 1 << 7, // a word may end here
    QL_LEXICON_GOAL_SHIFT = 8,
};

// The compiled list, bound to a vocabulary. Constant; may be shared.
struct ql_lexicon {
    const uint8_t *edges;  // (3 * edges)
    const uint8_t *labels; // (V)
    const uint8_t *kinds;  // (V)
    int V;
    // The last tokens may be pieces of several symbols; label and kind of a piece are those of its first symbol.
    int characters;              // tokens of one symbol; V without pieces
    const uint16_t *rests;       // of each piece, the tokens of the symbols after its first one
    const uint16_t *rest_begins; // (V - characters + 1) where those of a piece begin in `rests`
};

// Flags of a state. OUTSIDE: the text so far can be read as ending between words.
enum {
    QL_LEXICON_OUTSIDE = 1,
    QL_LEXICON_BEGIN = 2,    // a word may begin here
    QL_LEXICON_SENTENCE = 4, // a sentence may begin here: the first letter of a small word may be a capital
};

// Begins a text.
static inline void ql_lexicon_init(struct ql_lexicon_state *state)
{
    state->edges[0] = 0;
    state->edges[1] = 0;
    state->flags = QL_LEXICON_OUTSIDE | QL_LEXICON_BEGIN | QL_LEXICON_SENTENCE;
}

static inline uint32_t ql_lexicon_edge(const struct ql_lexicon *lexicon, uint32_t edge)
{
    const uint8_t *bytes = lexicon->edges + 3 * edge;

    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16;
}

// The edge with this label that goes on from the end of `edge`, or 0.
static inline uint32_t ql_lexicon_find(const struct ql_lexicon *lexicon, uint32_t edge, uint32_t label)
{
    uint32_t next = ql_lexicon_edge(lexicon, edge) >> QL_LEXICON_GOAL_SHIFT;

    while (next != 0) {
        uint32_t word = ql_lexicon_edge(lexicon, next);
        if ((word & QL_LEXICON_LABEL) == label) {
            return next;
        }
        next = word & QL_LEXICON_LAST ? 0 : next + 1;
    }
    return 0;
}

// The same for a capital letter, which is two edges.
static inline uint32_t ql_lexicon_find_letter(const struct ql_lexicon *lexicon, uint32_t edge, uint32_t label,
                                              bool upper)
{
    if (upper) {
        edge = ql_lexicon_find(lexicon, edge, QL_LEXICON_CAPITAL);
        if (edge == 0) {
            return 0;
        }
    }
    return ql_lexicon_find(lexicon, edge, label);
}

// True when the text may end here, or a symbol follow that is not part of a word.
static inline bool ql_lexicon_is_between(const struct ql_lexicon_state *state, const struct ql_lexicon *lexicon)
{
    bool between = (state->flags & QL_LEXICON_OUTSIDE) != 0;

    for (int k = 0; k < 2; k++) {
        between =
            between || (state->edges[k] != 0 && (ql_lexicon_edge(lexicon, state->edges[k]) & QL_LEXICON_ENDING) != 0);
    }
    return between;
}

// The flags after a symbol that is not part of a word.
static inline uint32_t ql_lexicon_separate(uint32_t flags, uint32_t kind)
{
    uint32_t begin = flags & QL_LEXICON_BEGIN, sentence = flags & QL_LEXICON_SENTENCE;

    if (kind & QL_LEXICON_SPACE) {
        begin = QL_LEXICON_BEGIN;
    } else if (kind & QL_LEXICON_STOP) {
        begin = 0;
        sentence = QL_LEXICON_SENTENCE;
    } else if (kind & QL_LEXICON_MARK) {
        sentence = begin ? (uint32_t)QL_LEXICON_SENTENCE : sentence;
    } else {
        begin = 0;
        sentence = 0;
    }
    return QL_LEXICON_OUTSIDE | begin | sentence;
}

// Takes a token of one symbol, or the first symbol of a piece. Returns whether the list permits it. After one that it
// does not permit, as in a prompt, no letter is permitted until a word may begin again.
static inline bool ql_lexicon_take_symbol(struct ql_lexicon_state *state, const struct ql_lexicon *lexicon, int symbol)
{
    uint32_t label = lexicon->labels[symbol], kind = lexicon->kinds[symbol], flags = state->flags;
    uint32_t found[4] = {0, 0, 0, 0};
    bool upper = (kind & QL_LEXICON_UPPER) != 0, between = ql_lexicon_is_between(state, lexicon);

    if (kind & QL_LEXICON_END) {
        ql_lexicon_init(state);
        return between;
    }
    if (label != QL_LEXICON_NO_LABEL) {
        for (int k = 0; k < 2; k++) {
            if (state->edges[k] != 0) {
                found[k] = ql_lexicon_find_letter(lexicon, state->edges[k], label, upper);
            }
        }
        if (flags & QL_LEXICON_BEGIN) {
            found[2] = ql_lexicon_find_letter(lexicon, 0, label, upper);
            if (upper && flags & QL_LEXICON_SENTENCE) {
                found[3] = ql_lexicon_find_letter(lexicon, 0, label, false);
            }
        }
    }
    // An open word and the beginning of one exclude each other, except at marks that may be part of a word or not.
    state->edges[0] = (uint16_t)(found[0] != 0 ? found[0] : found[2]);
    state->edges[1] = (uint16_t)(found[1] != 0 ? found[1] : found[3]);
    if (kind & QL_LEXICON_WORD) {
        bool permitted = (state->edges[0] | state->edges[1]) != 0;
        state->flags = permitted ? 0 : QL_LEXICON_OUTSIDE;
        return permitted;
    }
    state->flags = between || (state->edges[0] | state->edges[1]) == 0 ? ql_lexicon_separate(flags, kind) : 0;
    return between || (state->edges[0] | state->edges[1]) != 0;
}

// Takes the symbols of a piece after its first one. Returns whether the list permits them.
static inline bool ql_lexicon_take_rest(struct ql_lexicon_state *state, const struct ql_lexicon *lexicon, int token)
{
    const uint16_t *begins = lexicon->rest_begins + (token - lexicon->characters);
    bool permitted = true;

    for (int k = begins[0]; k < begins[1]; k++) {
        permitted = ql_lexicon_take_symbol(state, lexicon, lexicon->rests[k]) && permitted;
    }
    return permitted;
}

// Takes the next token of the text, whoever chose it. Returns whether the list permits it.
static inline bool ql_lexicon_take(struct ql_lexicon_state *state, const struct ql_lexicon *lexicon, int token)
{
    bool permitted = ql_lexicon_take_symbol(state, lexicon, token);

    return token < lexicon->characters ? permitted : ql_lexicon_take_rest(state, lexicon, token) && permitted;
}

// Adds the labels that continue from an edge, and those that continue after the mark of a capital.
static inline void ql_lexicon_add_labels(uint32_t small[2], uint32_t capital[2], const struct ql_lexicon *lexicon,
                                         uint32_t edge)
{
    uint32_t next = ql_lexicon_edge(lexicon, edge) >> QL_LEXICON_GOAL_SHIFT;

    while (next != 0) {
        uint32_t word = ql_lexicon_edge(lexicon, next), label = word & QL_LEXICON_LABEL;
        small[label / 32] |= 1u << (label % 32);
        if (label == QL_LEXICON_CAPITAL) {
            uint32_t after = word >> QL_LEXICON_GOAL_SHIFT;
            while (after != 0) {
                uint32_t letter = ql_lexicon_edge(lexicon, after);
                capital[(letter & QL_LEXICON_LABEL) / 32] |= 1u << (letter & 31u);
                after = letter & QL_LEXICON_LAST ? 0 : after + 1;
            }
        }
        next = word & QL_LEXICON_LAST ? 0 : next + 1;
    }
}

// Finds the tokens that the list does not permit next. There is always one that it permits; see docs/lexicon.md.
//
//   blocked  ((V + 31) / 32)  as the sampler takes it
static inline void ql_lexicon_block(uint32_t *blocked, const struct ql_lexicon_state *state,
                                    const struct ql_lexicon *lexicon)
{
    uint32_t small[2] = {0, 0}, capital[2] = {0, 0}, first[2] = {0, 0};
    bool between = ql_lexicon_is_between(state, lexicon);

    for (int k = 0; k < 2; k++) {
        if (state->edges[k] != 0) {
            ql_lexicon_add_labels(small, capital, lexicon, state->edges[k]);
        }
    }
    if (state->flags & QL_LEXICON_BEGIN) {
        ql_lexicon_add_labels(first, capital, lexicon, 0);
        for (int k = 0; k < 2; k++) {
            small[k] |= first[k];
            capital[k] |= state->flags & QL_LEXICON_SENTENCE ? first[k] : 0;
        }
    }
    for (int k = 0; k < (lexicon->V + 31) / 32; k++) {
        blocked[k] = 0;
    }
    for (int v = 0; v < lexicon->V; v++) {
        uint32_t label = lexicon->labels[v], kind = lexicon->kinds[v];
        const uint32_t *labels = kind & QL_LEXICON_UPPER ? capital : small;
        bool permitted = label != QL_LEXICON_NO_LABEL && (labels[label / 32] >> (label % 32) & 1u) != 0;
        permitted = permitted || (!(kind & QL_LEXICON_WORD) && between);
        if (permitted && v >= lexicon->characters) {
            struct ql_lexicon_state after = *state;
            (void)ql_lexicon_take_symbol(&after, lexicon, v);
            permitted = ql_lexicon_take_rest(&after, lexicon, v);
        }
        blocked[v / 32] |= (permitted ? 0u : 1u) << (v % 32);
    }
}

// True when the text may end after this token, which has not been taken yet.
static inline bool ql_lexicon_may_end(const struct ql_lexicon_state *state, const struct ql_lexicon *lexicon, int token)
{
    struct ql_lexicon_state after = *state;

    return ql_lexicon_take(&after, lexicon, token) && ql_lexicon_is_between(&after, lexicon);
}

#endif
