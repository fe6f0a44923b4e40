// Says whether an English sentence parses completely, by Link Grammar, which is an optional library.
// Uses: base/status; liblink-grammar where QL_LINK_GRAMMAR is defined.
#ifndef QL_STUDY_GRAMMAR_H
#define QL_STUDY_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

// A sentence of more words is not parsed: the time grows with the third power of the length.
enum { QL_GRAMMAR_WORD_LIMIT = 40 };

// A sentence of more bytes is not complete: version 5.12 of the library writes beyond its memory, in blocks of 16 KB, for
// words that do not fit.
enum { QL_GRAMMAR_BYTE_LIMIT = 8192 };

struct ql_grammar; // owns the dictionary

// Opens the English dictionary. Errors: QL_ERROR_SYSTEM with a message that says what to install, when the tool was
// built without the library or the dictionary is missing.
enum ql_status ql_grammar_open(struct ql_grammar **grammar, struct ql_error *error);
void ql_grammar_close(struct ql_grammar *grammar); // may be NULL

// The library and its dictionary with their versions, such as "Link Grammar 5.12.0, dictionary 5.12.0".
const char *ql_grammar_name(const struct ql_grammar *grammar);

// Sets *complete to whether the sentence has a linkage of all its words that keeps the grammar's rules. A word that is
// not in the dictionary counts as whatever its place and its ending permit; spelling is not corrected. The same
// versions give the same answer on every machine: there is no limit of time. `bytes` needs no NUL after `length`.
// Errors: QL_ERROR_SYSTEM for no memory.
enum ql_status ql_grammar_check(bool *complete, struct ql_grammar *grammar, const char *bytes, size_t length,
                                struct ql_error *error);

#endif
