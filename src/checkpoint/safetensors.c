// The safetensors file format: see safetensors.h.
//
// The checksum is the CRC-32 of the whole file as it would be with eight zeros in the checksum's place. It is in the
// header's metadata, where readers of the plain format ignore it.
#include "checkpoint/safetensors.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/bytes.h"

enum { LENGTH_BYTES = 8, CRC_DIGITS = 8, HEADER_ALIGNMENT = 8 };
static const char crc_zeros[] = "00000000";
static const char crc_key[] = "\"crc32\":\""; // inside a JSON string its quotation marks would be escaped

// The format's own limit; a larger length is a damaged or a foreign file.
static const uint64_t header_limit_bytes = 100000000;

static size_t dtype_bytes(const char *dtype)
{
    static const struct {
        const char *name;
        size_t bytes;
    } known[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1},
                 {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
                 {"U32", 4},  {"F32", 4}, {"F64", 8}, {"I64", 8},     {"U64", 8}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(dtype, known[i].name) == 0) {
            return known[i].bytes;
        }
    }
    return 0;
}

// Reads one tensor's description; its offsets are checked against the `data_size` bytes of data.
static enum ql_status read_entry(struct ql_safetensors_entry *entry, const json_t *description,
                                 const unsigned char *data, size_t data_size, const char *path, struct ql_error *error)
{
    const json_t *shape = json_object_get(description, "shape");
    const json_t *offsets = json_object_get(description, "data_offsets");
    const char *dtype = json_string_value(json_object_get(description, "dtype"));
    const json_t *begin_value = json_array_get(offsets, 0);
    const json_t *end_value = json_array_get(offsets, 1);
    size_t expected;

    if (dtype == NULL || !json_is_array(shape) || json_array_size(shape) > QL_SAFETENSORS_RANK_LIMIT ||
        json_array_size(offsets) != 2 || !json_is_integer(begin_value) || !json_is_integer(end_value)) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s: tensor '%s' has no valid dtype, shape and data_offsets", path,
                              entry->name);
    }
    json_int_t begin = json_integer_value(begin_value);
    json_int_t end = json_integer_value(end_value);
    entry->dtype = dtype;
    expected = dtype_bytes(dtype);
    if (expected == 0) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s: tensor '%s' has the unknown dtype %s", path, entry->name,
                              dtype);
    }
    entry->rank = (int)json_array_size(shape);
    for (int i = 0; i < entry->rank; i++) {
        const json_t *value = json_array_get(shape, (size_t)i);
        json_int_t size = json_integer_value(value);
        if (!json_is_integer(value) || size < 0 || (size > 0 && expected > SIZE_MAX / (size_t)size)) {
            return ql_error_write(error, QL_ERROR_INPUT, "%s: tensor '%s' has no valid shape", path, entry->name);
        }
        entry->shape[i] = size;
        expected *= (size_t)size;
    }
    if (begin < 0 || end < begin || (uint64_t)end > data_size) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: is cut short: tensor '%s' should end at byte %lld of the data", path, entry->name,
                              (long long)end);
    }
    entry->data = data + begin;
    entry->size_bytes = (size_t)(end - begin);
    if (entry->size_bytes != expected) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s: tensor '%s' has %zu bytes, but its shape needs %zu", path,
                              entry->name, entry->size_bytes, expected);
    }
    return QL_OK;
}

// Compares the stored checksum, if there is one, with the content.
static enum ql_status check_crc(const struct ql_safetensors *file, const unsigned char *bytes, size_t size_bytes,
                                size_t header_bytes, const char *path, struct ql_error *error)
{
    const char *stored = ql_safetensors_metadata(file, "crc32");
    char digits[CRC_DIGITS + 1];
    const unsigned char *header = bytes + LENGTH_BYTES;

    if (stored == NULL) {
        return QL_OK;
    }
    const unsigned char *found = ql_bytes_find(header, header_bytes, crc_key, sizeof crc_key - 1);
    size_t place = found == NULL ? header_bytes : (size_t)(found - header) + sizeof crc_key - 1;
    // The same characters may occur elsewhere in a header that is formatted differently from ours.
    if (strlen(stored) != CRC_DIGITS || header_bytes - place < CRC_DIGITS ||
        memcmp(header + place, stored, CRC_DIGITS) != 0) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s: is damaged: its checksum is malformed", path);
    }
    uLong crc = crc32_z(0, bytes, LENGTH_BYTES + place);
    crc = crc32_z(crc, (const Bytef *)crc_zeros, CRC_DIGITS);
    crc = crc32_z(crc, header + place + CRC_DIGITS, size_bytes - LENGTH_BYTES - place - CRC_DIGITS);
    (void)snprintf(digits, sizeof digits, "%08lx", crc);
    if (strcmp(digits, stored) != 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: is damaged: the checksum of its content is %s, but it should be %s", path, digits,
                              stored);
    }
    return QL_OK;
}

static int entry_by_place(const void *left, const void *right)
{
    const struct ql_safetensors_entry *a = left;
    const struct ql_safetensors_entry *b = right;
    const unsigned char *a_data = a->data;
    const unsigned char *b_data = b->data;

    if (a_data != b_data) {
        return a_data < b_data ? -1 : 1;
    }
    return (a->size_bytes > b->size_bytes) - (a->size_bytes < b->size_bytes);
}

static enum ql_status check_metadata(json_t *metadata, const char *path, struct ql_error *error)
{
    const char *name;
    json_t *value;

    if (metadata != NULL && !json_is_object(metadata)) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s: is damaged: its __metadata__ is not a JSON object", path);
    }
    json_object_foreach(metadata, name, value)
    {
        if (!json_is_string(value)) {
            return ql_error_write(error, QL_ERROR_INPUT, "%s: is damaged: '%s' in its __metadata__ is not a string",
                                  path, name);
        }
    }
    return QL_OK;
}

// The format requires the tensors to fill the data without gaps or overlaps.
static enum ql_status check_places(struct ql_safetensors *file, const unsigned char *data, size_t data_size,
                                   const char *path, struct ql_error *error)
{
    const unsigned char *expected = data;

    qsort(file->entries, file->entry_count, sizeof file->entries[0], entry_by_place);
    for (size_t i = 0; i < file->entry_count; i++) {
        const unsigned char *place = file->entries[i].data;
        if (place != expected) {
            return ql_error_write(error, QL_ERROR_INPUT, "%s: tensor '%s' leaves a gap or overlaps another", path,
                                  file->entries[i].name);
        }
        expected = place + file->entries[i].size_bytes;
    }
    if (expected != data + data_size) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s: has %zu bytes after its last tensor", path,
                              (size_t)(data + data_size - expected));
    }
    return QL_OK;
}

enum ql_status ql_safetensors_read(struct ql_safetensors *file, const void *bytes, size_t size_bytes, const char *path,
                                   struct ql_error *error)
{
    const unsigned char *start = bytes;
    enum ql_status status = QL_OK;
    json_error_t json_error;
    uint64_t header_bytes = 0;

    *file = (struct ql_safetensors){0};
    for (size_t i = 0; i < LENGTH_BYTES && size_bytes >= LENGTH_BYTES; i++) {
        header_bytes |= (uint64_t)start[i] << (8 * i);
    }
    if (size_bytes < LENGTH_BYTES || header_bytes > size_bytes - LENGTH_BYTES || header_bytes > header_limit_bytes) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s: is cut short, or not a safetensors file", path);
    }
    const unsigned char *data = start + LENGTH_BYTES + header_bytes;
    size_t data_size = size_bytes - LENGTH_BYTES - (size_t)header_bytes;
    file->header =
        json_loadb((const char *)start + LENGTH_BYTES, (size_t)header_bytes, JSON_REJECT_DUPLICATES, &json_error);
    if (!json_is_object(file->header)) {
        status = ql_error_write(error, QL_ERROR_INPUT,
                                "%s: is damaged, or not a safetensors file: its header is not a JSON "
                                "object%s%s",
                                path, file->header == NULL ? ": " : "", file->header == NULL ? json_error.text : "");
        goto done;
    }
    file->metadata = json_object_get(file->header, "__metadata__");
    status = check_metadata(file->metadata, path, error);
    if (status != QL_OK) {
        goto done;
    }
    file->entries = calloc(json_object_size(file->header) + 1, sizeof file->entries[0]);
    if (file->entries == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", path);
        goto done;
    }
    const char *name;
    json_t *description;
    json_object_foreach(file->header, name, description)
    {
        if (description == file->metadata) {
            continue;
        }
        struct ql_safetensors_entry *entry = &file->entries[file->entry_count++];
        entry->name = name;
        status = read_entry(entry, description, data, data_size, path, error);
        if (status != QL_OK) {
            goto done;
        }
    }
    status = check_places(file, data, data_size, path, error);
    if (status == QL_OK) {
        status = check_crc(file, start, size_bytes, (size_t)header_bytes, path, error);
    }
done:
    if (status != QL_OK) {
        ql_safetensors_close(file);
    }
    return status;
}

enum ql_status ql_safetensors_open(struct ql_safetensors *file, const char *path, enum ql_file_kind kind,
                                   struct ql_error *error)
{
    struct ql_file_view view;
    enum ql_status status = ql_file_open_kind(&view, path, kind, ql_file_limit_bytes, error);

    *file = (struct ql_safetensors){0};
    if (status != QL_OK) {
        return status;
    }
    status = ql_safetensors_read(file, view.data, view.size_bytes, path, error);
    if (status != QL_OK) {
        ql_file_close(&view);
        return status;
    }
    file->view = view;
    return QL_OK;
}

void ql_safetensors_close(struct ql_safetensors *file)
{
    json_decref(file->header);
    free(file->entries);
    ql_file_close(&file->view);
    *file = (struct ql_safetensors){0};
}

const struct ql_safetensors_entry *ql_safetensors_find(const struct ql_safetensors *file, const char *name)
{
    for (size_t i = 0; i < file->entry_count; i++) {
        if (strcmp(file->entries[i].name, name) == 0) {
            return &file->entries[i];
        }
    }
    return NULL;
}

const char *ql_safetensors_metadata(const struct ql_safetensors *file, const char *name)
{
    return json_string_value(json_object_get(file->metadata, name));
}

// The header as text, padded with spaces to its alignment; NULL when there is not enough memory. The caller frees it.
static char *write_header(const struct ql_safetensors_entry *entries, size_t count, json_t *metadata)
{
    json_t *header = json_object();
    size_t offset = 0;
    char *text = NULL;
    bool failed = json_object_set_new(metadata, "crc32", json_string(crc_zeros)) != 0 ||
                  json_object_set(header, "__metadata__", metadata) != 0;

    for (size_t i = 0; i < count && !failed; i++) {
        json_t *shape = json_array();
        for (int k = 0; k < entries[i].rank; k++) {
            failed = json_array_append_new(shape, json_integer(entries[i].shape[k])) != 0 || failed;
        }
        json_t *description =
            json_pack("{s:s, s:o, s:[I,I]}", "dtype", entries[i].dtype, "shape", shape, "data_offsets",
                      (json_int_t)offset, (json_int_t)offset + (json_int_t)entries[i].size_bytes);
        failed = json_object_set_new(header, entries[i].name, description) != 0 || failed;
        offset += entries[i].size_bytes;
    }
    char *compact = failed ? NULL : json_dumps(header, JSON_COMPACT);
    if (compact != NULL) {
        size_t length = strlen(compact);
        size_t padded = (length + HEADER_ALIGNMENT - 1) / HEADER_ALIGNMENT * HEADER_ALIGNMENT;
        text = malloc(padded + 1);
        if (text != NULL) {
            memcpy(text, compact, length);
            memset(text + length, ' ', padded - length);
            text[padded] = '\0';
        }
    }
    free(compact);
    json_decref(header);
    return text;
}

enum ql_status ql_safetensors_save(const char *path, const struct ql_safetensors_entry *entries, size_t count,
                                   json_t *metadata, struct ql_error *error)
{
    struct ql_file_writer writer = {0};
    unsigned char length[LENGTH_BYTES];
    char digits[CRC_DIGITS + 1];
    char *header = write_header(entries, count, metadata);

    if (header == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory to write it", path);
    }
    size_t header_bytes = strlen(header);
    for (size_t i = 0; i < LENGTH_BYTES; i++) {
        length[i] = (unsigned char)(header_bytes >> (8 * i));
    }
    uLong crc = crc32_z(0, length, LENGTH_BYTES);
    crc = crc32_z(crc, (const Bytef *)header, header_bytes);
    for (size_t i = 0; i < count; i++) {
        crc = crc32_z(crc, entries[i].data, entries[i].size_bytes);
    }
    (void)snprintf(digits, sizeof digits, "%08lx", crc);
    memcpy(strstr(header, crc_key) + sizeof crc_key - 1, digits, CRC_DIGITS);

    enum ql_status status = ql_file_writer_open_kind(&writer, path, QL_FILE_IN_FOLDER, error);
    if (status == QL_OK) {
        (void)fwrite(length, 1, LENGTH_BYTES, writer.stream); // errors are reported at the close
        (void)fwrite(header, 1, header_bytes, writer.stream);
        for (size_t i = 0; i < count; i++) {
            (void)fwrite(entries[i].data, 1, entries[i].size_bytes, writer.stream);
        }
        status = ql_file_writer_close(&writer, error);
    }
    free(header);
    return status;
}
