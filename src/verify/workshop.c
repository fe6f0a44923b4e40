// A folder in which verification compiles C: see workshop.h.
// Uses: base, verify/process, POSIX.
#include "verify/workshop.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verify/process.h"

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

enum ql_status ql_workshop_open(struct ql_workshop *workshop, const char *tool, const char *source_path,
                                struct ql_error *error)
{
    const char *parent = getenv("TMPDIR");

    workshop->tool = tool;
    workshop->source_path = source_path;
    parent = parent == NULL || parent[0] == '\0' ? "/tmp" : parent;
    if (snprintf(workshop->folder, sizeof workshop->folder, "%s/quillet.XXXXXX", parent) >=
            (int)sizeof workshop->folder - 300 ||
        mkdtemp(workshop->folder) == NULL) {
        workshop->folder[0] = '\0';
        return ql_error_write(error, QL_ERROR_SYSTEM, "cannot make a folder below %s: %s; set TMPDIR to another one",
                              parent, strerror(errno));
    }
    return QL_OK;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

void ql_workshop_close(struct ql_workshop *workshop)
{
    enum { OPEN_FOLDERS = 16 };

    if (workshop->folder[0] != '\0') {
        (void)nftw(workshop->folder, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
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

void ql_workshop_source_path(const struct ql_workshop *workshop, char *path, const char *file)
{
    (void)snprintf(path, QL_WORKSHOP_PATH_BYTES, "%s/%s", workshop->source_path, file);
}

enum ql_status ql_compiler_run(const struct ql_compiler *compiler, const char *program, const char *const *arguments,
                               struct ql_error *error)
{
    const char *argv[32];
    int count = 0;

    if (!ql_process_check(compiler->command)) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s is not installed", compiler->command);
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
