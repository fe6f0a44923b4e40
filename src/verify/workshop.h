// A temporary folder in which verification compiles C: generated sources, and one program for each compiler with its
// options.
// Uses: base, verify/process.
#ifndef QL_VERIFY_WORKSHOP_H
#define QL_VERIFY_WORKSHOP_H

#include <sys/types.h>

#include "base/status.h"

enum { QL_WORKSHOP_PATH_BYTES = 4096, QL_COMPILER_OPTION_LIMIT = 4 };

struct ql_workshop {
    char folder[QL_WORKSHOP_PATH_BYTES];
    pid_t cleaner;           // a process that removes the folder when this one is ended before it could
    int alive;               // the pipe by which it knows
    char *variable;          // TMPDIR, which is the folder; NULL while it is not
    char *former_parent;     // the value that it had, within the environment
    const char *tool;        // `quillet` itself, for its compile
    const char *data_folder; // the tool's data: see base/data_folder.h
};

// A compiler as it is asked to work. name: "gcc -O3".
struct ql_compiler {
    const char *name;
    const char *command;
    const char *options[QL_COMPILER_OPTION_LIMIT]; // ends with NULL where it has fewer
};

// The compilers that verification uses; the last one has a NULL name. No option sets the rules of floating-point
// arithmetic: the generated file must do that itself.
extern const struct ql_compiler ql_compilers[];
// For C that others generated.
extern const struct ql_compiler ql_foreign_compiler;

// Makes an empty folder below TMPDIR or /tmp; the struct must start as {0}. Close removes it with all that is in it,
// and so does any end of the process. While it is open, the process's TMPDIR is the folder.
enum ql_status ql_workshop_open(struct ql_workshop *workshop, const char *tool, const char *data_folder,
                                struct ql_error *error);
void ql_workshop_close(struct ql_workshop *workshop);

// The path of a file in the folder; `path` has QL_WORKSHOP_PATH_BYTES.
void ql_workshop_path(const struct ql_workshop *workshop, char *path, const char *file);
// The path of a file of the tool's data, likewise.
void ql_workshop_data_path(const struct ql_workshop *workshop, char *path, const char *file);

// Compiles C files to the program `program`. arguments: sources and options, ending with NULL, at most 16.
// Errors: QL_ERROR_MISSING when the compiler is not installed, QL_ERROR_INPUT with its messages when it fails.
enum ql_status ql_compiler_run(const struct ql_compiler *compiler, const char *program, const char *const *arguments,
                               struct ql_error *error);

#endif
