// Writes a page: see page.h.
// Uses: app/writer.h, app/lines.h.
#include "page.h"

#include <string.h>

enum attempt { ATTEMPT_FITS, ATTEMPT_UNFIT, ATTEMPT_NOT_FINITE };

// One text: the symbols up to the next newline. No text has more symbols than its memory has bytes.
static enum attempt write_once(struct ql_paragraph *paragraph, const struct ql_writer *writer,
                               const struct ql_paragraph_format *format, const struct ql_ruler *ruler)
{
    size_t size = 0;
    int token = writer->newline;

    writer->reset(writer->model);
    for (int drawn = 0; drawn < QL_PARAGRAPH_BYTES; drawn++) {
        token = writer->next(writer->model, token);
        if (token < 0) {
            return ATTEMPT_NOT_FINITE;
        }
        if (token == writer->newline) {
            paragraph->text[size] = '\0';
            paragraph->line_count =
                ql_lines_write(paragraph->lines, format->lines, paragraph->text, format->width, ruler);
            return paragraph->line_count > 0 ? ATTEMPT_FITS : ATTEMPT_UNFIT;
        }
        const char *symbol = writer->symbol(token);
        size_t bytes = strlen(symbol);
        if (size + bytes >= QL_PARAGRAPH_BYTES) {
            return ATTEMPT_UNFIT;
        }
        memcpy(paragraph->text + size, symbol, bytes);
        size += bytes;
    }
    return ATTEMPT_UNFIT;
}

// Attempts until one fits. Adds their number to `*attempts`.
static enum attempt write_fitting(struct ql_paragraph *paragraph, int *attempts, const struct ql_writer *writer,
                                  const struct ql_paragraph_format *format, const struct ql_page_format *page)
{
    enum attempt last = ATTEMPT_UNFIT;

    for (int left = page->attempts; left > 0 && last == ATTEMPT_UNFIT; left--) {
        last = write_once(paragraph, writer, format, &page->ruler);
        (*attempts)++;
    }
    return last;
}

enum ql_page_result ql_page_write(struct ql_page *page, const struct ql_writer *quotes, const struct ql_writer *names,
                                  const struct ql_page_format *format)
{
    page->attempts = 0;
    enum attempt last = write_fitting(&page->quote, &page->attempts, quotes, &format->quote, format);
    if (last == ATTEMPT_UNFIT) {
        return QL_PAGE_NO_QUOTE;
    }
    if (last == ATTEMPT_FITS) {
        last = write_fitting(&page->name, &page->attempts, names, &format->name, format);
    }
    return last == ATTEMPT_FITS ? QL_PAGE_DONE : last == ATTEMPT_UNFIT ? QL_PAGE_NO_NAME : QL_PAGE_NOT_FINITE;
}
