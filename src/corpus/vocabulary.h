// The vocabulary: what each token id stands for. First come tokens of one symbol (a Unicode code point), then pieces:
// tokens of several symbols, which corpus/pieces.h makes and applies. A vocabulary of characters has no pieces.
// Uses: base.
#ifndef QL_CORPUS_VOCABULARY_H
#define QL_CORPUS_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

// Token ids are 16 bits wide everywhere; a model with more symbols than this is not a character model.
enum { QL_VOCABULARY_LIMIT = 4096 };

enum {
    QL_PIECE_LIMIT = 1024,                 // pieces of a vocabulary
    QL_PIECE_SYMBOLS = 16,                 // symbols of a piece, at most
    QL_TOKEN_BYTES = 4 * QL_PIECE_SYMBOLS, // of a token in UTF-8, at most
};

#define QL_NO_SYMBOL UINT32_MAX // no code point

// A token of several symbols: two tokens that come before it in the vocabulary, joined.
struct ql_piece {
    uint16_t left, right;
    uint16_t length; // in symbols, from 2 on
    uint32_t symbols[QL_PIECE_SYMBOLS];
};

struct ql_vocabulary {
    // The code point of each token of one symbol, QL_NO_SYMBOL for a piece. Those of a text or of a checkpoint ascend;
    // those of a descriptor stand in any order.
    uint32_t symbols[QL_VOCABULARY_LIMIT];
    int count;                              // of all tokens
    int piece_count;                        // of the last tokens, which are pieces
    struct ql_piece pieces[QL_PIECE_LIMIT]; // in the order in which they were learned
};

// One symbol from UTF-8. Returns the bytes it takes (1 to 4), or 0 where the bytes are not valid UTF-8:
// overlong forms, surrogates and values above U+10FFFF are not valid. `size_bytes` >= 1.
size_t ql_utf8_decode(uint32_t *symbol, const unsigned char *bytes, size_t size_bytes);

// True for a string that is UTF-8 from its start to its end.
bool ql_utf8_check(const char *text);

// The UTF-8 form of a valid code point: returns 1 to 4 bytes.
size_t ql_utf8_encode(unsigned char bytes[4], uint32_t symbol);

// Reads the symbols of a descriptor's or checkpoint's string, in any order; there are no pieces yet.
// Errors: empty, invalid UTF-8, a symbol twice, too many.
enum ql_status ql_vocabulary_read(struct ql_vocabulary *vocabulary, const char *utf8, size_t size_bytes,
                                  struct ql_error *error);

// Adds the symbols of `other`; neither has pieces. Errors: more than QL_VOCABULARY_LIMIT together.
enum ql_status ql_vocabulary_merge(struct ql_vocabulary *vocabulary, const struct ql_vocabulary *other,
                                   struct ql_error *error);

// Writes the symbols without the pieces as a NUL-terminated UTF-8 string of at most 4 * count + 1 bytes.
void ql_vocabulary_write(const struct ql_vocabulary *vocabulary, char *text);

// Returns the token of a symbol, or -1. The symbols must ascend.
int ql_vocabulary_encode(const struct ql_vocabulary *vocabulary, uint32_t symbol);

// Returns true when two vocabularies have the same tokens in the same order.
bool ql_vocabulary_is_same(const struct ql_vocabulary *left, const struct ql_vocabulary *right);

// Returns the symbols of a token, and sets `length` to their number.
const uint32_t *ql_vocabulary_spell(const struct ql_vocabulary *vocabulary, int token, int *length);

// Returns the number of symbols of a token.
int ql_vocabulary_length(const struct ql_vocabulary *vocabulary, int token);

// Returns the number of symbols of all these tokens together.
size_t ql_vocabulary_lengths(const struct ql_vocabulary *vocabulary, const uint16_t *tokens, size_t count);

// Writes a token in UTF-8, without a NUL. Returns the number of bytes.
size_t ql_vocabulary_write_token(const struct ql_vocabulary *vocabulary, int token, char bytes[QL_TOKEN_BYTES]);

#endif
