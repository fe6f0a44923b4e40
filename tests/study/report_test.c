// The report of the example in examples/study/: the committed files follow from its counts, to the byte. And single
// sentences of a report.
// Uses: jansson, study/{pair_test,report,report_text}, base/file, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/file.h"
#include "study/pair_test.h"
#include "study/report.h"
#include "study/report_text.h"

static const char example[] = QL_SOURCE_DIR "/examples/study";
static const char folder[] = "report_test";

static void check_same(const char *name)
{
    char path[200], other[sizeof QL_SOURCE_DIR + 200];
    struct ql_file_view here, there;
    struct ql_error error;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)snprintf(other, sizeof other, "%s/%s", example, name);
    assert_int_equal(ql_file_open(&here, path, &error), QL_OK);
    assert_int_equal(ql_file_open(&there, other, &error), QL_OK);
    assert_int_equal(here.size_bytes, there.size_bytes);
    assert_memory_equal(here.data, there.data, there.size_bytes);
    ql_file_close(&here);
    ql_file_close(&there);
}

static void report_of_the_example_gives_its_files(void **state)
{
    static const char *const names[] = {
        "study.json",          "study.md", "study.html", "pictures/copied.svg", "pictures/pattern_1.svg",
        "pictures/lengths.svg"};
    char path[sizeof example + 40];
    struct ql_error error;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/study.json", example);
    json_t *study = json_load_file(path, 0, NULL);
    assert_non_null(study);
    assert_int_equal(ql_folder_init(folder, &error), QL_OK);
    assert_int_equal(ql_report_save(study, folder, NULL, 0, &error), QL_OK);
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        check_same(names[k]);
    }
    json_decref(study);
}

// Adds an item with `symbols` symbols in repeated words. Each length is given once to a side, so that it makes one pair.
static void add_item(struct ql_pair_side *side, size_t length, size_t symbols)
{
    const struct ql_item_traits traits = {.symbols = length, .repeated_symbols = symbols};
    struct ql_error error;

    assert_int_equal(ql_pair_side_add(side, &traits, &error), QL_OK);
}

// In 30 pairs the second model has one to three symbols more, in four the first model has forty more: the ranks are with
// the second model, the mean is with the first. The test is one of ranks, and so is what follows from it.
static void a_pair_is_decided_by_the_test_and_not_by_the_mean(void **state)
{
    struct ql_pair_side sides[2] = {{0}};
    struct ql_error error;
    json_t *results;
    char text[2][400];

    (void)state;
    for (size_t k = 0; k < 34; k++) {
        add_item(&sides[0], 100 + k, k < 30 ? 0 : 40 + k - 30);
        add_item(&sides[1], 100 + k, k < 30 ? 1 + k % 3 : 0);
    }
    for (int k = 0; k < 2; k++) {
        assert_int_equal(ql_pair_test_run(&results, &sides[k], &sides[1 - k], &error), QL_OK);
        const json_t *repeated = json_array_get(results, QL_PAIR_REPEATED);
        const double mean = json_real_value(json_object_get(repeated, "mean_difference"));
        const double effect = json_real_value(json_object_get(repeated, "effect"));
        assert_true(k == 0 ? mean > 0.0 && effect < 0.0 : mean < 0.0 && effect > 0.0);
        ql_report_write_pair(repeated, text[k], sizeof text[k]);
        json_decref(results);
    }
    assert_non_null(strstr(text[0], "the second model tends to have more"));
    assert_non_null(strstr(text[1], "the first model tends to have more"));
    ql_pair_side_free(&sides[0]);
    ql_pair_side_free(&sides[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(report_of_the_example_gives_its_files),
        cmocka_unit_test(a_pair_is_decided_by_the_test_and_not_by_the_mean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
