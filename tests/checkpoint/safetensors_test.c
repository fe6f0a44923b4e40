// The safetensors reader and writer: what the format allows is read, and everything else is refused with a reason.
// Uses: checkpoint/safetensors, checkpoint_sample, zlib, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "checkpoint/safetensors.h"
#include "checkpoint_sample.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const unsigned char zeros[64];

// Reads a header followed by `data_bytes` zeros; the block ends where the file does, so that a sanitizer detects more.
static enum ql_status read_sample(struct ql_safetensors *file, unsigned char **bytes, const char *header,
                                  size_t data_bytes, struct ql_error *error)
{
    size_t size_bytes;

    assert_true(data_bytes <= sizeof zeros);
    unsigned char *content = sample_safetensors_write(&size_bytes, header, zeros, data_bytes);
    *bytes = test_malloc(size_bytes);
    memcpy(*bytes, content, size_bytes);
    test_free(content);
    return ql_safetensors_read(file, *bytes, size_bytes, "sample.safetensors", error);
}

static void header_within_the_format_is_read(void **state)
{
    static const struct {
        const char *header;
        size_t data_bytes, entries;
    } samples[] = {
        {"{}", 0, 0},
        {"{}      ", 0, 0},
        {"{\"__metadata__\":{}}", 0, 0},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, 1},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[0,9223372036854775807],\"data_offsets\":[0,0]}}", 0, 1},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,3],\"data_offsets\":[0,3]}}", 3, 1},
        {"{\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[8,16]},"
         "\"b\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}",
         16, 2},
        {"{\"a\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]},"
         "\"empty\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[4,4]}}",
         4, 2},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(samples); i++) {
        struct ql_safetensors file;
        struct ql_error error;
        unsigned char *bytes;
        if (read_sample(&file, &bytes, samples[i].header, samples[i].data_bytes, &error) != QL_OK) {
            fail_msg("%s: %s", samples[i].header, error.message);
        }
        assert_int_equal(file.entry_count, samples[i].entries);
        ql_safetensors_close(&file);
        test_free(bytes);
    }
}

static void header_outside_the_format_is_refused_with_a_reason(void **state)
{
    static const struct {
        const char *header;
        size_t data_bytes;
        const char *reason;
    } samples[] = {
        {"", 0, "not a JSON"},
        {"[]", 0, "not a JSON"},
        {"7", 0, "not a JSON"},
        {"{}x", 0, "not a JSON"},
        {"{\"a\":1,\"a\":1}", 0, "not a JSON"},
        {"{\"a\\u0000\":1}", 0, "not a JSON"},
        {"{}", 1, "1 bytes after"},
        {"{\"__metadata__\":5}", 0, "__metadata__"},
        {"{\"__metadata__\":{\"epoch\":5}}", 0, "'epoch'"},
        {"{\"a\":1}", 0, "'a'"},
        {"{\"a\":{}}", 0, "'a'"},
        {"{\"a\":{\"dtype\":32,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "'a'"},
        {"{\"a\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "F31"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}", 4, "'a'"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4, "'a'"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "'a'"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "'a'"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905],\"data_offsets\":[0,4]}}", 4, "'a'"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, "'a'"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "4 bytes, but its shape needs 8"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "'a'"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4, "'a'"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 4, "'a'"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "'a'"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,5]}}", 5, "gap"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 3, "cut short"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,9223372036854775807]}}", 4, "cut short"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}",
         6, "overlaps"},
        {"{\"__metadata__\":{\"crc32\":\"0\"}}", 0, "checksum"},
        {"{\"__metadata__\":{\"crc32\":\"00000000\"}}", 0, "checksum"},
        {"{\"__metadata__\":{\"crc32\": \"00000000\"}}", 0, "checksum"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(samples); i++) {
        struct ql_safetensors file;
        struct ql_error error;
        unsigned char *bytes;
        if (read_sample(&file, &bytes, samples[i].header, samples[i].data_bytes, &error) != QL_ERROR_INPUT) {
            fail_msg("%s: was read", samples[i].header);
        }
        if (strstr(error.message, samples[i].reason) == NULL ||
            strstr(error.message, "sample.safetensors: ") != error.message) {
            fail_msg("%s: '%s' lacks the file or '%s'", samples[i].header, error.message, samples[i].reason);
        }
        test_free(bytes);
    }
}

// The key of the checksum once more, at the end of the header: its eight digits would be beyond the end.
static void checksum_at_the_end_of_a_header_is_not_read_beyond_it(void **state)
{
    struct ql_safetensors file;
    struct ql_error error;
    unsigned char *bytes;
    (void)state;

    assert_int_equal(read_sample(&file, &bytes,
                                 "{\"__metadata__\":{\"crc32\": \"00000000\"},"
                                 "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],\"crc32\":\"\"}}",
                                 0, &error),
                     QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "checksum"));
    test_free(bytes);
}

static void deeply_nested_header_is_refused(void **state)
{
    enum { DEPTH = 1000000 };
    char *header = test_malloc(DEPTH + 1);
    struct ql_safetensors file;
    struct ql_error error;
    unsigned char *bytes;
    (void)state;

    memset(header, '[', DEPTH);
    header[DEPTH] = '\0';
    assert_int_equal(read_sample(&file, &bytes, header, 0, &error), QL_ERROR_INPUT);
    test_free(bytes);
    test_free(header);
}

static void length_of_the_header_beyond_the_file_is_refused(void **state)
{
    static const unsigned char lengths[][8] = {
        {3}, {0, 0, 0, 0, 0, 0, 0, 0x80}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0xfa, 0xff, 0xff, 0xff}};
    (void)state;

    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct ql_safetensors file;
        struct ql_error error;
        unsigned char bytes[10] = {0};
        memcpy(bytes, lengths[i], 8);
        bytes[8] = '{';
        bytes[9] = '}';
        assert_int_equal(ql_safetensors_read(&file, bytes, sizeof bytes, "x", &error), QL_ERROR_INPUT);
        assert_non_null(strstr(error.message, "cut short"));
    }
}

static void file_saved_is_read_with_all_it_holds(void **state)
{
    static const char path[] = "safetensors_test.saved";
    const float a[] = {1.5f, -2.0f, 3.25f, 0.0f, 1e-30f, 7.0f};
    const unsigned char b[] = {1, 2, 3};
    const struct ql_safetensors_entry entries[] = {
        {.name = "odd \"name\"", .dtype = "U8", .rank = 1, .shape = {3}, .data = b, .size_bytes = sizeof b},
        {.name = "a", .dtype = "F32", .rank = 2, .shape = {2, 3}, .data = a, .size_bytes = sizeof a},
    };
    struct ql_safetensors file;
    struct ql_error error;
    json_t *metadata = json_pack("{s:s}", "note", "crc32 \"crc32\":\"12345678\"");
    (void)state;

    assert_int_equal(ql_safetensors_save(path, entries, COUNT(entries), metadata, &error), QL_OK);
    json_decref(metadata);
    assert_int_equal(ql_safetensors_open(&file, path, QL_FILE_REGULAR, &error), QL_OK);
    assert_int_equal(file.entry_count, 2);
    const struct ql_safetensors_entry *entry = ql_safetensors_find(&file, "a");
    assert_non_null(entry);
    assert_string_equal(entry->dtype, "F32");
    assert_int_equal(entry->rank, 2);
    assert_int_equal(entry->shape[0], 2);
    assert_int_equal(entry->shape[1], 3);
    assert_int_equal(entry->size_bytes, sizeof a);
    assert_memory_equal(entry->data, a, sizeof a);
    entry = ql_safetensors_find(&file, "odd \"name\"");
    assert_non_null(entry);
    assert_memory_equal(entry->data, b, sizeof b);
    assert_null(ql_safetensors_find(&file, "b"));
    assert_string_equal(ql_safetensors_metadata(&file, "note"), "crc32 \"crc32\":\"12345678\"");
    assert_null(ql_safetensors_metadata(&file, "other"));
    ql_safetensors_close(&file);
}

// The checksum of docs/checkpoint.md, computed by hand.
static void checksum_saved_is_the_crc_of_the_file_with_zeros_in_its_place(void **state)
{
    static const char path[] = "safetensors_test.crc";
    const unsigned char data[] = {1, 2, 3};
    const struct ql_safetensors_entry entry = {
        .name = "a", .dtype = "U8", .rank = 1, .shape = {3}, .data = data, .size_bytes = sizeof data};
    struct ql_error error;
    json_t *metadata = json_object();
    char digits[9];
    size_t size_bytes;
    (void)state;

    assert_int_equal(ql_safetensors_save(path, &entry, 1, metadata, &error), QL_OK);
    json_decref(metadata);
    unsigned char *bytes = sample_file_load(path, &size_bytes);
    unsigned char *place = memmem(bytes, size_bytes, "\"crc32\":\"", 9);
    assert_non_null(place);
    place += 9;
    unsigned char stored[9] = {0};
    memcpy(stored, place, 8);
    memset(place, '0', 8);
    (void)snprintf(digits, sizeof digits, "%08lx", crc32_z(0, bytes, size_bytes));
    assert_string_equal(digits, (char *)stored);
    assert_int_equal((size_bytes - sizeof data) % 8, 0); // the data begins at a multiple of 8
    test_free(bytes);
}

static void file_that_cannot_be_written_is_an_error_that_names_it(void **state)
{
    struct ql_error error;
    json_t *metadata = json_object();
    (void)state;

    assert_int_equal(ql_safetensors_save("no/such/folder/x", NULL, 0, metadata, &error), QL_ERROR_SYSTEM);
    assert_non_null(strstr(error.message, "no/such/folder/x"));
    json_decref(metadata);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_within_the_format_is_read),
        cmocka_unit_test(header_outside_the_format_is_refused_with_a_reason),
        cmocka_unit_test(checksum_at_the_end_of_a_header_is_not_read_beyond_it),
        cmocka_unit_test(deeply_nested_header_is_refused),
        cmocka_unit_test(length_of_the_header_beyond_the_file_is_refused),
        cmocka_unit_test(file_saved_is_read_with_all_it_holds),
        cmocka_unit_test(checksum_saved_is_the_crc_of_the_file_with_zeros_in_its_place),
        cmocka_unit_test(file_that_cannot_be_written_is_an_error_that_names_it),
    };
    return cmocka_run_group_tests_name("safetensors", tests, NULL, NULL);
}
