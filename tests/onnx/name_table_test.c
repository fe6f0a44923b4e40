// The table of names: the newest entry of a name counts, undone entries are gone, and the work per entry does not grow.
// Uses: onnx/name_table.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "onnx/name_table.h"

enum { NAMES = 3000, NAME_BYTES = 32 };

static char names[NAMES][NAME_BYTES];

static void fill(struct ql_name_table *table, int count)
{
    for (int k = table->count; k < count; k++) {
        (void)snprintf(names[k], NAME_BYTES, "name_%d", k);
        assert_true(ql_name_table_add(table, names[k], k));
    }
}

static void every_name_is_found_and_no_other(void **state)
{
    struct ql_name_table table = {0};

    (void)state;
    assert_int_equal(ql_name_table_find(&table, "name_0"), -1);
    fill(&table, NAMES);
    for (int k = 0; k < NAMES; k++) {
        char name[NAME_BYTES];
        (void)snprintf(name, sizeof name, "name_%d", k);
        assert_int_equal(ql_name_table_find(&table, name), k);
    }
    assert_int_equal(ql_name_table_find(&table, ""), -1);
    assert_int_equal(ql_name_table_find(&table, "name_3000"), -1);
    assert_in_range(table.compared, NAMES, 4 * NAMES);
    ql_name_table_free(&table);
}

static void newest_of_one_name_counts_until_it_is_taken_back(void **state)
{
    struct ql_name_table table = {0};

    (void)state;
    fill(&table, 20);
    assert_true(ql_name_table_add(&table, "name_7", 100));
    fill(&table, 1000);
    assert_int_equal(ql_name_table_find(&table, "name_7"), 100);
    ql_name_table_cut(&table, 20);
    assert_int_equal(ql_name_table_find(&table, "name_7"), 7);
    assert_int_equal(ql_name_table_find(&table, "name_20"), -1);
    fill(&table, 21);
    assert_int_equal(ql_name_table_find(&table, "name_20"), 20);
    ql_name_table_cut(&table, 0);
    assert_int_equal(ql_name_table_find(&table, "name_7"), -1);
    ql_name_table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_is_found_and_no_other),
        cmocka_unit_test(newest_of_one_name_counts_until_it_is_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
