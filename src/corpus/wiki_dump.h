// Reads the pages of a MediaWiki XML dump, as it is or compressed by bzip2, one after the other.
// Uses: base/status, expat, libbz2.
#ifndef QL_CORPUS_WIKI_DUMP_H
#define QL_CORPUS_WIKI_DUMP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum {
    QL_WIKI_PAGE_LIMIT_BYTES = 1 << 24, // MediaWiki itself permits 2 MiB
    QL_WIKI_TITLE_LIMIT_BYTES = 1 << 10,
    QL_WIKI_DEPTH_LIMIT = 32, // of elements; a dump has five
};

// A page. What it points to is valid during the call that takes it. All text is UTF-8.
struct ql_wiki_page {
    const char *title;
    size_t title_length;
    const char *text; // of the last revision
    size_t text_length;
    size_t line;   // of the text's first byte in the XML, from 1
    bool article;  // in the main namespace
    bool redirect; // to another page
};

// Takes a page. An error ends the reading and is passed on.
typedef enum ql_status ql_wiki_take_page(void *taker, const struct ql_wiki_page *page, struct ql_error *error);

// Return true when the bytes begin as a dump does: "BZh", or "<mediawiki" after white space and an XML declaration.
bool ql_wiki_dump_detect(const char *bytes, size_t size_bytes);

// Hands all pages to `take`. Memory: that of the largest page.
// Errors: QL_ERROR_INPUT with path and line for what is not XML, is cut short, has a DOCTYPE (and so could define
// entities), or passes a limit; and for damaged bz2 data. `path` is for messages.
enum ql_status ql_wiki_dump_read(const char *path, const char *bytes, size_t size_bytes, ql_wiki_take_page *take,
                                 void *taker, struct ql_error *error);

#endif
