// A filter and a lexicon for one text, on the host: loaded, bound to a model's vocabulary, with their state. Either may
// be absent.
// Uses: base, corpus/vocabulary, filter/{filter_file,lexicon_file}.
#ifndef QL_FILTER_GUARD_H
#define QL_FILTER_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "corpus/vocabulary.h"
#include "filter/filter_file.h"
#include "filter/lexicon_file.h"

// {0} lets everything pass.
struct ql_guard {
    struct ql_filter_file file;
    struct ql_filter_binding binding;
    struct ql_filter_state state;
    uint32_t blocked[QL_VOCABULARY_LIMIT / 32];
    bool is_on; // the filter is
    struct ql_lexicon_file lexicon_file;
    struct ql_lexicon_binding lexicon;
    struct ql_lexicon_state words;
    bool has_lexicon;
};

// Loads the filter for a vocabulary, pieces included; without a path, everything passes.
// Errors: those of the file; QL_ERROR_INPUT when the filter could block every token.
enum ql_status ql_guard_init(struct ql_guard *guard, const char *path, const struct ql_vocabulary *vocabulary,
                             struct ql_error *error);

// Loads a lexicon for the same vocabulary, after the init; without a path, every word may be written. Errors: those of
// the file and of its binding; QL_ERROR_INPUT when the filter could leave no way on to the words, and names one. After an
// error there is no lexicon, and the filter is still loaded.
enum ql_status ql_guard_load_lexicon(struct ql_guard *guard, const char *path, const struct ql_vocabulary *vocabulary,
                                     struct ql_error *error);
void ql_guard_free(struct ql_guard *guard);

// Begins a text.
void ql_guard_reset(struct ql_guard *guard);

// Takes a token of the text, and returns which ones must not come next, as the sampler takes it: NULL for none.
// Valid until the next call.
const uint32_t *ql_guard_step(struct ql_guard *guard, int token);

// Finds which tokens must not come next, for states that are kept elsewhere: those that the filter blocks or the
// lexicon does not permit. Either may be NULL, with its state. Returns false when every token may come next, and then
// leaves `blocked` as it is. There is always a token that may come next, where ql_guard_load_lexicon has found no
// conflict.
bool ql_guard_block(uint32_t *blocked, const struct ql_filter *filter, const struct ql_filter_state *filter_state,
                    const struct ql_lexicon *lexicon, const struct ql_lexicon_state *lexicon_state);

// Returns true when the text may end after `token`. Ask before the token is taken by ql_guard_step.
bool ql_guard_may_end(const struct ql_guard *guard, int token);

// Returns whether the item that has been taken, up to here, must not be shown. Ask before its newline is taken.
bool ql_guard_refuses(const struct ql_guard *guard);

#endif
