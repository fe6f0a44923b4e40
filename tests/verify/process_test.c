// Other programs: their answers, and the messages about those that fail, crash, or stay silent.
// Uses: verify/process, sh.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "verify/process.h"

#define SHELL(script) ((const char *const[]){"sh", "-c", script, NULL})

static void process_that_ends_well_is_no_error(void **state)
{
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_process_run(SHELL("echo noise; echo more >&2"), &error), QL_OK);
}

static void process_failure_is_told_in_its_own_words(void **state)
{
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_process_run(SHELL("echo file.c: no such type >&2; exit 3"), &error), QL_ERROR_INPUT);
    assert_string_equal(error.message, "sh ended with status 3: file.c: no such type");
    assert_int_equal(ql_process_run(SHELL("kill -SEGV $$"), &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "signal 11"));
}

static void process_program_that_is_not_there_is_an_error(void **state)
{
    const char *const argv[] = {"there-is-no-such-program", NULL};
    struct ql_process process = {0};
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_process_run(argv, &error), QL_ERROR_MISSING);
    assert_non_null(strstr(error.message, argv[0]));
    assert_int_equal(ql_process_open(&process, argv, &error), QL_ERROR_MISSING);
    assert_false(ql_process_check(argv[0]));
    assert_false(ql_process_check("/there/is/no/such/program"));
    assert_true(ql_process_check("sh"));
    ql_process_close(&process);
}

static void process_answers_line_by_line(void **state)
{
    struct ql_process process = {0};
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_process_open(&process, SHELL("while read -r line; do echo \"<$line>\"; done"), &error), QL_OK);
    assert_int_equal(ql_process_step(&process, "one", &error), QL_OK);
    assert_string_equal(process.line, "<one>");
    assert_int_equal(ql_process_step(&process, "", &error), QL_OK);
    assert_string_equal(process.line, "<>");
    ql_process_close(&process);
}

static void process_that_dies_is_reported_with_its_last_words(void **state)
{
    struct ql_process process = {0};
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_process_open(&process, SHELL("read -r line; echo out of paper >&2; exit 7"), &error), QL_OK);
    assert_int_equal(ql_process_step(&process, "print", &error), QL_ERROR_INPUT);
    assert_string_equal(error.message, "the program ended with status 7: out of paper");
    ql_process_close(&process);

    assert_int_equal(ql_process_open(&process, SHELL("read -r line; kill -SEGV $$"), &error), QL_OK);
    assert_int_equal(ql_process_step(&process, "crash", &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "signal 11"));
    ql_process_close(&process);
}

static void process_that_never_reads_is_reported(void **state)
{
    struct ql_process process = {0};
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_process_open(&process, SHELL("exit 0"), &error), QL_OK);
    assert_int_equal(ql_process_step(&process, "anybody there?", &error), QL_ERROR_INPUT);
    ql_process_close(&process);
}

static void process_that_keeps_silent_is_given_up(void **state)
{
    struct ql_process process = {.patience_ms = 100};
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_process_open(&process, SHELL("exec sleep 100"), &error), QL_OK);
    assert_int_equal(ql_process_step(&process, "hello", &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "no answer"));
    ql_process_close(&process);
}

static void process_that_begins_an_answer_and_hangs_is_given_up(void **state)
{
    struct ql_process process = {.patience_ms = 100};
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_process_open(&process, SHELL("read -r line; printf x; exec sleep 10"), &error), QL_OK);
    assert_int_equal(ql_process_step(&process, "hello", &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "no answer"));
    ql_process_close(&process);
}

// One that would never end its line: this one ends, so that a fault costs no more than 20 MB.
static void process_that_never_ends_its_line_is_given_up(void **state)
{
    struct ql_process process = {.patience_ms = 10000, .answer_bytes = 1000000};
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_process_open(&process, SHELL("head -c 20000000 /dev/zero"), &error), QL_OK);
    assert_int_equal(ql_process_step(&process, "hello", &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "more than 1000000 bytes"));
    ql_process_close(&process);
}

static char *make_request(size_t size)
{
    char *request = test_malloc(size + 1);

    memset(request, 'a', size);
    request[size] = '\0';
    return request;
}

// More than a pipe holds.
enum { LONG_BYTES = 1000000 };

static void process_that_does_not_read_on_is_given_up(void **state)
{
    struct ql_process process = {.patience_ms = 100};
    char *request = make_request(LONG_BYTES);
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_process_open(&process, SHELL("exec sleep 10"), &error), QL_OK);
    assert_int_equal(ql_process_step(&process, request, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "no answer"));
    ql_process_close(&process);
    test_free(request);
}

static void process_takes_and_gives_long_lines(void **state)
{
    struct ql_process process = {.patience_ms = 10000};
    char *request = make_request(LONG_BYTES);
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_process_open(&process, SHELL("exec cat"), &error), QL_OK);
    for (int k = 0; k < 3; k++) {
        const char *const line = k == 1 ? "short" : request;
        assert_int_equal(ql_process_step(&process, line, &error), QL_OK);
        assert_string_equal(process.line, line);
    }
    ql_process_close(&process);
    test_free(request);
}

// An answer may take longer than the timeout as a whole, as that of a long text does.
static void process_that_answers_bit_by_bit_is_waited_for(void **state)
{
    struct ql_process process = {.patience_ms = 1500};
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_process_open(&process, SHELL("for k in 1 2 3 4; do printf $k; sleep 0.5; done; echo"), &error),
                     QL_OK);
    assert_int_equal(ql_process_step(&process, "count", &error), QL_OK);
    assert_string_equal(process.line, "1234");
    ql_process_close(&process);
}

static void process_that_answers_twice_is_read_twice(void **state)
{
    struct ql_process process = {.patience_ms = 10000};
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_process_open(&process, SHELL("read -r line; printf 'one\\ntwo\\nrest'"), &error), QL_OK);
    assert_int_equal(ql_process_step(&process, "", &error), QL_OK);
    assert_string_equal(process.line, "one");
    assert_int_equal(ql_process_step(&process, "", &error), QL_OK);
    assert_string_equal(process.line, "two");
    assert_int_equal(ql_process_step(&process, "", &error), QL_OK);
    assert_string_equal(process.line, "rest");
    assert_int_equal(ql_process_step(&process, "", &error), QL_ERROR_INPUT);
    ql_process_close(&process);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(process_that_ends_well_is_no_error),
        cmocka_unit_test(process_failure_is_told_in_its_own_words),
        cmocka_unit_test(process_program_that_is_not_there_is_an_error),
        cmocka_unit_test(process_answers_line_by_line),
        cmocka_unit_test(process_that_dies_is_reported_with_its_last_words),
        cmocka_unit_test(process_that_never_reads_is_reported),
        cmocka_unit_test(process_that_keeps_silent_is_given_up),
        cmocka_unit_test(process_that_begins_an_answer_and_hangs_is_given_up),
        cmocka_unit_test(process_that_never_ends_its_line_is_given_up),
        cmocka_unit_test(process_that_does_not_read_on_is_given_up),
        cmocka_unit_test(process_takes_and_gives_long_lines),
        cmocka_unit_test(process_that_answers_bit_by_bit_is_waited_for),
        cmocka_unit_test(process_that_answers_twice_is_read_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
