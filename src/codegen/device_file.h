// The files of device/, which are built into the tool, and how a kernel is declared. Generated C consists of passages
// of these files (codegen/device_passage.h), so the chip runs the same code that the host's tests have run.
// Uses: the C library.
#ifndef QL_CODEGEN_DEVICE_FILE_H
#define QL_CODEGEN_DEVICE_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct ql_device_file {
    const char *path; // "device/lstm.h"
    const char *text;
};

// All of them; the last has path NULL. The build writes this table.
extern const struct ql_device_file ql_device_files[];

// Returns the file with this path of `length` characters. A path that is not there is a bug in this code, and asserts.
const struct ql_device_file *ql_device_file_find(const char *path, size_t length);

enum {
    QL_DEVICE_PARAMETER_LIMIT = 48, // of one kernel
    QL_DEVICE_NAME_BYTES = 40,
};

// The parameters of a kernel, in order: "y", "h", "T". Read from the declaration in its file.
struct ql_device_kernel {
    int parameter_count;
    char parameters[QL_DEVICE_PARAMETER_LIMIT][QL_DEVICE_NAME_BYTES];
    char types[QL_DEVICE_PARAMETER_LIMIT][QL_DEVICE_NAME_BYTES]; // the type alone: "float", "struct ql_matrix_s8"
    bool is_pointer[QL_DEVICE_PARAMETER_LIMIT];
};

void ql_device_kernel_read(struct ql_device_kernel *kernel, const char *path, const char *name);

#endif
