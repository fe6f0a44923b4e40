// A page as a typographer would set it: from the words to places on the panel, and to pixels.
// The quote takes the largest type at which it fits, and the line breaks that leave the right edge least ragged; never a
// break inside a word. The name stands below in italics, at the right.
// Uses: app/frame.h, app/font.h, app/symbol.h. Integers only, no allocation, under 6 KB of stack.
#ifndef QL_APP_LAYOUT_H
#define QL_APP_LAYOUT_H

#include <stdint.h>

#include "font.h"

enum {
    QL_LAYOUT_LINES = 16,   // of a page, the name's too
    QL_LAYOUT_BREAKS = 256, // places in a quote where a line may end; a quote with more is too long
};

struct ql_layout_line {
    const char *text; // a piece of the caller's text
    int bytes;
    int x, y; // of the pen on the baseline, in pixels of the frame; x is negative where punctuation hangs over the edge
    const struct ql_font *font;
};

struct ql_layout {
    struct ql_layout_line lines[QL_LAYOUT_LINES]; // from the top; the last one is the name, if there is one
    int line_count;
    int missing; // symbols that the fonts do not have; a box stands for each
};

enum ql_layout_result {
    QL_LAYOUT_DONE,
    QL_LAYOUT_EMPTY,         // there is nothing to see in the quote
    QL_LAYOUT_TOO_LONG,      // the quote does not fit at the smallest size, or one word is wider than a line
    QL_LAYOUT_NAME_TOO_LONG, // likewise the name, which has one line
};

// Lays out a quote and a name: UTF-8, NUL-terminated; the layout points into them, so they must outlive it. The name may
// be NULL or empty, as while it is not written yet: its place is kept. A quote that fits so fits with every name that is
// not too long. Only QL_LAYOUT_DONE leaves a layout that may be drawn.
enum ql_layout_result ql_layout_write(struct ql_layout *layout, const char *quote, const char *name);

// Draws it on a frame that is made white first.
void ql_layout_draw(uint8_t *frame, const struct ql_layout *layout);

#endif
