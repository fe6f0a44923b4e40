// The safetensors file format: named tensors behind a JSON header, as Hugging Face defined it.
// A file is: the header's length (8 bytes, little-endian), the header, the data. Readers in Python, Rust and C agree.
// Uses: base, jansson, zlib (crc32).
#ifndef QL_CHECKPOINT_SAFETENSORS_H
#define QL_CHECKPOINT_SAFETENSORS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "base/status.h"

enum { QL_SAFETENSORS_RANK_LIMIT = 8 };

struct ql_safetensors_entry {
    const char *name;  // of the reader: points into its header
    const char *dtype; // "F32", "F64", "I64", ...
    int rank;
    int64_t shape[QL_SAFETENSORS_RANK_LIMIT];
    const void *data; // little-endian, row-major; unaligned when read
    size_t size_bytes;
};

// An opened file; everything in it lives until the close.
struct ql_safetensors {
    struct ql_file_view view;
    json_t *header;
    json_t *metadata; // an object of strings, or NULL; belongs to `header`
    struct ql_safetensors_entry *entries;
    size_t entry_count;
};

// Opens and checks the whole file. Where the metadata has "crc32" (eight hexadecimal digits, ours only), the file's
// content must fit it. Errors: unreadable, cut short, not in the format, checksum; each says which.
enum ql_status ql_safetensors_open(struct ql_safetensors *file, const char *path, enum ql_file_kind kind,
                                   struct ql_error *error);
void ql_safetensors_close(struct ql_safetensors *file);

// The same from memory that the caller keeps; `path` is for messages.
enum ql_status ql_safetensors_read(struct ql_safetensors *file, const void *bytes, size_t size_bytes, const char *path,
                                   struct ql_error *error);

// The tensor of that name, or NULL.
const struct ql_safetensors_entry *ql_safetensors_find(const struct ql_safetensors *file, const char *name);

// The metadata string of that name, or NULL.
const char *ql_safetensors_metadata(const struct ql_safetensors *file, const char *name);

// Writes a file whole or not at all. `metadata` is an object of strings; "crc32" is added to it.
enum ql_status ql_safetensors_save(const char *path, const struct ql_safetensors_entry *entries, size_t count,
                                   json_t *metadata, struct ql_error *error);

#endif
