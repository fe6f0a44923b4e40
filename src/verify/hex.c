// Bytes as hexadecimal digits: see hex.h.
// Uses: the C library.
#include "verify/hex.h"

char *ql_hex_encode(char *text, const void *data, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *from = data;

    for (size_t i = 0; i < bytes; i++) {
        *text++ = digits[from[i] >> 4];
        *text++ = digits[from[i] & 15];
    }
    return text;
}

static int value_of(char digit)
{
    return digit >= '0' && digit <= '9' ? digit - '0' : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

bool ql_hex_decode(void *data, size_t bytes, const char *text, size_t length)
{
    unsigned char *to = data;

    if (length != 2 * bytes) {
        return false;
    }
    for (size_t i = 0; i < bytes; i++) {
        const int high = value_of(text[2 * i]), low = value_of(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        to[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}
