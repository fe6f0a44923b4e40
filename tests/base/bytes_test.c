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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_find_is_that_of_the_c_library),
        cmocka_unit_test(bytes_find_sees_nothing_behind_the_end),
        cmocka_unit_test(bytes_format_takes_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
