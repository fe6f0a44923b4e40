// Many texts from one model, on all cores: each item is what `predict` would write with the item's own seed, to the bit.
//
// What a model says next depends only on the symbols so far. So items that begin alike share their computation: they
// walk down one tree of beginnings, whose nodes are computed once each, QL_BATCH_LIMIT of them at a time.
// Uses: base, corpus/vocabulary, model/text_rules, device/{candidate,filter,lexicon}.h, generate/batch_engine.h.
#ifndef QL_GENERATE_GENERATION_H
#define QL_GENERATE_GENERATION_H

#include <stdint.h>

#include "base/status.h"
#include "base/thread_pool.h"
#include "corpus/vocabulary.h"
#include "device/filter.h"
#include "device/lexicon.h"
#include "generate/batch_engine.h"
#include "model/text_rules.h"

// A model and what its tokens mean. Owned by the caller.
struct ql_generator {
    const struct ql_batch_engine *engine;
    struct ql_text_rules rules; // its newline ends an item; where there is none, only the length does
    uint32_t seed;              // of the run
    const uint16_t *prompt;     // tokens with which each item begins, without a newline; nothing is drawn for them
    int prompt_count;
    struct ql_batch_sampling sampling;
    const struct ql_filter *filter;         // blocks tokens while items are drawn, and refuses items; NULL for none
    const struct ql_lexicon *lexicon;       // permits the words of a list only; NULL for none
    int max_length;                         // characters after the prompt at which an item is cut; at least 1
    int best;                               // candidates for an item, of which the best is taken; 0 is 1
    int min_length;                         // characters after the prompt that a candidate should have
    const struct ql_vocabulary *vocabulary; // tells how many characters a token has; NULL: one each
    struct ql_thread_pool *pool;            // as many threads as the engine was opened for
};

struct ql_generated_item {
    uint32_t number;
    uint32_t candidate;     // which one of ql_generator.best it is
    const uint16_t *tokens; // the prompt and what was drawn, without the newline
    int length;
    bool refused; // by the filter, or cut within a word of the lexicon: not to be shown
    // Ended by max_length, before the token that would pass it or after the one that reaches it; or by the end of the
    // context, after its last token (ql_text_rules_item_limit).
    bool cut;
};

// Takes one item; valid during the call. Any status but QL_OK ends the run.
typedef enum ql_status ql_item_function(void *context, const struct ql_generated_item *item, struct ql_error *error);

// Told now and then how many items are complete. Returns false to stop the run with QL_ERROR_STOPPED.
typedef bool ql_generation_progress(void *context, uint32_t complete);

struct ql_generation_result {
    uint64_t symbols; // characters drawn, newlines and other candidates included
    uint64_t steps;   // of the model that were computed for them
    uint64_t cut;     // items
    uint64_t refused; // items
};

// The seed of an item: mix(seed ^ mix(number + 0x9e3779b9)), with the mix of docs/sampling.md. Different numbers of one
// run have different seeds.
uint32_t ql_generation_seed(uint32_t seed, uint32_t number);

// Generates the items first, first + 1, ... (count of them) and hands them over in this order, from the calling thread.
// Of several candidates for an item it takes the best, by device/candidate.h.
// Nothing depends on the number of threads. Memory: for the tree, 16 bytes a symbol of at most QL_GENERATION_PART items,
// or fewer where items may be long. `progress` may be NULL.
// Errors: QL_ERROR_NUMERIC for logits that are not finite, QL_ERROR_SYSTEM for no memory, those of engine and callbacks.
enum { QL_GENERATION_PART = 1 << 17 };
enum ql_status ql_generation_run(const struct ql_generator *generator, uint32_t first, uint32_t count,
                                 ql_item_function *item, ql_generation_progress *progress, void *context,
                                 struct ql_generation_result *result, struct ql_error *error);

#endif
