// Cuts a page of the English Wikiquote into raw items, one for each quotation: a line of wikitext that begins with one
// "*", with the lines below it that belong to it. What the markup means is for the step `wiki_markup`.
// Uses: corpus/wiki_dump.
#ifndef QL_CORPUS_WIKI_PAGE_H
#define QL_CORPUS_WIKI_PAGE_H

#include "corpus/wiki_dump.h"

enum { QL_WIKI_HEADING_LEVELS = 6 };

// A raw item of wikitext; points into the page.
struct ql_wiki_item {
    const char *bytes;
    size_t length;
    size_t line; // in the XML, from 1
    const char
        *author; // the page's title where it is the author's name, otherwise NULL: the source line names the author
    size_t author_length;
    const char *reason; // static: why this is not a quotation; NULL where it is one
};

// What a section is about, and so what becomes of its items.
enum ql_wiki_section { QL_WIKI_QUOTES, QL_WIKI_ABOUT, QL_WIKI_DOUBTFUL, QL_WIKI_OTHER };

// A place in a page. ql_wiki_cursor_init sets it to the beginning; the page must outlive it.
struct ql_wiki_cursor {
    const struct ql_wiki_page *page;
    size_t position;
    size_t line;
    size_t name_length; // of the title, without what is in parentheses after it
    bool person;        // the page is about one
    bool ended;
    size_t item_count;
    size_t level;                                              // of the heading above, from 1
    enum ql_wiki_section sections[QL_WIKI_HEADING_LEVELS + 1]; // by level of the heading
};

void ql_wiki_cursor_init(struct ql_wiki_cursor *cursor, const struct ql_wiki_page *page);

// Gets the next item; false at the end. A page that has none, is a redirect, or is not an article makes one item all
// the same, its title, with the reason `no_quotation`, `redirect` or `no_article`, so that an account has every page.
// Other reasons: `section` for links, notes and lists of works; `misattributed` for what the page calls so, or
// disputed.
bool ql_wiki_cursor_next(struct ql_wiki_cursor *cursor, struct ql_wiki_item *item);

#endif
