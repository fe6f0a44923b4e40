// Learns the pieces of a text: docs/pieces.md has the rules.
// Uses: base, corpus/{pieces,token_text,vocabulary}, utf8proc.
#ifndef QL_CORPUS_PIECE_LEARNER_H
#define QL_CORPUS_PIECE_LEARNER_H

#include "base/status.h"
#include "corpus/token_text.h"
#include "corpus/vocabulary.h"

// Adds up to `limit` pieces to a vocabulary that has none, learned from a text of its tokens. Each step joins the pair
// of tokens that stands side by side most often, at equal counts the one with the lower left and then the lower right
// token. There are fewer pieces where no pair is left that stands there twice, or where the vocabulary is full.
// Time: nearly linear in the text. Memory: 30 bytes for each symbol of the different words.
// Errors: QL_ERROR_SYSTEM when there is not enough memory; QL_ERROR_INPUT for a text with 2^32 symbols in different
// words.
enum ql_status ql_pieces_learn(struct ql_vocabulary *vocabulary, const struct ql_token_text *text, int limit,
                               struct ql_error *error);

#endif
