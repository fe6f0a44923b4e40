// The rules of a model's texts: with which token a text begins, which one ends an item, and before which ones the state
// is reset. Checkpoints and descriptors both come down to these.
// Uses: the C library only.
#ifndef QL_MODEL_TEXT_RULES_H
#define QL_MODEL_TEXT_RULES_H

#include <stdbool.h>
#include <stdint.h>

enum { QL_TEXT_RESET_LIMIT = 16 };

struct ql_text_rules {
    int first_token; // the one that goes in before any other: the newline, or 0 where the vocabulary has none
    int newline;     // the token of a newline, which ends an item; -1 where there is none
    int resets[QL_TEXT_RESET_LIMIT];
    int reset_count; // the state is reset before these tokens
};

// Sets the rules for a vocabulary, by the symbol of each token. There are no resets yet.
void ql_text_rules_init(struct ql_text_rules *rules, const uint32_t *symbols, int count);

// Returns true when the state is reset before this token.
bool ql_text_rules_reset_at(const struct ql_text_rules *rules, int token);

// Returns the tokens after which an item that has not ended is over, and too long: those that attention reaches, where
// each item begins with a state of its own. Returns 0 where there is no such end.
int ql_text_rules_item_limit(const struct ql_text_rules *rules, int context);

#endif
