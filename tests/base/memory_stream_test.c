// A stream that writes into memory gives all of its text, or none when there was not enough memory.
// Uses: base/memory_stream, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory_stream.h"

static void stream_without_text_gives_an_empty_one(void **state)
{
    (void)state;
    struct ql_memory_stream memory;

    assert_true(ql_memory_stream_open(&memory));
    char *text = ql_memory_stream_close(&memory);
    assert_string_equal(text, "");
    assert_int_equal(memory.size, 0);
    free(text);
    assert_null(ql_memory_stream_close(&memory));
}

static void long_text_comes_whole_and_can_be_read_after_a_flush(void **state)
{
    (void)state;
    enum { LINES = 100000, LINE_BYTES = 12 };
    struct ql_memory_stream memory;
    char line[32];

    assert_true(ql_memory_stream_open(&memory));
    for (int i = 0; i < LINES; i++) {
        (void)fprintf(memory.stream, "line %06d\n", i);
        if (i == LINES / 2) {
            assert_int_equal(fflush(memory.stream), 0);
            assert_int_equal(memory.size, (size_t)(i + 1) * LINE_BYTES);
            assert_memory_equal(memory.text, "line 000000\n", LINE_BYTES);
        }
    }
    char *text = ql_memory_stream_close(&memory);
    assert_non_null(text);
    assert_int_equal(memory.size, (size_t)LINES * LINE_BYTES);
    assert_int_equal(strlen(text), memory.size);
    for (int i = 0; i < LINES; i++) {
        (void)snprintf(line, sizeof line, "line %06d\n", i);
        assert_memory_equal(text + (size_t)i * LINE_BYTES, line, LINE_BYTES);
    }
    free(text);
}

// Simulates that one piece got no memory, but a later one did.
static void text_that_lacks_a_piece_is_none(void **state)
{
    (void)state;
    struct ql_memory_stream memory;

    assert_true(ql_memory_stream_open(&memory));
    (void)fputs("before", memory.stream);
    memory.failed = true;
    (void)fputs("after", memory.stream);
    assert_null(ql_memory_stream_close(&memory));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_without_text_gives_an_empty_one),
        cmocka_unit_test(long_text_comes_whole_and_can_be_read_after_a_flush),
        cmocka_unit_test(text_that_lacks_a_piece_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
