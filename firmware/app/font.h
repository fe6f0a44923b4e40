// Type: black and white pictures of letters, rendered when the firmware is built, and the distances between them.
// The tables are constants in flash, written by fonts/font_writer.c; nothing here has a state or allocates.
// Uses: stdint.h.
#ifndef QL_APP_FONT_H
#define QL_APP_FONT_H

#include <stdint.h>

enum {
    QL_FONT_MISSING = 0,         // the glyph that stands for all that the fonts do not have: an empty box
    QL_FONT_UNIT = 64,           // parts of a pixel in an advance
    QL_FONT_KERNING_UNITS = 256, // parts of an em in the distance of a pair
};

struct ql_glyph {
    uint16_t place;        // of its first byte in the font's bits
    uint8_t width, height; // of its picture in pixels
    int8_t left, top;      // from the pen to the picture's left edge; from the baseline up to its first row
    uint16_t advance;      // of the pen, in 64ths of a pixel
};

// The distances of pairs in one typeface, the same for all its sizes: glyphs that keep the same distances share a class.
struct ql_kerning {
    const uint8_t *first, *second; // the class of each glyph, as the first and as the second of a pair
    const int8_t *distances;       // (classes of the first, classes of the second), in 256ths of the font's size
    int second_count;
};

struct ql_font {
    const struct ql_glyph *glyphs; // [ql_font_glyph_count]
    const uint8_t *bits;           // pictures one after another, each from a new byte on
    const struct ql_kerning *kerning;
    uint8_t size;        // pixels of an em
    uint8_t x_height;    // of a small x
    uint8_t cap_height;  // of a capital H
    uint8_t line_height; // from baseline to baseline
};

// All fonts have the same glyphs in the same order.
extern const int ql_font_glyph_count;

// The sizes, the largest first, of the upright type and of the italic.
extern const struct ql_font *const ql_font_regular[];
extern const int ql_font_regular_count;
extern const struct ql_font *const ql_font_italic[];
extern const int ql_font_italic_count;

// The glyph of a Unicode symbol, or QL_FONT_MISSING.
int ql_font_find(uint32_t symbol);

// Return the advance from a glyph to the next one of the same line, in whole pixels; the same pair has the same advance
// everywhere. next: -1 where nothing follows.
int ql_font_step(const struct ql_font *font, int glyph, int next);

#endif
