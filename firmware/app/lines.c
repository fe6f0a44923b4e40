// Breaks a text into lines: see lines.h.
// Uses: nothing.
#include "lines.h"

#include <stdbool.h>

// The first byte after a symbol: the next one that does not continue a UTF-8 sequence.
static const char *after_symbol(const char *text)
{
    do {
        text++;
    } while (((unsigned char)*text & 0xc0u) == 0x80u);
    return text;
}

static const char *after_spaces(const char *text)
{
    while (*text == ' ') {
        text++;
    }
    return text;
}

// Returns the end of the line that begins at `start`. `*next` is the beginning of the next one.
static const char *end_of_line(const char **next, const char *start, int width, const struct ql_ruler *ruler)
{
    const char *end = start; // the end of what fits, at a place where a line may break
    const char *place = start;

    while (*place != '\0') {
        const char *after = after_symbol(place);
        if (ruler->width(ruler->font, start, (int)(after - start)) > width && *place != ' ') {
            // The word alone is too wide, so it is cut; a symbol that is wider than the line is put there anyway.
            if (end == start) {
                end = place == start ? after : place;
            }
            *next = after_spaces(end);
            return end;
        }
        const bool ends_word = *place != ' ' && (*after == ' ' || *after == '\0');
        if (ends_word || *place == '-') {
            end = after;
        }
        place = after;
    }
    *next = place;
    return end;
}

int ql_lines_write(struct ql_line *lines, int limit, const char *text, int width, const struct ql_ruler *ruler)
{
    int count = 0;

    for (text = after_spaces(text); *text != '\0'; count++) {
        if (count == limit) {
            return -1;
        }
        const char *next;
        const char *end = end_of_line(&next, text, width, ruler);
        lines[count] = (struct ql_line){text, (int)(end - text)};
        text = next;
    }
    return count;
}
