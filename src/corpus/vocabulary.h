// The vocabulary: the symbols of a text (Unicode code points), sorted, and the token ids that stand for them.
// Token id = position in the sorted list, as in the descriptor's `vocabulary` string.
// Uses: base.
#ifndef QL_CORPUS_VOCABULARY_H
#define QL_CORPUS_VOCABULARY_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

// Token ids are 16 bits wide everywhere; a character model with more symbols than this is none.
enum { QL_VOCABULARY_LIMIT = 4096 };

struct ql_vocabulary {
    uint32_t symbols[QL_VOCABULARY_LIMIT]; // code points, ascending
    int count;
};

// One symbol from UTF-8. Returns the bytes it takes (1 to 4), or 0 where the bytes are no valid UTF-8:
// overlong forms, surrogates and values above U+10FFFF are not valid. `size_bytes` >= 1.
size_t ql_utf8_decode(uint32_t *symbol, const unsigned char *bytes, size_t size_bytes);

// The UTF-8 form of a valid code point: returns 1 to 4 bytes.
size_t ql_utf8_encode(unsigned char bytes[4], uint32_t symbol);

// From a descriptor's or checkpoint's string, in any order. Errors: empty, invalid UTF-8, a symbol twice, too many.
enum ql_status ql_vocabulary_read(struct ql_vocabulary *vocabulary, const char *utf8, size_t size_bytes,
                                  struct ql_error *error);

// Adds the symbols of `other`. Errors: more than QL_VOCABULARY_LIMIT together.
enum ql_status ql_vocabulary_merge(struct ql_vocabulary *vocabulary, const struct ql_vocabulary *other,
                                   struct ql_error *error);

// As a NUL-terminated UTF-8 string in `text`, of at most 4 * count + 1 bytes.
void ql_vocabulary_write(const struct ql_vocabulary *vocabulary, char *text);

// The token of a symbol, or -1.
int ql_vocabulary_encode(const struct ql_vocabulary *vocabulary, uint32_t symbol);

#endif
