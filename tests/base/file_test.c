// Files: reading; a save is complete or has no effect, whatever the system refuses; and links, devices, pipes, and
// folders are treated as such. Works in a new folder below the current one.
// Uses: base/file, POSIX, Linux's tmpfs where it may be mounted, cmocka.
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
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/file_set.h"

static char folder[] = "file_test.XXXXXX";

static int enter_new_folder(void **state)
{
    (void)state;
    // Open to all, because one test continues as nobody.
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

// The number of our temporary files in a folder.
static int temporary_count(const char *path)
{
    DIR *entries = opendir(path);
    int count = 0;

    assert_non_null(entries);
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        count += ql_temporary_name_check(entry->d_name) || strcmp(entry->d_name, ".quillet-set") == 0;
    }
    (void)closedir(entries);
    return count;
}

static void assert_no_temporary(const char *path)
{
    assert_int_equal(temporary_count(path), 0);
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
    assert_no_temporary(".");
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
    // A size of 0 that is not true: the kernel generates the content as it is read.
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
    assert_memory_equal(view.data + BYTES - 3, "abc", 3);
    ql_file_close(&view);
}

static void file_without_an_end_is_refused(void **state)
{
    (void)state;
    struct ql_file_view view;
    struct ql_error error;

    assert_int_equal(ql_file_open(&view, "/dev/zero", &error), QL_ERROR_SYSTEM);
    assert_message(&error, "/dev/zero", "is a device");
    assert_int_equal(ql_file_open(&view, "/dev/null", &error), QL_OK);
    assert_int_equal(view.size_bytes, 0);
    ql_file_close(&view);
    // Nobody will ever write to the pipe.
    assert_int_equal(mkfifo("silent", 0600), 0);
    assert_int_equal(ql_file_open_kind(&view, "silent", QL_FILE_REGULAR, 100, &error), QL_ERROR_SYSTEM);
    assert_message(&error, "silent", "is a pipe or a device");
    save("long", "0123456789");
    assert_int_equal(ql_file_open_kind(&view, "long", QL_FILE_REGULAR, 9, &error), QL_ERROR_SYSTEM);
    assert_message(&error, "long", "more than 9 bytes");
    assert_int_equal(ql_file_open_kind(&view, "long", QL_FILE_REGULAR, 10, &error), QL_OK);
    ql_file_close(&view);
}

static void file_in_a_folder_is_neither_read_nor_written_through_a_link(void **state)
{
    (void)state;
    struct ql_file_view view;
    struct ql_error error;

    save("elsewhere", "mine");
    assert_int_equal(symlink("elsewhere", "leads_out"), 0);
    assert_int_equal(symlink("not_there", "leads_nowhere"), 0);
    assert_int_equal(symlink(".", "leads_to_folder"), 0);
    assert_int_equal(ql_file_open_kind(&view, "leads_out", QL_FILE_IN_FOLDER, 100, &error), QL_ERROR_SYSTEM);
    assert_message(&error, "leads_out", "is a symbolic link");
    assert_int_equal(ql_file_save_kind("leads_out", QL_FILE_IN_FOLDER, "theirs", 6, &error), QL_ERROR_SYSTEM);
    assert_message(&error, "leads_out", "is a symbolic link");
    assert_int_equal(ql_file_save_kind("leads_nowhere", QL_FILE_IN_FOLDER, "theirs", 6, &error), QL_ERROR_SYSTEM);
    assert_int_equal(access("not_there", F_OK), -1);
    assert_int_equal(ql_folder_check_real("leads_to_folder", &error), QL_ERROR_SYSTEM);
    assert_int_equal(ql_folder_check_real(".", &error), QL_OK);
    assert_int_equal(ql_file_open_kind(&view, "elsewhere", QL_FILE_IN_FOLDER, 100, &error), QL_OK);
    assert_int_equal(view.size_bytes, 4);
    assert_memory_equal(view.data, "mine", 4);
    ql_file_close(&view);
}

static void output_that_is_an_input_is_refused_by_any_name(void **state)
{
    (void)state;
    struct ql_error error;
    const char *inputs[] = {NULL, "not/there", "input", "/dev/null"};
    static const char *const names[] = {"input", "./input", "soft", "hard"};

    save("input", "x");
    assert_int_equal(symlink("input", "soft"), 0);
    assert_int_equal(link("input", "hard"), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(ql_file_check_output(names[i], inputs, 4, &error), QL_ERROR_USAGE);
        assert_non_null(strstr(error.message, "is also an input (input)"));
    }
    save("other", "x");
    assert_int_equal(ql_file_check_output("other", inputs, 4, &error), QL_OK);
    assert_int_equal(ql_file_check_output("new", inputs, 4, &error), QL_OK);
    assert_int_equal(ql_file_check_output("/dev/null", inputs, 4, &error), QL_OK);
    assert_int_equal(ql_file_check_output(NULL, inputs, 4, &error), QL_OK);
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
    assert_no_temporary(".");
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
    assert_no_temporary(".");
}

static void save_leaves_what_others_have_beside_the_target(void **state)
{
    (void)state;

    save("target.partial", "mine");
    save("target~", "mine, too");
    save("target", "new");
    assert_content("target.partial", "mine");
    assert_content("target~", "mine, too");
}

// In a folder that others may write to, a temporary name can be a trap.
static void save_does_not_write_through_a_link_at_the_temporary_name(void **state)
{
    (void)state;
    char name[64];

    save("victim", "precious");
    for (int i = 0; i < 200; i++) { // more names than this process has used so far
        (void)snprintf(name, sizeof name, ".quillet-%ld-%d.partial", (long)getpid(), i);
        assert_int_equal(symlink("victim", name), 0);
    }
    save("bait", "new");
    assert_content("bait", "new");
    assert_content("victim", "precious");
    for (int i = 0; i < 200; i++) {
        (void)snprintf(name, sizeof name, ".quillet-%ld-%d.partial", (long)getpid(), i);
        assert_int_equal(unlink(name), 0);
    }
}

static void save_keeps_the_mode_of_what_was_there(void **state)
{
    (void)state;
    static const mode_t modes[] = {0600, 0640, 0755, 0664, 0200};
    struct stat info;

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        save("moded", "old");
        assert_int_equal(chmod("moded", modes[i]), 0);
        save("moded", "new");
        assert_int_equal(stat("moded", &info), 0);
        assert_int_equal(info.st_mode & 07777, modes[i]);
    }
    assert_int_equal(unlink("moded"), 0);
    mode_t mask = umask(027);
    save("moded", "new");
    (void)umask(mask);
    assert_int_equal(stat("moded", &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
}

static void save_replaces_one_writer_at_a_time_and_each_whole(void **state)
{
    (void)state;
    struct ql_file_writer writers[4];
    struct ql_error error;

    for (int i = 0; i < 4; i++) {
        assert_int_equal(ql_file_writer_open(&writers[i], "shared", &error), QL_OK);
        assert_true(fprintf(writers[i].stream, "%d all", i) > 0);
    }
    for (int i = 3; i >= 0; i--) {
        char expected[16];
        (void)snprintf(expected, sizeof expected, "%d all", i);
        assert_int_equal(ql_file_writer_close(&writers[i], &error), QL_OK);
        assert_content("shared", expected);
    }
}

static void save_removes_what_a_killed_process_has_left_and_nothing_of_a_live_one(void **state)
{
    (void)state;
    struct ql_file_writer live;
    struct ql_error error;

    assert_int_equal(mkdir("sweep", 0777), 0);
    assert_int_equal(ql_file_writer_open(&live, "sweep/live", &error), QL_OK);
    assert_true(fputs("alive", live.stream) >= 0);
    pid_t child = fork();
    if (child == 0) {
        struct ql_file_writer dead;
        (void)ql_file_writer_open(&dead, "sweep/dead", NULL);
        (void)kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(temporary_count("sweep"), 2);
    child = fork();
    if (child == 0) { // a process cleans up a folder only once, and this one has done so
        struct ql_file_writer other;
        (void)ql_file_writer_open(&other, "elsewhere", NULL);
        ql_file_writer_reset(&other);
        _exit(ql_file_save("sweep/third", "x", 1, NULL) != QL_OK);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(temporary_count("sweep"), 1);
    assert_int_equal(ql_file_writer_close(&live, &error), QL_OK);
    assert_content("sweep/live", "alive");
    assert_no_temporary("sweep");
}

static void save_over_a_protected_file_fails_and_keeps_it(void **state)
{
    (void)state;
    int result;

    save("protected", "old");
    assert_int_equal(chmod("protected", 0444), 0);
    assert_int_equal(chmod(".", 0777), 0);
    pid_t child = fork();
    if (child == 0) { // root may write everywhere, so the test continues as nobody
        struct ql_error error = {0};
        int denied = getuid() == 0 ? setuid(65534) : 0;
        _exit(denied != 0 || ql_file_save("protected", "new", 3, &error) != QL_ERROR_SYSTEM ||
              strstr(error.message, "Permission denied") == NULL);
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(chmod(".", 0755), 0);
    assert_int_equal(result, 0);
    assert_content("protected", "old");
    assert_no_temporary(".");
}

static void save_through_a_link_that_leads_nowhere_makes_what_it_names(void **state)
{
    (void)state;
    struct stat info;

    assert_int_equal(mkdir("later", 0777), 0);
    assert_int_equal(symlink("later/file", "hanging"), 0);
    assert_int_equal(symlink("hanging", "hanging_twice"), 0);
    save("hanging_twice", "new");
    assert_int_equal(lstat("hanging", &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_content("later/file", "new");
    assert_int_equal(symlink("round", "round"), 0);
    assert_int_equal(ql_file_save("round", "x", 1, NULL), QL_ERROR_SYSTEM);
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
    assert_no_temporary(".");
}

static void save_to_a_pipe_writes_to_it_and_leaves_it_one(void **state)
{
    (void)state;
    struct stat info;
    char got[8] = {0};

    assert_int_equal(mkfifo("outlet", 0600), 0);
    int end = open("outlet", O_RDWR); // opens both ends, so that neither waits
    save("outlet", "gone");
    assert_int_equal(read(end, got, sizeof got), 4);
    assert_string_equal(got, "gone");
    (void)close(end);
    assert_int_equal(stat("outlet", &info), 0);
    assert_true(S_ISFIFO(info.st_mode));
    assert_no_temporary(".");
}

// Never tried on /dev/full itself as a user who could destroy it.
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

// Saves in a separate process with a limit on file sizes, and returns the result.
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
        assert_no_temporary(".");
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
    bool partial = temporary_count("disk") > 0;
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
    if (child == 0) { // root may write everywhere, so the test continues as nobody
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
    assert_no_temporary(".");
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
        cmocka_unit_test(file_without_an_end_is_refused),
        cmocka_unit_test(file_in_a_folder_is_neither_read_nor_written_through_a_link),
        cmocka_unit_test(output_that_is_an_input_is_refused_by_any_name),
        cmocka_unit_test(save_into_a_missing_folder_fails_and_names_it),
        cmocka_unit_test(save_over_a_folder_fails_and_leaves_nothing),
        cmocka_unit_test(writer_that_gives_up_leaves_the_target),
        cmocka_unit_test(save_leaves_what_others_have_beside_the_target),
        cmocka_unit_test(save_keeps_the_mode_of_what_was_there),
        cmocka_unit_test(save_replaces_one_writer_at_a_time_and_each_whole),
        cmocka_unit_test(save_removes_what_a_killed_process_has_left_and_nothing_of_a_live_one),
        cmocka_unit_test(save_over_a_protected_file_fails_and_keeps_it),
        cmocka_unit_test(save_through_a_link_that_leads_nowhere_makes_what_it_names),
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
