// Files: what is read, that a save is whole or not at all whatever the system refuses, and that names of other kinds
// (links, devices, pipes, folders) are treated as what they are. Works in a new folder below the present one.
// Uses: base/file, POSIX, Linux's tmpfs where it may be mounted, cmocka.
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
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

static char folder[] = "file_test.XXXXXX";

static int enter_new_folder(void **state)
{
    (void)state;
    // Open to all, because one test goes on as nobody.
    return mkdtemp(folder) == NULL || chmod(folder, 0755) != 0 || chdir(folder) != 0 ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[sizeof folder + 16];

    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return chdir("..") != 0 || system(command) != 0 ? -1 : 0;
}

static void save(const char *path, const char *text)
{
    struct ql_error error;

    if (ql_file_save(path, text, strlen(text), &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
}

static void assert_content(const char *path, const char *expected)
{
    struct ql_file_view view;
    struct ql_error error;

    assert_int_equal(ql_file_open(&view, path, &error), QL_OK);
    assert_int_equal(view.size_bytes, strlen(expected));
    assert_memory_equal(view.data, expected, view.size_bytes);
    ql_file_close(&view);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void assert_message(const struct ql_error *error, const char *path, const char *reason)
{
    if (error->status != QL_ERROR_SYSTEM || strstr(error->message, path) == NULL ||
        strstr(error->message, reason) == NULL) {
        fail_msg("'%s' names not both '%s' and '%s'", error->message, path, reason);
    }
}

static void file_saved_is_read_back(void **state)
{
    (void)state;
    static char large[3000001];

    save("empty", "");
    assert_content("empty", "");
    save("small", "one\n");
    assert_content("small", "one\n");
    save("small", "two");
    assert_content("small", "two");
    assert_false(exists("small.partial"));
    memset(large, 'x', sizeof large - 1);
    save("large", large);
    assert_content("large", large);
}

static void file_empty_has_data_that_is_not_null(void **state)
{
    (void)state;
    struct ql_file_view view;
    struct ql_error error;

    save("empty", "");
    assert_int_equal(ql_file_open(&view, "empty", &error), QL_OK);
    assert_non_null(view.data);
    assert_int_equal(view.size_bytes, 0);
    ql_file_close(&view);
    ql_file_close(&view);
    // A size of 0 that is not true: the kernel makes the content as it is read.
    assert_int_equal(ql_file_open(&view, "/proc/self/status", &error), QL_OK);
    assert_true(view.size_bytes > 100);
    ql_file_close(&view);
}

static void file_that_cannot_be_opened_is_named(void **state)
{
    (void)state;
    struct ql_file_view view;
    struct ql_error error;

    assert_int_equal(ql_file_open(&view, "nowhere/text", &error), QL_ERROR_SYSTEM);
    assert_message(&error, "nowhere/text", "No such file");
    assert_int_equal(ql_file_open(&view, "/", &error), QL_ERROR_SYSTEM);
    assert_message(&error, "/", "is a folder");
    assert_int_equal(ql_file_open(&view, "", &error), QL_ERROR_SYSTEM);
    assert_message(&error, "", "name of a file to read is empty");
    assert_null(view.data);
    ql_file_close(&view);
}

static void file_from_a_pipe_is_read_whole(void **state)
{
    (void)state;
    enum { BYTES = 300000 };
    struct ql_file_view view;
    struct ql_error error;

    assert_int_equal(mkfifo("pipe", 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        int out = open("pipe", O_WRONLY);
        for (int i = 0; i < BYTES / 3; i++) {
            if (write(out, "abc", 3) != 3) {
                _exit(1);
            }
        }
        _exit(0);
    }
    assert_int_equal(ql_file_open(&view, "pipe", &error), QL_OK);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(view.size_bytes, BYTES);
    assert_null(view.mapping);
    assert_memory_equal(view.data + BYTES - 3, "abc", 3);
    ql_file_close(&view);
}

static void save_into_a_missing_folder_fails_and_names_it(void **state)
{
    (void)state;
    struct ql_error error;

    assert_int_equal(ql_file_save("nowhere/x", "a", 1, &error), QL_ERROR_SYSTEM);
    assert_message(&error, "nowhere/x", "No such file");
    assert_int_equal(ql_file_save("", "a", 1, &error), QL_ERROR_SYSTEM);
}

static void save_over_a_folder_fails_and_leaves_nothing(void **state)
{
    (void)state;
    struct ql_error error;

    assert_int_equal(mkdir("there", 0777), 0);
    assert_int_equal(ql_file_save("there", "a", 1, &error), QL_ERROR_SYSTEM);
    assert_message(&error, "there", "replace");
    assert_false(exists("there.partial"));
}

static void writer_that_gives_up_leaves_the_target(void **state)
{
    (void)state;
    struct ql_file_writer writer;
    struct ql_error error;

    save("target", "old");
    assert_int_equal(ql_file_writer_open(&writer, "target", &error), QL_OK);
    assert_true(fputs("new", writer.stream) >= 0);
    assert_content("target", "old");
    ql_file_writer_reset(&writer);
    ql_file_writer_reset(&writer);
    assert_content("target", "old");
    assert_false(exists("target.partial"));
}

// In a folder that others may write to, the temporary name can be a trap.
static void save_does_not_write_through_a_link_at_the_temporary_name(void **state)
{
    (void)state;

    save("victim", "precious");
    assert_int_equal(symlink("victim", "bait.partial"), 0);
    save("bait", "new");
    assert_content("bait", "new");
    assert_content("victim", "precious");
    assert_false(exists("bait.partial"));
}

static void save_through_a_symbolic_link_replaces_what_it_leads_to(void **state)
{
    (void)state;
    struct stat info;

    assert_int_equal(mkdir("real", 0777), 0);
    save("real/file", "old");
    assert_int_equal(symlink("real/file", "link"), 0);
    save("link", "new");
    assert_int_equal(lstat("link", &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_content("real/file", "new");
    assert_false(exists("real/file.partial"));
}

static void save_to_a_pipe_writes_to_it_and_leaves_it_one(void **state)
{
    (void)state;
    struct stat info;
    char got[8] = {0};

    assert_int_equal(mkfifo("outlet", 0600), 0);
    int end = open("outlet", O_RDWR); // both ends, so that neither waits
    save("outlet", "gone");
    assert_int_equal(read(end, got, sizeof got), 4);
    assert_string_equal(got, "gone");
    (void)close(end);
    assert_int_equal(stat("outlet", &info), 0);
    assert_true(S_ISFIFO(info.st_mode));
    assert_false(exists("outlet.partial"));
}

// Never tried on /dev/full itself by a user who could destroy it.
static void save_to_a_full_device_fails_and_leaves_it_one(void **state)
{
    (void)state;
    struct ql_error error;
    struct stat info;
    const char *device = "full";

    if (mknod(device, S_IFCHR | 0666, makedev(1, 7)) != 0 || access(device, W_OK) != 0) {
        if (access("/dev", W_OK) == 0) {
            skip();
        }
        device = "/dev/full";
    }
    assert_int_equal(ql_file_save(device, "a", 1, &error), QL_ERROR_SYSTEM);
    assert_message(&error, "full", "No space left");
    assert_int_equal(stat(device, &info), 0);
    assert_true(S_ISCHR(info.st_mode));
}

// Saves in a process of its own under a limit of the size of files, and tells what came out.
static void save_with_size_limit(size_t size_bytes, rlim_t limit_bytes, struct ql_error *error)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit limit = {limit_bytes, limit_bytes};
        char *data = calloc(size_bytes, 1);
        struct ql_error result = {0};
        (void)signal(SIGXFSZ, SIG_IGN);
        (void)setrlimit(RLIMIT_FSIZE, &limit);
        (void)ql_file_save("target", data, size_bytes, &result);
        free(data);
        _exit(write(ends[1], &result, sizeof result) != (ssize_t)sizeof result);
    }
    assert_int_equal(read(ends[0], error, sizeof *error), sizeof *error);
    assert_int_equal(waitpid(child, NULL, 0), child);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void save_beyond_the_size_limit_keeps_the_former_content(void **state)
{
    (void)state;
    struct ql_error error;
    // Within stdio's buffer, beyond it, and such that only the last byte does not fit.
    static const size_t sizes[] = {2000, 1000000, 1025};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        save("target", "old");
        save_with_size_limit(sizes[i], 1024, &error);
        assert_message(&error, "target", "File too large");
        assert_content("target", "old");
        assert_false(exists("target.partial"));
    }
    save_with_size_limit(1024, 1024, &error);
    assert_int_equal(error.status, QL_OK);
}

// Needs root, and a system that lets it mount.
static void save_on_a_full_disk_keeps_the_former_content(void **state)
{
    (void)state;
    struct ql_error error;
    static char large[200000];

    assert_int_equal(mkdir("disk", 0777), 0);
    if (mount("tmpfs", "disk", "tmpfs", 0, "size=64k") != 0) {
        print_message("no tmpfs here: %s\n", strerror(errno));
        skip();
    }
    save("disk/target", "old");
    enum ql_status filled = ql_file_save("disk/target", large, sizeof large, &error);
    bool partial = exists("disk/target.partial");
    struct ql_file_view view;
    struct ql_error ignored;
    enum ql_status readable = ql_file_open(&view, "disk/target", &ignored);
    bool kept = readable == QL_OK && view.size_bytes == 3 && memcmp(view.data, "old", 3) == 0;
    ql_file_close(&view);
    enum ql_status again = ql_file_save("disk/target", "new", 3, &ignored);
    (void)umount("disk");
    assert_int_equal(filled, QL_ERROR_SYSTEM);
    assert_message(&error, "disk/target", "No space left");
    assert_true(kept);
    assert_false(partial);
    assert_int_equal(again, QL_OK);
}

static void save_into_a_read_only_folder_keeps_the_former_content(void **state)
{
    (void)state;
    int ends[2];
    struct ql_error error = {0};

    assert_int_equal(mkdir("locked", 0777), 0);
    save("locked/target", "old");
    assert_int_equal(chmod("locked", 0555), 0);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) { // root may write everywhere, so nobody tries
        struct ql_error result = {0};
        int denied = getuid() == 0 ? setuid(65534) : 0;
        if (denied == 0) {
            (void)ql_file_save("locked/target", "new", 3, &result);
        }
        _exit(write(ends[1], &result, sizeof result) != (ssize_t)sizeof result);
    }
    assert_int_equal(read(ends[0], &error, sizeof error), sizeof error);
    assert_int_equal(waitpid(child, NULL, 0), child);
    (void)close(ends[0]);
    (void)close(ends[1]);
    assert_int_equal(chmod("locked", 0777), 0);
    assert_message(&error, "locked/target", "Permission denied");
    assert_content("locked/target", "old");
    assert_false(exists("locked/target.partial"));
}

static void folder_with_missing_parents_is_made(void **state)
{
    (void)state;
    struct ql_error error;
    struct stat info;

    assert_int_equal(ql_folder_init("a/b/c", &error), QL_OK);
    assert_int_equal(stat("a/b/c", &info), 0);
    assert_true(S_ISDIR(info.st_mode));
    assert_int_equal(ql_folder_init("a/b/c", &error), QL_OK);
    assert_int_equal(ql_folder_init("a//d/", &error), QL_OK);
    assert_int_equal(stat("a/d", &info), 0);
    assert_int_equal(ql_folder_init(".", &error), QL_OK);
    assert_int_equal(ql_folder_init("/", &error), QL_OK);
}

static void folder_that_cannot_be_made_is_named(void **state)
{
    (void)state;
    struct ql_error error;
    char *long_name = malloc(10001);

    assert_non_null(long_name);
    save("file", "x");
    assert_int_equal(ql_folder_init("file", &error), QL_ERROR_SYSTEM);
    assert_message(&error, "file", "not a folder");
    assert_int_equal(ql_folder_init("file/below", &error), QL_ERROR_SYSTEM);
    assert_message(&error, "file/below", "Not a directory");
    assert_int_equal(ql_folder_init("", &error), QL_ERROR_SYSTEM);
    assert_message(&error, "", "empty");
    memset(long_name, 'a', 10000);
    long_name[10000] = '\0';
    assert_int_equal(ql_folder_init(long_name, &error), QL_ERROR_SYSTEM);
    free(long_name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_saved_is_read_back),
        cmocka_unit_test(file_empty_has_data_that_is_not_null),
        cmocka_unit_test(file_that_cannot_be_opened_is_named),
        cmocka_unit_test(file_from_a_pipe_is_read_whole),
        cmocka_unit_test(save_into_a_missing_folder_fails_and_names_it),
        cmocka_unit_test(save_over_a_folder_fails_and_leaves_nothing),
        cmocka_unit_test(writer_that_gives_up_leaves_the_target),
        cmocka_unit_test(save_does_not_write_through_a_link_at_the_temporary_name),
        cmocka_unit_test(save_through_a_symbolic_link_replaces_what_it_leads_to),
        cmocka_unit_test(save_to_a_pipe_writes_to_it_and_leaves_it_one),
        cmocka_unit_test(save_to_a_full_device_fails_and_leaves_it_one),
        cmocka_unit_test(save_beyond_the_size_limit_keeps_the_former_content),
        cmocka_unit_test(save_on_a_full_disk_keeps_the_former_content),
        cmocka_unit_test(save_into_a_read_only_folder_keeps_the_former_content),
        cmocka_unit_test(folder_with_missing_parents_is_made),
        cmocka_unit_test(folder_that_cannot_be_made_is_named),
    };
    return cmocka_run_group_tests(tests, enter_new_folder, remove_folder);
}
