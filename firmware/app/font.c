// Finds glyphs and the distances between them: see font.h.
// Uses: app/font_data.h.
#include "font.h"

#include "font_data.h"

int ql_font_find(uint32_t symbol)
{
    const uint32_t usual = symbol - ' ' + 1; // if all of ASCII is in the table
    int low = 1, high = ql_font_glyph_count;

    if (usual < (uint32_t)ql_font_glyph_count && ql_font_symbols[usual] == symbol) {
        return (int)usual;
    }
    while (low < high) {
        const int middle = (low + high) / 2;
        if (ql_font_symbols[middle] < symbol) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < ql_font_glyph_count && ql_font_symbols[low] == symbol ? low : QL_FONT_MISSING;
}

int ql_font_step(const struct ql_font *font, int glyph, int next)
{
    const struct ql_kerning *kerning = font->kerning;
    int way = font->glyphs[glyph].advance;

    if (next >= 0) {
        const int8_t distance =
            kerning->distances[kerning->first[glyph] * kerning->second_count + kerning->second[next]];
        way += distance * font->size * QL_FONT_UNIT / QL_FONT_KERNING_UNITS;
    }
    return (way + QL_FONT_UNIT / 2) / QL_FONT_UNIT;
}
