// The descriptor: see descriptor.h.
// Uses: corpus/pieces.
#include "onnx/descriptor.h"

#include <assert.h>
#include <float.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "corpus/pieces.h"

// The largest vocabulary with every symbol escaped needs only a fraction of this.
static const size_t descriptor_limit_bytes = (size_t)1 << 24;

static enum ql_status fail_field(struct ql_error *error, const char *field, const char *demand)
{
    return ql_error_write(error, QL_ERROR_INPUT, "the field '%s' must be %s", field, demand);
}

// Copies a string without zeros and control characters to `to`, which is unchanged if the field is missing.
static enum ql_status read_string(const json_t *root, const char *field, char *to, size_t room, struct ql_error *error)
{
    const json_t *value = json_object_get(root, field);

    if (value == NULL) {
        return QL_OK;
    }
    const char *text = json_string_value(value);
    bool clean = text != NULL && strlen(text) == json_string_length(value) && strlen(text) < room;
    for (const char *c = text; clean && *c != '\0'; c++) {
        clean = (unsigned char)*c >= 0x20 && *c != 0x7f;
    }
    if (!clean) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the field '%s' must be a string of less than %zu bytes, without control characters",
                              field, room);
    }
    memcpy(to, text, strlen(text) + 1);
    return QL_OK;
}

static enum ql_status read_int(const json_t *root, const char *field, int *to, int least, struct ql_error *error)
{
    const json_t *value = json_object_get(root, field);

    if (value == NULL) {
        return QL_OK;
    }
    // Some writers make every number a fraction: 64.0.
    double number = json_is_number(value) ? json_number_value(value) : -1.0;
    if (!json_is_number(value) || number < least || number > INT_MAX || number != floor(number)) {
        return ql_error_write(error, QL_ERROR_INPUT, "the field '%s' must be a whole number of at least %d", field,
                              least);
    }
    *to = (int)number;
    return QL_OK;
}

static enum ql_status read_number(const json_t *root, const char *field, double *to, struct ql_error *error)
{
    const json_t *value = json_object_get(root, field);

    if (value == NULL) {
        return QL_OK;
    }
    if (!json_is_number(value)) {
        return fail_field(error, field, "a number");
    }
    *to = json_number_value(value);
    return QL_OK;
}

// Adds the symbols of a text as tokens of one symbol each.
static enum ql_status add_symbols(struct ql_descriptor *descriptor, const unsigned char *text, size_t size,
                                  struct ql_error *error)
{
    struct ql_vocabulary *vocabulary = &descriptor->vocabulary;

    for (size_t at = 0; at < size;) {
        uint32_t symbol;
        size_t used = ql_utf8_decode(&symbol, text + at, size - at);
        if (used == 0 || vocabulary->count == QL_VOCABULARY_LIMIT) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "the field 'vocabulary' has more than %d symbols, or is not "
                                  "UTF-8",
                                  QL_VOCABULARY_LIMIT);
        }
        if (ql_descriptor_encode(descriptor, symbol) >= 0) {
            return ql_error_write(error, QL_ERROR_INPUT, "the field 'vocabulary' has the symbol U+%04X twice",
                                  (unsigned)symbol);
        }
        vocabulary->symbols[vocabulary->count++] = symbol;
        at += used;
    }
    return QL_OK;
}

static bool is_string(const json_t *value, const char *text, size_t size)
{
    return json_is_string(value) && json_string_length(value) == size &&
           memcmp(json_string_value(value), text, size) == 0;
}

// The first place of a string in a list; -1 where it is not, or where there is no list.
static int find_string(const json_t *list, const char *text, size_t size)
{
    const size_t count = json_array_size(list);

    for (size_t k = 0; k < count; k++) {
        if (is_string(json_array_get(list, k), text, size)) {
            return (int)k;
        }
    }
    return -1;
}

// True for a token that stands for no text: one that "special" names, or a string of several characters that "begin" or
// "end" names.
static bool is_special(const json_t *root, const char *text, size_t size, bool is_one)
{
    return find_string(json_object_get(root, "special"), text, size) >= 0 ||
           (!is_one && (is_string(json_object_get(root, "begin"), text, size) ||
                        is_string(json_object_get(root, "end"), text, size)));
}

// All that "special" names is there.
static enum ql_status check_special_names(const json_t *root, struct ql_error *error)
{
    const json_t *list = json_object_get(root, "special"), *vocabulary = json_object_get(root, "vocabulary"), *name;
    bool fits = list == NULL || json_is_array(list);
    size_t index;

    json_array_foreach(list, index, name)
    {
        fits = fits && json_is_string(name) &&
               find_string(vocabulary, json_string_value(name), json_string_length(name)) >= 0;
    }
    return fits ? QL_OK : fail_field(error, "special", "a list of tokens of the list 'vocabulary'");
}

// A code point that is not a character stands for the token.
static enum ql_status add_special(struct ql_descriptor *descriptor, struct ql_error *error)
{
    struct ql_vocabulary *vocabulary = &descriptor->vocabulary;
    uint32_t symbol = QL_TEXT_SPECIAL;

    while (ql_descriptor_encode(descriptor, symbol) >= 0) {
        symbol++;
    }
    if (symbol >= QL_TEXT_SPECIAL + QL_TEXT_SPECIAL_LIMIT || vocabulary->count == QL_VOCABULARY_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the field 'vocabulary' has more than %d tokens that stand for no text, or more than %d "
                              "in all",
                              (int)QL_TEXT_SPECIAL_LIMIT, (int)QL_VOCABULARY_LIMIT);
    }
    vocabulary->symbols[vocabulary->count++] = symbol;
    return QL_OK;
}

// Adds one string of a list: a symbol, a token that stands for no text, or, after all of those, a piece.
static enum ql_status add_token(struct ql_descriptor *descriptor, const json_t *root, const json_t *token,
                                struct ql_error *error)
{
    const char *text = json_string_value(token);
    const size_t size = json_string_length(token);
    uint32_t symbol;

    if (text == NULL || size == 0) {
        return fail_field(error, "vocabulary", "a list of strings that are not empty");
    }
    const bool is_one = ql_utf8_decode(&symbol, (const unsigned char *)text, size) == size;
    const bool stands_for_none = is_special(root, text, size, is_one);
    if (!is_one && !stands_for_none) {
        return ql_piece_read(&descriptor->vocabulary, text, size, error) == QL_OK
                   ? QL_OK
                   : ql_error_prefix(error, "the field 'vocabulary': a token of several characters is a piece, or it "
                                            "stands for no text and is named in 'begin', 'end' or 'special': ");
    }
    if (descriptor->vocabulary.piece_count > 0) {
        return fail_field(error, "vocabulary", "a list in which no single symbol comes after a piece of several");
    }
    if (stands_for_none) {
        return add_special(descriptor, error);
    }
    return add_symbols(descriptor, (const unsigned char *)text, size, error);
}

static enum ql_status read_vocabulary(struct ql_descriptor *descriptor, const json_t *root, struct ql_error *error)
{
    const json_t *value = json_object_get(root, "vocabulary");
    const json_t *token;
    size_t index;
    enum ql_status status = check_special_names(root, error);

    if (status != QL_OK) {
        return status;
    }
    if (json_is_string(value) && json_string_length(value) > 0) {
        return add_symbols(descriptor, (const unsigned char *)json_string_value(value), json_string_length(value),
                           error);
    }
    if (json_array_size(value) == 0) {
        return fail_field(error, "vocabulary",
                          "a string with the symbol of each token, in their order, or a list of strings");
    }
    json_array_foreach(value, index, token)
    {
        if (status == QL_OK) {
            status = add_token(descriptor, root, token, error);
        }
    }
    return status;
}

// Finds the token that a field names by its string in the vocabulary. *token is unchanged if the field is missing.
static enum ql_status read_token(const struct ql_descriptor *descriptor, const json_t *root, const char *field,
                                 bool *is_there, int *token, struct ql_error *error)
{
    const json_t *value = json_object_get(root, field), *vocabulary = json_object_get(root, "vocabulary");
    const char *text = json_string_value(value);
    const size_t size = json_string_length(value);
    uint32_t symbol;

    *is_there = value != NULL;
    if (value == NULL) {
        return QL_OK;
    }
    *token = -1;
    if (size > 0 && ql_utf8_decode(&symbol, (const unsigned char *)text, size) == size) {
        *token = ql_descriptor_encode(descriptor, symbol);
    }
    if (*token < 0 && size > 0) {
        *token = find_string(vocabulary, text, size);
    }
    return *token >= 0 ? QL_OK : fail_field(error, field, "a token of the vocabulary");
}

// The end symbol becomes the newline, before which the state is reset.
static enum ql_status read_ends(struct ql_descriptor *descriptor, const json_t *root, struct ql_error *error)
{
    enum ql_status status = read_token(descriptor, root, "begin", &descriptor->has_begin, &descriptor->begin, error);

    if (status != QL_OK ||
        (status = read_token(descriptor, root, "end", &descriptor->has_end, &descriptor->end, error)) != QL_OK ||
        !descriptor->has_end) {
        return status;
    }
    const int newline = ql_descriptor_encode(descriptor, '\n');
    if (newline >= 0 && newline != descriptor->end) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the field 'end' names a token, but the vocabulary has a newline, too; one of them can "
                              "end an item. Leave 'end' out");
    }
    descriptor->vocabulary.symbols[descriptor->end] = '\n';
    for (int k = 0; k < descriptor->reset_count; k++) {
        if (descriptor->resets[k] == descriptor->end) {
            return QL_OK;
        }
    }
    if (descriptor->reset_count == QL_DESCRIPTOR_RESET_LIMIT) {
        return fail_field(error, "reset", "one symbol shorter, because there is an 'end'");
    }
    descriptor->resets[descriptor->reset_count++] = descriptor->end;
    return QL_OK;
}

// Something must be left to draw.
static enum ql_status check_specials(const struct ql_descriptor *descriptor, struct ql_error *error)
{
    return ql_descriptor_text_rules(descriptor).special_count < descriptor->vocabulary.count
               ? QL_OK
               : fail_field(error, "vocabulary",
                            "a list with at least one token that stands for text; others are never drawn");
}

static enum ql_status read_resets(struct ql_descriptor *descriptor, const json_t *root, struct ql_error *error)
{
    const json_t *value = json_object_get(root, "reset");
    const unsigned char *text = (const unsigned char *)json_string_value(value);

    if (value == NULL) {
        return QL_OK;
    }
    if (text == NULL) {
        return fail_field(error, "reset", "a string of symbols");
    }
    for (size_t at = 0; at < json_string_length(value);) {
        uint32_t symbol;
        at += ql_utf8_decode(&symbol, text + at, json_string_length(value) - at);
        int token = ql_descriptor_encode(descriptor, symbol);
        if (token < 0 || descriptor->reset_count == QL_DESCRIPTOR_RESET_LIMIT) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "the field 'reset' must be at most %d symbols of the vocabulary; U+%04X is not",
                                  QL_DESCRIPTOR_RESET_LIMIT, (unsigned)symbol);
        }
        descriptor->resets[descriptor->reset_count++] = token;
    }
    return QL_OK;
}

// 64 hexadecimal digits, in either case.
static enum ql_status read_sha256(struct ql_descriptor *descriptor, const json_t *root, struct ql_error *error)
{
    const json_t *value = json_object_get(root, "sha256");
    const char *text = json_string_value(value);

    if (value == NULL) {
        return QL_OK;
    }
    if (text == NULL || strlen(text) != QL_SHA256_TEXT_BYTES - 1 ||
        strspn(text, "0123456789abcdefABCDEF") != QL_SHA256_TEXT_BYTES - 1) {
        return fail_field(error, "sha256", "the SHA-256 of the model's file, 64 hexadecimal digits");
    }
    for (size_t i = 0; i < QL_SHA256_TEXT_BYTES; i++) {
        descriptor->sha256[i] = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] + 'a' - 'A') : text[i];
    }
    return QL_OK;
}

static enum ql_status read_states(struct ql_descriptor *descriptor, const json_t *root, struct ql_error *error)
{
    static const char demand[] = "a list of pairs of names, [[\"h0\", \"hn\"], ...], with \"append\" or \"counter\" "
                                 "as a third string where a token does not replace all of the state";
    const json_t *list = json_object_get(root, "states");
    const json_t *pair;
    size_t index;

    if (list == NULL) {
        return QL_OK;
    }
    if (json_array_size(list) > QL_DESCRIPTOR_STATE_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the field 'states' has %zu pairs; at most %d are supported. Export the model with the "
                              "states of all layers in one tensor",
                              json_array_size(list), (int)QL_DESCRIPTOR_STATE_LIMIT);
    }
    if (!json_is_array(list)) {
        return fail_field(error, "states", demand);
    }
    json_array_foreach(list, index, pair)
    {
        const char *input = json_string_value(json_array_get(pair, 0));
        const char *output = json_string_value(json_array_get(pair, 1));
        const char *word = json_string_value(json_array_get(pair, 2));
        const size_t size = json_array_size(pair);
        const int kind = size == 2 ? (int)QL_STATE_REPLACE : word == NULL ? -1 : ql_state_kind_read(word);
        if ((size != 2 && size != 3) || kind < 0 || input == NULL || output == NULL ||
            strlen(input) >= QL_DESCRIPTOR_NAME_BYTES || strlen(output) >= QL_DESCRIPTOR_NAME_BYTES) {
            return fail_field(error, "states", demand);
        }
        memcpy(descriptor->states[index].input, input, strlen(input) + 1);
        memcpy(descriptor->states[index].output, output, strlen(output) + 1);
        descriptor->states[index].kind = (enum ql_state_kind)kind;
        descriptor->states[index].is_certain = size == 3 && kind == (int)QL_STATE_REPLACE;
        descriptor->state_count++;
    }
    return QL_OK;
}

// Appends the numbers of a constant: a number, a boolean, or nested lists of them, one after another.
static bool add_numbers(struct ql_descriptor *descriptor, int first, const json_t *value, int depth)
{
    const json_t *item;
    size_t index;
    int *count = &descriptor->constants[descriptor->constant_count].count;
    bool fits = true;

    if (json_is_array(value)) {
        fits = depth < QL_STATE_RANK_LIMIT;
        json_array_foreach(value, index, item)
        {
            fits = fits && add_numbers(descriptor, first, item, depth + 1);
        }
        return fits;
    }
    if (!(json_is_number(value) || json_is_boolean(value)) || first + *count == QL_DESCRIPTOR_NUMBER_LIMIT) {
        return false;
    }
    descriptor->constant_numbers[first + (*count)++] =
        json_is_boolean(value) ? (double)json_is_true(value) : json_number_value(value);
    return true;
}

static enum ql_status read_constants(struct ql_descriptor *descriptor, const json_t *root, struct ql_error *error)
{
    json_t *object = json_object_get(root, "constants");
    const char *name;
    json_t *value;
    int first = 0;

    if (object != NULL && (!json_is_object(object) || json_object_size(object) > QL_DESCRIPTOR_CONSTANT_LIMIT)) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the field 'constants' must be an object of at most %d inputs with their numbers, such "
                              "as {\"category\": [0, 1]}",
                              (int)QL_DESCRIPTOR_CONSTANT_LIMIT);
    }
    json_object_foreach(object, name, value)
    {
        const int k = descriptor->constant_count;
        const bool is_named = name[0] != '\0' && strlen(name) < QL_DESCRIPTOR_NAME_BYTES;
        descriptor->constants[k].first = first;
        descriptor->constants[k].count = 0;
        if (!is_named || !add_numbers(descriptor, first, value, 0)) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "the field 'constants' must give '%.60s' a number or a list of numbers, all inputs "
                                  "together at most %d",
                                  name, (int)QL_DESCRIPTOR_NUMBER_LIMIT);
        }
        (void)snprintf(descriptor->constants[k].input, QL_DESCRIPTOR_NAME_BYTES, "%s", name);
        first += descriptor->constants[k].count;
        descriptor->constant_count++;
    }
    return QL_OK;
}

// The model's path: relative to the descriptor, unless it is absolute.
static enum ql_status set_path(struct ql_descriptor *descriptor, const char *path, struct ql_error *error)
{
    const char *slash = strrchr(path, '/');
    const char *name = descriptor->filename;
    const int folder = slash == NULL || name[0] == '/' ? 0 : (int)(slash - path) + 1;

    if (name[0] == '\0') {
        return fail_field(error, "filename", "the name of the model's .onnx file");
    }
    if (name[0] == '.' && name[1] == '/') {
        name += 2;
    }
    int length = snprintf(descriptor->path, sizeof descriptor->path, "%.*s%s", folder, path, name);
    if (length >= (int)sizeof descriptor->path) {
        return ql_error_write(error, QL_ERROR_INPUT, "the path of the model is too long");
    }
    return QL_OK;
}

static enum ql_status read_fields(struct ql_descriptor *descriptor, const json_t *root, const char *path,
                                  struct ql_error *error)
{
    struct ql_descriptor *d = descriptor;
    enum ql_status status;

    if (!json_is_object(root)) {
        return ql_error_write(error, QL_ERROR_INPUT, "a descriptor is a JSON object, {...}");
    }
    if ((status = read_string(root, "filename", d->filename, sizeof d->filename, error)) != QL_OK ||
        (status = set_path(d, path, error)) != QL_OK || (status = read_sha256(d, root, error)) != QL_OK ||
        (status = read_string(root, "type", d->type, sizeof d->type, error)) != QL_OK ||
        (status = read_int(root, "sequenceLength", &d->sequence_length, 0, error)) != QL_OK ||
        (status = read_int(root, "window", &d->window, 1, error)) != QL_OK ||
        (status = read_number(root, "temperature", &d->temperature, error)) != QL_OK ||
        (status = read_number(root, "top_p", &d->top_p, error)) != QL_OK ||
        (status = read_int(root, "top_k", &d->top_k, 0, error)) != QL_OK ||
        (status = read_int(root, "hiddenSize", &d->hidden_size, 0, error)) != QL_OK ||
        (status = read_int(root, "hiddenLayers", &d->hidden_layers, 0, error)) != QL_OK ||
        (status = read_vocabulary(d, root, error)) != QL_OK || (status = read_resets(d, root, error)) != QL_OK ||
        (status = read_ends(d, root, error)) != QL_OK || (status = check_specials(d, error)) != QL_OK ||
        (status = read_string(root, "tokens", d->tokens, sizeof d->tokens, error)) != QL_OK ||
        (status = read_string(root, "logits", d->logits, sizeof d->logits, error)) != QL_OK ||
        (status = read_states(d, root, error)) != QL_OK || (status = read_constants(d, root, error)) != QL_OK) {
        return status;
    }
    // As floats, the type in which they are used.
    if (!(d->temperature == 0.0 || (d->temperature >= (double)FLT_MIN && d->temperature <= (double)FLT_MAX))) {
        return fail_field(error, "temperature", "0, or from 1.2e-38 to 3.4e38");
    }
    if (!(d->top_p >= (double)FLT_MIN && d->top_p <= 1.0)) {
        return fail_field(error, "top_p", "more than 0 (from 1.2e-38 on) and at most 1");
    }
    return QL_OK;
}

bool ql_descriptor_is_path(const char *path)
{
    const size_t length = strlen(path);
    return length > strlen(".json") && // a name and an ending, and these are of the same length
           (ql_bytes_end_with(path, length, ".json") || ql_bytes_end_with(path, length, ".onnx"));
}

enum ql_status ql_descriptor_read(struct ql_descriptor *descriptor, const char *text, size_t size_bytes,
                                  const char *path, struct ql_error *error)
{
    json_error_t reason;
    enum ql_status status;

    *descriptor = (struct ql_descriptor){.temperature = 1.0, .top_p = 1.0};
    json_t *root = json_loadb(text, size_bytes, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &reason);
    if (root == NULL) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s:%d: is not valid JSON: %s", path, reason.line, reason.text);
    }
    if ((status = read_fields(descriptor, root, path, error)) != QL_OK) {
        ql_error_prefix(error, "%s: ", path);
    }
    json_decref(root);
    return status;
}

enum ql_status ql_descriptor_load(struct ql_descriptor *descriptor, const char *path, struct ql_error *error)
{
    struct ql_file_view view;

    if (ql_bytes_end_with(path, strlen(path), ".onnx")) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: is a model. Give its descriptor, a .json file that names the model and its symbols "
                              "(docs/descriptor.md)",
                              path);
    }
    if (ql_bytes_end_with(path, strlen(path), ".safetensors")) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: is a checkpoint. Give the descriptor that `quillet export` writes for it", path);
    }
    enum ql_status status = ql_file_open_kind(&view, path, QL_FILE_ANY, descriptor_limit_bytes, error);

    if (status == QL_OK) {
        status = ql_descriptor_read(descriptor, (const char *)view.data, view.size_bytes, path, error);
        ql_file_close(&view);
    }
    return status;
}

// --- Writing ---

static size_t append_symbol(char *text, size_t length, uint32_t symbol)
{
    return length + ql_utf8_encode((unsigned char *)text + length, symbol);
}

// A string of all symbols; a list of strings where there are pieces. NULL: no memory.
static json_t *make_vocabulary(const struct ql_vocabulary *vocabulary)
{
    json_t *list;
    size_t length = 0;

    if (vocabulary->piece_count == 0) {
        char *text = malloc(4 * (size_t)vocabulary->count + 1);
        for (int i = 0; i < vocabulary->count && text != NULL; i++) {
            length = append_symbol(text, length, vocabulary->symbols[i]);
        }
        list = text == NULL ? NULL : json_stringn(text, length);
        free(text);
        return list;
    }
    list = json_array();
    for (int token = 0; token < vocabulary->count && list != NULL; token++) {
        char bytes[QL_TOKEN_BYTES];
        length = ql_vocabulary_write_token(vocabulary, token, bytes);
        if (json_array_append_new(list, json_stringn(bytes, length)) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

// Adds to an array, or to an object, which takes the value over. False when it is NULL, or there is no memory.
static bool append_value(json_t *array, json_t *value)
{
    return json_array_append_new(array, value) == 0;
}

static bool add_field(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

// Returns the value, or NULL where it is not whole.
static json_t *if_whole(json_t *value, bool whole)
{
    if (!whole) {
        json_decref(value);
        return NULL;
    }
    return value;
}

static json_t *make_constants(const struct ql_descriptor *d)
{
    json_t *constants = json_object();
    bool whole = true;

    for (int k = 0; k < d->constant_count && whole; k++) {
        json_t *numbers = json_array();
        for (int i = 0; i < d->constants[k].count && whole; i++) {
            const double number = d->constant_numbers[d->constants[k].first + i];
            const bool is_whole = fabs(number) < 0x1p53 && number == floor(number);
            whole = append_value(numbers, is_whole ? json_integer((json_int_t)number) : json_real(number));
        }
        whole = add_field(constants, d->constants[k].input, numbers) && whole;
    }
    return if_whole(constants, whole);
}

static json_t *make_states(const struct ql_descriptor *d)
{
    json_t *states = json_array();
    bool whole = true;

    for (int i = 0; i < d->state_count && whole; i++) {
        json_t *state = json_array();
        whole = append_value(state, json_string(d->states[i].input)) &&
                append_value(state, json_string(d->states[i].output));
        if (whole && (d->states[i].kind != QL_STATE_REPLACE || d->states[i].is_certain)) {
            whole = append_value(state, json_string(ql_state_kind_write(d->states[i].kind)));
        }
        whole = append_value(states, state) && whole;
    }
    return if_whole(states, whole);
}

static json_t *make_token(const struct ql_descriptor *d, int token)
{
    char bytes[QL_TOKEN_BYTES];
    return json_stringn(bytes, ql_vocabulary_write_token(&d->vocabulary, token, bytes));
}

static json_t *make_resets(const struct ql_descriptor *d)
{
    char resets[4 * QL_DESCRIPTOR_RESET_LIMIT];
    size_t length = 0;

    for (int i = 0; i < d->reset_count; i++) {
        length = append_symbol(resets, length, d->vocabulary.symbols[d->resets[i]]);
    }
    return json_stringn(resets, length);
}

// NULL: no memory.
static json_t *make_json(const struct ql_descriptor *d)
{
    static const char *const format = "{s:s, s:s, s:i, s:f, s:f, s:i, s:i, s:i, s:o}";
    json_t *root =
        json_pack(format, "filename", d->filename, "type", d->type, "sequenceLength", d->sequence_length, "temperature",
                  d->temperature, "top_p", d->top_p, "top_k", d->top_k, "hiddenSize", d->hidden_size, "hiddenLayers",
                  d->hidden_layers, "vocabulary", make_vocabulary(&d->vocabulary));
    const bool whole = root != NULL && (d->sha256[0] == '\0' || add_field(root, "sha256", json_string(d->sha256))) &&
                       (d->window == 0 || add_field(root, "window", json_integer(d->window))) &&
                       (d->reset_count == 0 || add_field(root, "reset", make_resets(d))) &&
                       (!d->has_begin || add_field(root, "begin", make_token(d, d->begin))) &&
                       (!d->has_end || add_field(root, "end", make_token(d, d->end))) &&
                       (d->tokens[0] == '\0' || add_field(root, "tokens", json_string(d->tokens))) &&
                       (d->logits[0] == '\0' || add_field(root, "logits", json_string(d->logits))) &&
                       (d->state_count == 0 || add_field(root, "states", make_states(d))) &&
                       (d->constant_count == 0 || add_field(root, "constants", make_constants(d)));
    return if_whole(root, whole);
}

static enum ql_status check_name(const char *name, struct ql_error *error)
{
    return ql_utf8_check(name)
               ? QL_OK
               : ql_error_write(error, QL_ERROR_INPUT,
                                "%s: the name is not UTF-8, and so cannot be recorded in a descriptor; choose another",
                                name);
}

// JSON holds only UTF-8. The names of a model's file, inputs, and outputs may have other bytes.
static enum ql_status check_names(const struct ql_descriptor *d, struct ql_error *error)
{
    const char *const names[] = {d->filename, d->type, d->tokens, d->logits};
    enum ql_status status = QL_OK;

    for (size_t i = 0; i < sizeof names / sizeof names[0] && status == QL_OK; i++) {
        status = check_name(names[i], error);
    }
    for (int i = 0; i < d->state_count && status == QL_OK; i++) {
        if ((status = check_name(d->states[i].input, error)) == QL_OK) {
            status = check_name(d->states[i].output, error);
        }
    }
    for (int k = 0; k < d->constant_count && status == QL_OK; k++) {
        status = check_name(d->constants[k].input, error);
    }
    return status;
}

// The reader checks what is written: no descriptor leaves that it would refuse.
enum ql_status ql_descriptor_write(const struct ql_descriptor *descriptor, FILE *stream, struct ql_error *error)
{
    enum ql_status status = check_names(descriptor, error);

    if (status != QL_OK) {
        return status;
    }
    json_t *root = make_json(descriptor);
    // 15 digits reproduce every number that was written with at most 15 digits, such as 0.95.
    char *text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    struct ql_descriptor *copy = malloc(sizeof *copy);

    status = text == NULL || copy == NULL
                 ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to write the descriptor")
                 : ql_descriptor_read(copy, text, strlen(text), "the descriptor", error);
    if (status == QL_OK) {
        (void)fprintf(stream, "%s\n", text);
    }
    free(copy);
    free(text);
    json_decref(root);
    return status;
}

enum ql_status ql_descriptor_save(const struct ql_descriptor *descriptor, const char *path, struct ql_error *error)
{
    struct ql_file_writer writer;
    enum ql_status status = ql_file_writer_open(&writer, path, error);

    if (status != QL_OK) {
        return status;
    }
    if ((status = ql_descriptor_write(descriptor, writer.stream, error)) == QL_OK) {
        return ql_file_writer_close(&writer, error);
    }
    ql_file_writer_reset(&writer);
    return status;
}

int ql_descriptor_encode(const struct ql_descriptor *descriptor, uint32_t symbol)
{
    for (int token = 0; token < descriptor->vocabulary.count - descriptor->vocabulary.piece_count; token++) {
        if (descriptor->vocabulary.symbols[token] == symbol) {
            return token;
        }
    }
    return -1;
}

void ql_descriptor_set_state(struct ql_descriptor *descriptor, const struct ql_state_layout *layout)
{
    (void)snprintf(descriptor->tokens, sizeof descriptor->tokens, "tokens");
    (void)snprintf(descriptor->logits, sizeof descriptor->logits, "logits");
    assert(layout->part_count <= QL_DESCRIPTOR_STATE_LIMIT);
    for (int k = 0; k < layout->part_count; k++) {
        const struct ql_state_part *part = &layout->parts[k];
        (void)snprintf(descriptor->states[k].input, QL_DESCRIPTOR_NAME_BYTES, "%s", part->name);
        (void)snprintf(descriptor->states[k].output, QL_DESCRIPTOR_NAME_BYTES, "%s", part->output);
        descriptor->states[k].kind = part->kind;
    }
    descriptor->state_count = layout->part_count;
}

void ql_descriptor_set_info(struct ql_descriptor *descriptor, const struct ql_model_info *info)
{
    const struct ql_text_rules rules = ql_model_info_text_rules(info);

    descriptor->vocabulary = info->vocabulary;
    memcpy(descriptor->resets, rules.resets, sizeof descriptor->resets);
    descriptor->reset_count = rules.reset_count;
}

struct ql_text_rules ql_descriptor_text_rules(const struct ql_descriptor *descriptor)
{
    struct ql_text_rules rules;

    ql_text_rules_init(&rules, descriptor->vocabulary.symbols, descriptor->vocabulary.count);
    memcpy(rules.resets, descriptor->resets, sizeof rules.resets);
    rules.reset_count = descriptor->reset_count;
    if (descriptor->has_begin && !descriptor->has_end) {
        rules.first_token = descriptor->begin;
    }
    return rules;
}
