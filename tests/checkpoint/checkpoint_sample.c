// Small models and files: see checkpoint_sample.h.
// Uses: model, base/file, cmocka.
#include "checkpoint_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void sample_vocabulary_init(struct ql_vocabulary *vocabulary, int V, bool wide)
{
    // A newline, characters that JSON escapes, and the first and last code points of each length.
    static const uint32_t wide_symbols[] = {'\n',  '"',    '\\',   0x7f,   0x80,    0x7ff,
                                            0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff};

    vocabulary->count = V;
    for (int i = 0; i < V; i++) {
        vocabulary->symbols[i] = wide ? wide_symbols[i] : (uint32_t)('\n' + i);
    }
}

void sample_model_init(struct ql_model *model, struct ql_dimensions dimensions, uint32_t seed)
{
    struct ql_error error;

    if (ql_model_init(model, dimensions, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    ql_model_reset(model, seed);
}

unsigned char *sample_file_load(const char *path, size_t *size_bytes)
{
    struct ql_file_view view;
    struct ql_error error;

    if (ql_file_open(&view, path, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    unsigned char *bytes = test_malloc(view.size_bytes + 1);
    memcpy(bytes, view.data, view.size_bytes);
    *size_bytes = view.size_bytes;
    ql_file_close(&view);
    return bytes;
}

void sample_file_save(const char *path, const void *bytes, size_t size_bytes)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size_bytes, file), size_bytes);
    assert_int_equal(fclose(file), 0);
}

unsigned char *sample_safetensors_write(size_t *size_bytes, const char *header, const void *data, size_t data_bytes)
{
    size_t header_bytes = strlen(header);
    unsigned char *bytes = test_malloc(8 + header_bytes + data_bytes + 1);

    for (int i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)((uint64_t)header_bytes >> (8 * i));
    }
    memcpy(bytes + 8, header, header_bytes);
    if (data_bytes > 0) {
        memcpy(bytes + 8 + header_bytes, data, data_bytes);
    }
    *size_bytes = 8 + header_bytes + data_bytes;
    return bytes;
}
