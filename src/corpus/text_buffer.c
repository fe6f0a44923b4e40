// A growing piece of text: see text_buffer.h. The block doubles, so appends cost constant time on average.
// Uses: utf8proc.
#include "corpus/text_buffer.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

void ql_text_free(struct ql_text *text)
{
    free(text->bytes);
    *text = (struct ql_text){0};
}

void ql_text_reset(struct ql_text *text)
{
    ql_text_load(text, "", 0);
}

// Makes room for `more` bytes and the terminating NUL.
static bool text_grow(struct ql_text *text, size_t more)
{
    size_t needed = text->length + more + 1;

    if (text->failed || needed <= text->length) {
        text->failed = true;
        return false;
    }
    if (needed <= text->capacity) {
        return true;
    }
    size_t capacity = text->capacity < 64 ? 64 : text->capacity;
    while (capacity < needed) {
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    }
    char *larger = realloc(text->bytes, capacity);
    if (larger == NULL) {
        text->failed = true;
        return false;
    }
    text->bytes = larger;
    text->capacity = capacity;
    return true;
}

void ql_text_write(struct ql_text *text, const char *bytes, size_t length)
{
    if (text_grow(text, length)) {
        if (length > 0) {
            memcpy(text->bytes + text->length, bytes, length);
        }
        text->length += length;
        text->bytes[text->length] = '\0';
    }
}

void ql_text_write_byte(struct ql_text *text, char byte)
{
    if (text_grow(text, 1)) {
        text->bytes[text->length++] = byte;
        text->bytes[text->length] = '\0';
    }
}

void ql_text_write_symbol(struct ql_text *text, int32_t symbol)
{
    utf8proc_uint8_t encoded[4];
    utf8proc_ssize_t length = utf8proc_encode_char(symbol, encoded);

    ql_text_write(text, (const char *)encoded, (size_t)length);
}

void ql_text_load(struct ql_text *text, const char *bytes, size_t length)
{
    text->length = 0;
    ql_text_write(text, bytes, length);
}

void ql_text_swap(struct ql_text *left, struct ql_text *right)
{
    struct ql_text kept = *left;

    *left = *right;
    *right = kept;
}

enum ql_status ql_text_check(const struct ql_text *text, struct ql_error *error)
{
    return text->failed ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for an item") : QL_OK;
}

int32_t ql_symbol_read(const char *bytes, size_t length, size_t *position)
{
    if (*position >= length) {
        return -1;
    }
    unsigned char first = (unsigned char)bytes[*position];
    if (first < 0x80) {
        (*position)++;
        return first;
    }
    utf8proc_int32_t symbol;
    utf8proc_ssize_t used =
        utf8proc_iterate((const utf8proc_uint8_t *)bytes + *position, (utf8proc_ssize_t)(length - *position), &symbol);
    if (used <= 0) {
        (*position)++;
        return 0xFFFD;
    }
    *position += (size_t)used;
    return symbol;
}

bool ql_symbol_is_letter(int32_t symbol)
{
    if (symbol < 0x80) {
        return (symbol >= 'a' && symbol <= 'z') || (symbol >= 'A' && symbol <= 'Z');
    }
    utf8proc_category_t category = utf8proc_category(symbol);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool ql_symbol_is_mark(int32_t symbol)
{
    if (symbol < 0x300) {
        return false;
    }
    utf8proc_category_t category = utf8proc_category(symbol);
    return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

bool ql_symbol_is_digit(int32_t symbol)
{
    if (symbol < 0x80) {
        return symbol >= '0' && symbol <= '9';
    }
    utf8proc_category_t category = utf8proc_category(symbol);
    return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

bool ql_symbol_is_word(int32_t symbol)
{
    return symbol >= 0 && (ql_symbol_is_letter(symbol) || ql_symbol_is_digit(symbol) || ql_symbol_is_mark(symbol));
}

int32_t ql_symbol_before(const char *bytes, size_t position)
{
    size_t start = position;

    while (start > 0 && position - start < 4) {
        start--;
        if (((unsigned char)bytes[start] & 0xC0) != 0x80) {
            break;
        }
    }
    return ql_symbol_read(bytes, position, &start);
}

bool ql_symbol_is_upper(int32_t symbol)
{
    if (symbol < 0x80) {
        return symbol >= 'A' && symbol <= 'Z';
    }
    return utf8proc_category(symbol) == UTF8PROC_CATEGORY_LU;
}

int32_t ql_symbol_fold(int32_t symbol)
{
    enum { FOLDED_LIMIT = 3 };
    utf8proc_int32_t folded[FOLDED_LIMIT];

    if (symbol < 0x80) {
        return ql_symbol_is_upper(symbol) ? symbol | 0x20 : symbol;
    }
    // Where Unicode's folding is longer than a symbol, as that of a sharp s is, the lower case has to do.
    const bool simple = utf8proc_decompose_char(symbol, folded, FOLDED_LIMIT, UTF8PROC_CASEFOLD, NULL) == 1;
    return simple ? folded[0] : utf8proc_tolower(symbol);
}

bool ql_symbol_is_blank(int32_t symbol)
{
    return symbol == ' ' || (symbol >= 0x80 && utf8proc_category(symbol) == UTF8PROC_CATEGORY_ZS);
}

size_t ql_symbol_count_in(const char *bytes, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++) {
        count += ((unsigned char)bytes[i] & 0xC0) != 0x80;
    }
    return count;
}
