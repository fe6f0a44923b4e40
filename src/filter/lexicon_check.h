// Proves that a lexicon and a filter together always permit some token; finds the words for which they would not.
// Uses: base, device/{filter,lexicon}.h, filter/{filter_file,lexicon_file}.
#ifndef QL_FILTER_LEXICON_CHECK_H
#define QL_FILTER_LEXICON_CHECK_H

#include "base/status.h"
#include "filter/filter_file.h"
#include "filter/lexicon_file.h"

// Called for each conflict: these labels begin words of which the filter, after some text, would permit no end. With
// `ends`, they are one whole word.
typedef void ql_lexicon_conflict(void *context, const uint8_t *labels, int length, bool ends);

// Walks all words from every state of the filter in which a word can begin. Both bindings are of the same vocabulary.
// docs/lexicon.md has the argument. Errors: QL_ERROR_SYSTEM for no memory.
enum ql_status ql_lexicon_check(const struct ql_lexicon *lexicon, const struct ql_filter *filter,
                                ql_lexicon_conflict *conflict, void *context, struct ql_error *error);

#endif
