// Files that change together: a set is old or new as a whole, whatever fails, and wherever the process is killed; and a
// list that somebody else has put into a folder has no effect. Works in a new folder below the current one.
// Uses: base/{file,file_set,sha256}, POSIX, cmocka.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/file_set.h"
#include "base/sha256.h"

static char folder[] = "file_set_test.XXXXXX";

static int enter_new_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL || chdir(folder) != 0 ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[sizeof folder + 16];

    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return chdir("..") != 0 || system(command) != 0 ? -1 : 0;
}

static void assert_content(const char *path, const char *expected)
{
    struct ql_file_view view;
    struct ql_error error;

    if (ql_file_open(&view, path, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    if (view.size_bytes != strlen(expected) || memcmp(view.data, expected, view.size_bytes) != 0) {
        fail_msg("%s: '%.*s' is not '%s'", path, (int)view.size_bytes, (const char *)view.data, expected);
    }
    ql_file_close(&view);
}

static void save(const char *path, const char *text)
{
    assert_int_equal(ql_file_save(path, text, strlen(text), NULL), QL_OK);
}

// Writes `text` to all three names at once.
static enum ql_status save_three(const char *const names[3], const char *text, struct ql_error *error)
{
    struct ql_file_writer writers[3] = {{0}};

    for (int i = 0; i < 3; i++) {
        if (ql_file_writer_open(&writers[i], names[i], error) != QL_OK) {
            for (int k = 0; k < i; k++) {
                ql_file_writer_reset(&writers[k]);
            }
            return error->status;
        }
        (void)fputs(text, writers[i].stream);
    }
    return ql_file_writers_close(writers, 3, error);
}

static void set_is_saved_and_leaves_nothing_else(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "sub/b", "c"};
    struct ql_error error;

    assert_int_equal(mkdir("sub", 0777), 0);
    assert_int_equal(save_three(names, "one", &error), QL_OK);
    assert_int_equal(save_three(names, "two", &error), QL_OK);
    for (int i = 0; i < 3; i++) {
        assert_content(names[i], "two");
    }
    assert_int_equal(access(".quillet-set", F_OK), -1);
    assert_int_equal(system("test \"$(ls -A . sub | grep -c quillet)\" = 0"), 0);
}

// A rename that fails is the last step of three here.
static void set_with_a_name_that_cannot_be_replaced_keeps_all(void **state)
{
    (void)state;
    struct ql_file_writer writers[3];
    static const char *const names[] = {"k1", "k2", "k3"};
    struct ql_error error;

    save("k1", "old");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ql_file_writer_open(&writers[i], names[i], &error), QL_OK);
        (void)fputs("new", writers[i].stream);
    }
    assert_int_equal(mkdir("k3", 0777), 0); // meanwhile
    assert_int_equal(ql_file_writers_close(writers, 3, &error), QL_ERROR_SYSTEM);
    assert_non_null(strstr(error.message, "k3: cannot replace"));
    assert_content("k1", "old");
    assert_int_equal(access("k2", F_OK), -1);
    assert_int_equal(access(".quillet-set", F_OK), -1);
    assert_int_equal(system("test \"$(ls -A | grep -c quillet)\" = 0"), 0);
}

// Writes a list as left by a killed process: complete, with none of its renames done.
static void write_list(const char *path, const char *const *names, size_t count)
{
    char text[1000] = "quillet set 1\n", sha256[QL_SHA256_TEXT_BYTES];
    size_t size = strlen(text);

    for (size_t i = 0; i < count; i++) {
        memcpy(text + size, names[i], strlen(names[i]) + 1);
        size += strlen(names[i]) + 1;
    }
    ql_sha256_write(sha256, text, size);
    memcpy(text + size, sha256, sizeof sha256 - 1);
    FILE *list = fopen(path, "w");
    assert_non_null(list);
    assert_int_equal(fwrite(text, 1, size + sizeof sha256 - 1, list), size + sizeof sha256 - 1);
    assert_int_equal(fclose(list), 0);
}

static void write_plain(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

// The renames of a process, counted: from `fail_at` on, as many fail as `fail_count` says, and the process is killed
// before the one of number `kill_at`. A number of 0 is never reached.
static struct {
    int calls, fail_at, fail_count, kill_at;
} renames;

// These take the place of the C library's functions. A sync matters only where the power fails, and takes most of the
// time of hundreds of changes.
int fsync(int descriptor)
{
    return fcntl(descriptor, F_GETFD) < 0 ? -1 : 0;
}

int rename(const char *from, const char *to)
{
    renames.calls++;
    if (renames.calls == renames.kill_at) {
        (void)raise(SIGKILL);
    }
    if (renames.fail_at > 0 && renames.calls >= renames.fail_at &&
        renames.calls < renames.fail_at + renames.fail_count) {
        errno = EIO;
        return -1;
    }
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

// Fails unless the names are all old, where the third does not exist, or all new.
static void assert_one_set(const char *when)
{
    struct ql_file_view view;
    const bool third = ql_file_open(&view, "pairs/c", NULL) == QL_OK;
    char text[4] = "";

    ql_file_close(&view);
    for (int i = 0; i < 2 + third; i++) {
        static const char *const names[] = {"pairs/a", "pairs/b", "pairs/c"};
        const bool there = ql_file_open(&view, names[i], NULL) == QL_OK;
        (void)snprintf(text, sizeof text, "%.*s", (int)view.size_bytes, there ? (const char *)view.data : "");
        ql_file_close(&view);
        if (strcmp(text, third ? "new" : "old") != 0) {
            fail_msg("renames fail from %d on, %d of them, and a kill at %d: %s is '%s' %s", renames.fail_at,
                     renames.fail_count, renames.kill_at, names[i], text, when);
        }
    }
}

// Changes a set in a new process, with these failures. Returns what it has got, or -1 if it was killed.
static int change_in_a_process(void)
{
    static const char *const names[] = {"pairs/a", "pairs/b", "pairs/c"};
    const pid_t child = fork();
    int result;

    if (child == 0) {
        renames.calls = 0;
        _exit((int)save_three(names, "new", &(struct ql_error){0}));
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
}

// A save by another process, whose renames succeed.
static void save_another_file(void)
{
    const pid_t child = fork();

    if (child == 0) {
        renames.fail_at = renames.kill_at = 0;
        _exit(ql_file_save("pairs/other", "x", 1, NULL) != QL_OK);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
}

static int count_entries(const char *path)
{
    DIR *entries = opendir(path);
    int count = -2; // the folder itself, and the one above

    assert_non_null(entries);
    while (readdir(entries) != NULL) {
        count++;
    }
    assert_int_equal(closedir(entries), 0);
    return count;
}

static void set_is_old_or_new_for_each_failure_and_each_kill(void **state)
{
    (void)state;
    enum { CALLS = 6, UNDO = 6 };

    for (int count = 0; count <= 3; count++) {
        for (int pair = 0; pair < (count == 0 ? 1 : CALLS) * (CALLS + UNDO + 1); pair++) {
            renames.fail_at = count == 0 ? 0 : 1 + pair % CALLS;
            renames.fail_count = count;
            renames.kill_at = count == 0 ? pair : pair / CALLS;
            if (renames.kill_at > 0 && renames.kill_at <= renames.fail_at) {
                continue; // no rename fails before the kill
            }
            assert_int_equal(mkdir("pairs", 0777), 0);
            write_plain("pairs/a", "old");
            write_plain("pairs/b", "old");
            const int status = change_in_a_process();
            assert_one_set("at first");
            if (status == QL_ERROR_SYSTEM && count == 1) {
                assert_int_equal(count_entries("pairs"), 2);
            }
            save_another_file();
            assert_one_set("after the next save");
            assert_int_equal(count_entries("pairs"), access("pairs/c", F_OK) == 0 ? 4 : 3);
            assert_int_equal(unlink("pairs/a") | unlink("pairs/b") | unlink("pairs/other"), 0);
            (void)unlink("pairs/c");
            assert_int_equal(rmdir("pairs"), 0);
        }
    }
    renames.fail_at = renames.kill_at = 0;
}

static void set_left_unfinished_is_read_as_new_and_finished_by_the_next_save(void **state)
{
    (void)state;
    static const char *const names[] = {".quillet-1-1.partial", "m", ".quillet-1-2.partial", "n"};

    assert_int_equal(mkdir("left", 0777), 0);
    write_plain("left/m", "old m");
    write_plain("left/n", "new n"); // its rename was done
    write_plain("left/.quillet-1-1.partial", "new m");
    write_list("left/.quillet-set", names, 4);
    assert_content("left/m", "new m");
    assert_content("left/n", "new n");
    save("left/other", "x");
    assert_int_equal(access("left/.quillet-set", F_OK), -1);
    assert_int_equal(access("left/.quillet-1-1.partial", F_OK), -1);
    assert_content("left/m", "new m");
    assert_content("left/n", "new n");
}

static void list_that_is_cut_short_is_ignored(void **state)
{
    (void)state;
    static const char *const names[] = {".quillet-1-1.partial", "m"};
    struct stat info;

    assert_int_equal(mkdir("cut", 0777), 0);
    write_plain("cut/m", "old");
    write_plain("cut/.quillet-1-1.partial", "half");
    write_list("cut/.quillet-set", names, 2);
    assert_int_equal(stat("cut/.quillet-set", &info), 0);
    for (off_t size = info.st_size - 1; size >= 0; size--) {
        assert_int_equal(truncate("cut/.quillet-set", size), 0);
        assert_content("cut/m", "old");
    }
    save("cut/other", "x");
    assert_content("cut/m", "old");
    assert_int_equal(access("cut/.quillet-1-1.partial", F_OK), -1);
}

// Attacks that are possible with a folder from elsewhere, unpacked by this user.
static void list_names_nothing_but_our_temporary_files_in_its_folder(void **state)
{
    (void)state;
    static const char *const traps[][2] = {
        {"poison", "m"},                         // not one of our temporary files
        {"../.quillet-1-1.partial", "m"},        // from elsewhere
        {".quillet-1-1.partial", "../victim"},   // to elsewhere
        {".quillet-1-1.partial", "/tmp/victim"}, // to elsewhere
        {".quillet-1-1.partial", "link/victim"}, // to elsewhere, through a link
        {"link/.quillet-1-1.partial", "m"},      // from elsewhere, through a link
        {".quillet-1-1.partial", ""},
    };

    assert_int_equal(mkdir("hostile", 0777), 0);
    assert_int_equal(symlink("..", "hostile/link"), 0);
    write_plain("victim", "precious");
    for (size_t i = 0; i < 2 * sizeof traps / sizeof traps[0]; i++) {
        write_plain("hostile/m", "plain");
        write_plain("hostile/poison", "poison");
        write_plain("hostile/.quillet-1-1.partial", "poison");
        write_plain("hostile/.quillet-1-1-old.partial", "poison");
        write_plain(".quillet-1-1.partial", "poison");
        write_plain(".quillet-1-1-old.partial", "poison");
        write_list("hostile/.quillet-set", traps[i / 2], 2);
        if (i % 2 == 1) { // a change that is being undone
            const int list = open("hostile/.quillet-set", O_WRONLY | O_CLOEXEC);
            assert_int_equal(pwrite(list, "0", 1, 12), 1);
            assert_int_equal(close(list), 0);
        }
        assert_content("hostile/m", "plain");
        pid_t child = fork();
        if (child == 0) {
            (void)ql_file_save("hostile/other", "x", 1, NULL);
            _exit(0);
        }
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_content("hostile/m", "plain");
        assert_content("victim", "precious");
        (void)unlink("hostile/.quillet-set");
    }
}

// Reads a file repeatedly, and returns how often it was missing.
static int read_often(const char *name, int rounds)
{
    int failed = 0;

    for (int round = 0; round < rounds; round++) {
        struct ql_file_view view;
        failed += ql_file_open(&view, name, NULL) != QL_OK;
        ql_file_close(&view);
    }
    return failed;
}

static void set_of_several_processes_is_of_one_of_them(void **state)
{
    (void)state;
    enum { PROCESSES = 4, READERS = 2, ROUNDS = 40 };
    static const char *const names[] = {"p1", "p2", "p3"};
    pid_t children[PROCESSES + READERS];
    int result;

    assert_int_equal(save_three(names, "first", &(struct ql_error){0}), QL_OK);
    assert_int_equal(chmod("p2", 0640), 0);
    for (int k = 0; k < PROCESSES + READERS; k++) {
        children[k] = fork();
        if (children[k] == 0 && k >= PROCESSES) {
            _exit(read_often(names[k - PROCESSES], 50 * ROUNDS) != 0);
        }
        if (children[k] == 0) {
            char text[32];
            int failed = 0;
            for (int round = 0; round < ROUNDS; round++) {
                (void)snprintf(text, sizeof text, "%d of %d", round, k);
                failed += save_three(names, text, &(struct ql_error){0}) != QL_OK;
            }
            _exit(failed != 0);
        }
    }
    for (int k = 0; k < PROCESSES + READERS; k++) {
        assert_int_equal(waitpid(children[k], &result, 0), children[k]);
        assert_int_equal(result, 0);
    }
    struct ql_file_view view;
    assert_int_equal(ql_file_open(&view, "p1", NULL), QL_OK);
    char *text = calloc(view.size_bytes + 1, 1);
    assert_non_null(text);
    memcpy(text, view.data, view.size_bytes);
    assert_content("p2", text);
    assert_content("p3", text);
    free(text);
    struct stat info;
    assert_int_equal(stat("p2", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    ql_file_close(&view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_is_saved_and_leaves_nothing_else),
        cmocka_unit_test(set_with_a_name_that_cannot_be_replaced_keeps_all),
        cmocka_unit_test(set_is_old_or_new_for_each_failure_and_each_kill),
        cmocka_unit_test(set_left_unfinished_is_read_as_new_and_finished_by_the_next_save),
        cmocka_unit_test(list_that_is_cut_short_is_ignored),
        cmocka_unit_test(list_names_nothing_but_our_temporary_files_in_its_folder),
        cmocka_unit_test(set_of_several_processes_is_of_one_of_them),
    };
    return cmocka_run_group_tests(tests, enter_new_folder, remove_folder);
}
