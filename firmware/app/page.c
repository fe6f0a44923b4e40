// Writes a page: see page.h. A page is a small state machine, so that its owner can do other work between symbols.
// Uses: app/writer.h, device/candidate.h.
//
// The memory for the name is free until the quote is chosen. So a candidate for the quote is drawn into it, and the
// best one so far is kept in the quote's own memory.
#include "page.h"

#include <string.h>

static const struct ql_writer *writer_of(const struct ql_page *page)
{
    return page->naming ? &page->plan->names : &page->plan->quotes;
}

// The memory that the model writes to.
static char *hand_of(struct ql_page *page)
{
    return page->naming || page->choosing ? page->name : page->quote;
}

static void begin_part(struct ql_page *page, bool naming)
{
    page->naming = naming;
    page->choosing = !naming && page->best > 1;
    page->telling = false;
    page->has_chosen = false;
    page->left = page->plan->attempts;
    page->token = -1;
    hand_of(page)[0] = '\0';
}

static void begin_text(struct ql_page *page)
{
    const struct ql_writer *writer = writer_of(page);
    const uint32_t number = (uint32_t)(page->plan->attempts - page->left);

    ql_writer_init(writer, page->plan->sampling, ql_candidate_seed(page->seed + page->naming, number));
    page->token = writer->model->begin;
    page->candidate = (struct ql_candidate){0};
    page->bytes = 0;
    page->drawn = 0;
    page->attempts++;
    page->left--;
    hand_of(page)[0] = '\0';
}

// Starts passing on the chosen quote.
static void tell(struct ql_page *page)
{
    memcpy(page->name, page->quote, sizeof page->name);
    page->quote[0] = '\0';
    page->bytes = 0;
    page->choosing = false;
    page->telling = true;
}

// Ends the text. Returns `event`, or the event that the page is complete, too.
static enum ql_page_event go_on(struct ql_page *page, enum ql_page_event event)
{
    page->token = -1;
    if (page->has_chosen && (page->left == 0 || page->plan->attempts - page->left >= page->best)) {
        tell(page);
        return event;
    }
    return page->left > 0 ? event : page->naming ? QL_PAGE_NO_NAME : QL_PAGE_NO_QUOTE;
}

// Keeps the candidate if it is better than the previous ones.
static enum ql_page_event choose(struct ql_page *page)
{
    const bool inside = page->candidate.characters > (uint32_t)page->plan->shortest; // one more for the newline

    page->candidate.rank = inside ? QL_CANDIDATE_INSIDE : QL_CANDIDATE_OUTSIDE;
    if (!page->has_chosen || ql_candidate_before(&page->candidate, &page->chosen)) {
        memcpy(page->quote, page->name, sizeof page->quote);
        page->chosen = page->candidate;
        page->has_chosen = true;
    }
    return go_on(page, QL_PAGE_CHOICE);
}

// Handles the newline.
static enum ql_page_event end_text(struct ql_page *page)
{
    const char *text = hand_of(page);

    if (text[strspn(text, " ")] == '\0') {
        return go_on(page, QL_PAGE_EMPTY);
    }
    const struct ql_writer *writer = writer_of(page);
    if (writer->model->refuses != NULL && writer->model->refuses(writer->state)) {
        return go_on(page, QL_PAGE_REFUSED);
    }
    if (!page->plan->fits(page->plan->context, page->naming ? page->quote : text, page->naming ? page->name : NULL)) {
        return go_on(page, QL_PAGE_TOO_LONG);
    }
    if (page->naming) {
        return QL_PAGE_DONE;
    }
    if (page->choosing) {
        return choose(page);
    }
    begin_part(page, true);
    return QL_PAGE_QUOTED;
}

// Passes on a symbol of the chosen quote.
static enum ql_page_event tell_symbol(struct ql_page *page)
{
    const char *from = page->name + page->bytes;
    int bytes = from[0] != '\0';

    if (bytes == 0) {
        begin_part(page, true);
        return QL_PAGE_QUOTED;
    }
    while (((unsigned char)from[bytes] & 0xc0) == 0x80 && bytes + 1 < (int)sizeof page->told) {
        bytes++;
    }
    memcpy(page->told, from, (size_t)bytes);
    page->told[bytes] = '\0';
    memcpy(page->quote + page->bytes, page->told, (size_t)bytes + 1);
    page->bytes += bytes;
    page->symbol = page->told;
    return QL_PAGE_SYMBOL;
}

// Returns the number of characters of a token's string: a model may write pieces of several.
static int count_characters(const char *text)
{
    int count = 0;

    for (; *text != '\0'; text++) {
        count += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return count == 0 ? 1 : count;
}

void ql_page_init(struct ql_page *page, const struct ql_page_plan *plan, uint32_t seed)
{
    page->plan = plan;
    page->seed = seed;
    page->best = plan->best < plan->attempts ? plan->best : plan->attempts;
    page->symbol = "";
    page->attempts = 0;
    page->quote[0] = '\0';
    begin_part(page, false);
}

enum ql_page_event ql_page_step(struct ql_page *page)
{
    const struct ql_writer *writer = writer_of(page);

    page->drawn_characters = 0;
    if (page->telling) {
        return tell_symbol(page);
    }
    if (page->token < 0) {
        begin_text(page);
    }
    page->token = writer->model->next(writer->state, page->token);
    if (page->token < 0) {
        return QL_PAGE_NOT_FINITE;
    }
    const bool ended = page->token == writer->model->begin;
    page->symbol = ended ? page->symbol : writer->model->symbol(page->token);
    page->drawn_characters = ended ? 1 : count_characters(page->symbol);
    if (page->choosing) {
        const uint32_t cost = writer->model->cost == NULL ? 0 : writer->model->cost(writer->state, page->token);
        ql_candidate_add(&page->candidate, cost, (uint32_t)page->drawn_characters);
    }
    if (ended) {
        return end_text(page);
    }
    // A text has at most as many symbols as its memory has bytes, even if symbols are empty. At the end of a decoder's
    // context, the text is too long.
    const int bytes = (int)strlen(page->symbol);
    if (page->bytes + bytes >= QL_PAGE_TEXT_BYTES || ++page->drawn >= QL_PAGE_TEXT_BYTES ||
        page->drawn == writer->model->item_limit) {
        return go_on(page, QL_PAGE_TOO_LONG);
    }
    memcpy(hand_of(page) + page->bytes, page->symbol, (size_t)bytes + 1);
    page->bytes += bytes;
    return page->choosing ? QL_PAGE_DRAFT : QL_PAGE_SYMBOL;
}

enum ql_page_event ql_page_write(struct ql_page *page, const struct ql_page_plan *plan, uint32_t seed)
{
    enum ql_page_event event;

    ql_page_init(page, plan, seed);
    do {
        event = ql_page_step(page);
    } while (event < QL_PAGE_DONE);
    return event;
}

const char *ql_page_text(const struct ql_page *page)
{
    return page->naming ? page->name : page->choosing ? "" : page->quote;
}
