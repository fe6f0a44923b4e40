// Bytes and strings in memory: what C and POSIX 2008 lack.
// Uses: the C library.
#ifndef QL_BASE_BYTES_H
#define QL_BASE_BYTES_H

#include <stddef.h>

// Return the first place in `bytes` where the bytes of `wanted` stand, or NULL. No bytes at all stand at the beginning.
const void *ql_bytes_find(const void *bytes, size_t size_bytes, const void *wanted, size_t wanted_bytes);

// Return what printf would print as a string of its own, which the caller frees; NULL where memory is lacking.
char *ql_bytes_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
