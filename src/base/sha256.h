// SHA-256 (FIPS 180-4) of bytes and of files, as 64 hexadecimal digits.
// Uses: base/status, libmd, POSIX.
#ifndef QL_BASE_SHA256_H
#define QL_BASE_SHA256_H

#include <stddef.h>

#include "base/status.h"

enum { QL_SHA256_TEXT_BYTES = 65 }; // the digits and the final NUL

void ql_sha256_write(char text[QL_SHA256_TEXT_BYTES], const void *data, size_t size_bytes);

// The same of what an open file holds, from its beginning; the file's position stays.
// Errors: QL_ERROR_SYSTEM with `path` and the system's reason.
enum ql_status ql_sha256_read_file(char text[QL_SHA256_TEXT_BYTES], int descriptor, const char *path,
                                   struct ql_error *error);

#endif
