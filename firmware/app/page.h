// A page: a quote from one model, the name of its author from another, both broken into lines that fit.
// What comes out too long or empty is thrown away and another is written. No allocation; the caller owns the page.
// Uses: app/writer.h, app/lines.h.
#ifndef QL_APP_PAGE_H
#define QL_APP_PAGE_H

#include "lines.h"
#include "writer.h"

enum {
    QL_PARAGRAPH_BYTES = 512, // with the NUL at the end; a text that needs more is too long
    QL_PARAGRAPH_LINES = 12,
};

struct ql_paragraph {
    char text[QL_PARAGRAPH_BYTES]; // UTF-8; the lines point into it, so a paragraph must not be copied
    struct ql_line lines[QL_PARAGRAPH_LINES];
    int line_count;
};

struct ql_paragraph_format {
    int width; // of a line, in the units of the ruler
    int lines; // at most; from 1 to QL_PARAGRAPH_LINES
};

struct ql_page_format {
    struct ql_ruler ruler;
    struct ql_paragraph_format quote, name;
    int attempts; // at a quote, and again at a name, before the page is given up; at least 1
};

struct ql_page {
    struct ql_paragraph quote, name;
    int attempts; // that it took, both together
};

enum ql_page_result {
    QL_PAGE_DONE,
    QL_PAGE_NO_QUOTE,   // no attempt gave a quote that fits
    QL_PAGE_NO_NAME,    // likewise
    QL_PAGE_NOT_FINITE, // a model's output is not a number: its weights are damaged
};

// Writes a page. Only QL_PAGE_DONE leaves one that may be shown.
enum ql_page_result ql_page_write(struct ql_page *page, const struct ql_writer *quotes, const struct ql_writer *names,
                                  const struct ql_page_format *format);

#endif
