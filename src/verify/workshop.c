// A folder in which verification compiles C: see workshop.h.
// Uses: base, verify/process, POSIX.
#include "verify/workshop.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/system.h"
#include "verify/process.h"

extern char **environ; // POSIX leaves the declaration to us

const struct ql_compiler ql_compilers[] = {
    {"gcc -O0", "gcc", {"-O0"}},
    {"gcc -O2", "gcc", {"-O2"}},
    {"gcc -O3", "gcc", {"-O3"}},
    {"gcc -O3 -march=native", "gcc", {"-O3", "-march=native"}},
    {"clang -O2", "clang", {"-O2"}},
    {"clang -O3 -march=native", "clang", {"-O3", "-march=native"}},
    {NULL, NULL, {NULL}},
};

const struct ql_compiler ql_foreign_compiler = {"gcc -O2", "gcc", {"-O2"}};

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static void remove_folder(const char *path)
{
    enum { OPEN_FOLDERS = 16 };
    (void)nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

// Compilers put temporary files into TMPDIR, which is the workshop's folder while it is open. So however the compilers
// end, all their files are removed with the folder.
// putenv takes the string itself, where setenv would keep copies that nobody frees.
static void lead_here(struct ql_workshop *workshop)
{
    workshop->former_parent = getenv("TMPDIR");
    workshop->variable = ql_bytes_format("TMPDIR=%s", workshop->folder);
    if (workshop->variable != NULL && putenv(workshop->variable) != 0) {
        free(workshop->variable);
        workshop->variable = NULL;
    }
}

static void lead_back(struct ql_workshop *workshop)
{
    if (workshop->variable != NULL && workshop->former_parent != NULL) {
        (void)putenv(workshop->former_parent - strlen("TMPDIR=")); // the whole string, as it was
    } else if (workshop->variable != NULL) {
        (void)unsetenv("TMPDIR");
    }
    free(workshop->variable);
    workshop->variable = NULL;
}

// Reads a name of this many bytes from a pipe; false if the pipe ends earlier.
static bool read_name(int pipe, char *name, size_t bytes)
{
    size_t count = 0;
    char read_bytes[QL_WORKSHOP_PATH_BYTES] = "";

    while (count < bytes) {
        const ssize_t more = read(pipe, read_bytes + count, bytes - count);
        if (more == 0 || (more < 0 && errno != EINTR)) {
            return false;
        }
        count += more > 0 ? (size_t)more : 0;
    }
    memcpy(name, read_bytes, bytes);
    return true;
}

static void dismiss_cleaner(struct ql_workshop *workshop)
{
    (void)close(workshop->alive);
    while (waitpid(workshop->cleaner, NULL, 0) < 0 && errno == EINTR) {
    }
}

// Signals end the tool at once, and SIGKILL leaves no time to clean up. So a shell, in its own process group, creates
// the folder, reports its name, waits for the end of a pipe, which the system closes when this process ends, and
// removes the folder; it tries more than once, because compilers that were started may still be writing. At no time
// does the folder exist while the shell could be ended together with us. The shell has none of our other files open, so
// that nobody waits for their end because of it. False if this does not work.
static bool start_cleaner(struct ql_workshop *workshop)
{
    static char script[] = "trap '' INT TERM HUP PIPE; folder=$(mktemp -d -- \"$0\") || exit 1\n"
                           "printf %s \"$folder\"; exec > /dev/null; cat; n=0\n"
                           "while [ -e \"$folder\" ] && [ $n -lt 10 ]; do rm -rf -- \"$folder\"\n"
                           "[ ! -e \"$folder\" ] || sleep 1; n=$((n + 1)); done";
    char shell[] = "sh", option[] = "-c";
    char *const argv[] = {shell, option, script, workshop->folder, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int alive[2], told[2];

    if (!ql_system_pipe(alive)) {
        return false;
    }
    if (!ql_system_pipe(told)) {
        (void)close(alive[0]);
        (void)close(alive[1]);
        return false;
    }
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, alive[0], STDIN_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, told[1], STDOUT_FILENO);
    (void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP); // a terminal's signals must not reach it
    const bool started = posix_spawnp(&workshop->cleaner, shell, &actions, &attributes, argv, environ) == 0;
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(alive[0]);
    (void)close(told[1]);
    const bool made = started && read_name(told[0], workshop->folder, strlen(workshop->folder));
    (void)close(told[0]);
    workshop->alive = alive[1];
    if (started && !made) {
        dismiss_cleaner(workshop);
    } else if (!started) {
        (void)close(alive[1]);
    }
    return made;
}

// Creates the folder without a cleaner: then only a normal exit cleans up. Errors are in errno.
static bool make_folder(struct ql_workshop *workshop)
{
    workshop->cleaner = -1;
    return mkdtemp(workshop->folder) != NULL;
}

enum ql_status ql_workshop_open(struct ql_workshop *workshop, const char *tool, const char *data_folder,
                                struct ql_error *error)
{
    const char *parent = getenv("TMPDIR");

    workshop->tool = tool;
    workshop->data_folder = data_folder;
    parent = parent == NULL || parent[0] == '\0' ? "/tmp" : parent;
    if (snprintf(workshop->folder, sizeof workshop->folder, "%s/quillet.XXXXXX", parent) >=
            (int)sizeof workshop->folder - 300 ||
        (!start_cleaner(workshop) && !make_folder(workshop))) {
        workshop->folder[0] = '\0';
        return ql_error_write(error, QL_ERROR_SYSTEM, "cannot make a folder in %s: %s; set TMPDIR to another one",
                              parent, strerror(errno));
    }
    lead_here(workshop);
    return QL_OK;
}

void ql_workshop_close(struct ql_workshop *workshop)
{
    if (workshop->folder[0] != '\0') {
        lead_back(workshop);
        remove_folder(workshop->folder);
        if (workshop->cleaner > 0) {
            dismiss_cleaner(workshop);
        }
    }
    workshop->folder[0] = '\0';
}

void ql_workshop_path(const struct ql_workshop *workshop, char *path, const char *file)
{
    // The folder's path was made with room for any file name.
    const size_t size = strlen(workshop->folder);
    memcpy(path, workshop->folder, size);
    (void)snprintf(path + size, QL_WORKSHOP_PATH_BYTES - size, "/%s", file);
}

void ql_workshop_data_path(const struct ql_workshop *workshop, char *path, const char *file)
{
    (void)snprintf(path, QL_WORKSHOP_PATH_BYTES, "%s/%s", workshop->data_folder, file);
}

enum ql_status ql_compiler_run(const struct ql_compiler *compiler, const char *program, const char *const *arguments,
                               struct ql_error *error)
{
    const char *argv[32];
    int count = 0;

    if (!ql_process_check(compiler->command)) {
        return ql_error_write(error, QL_ERROR_MISSING, "%s is not installed", compiler->command);
    }
    argv[count++] = compiler->command;
    argv[count++] = "-std=gnu11"; // the dialect in which gcc contracts products and sums unless the file forbids it
    argv[count++] = "-w";
    for (int i = 0; i < QL_COMPILER_OPTION_LIMIT && compiler->options[i] != NULL; i++) {
        argv[count++] = compiler->options[i];
    }
    for (int i = 0; i < 16 && arguments[i] != NULL; i++) {
        argv[count++] = arguments[i];
    }
    argv[count++] = "-o";
    argv[count++] = program;
    argv[count++] = "-lm";
    argv[count] = NULL;
    return ql_process_run(argv, error);
}
