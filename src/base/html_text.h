// Writes text into HTML, XML and SVG. Uses: the C library.
#ifndef QL_BASE_HTML_TEXT_H
#define QL_BASE_HTML_TEXT_H

#include <stdio.h>

// The attributes of an element whose text a model or a person has written: its direction is that of its first letter, and
// its language is not that of the page, and not known.
#define QL_HTML_FOREIGN "dir=\"auto\" lang=\"\""

// Writes the text with &, <, > and " escaped, so that it can stand between tags and in an attribute.
void ql_html_write_text(const char *text, FILE *stream);

#endif
