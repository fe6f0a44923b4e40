// The report of the example in examples/study/: the committed files follow from its counts, to the byte.
// Uses: jansson, study/report, base/file, cmocka.
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
#include "study/report.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(report_of_the_example_gives_its_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
