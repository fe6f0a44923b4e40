// How a page is set: its type size, line breaks, and margins; texts that do not fit, and malicious texts.
// Uses: firmware/app/layout and what it is made of.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/frame.h"
#include "app/layout.h"
#include "app/symbol.h"
#include "device/random.h"

enum { MARGIN = 24, MEASURE = QL_FRAME_WIDTH - 2 * MARGIN };

static struct ql_layout layout;
static uint8_t frame[QL_FRAME_BYTES];

static int width_of(const struct ql_font *font, const char *text, const char *end)
{
    int width = 0, glyph = -1;

    for (uint32_t symbol = 0; text < end;) {
        text = ql_symbol_decode(&symbol, text, end, symbol);
        const int next = ql_font_find(symbol);
        width += glyph < 0 ? 0 : ql_font_step(font, glyph, next);
        glyph = next;
    }
    return glyph < 0 ? width : width + ql_font_step(font, glyph, -1);
}

// The lines joined by '|'.
static const char *lines_of(const char *quote, const char *name)
{
    static char joined[1024];

    joined[0] = '\0';
    assert_int_equal(ql_layout_write(&layout, quote, name), QL_LAYOUT_DONE);
    for (int i = 0; i < layout.line_count; i++) {
        strcat(joined, i == 0 ? "" : "|");
        strncat(joined, layout.lines[i].text, (size_t)layout.lines[i].bytes);
    }
    return joined;
}

// The smallest rectangle around all black pixels.
static void find_ink(int *left, int *top, int *right, int *bottom)
{
    *left = *top = QL_FRAME_WIDTH;
    *right = *bottom = -1;
    for (int i = 0; i < QL_FRAME_WIDTH * QL_FRAME_HEIGHT; i++) {
        const int x = i % QL_FRAME_WIDTH, y = i / QL_FRAME_WIDTH;
        if (ql_frame_is_black(frame, x, y)) {
            *left = x < *left ? x : *left;
            *right = x > *right ? x : *right;
            *top = y < *top ? y : *top;
            *bottom = y > *bottom ? y : *bottom;
        }
    }
}

static void frame_pixels_land_where_they_belong(void **state)
{
    const uint8_t bits[] = {0xa0}; // 2 x 2: black, white, black, white

    (void)state;
    ql_frame_reset(frame);
    ql_frame_add(frame, 7, 3, bits, 2, 2);
    assert_int_equal(frame[3 * QL_FRAME_ROW_BYTES], 0xfe);
    assert_int_equal(frame[4 * QL_FRAME_ROW_BYTES], 0xfe);
    assert_true(ql_frame_is_black(frame, 7, 3));
    assert_false(ql_frame_is_black(frame, 8, 3));
    for (int i = 0; i < QL_FRAME_BYTES; i++) {
        assert_true(frame[i] == 0xff || i == 3 * QL_FRAME_ROW_BYTES || i == 4 * QL_FRAME_ROW_BYTES);
    }
    for (int corner = 0; corner < 4; corner++) {
        ql_frame_add(frame, corner % 2 == 0 ? -1 : QL_FRAME_WIDTH - 1, corner / 2 == 0 ? -1 : QL_FRAME_HEIGHT - 1, bits,
                     2, 2);
    }
}

static void font_has_what_models_write(void **state)
{
    (void)state;
    for (uint32_t symbol = ' '; symbol <= '~'; symbol++) {
        assert_int_not_equal(ql_font_find(symbol), QL_FONT_MISSING);
    }
    assert_int_not_equal(ql_font_find(0xe9), QL_FONT_MISSING);
    assert_int_not_equal(ql_font_find(0x2014), QL_FONT_MISSING);
    assert_int_not_equal(ql_font_find(0xfb04), QL_FONT_MISSING);
    assert_int_equal(ql_font_find(0), QL_FONT_MISSING);
    assert_int_equal(ql_font_find(0x80), QL_FONT_MISSING);
    assert_int_equal(ql_font_find(0x3b1), QL_FONT_MISSING);
    assert_int_equal(ql_font_find(UINT32_MAX), QL_FONT_MISSING);
}

static void font_letters_keep_the_distances_of_their_pairs(void **state)
{
    const int a = ql_font_find('A'), v = ql_font_find('V'), h = ql_font_find('H');

    (void)state;
    for (int i = 0; i < ql_font_regular_count; i++) {
        const struct ql_font *font = ql_font_regular[i];
        assert_true(ql_font_step(font, a, v) < ql_font_step(font, a, -1));
        assert_int_equal(ql_font_step(font, h, h), ql_font_step(font, h, -1));
        assert_true(i == 0 || font->size < ql_font_regular[i - 1]->size);
        assert_true(font->x_height < font->cap_height && font->cap_height < font->size);
    }
}

static void layout_short_quote_takes_the_largest_type(void **state)
{
    (void)state;
    assert_string_equal(lines_of("Short.", "A. Stub"), "Short.|A. Stub");
    assert_int_equal(layout.size, ql_font_regular[0]->size);
    assert_true(layout.lines[1].font->size < layout.size);
}

static void layout_type_shrinks_as_the_quote_grows(void **state)
{
    static char text[1024];
    int size = ql_font_regular[0]->size, refused = 0;

    (void)state;
    for (int words = 1; words < 150; words++) {
        strcat(text, words == 1 ? "never" : " never");
        if (ql_layout_write(&layout, text, "Nobody") != QL_LAYOUT_DONE) {
            refused++;
            continue;
        }
        assert_int_equal(refused, 0);
        assert_true(layout.size <= size);
        size = layout.size;
    }
    assert_int_equal(size, ql_font_regular[ql_font_regular_count - 1]->size);
    assert_true(refused > 0);
}

static void layout_breaks_at_spaces_and_behind_hyphens(void **state)
{
    (void)state;
    assert_string_equal(lines_of("  All models are   wrong, but some are useful.  ", " George Box "),
                        "All models are|wrong, but|some are useful.|George Box");
    // Sixteen letters of the largest type are wider than a line, so the chosen size is one in which each half has a
    // line of its own.
    assert_string_equal(lines_of("Extraordinarily-extraordinarily-extraordinarily", "B."),
                        "Extraordinarily-|extraordinarily-|extraordinarily|B.");
}

static void layout_no_line_begins_with_a_dash(void **state)
{
    static const char text[] = "one -- two -- three -- four -- five -- six -- seven -- eight -- nine -- ten -- eleven";

    (void)state;
    (void)lines_of(text, "C.");
    for (int i = 0; i < layout.line_count; i++) {
        assert_int_not_equal(layout.lines[i].text[0], '-');
    }
}

// Neither behind a first word of any width, though there it would have to.
static void layout_dash_stays_with_the_first_word(void **state)
{
    char text[60] = "";

    (void)state;
    for (int letters = 1; letters < 30; letters++) {
        memset(text, 'n', (size_t)letters);
        (void)strcpy(text + letters, " -- no");
        if (ql_layout_write(&layout, text, "C.") == QL_LAYOUT_DONE) {
            assert_true(layout.line_count == 2 || layout.lines[1].text[0] == 'n');
        }
    }
}

static void layout_word_is_never_divided(void **state)
{
    static const char *const words[] = {"a", "of", "the", "well-meant", "extraordinary", "office", "\"No,\"", "I"};
    static char text[600];
    struct ql_random random;

    (void)state;
    ql_random_init(&random, 1);
    for (int round = 0; round < 300; round++) {
        text[0] = '\0';
        for (uint32_t left = 1 + ql_random_step(&random) % 60; left > 0; left--) {
            strcat(text, words[ql_random_step(&random) % 8]);
            strcat(text, " ");
        }
        if (ql_layout_write(&layout, text, "D. Nobody") != QL_LAYOUT_DONE) {
            continue;
        }
        const char *expected = text;
        for (int i = 0; i < layout.line_count - 1; i++) {
            const struct ql_layout_line *line = &layout.lines[i];
            const char *end = line->text + line->bytes;
            assert_ptr_equal(line->text, expected);
            assert_true(*end == ' ' || end[-1] == '-');
            expected = *end == ' ' ? end + 1 : end;
        }
        assert_int_equal(*expected, '\0');
    }
}

enum { WORDS = 14, STRANDED = 40 * 40, DIVIDED = 60 * 60 };

// The cost of a line: its empty space, squared; and more where a line that is not the last one ends with a letter alone,
// or within a compound. -1: too wide.
static long cost_of_line(const struct ql_font *font, const char *line, bool is_last)
{
    const size_t length = strlen(line);
    const int hanging = *line == '"' ? ql_font_step(font, ql_font_find(0x201c), -1) : 0;
    const long left_over = MEASURE - width_of(font, line, line + length) + hanging;
    const bool is_divided = line[length - 1] == '-';
    const bool is_lone = length > 1 && !is_divided && (line[length - 2] == ' ' || line[length - 2] == '-');

    return left_over < 0
               ? -1
               : left_over * left_over + (!is_last && is_lone ? STRANDED : 0) + (!is_last && is_divided ? DIVIDED : 0);
}

// The least cost over all ways to set words `first`... in this many lines; -1: none.
static long least_cost(const struct ql_font *font, const char *const *words, int first, int lines)
{
    static char line[256];
    long best = -1;

    if (lines == 0) {
        return words[first] == NULL ? 0 : -1;
    }
    for (int last = first; words[last] != NULL; last++) {
        line[0] = '\0';
        for (int i = first; i <= last; i++) {
            const bool follows = i == first || words[i - 1][strlen(words[i - 1]) - 1] == '-'; // within a compound
            strcat(line, follows ? "" : " ");
            strcat(line, words[i]);
        }
        const long cost = cost_of_line(font, line, words[last + 1] == NULL);
        if (cost < 0) {
            break;
        }
        const long rest = least_cost(font, words, last + 1, lines - 1);
        if (rest >= 0 && (best < 0 || rest + cost < best)) {
            best = rest + cost;
        }
    }
    return best;
}

static void layout_lines_are_the_least_ragged(void **state)
{
    static const char *const vocabulary[] = {"but", "the", "panel",       "never", "cares",   "whoever",
                                             "I",   "a",   "understands", "well-", "\"No,\"", "it"};
    struct ql_random random;

    (void)state;
    ql_random_init(&random, 2);
    for (int round = 0; round < 100; round++) {
        const char *words[WORDS + 1] = {NULL};
        char text[WORDS * 16] = "";
        const int count = 4 + (int)(ql_random_step(&random) % (WORDS - 3));
        for (int i = 0; i < count; i++) {
            words[i] = vocabulary[ql_random_step(&random) % (i + 1 < count ? 12 : 8)];
            strcat(text, i == 0 || words[i - 1][strlen(words[i - 1]) - 1] == '-' ? "" : " ");
            strcat(text, words[i]);
        }
        (void)lines_of(text, NULL);
        const struct ql_font *font = layout.lines[0].font;
        long cost = 0;
        for (int i = 0; i < layout.line_count; i++) {
            const struct ql_layout_line *line = &layout.lines[i];
            char set[256];
            (void)snprintf(set, sizeof set, "%.*s", line->bytes, line->text);
            const long more = cost_of_line(font, set, i + 1 == layout.line_count);
            assert_true(more >= 0);
            cost += more;
        }
        assert_int_equal(cost, least_cost(font, words, 0, layout.line_count));
        assert_int_equal(least_cost(font, words, 0, layout.line_count - 1), -1);
    }
}

static void layout_stays_within_its_margins(void **state)
{
    static char text[600];
    struct ql_random random;
    int left, top, right, bottom, fitting = 0;

    (void)state;
    ql_random_init(&random, 3);
    for (int round = 0; round < 100; round++) {
        const uint32_t length = 1 + ql_random_step(&random) % 400;
        for (uint32_t i = 0; i < length; i++) {
            text[i] = "etaoinshrdlu   fgjpqyWQM,."[ql_random_step(&random) % 26];
        }
        text[length] = '\0';
        if (ql_layout_write(&layout, text, "Q. Jy") != QL_LAYOUT_DONE) {
            continue;
        }
        fitting++;
        ql_layout_draw(frame, &layout);
        find_ink(&left, &top, &right, &bottom);
        // A letter may extend slightly beyond its own width, and below the baseline.
        assert_true(left >= MARGIN - 6 && right < QL_FRAME_WIDTH - MARGIN + 6);
        assert_true(top >= MARGIN - 12 && bottom < QL_FRAME_HEIGHT - 6);
    }
    assert_true(fitting > 30);
}

static void layout_name_ends_at_the_right_edge_of_the_text(void **state)
{
    (void)state;
    (void)lines_of("All models are wrong, but some are useful.", "George Box");
    int edge = 0;
    for (int i = 0; i < 3; i++) {
        const struct ql_layout_line *line = &layout.lines[i];
        const int end = line->x + width_of(line->font, line->text, line->text + line->bytes);
        edge = end > edge ? end : edge;
    }
    const struct ql_layout_line *name = &layout.lines[3];
    assert_int_equal(name->x + width_of(name->font, name->text, name->text + name->bytes), edge);
    assert_true(name->y > layout.lines[2].y);
}

static void layout_opening_quotation_mark_hangs(void **state)
{
    (void)state;
    (void)lines_of("\"All models are wrong, but some are useful.\"", "George Box");
    const struct ql_font *font = layout.lines[0].font;
    assert_int_equal(layout.lines[1].x - layout.lines[0].x, ql_font_step(font, ql_font_find(0x201c), -1));
    assert_int_equal(layout.lines[1].x, layout.lines[2].x);
}

static void layout_quote_alone_keeps_the_place_of_the_name(void **state)
{
    static char text[1200];
    const char *const names[] = {"E.", "Queen Margaret Jay of Featherstonehaugh", ""};

    (void)state;
    for (int words = 1; words < 200; words++) {
        strcat(text, words == 1 ? "never" : " never");
        if (ql_layout_write(&layout, text, NULL) != QL_LAYOUT_DONE) {
            return;
        }
        const int size = layout.size, y = layout.lines[0].y;
        for (int i = 0; i < 3; i++) {
            assert_int_equal(ql_layout_write(&layout, text, names[i]), QL_LAYOUT_DONE);
            assert_int_equal(layout.size, size);
            assert_int_equal(layout.lines[0].y, y);
        }
    }
    fail();
}

static void layout_what_does_not_fit_is_refused(void **state)
{
    static char text[70000];

    (void)state;
    assert_int_equal(ql_layout_write(&layout, "", "F."), QL_LAYOUT_EMPTY);
    assert_int_equal(ql_layout_write(&layout, " \t ", "F."), QL_LAYOUT_EMPTY);
    memset(text, 'm', 60);
    assert_int_equal(ql_layout_write(&layout, text, "F."), QL_LAYOUT_TOO_LONG);
    assert_int_equal(ql_layout_write(&layout, "Short.", text), QL_LAYOUT_NAME_TOO_LONG);
    memset(text, 'm', sizeof text - 1);
    assert_int_equal(ql_layout_write(&layout, text, "F."), QL_LAYOUT_TOO_LONG);
    for (size_t i = 1; i < sizeof text; i += 2) {
        text[i] = ' ';
    }
    text[sizeof text - 1] = '\0';
    assert_int_equal(ql_layout_write(&layout, text, "F."), QL_LAYOUT_TOO_LONG);
    memset(text, ' ', sizeof text - 1);
    assert_int_not_equal(ql_layout_write(&layout, text, "F."), QL_LAYOUT_DONE);
}

static void layout_missing_symbols_are_counted_and_drawn(void **state)
{
    int left, top, right, bottom;

    (void)state;
    (void)lines_of("\xce\xb1\xce\xb2", "\xce\xb3. G");
    assert_int_equal(layout.missing, 3);
    ql_layout_draw(frame, &layout);
    find_ink(&left, &top, &right, &bottom);
    assert_true(right > left);
    (void)lines_of("ab", "c");
    assert_int_equal(layout.missing, 0);
}

static void layout_survives_any_bytes(void **state)
{
    static char text[600], name[100];
    struct ql_random random;

    (void)state;
    ql_random_init(&random, 4);
    for (int round = 0; round < 2000; round++) {
        const uint32_t length = ql_random_step(&random) % (round % 2 == 0 ? 40 : 599);
        for (uint32_t i = 0; i < length; i++) {
            const uint32_t byte = 1 + ql_random_step(&random) % 255;
            text[i] = (char)(ql_random_step(&random) % 4 == 0 ? ' ' : byte);
        }
        text[length] = '\0';
        const uint32_t name_length = ql_random_step(&random) % 40;
        for (uint32_t i = 0; i < name_length; i++) {
            name[i] = (char)(1 + ql_random_step(&random) % 255);
        }
        name[name_length] = '\0';
        if (ql_layout_write(&layout, text, name) == QL_LAYOUT_DONE) {
            ql_layout_draw(frame, &layout);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame_pixels_land_where_they_belong),
        cmocka_unit_test(font_has_what_models_write),
        cmocka_unit_test(font_letters_keep_the_distances_of_their_pairs),
        cmocka_unit_test(layout_short_quote_takes_the_largest_type),
        cmocka_unit_test(layout_type_shrinks_as_the_quote_grows),
        cmocka_unit_test(layout_breaks_at_spaces_and_behind_hyphens),
        cmocka_unit_test(layout_no_line_begins_with_a_dash),
        cmocka_unit_test(layout_dash_stays_with_the_first_word),
        cmocka_unit_test(layout_word_is_never_divided),
        cmocka_unit_test(layout_lines_are_the_least_ragged),
        cmocka_unit_test(layout_stays_within_its_margins),
        cmocka_unit_test(layout_name_ends_at_the_right_edge_of_the_text),
        cmocka_unit_test(layout_opening_quotation_mark_hangs),
        cmocka_unit_test(layout_quote_alone_keeps_the_place_of_the_name),
        cmocka_unit_test(layout_what_does_not_fit_is_refused),
        cmocka_unit_test(layout_missing_symbols_are_counted_and_drawn),
        cmocka_unit_test(layout_survives_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
