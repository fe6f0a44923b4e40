// UTF-8 against the rules of RFC 3629, over all code points and all short byte sequences; and the vocabulary.
// Uses: corpus/vocabulary, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "corpus/vocabulary.h"

enum { CODE_POINTS = 0x110000 };

static bool is_surrogate(uint32_t symbol)
{
    return symbol >= 0xd800 && symbol <= 0xdfff;
}

static void utf8_of_every_code_point_is_decoded_back(void **state)
{
    (void)state;
    for (uint32_t symbol = 0; symbol < CODE_POINTS; symbol++) {
        unsigned char bytes[4];
        uint32_t decoded = 0;
        const size_t length = ql_utf8_encode(bytes, symbol);
        assert_int_equal(length, symbol < 0x80 ? 1 : symbol < 0x800 ? 2 : symbol < 0x10000 ? 3 : 4);
        if (is_surrogate(symbol)) {
            assert_int_equal(ql_utf8_decode(&decoded, bytes, length), 0);
            continue;
        }
        assert_int_equal(ql_utf8_decode(&decoded, bytes, length), length);
        assert_int_equal(decoded, symbol);
        for (size_t cut = 1; cut < length; cut++) {
            assert_int_equal(ql_utf8_decode(&decoded, bytes, cut), 0);
        }
    }
}

// Every decoded sequence encodes to the same bytes, so no overlong form is decoded; and the number of decoded sequences
// of each length equals the number of code points of that length.
static void utf8_of_every_byte_sequence_has_one_meaning(void **state)
{
    (void)state;
    static const size_t expected[5] = {0, 0x80, 0x800 - 0x80, 0x10000 - 0x800 - 0x800, 0x100000};
    size_t counts[5] = {0};

    // The last byte of four is tried only at its limits.
    static const unsigned char last[] = {0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff};
    for (uint32_t start = 0; start < 1 << 24; start++) {
        unsigned char bytes[4] = {(unsigned char)(start >> 16), (unsigned char)(start >> 8), (unsigned char)start,
                                  0x80};
        unsigned char encoded[4];
        uint32_t symbol = 0;
        size_t length = ql_utf8_decode(&symbol, bytes, 4);
        if (length > 0) {
            assert_int_equal(ql_utf8_encode(encoded, symbol), length);
            assert_memory_equal(encoded, bytes, length);
        }
        // Counted only if the bytes after the sequence are zero, so that each counts once; four tried last bytes stand
        // for 64.
        bool first = (length < 2 ? bytes[1] == 0 : true) && (length < 3 ? bytes[2] == 0 : true);
        counts[length] += length == 0 || !first ? 0 : length == 4 ? 64 : 1;
        for (size_t i = 0; i < sizeof last && length == 4; i++) {
            bytes[3] = last[i];
            assert_int_equal(ql_utf8_decode(&symbol, bytes, 4), (last[i] & 0xc0) == 0x80 ? 4 : 0);
        }
    }
    for (int length = 1; length <= 4; length++) {
        assert_int_equal(counts[length], expected[length]);
    }
}

static enum ql_status read_string(struct ql_vocabulary *vocabulary, const char *text, struct ql_error *error)
{
    return ql_vocabulary_read(vocabulary, text, strlen(text), error);
}

static void vocabulary_in_any_order_is_sorted(void **state)
{
    (void)state;
    struct ql_vocabulary vocabulary;
    struct ql_error error;
    char text[32];

    assert_int_equal(read_string(&vocabulary, "zé\na😀B", &error), QL_OK);
    assert_int_equal(vocabulary.count, 6);
    ql_vocabulary_write(&vocabulary, text);
    assert_string_equal(text, "\nBazé😀");
    assert_int_equal(ql_vocabulary_encode(&vocabulary, '\n'), 0);
    assert_int_equal(ql_vocabulary_encode(&vocabulary, 0x1f600), 5);
    assert_int_equal(ql_vocabulary_encode(&vocabulary, 'b'), -1);
    assert_int_equal(ql_vocabulary_encode(&vocabulary, 0), -1);
    assert_int_equal(ql_vocabulary_encode(&vocabulary, UINT32_MAX), -1);
}

static void vocabulary_that_is_none_is_an_error(void **state)
{
    (void)state;
    struct ql_vocabulary vocabulary;
    struct ql_error error;

    assert_int_equal(read_string(&vocabulary, "", &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "empty"));
    assert_int_equal(read_string(&vocabulary, "abca", &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "U+0061 twice"));
    assert_int_equal(read_string(&vocabulary, "ab\xff", &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "byte 2"));
    assert_int_equal(read_string(&vocabulary, "ab\xc3", &error), QL_ERROR_INPUT);
}

static size_t write_range(char *text, uint32_t first, uint32_t count)
{
    size_t size = 0;

    for (uint32_t symbol = first; symbol < first + count; symbol++) {
        size += ql_utf8_encode((unsigned char *)text + size, symbol);
    }
    return size;
}

static void vocabulary_at_its_limit_is_full(void **state)
{
    (void)state;
    static struct ql_vocabulary vocabulary, other;
    static char text[4 * (QL_VOCABULARY_LIMIT + 1)];
    struct ql_error error;

    assert_int_equal(ql_vocabulary_read(&vocabulary, text, write_range(text, 0x4e00, QL_VOCABULARY_LIMIT), &error),
                     QL_OK);
    assert_int_equal(vocabulary.count, QL_VOCABULARY_LIMIT);
    assert_int_equal(ql_vocabulary_encode(&vocabulary, 0x4e00 + QL_VOCABULARY_LIMIT - 1), QL_VOCABULARY_LIMIT - 1);
    assert_int_equal(ql_vocabulary_merge(&vocabulary, &vocabulary, &error), QL_OK);
    assert_int_equal(read_string(&other, "a", &error), QL_OK);
    assert_int_equal(ql_vocabulary_merge(&vocabulary, &other, &error), QL_ERROR_INPUT);
    assert_int_equal(ql_vocabulary_read(&vocabulary, text, write_range(text, 0x4e00, QL_VOCABULARY_LIMIT + 1), &error),
                     QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "more than 4096"));
}

static void vocabulary_merge_adds_what_is_new_and_stays_sorted(void **state)
{
    (void)state;
    struct ql_vocabulary vocabulary, other;
    struct ql_error error;
    char text[32];

    assert_int_equal(read_string(&vocabulary, "\nbd", &error), QL_OK);
    assert_int_equal(read_string(&other, "\nadz", &error), QL_OK);
    assert_int_equal(ql_vocabulary_merge(&vocabulary, &other, &error), QL_OK);
    ql_vocabulary_write(&vocabulary, text);
    assert_string_equal(text, "\nabdz");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_of_every_code_point_is_decoded_back),
        cmocka_unit_test(utf8_of_every_byte_sequence_has_one_meaning),
        cmocka_unit_test(vocabulary_in_any_order_is_sorted),
        cmocka_unit_test(vocabulary_that_is_none_is_an_error),
        cmocka_unit_test(vocabulary_at_its_limit_is_full),
        cmocka_unit_test(vocabulary_merge_adds_what_is_new_and_stays_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
