// Error messages: their text, prefixes, and truncation when they do not fit.
// Uses: base/status, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"

static void error_write_fills_message_and_returns_status(void **state)
{
    (void)state;
    struct ql_error error;

    assert_int_equal(ql_error_write(&error, QL_ERROR_INPUT, "line %d: %s", 12, "bad"), QL_ERROR_INPUT);
    assert_int_equal(error.status, QL_ERROR_INPUT);
    assert_string_equal(error.message, "line 12: bad");
}

static void error_write_without_error_returns_status(void **state)
{
    (void)state;
    assert_int_equal(ql_error_write(NULL, QL_ERROR_SYSTEM, "%d", 1), QL_ERROR_SYSTEM);
}

static void error_prefix_stands_before_the_message(void **state)
{
    (void)state;
    struct ql_error error;

    (void)ql_error_write(&error, QL_ERROR_NUMERIC, "100 %% of it");
    assert_int_equal(ql_error_prefix(&error, "%s:%d: ", "names.txt", 7), QL_ERROR_NUMERIC);
    assert_string_equal(error.message, "names.txt:7: 100 % of it");
    assert_int_equal(ql_error_prefix(&error, "in %%s "), QL_ERROR_NUMERIC);
    assert_string_equal(error.message, "in %s names.txt:7: 100 % of it");
}

static void error_prefix_without_error_still_says_failed(void **state)
{
    (void)state;
    assert_int_not_equal(ql_error_prefix(NULL, "%s", "names.txt"), QL_OK);
}

static void error_message_that_is_too_long_is_cut(void **state)
{
    (void)state;
    struct ql_error error;
    char text[2 * QL_ERROR_MESSAGE_BYTES];

    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    (void)ql_error_write(&error, QL_ERROR_INPUT, "%s", text);
    assert_int_equal(strlen(error.message), QL_ERROR_MESSAGE_BYTES - 1);

    (void)ql_error_prefix(&error, "where: ");
    assert_int_equal(strlen(error.message), QL_ERROR_MESSAGE_BYTES - 1);
    assert_memory_equal(error.message, "where: aaa", 10);

    (void)ql_error_prefix(&error, "%s", text + 1);
    assert_int_equal(strlen(error.message), QL_ERROR_MESSAGE_BYTES - 1);
    assert_memory_equal(error.message, "aaaaaaa", 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_write_fills_message_and_returns_status),
        cmocka_unit_test(error_write_without_error_returns_status),
        cmocka_unit_test(error_prefix_stands_before_the_message),
        cmocka_unit_test(error_prefix_without_error_still_says_failed),
        cmocka_unit_test(error_message_that_is_too_long_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
