// Finds the named fields in rows of tables and in JSON: see record_field.h.
// CSV is a small loop over cells; JSON is left to jansson.
// Uses: corpus/clean_step, jansson.
#include "corpus/record_field.h"

#include <string.h>

#include <jansson.h>

#include "corpus/clean_step.h"

// True when the quotation marks at both ends of a cell are around it: every other mark in it is doubled. A sentence that
// only begins and ends with one, such as "Yes," she said. "No.", keeps both.
static bool is_quoted(const char *row, size_t start, size_t end)
{
    if (end - start < 2 || row[start] != '"' || row[end - 1] != '"') {
        return false;
    }
    for (size_t i = start + 1; i < end - 1; i++) {
        if (row[i] == '"' && (++i == end - 1 || row[i] != '"')) {
            return false;
        }
    }
    return true;
}

// Reads a cell of TSV: the text between two tabs, without the quotation marks that a spreadsheet puts around it.
static void loose_cell(const char *row, size_t end, size_t start, struct ql_text *cell)
{
    const bool quoted = is_quoted(row, start, end);

    for (size_t i = start + quoted; i < end - quoted; i++) {
        ql_text_write_byte(cell, row[i]);
        i += quoted && row[i] == '"';
    }
}

// Reads the cell at *position into `cell`, and moves past it and its delimiter. Sets *last at the end of the row.
static enum ql_status read_cell(const struct ql_field_map *map, const char *row, size_t length, size_t *position,
                                struct ql_text *cell, bool *last, struct ql_error *error)
{
    size_t i = *position;

    ql_text_reset(cell);
    if (map->loose) {
        const char *tab = i < length ? memchr(row + i, map->delimiter, length - i) : NULL;
        i = tab == NULL ? length : (size_t)(tab - row);
        loose_cell(row, i, *position < i ? *position : i, cell);
    } else if (i < length && row[i] == '"') {
        for (i++;; i++) {
            if (i >= length) {
                return ql_error_write(error, QL_ERROR_INPUT, "a quoted field is never closed; close it with \"");
            }
            if (row[i] == '"') {
                i++;
                if (i >= length || row[i] != '"') {
                    break;
                }
            }
            ql_text_write_byte(cell, row[i]);
        }
        if (i < length && row[i] != map->delimiter) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "text follows the closing quotation mark of a field; double "
                                  "the quotation marks that belong to the field");
        }
    } else {
        for (; i < length && row[i] != map->delimiter; i++) {
            if (row[i] == '"') {
                return ql_error_write(error, QL_ERROR_INPUT,
                                      "a quotation mark in a field that does not start with "
                                      "one; quote the whole field and double the mark");
            }
            ql_text_write_byte(cell, row[i]);
        }
    }
    *last = i >= length;
    *position = i + 1;
    return ql_text_check(cell, error);
}

// Finds the columns with the map's delimiter, and writes their names to `columns`. `*missing` is a name that is not
// among them, or NULL.
static enum ql_status find_columns(struct ql_field_map *map, struct ql_text *columns, const char **missing,
                                   const char *row, size_t length, const char *field, const char *author_field,
                                   struct ql_error *error)
{
    struct ql_text cell = {0};
    enum ql_status status = QL_OK;
    bool last = false;

    ql_text_reset(columns);
    map->column_count = 0;
    map->text_column = map->author_column = SIZE_MAX;
    for (size_t position = 0; !last && status == QL_OK; map->column_count++) {
        status = read_cell(map, row, length, &position, &cell, &last, error);
        const char *name = cell.bytes == NULL ? "" : cell.bytes;
        if (map->text_column == SIZE_MAX && strcmp(name, field) == 0) {
            map->text_column = map->column_count;
        } else if (author_field != NULL && map->author_column == SIZE_MAX && strcmp(name, author_field) == 0) {
            map->author_column = map->column_count;
        }
        ql_text_write(columns, ", ", map->column_count == 0 ? 0 : 2);
        ql_text_write(columns, name, strlen(name));
    }
    ql_text_free(&cell);
    *missing = map->text_column == SIZE_MAX                             ? field
               : author_field != NULL && map->author_column == SIZE_MAX ? author_field
                                                                        : NULL;
    return status;
}

enum ql_status ql_field_map_read(struct ql_field_map *map, const char *row, size_t length, const char *field,
                                 const char *author_field, struct ql_error *error)
{
    static const char delimiters[] = {',', ';', '\t', '|'};
    struct ql_text columns = {0};
    const char *missing = NULL;
    const bool given = map->delimiter != 0;
    char best = ',';
    size_t most = 0;

    for (size_t k = 0; k < sizeof delimiters && !given; k++) {
        map->delimiter = delimiters[k];
        const enum ql_status status = find_columns(map, &columns, &missing, row, length, field, author_field, NULL);
        const size_t count = map->column_count + (status == QL_OK && missing == NULL ? length : 0);
        if (status == QL_OK && count > most) {
            most = count;
            best = map->delimiter;
        }
    }
    map->delimiter = given ? map->delimiter : best;
    enum ql_status status = find_columns(map, &columns, &missing, row, length, field, author_field, error);
    if (status == QL_OK && missing != NULL) {
        status = ql_error_write(error, QL_ERROR_INPUT,
                                "the header has no column \"%s\"; name one of these with --field or --author-field: "
                                "%.400s",
                                missing, columns.bytes);
    }
    ql_text_free(&columns);
    return status;
}

static enum ql_status table_fields(struct ql_step_context *context, struct ql_text *text, struct ql_error *error)
{
    const struct ql_field_map *map = context->fields;
    struct ql_text cell = {0};
    enum ql_status status = QL_OK;
    size_t count = 0;
    bool last = text->length == 0; // a blank line is an empty item, not a row of one cell

    ql_text_reset(&context->scratch);
    for (size_t position = 0; !last; count++) {
        status = read_cell(map, text->bytes, text->length, &position, &cell, &last, error);
        if (status != QL_OK) {
            goto done;
        }
        if (count == map->text_column) {
            ql_text_load(&context->scratch, cell.bytes, cell.length);
        } else if (count == map->author_column) {
            ql_text_load(&context->author, cell.bytes, cell.length);
            context->author_found = cell.length > 0;
        }
    }
    if (text->length > 0 && count != map->column_count) {
        status = ql_error_write(error, QL_ERROR_INPUT, "fields: %zu in the row, %zu in the header", count,
                                map->column_count);
        goto done;
    }
    ql_text_swap(text, &context->scratch);
done:
    ql_text_free(&cell);
    return status;
}

static enum ql_status json_fields(struct ql_step_context *context, struct ql_text *text, struct ql_error *error)
{
    const char *field = context->options->field;
    const char *author_field = context->options->author_field;
    json_error_t reason;
    enum ql_status status = QL_OK;

    if (text->length == strspn(text->bytes == NULL ? "" : text->bytes, " \t")) {
        ql_text_reset(text);
        return QL_OK;
    }
    const size_t flags =
        JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES | (context->format == QL_FORMAT_JSON ? JSON_DECODE_ANY : 0);
    json_t *object = json_loadb(text->bytes, text->length, flags, &reason);
    if (object == NULL) {
        return ql_error_write(error, QL_ERROR_INPUT, "is not JSON at column %d: %s", reason.column, reason.text);
    }
    if (context->format == QL_FORMAT_JSON && json_is_string(object)) {
        ql_text_load(text, json_string_value(object), json_string_length(object));
        goto done;
    }
    if (!json_is_object(object)) {
        status = ql_error_write(error, QL_ERROR_INPUT, "is JSON but not an object; each must be {\"%s\": ...}", field);
        goto done;
    }
    const json_t *value = json_object_get(object, field);
    if (!json_is_string(value)) {
        status = ql_error_write(error, QL_ERROR_INPUT, "%s \"%s\"; name the member that holds the text with --field",
                                value == NULL ? "has no member" : "no string is in member", field);
        goto done;
    }
    ql_text_load(text, json_string_value(value), json_string_length(value));
    value = author_field == NULL ? NULL : json_object_get(object, author_field);
    context->objects_read = true;
    context->author_member_found = context->author_member_found || value != NULL;
    if (value != NULL && !json_is_string(value) && !json_is_null(value)) {
        status = ql_error_write(
            error, QL_ERROR_INPUT,
            "no string is in member \"%s\"; name the member that holds the author with --author-field", author_field);
    } else if (json_is_string(value)) {
        ql_text_load(&context->author, json_string_value(value), json_string_length(value));
        context->author_found = context->author.length > 0;
    }
done:
    json_decref(object);
    return status;
}

enum ql_status ql_step_fields(struct ql_step_context *context, struct ql_text *text, const char **reason,
                              struct ql_error *error)
{
    enum ql_status status = QL_OK;

    (void)reason;
    if (context->format == QL_FORMAT_CSV || context->format == QL_FORMAT_TSV) {
        status = table_fields(context, text, error);
    } else if (context->format == QL_FORMAT_JSONL || context->format == QL_FORMAT_JSON) {
        status = json_fields(context, text, error);
    }
    if (status == QL_ERROR_INPUT) {
        (void)ql_error_prefix(error, "%s:%zu: ", context->path, context->line);
    }
    return status;
}
