// The files of device/, as the tool carries them: their text, what each includes, and how a kernel is declared.
// Generated C is made of these files, so what runs on the chip is what the host's tests have seen.
// Uses: base.
#ifndef QL_CODEGEN_DEVICE_FILE_H
#define QL_CODEGEN_DEVICE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

struct ql_device_file {
    const char *path; // "device/lstm.h"
    const char *text;
};

// All of them; the last has path NULL. The build writes this table.
extern const struct ql_device_file ql_device_files[];

enum {
    QL_DEVICE_FILE_LIMIT = 64,
    QL_DEVICE_PARAMETER_LIMIT = 48, // of one kernel
    QL_DEVICE_NAME_BYTES = 40,
};

// Files of which a generated file is made, each once, after all that it includes.
struct ql_device_file_set {
    const struct ql_device_file *files[QL_DEVICE_FILE_LIMIT];
    int count;
};

// Adds the file and what it includes. A path that is not there is a bug of ours: the kernels' table names only files
// of device/.
void ql_device_file_set_add(struct ql_device_file_set *set, const char *path);

// Writes the files, each between "// begin device/NAME" and "// end device/NAME", verbatim but for the lines that
// include another file of device/, which stands before.
void ql_device_file_set_write(const struct ql_device_file_set *set, FILE *stream);

// The parameters of a kernel, in order: "y", "h", "T". Read from the declaration in its file.
struct ql_device_kernel {
    int parameter_count;
    char parameters[QL_DEVICE_PARAMETER_LIMIT][QL_DEVICE_NAME_BYTES];
    char types[QL_DEVICE_PARAMETER_LIMIT][QL_DEVICE_NAME_BYTES]; // the word for the type alone: "float", "void"
};

void ql_device_kernel_read(struct ql_device_kernel *kernel, const char *path, const char *name);

#endif
