// Writes text into HTML, XML and SVG. Uses: the C library.
#ifndef QL_BASE_HTML_TEXT_H
#define QL_BASE_HTML_TEXT_H

#include <stdio.h>

// Writes the text with &, <, > and " escaped, so that it can stand between tags and in an attribute.
void ql_html_write_text(const char *text, FILE *stream);

#endif
