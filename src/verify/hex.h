// Writes and reads bytes as hexadecimal digits, two for each byte, in lower case. Arrays go through pipes in this form
// without losing a bit.
// Uses: the C library.
#ifndef QL_VERIFY_HEX_H
#define QL_VERIFY_HEX_H

#include <stdbool.h>
#include <stddef.h>

// Writes 2 * bytes digits and no NUL; returns the place after them.
char *ql_hex_encode(char *text, const void *data, size_t bytes);

// Reads exactly `bytes` bytes from text of 2 * bytes digits. False when it has others, fewer or more characters.
bool ql_hex_decode(void *data, size_t bytes, const char *text, size_t length);

#endif
