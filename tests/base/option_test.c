// Command-line options: spellings, values, ranges, misspellings, the end of options, lists, and the help text.
// Uses: base/option, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/option.h"

enum { ARGUMENT_LIMIT = 16, OPERAND_LIMIT = 2, HELP_WIDTH = 80 };

// One option of each type, and the other results of a parse.
struct parsed {
    bool quiet;
    const char *input;
    int epochs, free_number;
    uint32_t seed;
    double rate;
    const char *operands[OPERAND_LIMIT];
    size_t operand_count;
    struct ql_option table[8];
    struct ql_error error;
};

// Reads the arguments, a NULL-terminated list.
static enum ql_status read_arguments(struct parsed *parsed, const char *const *arguments)
{
    char *argv[ARGUMENT_LIMIT] = {"command"};
    int argc = 1;

    for (; arguments[argc - 1] != NULL; argc++) {
        argv[argc] = (char *)(uintptr_t)arguments[argc - 1]; // read only, though main's argv is not const
    }
    *parsed = (struct parsed){.input = "default.txt", .epochs = 10, .rate = 0.5, .seed = 1};
    const struct ql_option table[8] = {
        {"", QL_OPTION_FLAG, NULL, 0, 0, NULL, "A group", false},
        {"quiet", QL_OPTION_FLAG, &parsed->quiet, 0, 0, NULL, "say nothing", false},
        {"input_file", QL_OPTION_STRING, &parsed->input, 0, 0, "FILE", "the text", false},
        {"max_epochs", QL_OPTION_INT, &parsed->epochs, 1, 100, "N", "passes", false},
        {"free_number", QL_OPTION_INT, &parsed->free_number, 0, 0, "N", "any int", false},
        {"seed", QL_OPTION_UINT32, &parsed->seed, 0, 0, "N", "of everything", false},
        {"rate", QL_OPTION_FLOAT, &parsed->rate, -1, 2.5, "X", "how fast", false},
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    memcpy(parsed->table, table, sizeof table);
    return ql_option_read(parsed->table, argc, argv, parsed->operands, OPERAND_LIMIT, &parsed->operand_count,
                          &parsed->error);
}

#define READ(parsed, ...) read_arguments(parsed, (const char *const[]){__VA_ARGS__, NULL})

#define assert_usage_error(parsed, part, ...)                              \
    do {                                                                   \
        assert_int_equal(READ(parsed, __VA_ARGS__), QL_ERROR_USAGE);       \
        if (strstr((parsed)->error.message, part) == NULL) {               \
            fail_msg("'%s' is not in: %s", part, (parsed)->error.message); \
        }                                                                  \
    } while (0)

static void option_in_every_spelling_sets_the_same(void **state)
{
    (void)state;
    static const char *const spellings[][3] = {
        {"--max_epochs", "7", NULL}, {"--max_epochs=7", NULL}, {"--max-epochs", "7", NULL}, {"--max-epochs=7", NULL}};

    for (size_t i = 0; i < 4; i++) {
        struct parsed parsed;
        assert_int_equal(read_arguments(&parsed, spellings[i]), QL_OK);
        assert_int_equal(parsed.epochs, 7);
        assert_true(ql_option_find(parsed.table, "max_epochs")->given);
        assert_false(ql_option_find(parsed.table, "seed")->given);
    }
}

static void option_not_given_keeps_its_default(void **state)
{
    (void)state;
    struct parsed parsed;

    assert_int_equal(READ(&parsed, "--quiet"), QL_OK);
    assert_true(parsed.quiet);
    assert_string_equal(parsed.input, "default.txt");
    assert_int_equal(parsed.epochs, 10);
    assert_true(parsed.rate == 0.5);
    assert_int_equal(parsed.operand_count, 0);
}

static void option_given_twice_takes_the_last(void **state)
{
    (void)state;
    struct parsed parsed;

    assert_int_equal(READ(&parsed, "--seed", "3", "--seed=4294967295", "--quiet", "--no_quiet"), QL_OK);
    assert_int_equal(parsed.seed, UINT32_MAX);
    assert_false(parsed.quiet);
}

static void option_flag_is_switched_off_by_no(void **state)
{
    (void)state;
    struct parsed parsed;

    assert_int_equal(READ(&parsed, "--quiet", "--no-quiet"), QL_OK);
    assert_false(parsed.quiet);
    assert_usage_error(&parsed, "no option --no_seed", "--no_seed");
    assert_usage_error(&parsed, "takes no value", "--quiet=yes");
    assert_usage_error(&parsed, "takes no value", "--no_quiet=yes");
}

static void option_numbers_at_their_limits_are_taken(void **state)
{
    (void)state;
    struct parsed parsed;

    assert_int_equal(READ(&parsed, "--max_epochs", "1", "--rate", "-1", "--seed", "0"), QL_OK);
    assert_true(parsed.epochs == 1 && parsed.rate == -1.0 && parsed.seed == 0);
    assert_int_equal(READ(&parsed, "--max_epochs=100", "--rate=2.5", "--free_number=-2147483648"), QL_OK);
    assert_true(parsed.epochs == 100 && parsed.rate == 2.5 && parsed.free_number == INT32_MIN);
    assert_int_equal(READ(&parsed, "--rate", "25e-1"), QL_OK);
}

static void option_numbers_out_of_range_name_the_range(void **state)
{
    (void)state;
    struct parsed parsed;

    assert_usage_error(&parsed, "--max-epochs 0: must be from 1 to 100", "--max_epochs", "0");
    assert_usage_error(&parsed, "must be from 1 to 100", "--max_epochs=101");
    assert_usage_error(&parsed, "must be from 1 to 100", "--max_epochs=99999999999999999999");
    assert_usage_error(&parsed, "must be from 1 to 100", "--max_epochs=-99999999999999999999");
    assert_usage_error(&parsed, "must be from -1 to 2.5", "--rate=2.6");
    assert_usage_error(&parsed, "must be from 0 to 4294967295", "--seed=4294967296");
    assert_usage_error(&parsed, "must be from 0 to 4294967295", "--seed=-1");
    assert_usage_error(&parsed, "--free-number 2147483648: is too large", "--free_number=2147483648");
}

static void option_values_that_are_no_numbers_are_errors(void **state)
{
    (void)state;
    static const char *const whole[] = {"", " ", "7x", "x", "1.5", "0x10", "1e2", "--", "nan"};
    static const char *const real[] = {"", "1,5", "nan", "inf", "-inf", "1e999", "1.5x", "."};
    struct parsed parsed;

    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        char argument[64];
        (void)snprintf(argument, sizeof argument, "--max_epochs=%s", whole[i]);
        assert_usage_error(&parsed, "is not a whole number", argument);
    }
    for (size_t i = 0; i < sizeof real / sizeof real[0]; i++) {
        char argument[64];
        (void)snprintf(argument, sizeof argument, "--rate=%s", real[i]);
        assert_usage_error(&parsed, "is not a number", argument);
    }
}

static void option_misspelt_suggests_the_nearest(void **state)
{
    (void)state;
    struct parsed parsed;

    assert_usage_error(&parsed, "there is no option --max_epoch; did you mean --max-epochs?", "--max_epoch=3");
    assert_usage_error(&parsed, "did you mean --input-file?", "--input-fiel", "x");
    assert_usage_error(&parsed, "did you mean --seed?", "--sed", "1");
    assert_usage_error(&parsed, "did you mean --quiet?", "--queit");
    assert_usage_error(&parsed, "--help lists the options", "--xyz");
    assert_usage_error(&parsed, "--help lists the options", "--temperature=3");
}

static void option_that_is_none_is_an_error(void **state)
{
    (void)state;
    struct parsed parsed;
    char name[300];

    assert_usage_error(&parsed, "is not an option", "--=3");
    assert_usage_error(&parsed, "spelled out, with two dashes", "-q");
    memset(name, 'a', sizeof name - 1);
    name[0] = name[1] = '-';
    name[sizeof name - 1] = '\0';
    assert_usage_error(&parsed, "is not an option", name);
    name[65] = '\0'; // the longest name that is compared
    assert_usage_error(&parsed, "there is no option", name);
}

static void option_without_its_value_is_an_error(void **state)
{
    (void)state;
    struct parsed parsed;

    assert_usage_error(&parsed, "--input-file: needs a value (FILE)", "--input_file");
    assert_usage_error(&parsed, "--input-file: needs a value (FILE); if --quiet is meant", "--input_file", "--quiet");
    assert_usage_error(&parsed, "--max-epochs: needs a value (N)", "--quiet", "--max_epochs");
}

static void option_value_may_be_empty_or_begin_with_dashes_behind_an_equals_sign(void **state)
{
    (void)state;
    struct parsed parsed;

    assert_int_equal(READ(&parsed, "--input_file="), QL_OK);
    assert_string_equal(parsed.input, "");
    assert_int_equal(READ(&parsed, "--input_file=--quiet"), QL_OK);
    assert_string_equal(parsed.input, "--quiet");
    assert_int_equal(READ(&parsed, "--input_file=a=b"), QL_OK);
    assert_string_equal(parsed.input, "a=b");
    assert_int_equal(READ(&parsed, "--input_file", "-"), QL_OK);
    assert_string_equal(parsed.input, "-");
}

static void option_end_makes_the_rest_operands(void **state)
{
    (void)state;
    struct parsed parsed;

    assert_int_equal(READ(&parsed, "one", "--quiet", "--", "--seed"), QL_OK);
    assert_int_equal(parsed.operand_count, 2);
    assert_string_equal(parsed.operands[0], "one");
    assert_string_equal(parsed.operands[1], "--seed");
    assert_int_equal(READ(&parsed, "--", "--"), QL_OK);
    assert_int_equal(parsed.operand_count, 1);
    assert_string_equal(parsed.operands[0], "--");
    assert_int_equal(READ(&parsed, "-"), QL_OK);
    assert_string_equal(parsed.operands[0], "-");
}

static void option_operands_beyond_the_limit_are_an_error(void **state)
{
    (void)state;
    struct parsed parsed;
    char *argv[] = {"command", "file"};

    assert_usage_error(&parsed, "three: is an unexpected argument", "one", "two", "three");
    assert_int_equal(ql_option_read(parsed.table, 2, argv, NULL, 0, NULL, &parsed.error), QL_ERROR_USAGE);
    assert_non_null(strstr(parsed.error.message, "options only"));
}

static void option_without_arguments_changes_nothing(void **state)
{
    (void)state;
    struct parsed parsed;

    assert_int_equal(read_arguments(&parsed, (const char *const[]){NULL}), QL_OK);
    assert_int_equal(parsed.epochs, 10);
}

static void option_list_reads_numbers_between_commas(void **state)
{
    (void)state;
    double values[4];
    size_t count;
    struct ql_error error;

    assert_int_equal(ql_option_read_list(values, 4, &count, "0.3,0.6,-1e2", "t", &error), QL_OK);
    assert_int_equal(count, 3);
    assert_true(values[0] == 0.3 && values[1] == 0.6 && values[2] == -100.0);
    assert_int_equal(ql_option_read_list(values, 4, &count, "5", "t", &error), QL_OK);
    assert_int_equal(count, 1);
    assert_int_equal(ql_option_read_list(values, 4, &count, "1,2,3,4", "t", &error), QL_OK);
    assert_int_equal(count, 4);
}

static void option_list_with_a_fault_names_option_and_text(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", ",", "1,", ",1", "1,,2", "1;2", "1 2", "1,x", "nan", "1,inf", "1.2.3"};
    double values[4];
    size_t count;
    struct ql_error error;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(ql_option_read_list(values, 4, &count, wrong[i], "temperature", &error), QL_ERROR_USAGE);
        assert_non_null(strstr(error.message, "--temperature "));
    }
    assert_int_equal(ql_option_read_list(values, 4, &count, "1,2,3,4,5", "t", &error), QL_ERROR_USAGE);
    assert_non_null(strstr(error.message, "at most 4"));
}

static void option_help_fits_and_shows_defaults(void **state)
{
    (void)state;
    struct parsed parsed;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    const char *word = "a_word_that_is_wider_than_the_column_of_the_help_has_room_for_at_all_in_80_columns";
    struct ql_option table[] = {
        {"a_name_that_reaches_into_the_help", QL_OPTION_FLAG, &parsed.quiet, 0, 0, "VALUE", "one two", false},
        {"long", QL_OPTION_FLAG, &parsed.quiet, 0, 0, NULL, word, false},
        {"many", QL_OPTION_FLAG, &parsed.quiet, 0, 0, NULL,
         "words and words and words and words and words and words and words and words and words", false},
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };

    assert_int_equal(READ(&parsed, "--quiet"), QL_OK);
    ql_option_write_help(parsed.table, stream);
    ql_option_write_help(table, stream);
    assert_int_equal(fclose(stream), 0);
    assert_non_null(strstr(text, "\nA group\n"));
    assert_non_null(strstr(text, "  --input-file FILE         the text (default.txt)\n"));
    assert_non_null(strstr(text, "passes (10)\n"));
    assert_non_null(strstr(text, "how fast (0.5)\n"));
    assert_non_null(strstr(text, "  --quiet                   say nothing\n"));
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        assert_true(length <= HELP_WIDTH);
        line += length + 1;
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(option_in_every_spelling_sets_the_same),
        cmocka_unit_test(option_not_given_keeps_its_default),
        cmocka_unit_test(option_given_twice_takes_the_last),
        cmocka_unit_test(option_flag_is_switched_off_by_no),
        cmocka_unit_test(option_numbers_at_their_limits_are_taken),
        cmocka_unit_test(option_numbers_out_of_range_name_the_range),
        cmocka_unit_test(option_values_that_are_no_numbers_are_errors),
        cmocka_unit_test(option_misspelt_suggests_the_nearest),
        cmocka_unit_test(option_that_is_none_is_an_error),
        cmocka_unit_test(option_without_its_value_is_an_error),
        cmocka_unit_test(option_value_may_be_empty_or_begin_with_dashes_behind_an_equals_sign),
        cmocka_unit_test(option_end_makes_the_rest_operands),
        cmocka_unit_test(option_operands_beyond_the_limit_are_an_error),
        cmocka_unit_test(option_without_arguments_changes_nothing),
        cmocka_unit_test(option_list_reads_numbers_between_commas),
        cmocka_unit_test(option_list_with_a_fault_names_option_and_text),
        cmocka_unit_test(option_help_fits_and_shows_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
