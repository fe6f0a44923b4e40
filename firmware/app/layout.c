// Sets a page: see layout.h.
// Uses: app/font.h, app/frame.h, app/symbol.h.
//
// For each size, starting with the largest: measure the pieces between possible breaks on one endless line; count the
// minimum number of lines for the quote; if there are not too many, choose among all ways to break it into that many
// lines the one with the smallest sum of squares of the empty space at the right (dynamic programming over the pieces,
// line by line).
#include "layout.h"

#include <stdbool.h>
#include <string.h>

#include "frame.h"
#include "symbol.h"

enum {
    MARGIN_SIDE = 24, // at least
    MARGIN_TOP = 24,  // at least, above the capitals of the first line and below the baseline of the last one
    MEASURE = QL_FRAME_WIDTH - 2 * MARGIN_SIDE,
    // The name: its size, and from the quote's last baseline to its own.
    NAME_SIZE_PERCENT = 80,
    NAME_LEAD_PERCENT = 70, // of the quote's line height, and the size of the name's type
    // The share of the empty height above the text: a page looks balanced when the text is slightly above its middle.
    ABOVE_PERCENT = 46,
    LENGTH_LIMIT = 30000, // pixels of an endless line
    // Penalties, as the equivalent empty pixels, squared: a one-letter word at the end of a line, a break in a
    // compound.
    STRANDED = 40 * 40,
    DIVIDED = 60 * 60,
};

static const uint32_t impossible = UINT32_MAX;

// A pen on a line, with the glyph that it wrote last.
struct pen {
    const struct ql_font *font;
    int x;
    int glyph; // -1: nothing
    uint32_t symbol;
};

// Moves the pen to the start of the next symbol's glyph, and treats the symbol as written.
static void put(struct pen *pen, uint32_t symbol)
{
    const int glyph = ql_font_find(symbol);

    if (pen->glyph >= 0) {
        pen->x += ql_font_step(pen->font, pen->glyph, glyph);
    }
    pen->glyph = glyph;
    pen->symbol = symbol;
}

// Returns where the line would end now.
static int right_of(const struct pen *pen)
{
    return pen->glyph < 0 ? pen->x : pen->x + ql_font_step(pen->font, pen->glyph, -1);
}

static bool is_opening(uint32_t symbol)
{
    return symbol == 0x201c || symbol == 0x2018 || symbol == 0xab;
}

static bool is_dash(uint32_t symbol)
{
    return symbol == 0x2013 || symbol == 0x2014;
}

// A line may end after these within a word, if more of the word follows.
static bool is_breaking(uint32_t symbol)
{
    return symbol == '-' || is_dash(symbol);
}

// Cuts the quote into pieces and measures them. False if there are too many.
static bool measure(struct ql_layout *layout, const char *quote, const struct ql_font *font)
{
    const char *const end = quote + strlen(quote);
    struct pen pen = {.font = font, .glyph = -1};
    struct ql_layout_piece *piece = NULL;

    layout->piece_count = 0;
    layout->missing = 0;
    for (const char *place = quote; place < end;) {
        uint32_t symbol;
        const char *next = ql_symbol_decode(&symbol, place, end, pen.symbol);
        const bool continues_dash = piece != NULL && is_breaking(pen.symbol) && is_breaking(symbol);
        if (symbol != ' ' && piece != NULL && is_breaking(pen.symbol) && !continues_dash &&
            piece->end - piece->start > 1) {
            piece = NULL;
        }
        put(&pen, symbol);
        if (symbol == ' ') {
            piece = NULL;
        } else {
            layout->missing += pen.glyph == QL_FONT_MISSING;
            if (piece == NULL && layout->piece_count > 0 && is_dash(symbol)) {
                piece = &layout->pieces[layout->piece_count - 1]; // a line must not begin with a dash
            }
            if (piece == NULL) {
                if (layout->piece_count == QL_LAYOUT_PIECES) {
                    return false;
                }
                piece = &layout->pieces[layout->piece_count++];
                *piece = (struct ql_layout_piece){.start = (uint16_t)(place - quote), .left = (uint16_t)pen.x};
                piece->hanging = is_opening(symbol) ? (uint16_t)ql_font_step(font, pen.glyph, -1) : 0;
            }
            piece->end = (uint16_t)(next - quote);
            piece->right = (uint16_t)right_of(&pen);
        }
        if (pen.x > LENGTH_LIMIT || next - quote > UINT16_MAX) {
            return false;
        }
        place = next;
    }
    return true;
}

// The width of a line from one piece to another, both included; hanging punctuation does not count.
static int width_of(const struct ql_layout *layout, int first, int last)
{
    return layout->pieces[last].right - layout->pieces[first].left - layout->pieces[first].hanging;
}

// The least number of lines, or 0 when a piece is wider than a line.
static int count_lines(const struct ql_layout *layout)
{
    int lines = 0;

    for (int first = 0; first < layout->piece_count; lines++) {
        int last = first;
        if (width_of(layout, first, last) > MEASURE) {
            return 0;
        }
        while (last + 1 < layout->piece_count && width_of(layout, first, last + 1) <= MEASURE) {
            last++;
        }
        first = last + 1;
    }
    return lines;
}

// The cost of putting these pieces on a line.
static uint32_t cost_of(const struct ql_layout *layout, int first, int last)
{
    const struct ql_layout_piece *piece = &layout->pieces[last];
    const int left_over = MEASURE - width_of(layout, first, last);
    int cost = left_over * left_over;

    if (left_over < 0) {
        return impossible;
    }
    if (last + 1 < layout->piece_count) {
        cost += piece->end - piece->start == 1 && last > first ? STRANDED : 0;
        cost += piece->end == piece[1].start ? DIVIDED : 0;
    }
    return (uint32_t)cost;
}

// Fills starts[k][n]: the first piece of line k, if the lines up to this one hold the first n pieces at the lowest
// cost.
static void break_lines(struct ql_layout *layout, int lines)
{
    const int count = layout->piece_count;

    for (int n = 0; n <= count; n++) {
        layout->costs[0][n] = n == 0 ? 0 : impossible;
    }
    for (int line = 0; line < lines; line++) {
        const uint32_t *before = layout->costs[line % 2];
        uint32_t *after = layout->costs[(line + 1) % 2];
        for (int n = 0; n <= count; n++) {
            after[n] = impossible;
            for (int first = n - 1; first >= 0; first--) {
                const uint32_t cost = cost_of(layout, first, n - 1);
                if (cost == impossible) {
                    break;
                }
                if (before[first] != impossible && before[first] + cost < after[n]) {
                    after[n] = before[first] + cost;
                    layout->starts[line][n] = (uint8_t)first;
                }
            }
        }
    }
}

static int width_of_text(const struct ql_font *font, const char *text, const char *end)
{
    struct pen pen = {.font = font, .glyph = -1};

    while (text < end) {
        uint32_t symbol;
        text = ql_symbol_decode(&symbol, text, end, pen.symbol);
        put(&pen, symbol);
    }
    return right_of(&pen);
}

// The largest italic that fits the quote's type size.
static int name_font_of(const struct ql_font *quote_font)
{
    int i = 0;

    while (i < ql_font_italic_count - 1 && ql_font_italic[i]->size * 100 > quote_font->size * NAME_SIZE_PERCENT) {
        i++;
    }
    return i;
}

// The distance from the quote's last baseline to the name's. The same for every name, even one that is set smaller.
static int rows_of_name(const struct ql_font *quote_font)
{
    return quote_font->line_height * NAME_LEAD_PERCENT / 100 + ql_font_italic[name_font_of(quote_font)]->size;
}

// The distance from the tops of the capitals in the first line to the name's baseline.
static int height_of(const struct ql_font *font, int lines)
{
    return font->cap_height + (lines - 1) * font->line_height + rows_of_name(font);
}

// NULL: the name does not fit on a line.
static const struct ql_font *choose_name_font(const struct ql_font *quote_font, const char *name, const char *end)
{
    for (int i = name_font_of(quote_font); i < ql_font_italic_count; i++) {
        if (width_of_text(ql_font_italic[i], name, end) <= MEASURE) {
            return ql_font_italic[i];
        }
    }
    return NULL;
}

// Positions the lines. The text is centered as a block, the lines begin at its left edge, and the name ends at its
// right edge.
static void place_lines(struct ql_layout *layout, const char *quote, const struct ql_font *font, int lines,
                        const char *name, int name_bytes, const struct ql_font *name_font)
{
    const int name_width = name_bytes == 0 ? 0 : width_of_text(name_font, name, name + name_bytes);
    int width = name_width;
    int n = layout->piece_count;

    for (int line = lines - 1; line >= 0; line--) {
        const int first = layout->starts[line][n];
        const struct ql_layout_piece *piece = &layout->pieces[first];
        layout->lines[line] = (struct ql_layout_line){
            .text = quote + piece->start,
            .bytes = layout->pieces[n - 1].end - piece->start,
            .x = -piece->hanging,
            .font = font,
        };
        width = width_of(layout, first, n - 1) > width ? width_of(layout, first, n - 1) : width;
        n = first;
    }
    const int left = (QL_FRAME_WIDTH - width) / 2;
    const int top = (QL_FRAME_HEIGHT - height_of(font, lines)) * ABOVE_PERCENT / 100;
    for (int line = 0; line < lines; line++) {
        layout->lines[line].x += left;
        layout->lines[line].y = top + font->cap_height + line * font->line_height;
    }
    layout->line_count = lines;
    if (name_bytes > 0) {
        layout->lines[layout->line_count++] = (struct ql_layout_line){
            .text = name,
            .bytes = name_bytes,
            .x = left + width - name_width,
            .y = layout->lines[lines - 1].y + rows_of_name(font),
            .font = name_font,
        };
    }
}

static int count_missing(const char *text, const char *end)
{
    int missing = 0;

    for (uint32_t symbol = 0; text < end;) {
        text = ql_symbol_decode(&symbol, text, end, symbol);
        missing += ql_font_find(symbol) == QL_FONT_MISSING;
    }
    return missing;
}

enum ql_layout_result ql_layout_write(struct ql_layout *layout, const char *quote, const char *name)
{
    name = name == NULL ? "" : name;
    name += strspn(name, " ");
    size_t name_bytes = strlen(name);
    while (name_bytes > 0 && name[name_bytes - 1] == ' ') {
        name_bytes--;
    }
    for (int i = 0; i < ql_font_regular_count; i++) {
        const struct ql_font *font = ql_font_regular[i];
        if (!measure(layout, quote, font)) {
            continue;
        }
        if (layout->piece_count == 0) {
            return QL_LAYOUT_EMPTY;
        }
        const int lines = count_lines(layout);
        if (lines == 0 || lines > QL_LAYOUT_LINES || height_of(font, lines) > QL_FRAME_HEIGHT - 2 * MARGIN_TOP) {
            continue;
        }
        const struct ql_font *name_font = choose_name_font(font, name, name + name_bytes);
        if (name_font == NULL) {
            return QL_LAYOUT_NAME_TOO_LONG;
        }
        layout->missing += count_missing(name, name + name_bytes);
        layout->size = font->size;
        break_lines(layout, lines);
        place_lines(layout, quote, font, lines, name, (int)name_bytes, name_font);
        return QL_LAYOUT_DONE;
    }
    return QL_LAYOUT_TOO_LONG;
}

static void draw_line(uint8_t *frame, const struct ql_layout_line *line)
{
    struct pen pen = {.font = line->font, .x = line->x, .glyph = -1};
    const char *const end = line->text + line->bytes;

    for (const char *place = line->text; place < end;) {
        uint32_t symbol;
        place = ql_symbol_decode(&symbol, place, end, pen.symbol);
        put(&pen, symbol);
        const struct ql_glyph *glyph = &line->font->glyphs[pen.glyph];
        ql_frame_add(frame, pen.x + glyph->left, line->y - glyph->top, line->font->bits + glyph->place, glyph->width,
                     glyph->height);
    }
}

void ql_layout_draw(uint8_t *frame, const struct ql_layout *layout)
{
    ql_frame_reset(frame);
    for (int i = 0; i < layout->line_count; i++) {
        draw_line(frame, &layout->lines[i]);
    }
}
