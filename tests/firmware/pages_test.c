// Ten pages, compared pixel by pixel with the pictures in tests/golden/pages/, which were inspected before they were
// committed. After a change of layout or fonts: `pages_test --write tests/golden/pages`, and inspect them again.
// Uses: firmware/app/layout, port/host/picture, libpng.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <png.h>

#include "app/frame.h"
#include "app/layout.h"
#include "port/host/picture.h"

static const struct {
    const char *file, *quote, *name;
} pages[] = {
    {"01-word", "Short.", "A. Stub"},
    {"02-long-name", "Fame.", "Bartholomew Montgomery-Featherstonehaugh"},
    {"03-sentence", "All models are wrong, but some are useful.", "George Box"},
    {"04-apostrophe", "'Tis better to have loved and lost than never to have loved at all...", "Alfred, Lord Tennyson"},
    {"05-ligatures", "Love is the extremely difficult realization that something other than oneself is real.",
     "Iris Murdoch"},
    {"06-dialogue",
     "\"I can resist everything,\" he said, \"except temptation -- and the odd half-finished, well-meant office "
     "affair.\"",
     "Oscar Wilde"},
    {"07-accents",
     "A woman is a woman is a woman, and in the end the caf\xc3\xa9 is where the gar\xc3\xa7on na\xc3\xafvely waits "
     "for "
     "Z\xc3\xbcrich's d\xc3\xa9j\xc3\xa0 vu.",
     "R\xc3\xa9gis Cr\xc3\xaapeau"},
    {"08-clauses",
     "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a "
     "wife. However little known the feelings or views of such a man may be.",
     "Jane Austen"},
    {"09-paragraph",
     "We hold these truths to be self-evident: that all men are created equal; that they are endowed by their Creator "
     "with certain unalienable rights; that among these are life, liberty, and the pursuit of happiness. That to "
     "secure "
     "these rights, governments are instituted among men.",
     "Thomas Jefferson"},
    {"10-full",
     "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it "
     "was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of "
     "Darkness, it was the spring of hope, it was the winter of despair, we had everything before us, we had nothing "
     "before us, we were all going direct to Heaven.",
     "Charles Dickens"},
};

enum { PAGES = sizeof pages / sizeof pages[0], PIXELS = QL_FRAME_WIDTH * QL_FRAME_HEIGHT };

static struct ql_layout layout;
static uint8_t frame[QL_FRAME_BYTES];

static void draw(int page)
{
    assert_int_equal(ql_layout_write(&layout, pages[page].quote, pages[page].name), QL_LAYOUT_DONE);
    assert_int_equal(layout.missing, 0);
    ql_layout_draw(frame, &layout);
}

static uint32_t hash_byte(uint32_t hash, int byte)
{
    return (hash ^ (uint32_t)(uint8_t)byte) * 16777619u;
}

// FNV-1a over the pictures and advances of the symbols of ASCII, so that further symbols change nothing. Another FreeType
// may round a pixel differently; then the pages differ, too, although nothing is wrong.
static uint32_t hash_type(void)
{
    uint32_t hash = 2166136261u;

    for (int i = 0; i < ql_font_regular_count + ql_font_italic_count; i++) {
        const struct ql_font *font =
            i < ql_font_regular_count ? ql_font_regular[i] : ql_font_italic[i - ql_font_regular_count];
        for (uint32_t symbol = ' '; symbol <= '~'; symbol++) {
            const struct ql_glyph *glyph = &font->glyphs[ql_font_find(symbol)];
            hash = hash_byte(hash_byte(hash, glyph->advance), glyph->advance >> 8);
            for (int byte = 0; byte < (glyph->width * glyph->height + 7) / 8; byte++) {
                hash = hash_byte(hash, font->bits[glyph->place + byte]);
            }
        }
    }
    return hash;
}

static void pages_are_the_golden_ones(void **state)
{
    static uint8_t pixels[PIXELS];
    char path[512];
    unsigned hash = 0;

    (void)state;
    FILE *file = fopen(QL_SOURCE_DIR "/tests/golden/pages/type.txt", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%x", &hash), 1);
    assert_int_equal(fclose(file), 0);
    if (hash != hash_type()) {
        print_message("The letters are not those of the golden pages (another FreeType or typeface): not compared.\n");
        skip();
    }
    for (int page = 0; page < PAGES; page++) {
        png_image image = {.version = PNG_IMAGE_VERSION};
        (void)snprintf(path, sizeof path, "%s/tests/golden/pages/%s.png", QL_SOURCE_DIR, pages[page].file);
        assert_int_not_equal(png_image_begin_read_from_file(&image, path), 0);
        assert_int_equal(image.width, QL_FRAME_WIDTH);
        assert_int_equal(image.height, QL_FRAME_HEIGHT);
        image.format = PNG_FORMAT_GRAY;
        assert_int_not_equal(png_image_finish_read(&image, NULL, pixels, 0, NULL), 0);
        draw(page);
        int different = 0;
        for (int i = 0; i < PIXELS; i++) {
            different += pixels[i] != (ql_frame_is_black(frame, i % QL_FRAME_WIDTH, i / QL_FRAME_WIDTH) ? 0 : 255);
        }
        if (different > 0) {
            (void)ql_picture_save("page-that-differs.png", frame);
            print_error("%s.png: %d pixels differ; page-that-differs.png is what it is now\n", pages[page].file,
                        different);
        }
        assert_int_equal(different, 0);
    }
}

static void pages_preview_has_30_lines_of_80_columns(void **state)
{
    char line[1024];
    int lines = 0;

    (void)state;
    draw(2);
    for (int color = 0; color < 2; color++) {
        FILE *file = tmpfile();
        assert_non_null(file);
        ql_picture_print(file, frame, color == 1);
        rewind(file);
        for (lines = 0; fgets(line, sizeof line, file) != NULL; lines++) {
            int symbols = 0, escapes = 0;
            for (const char *place = line; *place != '\0'; place++) {
                symbols += (unsigned char)*place == 0xe2;
                escapes += *place == '\033';
            }
            assert_int_equal(symbols, 80);
            assert_int_equal(escapes, 2 * color);
        }
        assert_int_equal(lines, 30);
        assert_int_equal(fclose(file), 0);
    }
}

static void pages_picture_that_cannot_be_written_is_an_error(void **state)
{
    (void)state;
    draw(0);
    assert_non_null(ql_picture_save("no-such-folder/page.png", frame));
    assert_non_null(ql_picture_save("/dev/full", frame));
}

static int write_pages(const char *folder)
{
    char path[512];

    for (int page = 0; page < PAGES; page++) {
        draw(page);
        (void)snprintf(path, sizeof path, "%s/%s.png", folder, pages[page].file);
        const char *why = ql_picture_save(path, frame);
        if (why != NULL) {
            print_error("%s: %s\n", path, why);
            return 1;
        }
    }
    (void)snprintf(path, sizeof path, "%s/type.txt", folder);
    FILE *file = fopen(path, "w");
    return file == NULL || fprintf(file, "%08x\n", (unsigned)hash_type()) < 0 || fclose(file) != 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_the_golden_ones),
        cmocka_unit_test(pages_preview_has_30_lines_of_80_columns),
        cmocka_unit_test(pages_picture_that_cannot_be_written_is_an_error),
    };
    if (argc == 3 && strcmp(argv[1], "--write") == 0) {
        return write_pages(argv[2]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
