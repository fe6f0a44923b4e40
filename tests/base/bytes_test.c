// Search in bytes and formatted strings. Uses: cmocka, base.
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void bytes_find_is_that_of_the_c_library(void **state)
{
    unsigned char bytes[40], wanted[4];
    uint32_t random = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        const size_t size = (size_t)(round % 41), wanted_size = (size_t)(round % 5);
        for (size_t i = 0; i < sizeof bytes + sizeof wanted; i++) {
            random = random * 1664525u + 1013904223u;
            (i < sizeof bytes ? &bytes[i] : &wanted[i - sizeof bytes])[0] = (unsigned char)(random >> 30 == 0);
        }
        assert_ptr_equal(ql_bytes_find(bytes, size, wanted, wanted_size), memmem(bytes, size, wanted, wanted_size));
    }
}

static void bytes_find_sees_nothing_behind_the_end(void **state)
{
    (void)state;
    assert_null(ql_bytes_find("abcd", 3, "cd", 2));
    assert_null(ql_bytes_find("ab", 2, "abc", 3));
    assert_ptr_equal(ql_bytes_find(NULL, 0, "", 0), NULL);
}

static void bytes_end_with_compares_the_end(void **state)
{
    (void)state;
    assert_true(ql_bytes_end_with("abc", 3, "bc"));
    assert_true(ql_bytes_end_with("abc", 3, "abc"));
    assert_true(ql_bytes_end_with("abc", 3, ""));
    assert_true(ql_bytes_end_with("abcd", 3, "bc"));
    assert_false(ql_bytes_end_with("abc", 3, "ab"));
    assert_false(ql_bytes_end_with("bc", 2, "abc"));
    assert_false(ql_bytes_end_with("", 0, "c"));
}

static void bytes_format_takes_any_length(void **state)
{
    char longest[5000];

    (void)state;
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    char *text = ql_bytes_format("%d %s.", -7, longest);
    assert_non_null(text);
    assert_int_equal(strlen(text), 3 + sizeof longest - 1 + 1);
    assert_memory_equal(text, "-7 xxx", 6);
    free(text);
    text = ql_bytes_format("%s", "");
    assert_string_equal(text, "");
    free(text);
}

static void bytes_line_step_takes_each_line(void **state)
{
    static const char text[] = "one\r\n\n\rtwo\r\r\nlast";
    static const char *const wanted[] = {"one", "", "\rtwo\r", "last"};
    struct ql_bytes_line line = {0};

    (void)state;
    for (size_t k = 0; k < 4; k++) {
        assert_true(ql_bytes_line_step(&line, text, sizeof text - 1));
        assert_int_equal(line.number, k + 1);
        assert_int_equal(line.length, strlen(wanted[k]));
        assert_memory_equal(line.bytes, wanted[k], line.length);
    }
    assert_false(ql_bytes_line_step(&line, text, sizeof text - 1));

    line = (struct ql_bytes_line){0};
    assert_false(ql_bytes_line_step(&line, text, 0));
    assert_true(ql_bytes_line_step(&line, "\n", 1));
    assert_int_equal(line.length, 0);
    assert_false(ql_bytes_line_step(&line, "\n", 1));
}

static void bytes_words_and_checksum_are_those_of_the_formats(void **state)
{
    unsigned char bytes[5] = {0};

    (void)state;
    assert_ptr_equal(ql_bytes_put_u32(bytes, 0x84030201u), bytes + 4);
    assert_memory_equal(bytes, "\x01\x02\x03\x84\0", 5);
    assert_int_equal(ql_bytes_get_u32(bytes), 0x84030201u);
    // Two of the published test vectors of FNV-1a.
    assert_int_equal(ql_bytes_checksum("", 0), 0x811c9dc5u);
    assert_int_equal(ql_bytes_checksum("foobar", 6), 0xbf9cf968u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_find_is_that_of_the_c_library),
        cmocka_unit_test(bytes_find_sees_nothing_behind_the_end),
        cmocka_unit_test(bytes_end_with_compares_the_end),
        cmocka_unit_test(bytes_format_takes_any_length),
        cmocka_unit_test(bytes_line_step_takes_each_line),
        cmocka_unit_test(bytes_words_and_checksum_are_those_of_the_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
