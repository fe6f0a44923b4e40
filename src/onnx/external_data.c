// Data of tensors in files beside the model: see external_data.h.
// Uses: base, onnx/graph, protobuf-c.
#include "onnx/external_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Many tensors can share the bytes of a file, so their total memory has a limit of its own.
static const size_t total_limit_bytes = (size_t)1 << 31;

// Where the data of a tensor is.
struct place {
    const char *location;
    uint64_t offset, length;
    bool has_length;
};

static bool read_decimal(uint64_t *number, const char *text)
{
    char *end = NULL;

    if (text == NULL || text[0] < '0' || text[0] > '9' || strlen(text) > 18) {
        return false;
    }
    *number = strtoull(text, &end, 10);
    return *end == '\0';
}

static bool read_place(struct place *place, const Onnx__TensorProto *tensor)
{
    *place = (struct place){0};
    for (size_t i = 0; i < tensor->n_external_data; i++) {
        const char *key = tensor->external_data[i]->key, *value = tensor->external_data[i]->value;
        if (key == NULL || value == NULL) {
            return false;
        }
        if (strcmp(key, "location") == 0) {
            place->location = value;
        } else if (strcmp(key, "offset") == 0) {
            if (!read_decimal(&place->offset, value)) {
                return false;
            }
        } else if (strcmp(key, "length") == 0) {
            place->has_length = read_decimal(&place->length, value);
            if (!place->has_length) {
                return false;
            }
        }
    }
    return place->location != NULL;
}

// True for a path whose text cannot lead out of its folder.
static bool is_inside(const char *location)
{
    bool inside = location[0] != '\0' && location[0] != '/' && strchr(location, '\\') == NULL;

    for (const char *part = location; inside && *part != '\0';) {
        const size_t size = strcspn(part, "/");
        inside = !(size == 2 && part[0] == '.' && part[1] == '.');
        part += size + (part[size] == '/');
    }
    for (const char *c = location; inside && *c != '\0'; c++) {
        inside = (unsigned char)*c >= 0x20 && *c != 0x7f;
    }
    return inside;
}

// The path of the data, with links resolved, which the caller frees. NULL if it is not in the model's folder.
static char *resolve(const char *model_path, const char *location)
{
    const char *slash = strrchr(model_path, '/');
    const int folder_bytes = slash == NULL ? 0 : (int)(slash - model_path) + 1;
    const size_t room = strlen(model_path) + strlen(location) + 3;
    char *joined = malloc(room);
    char *folder = NULL, *path = NULL;

    if (joined == NULL) {
        return NULL;
    }
    (void)snprintf(joined, room, "%.*s.", folder_bytes, model_path);
    folder = realpath(joined, NULL);
    (void)snprintf(joined, room, "%.*s%s", folder_bytes, model_path, location);
    path = realpath(joined, NULL);
    free(joined);
    const size_t size = folder == NULL ? 0 : strlen(folder);
    if (path != NULL && (folder == NULL || strncmp(path, folder, size) != 0 || (path[size] != '/' && size > 1))) {
        free(path);
        path = NULL;
    }
    free(folder);
    return path;
}

// Notes a file of data, once. Memory that is missing shows in the arena.
static void add_data_file(struct ql_graph *graph, const char *path)
{
    for (const struct ql_data_file *file = graph->data_files; file != NULL; file = file->next) {
        if (strcmp(file->path, path) == 0) {
            return;
        }
    }
    const size_t bytes = strlen(path) + 1;
    struct ql_data_file *added = ql_arena_take(&graph->arena, 1, sizeof *added);
    char *copy = ql_arena_take(&graph->arena, bytes, 1);
    if (added != NULL && copy != NULL) {
        memcpy(copy, path, bytes);
        *added = (struct ql_data_file){.path = copy, .next = graph->data_files};
        graph->data_files = added;
    }
}

// Points `*bytes` at the data of a tensor, of `size_bytes`; they are valid until the next tensor in another file.
static enum ql_status find_bytes(struct ql_external_data *external, const unsigned char **bytes, size_t size_bytes,
                                 const Onnx__TensorProto *tensor, const char *what, struct ql_error *error)
{
    struct place place;

    if (external->model_path == NULL) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s has its data in another file, which cannot be read here",
                              what);
    }
    if (!read_place(&place, tensor) || !is_inside(place.location)) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s has its data in another file, but its location is not a path inside of the model's "
                              "folder with an offset and a length",
                              what);
    }
    char *path = resolve(external->model_path, place.location);
    if (path == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM,
                              "%s has its data in '%.300s', which is not there, or not in the model's folder", what,
                              place.location);
    }
    if (external->path == NULL || strcmp(path, external->path) != 0) {
        ql_file_close(&external->file);
        free(external->path);
        external->path = path;
        const enum ql_status status =
            ql_file_open_kind(&external->file, path, QL_FILE_REGULAR, ql_file_limit_bytes, error);
        if (status != QL_OK) {
            free(external->path);
            external->path = NULL;
            return status;
        }
        add_data_file(external->graph, path);
    } else {
        free(path);
    }
    const uint64_t there = external->file.size_bytes;
    if ((place.has_length && place.length != size_bytes) || place.offset > there || size_bytes > there - place.offset) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s needs %zu bytes of data, which '%.300s' does not have at offset %llu: the file is "
                              "cut short, or belongs to another model",
                              what, size_bytes, place.location, (unsigned long long)place.offset);
    }
    *bytes = external->file.data + place.offset;
    return QL_OK;
}

enum ql_status ql_external_data_read(struct ql_external_data *external, void **data, enum ql_element type, size_t count,
                                     const Onnx__TensorProto *tensor, const char *what, struct ql_error *error)
{
    const size_t size_bytes = count * ql_element_bytes(type);
    const unsigned char *bytes = NULL;
    enum ql_status status = find_bytes(external, &bytes, size_bytes, tensor, what, error);

    if (status != QL_OK) {
        return status;
    }
    external->bytes += size_bytes;
    if (external->bytes > total_limit_bytes) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the tensors of the model take more than 2 GiB of data from other files");
    }
    // Memory is taken only after the bytes are known to exist.
    *data = ql_arena_take(&external->graph->arena, count, ql_element_bytes(type));
    if (*data == NULL) {
        return ql_graph_check(external->graph, error);
    }
    memcpy(*data, bytes, size_bytes);
    return QL_OK;
}

void ql_external_data_free(struct ql_external_data *external)
{
    ql_file_close(&external->file);
    free(external->path);
    *external = (struct ql_external_data){0};
}
