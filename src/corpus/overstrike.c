// The steps `overstrikes` and `controls`: remove what printing terminals and old files leave between the letters.
// Overstrikes are undone by moving a print head over a line of cells, as a terminal would.
// Uses: corpus/clean_step.
#include <stdlib.h>
#include <string.h>

#include "corpus/clean_step.h"

// One column of a line: a symbol, and a combining mark above or below it, or 0.
struct cell {
    int32_t symbol;
    int32_t mark;
};

// The combining mark for an overstruck accent, or 0.
static int32_t accent_mark(int32_t symbol)
{
    switch (symbol) {
    case '`':
        return 0x0300;
    case '\'':
        return 0x0301;
    case '^':
        return 0x0302;
    case '~':
        return 0x0303;
    case '"':
        return 0x0308;
    case ',':
        return 0x0327;
    default:
        return 0;
    }
}

static void cell_strike(struct cell *cell, int32_t symbol)
{
    int32_t below = cell->symbol;

    if (below == 0 || below == ' ' || below == '_') {
        cell->symbol = symbol;
    } else if (ql_symbol_is_letter(symbol) && accent_mark(below) != 0) {
        *cell = (struct cell){.symbol = symbol, .mark = accent_mark(below)};
    } else if (ql_symbol_is_letter(below) && accent_mark(symbol) != 0) {
        cell->mark = accent_mark(symbol);
    } else if (symbol != '_' && symbol != ' ') {
        *cell = (struct cell){.symbol = symbol};
    }
}

static void cells_write(struct ql_text *out, const struct cell *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ql_text_write_symbol(out, cells[i].symbol);
        if (cells[i].mark != 0) {
            ql_text_write_symbol(out, cells[i].mark);
        }
    }
}

enum ql_status ql_step_overstrikes(struct ql_step_context *context, struct ql_text *text, const char **reason,
                                   struct ql_error *error)
{
    (void)reason;
    if (text->length == 0 || memchr(text->bytes, '\b', text->length) == NULL) {
        return QL_OK;
    }
    struct cell *cells = calloc(text->length, sizeof *cells);
    if (cells == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for an item");
    }
    ql_text_reset(&context->scratch);
    size_t column = 0;
    size_t width = 0; // cells used in this line
    for (size_t i = 0; i < text->length;) {
        int32_t symbol = ql_symbol_read(text->bytes, text->length, &i);
        if (symbol == '\n') {
            cells_write(&context->scratch, cells, width);
            ql_text_write_byte(&context->scratch, '\n');
            memset(cells, 0, width * sizeof *cells);
            column = width = 0;
        } else if (symbol == '\b') {
            column -= column > 0;
        } else {
            cell_strike(&cells[column++], symbol);
            width = column > width ? column : width;
        }
    }
    cells_write(&context->scratch, cells, width);
    free(cells);
    ql_text_swap(text, &context->scratch);
    return QL_OK;
}

// Invisible characters that only disturb: soft hyphen, zero-width space, word joiner, byte order mark, marks of writing
// direction. The joiners of Indic scripts and emoji (U+200C, U+200D) stay.
static bool symbol_is_invisible(int32_t symbol)
{
    return symbol < 0x20 || (symbol >= 0x7F && symbol < 0xA0) || symbol == 0xAD || symbol == 0x200B ||
           symbol == 0x200E || symbol == 0x200F || (symbol >= 0x202A && symbol <= 0x202E) || symbol == 0x2060 ||
           (symbol >= 0x2066 && symbol <= 0x2069) || symbol == 0xFEFF;
}

// Characters that end a line or a page: CR, the vertical tab that word processors write for a line break, the form
// feed, the separators of files, groups and records, NEL, and Unicode's own.
static bool symbol_is_line_end(int32_t symbol)
{
    return symbol == '\r' || symbol == '\v' || symbol == '\f' || (symbol >= 0x1C && symbol <= 0x1E) || symbol == 0x85 ||
           symbol == 0x2028 || symbol == 0x2029;
}

enum ql_status ql_step_controls(struct ql_step_context *context, struct ql_text *text, const char **reason,
                                struct ql_error *error)
{
    struct ql_text *out = &context->scratch;
    bool after_return = false;

    (void)reason;
    (void)error;
    ql_text_reset(out);
    for (size_t i = 0; i < text->length;) {
        size_t start = i;
        int32_t symbol = ql_symbol_read(text->bytes, text->length, &i);
        if (symbol == '\n' && after_return) {
            after_return = false;
            continue;
        }
        after_return = symbol == '\r';
        if (symbol == '\n' || symbol_is_line_end(symbol)) {
            ql_text_write_byte(out, '\n');
        } else if (symbol == 0x1F) { // the unit separator
            ql_text_write_byte(out, ' ');
        } else if (symbol == '\t' || !symbol_is_invisible(symbol)) {
            ql_text_write(out, text->bytes + start, i - start);
        }
    }
    ql_text_swap(text, out);
    return QL_OK;
}
