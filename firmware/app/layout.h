// Sets a page as a typographer would: finds a place on the panel for each word, and draws the pixels.
// The quote takes the largest type at which it fits, and the line breaks that leave the right edge least ragged; never a
// break inside a word. The name stands below it in italics, at the right.
// Uses: app/font.h, app/frame.h, app/symbol.h. Integers only, no allocation; what is worked with is in the layout.
#ifndef QL_APP_LAYOUT_H
#define QL_APP_LAYOUT_H

#include <stdint.h>

#include "font.h"

enum {
    QL_LAYOUT_LINES = 12,   // of a quote
    QL_LAYOUT_PIECES = 128, // of a quote, between places where a line may end; a quote with more is too long
};

struct ql_layout_line {
    const char *text; // a piece of the caller's text
    int bytes;
    int x, y; // of the pen on the baseline, in pixels of the frame
    const struct ql_font *font;
};

// A piece of the quote that no line break divides, on a line without an end.
struct ql_layout_piece {
    uint16_t start, end;  // bytes of the quote, without the spaces around it
    uint16_t left, right; // of the piece in pixels
    uint16_t hanging;     // of these, an opening quotation mark at its start
};

struct ql_layout {
    struct ql_layout_line lines[QL_LAYOUT_LINES + 1]; // from the top; the last one is the name, if there is one
    int line_count;
    int size;    // of the quote's type: pixels of an em
    int missing; // symbols that the fonts do not have; a box stands for each
    // The rest belongs to layout.c.
    struct ql_layout_piece pieces[QL_LAYOUT_PIECES];
    int piece_count;
    uint32_t costs[2][QL_LAYOUT_PIECES + 1];
    uint8_t starts[QL_LAYOUT_LINES + 1][QL_LAYOUT_PIECES + 1];
};

enum ql_layout_result {
    QL_LAYOUT_DONE,
    QL_LAYOUT_EMPTY,         // there is nothing to see in the quote
    QL_LAYOUT_TOO_LONG,      // the quote does not fit at the smallest size
    QL_LAYOUT_NAME_TOO_LONG, // the name is wider than a line at the smallest size
};

// Lays out a quote and a name: UTF-8, NUL-terminated; the layout points into them, so they must outlive it. The name may
// be NULL or empty, as while it is not written yet: its place is kept. So a quote that fits without a name fits with any
// name that is not too long. Only QL_LAYOUT_DONE leaves a layout that may be drawn.
enum ql_layout_result ql_layout_write(struct ql_layout *layout, const char *quote, const char *name);

// Draws it on a frame, which is made white first.
void ql_layout_draw(uint8_t *frame, const struct ql_layout *layout);

#endif
