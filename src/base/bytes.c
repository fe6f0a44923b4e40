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

bool ql_bytes_end_with(const void *bytes, size_t size_bytes, const char *ending)
{
    const size_t length = strlen(ending);

    return size_bytes >= length && memcmp((const char *)bytes + size_bytes - length, ending, length) == 0;
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

void ql_bytes_append(char *text, size_t room, const char *format, ...)
{
    const size_t length = strlen(text);
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text + length, room - length, format, arguments);
    va_end(arguments);
}

bool ql_bytes_line_step(struct ql_bytes_line *line, const void *text, size_t size_bytes)
{
    if (line->behind >= size_bytes) {
        return false;
    }
    const size_t left = size_bytes - line->behind;
    line->bytes = (const char *)text + line->behind;
    const char *newline = memchr(line->bytes, '\n', left);
    line->length = newline == NULL ? left : (size_t)(newline - line->bytes);
    line->behind += line->length + 1;
    line->length -= line->length > 0 && line->bytes[line->length - 1] == '\r';
    line->number++;
    return true;
}

unsigned char *ql_bytes_put_u32(unsigned char *place, uint32_t word)
{
    for (int k = 0; k < 4; k++) {
        *place++ = (unsigned char)(word >> (8 * k));
    }
    return place;
}

uint32_t ql_bytes_get_u32(const unsigned char *place)
{
    return (uint32_t)place[0] | (uint32_t)place[1] << 8 | (uint32_t)place[2] << 16 | (uint32_t)place[3] << 24;
}

uint32_t ql_bytes_checksum(const void *data, size_t size_bytes)
{
    const unsigned char *bytes = data;
    uint32_t hash = 2166136261u;

    for (size_t k = 0; k < size_bytes; k++) {
        hash = (hash ^ bytes[k]) * 16777619u;
    }
    return hash;
}
