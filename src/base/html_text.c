// Writes text into HTML: see html_text.h.
#include "base/html_text.h"

#include <string.h>

void ql_html_write_foreign(const char *language, FILE *stream)
{
    (void)fprintf(stream, "dir=\"auto\" lang=\"%s\"", language == NULL ? "" : language);
}

bool ql_html_is_language(const char *tag)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    enum { LETTERS = 52, TAG_LIMIT = 35 };
    size_t at = 0;

    if (strlen(tag) > TAG_LIMIT) {
        return false;
    }
    for (;; at++) {
        const size_t length = strspn(tag + at, letters);
        const char *digit = tag + at + strcspn(tag + at, letters + LETTERS);
        const bool fits = at == 0 ? length >= 2 && length <= 3 && digit >= tag + length : length >= 1 && length <= 8;
        at += length;
        if (!fits || (tag[at] != '-' && tag[at] != '\0')) {
            return false;
        }
        if (tag[at] == '\0') {
            return true;
        }
    }
}

void ql_html_write_text(const char *text, FILE *stream)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            (void)fputs("&amp;", stream);
            break;
        case '<':
            (void)fputs("&lt;", stream);
            break;
        case '>':
            (void)fputs("&gt;", stream);
            break;
        case '"':
            (void)fputs("&quot;", stream);
            break;
        default:
            (void)fputc(*text, stream);
        }
    }
}
