// The system functions: the same contract for system_linux.c and system_posix.c, each in its own program.
// Uses: cmocka, POSIX, base.
#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { ANSWER = 42 }; // the exit status of this program when it is started by itself

static const char *argv_0;

static void system_has_a_processor_and_memory(void **state)
{
    (void)state;
    assert_true(ql_system_processors() >= 1);
    assert_true(ql_system_memory_bytes() == 0.0 || ql_system_memory_bytes() > 1e6);
}

static void system_random_bytes_differ(void **state)
{
    unsigned char first[64] = {0}, second[64] = {0}, guarded[4] = {1, 2, 3, 4};

    (void)state;
    assert_true(ql_system_random(first, sizeof first));
    assert_true(ql_system_random(second, sizeof second));
    assert_memory_not_equal(first, second, sizeof first);
    assert_true(ql_system_random(guarded + 1, 0));
    assert_true(guarded[0] == 1 && guarded[1] == 2 && guarded[3] == 4);
}

static void system_pipe_is_closed_in_other_programs(void **state)
{
    int ends[2];
    char byte = 0;

    (void)state;
    assert_true(ql_system_pipe(ends));
    for (int k = 0; k < 2; k++) {
        assert_int_equal(fcntl(ends[k], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    }
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(byte, 'x');
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void system_pipe_without_descriptors_is_an_error(void **state)
{
    struct rlimit limit, none;
    int ends[2] = {-1, -1};

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    errno = 0;
    const bool opened = ql_system_pipe(ends);
    const int reason = errno;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_false(opened);
    assert_int_equal(reason, EMFILE);
    assert_true(ends[0] == -1 && ends[1] == -1);
}

static void system_sync_tells_success_and_failure(void **state)
{
    FILE *file = tmpfile();
    int ends[2];

    (void)state;
    assert_non_null(file);
    assert_true(ql_system_sync(fileno(file)));
    (void)fclose(file);
    assert_true(ql_system_pipe(ends));
    assert_false(ql_system_sync(ends[1]));
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void system_change_time_is_that_which_was_set(void **state)
{
    const struct timespec times[] = {{.tv_sec = 1000, .tv_nsec = 1}, {.tv_sec = 1234567890, .tv_nsec = 987654000}};
    FILE *file = tmpfile();
    struct stat info;

    (void)state;
    assert_non_null(file);
    assert_int_equal(futimens(fileno(file), times), 0);
    assert_int_equal(fstat(fileno(file), &info), 0);
    assert_int_equal(ql_system_change_time(&info).tv_sec, 1234567890);
    assert_int_equal(ql_system_change_time(&info).tv_nsec, 987654000);
    (void)fclose(file);
}

static void system_descriptor_can_be_opened_again(void **state)
{
    FILE *file = tmpfile();
    char path[64], content[8] = {0};

    (void)state;
    assert_non_null(file);
    assert_true(fputs("again", file) >= 0 && fflush(file) == 0);
    assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0); // on macOS both share one place
    ql_system_descriptor_path(path, sizeof path, fileno(file));
    const int again = open(path, O_RDONLY);
    assert_true(again >= 0);
    assert_int_equal(read(again, content, sizeof content), 5);
    assert_string_equal(content, "again");
    (void)close(again);
    (void)fclose(file);
}

static void system_program_starts_itself(void **state)
{
    extern char **environ;
    char *const argv[] = {"system_test", "answer", NULL};
    pid_t child;
    int status;

    (void)state;
    assert_int_equal(posix_spawnp(&child, ql_system_program(argv_0), NULL, NULL, argv, environ), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), ANSWER);
}

static void system_program_path_is_absolute(void **state)
{
    char path[4096], small[4];

    (void)state;
    assert_true(ql_system_program_path(path, sizeof path, argv_0));
    assert_int_equal(path[0], '/');
    assert_int_equal(access(path, X_OK), 0);
    assert_false(ql_system_program_path(small, sizeof small, argv_0));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(system_has_a_processor_and_memory),
        cmocka_unit_test(system_random_bytes_differ),
        cmocka_unit_test(system_pipe_is_closed_in_other_programs),
        cmocka_unit_test(system_pipe_without_descriptors_is_an_error),
        cmocka_unit_test(system_sync_tells_success_and_failure),
        cmocka_unit_test(system_change_time_is_that_which_was_set),
        cmocka_unit_test(system_descriptor_can_be_opened_again),
        cmocka_unit_test(system_program_starts_itself),
        cmocka_unit_test(system_program_path_is_absolute),
    };

    if (argc > 1 && strcmp(argv[1], "answer") == 0) {
        return ANSWER;
    }
    argv_0 = argv[0];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
