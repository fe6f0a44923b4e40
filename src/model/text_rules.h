// The rules of a model's texts: with which token a text begins, which one ends an item, before which ones the state is
// reset, and which ones are never drawn. Checkpoints and descriptors both come down to these.
// Uses: the C library only.
#ifndef QL_MODEL_TEXT_RULES_H
#define QL_MODEL_TEXT_RULES_H

#include <stdbool.h>
#include <stdint.h>

enum {
    QL_TEXT_RESET_LIMIT = 16,
    QL_TEXT_SPECIAL = 0xfdd0,   // the first of the code points that are no characters: they stand for no text ...
    QL_TEXT_SPECIAL_LIMIT = 32, // ... and their number
};

struct ql_text_rules {
    int first_token; // the one that goes in before any other: the newline, or 0 where the vocabulary has none
    int newline;     // the token of a newline, which ends an item; -1 where there is none
    int resets[QL_TEXT_RESET_LIMIT];
    int reset_count; // the state is reset before these tokens
    int specials[QL_TEXT_SPECIAL_LIMIT];
    int special_count; // these tokens stand for no text, and are never drawn
};

// Sets the rules for a vocabulary, by the symbol of each token; each symbol is there once. There are no resets yet.
void ql_text_rules_init(struct ql_text_rules *rules, const uint32_t *symbols, int count);

// Returns true when the state is reset before this token.
bool ql_text_rules_reset_at(const struct ql_text_rules *rules, int token);

// Returns which of V tokens must not be drawn, as the sampler takes it: those of `blocked`, which may be NULL, and those
// that stand for no text. Returns `blocked` where there are none of these; otherwise `words`, which gets the bits and may
// be the same memory.
//
//   words  ((V + 31) / 32)
const uint32_t *ql_text_rules_block(const struct ql_text_rules *rules, uint32_t *words, const uint32_t *blocked, int V);

// Returns the tokens after which an item that has not ended is over, and too long: those that attention reaches, where
// each item begins with a state of its own. Returns 0 where there is no such end.
int ql_text_rules_item_limit(const struct ql_text_rules *rules, int context);

#endif
