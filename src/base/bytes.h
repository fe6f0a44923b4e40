// Bytes and strings in memory: what C and POSIX 2008 lack.
// Uses: the C library.
#ifndef QL_BASE_BYTES_H
#define QL_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Return the first place in `bytes` that holds the bytes of `wanted`, or NULL. An empty `wanted` is found at the start.
const void *ql_bytes_find(const void *bytes, size_t size_bytes, const void *wanted, size_t wanted_bytes);

// True when `bytes` end with the string `ending`.
bool ql_bytes_end_with(const void *bytes, size_t size_bytes, const char *ending);

// Return what printf would print, as a new string that the caller frees; NULL when there is not enough memory.
char *ql_bytes_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Append what printf would print to a string that lies in `room` bytes; what they do not hold is cut off.
void ql_bytes_append(char *text, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));

// A line of a text, without its LF or CR LF. A cursor that is all zeros stands before the first one.
struct ql_bytes_line {
    const char *bytes;
    size_t length;
    size_t number; // from 1
    size_t behind; // where the next line begins
};

// Move to the next line. Return false after the last one; an LF at the end of the text does not start another line.
bool ql_bytes_line_step(struct ql_bytes_line *line, const void *text, size_t size_bytes);

// Words of 32 bits in files: the lowest byte first. Putting one returns the place after it.
unsigned char *ql_bytes_put_u32(unsigned char *place, uint32_t word);
uint32_t ql_bytes_get_u32(const unsigned char *place);

// FNV-1a in 32 bits. It detects a file that is damaged or cut short; it does not protect against deliberate changes.
uint32_t ql_bytes_checksum(const void *data, size_t size_bytes);

#endif
