// A page: a quote from one model, the name of its author from another, written symbol by symbol.
// A text that is empty or does not fit is discarded, and another is written. Of several candidates for the quote the
// best is taken (docs/sampling.md). No allocation; the caller owns the page.
// Uses: app/writer.h, device/candidate.h.
#ifndef QL_APP_PAGE_H
#define QL_APP_PAGE_H

#include <stdbool.h>

#include "device/candidate.h"
#include "writer.h"

enum {
    QL_PAGE_TEXT_BYTES = 512, // with the NUL at the end; a text that needs more is too long
    QL_PAGE_ATTEMPTS = 50,    // at a text; what fits comes much sooner
    QL_PAGE_BEST = 8,         // candidates for a quote, unless somebody says otherwise
    QL_PAGE_SHORTEST = 40,    // characters that a quote should have, likewise
};

// What a page is made of. Must outlive it.
struct ql_page_plan {
    struct ql_writer quotes, names;
    const struct ql_sampling *sampling; // of both
    // Returns whether the two texts fit together. While there is no name yet, `name` is NULL.
    bool (*fits)(void *context, const char *quote, const char *name);
    void *context;
    int attempts; // at a quote, and again at a name, before the page is given up; at least 1
    int best;     // candidates for the quote, at most `attempts`; 1 or less: the first that fits
    int shortest; // characters that a candidate should have; fewer where none has so many
};

enum ql_page_event {
    QL_PAGE_SYMBOL,   // `symbol` has been added to the text in hand
    QL_PAGE_DRAFT,    // a symbol of a candidate has been drawn; the text in hand is still empty
    QL_PAGE_CHOICE,   // a candidate is complete: `candidate`
    QL_PAGE_EMPTY,    // the text in hand was empty and is thrown away
    QL_PAGE_TOO_LONG, // the text in hand did not fit and is thrown away
    QL_PAGE_REFUSED,  // the text in hand is one that must not be shown, and is thrown away
    QL_PAGE_QUOTED,   // the quote is complete; the name comes next
    QL_PAGE_DONE,     // the name is complete too, and with it the page
    // The page is given up:
    QL_PAGE_NO_QUOTE,   // no attempt gave a quote that fits
    QL_PAGE_NO_NAME,    // likewise
    QL_PAGE_NOT_FINITE, // a model's output is not a number: its weights are damaged
};

struct ql_page {
    char quote[QL_PAGE_TEXT_BYTES], name[QL_PAGE_TEXT_BYTES]; // UTF-8; the text in hand has its NUL at any time
    const char *symbol;                                       // the last one
    int attempts;                                             // so far, both together
    int drawn_characters;          // by the last step: of its symbol, 1 for the end of a text, 0 where it drew none
    struct ql_candidate candidate; // the last one that was complete
    bool naming;                   // the name is in hand, not the quote
    bool choosing;                 // the quote has candidates, none of which is taken yet
    int best;                      // how many
    // The rest belongs to page.c.
    const struct ql_page_plan *plan;
    uint32_t seed;
    bool telling;               // the quote has been chosen; it is handed over symbol by symbol
    struct ql_candidate chosen; // the best so far
    bool has_chosen;
    int bytes, drawn; // of the text in hand; a symbol may have no bytes
    int token;        // the last one; -1: the next text is yet to begin
    int left;         // attempts at the text in hand
    char told[5];     // a symbol of the quote that has been chosen
};

// Begins a page. All of it follows from the seed.
void ql_page_init(struct ql_page *page, const struct ql_page_plan *plan, uint32_t seed);

// Draws one symbol. From QL_PAGE_DONE on the page is over, and only QL_PAGE_DONE leaves one that may be shown.
enum ql_page_event ql_page_step(struct ql_page *page);

// Steps to the end, which it returns.
enum ql_page_event ql_page_write(struct ql_page *page, const struct ql_page_plan *plan, uint32_t seed);

// The text in hand: the quote, or the name once the quote is complete. It is empty while there is a choice.
const char *ql_page_text(const struct ql_page *page);

// The seed of page `number`, from 0, of those that follow from a seed.
static inline uint32_t ql_page_seed(uint32_t seed, uint32_t number)
{
    return ql_random_derive(seed, number);
}

#endif
