// The vocabulary: see vocabulary.h. Symbols are found by binary search.
#include "corpus/vocabulary.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

size_t ql_utf8_decode(uint32_t *symbol, const unsigned char *bytes, size_t size_bytes)
{
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = bytes[0];
    size_t length;

    if (first < 0x80) {
        *symbol = first;
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        length = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        length = 3;
    } else if (first >= 0xf0 && first <= 0xf4) {
        length = 4;
    } else {
        return 0;
    }
    if (length > size_bytes) {
        return 0;
    }
    uint32_t value = first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (bytes[i] & 0x3fu);
    }
    if (value < smallest[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
        return 0;
    }
    *symbol = value;
    return length;
}

bool ql_utf8_check(const char *text)
{
    const size_t size = strlen(text);
    size_t length = 1;
    uint32_t symbol;

    for (size_t at = 0; at < size && length > 0; at += length) {
        length = ql_utf8_decode(&symbol, (const unsigned char *)text + at, size - at);
    }
    return length > 0;
}

size_t ql_utf8_encode(unsigned char bytes[4], uint32_t symbol)
{
    if (symbol < 0x80) {
        bytes[0] = (unsigned char)symbol;
        return 1;
    }
    size_t length = symbol < 0x800 ? 2 : symbol < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        bytes[i] = (unsigned char)(0x80 | (symbol & 0x3f));
        symbol >>= 6;
    }
    bytes[0] = (unsigned char)((0xf00u >> length & 0xf0u) | symbol);
    return length;
}

static int vocabulary_compare(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

enum ql_status ql_vocabulary_read(struct ql_vocabulary *vocabulary, const char *utf8, size_t size_bytes,
                                  struct ql_error *error)
{
    vocabulary->count = 0;
    vocabulary->piece_count = 0;
    for (size_t position = 0; position < size_bytes;) {
        uint32_t symbol;
        size_t length = ql_utf8_decode(&symbol, (const unsigned char *)utf8 + position, size_bytes - position);
        if (length == 0) {
            return ql_error_write(error, QL_ERROR_INPUT, "the vocabulary is not valid UTF-8 at byte %zu", position);
        }
        if (vocabulary->count == QL_VOCABULARY_LIMIT) {
            return ql_error_write(error, QL_ERROR_INPUT, "the vocabulary has more than %d symbols",
                                  QL_VOCABULARY_LIMIT);
        }
        vocabulary->symbols[vocabulary->count++] = symbol;
        position += length;
    }
    if (vocabulary->count == 0) {
        return ql_error_write(error, QL_ERROR_INPUT, "the vocabulary is empty");
    }
    qsort(vocabulary->symbols, (size_t)vocabulary->count, sizeof vocabulary->symbols[0], vocabulary_compare);
    for (int i = 1; i < vocabulary->count; i++) {
        if (vocabulary->symbols[i] == vocabulary->symbols[i - 1]) {
            return ql_error_write(error, QL_ERROR_INPUT, "the vocabulary has the symbol U+%04" PRIX32 " twice",
                                  vocabulary->symbols[i]);
        }
    }
    return QL_OK;
}

enum ql_status ql_vocabulary_merge(struct ql_vocabulary *vocabulary, const struct ql_vocabulary *other,
                                   struct ql_error *error)
{
    int known = vocabulary->count; // sorted; new ones are added after these

    for (int i = 0; i < other->count; i++) {
        if (bsearch(&other->symbols[i], vocabulary->symbols, (size_t)known, sizeof vocabulary->symbols[0],
                    vocabulary_compare) != NULL) {
            continue;
        }
        if (vocabulary->count == QL_VOCABULARY_LIMIT) {
            return ql_error_write(error, QL_ERROR_INPUT, "the texts have more than %d different symbols together",
                                  QL_VOCABULARY_LIMIT);
        }
        vocabulary->symbols[vocabulary->count++] = other->symbols[i];
    }
    qsort(vocabulary->symbols, (size_t)vocabulary->count, sizeof vocabulary->symbols[0], vocabulary_compare);
    return QL_OK;
}

void ql_vocabulary_write(const struct ql_vocabulary *vocabulary, char *text)
{
    for (int i = 0; i < vocabulary->count - vocabulary->piece_count; i++) {
        text += ql_utf8_encode((unsigned char *)text, vocabulary->symbols[i]);
    }
    *text = '\0';
}

int ql_vocabulary_encode(const struct ql_vocabulary *vocabulary, uint32_t symbol)
{
    const uint32_t *found = bsearch(&symbol, vocabulary->symbols, (size_t)(vocabulary->count - vocabulary->piece_count),
                                    sizeof vocabulary->symbols[0], vocabulary_compare);

    return found == NULL ? -1 : (int)(found - vocabulary->symbols);
}

bool ql_vocabulary_is_same(const struct ql_vocabulary *left, const struct ql_vocabulary *right)
{
    bool same = left->count == right->count && left->piece_count == right->piece_count;

    for (int token = 0; token < left->count && same; token++) {
        int count, other_count;
        const uint32_t *symbols = ql_vocabulary_spell(left, token, &count);
        const uint32_t *other = ql_vocabulary_spell(right, token, &other_count);
        same = count == other_count && memcmp(symbols, other, (size_t)count * sizeof symbols[0]) == 0;
    }
    return same;
}

const uint32_t *ql_vocabulary_spell(const struct ql_vocabulary *vocabulary, int token, int *length)
{
    const int piece = token - (vocabulary->count - vocabulary->piece_count);

    if (piece < 0) {
        *length = 1;
        return &vocabulary->symbols[token];
    }
    *length = vocabulary->pieces[piece].length;
    return vocabulary->pieces[piece].symbols;
}

int ql_vocabulary_length(const struct ql_vocabulary *vocabulary, int token)
{
    const int piece = token - (vocabulary->count - vocabulary->piece_count);

    return piece < 0 ? 1 : vocabulary->pieces[piece].length;
}

size_t ql_vocabulary_lengths(const struct ql_vocabulary *vocabulary, const uint16_t *tokens, size_t count)
{
    size_t length = 0;

    if (vocabulary->piece_count == 0) {
        return count;
    }
    for (size_t i = 0; i < count; i++) {
        length += (size_t)ql_vocabulary_length(vocabulary, tokens[i]);
    }
    return length;
}

size_t ql_vocabulary_write_token(const struct ql_vocabulary *vocabulary, int token, char bytes[QL_TOKEN_BYTES])
{
    int length;
    size_t size = 0;
    const uint32_t *symbols = ql_vocabulary_spell(vocabulary, token, &length);

    for (int i = 0; i < length; i++) {
        size += ql_utf8_encode((unsigned char *)bytes + size, symbols[i]);
    }
    return size;
}
