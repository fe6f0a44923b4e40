// Finished cells, kept in a folder: see study_cell_file.h. The file's name is the hash of the key; the key inside
// decides.
// Uses: base, corpus/item_hash, jansson.
#include "study/study_cell_file.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "corpus/item_hash.h"

// Our files have at most a few megabytes.
static const size_t cell_limit_bytes = (size_t)1 << 28;

static char *path_of(const char *folder, const char *key)
{
    const uint64_t hash = ql_hash_mix(ql_hash_step(ql_hash_start, key, strlen(key)));

    return ql_bytes_format("%s/%016" PRIx64 ".json", folder, hash);
}

json_t *ql_study_cell_file_load(const char *folder, const char *key)
{
    char *path = path_of(folder, key);
    struct ql_file_view view = {0};
    const bool opened =
        path != NULL && ql_file_open_kind(&view, path, QL_FILE_IN_FOLDER, cell_limit_bytes, NULL) == QL_OK;
    json_t *file = opened ? json_loadb((const char *)view.data, view.size_bytes, 0, NULL) : NULL;
    const char *found = json_string_value(json_object_get(file, "key"));
    json_t *result = found != NULL && strcmp(found, key) == 0 ? json_object_get(file, "result") : NULL;

    result = json_is_object(result) ? json_incref(result) : NULL;
    json_decref(file);
    ql_file_close(&view);
    free(path);
    return result;
}

enum ql_status ql_study_cell_file_save(const char *folder, const char *key, json_t *result, struct ql_error *error)
{
    char *path = path_of(folder, key);
    json_t *file = json_pack("{s:s}", "key", key);
    const bool complete = json_object_set(file, "result", result) == 0; // json_pack would leak it on failure
    char *text = !complete ? NULL : json_dumps(file, JSON_COMPACT | JSON_REAL_PRECISION(17));
    enum ql_status status = path == NULL || text == NULL
                                ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to keep a cell")
                                : ql_file_save_kind(path, QL_FILE_IN_FOLDER, text, strlen(text), error);

    free(text);
    free(path);
    json_decref(file);
    return status;
}

enum ql_status ql_content_read(char content[QL_CONTENT_BYTES], const char *path, struct ql_error *error)
{
    struct ql_file_view view;
    enum ql_status status = ql_file_check_rereadable(path, error);

    if (status == QL_OK && (status = ql_file_open(&view, path, error)) == QL_OK) {
        const uint64_t hash = ql_hash_mix(ql_hash_step(ql_hash_start, (const char *)view.data, view.size_bytes));
        (void)snprintf(content, QL_CONTENT_BYTES, "%016" PRIx64, hash);
        ql_file_close(&view);
    }
    return status;
}
