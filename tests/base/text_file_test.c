// Texts in any encoding and with any line ends become UTF-8 with LF. Uses: cmocka, base.
#include "base/text_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ql_file_view view;
static struct ql_error error;

static enum ql_status decode(const char *bytes, size_t length, const char *encoding, bool replace)
{
    ql_file_close(&view);
    view = (struct ql_file_view){.block = malloc(length + 1), .size_bytes = length};
    assert_non_null(view.block);
    view.data = memcpy(view.block, bytes, length);
    return ql_text_decode(&view, "text", encoding, replace, &error);
}

// A macro, because a text may hold NUL bytes.
#define ASSERT_DECODED(bytes, encoding, replace, expected)                            \
    do {                                                                              \
        assert_int_equal(decode(bytes, sizeof(bytes) - 1, encoding, replace), QL_OK); \
        assert_int_equal(view.size_bytes, sizeof(expected) - 1);                      \
        assert_memory_equal(view.data, expected, sizeof(expected) - 1);               \
    } while (0)

#define ASSERT_REFUSED(bytes, encoding, replace, words)                                   \
    do {                                                                                  \
        assert_int_not_equal(decode(bytes, sizeof(bytes) - 1, encoding, replace), QL_OK); \
        if (strstr(error.message, words) == NULL) {                                       \
            fail_msg("'%s' is not in: %s", words, error.message);                         \
        }                                                                                 \
    } while (0)

static void text_of_any_line_ends_has_lf(void **state)
{
    (void)state;
    ASSERT_DECODED("a\nb\n", NULL, false, "a\nb\n");
    ASSERT_DECODED("a\r\nb\r\n", NULL, false, "a\nb\n");
    ASSERT_DECODED("a\rb\r", NULL, false, "a\nb\n");
    ASSERT_DECODED("a\r\r\nb\n\rc", NULL, false, "a\n\nb\n\nc");
    ASSERT_DECODED("\r", NULL, false, "\n");
    ASSERT_DECODED("", NULL, false, "");
    ASSERT_DECODED("\xEF\xBB\xBF\r\n", "UTF-8", false, "\n");
    ASSERT_DECODED("\xEF\xBB\xBF", NULL, false, "");
}

static void text_with_a_mark_is_read_in_its_encoding(void **state)
{
    (void)state;
    ASSERT_DECODED("\xFF\xFE"
                   "a\0\r\0\n\0",
                   NULL, false, "a\n");
    ASSERT_DECODED("\xFE\xFF\0a\x04\x1F\0\r", "utf8", false, "a\u041F\n");
    ASSERT_DECODED("\xFF\xFE\0\0a\0\0\0", NULL, false, "a");
    ASSERT_DECODED("\0\0\xFE\xFF\0\0\0a", NULL, false, "a");
    // U+0A0D and U+0D0A are letters whose halves look like line ends.
    ASSERT_DECODED("\xFF\xFE\x0D\x0A\x0A\x0D", NULL, false, "\u0A0D\u0D0A");
    ASSERT_DECODED("\xFF\xFE"
                   "a\0",
                   "utf-16", false, "a");
    ASSERT_REFUSED("\xFF\xFE\x1F\x04", "latin1", false, "mark of UTF-16LE");
    ASSERT_REFUSED("\xFE\xFF\x04\x1F", "windows-1251", false, "mark of UTF-16BE");
}

static void text_of_a_named_encoding_is_converted(void **state)
{
    (void)state;
    ASSERT_DECODED("\xB9\xEA\r", "windows-1250", false, "\u0105\u0119\n");
    ASSERT_DECODED("\xF0\xF2", "koi8-r", false, "\u041F\u0420");
    ASSERT_DECODED("\x93\xFA\x96\x7B", "Shift_JIS", false, "\u65E5\u672C");
    ASSERT_DECODED("a\0b\0", "UTF-16LE", false, "ab");
    // An encoding in which accents follow their letter: the last letter waits for an accent that does not come.
    ASSERT_DECODED("a\xEC"
                   "e",
                   "windows-1258", false, "\u00E1e");
    ASSERT_DECODED("\xE4", "latin1", false, "\u00E4");
}

static void text_that_is_none_in_its_encoding_names_the_place(void **state)
{
    (void)state;
    ASSERT_REFUSED("ok\r\nx\x81y", "windows-1252", false, "text:2:2: byte 0x81");
    ASSERT_DECODED("x\x81y", "windows-1252", true, "x\uFFFDy");
    ASSERT_DECODED("a\0\x00\xD8"
                   "b\0",
                   "UTF-16LE", true, "a\uFFFDb");
    ASSERT_DECODED("a\0b", "UTF-16LE", true, "a\uFFFD");
    ASSERT_REFUSED("a\0b", "UTF-16LE", false, "text:1:3: byte 0x62");
    ASSERT_DECODED("\x81", NULL, false, "\x81"); // for the caller to report
}

static void text_with_nul_bytes_is_refused(void **state)
{
    (void)state;
    ASSERT_REFUSED("a\0b\0", NULL, false, "perhaps UTF-16LE");
    ASSERT_REFUSED("\0a\0b", "latin1", false, "perhaps UTF-16BE");
    ASSERT_REFUSED("one\rtwo\0", NULL, true, "text:2:4: NUL byte");
}

static void encoding_without_a_converter_is_wrong_use(void **state)
{
    static const char *const wrong[] = {"", "utf-99", "latin1//IGNORE", "ascii//TRANSLIT", "/"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(ql_text_encoding_check(wrong[i], &error), QL_ERROR_USAGE);
    }
    assert_int_equal(ql_text_encoding_check(NULL, &error), QL_OK);
    assert_int_equal(ql_text_encoding_check("UTF-8", &error), QL_OK);
    assert_int_equal(ql_text_encoding_check("windows-1250", &error), QL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_any_line_ends_has_lf),
        cmocka_unit_test(text_with_a_mark_is_read_in_its_encoding),
        cmocka_unit_test(text_of_a_named_encoding_is_converted),
        cmocka_unit_test(text_that_is_none_in_its_encoding_names_the_place),
        cmocka_unit_test(text_with_nul_bytes_is_refused),
        cmocka_unit_test(encoding_without_a_converter_is_wrong_use),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);

    ql_file_close(&view);
    return failed;
}
