// Writes text into HTML, XML and SVG. Uses: the C library.
#ifndef QL_BASE_HTML_TEXT_H
#define QL_BASE_HTML_TEXT_H

#include <stdbool.h>
#include <stdio.h>

// Writes the attributes of an element whose text a model or a person has written: its direction is that of its first
// letter, and its language not that of the page. `language` is a tag such as "fr" or "zh-Hant"; NULL or "": not known.
void ql_html_write_foreign(const char *language, FILE *stream);

// True for a tag of a language in the form of BCP 47: words of 1 to 8 letters and digits, the first of 2 to 3 letters, with
// hyphens between, at most 35 characters.
bool ql_html_is_language(const char *tag);

// Writes the text with &, <, > and " escaped, so that it can stand between tags and in an attribute.
void ql_html_write_text(const char *text, FILE *stream);

#endif
