// Pieces: tokens of several symbols, of a byte-pair vocabulary (Gage 1994; Sennrich, Haddow and Birch 2016).
// A piece joins two tokens that come before it in the vocabulary. A text is encoded by the pieces in their order: each
// one joins all pairs of its two parts that stand side by side, from the left to the right. docs/pieces.md has the
// rules. Uses: base, corpus/vocabulary.
#ifndef QL_CORPUS_PIECES_H
#define QL_CORPUS_PIECES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "corpus/vocabulary.h"

// Returns true for a symbol that may begin a piece, but never stand inside or at its end.
bool ql_piece_is_space(uint32_t symbol);

// Returns true for a symbol that ends a line, and so stands in no piece.
bool ql_piece_is_line_end(uint32_t symbol);

// Adds the piece with these symbols after the others. Its two parts follow from the pieces that are there already:
// they encode a piece's symbols as two tokens. Errors: QL_ERROR_INPUT for a piece that is too short or too long, has a
// symbol that is not in the vocabulary, a space after its first symbol or a line end, is there already, or does not
// consist of two tokens that come before it; and for too many of them.
enum ql_status ql_piece_add(struct ql_vocabulary *vocabulary, const uint32_t *symbols, size_t length,
                            struct ql_error *error);

// Likewise, in UTF-8. Errors: likewise, and invalid UTF-8.
enum ql_status ql_piece_read(struct ql_vocabulary *vocabulary, const char *utf8, size_t size_bytes,
                             struct ql_error *error);

// Adds the pieces of a list, one in each line, to a vocabulary without pieces. Errors: those of ql_piece_read.
enum ql_status ql_pieces_read(struct ql_vocabulary *vocabulary, const char *text, struct ql_error *error);

// Returns the pieces as a list, one in each line, which ql_pieces_read takes. The caller frees it. NULL: no memory.
char *ql_pieces_write(const struct ql_vocabulary *vocabulary);

// Encodes tokens of one symbol each, in place: `*count` becomes the smaller number of tokens.
// Errors: QL_ERROR_SYSTEM when there is not enough memory.
enum ql_status ql_pieces_encode(uint16_t *tokens, size_t *count, const struct ql_vocabulary *vocabulary,
                                struct ql_error *error);

#endif
