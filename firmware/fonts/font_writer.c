// A program for the build: renders fonts to black and white pictures and writes them as the C that app/font.h
// describes. Usage: font_writer OUTPUT.c REGULAR_SMALL REGULAR_LARGE ITALIC_SMALL ITALIC_LARGE (fonts) [LETTERS], where
// LETTERS is a text with the letters of the models. It prints the size of the tables, and names the letters that the
// typeface lacks. Uses: FreeType for the pictures, HarfBuzz for the distances, which OpenType keeps in its GPOS table.
//
// The pictures come from FreeType's monochrome renderer, from outlines that the typeface's own hints have fitted to the
// pixels. Compared with gray pictures and a threshold, hinted or not, and with FreeType's own hints, this gave the most
// even stems, and lost no hairlines.
#include <freetype/freetype.h>
#include <hb-ot.h>
#include <hb.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The symbols that vocabularies for Western European languages can need, and their typographic forms: ASCII, the
// letters of Latin-1 and a few more, dashes and quotation marks, ligatures. In ascending order; 0 is the glyph for
// missing symbols.
static const uint16_t ranges[][2] = {
    {0x0, 0x0},       {0x20, 0x7e},     {0xa1, 0xa1},     {0xa3, 0xa3},     {0xa7, 0xa7},
    {0xab, 0xab},     {0xb0, 0xb0},     {0xb7, 0xb7},     {0xbb, 0xbb},     {0xbf, 0xff},
    {0x152, 0x153},   {0x160, 0x161},   {0x178, 0x178},   {0x17d, 0x17e},   {0x2013, 0x2014},
    {0x2018, 0x201a}, {0x201c, 0x201e}, {0x2026, 0x2026}, {0x20ac, 0x20ac}, {0xfb00, 0xfb04},
};

// Of these, the ones that the firmware's own texts and typography need, used together with letters of models that are
// not in the ranges.
static const uint16_t own_ranges[][2] = {
    {0x0, 0x0}, {0x20, 0x7e}, {0x2013, 0x2014}, {0x2018, 0x201a}, {0x201c, 0x201e}, {0x2026, 0x2026}, {0xfb00, 0xfb04},
};

// The small cut of the typeface is drawn for 8 points: sturdy, open, wide. Up to this size the hairlines of the large
// one, which is drawn for 12 points, would break. The pair distances of both are the large cut's: the small one has
// only a few.
enum { SMALL_CUT_PIXELS = 28 };

// Sizes at which the lower-case letters look good; at 22 and 23 pixels, for example, the t loses its head.
static const int regular_sizes[] = {48, 42, 37, 32, 28, 24, 21, 18};
static const int italic_sizes[] = {28, 24, 21, 18};

enum { GLYPH_LIMIT = 256, BITS_LIMIT = 1 << 16, OUTLINE_LIMIT = 512, KERNING_UNITS = 256, LINE_HEIGHT_PERCENT = 119 };

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static uint16_t symbols[GLYPH_LIMIT];
static int glyph_count;

struct typeface {
    const char *path;
    FT_Face pictures;
    hb_font_t *distances;            // in font units
    int units;                       // of an em
    const struct typeface *fallback; // for symbols that this cut lacks, or NULL
    bool without_greek,
        without_cyrillic; // a letter of the models is missing, so all of this script come from the fallback
    uint8_t *marks;       // for each symbol: what is known about its mark
};

static _Noreturn void fail(const char *path, const char *why)
{
    (void)fprintf(stderr, "font_writer: %s: %s\n", path, why);
    exit(1);
}

static bool in_ranges(uint32_t symbol)
{
    for (int i = 0; i < COUNT(ranges); i++) {
        if (symbol >= ranges[i][0] && symbol <= ranges[i][1]) {
            return true;
        }
    }
    return false;
}

static void list_ranges(const uint16_t (*of)[2], int count)
{
    for (int i = 0; i < count; i++) {
        for (uint32_t symbol = of[i][0]; symbol <= of[i][1]; symbol++) {
            symbols[glyph_count++] = (uint16_t)symbol;
        }
    }
}

// Inserts a symbol in order, unless it is already there.
static void add_symbol(uint32_t symbol, const char *path)
{
    int place = glyph_count;

    while (place > 0 && symbols[place - 1] > symbol) {
        place--;
    }
    if (place > 0 && symbols[place - 1] == symbol) {
        return;
    }
    if (glyph_count == GLYPH_LIMIT - 1) {
        fail(path, "has more letters than the tables of a typeface have room for: 254 with ASCII and its marks");
    }
    memmove(symbols + place + 1, symbols + place, (size_t)(glyph_count - place) * sizeof symbols[0]);
    symbols[place] = (uint16_t)symbol;
    glyph_count++;
}

// Reads the next symbol of a text in UTF-8; 0 at its end.
static uint32_t read_symbol(FILE *text)
{
    const int first = getc(text);
    int more = first < 0xc0 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    uint32_t symbol = first == EOF ? 0 : (uint32_t)first & (more == 0 ? 0x7fu : 0x3fu >> more);

    for (; more > 0; more--) {
        symbol = symbol << 6 | ((uint32_t)getc(text) & 0x3fu);
    }
    return symbol;
}

// Marks that combine with the previous letter have no position of their own on the page.
static bool is_combining(uint32_t symbol)
{
    return symbol >= 0x300 && symbol < 0x370;
}

// Copies the outline of a glyph, which the next one overwrites, as far as there is room. Returns the number of its
// points.
static int copy_outline(FT_Vector points[OUTLINE_LIMIT], const struct typeface *typeface, hb_codepoint_t glyph)
{
    if (FT_Load_Glyph(typeface->pictures, glyph, FT_LOAD_NO_SCALE) != 0) {
        return 0;
    }
    const FT_Outline *outline = &typeface->pictures->glyph->outline;
    const int count = outline->n_points;
    for (int k = 0; k < count && k < OUTLINE_LIMIT; k++) {
        points[k] = outline->points[k];
    }
    return count;
}

enum { MARK_UNKNOWN, MARK_THERE, MARK_LACKS };

// Returns whether the cut draws a Latin letter beyond ASCII like an ASCII letter, possibly shifted sideways: one of
// them has an l for an ł.
static bool lacks_its_mark(const struct typeface *typeface, uint32_t symbol, hb_codepoint_t glyph)
{
    static FT_Vector own[OUTLINE_LIMIT], plain[OUTLINE_LIMIT];
    bool same = false;

    if (!((symbol >= 0xc0 && symbol < 0x250) || (symbol >= 0x1e00 && symbol < 0x1f00))) {
        return false;
    }
    if (typeface->marks[symbol] != MARK_UNKNOWN) {
        return typeface->marks[symbol] == MARK_LACKS;
    }
    const int count = copy_outline(own, typeface, glyph);
    for (uint32_t letter = 'A'; letter <= 'z' && count > 0 && count <= OUTLINE_LIMIT && !same; letter++) {
        hb_codepoint_t other;
        same = hb_font_get_nominal_glyph(typeface->distances, letter, &other) != 0 &&
               copy_outline(plain, typeface, other) == count;
        for (int k = 0; k < count && same; k++) {
            same = own[k].y == plain[k].y && own[k].x - plain[k].x == own[0].x - plain[0].x;
        }
    }
    typeface->marks[symbol] = same ? MARK_LACKS : MARK_THERE;
    return same;
}

// Returns whether the cut has a picture of the symbol. In some cuts of the typeface, a letter is empty, or lacks its
// mark.
static bool has_picture(const struct typeface *typeface, uint32_t symbol)
{
    hb_codepoint_t glyph;
    hb_glyph_extents_t extents;

    return hb_font_get_nominal_glyph(typeface->distances, symbol, &glyph) != 0 &&
           (symbol == ' ' || (hb_font_get_glyph_extents(typeface->distances, glyph, &extents) != 0 &&
                              extents.width != 0 && !lacks_its_mark(typeface, symbol, glyph)));
}

// Lists the symbols of the tables: the ranges, or, if the models have other letters, those that the firmware needs and
// the letters of the models. Names those that `typeface` lacks; the page shows each as a box.
static void list_symbols(const char *letters, const struct typeface *typeface)
{
    bool beside = false;
    static bool is_named[1 << 21]; // all that four bytes of UTF-8 can hold
    int lacking = 0;
    FILE *text = letters == NULL ? NULL : fopen(letters, "r");

    if (letters != NULL && text == NULL) {
        fail(letters, "cannot be read");
    }
    for (uint32_t symbol = text == NULL ? 0 : read_symbol(text); symbol != 0; symbol = read_symbol(text)) {
        beside = beside || (symbol > ' ' && symbol != 0xa0 && !in_ranges(symbol));
    }
    list_ranges(beside ? own_ranges : ranges, beside ? COUNT(own_ranges) : COUNT(ranges));
    if (text == NULL) {
        return;
    }
    rewind(text);
    for (uint32_t symbol = read_symbol(text); symbol != 0; symbol = read_symbol(text)) {
        if (symbol <= ' ' || symbol == 0xa0) {
            continue;
        }
        if (symbol <= UINT16_MAX && !is_combining(symbol) && has_picture(typeface, symbol)) {
            add_symbol(symbol, letters);
            continue;
        }
        if (is_named[symbol]) {
            continue; // pieces repeat letters
        }
        is_named[symbol] = true;
        (void)printf("%s U+%04" PRIX32, lacking == 0 ? "fonts: the typeface lacks letters of the models:" : ",",
                     symbol);
        lacking++;
    }
    (void)printf(lacking > 0 ? "; the panel shows a box for each\n" : "");
    (void)fclose(text);
}

static void open_typeface(struct typeface *typeface, FT_Library library, const char *path)
{
    hb_blob_t *blob = hb_blob_create_from_file(path);
    hb_face_t *face = hb_face_create(blob, 0);

    *typeface = (struct typeface){.path = path, .units = (int)hb_face_get_upem(face)};
    if (FT_New_Face(library, path, 0, &typeface->pictures) != 0) {
        fail(path, "cannot be read as a font");
    }
    typeface->distances = hb_font_create(face);
    typeface->marks = calloc(UINT16_MAX + 1, sizeof typeface->marks[0]);
    if (typeface->marks == NULL) {
        fail(path, "there is not enough memory to read it");
    }
    hb_font_set_scale(typeface->distances, typeface->units, typeface->units);
    hb_face_destroy(face);
    hb_blob_destroy(blob);
}

static void close_typeface(struct typeface *typeface)
{
    free(typeface->marks);
    hb_font_destroy(typeface->distances);
    (void)FT_Done_Face(typeface->pictures);
}

static hb_script_t script_of(uint32_t symbol)
{
    return symbol >= 0x370 && symbol < 0x400     ? HB_SCRIPT_GREEK
           : symbol >= 0x1f00 && symbol < 0x2000 ? HB_SCRIPT_GREEK
           : symbol >= 0x400 && symbol < 0x530   ? HB_SCRIPT_CYRILLIC
                                                 : HB_SCRIPT_LATIN;
}

static bool has_symbol(const struct typeface *typeface, int index)
{
    const hb_script_t script = script_of(symbols[index]);
    const bool without = (script == HB_SCRIPT_GREEK && typeface->without_greek) ||
                         (script == HB_SCRIPT_CYRILLIC && typeface->without_cyrillic);

    return !without && has_picture(typeface, symbols[index]);
}

// A word with letters from two cuts is harder to read than one entirely in another cut.
static void check_scripts(struct typeface *typeface)
{
    for (int i = 1; i < glyph_count; i++) {
        if (!has_picture(typeface, symbols[i])) {
            typeface->without_greek = typeface->without_greek || script_of(symbols[i]) == HB_SCRIPT_GREEK;
            typeface->without_cyrillic = typeface->without_cyrillic || script_of(symbols[i]) == HB_SCRIPT_CYRILLIC;
        }
    }
}

// The cut that has the symbol: this one, or another that stands in for it.
static const struct typeface *cut_of(const struct typeface *typeface, int index)
{
    while (typeface->fallback != NULL && !has_symbol(typeface, index)) {
        typeface = typeface->fallback;
    }
    return typeface;
}

static hb_codepoint_t find_glyph(const struct typeface *typeface, int index)
{
    hb_codepoint_t glyph;

    if (!hb_font_get_nominal_glyph(typeface->distances, symbols[index], &glyph)) {
        (void)fprintf(stderr, "font_writer: %s: has no U+%04" PRIX16 "\n", typeface->path, symbols[index]);
        exit(1);
    }
    return glyph;
}

// How much closer or farther apart two glyphs are than their widths, in units of 1 / KERNING_UNITS em.
static int measure_pair(const struct typeface *typeface, hb_buffer_t *buffer, int first, int second)
{
    static const hb_feature_t features[] = {
        {HB_TAG('l', 'i', 'g', 'a'), 0, 0, (unsigned)-1},
        {HB_TAG('c', 'l', 'i', 'g'), 0, 0, (unsigned)-1},
        {HB_TAG('c', 'a', 'l', 't'), 0, 0, (unsigned)-1},
    };
    const uint32_t pair[] = {symbols[first], symbols[second]};
    unsigned count;

    if (!has_symbol(typeface, first) || !has_symbol(typeface, second)) {
        return 0; // from two cuts
    }
    hb_buffer_clear_contents(buffer);
    hb_buffer_add_codepoints(buffer, pair, 2, 0, 2);
    hb_buffer_set_direction(buffer, HB_DIRECTION_LTR);
    hb_buffer_set_script(buffer, script_of(symbols[first]));
    hb_shape(typeface->distances, buffer, features, COUNT(features));
    const hb_glyph_position_t *places = hb_buffer_get_glyph_positions(buffer, &count);
    if (count != 2) {
        fail(typeface->path, "a pair became one glyph though ligatures are off");
    }
    const int own = hb_font_get_glyph_h_advance(typeface->distances, find_glyph(typeface, first));
    const int distance = (places[0].x_advance + places[1].x_offset - own) * KERNING_UNITS;
    const int rounded = (distance + (distance < 0 ? -1 : 1) * typeface->units / 2) / typeface->units;
    if (rounded < INT8_MIN || rounded > INT8_MAX) {
        fail(typeface->path, "the distance of a pair is out of range");
    }
    return rounded;
}

static int8_t pairs[GLYPH_LIMIT][GLYPH_LIMIT]; // [first][second]

static bool same_as_first(int a, int b)
{
    return memcmp(pairs[a], pairs[b], (size_t)glyph_count) == 0;
}

static bool same_as_second(int a, int b)
{
    for (int i = 0; i < glyph_count; i++) {
        if (pairs[i][a] != pairs[i][b]) {
            return false;
        }
    }
    return true;
}

// Classes of glyphs, numbered in the order of their first members, which are written to `members`. Returns their
// number.
static int classify(uint8_t *classes, int *members, bool (*same)(int, int))
{
    int count = 0;

    for (int glyph = 0; glyph < glyph_count; glyph++) {
        int found = 0;
        while (found < count && !same(members[found], glyph)) {
            found++;
        }
        if (found == count) {
            members[count++] = glyph;
        }
        classes[glyph] = (uint8_t)found;
    }
    return count;
}

static void write_classes(FILE *output, const char *name, const char *which, const uint8_t *classes)
{
    (void)fprintf(output, "static const uint8_t %s_%s[] = {", name, which);
    for (int i = 0; i < glyph_count; i++) {
        (void)fprintf(output, "%d,", classes[i]);
    }
    (void)fprintf(output, "};\n");
}

// Returns the size of the tables in bytes, like the functions below.
static int write_kerning(FILE *output, const struct typeface *typeface, const char *style)
{
    static uint8_t first[GLYPH_LIMIT], second[GLYPH_LIMIT];
    static int first_members[GLYPH_LIMIT], second_members[GLYPH_LIMIT];
    hb_buffer_t *buffer = hb_buffer_create();

    memset(pairs, 0, sizeof pairs);
    for (int a = 1; a < glyph_count; a++) {
        for (int b = 1; b < glyph_count; b++) {
            pairs[a][b] = (int8_t)measure_pair(typeface, buffer, a, b);
        }
    }
    hb_buffer_destroy(buffer);
    const int first_count = classify(first, first_members, same_as_first);
    const int second_count = classify(second, second_members, same_as_second);
    write_classes(output, style, "first", first);
    write_classes(output, style, "second", second);
    (void)fprintf(output, "static const int8_t %s_distances[] = {\n", style);
    for (int a = 0; a < first_count; a++) {
        for (int b = 0; b < second_count; b++) {
            (void)fprintf(output, "%d,", pairs[first_members[a]][second_members[b]]);
        }
        (void)fprintf(output, "\n");
    }
    (void)fprintf(output, "};\nstatic const struct ql_kerning %s_kerning = {%s_first, %s_second, %s_distances, %d};\n",
                  style, style, style, style, second_count);
    return 2 * glyph_count + first_count * second_count;
}

struct picture {
    int width, height, left, top;
    uint8_t pixels[256 * 256]; // 1 is black
};

static void render(struct picture *picture, const struct typeface *of, int index, int size)
{
    const struct typeface *typeface = symbols[index] == 0 ? of : cut_of(of, index);
    const FT_GlyphSlot slot = typeface->pictures->glyph;

    if (symbols[index] == 0) {
        *picture = (struct picture){.width = size * 4 / 10, .height = size * 6 / 10, .left = 1, .top = size * 6 / 10};
        for (int y = 0; y < picture->height; y++) {
            for (int x = 0; x < picture->width; x++) {
                const bool edge = x == 0 || y == 0 || x == picture->width - 1 || y == picture->height - 1;
                picture->pixels[y * picture->width + x] = edge;
            }
        }
        return;
    }
    if (typeface != of && FT_Set_Pixel_Sizes(typeface->pictures, 0, (FT_UInt)size) != 0) {
        fail(typeface->path, "cannot be set to a size");
    }
    if (FT_Load_Glyph(typeface->pictures, find_glyph(typeface, index), FT_LOAD_TARGET_MONO) != 0 ||
        FT_Render_Glyph(slot, FT_RENDER_MODE_MONO) != 0) {
        fail(typeface->path, "a glyph cannot be rendered");
    }
    *picture = (struct picture){.width = (int)slot->bitmap.width,
                                .height = (int)slot->bitmap.rows,
                                .left = slot->bitmap_left,
                                .top = slot->bitmap_top};
    if (picture->width > 255 || picture->height > 255) {
        fail(typeface->path, "a glyph is too large");
    }
    for (int y = 0; y < picture->height; y++) {
        for (int x = 0; x < picture->width; x++) {
            const int byte = slot->bitmap.buffer[y * slot->bitmap.pitch + x / 8];
            picture->pixels[y * picture->width + x] = (uint8_t)((byte >> (7 - x % 8)) & 1);
        }
    }
}

static int advance_of(const struct typeface *typeface, int index, int size)
{
    if (symbols[index] == 0) {
        return (size * 4 / 10 + 2) * 64;
    }
    typeface = cut_of(typeface, index);
    const int units = hb_font_get_glyph_h_advance(typeface->distances, find_glyph(typeface, index));
    return (units * size * 64 + typeface->units / 2) / typeface->units;
}

static int write_font(FILE *output, const struct typeface *typeface, const char *style, int size)
{
    static struct picture picture;
    static uint8_t bits[BITS_LIMIT];
    int bit_bytes = 0, x_height = 0, cap_height = 0;

    if (FT_Set_Pixel_Sizes(typeface->pictures, 0, (FT_UInt)size) != 0) {
        fail(typeface->path, "cannot be set to a size");
    }
    (void)fprintf(output, "static const struct ql_glyph %s_%d_glyphs[] = {\n", style, size);
    for (int i = 0; i < glyph_count; i++) {
        render(&picture, typeface, i, size);
        const int pixels = picture.width * picture.height;
        if (bit_bytes + (pixels + 7) / 8 > BITS_LIMIT) {
            fail(typeface->path, "the pictures of one size are larger than 64 KB");
        }
        (void)fprintf(output, "{%d,%d,%d,%d,%d,%d},\n", bit_bytes, picture.width, picture.height, picture.left,
                      picture.top, advance_of(typeface, i, size));
        memset(bits + bit_bytes, 0, (size_t)(pixels + 7) / 8);
        for (int pixel = 0; pixel < pixels; pixel++) {
            bits[bit_bytes + pixel / 8] |= (uint8_t)(picture.pixels[pixel] << (7 - pixel % 8));
        }
        bit_bytes += (pixels + 7) / 8;
        x_height = symbols[i] == 'x' ? picture.top : x_height;
        cap_height = symbols[i] == 'H' ? picture.top : cap_height;
    }
    (void)fprintf(output, "};\nstatic const uint8_t %s_%d_bits[] = {", style, size);
    for (int i = 0; i < bit_bytes; i++) {
        (void)fprintf(output, "%s%d,", i % 32 == 0 ? "\n" : "", bits[i]);
    }
    (void)fprintf(
        output, "\n};\nstatic const struct ql_font %s_%d = {%s_%d_glyphs, %s_%d_bits, &%s_kerning, %d, %d, %d, %d};\n",
        style, size, style, size, style, size, style, size, x_height, cap_height,
        (size * LINE_HEIGHT_PERCENT + 50) / 100);
    return bit_bytes + glyph_count * 8;
}

static int write_fonts(FILE *output, const struct typeface *small, const struct typeface *large, const char *style,
                       const int *sizes, int count)
{
    int bytes = 0;

    for (int i = 0; i < count; i++) {
        bytes += write_font(output, sizes[i] <= SMALL_CUT_PIXELS ? small : large, style, sizes[i]);
    }
    (void)fprintf(output, "const struct ql_font *const ql_font_%s[] = {", style);
    for (int i = 0; i < count; i++) {
        (void)fprintf(output, "&%s_%d,", style, sizes[i]);
    }
    (void)fprintf(output, "};\nconst int ql_font_%s_count = %d;\n", style, count);
    return bytes;
}

int main(int argc, char **argv)
{
    struct typeface regular_small, regular, italic_small, italic;
    FT_Library library;

    if (argc != 6 && argc != 7) {
        (void)fprintf(stderr,
                      "usage: font_writer OUTPUT.c REGULAR_SMALL REGULAR_LARGE ITALIC_SMALL ITALIC_LARGE [LETTERS]\n");
        return 2;
    }
    FILE *output = fopen(argv[1], "w");
    if (output == NULL || FT_Init_FreeType(&library) != 0) {
        fail(argv[1], "cannot be written");
    }
    open_typeface(&regular_small, library, argv[2]);
    open_typeface(&regular, library, argv[3]);
    open_typeface(&italic_small, library, argv[4]);
    open_typeface(&italic, library, argv[5]);
    regular_small.fallback = &regular;
    italic_small.fallback = &italic;
    italic.fallback = &regular;
    list_symbols(argv[6], &regular);
    check_scripts(&regular_small);
    check_scripts(&italic_small);
    check_scripts(&italic);
    (void)fprintf(
        output, "// Type as pictures, made by font_writer. EB Garamond, copyright 2010-2012 Georg Duffner, under the\n"
                "// SIL Open Font License 1.1.\n#include \"app/font.h\"\n\n#include \"app/font_data.h\"\n\n");
    (void)fprintf(output, "const uint16_t ql_font_symbols[] = {");
    for (int i = 0; i < glyph_count; i++) {
        (void)fprintf(output, "%d,", symbols[i]);
    }
    (void)fprintf(output, "};\nconst int ql_font_glyph_count = %d;\n", glyph_count);
    const int kerning = write_kerning(output, &regular, "regular") + write_kerning(output, &italic, "italic");
    const int upright = write_fonts(output, &regular_small, &regular, "regular", regular_sizes, COUNT(regular_sizes));
    const int slanted = write_fonts(output, &italic_small, &italic, "italic", italic_sizes, COUNT(italic_sizes));
    close_typeface(&regular_small);
    close_typeface(&regular);
    close_typeface(&italic_small);
    close_typeface(&italic);
    (void)FT_Done_FreeType(library);
    if (ferror(output) != 0 || fclose(output) != 0) {
        fail(argv[1], "cannot be written");
    }
    (void)printf("fonts: %d glyphs; %d sizes upright, %d bytes; %d italic, %d bytes; distances, %d bytes; %d in all\n",
                 glyph_count, COUNT(regular_sizes), upright, COUNT(italic_sizes), slanted, kerning,
                 upright + slanted + kerning + 2 * glyph_count);
    return 0;
}
