// The folder of the tool's data: the order in which places are searched, and error messages.
// Uses: cmocka, POSIX, base.
#include "base/data_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[] = "data_folder_test.XXXXXX";
static char folder[QL_DATA_PATH_BYTES];
static struct ql_error error;

// Creates a file below the test's own folder, with the folders in its path.
static void make_file(const char *path, const char *text)
{
    char whole[256];

    (void)snprintf(whole, sizeof whole, "%s/%s", root, path);
    for (char *slash = strchr(whole + strlen(root) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(whole, 0700);
        *slash = '/';
    }
    FILE *stream = fopen(whole, "w");
    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

static const char *below(const char *path)
{
    static char whole[2][QL_DATA_PATH_BYTES];
    static int turn;

    turn = 1 - turn;
    (void)snprintf(whole[turn], sizeof whole[turn], "%s/%s", root, path);
    return whole[turn];
}

static int set_up(void **state)
{
    (void)state;
    (void)unsetenv("QUILLET_DATA");
    (void)unsetenv("QUILLET_SOURCES");
    return mkdtemp(root) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    char command[64];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -r %s", root);
    return system(command);
}

static void data_folder_is_beside_the_program(void **state)
{
    (void)state;
    make_file("prefix/bin/quillet", "");
    make_file("prefix/share/quillet/emulator/emulate.js", "");
    assert_int_equal(ql_data_folder_find(folder, below("prefix/bin/quillet"), "emulator/emulate.js", &error), QL_OK);
    assert_int_equal(access(folder, X_OK), 0);
    assert_string_equal(folder + strlen(folder) - strlen("/share/quillet"), "/share/quillet");

    // The same prefix in another location.
    assert_int_equal(rename(below("prefix"), below("moved")), 0);
    assert_int_equal(ql_data_folder_find(folder, below("moved/bin/quillet"), "emulator/emulate.js", &error), QL_OK);
}

static void data_folder_of_a_build_is_in_its_list(void **state)
{
    char here[2048], list[4 * sizeof here];

    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    (void)snprintf(list, sizeof list, "relative\n%s/absent\n%s/%s/tree\n%s/%s/build\n", here, here, root, here, root);
    make_file("build/quillet.folders", list);
    make_file("tree/emulator/emulate.js", "");
    make_file("build/english.words", "");
    assert_int_equal(ql_data_folder_find(folder, below("build/quillet"), "emulator/emulate.js", &error), QL_OK);
    assert_string_equal(folder + strlen(folder) - strlen("/tree"), "/tree");
    assert_int_equal(ql_data_folder_find(folder, below("build/quillet"), "english.words", &error), QL_OK);
    assert_string_equal(folder + strlen(folder) - strlen("/build"), "/build");
}

static void data_folder_of_the_environment_comes_first_and_alone(void **state)
{
    (void)state;
    make_file("own/emulator/emulate.js", "");
    assert_int_equal(setenv("QUILLET_SOURCES", below("absent"), 1), 0);
    assert_int_equal(setenv("QUILLET_DATA", below("own"), 1), 0);
    assert_int_equal(ql_data_folder_find(folder, below("moved/bin/quillet"), "emulator/emulate.js", &error), QL_OK);
    assert_string_equal(folder, below("own"));
    assert_int_equal(ql_data_folder_find(folder, NULL, "emulator/emulate.js", &error), QL_OK);

    // The former name, if the current one is empty.
    assert_int_equal(setenv("QUILLET_DATA", "", 1), 0);
    assert_int_equal(ql_data_folder_find(folder, below("moved/bin/quillet"), "emulator/emulate.js", &error),
                     QL_ERROR_SYSTEM);
    assert_non_null(strstr(error.message, "absent/emulator/emulate.js is not there"));
    assert_int_equal(unsetenv("QUILLET_SOURCES"), 0);
    assert_int_equal(unsetenv("QUILLET_DATA"), 0);
}

static void data_folder_that_is_nowhere_is_an_error(void **state)
{
    char long_path[2 * QL_DATA_PATH_BYTES];

    (void)state;
    assert_int_equal(ql_data_folder_find(folder, below("moved/bin/quillet"), "absent.txt", &error), QL_ERROR_SYSTEM);
    assert_non_null(strstr(error.message, "absent.txt is not there"));
    assert_non_null(strstr(error.message, "QUILLET_DATA"));
    assert_int_equal(ql_data_folder_find(folder, NULL, "absent.txt", &error), QL_ERROR_SYSTEM);
    memset(long_path, 'a', sizeof long_path - 1);
    long_path[0] = '/';
    long_path[sizeof long_path - 3] = '/';
    long_path[sizeof long_path - 1] = '\0';
    assert_int_equal(ql_data_folder_find(folder, long_path, "absent.txt", &error), QL_ERROR_SYSTEM);
    assert_int_equal(ql_data_folder_find(folder, below("moved/bin/quillet"), long_path, &error), QL_ERROR_SYSTEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_folder_is_beside_the_program),
        cmocka_unit_test(data_folder_of_a_build_is_in_its_list),
        cmocka_unit_test(data_folder_of_the_environment_comes_first_and_alone),
        cmocka_unit_test(data_folder_that_is_nowhere_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
