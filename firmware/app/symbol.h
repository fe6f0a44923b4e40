// Translates the characters that a model writes to those that a typographer would set.
// Uses: stdint.h.
#ifndef QL_APP_SYMBOL_H
#define QL_APP_SYMBOL_H

#include <stdint.h>

enum { QL_SYMBOL_INVALID = 0xfffd }; // stands for bytes that are not UTF-8

// Reads the first symbol of the UTF-8 text between `text` and `end`, which must not be equal, as it is to be set:
// - " and ' become the quotation marks that fit where they stand, ' within a word or before a digit the apostrophe;
// - -- and --- become a long dash, a hyphen between spaces a short one; three full stops become one symbol;
// - ff, fi, fl, ffi, ffl become ligatures;
// - any run of white space becomes one space.
// before: the symbol that this function gave last, 0 at the beginning. Returns where the next symbol begins.
const char *ql_symbol_decode(uint32_t *symbol, const char *text, const char *end, uint32_t before);

#endif
