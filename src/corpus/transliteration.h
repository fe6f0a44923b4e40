// What the step `transliterate` makes of a letter that an alphabet does not have.
// Uses: the C library.
#ifndef QL_CORPUS_TRANSLITERATION_H
#define QL_CORPUS_TRANSLITERATION_H

#include <stdint.h>

// What stands in ASCII for a letter from U+0080 on whose decomposition does not have it: "ss" for a sharp s, and "'" for
// an apostrophe that is a letter. NULL for other symbols.
const char *ql_transliterate_letter(int32_t symbol);

#endif
