// Names of tensors in checkpoints of other programs: see foreign_names.h.
#include "checkpoint/foreign_names.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"

enum { NAME_BYTES = 64, NAMES_LIMIT_BYTES = 1 << 20 };

// Prefixes that wrappers of PyTorch put in front of all names.
static const char *const wrappers[] = {"module.", "model.", "_orig_mod.", "net.", "network.", NULL};

// Common names for the two ends of a model. PyTorch's own example has encoder and decoder.
static const char *const embeddings[] = {
    "embedding",       "embed",           "emb", "embeddings", "encoder", "char_embedding",
    "embedding_layer", "token_embedding", "wte", NULL};
static const char *const outputs[] = {"output", "fc",         "decoder",      "linear",     "out",
                                      "head",   "lm_head",    "output_layer", "classifier", "dense",
                                      "proj",   "projection", "fc_out",       "h2o",        NULL};

// The tensors of a recurrent model, as in docs/checkpoint.md.
static const struct wanted {
    const char *name, *shape;
    bool is_optional;
} wanted[] = {{"embedding.weight", "(V, E)", false},
              {"rnn.weight_ih_l0", "(G H, E)", false},
              {"rnn.weight_hh_l0", "(G H, H)", false},
              {"rnn.bias_ih_l0", "(G H)", true},
              {"rnn.bias_hh_l0", "(G H)", true},
              {"output.weight", "(V, H)", false},
              {"output.bias", "(V)", true}};

static bool is_listed(const char *const *list, const char *name, size_t length)
{
    while (*list != NULL && (strlen(*list) != length || memcmp(*list, name, length) != 0)) {
        list++;
    }
    return *list != NULL;
}

// True for weight_ih_l0 and its like, and for those of further layers.
static bool is_recurrent(const char *name)
{
    static const char *const stems[] = {"weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l"};

    for (size_t k = 0; k < sizeof stems / sizeof stems[0]; k++) {
        const size_t length = strlen(stems[k]);
        if (strncmp(name, stems[k], length) == 0) {
            return name[length] != '\0' && strspn(name + length, "0123456789") == strlen(name + length);
        }
    }
    return false;
}

static bool is_known(const char *name)
{
    for (size_t k = 0; k < sizeof wanted / sizeof wanted[0]; k++) {
        if (strcmp(wanted[k].name, name) == 0) {
            return true;
        }
    }
    return strncmp(name, "rnn.", 4) == 0 && is_recurrent(name + 4);
}

// Translates a foreign tensor's name to ours. False if no rule matches it.
static bool translate(char to[NAME_BYTES], const char *from)
{
    const char *last = strrchr(from, '.');

    if (last != NULL && is_recurrent(last + 1) && strlen(last + 1) < NAME_BYTES - 4) {
        (void)snprintf(to, NAME_BYTES, "rnn.%s", last + 1);
        return true;
    }
    for (const char *const *wrapper = wrappers; *wrapper != NULL;) {
        const size_t length = strlen(*wrapper);
        const bool is_wrapped = strncmp(from, *wrapper, length) == 0;
        from += is_wrapped ? length : 0;
        wrapper = is_wrapped ? wrappers : wrapper + 1;
    }
    last = strrchr(from, '.');
    if (last == NULL) {
        return false;
    }
    const size_t length = (size_t)(last - from);
    const bool is_weight = strcmp(last, ".weight") == 0, is_bias = strcmp(last, ".bias") == 0;
    if (is_weight && is_listed(embeddings, from, length)) {
        (void)snprintf(to, NAME_BYTES, "embedding.weight");
        return true;
    }
    if ((is_weight || is_bias) && is_listed(outputs, from, length)) {
        (void)snprintf(to, NAME_BYTES, "output%s", last);
        return true;
    }
    return false;
}

static enum ql_status rename_entry(struct ql_safetensors_entry *entry, const char *name, struct ql_arena *arena,
                                   struct ql_error *error)
{
    const size_t bytes = strlen(name) + 1;
    char *copy = ql_arena_take(arena, bytes, 1);

    if (copy == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the names of tensors");
    }
    entry->name = memcpy(copy, name, bytes);
    return QL_OK;
}

// "dir/model.safetensors" has its names in "dir/model.names.json". False if that path is too long.
static bool write_names_path(char names_path[PATH_MAX], const char *path)
{
    static const char ending[] = ".safetensors";
    const size_t length = strlen(path), own = sizeof ending - 1;
    const bool ends = length > own && strcmp(path + length - own, ending) == 0;
    const int written = snprintf(names_path, PATH_MAX, "%.*s.names.json", (int)(ends ? length - own : length), path);
    return written > 0 && written < PATH_MAX;
}

// Finds the tensor of each entry of the map, by the names that the checkpoint has.
static enum ql_status find_named(struct ql_safetensors_entry **named, const struct ql_safetensors *file, json_t *map,
                                 const char *names_path, struct ql_error *error)
{
    const char *name;
    json_t *value;

    json_object_foreach(map, name, value)
    {
        const char *given = json_string_value(value);
        size_t k = 0;
        while (given != NULL && k < file->entry_count && strcmp(file->entries[k].name, given) != 0) {
            k++;
        }
        if (given == NULL || k == file->entry_count) {
            return ql_error_write(error, QL_ERROR_INPUT, "%s: '%.60s' should be the name of a tensor of the checkpoint",
                                  names_path, name);
        }
        *named++ = &file->entries[k];
    }
    return QL_OK;
}

// No two tensors may have one name: only one of them would be read.
static enum ql_status check_unique(const struct ql_safetensors *file, const char *names_path, struct ql_error *error)
{
    for (size_t k = 0; k < file->entry_count; k++) {
        for (size_t other = 0; other < k; other++) {
            if (strcmp(file->entries[k].name, file->entries[other].name) == 0) {
                return ql_error_write(
                    error, QL_ERROR_INPUT,
                    "%s: this gives two tensors of the checkpoint the name '%.60s'; give each its own", names_path,
                    file->entries[k].name);
            }
        }
    }
    return QL_OK;
}

// All tensors are found before one is renamed, so that two can exchange their names.
static enum ql_status apply_map(struct ql_safetensors *file, json_t *map, const char *names_path,
                                struct ql_arena *arena, struct ql_error *error)
{
    struct ql_safetensors_entry **named = malloc((json_object_size(map) + 1) * sizeof named[0]), **next = named;
    const char *name;
    json_t *value;

    if (named == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the names of tensors");
    }
    enum ql_status status = find_named(named, file, map, names_path, error);
    json_object_foreach(map, name, value)
    {
        if (status == QL_OK) {
            status = rename_entry(*next++, name, arena, error);
        }
    }
    free(named);
    return status == QL_OK ? check_unique(file, names_path, error) : status;
}

static enum ql_status read_map(struct ql_safetensors *file, const char *path, struct ql_arena *arena,
                               struct ql_error *error)
{
    char names_path[PATH_MAX];
    struct ql_file_view view;
    json_error_t reason;

    if (!write_names_path(names_path, path) || access(names_path, F_OK) != 0) {
        return QL_OK;
    }
    enum ql_status status = ql_file_open_kind(&view, names_path, QL_FILE_REGULAR, NAMES_LIMIT_BYTES, error);
    if (status != QL_OK) {
        return status;
    }
    json_t *map = json_loadb((const char *)view.data, view.size_bytes, JSON_REJECT_DUPLICATES, &reason);
    status = json_is_object(map) ? apply_map(file, map, names_path, arena, error)
                                 : ql_error_write(error, QL_ERROR_INPUT,
                                                  "%s: must be a JSON object, such as {\"output.weight\": "
                                                  "\"head.weight\"}",
                                                  names_path);
    json_decref(map);
    ql_file_close(&view);
    return status == QL_OK ? QL_OK : ql_error_prefix(error, "%s: ", path);
}

enum ql_status ql_foreign_names_apply(struct ql_safetensors *file, const char *path, struct ql_arena *arena,
                                      struct ql_error *error)
{
    enum ql_status status = read_map(file, path, arena, error);

    for (size_t k = 0; k < file->entry_count && status == QL_OK; k++) {
        char name[NAME_BYTES];
        if (!is_known(file->entries[k].name) && translate(name, file->entries[k].name) &&
            ql_safetensors_find(file, name) == NULL) {
            status = rename_entry(&file->entries[k], name, arena, error);
        }
    }
    return status;
}

bool ql_foreign_names_are_known(const struct ql_safetensors *file)
{
    size_t k = 0;

    while (k < file->entry_count && is_known(file->entries[k].name)) {
        k++;
    }
    return k == file->entry_count;
}

enum ql_status ql_foreign_names_fail(const struct ql_safetensors *file, const char *name, const char *path,
                                     struct ql_error *error)
{
    char missing[QL_ERROR_MESSAGE_BYTES / 4] = "", unknown[QL_ERROR_MESSAGE_BYTES / 4] = "";
    const char *first = NULL;
    int count = 0;

    for (size_t k = 0; k < sizeof wanted / sizeof wanted[0]; k++) {
        if (strcmp(wanted[k].name, name) != 0 && !wanted[k].is_optional &&
            ql_safetensors_find(file, wanted[k].name) == NULL) {
            ql_bytes_append(missing, sizeof missing, ", '%s' %s", wanted[k].name, wanted[k].shape);
        }
    }
    for (size_t k = 0; k < file->entry_count; k++) {
        const struct ql_safetensors_entry *entry = &file->entries[k];
        if (is_known(entry->name)) {
            continue;
        }
        first = first == NULL ? entry->name : first;
        if (++count > 6) {
            continue;
        }
        ql_bytes_append(unknown, sizeof unknown, "%s'%.60s' (", count == 1 ? "" : ", ", entry->name);
        for (int axis = 0; axis < entry->rank; axis++) {
            ql_bytes_append(unknown, sizeof unknown, "%s%" PRId64, axis == 0 ? "" : ", ", entry->shape[axis]);
        }
        ql_bytes_append(unknown, sizeof unknown, ")");
    }
    if (count == 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: has no tensor '%s'%s%s; docs/checkpoint.md has the names of all", path, name,
                              missing[0] == '\0' ? "" : ", nor ", missing[0] == '\0' ? "" : missing + 2);
    }
    return ql_error_write(
        error, QL_ERROR_INPUT,
        "%s: has no tensor '%s'%s%s; it has %s%s, which no known naming scheme covers. Map the names in a file beside "
        "it, which has the same name with the ending .names.json: {\"%s\": \"%.60s\"}",
        path, name, missing[0] == '\0' ? "" : ", nor ", missing[0] == '\0' ? "" : missing + 2, unknown,
        count > 6 ? " and others" : "", name, first);
}
