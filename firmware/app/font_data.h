// What font.c reads of the generated tables beyond what font.h shows.
// Uses: stdint.h.
#ifndef QL_APP_FONT_DATA_H
#define QL_APP_FONT_DATA_H

#include <stdint.h>

// The Unicode symbol of each glyph, rising; the first is 0 and stands for the missing glyph.
extern const uint16_t ql_font_symbols[];

#endif
