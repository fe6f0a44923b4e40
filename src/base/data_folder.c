// The folder of the tool's data: see data_folder.h. CMake defines where it is, relative to the program.
// Uses: base, POSIX.
#include "base/data_folder.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef QL_DATA_FROM_PROGRAM
#define QL_DATA_FROM_PROGRAM "../share/quillet"
#endif

static const char folder_list[] = "quillet.folders";

// Uses `place`, a path relative to `base`, if it contains the file.
static bool folder_has(char *folder, const char *base, const char *place, const char *file)
{
    char path[QL_DATA_PATH_BYTES];
    const char *slash = base[0] == '\0' ? "" : "/";

    return snprintf(path, sizeof path, "%s%s%s/%s", base, slash, place, file) < (int)sizeof path &&
           access(path, R_OK) == 0 && snprintf(folder, QL_DATA_PATH_BYTES, "%s%s%s", base, slash, place) > 0;
}

static bool find_in_list(char *folder, const char *base, const char *file)
{
    char path[QL_DATA_PATH_BYTES], line[QL_DATA_PATH_BYTES];
    FILE *stream;
    bool found = false;

    if (snprintf(path, sizeof path, "%s/%s", base, folder_list) >= (int)sizeof path ||
        (stream = fopen(path, "r")) == NULL) {
        return false;
    }
    while (!found && fgets(line, sizeof line, stream) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        found = line[0] == '/' && folder_has(folder, "", line, file);
    }
    (void)fclose(stream);
    return found;
}

enum ql_status ql_data_folder_find(char *folder, const char *program, const char *file, struct ql_error *error)
{
    char base[QL_DATA_PATH_BYTES] = "";
    const char *named = getenv("QUILLET_DATA");
    const char *slash = program == NULL ? NULL : strrchr(program, '/');

    named = named == NULL || named[0] == '\0' ? getenv("QUILLET_SOURCES") : named;
    if (named != NULL && named[0] != '\0') {
        return folder_has(folder, "", named, file)
                   ? QL_OK
                   : ql_error_write(error, QL_ERROR_SYSTEM,
                                    "%s/%s is not there; correct or unset the environment variable QUILLET_DATA, which "
                                    "names the folder",
                                    named, file);
    }
    if (slash != NULL && (size_t)(slash - program) < sizeof base) {
        memcpy(base, program, (size_t)(slash - program));
        base[slash - program] = '\0';
        if (folder_has(folder, base, QL_DATA_FROM_PROGRAM, file) || find_in_list(folder, base, file)) {
            return QL_OK;
        }
    }
    return ql_error_write(error, QL_ERROR_SYSTEM,
                          "%s is not there; it should be in %s/" QL_DATA_FROM_PROGRAM ", or in a folder that the "
                          "environment variable QUILLET_DATA names. Install Quillet again",
                          file, slash == NULL ? "bin" : base);
}
