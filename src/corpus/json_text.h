// Makes JSON strings of text whose bytes may be anything, such as names in models of others: JSON holds only UTF-8.
// Uses: jansson.
#ifndef QL_CORPUS_JSON_TEXT_H
#define QL_CORPUS_JSON_TEXT_H

#include <jansson.h>

// Returns a string of the text, in which each byte that is not UTF-8 is written as in "caf\xe9", with the backslash; NULL
// when there is not enough memory. The caller owns it.
json_t *ql_json_text_make(const char *text);

#endif
