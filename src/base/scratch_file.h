// A file without a name, for what is too large to be kept in memory: it is written from the start to the end, and then
// mapped. Nobody else can open it, so nobody can cut it while it is mapped. It is gone when the process ends.
// It lies in $TMPDIR, or in /var/tmp: /tmp is often a part of memory.
// Uses: base/status, POSIX, madvise.
#ifndef QL_BASE_SCRATCH_FILE_H
#define QL_BASE_SCRATCH_FILE_H

#include <stddef.h>

#include "base/status.h"

struct ql_scratch_file {
    int descriptor; // -1: closed
    unsigned char *block;
    size_t block_bytes; // that are not written yet
    size_t size_bytes;  // of the file, with those
    char folder[256];
};

// Errors: QL_ERROR_SYSTEM with the folder: it cannot be written to, or there is not enough memory.
enum ql_status ql_scratch_file_open(struct ql_scratch_file *file, struct ql_error *error);

// Adds bytes at the end. Errors: QL_ERROR_SYSTEM with the folder, such as for a disk that is full.
enum ql_status ql_scratch_file_write(struct ql_scratch_file *file, const void *bytes, size_t size_bytes,
                                     struct ql_error *error);

// Closes the file and returns its bytes, which may be changed; ql_scratch_memory_free gives them back. The file must
// not be empty. Errors: QL_ERROR_SYSTEM; the file is closed then, too.
enum ql_status ql_scratch_file_map(struct ql_scratch_file *file, void **memory, struct ql_error *error);

// Gives the file up. Harmless on {.descriptor = -1}.
void ql_scratch_file_close(struct ql_scratch_file *file);

// Lets the system take the memory back that holds these bytes at present; they are read again when they are needed.
void ql_scratch_memory_rest(void *memory, size_t size_bytes);
void ql_scratch_memory_free(void *memory, size_t size_bytes);

#endif
