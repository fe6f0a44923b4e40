// Bytes and strings in memory: see bytes.h.
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const void *ql_bytes_find(const void *bytes, size_t size_bytes, const void *wanted, size_t wanted_bytes)
{
    const unsigned char *place = bytes, *first = wanted;

    if (wanted_bytes == 0) {
        return bytes;
    }
    while (size_bytes >= wanted_bytes) {
        const unsigned char *found = memchr(place, first[0], size_bytes - wanted_bytes + 1);
        if (found == NULL || memcmp(found, wanted, wanted_bytes) == 0) {
            return found;
        }
        size_bytes -= (size_t)(found + 1 - place);
        place = found + 1;
    }
    return NULL;
}

char *ql_bytes_format(const char *format, ...)
{
    va_list arguments, again;

    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    char *text = length < 0 ? NULL : malloc((size_t)length + 1);
    if (text != NULL) {
        (void)vsnprintf(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    va_end(arguments);
    return text;
}
