// Checkpoints: see checkpoint.h.
// Uses: corpus/pieces, device/cast.h.
#include "checkpoint/checkpoint.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "checkpoint/foreign_names.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/training_run.h"
#include "corpus/pieces.h"
#include "device/cast.h"

static const char format_name[] = "quillet 1";

// The sizes of a decoder that do not follow from shapes, under their names in the metadata.
static const char *const decoder_fields[] = {"num_heads", "num_kv_heads", "context_length"};
enum { DECODER_FIELDS = 3, NUMBER_BYTES = 16 };

// Returns false when there is not enough memory.
static bool add_decoder_metadata(json_t *metadata, const struct ql_dimensions *d)
{
    const int values[DECODER_FIELDS] = {d->heads, d->kv_heads, d->context};
    bool done = true;

    for (int k = 0; k < DECODER_FIELDS && d->layer == QL_LAYER_DECODER; k++) {
        char text[NUMBER_BYTES];
        (void)snprintf(text, sizeof text, "%d", values[k]);
        done = done && json_object_set_new(metadata, decoder_fields[k], json_string(text)) == 0;
    }
    return done;
}

enum ql_status ql_checkpoint_save(const char *path, const struct ql_model *model, const struct ql_model_info *info,
                                  struct ql_error *error)
{
    struct ql_safetensors_entry entries[QL_MODEL_TENSOR_LIMIT];
    char *vocabulary = malloc(4 * (size_t)info->vocabulary.count + 1);
    char dropout[32];

    if (vocabulary == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", path);
    }
    ql_vocabulary_write(&info->vocabulary, vocabulary);
    (void)snprintf(dropout, sizeof dropout, "%.9g", info->dropout);
    for (int i = 0; i < model->tensor_count; i++) {
        const struct ql_tensor *tensor = &model->tensors[i];
        size_t count = (size_t)tensor->rows * (size_t)(tensor->columns == 0 ? 1 : tensor->columns);
        entries[i] = (struct ql_safetensors_entry){
            .name = tensor->name,
            .dtype = "F32",
            .rank = tensor->columns == 0 ? 1 : 2,
            .shape = {tensor->rows, tensor->columns},
            .data = tensor->data,
            .size_bytes = count * sizeof(float),
        };
    }
    json_t *metadata = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "format", "pt", "quillet", format_name, "model",
                                 ql_architecture_of(&model->dimensions)->name, "vocabulary", vocabulary, "sequences",
                                 info->items ? "items" : "stream", "dropout", dropout);
    free(vocabulary);
    char *pieces = info->vocabulary.piece_count > 0 ? ql_pieces_write(&info->vocabulary) : NULL;
    const bool told = info->vocabulary.piece_count == 0 ||
                      (pieces != NULL && json_object_set_new(metadata, "pieces", json_string(pieces)) == 0);
    free(pieces);
    if (metadata == NULL || !told || !add_decoder_metadata(metadata, &model->dimensions) ||
        (info->weights != QL_WEIGHTS_F32 &&
         json_object_set_new(metadata, "quantize", json_string(ql_weight_format_write(info->weights))) != 0)) {
        json_decref(metadata);
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", path);
    }
    enum ql_status status = ql_safetensors_save(path, entries, (size_t)model->tensor_count, metadata, error);
    json_decref(metadata);
    return status;
}

// A token is a position in the vocabulary, which is sorted: another order would give the tokens another meaning.
static enum ql_status read_vocabulary(struct ql_vocabulary *vocabulary, const char *text, const char *path,
                                      struct ql_error *error)
{
    char sorted[4 * QL_VOCABULARY_LIMIT + 1];

    if (ql_vocabulary_read(vocabulary, text, strlen(text), error) != QL_OK) {
        return ql_error_prefix(error, "%s: ", path);
    }
    ql_vocabulary_write(vocabulary, sorted);
    if (strcmp(sorted, text) != 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: the vocabulary is not in the order of code points; sort it, and with it the rows of "
                              "embedding.weight, output.weight and output.bias",
                              path);
    }
    return QL_OK;
}

static enum ql_status read_info(const struct ql_safetensors *file, struct ql_model_info *info, const char *path,
                                struct ql_error *error)
{
    const char *format = ql_safetensors_metadata(file, "quillet");
    const char *vocabulary = ql_safetensors_metadata(file, "vocabulary");
    const char *pieces = ql_safetensors_metadata(file, "pieces");
    const char *sequences = ql_safetensors_metadata(file, "sequences");
    const char *dropout = ql_safetensors_metadata(file, "dropout");
    const char *quantize = ql_safetensors_metadata(file, "quantize");
    char *end = NULL;

    info->vocabulary.count = 0;
    info->vocabulary.piece_count = 0;
    info->items = sequences != NULL && strcmp(sequences, "items") == 0;
    info->dropout = dropout == NULL ? 0.0 : strtod(dropout, &end);
    if (format != NULL && strcmp(format, format_name) != 0) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s: has the format '%s'; this program reads '%s'", path, format,
                              format_name);
    }
    // Our files have all of these; if one is missing, the header is damaged.
    if (format != NULL && (ql_safetensors_metadata(file, "crc32") == NULL || vocabulary == NULL || sequences == NULL)) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s: is damaged: its metadata is not complete", path);
    }
    if (sequences != NULL && !info->items && strcmp(sequences, "stream") != 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: the metadata has the sequences '%s', which must be stream or items", path,
                              sequences);
    }
    if (dropout != NULL && (end == dropout || *end != '\0' || !(info->dropout >= 0.0 && info->dropout < 1.0))) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: the metadata has the dropout '%s'; it must be at least 0 and below 1", path,
                              dropout);
    }
    info->weights = QL_WEIGHTS_F32;
    if (quantize != NULL && ql_weight_format_read(&info->weights, quantize, error) != QL_OK) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: the metadata says that the model was trained for weights in '%s', which must be "
                              "off, int8 or int4",
                              path, quantize);
    }
    if (vocabulary == NULL) {
        return pieces == NULL ? QL_OK
                              : ql_error_write(error, QL_ERROR_INPUT,
                                               "%s: the metadata has pieces, but not the vocabulary that they consist "
                                               "of",
                                               path);
    }
    const enum ql_status status = read_vocabulary(&info->vocabulary, vocabulary, path, error);
    if (status == QL_OK && pieces != NULL && ql_pieces_read(&info->vocabulary, pieces, error) != QL_OK) {
        return ql_error_prefix(error, "%s: the metadata's pieces: ", path);
    }
    return status;
}

// True for a file from another program, whose tensors may have other names and types, and some of which may be missing.
// The tensors of a transformer must have our names.
static bool is_foreign(const struct ql_safetensors *file)
{
    const char *model = ql_safetensors_metadata(file, "model");
    return ql_safetensors_metadata(file, "quillet") == NULL && (model == NULL || strcmp(model, "transformer") != 0);
}

// The sizes of a tensor of the given rank, or an error that names it.
static enum ql_status find_matrix(const struct ql_safetensors *file, const char *name, int64_t *rows, int64_t *columns,
                                  const char *path, struct ql_error *error)
{
    const struct ql_safetensors_entry *entry = ql_safetensors_find(file, name);

    if (entry == NULL && is_foreign(file)) {
        return ql_foreign_names_fail(file, name, path, error);
    }
    if (entry == NULL) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: has no tensor '%s'; a model's tensors are named embedding.weight, "
                              "rnn.weight_ih_l0 and so on, output.weight, output.bias; those of a transformer, whose "
                              "metadata say \"model\": \"transformer\", are in docs/transformer.md",
                              path, name);
    }
    if (entry->rank != 2) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s: tensor '%s' must have 2 dimensions, it has %d", path, name,
                              entry->rank);
    }
    *rows = entry->shape[0];
    *columns = entry->shape[1];
    return QL_OK;
}

// The architecture: from the metadata (always, for a decoder), or, in a foreign file, the recurrent cell that has this
// many rows per unit.
static enum ql_status read_architecture(const struct ql_safetensors *file, struct ql_dimensions *dimensions,
                                        const char *path, struct ql_error *error)
{
    const char *model = ql_safetensors_metadata(file, "model");
    int64_t GH = 0, H = 0;

    if (model != NULL && (ql_safetensors_metadata(file, "quillet") != NULL || strcmp(model, "transformer") == 0)) {
        if (ql_architecture_read(dimensions, model, error) != QL_OK) {
            char names[QL_ARCHITECTURE_LIST_BYTES];
            ql_architecture_list(names, sizeof names);
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "%s: the metadata has the model '%s', which this program does not know; it knows %s",
                                  path, model, names);
        }
        return QL_OK;
    }
    const enum ql_status status = find_matrix(file, "rnn.weight_hh_l0", &GH, &H, path, error);
    if (status != QL_OK) {
        return status;
    }
    if (H < 1 || (GH != H && GH != 3 * H && GH != 4 * H)) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: 'rnn.weight_hh_l0' has %" PRId64 " rows for %" PRId64
                              " units; an LSTM has 4 rows per unit, a GRU 3, an RNN 1",
                              path, GH, H);
    }
    dimensions->layer = QL_LAYER_RECURRENT;
    dimensions->cell = GH == H ? QL_CELL_RNN : GH == 3 * H ? QL_CELL_GRU : QL_CELL_LSTM;
    return QL_OK;
}

static enum ql_status read_number(const struct ql_safetensors *file, const char *field, int *number, const char *path,
                                  struct ql_error *error)
{
    const char *text = ql_safetensors_metadata(file, field);
    char *end = NULL;
    const long value = text == NULL ? 0 : strtol(text, &end, 10);

    if (text == NULL || end == text || *end != '\0' || value < 1 || value > INT32_MAX) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: the metadata of a transformer must have \"%s\", a number of at least 1%s%s%s", path,
                              field, text == NULL ? "" : ", not '", text == NULL ? "" : text, text == NULL ? "" : "'");
    }
    *number = (int)value;
    return QL_OK;
}

// The sizes of a decoder other than V and E. The number of heads of keys comes from the metadata, and the shape is
// checked later.
static enum ql_status read_decoder(const struct ql_safetensors *file, struct ql_dimensions *d, const char *path,
                                   struct ql_error *error)
{
    int *const numbers[DECODER_FIELDS] = {&d->heads, &d->kv_heads, &d->context};
    int64_t rows = 0, columns = 0;
    char name[QL_TENSOR_NAME_BYTES];
    enum ql_status status = QL_OK;

    for (int k = 0; k < DECODER_FIELDS && status == QL_OK; k++) {
        status = read_number(file, decoder_fields[k], numbers[k], path, error);
    }
    if (status != QL_OK ||
        (status = find_matrix(file, "layers.0.feed.gate.weight", &rows, &columns, path, error)) != QL_OK) {
        return status;
    }
    if (rows > QL_FEED_SIZE_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s: the model is too large", path);
    }
    d->feed = (int)rows;
    d->H = d->E;
    d->L = 0;
    do {
        d->L++;
        (void)snprintf(name, sizeof name, "layers.%d.attention_norm.weight", d->L);
    } while (d->L < QL_MODEL_LAYER_LIMIT && ql_safetensors_find(file, name) != NULL);
    return QL_OK;
}

// The tensor of a layer that determines its number of units: one of its axes has that size.
static const struct ql_tensor_form *find_units(const struct ql_architecture *architecture)
{
    int k = 0;

    while (k + 1 < architecture->body_count && architecture->body[k].rows != QL_SIZE_H &&
           architecture->body[k].columns != QL_SIZE_H) {
        k++;
    }
    return &architecture->body[k];
}

// The dimensions from the shapes of tensors. All other shapes are checked when they are read.
static enum ql_status read_dimensions(const struct ql_safetensors *file, struct ql_dimensions *dimensions,
                                      const char *path, struct ql_error *error)
{
    char name[QL_TENSOR_NAME_BYTES];
    int64_t V = 0, E = 0, rows = 0, columns = 0;
    enum ql_status status;

    // One-hot tokens need no embedding: the first layer reads them, and there is one for each row of the output.
    const bool is_one_hot = is_foreign(file) && ql_safetensors_find(file, "embedding.weight") == NULL &&
                            ql_foreign_names_are_known(file) && ql_safetensors_find(file, "output.weight") != NULL &&
                            ql_safetensors_find(file, "rnn.weight_ih_l0") != NULL;
    if ((status = is_one_hot ? find_matrix(file, "output.weight", &V, &columns, path, error)
                             : find_matrix(file, "embedding.weight", &V, &E, path, error)) != QL_OK ||
        (is_one_hot && (status = find_matrix(file, "rnn.weight_ih_l0", &rows, &E, path, error)) != QL_OK) ||
        (status = read_architecture(file, dimensions, path, error)) != QL_OK) {
        return status;
    }
    if (is_one_hot && E != V) {
        return ql_foreign_names_fail(file, "embedding.weight", path, error);
    }
    if (dimensions->layer == QL_LAYER_DECODER) {
        if (V > QL_VOCABULARY_LIMIT || E > INT32_MAX) {
            return ql_error_write(error, QL_ERROR_INPUT, "%s: the model is too large", path);
        }
        dimensions->V = (int)V;
        dimensions->E = (int)E;
        return read_decoder(file, dimensions, path, error);
    }
    const struct ql_tensor_form *units = find_units(ql_architecture_of(dimensions));
    ql_tensor_form_write(units, name, 0);
    if ((status = find_matrix(file, name, &rows, &columns, path, error)) != QL_OK) {
        return status;
    }
    const int64_t H = units->rows == QL_SIZE_H ? rows : columns;
    if (V > QL_VOCABULARY_LIMIT || E > INT32_MAX || H > INT32_MAX) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s: the model is too large", path);
    }
    int layers = 0;
    do {
        layers++;
        ql_tensor_form_write(units, name, layers);
    } while (layers < QL_MODEL_LAYER_LIMIT && ql_safetensors_find(file, name) != NULL);
    *dimensions = (struct ql_dimensions){
        .cell = dimensions->cell, .layer = dimensions->layer, .V = (int)V, .E = (int)E, .H = (int)H, .L = layers};
    return QL_OK;
}

// Fills in a tensor that a foreign file may leave out: the biases of a model without any, the bias of the output, the
// output's matrix if it is the embedding, and the embedding of one-hot tokens. False for other tensors.
static bool fill_tensor(const struct ql_safetensors *file, const struct ql_model *model, const struct ql_tensor *tensor)
{
    const struct ql_dimensions d = model->dimensions;
    bool has_biases = false;

    for (size_t k = 0; k < file->entry_count; k++) {
        has_biases = has_biases || strncmp(file->entries[k].name, "rnn.bias_", 9) == 0;
    }
    if (!is_foreign(file) || !ql_foreign_names_are_known(file)) {
        return false;
    }
    if (strcmp(tensor->name, "embedding.weight") == 0) {
        for (int v = 0; v < d.V; v++) {
            tensor->data[(size_t)v * (size_t)d.E + (size_t)v] = 1.0f;
        }
        return true;
    }
    if (strcmp(tensor->name, "output.weight") == 0 && d.E == d.H) {
        memcpy(tensor->data, model->tensors[0].data, (size_t)d.V * (size_t)d.H * sizeof tensor->data[0]);
        return true; // the embedding is the first tensor
    }
    return strcmp(tensor->name, "output.bias") == 0 || (strncmp(tensor->name, "rnn.bias_", 9) == 0 && !has_biases);
}

static enum ql_status read_tensor(const struct ql_safetensors *file, const struct ql_tensor *tensor, const char *kind,
                                  const char *path, struct ql_error *error)
{
    const struct ql_safetensors_entry *entry = ql_safetensors_find(file, tensor->name);
    int rank = tensor->columns == 0 ? 1 : 2;
    size_t count = (size_t)tensor->rows * (size_t)(rank == 1 ? 1 : tensor->columns);

    if (entry == NULL) {
        return is_foreign(file) ? ql_foreign_names_fail(file, tensor->name, path, error)
                                : ql_error_write(error, QL_ERROR_INPUT, "%s: has no tensor '%s'", path, tensor->name);
    }
    const bool is_half = strcmp(entry->dtype, "F16") == 0 || strcmp(entry->dtype, "BF16") == 0;
    if (strcmp(entry->dtype, "F32") != 0 && !(is_half && is_foreign(file))) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s: tensor '%s' is of type %s; save the model as float32", path,
                              entry->name, entry->dtype);
    }
    if (entry->rank != rank || entry->shape[0] != tensor->rows || (rank == 2 && entry->shape[1] != tensor->columns)) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: tensor '%s' does not have the shape (%d%s%.0d) that it has in a model of this kind "
                              "(%s) and size",
                              path, entry->name, tensor->rows, rank == 2 ? ", " : "", tensor->columns, kind);
    }
    if (is_half) {
        const int from = entry->dtype[0] == 'B' ? QL_ELEMENT_BF16 : QL_ELEMENT_F16;
        for (size_t k = 0; k < count; k++) {
            uint16_t bits; // the file's data need not be aligned
            memcpy(&bits, (const unsigned char *)entry->data + k * sizeof bits, sizeof bits);
            ql_cast(&tensor->data[k], &bits, QL_ELEMENT_F32, from, 1);
        }
    } else {
        memcpy(tensor->data, entry->data, entry->size_bytes);
    }
    for (size_t k = 0; k < count; k++) {
        if (!isfinite(tensor->data[k])) {
            return ql_error_write(error, QL_ERROR_INPUT, "%s: tensor '%s' has the value %g at position %zu", path,
                                  entry->name, (double)tensor->data[k], k);
        }
    }
    return QL_OK;
}

static enum ql_status read_model(const struct ql_safetensors *file, struct ql_model *model, struct ql_model_info *info,
                                 const char *path, struct ql_error *error)
{
    struct ql_dimensions dimensions = {0};
    enum ql_status status;

    if ((status = read_info(file, info, path, error)) != QL_OK ||
        (status = read_dimensions(file, &dimensions, path, error)) != QL_OK) {
        return status;
    }
    if (info->vocabulary.count != 0 && info->vocabulary.count != dimensions.V) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s: the vocabulary has %d %s, the embedding %d rows", path,
                              info->vocabulary.count,
                              info->vocabulary.piece_count > 0 ? "symbols and pieces" : "symbols", dimensions.V);
    }
    if (ql_model_init(model, dimensions, error) != QL_OK) {
        return ql_error_prefix(error, "%s: ", path);
    }
    for (int i = 0; i < model->tensor_count; i++) {
        if (ql_safetensors_find(file, model->tensors[i].name) == NULL && fill_tensor(file, model, &model->tensors[i])) {
            continue;
        }
        status = read_tensor(file, &model->tensors[i], ql_architecture_of(&dimensions)->name, path, error);
        if (status != QL_OK) {
            return status;
        }
    }
    for (size_t i = 0; i < file->entry_count; i++) {
        int known = 0;
        while (known < model->tensor_count && strcmp(model->tensors[known].name, file->entries[i].name) != 0) {
            known++;
        }
        if (known == model->tensor_count) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "%s: has a tensor '%s' that a model of %d layers does not have (bidirectional "
                                  "layers and projections are not supported)",
                                  path, file->entries[i].name, dimensions.L);
        }
    }
    return QL_OK;
}

enum ql_status ql_checkpoint_check(const char *path, struct ql_error *error)
{
    struct stat entry;

    if (stat(path, &entry) != 0 || !S_ISDIR(entry.st_mode)) {
        return QL_OK;
    }
    const int best = ql_training_run_best_epoch(path);
    size_t length = strlen(path);
    if (best == 0) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s: is a folder, not a checkpoint", path);
    }
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    return ql_error_write(error, QL_ERROR_INPUT,
                          "%s: is the folder of a run, not a checkpoint; its best one is "
                          "%.*s/checkpoint.%d.safetensors",
                          path, (int)length, path, best);
}

enum ql_status ql_checkpoint_load(const char *path, struct ql_model *model, struct ql_model_info *info,
                                  struct ql_error *error)
{
    struct ql_safetensors file;
    struct ql_arena names = {0};
    enum ql_status status = ql_checkpoint_check(path, error);

    *model = (struct ql_model){0};
    if (status != QL_OK || (status = ql_safetensors_open(&file, path, QL_FILE_ANY, error)) != QL_OK) {
        return status;
    }
    if (is_foreign(&file)) {
        status = ql_foreign_names_apply(&file, path, &names, error);
    }
    if (status == QL_OK) {
        status = read_model(&file, model, info, path, error);
    }
    if (status != QL_OK) {
        ql_model_free(model);
    }
    ql_safetensors_close(&file);
    ql_arena_free(&names);
    return status;
}
