// Writes a page: see page.h. A page is a little machine, so that its owner can look after the rest between symbols.
// Uses: app/writer.h.
#include "page.h"

#include <string.h>

static const struct ql_writer *writer_of(const struct ql_page *page)
{
    return page->naming ? &page->plan->names : &page->plan->quotes;
}

static void begin_part(struct ql_page *page, bool naming)
{
    page->naming = naming;
    page->left = page->plan->attempts;
    page->token = -1;
}

static void begin_text(struct ql_page *page)
{
    const struct ql_writer *writer = writer_of(page);

    writer->model->reset(writer->state);
    page->token = writer->model->begin;
    page->bytes = 0;
    page->drawn = 0;
    page->attempts++;
    page->left--;
    (page->naming ? page->name : page->quote)[0] = '\0';
}

static enum ql_page_event reject(struct ql_page *page, enum ql_page_event why)
{
    page->token = -1;
    return page->left > 0 ? why : page->naming ? QL_PAGE_NO_NAME : QL_PAGE_NO_QUOTE;
}

// The newline has come.
static enum ql_page_event end_text(struct ql_page *page)
{
    const char *text = ql_page_text(page);

    if (text[strspn(text, " ")] == '\0') {
        return reject(page, QL_PAGE_EMPTY);
    }
    const struct ql_writer *writer = writer_of(page);
    if (writer->model->refuses != NULL && writer->model->refuses(writer->state)) {
        return reject(page, QL_PAGE_REFUSED);
    }
    if (!page->plan->fits(page->plan->context, page->quote, page->naming ? page->name : NULL)) {
        return reject(page, QL_PAGE_TOO_LONG);
    }
    if (page->naming) {
        return QL_PAGE_DONE;
    }
    begin_part(page, true);
    return QL_PAGE_QUOTED;
}

void ql_page_init(struct ql_page *page, const struct ql_page_plan *plan)
{
    page->plan = plan;
    page->symbol = "";
    page->attempts = 0;
    page->quote[0] = '\0';
    page->name[0] = '\0';
    begin_part(page, false);
}

enum ql_page_event ql_page_step(struct ql_page *page)
{
    const struct ql_writer *writer = writer_of(page);

    if (page->token < 0) {
        begin_text(page);
    }
    page->token = writer->model->next(writer->state, page->token);
    if (page->token < 0) {
        return QL_PAGE_NOT_FINITE;
    }
    if (page->token == writer->model->begin) {
        return end_text(page);
    }
    // No text has more symbols than its memory has bytes, even of symbols that have none.
    page->symbol = writer->model->symbol(page->token);
    const int bytes = (int)strlen(page->symbol);
    if (page->bytes + bytes >= QL_PAGE_TEXT_BYTES || ++page->drawn >= QL_PAGE_TEXT_BYTES) {
        return reject(page, QL_PAGE_TOO_LONG);
    }
    memcpy((page->naming ? page->name : page->quote) + page->bytes, page->symbol, (size_t)bytes + 1);
    page->bytes += bytes;
    return QL_PAGE_SYMBOL;
}

enum ql_page_event ql_page_write(struct ql_page *page, const struct ql_page_plan *plan)
{
    enum ql_page_event event;

    ql_page_init(page, plan);
    do {
        event = ql_page_step(page);
    } while (event < QL_PAGE_DONE);
    return event;
}

const char *ql_page_text(const struct ql_page *page)
{
    return page->naming ? page->name : page->quote;
}
