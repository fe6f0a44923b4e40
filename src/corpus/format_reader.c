// Cuts an input into raw items: see format_reader.h. Everything is based on one function that takes a line.
// Uses: base/{bytes,status}.
#include "corpus/format_reader.h"

#include <string.h>
#include <strings.h>

#include "corpus/wiki_dump.h"

enum { DETECTION_BYTES = 64 * 1024 };

// Takes the next line, without its line end. False at the end.
static bool reader_line(struct ql_reader *reader, struct ql_raw_item *line)
{
    if (!ql_bytes_line_step(&reader->cursor, reader->bytes, reader->size_bytes)) {
        return false;
    }
    *line = (struct ql_raw_item){
        .bytes = reader->cursor.bytes, .length = reader->cursor.length, .line = reader->cursor.number};
    return true;
}

static bool line_is_separator(const struct ql_raw_item *line)
{
    return line->length == 1 && line->bytes[0] == '%';
}

static bool reader_fortune(struct ql_reader *reader, struct ql_raw_item *item)
{
    struct ql_raw_item line;

    do {
        if (!reader_line(reader, &line)) {
            return false;
        }
    } while (line_is_separator(&line));
    *item = line;
    while (reader_line(reader, &line) && !line_is_separator(&line)) {
        item->length = (size_t)(line.bytes + line.length - item->bytes);
    }
    return true;
}

// A row ends at the first line end outside quotes; whether a quote is well placed is checked with the fields.
static enum ql_status reader_csv(struct ql_reader *reader, struct ql_raw_item *item, bool *found,
                                 struct ql_error *error)
{
    struct ql_raw_item line;
    bool quoted = false;

    *found = reader_line(reader, item);
    line = *item;
    for (bool more = *found; more; more = reader_line(reader, &line)) {
        for (const char *byte = line.bytes; byte < line.bytes + line.length; byte++) {
            quoted ^= *byte == '"';
        }
        item->length = (size_t)(line.bytes + line.length - item->bytes);
        if (!quoted) {
            return QL_OK;
        }
    }
    if (*found) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s:%zu: a quoted field of this row is never closed; close it with \", or double the "
                              "quotation marks inside of fields",
                              reader->path, item->line);
    }
    return QL_OK;
}

// --- JSON arrays ---

// Skips blanks, and counts the lines.
static void skip_blanks(struct ql_reader *reader)
{
    struct ql_bytes_line *cursor = &reader->cursor;

    for (; cursor->behind < reader->size_bytes && strchr(" \t\n", reader->bytes[cursor->behind]) != NULL &&
           reader->bytes[cursor->behind] != '\0';
         cursor->behind++) {
        cursor->number += reader->bytes[cursor->behind] == '\n';
    }
}

// The length of the element at `start`: up to the comma or bracket after it, which belongs to the array. The size of
// the text when there is none.
static size_t element_length(const struct ql_reader *reader, size_t start)
{
    size_t depth = 0;
    bool quoted = false;

    for (size_t i = start; i < reader->size_bytes; i++) {
        const char byte = reader->bytes[i];
        if (quoted) {
            i += byte == '\\';
            quoted = byte != '"';
        } else if (byte == '"') {
            quoted = true;
        } else if (byte == '{' || byte == '[') {
            depth++;
        } else if (depth == 0 && (byte == ',' || byte == ']' || byte == '}')) {
            return i - start;
        } else if (byte == '}' || byte == ']') {
            depth--;
        }
    }
    return reader->size_bytes;
}

static enum ql_status array_fault(const struct ql_reader *reader, const char *fault, struct ql_error *error)
{
    return ql_error_write(error, QL_ERROR_INPUT,
                          "%s:%zu: %s; give an array of objects or strings, [{...}, {...}], or an object on each line",
                          reader->path, reader->cursor.number + 1, fault);
}

// Skips what precedes the next element: the bracket that opens the array, or a comma. The array ends at the bracket
// that closes it, which cannot follow a comma.
static void step_to_element(struct ql_reader *reader)
{
    const char *bytes = reader->bytes;
    size_t *place = &reader->cursor.behind;
    bool comma = false;

    if (!reader->begun) {
        reader->begun = true;
        (*place)++;
        skip_blanks(reader);
    } else if (!reader->ended && *place < reader->size_bytes && bytes[*place] == ',') {
        comma = true;
        (*place)++;
        skip_blanks(reader);
    }
    if (!reader->ended && !comma && *place < reader->size_bytes && bytes[*place] == ']') {
        reader->ended = true;
        (*place)++;
        skip_blanks(reader);
    }
}

// The elements are cut out of the array here, and each is read as JSON with its fields.
static enum ql_status reader_json(struct ql_reader *reader, struct ql_raw_item *item, bool *found,
                                  struct ql_error *error)
{
    const char *bytes = reader->bytes;
    size_t *place = &reader->cursor.behind;

    *found = false;
    skip_blanks(reader);
    if (!reader->begun && (*place == reader->size_bytes || bytes[*place] != '[')) {
        return array_fault(reader, "the text does not start with \"[\"", error);
    }
    step_to_element(reader);
    if (reader->ended) {
        return *place == reader->size_bytes ? QL_OK : array_fault(reader, "text follows the array", error);
    }
    size_t length = element_length(reader, *place);
    if (length >= reader->size_bytes - *place) {
        return array_fault(reader, "the array is never closed", error);
    }
    *item = (struct ql_raw_item){.bytes = bytes + *place, .line = reader->cursor.number + 1};
    for (const size_t end = *place + length; *place < end; (*place)++) {
        reader->cursor.number += bytes[*place] == '\n';
    }
    while (length > 0 && strchr(" \t\n", item->bytes[length - 1]) != NULL) {
        length--;
    }
    item->length = length;
    *found = true;
    return length > 0 ? QL_OK : array_fault(reader, "an element of the array is empty", error);
}

// True for "[" followed by the beginning of an object or a string.
static bool starts_as_array(struct ql_reader reader)
{
    skip_blanks(&reader);
    if (reader.cursor.behind == reader.size_bytes || reader.bytes[reader.cursor.behind++] != '[') {
        return false;
    }
    skip_blanks(&reader);
    return reader.cursor.behind < reader.size_bytes &&
           (reader.bytes[reader.cursor.behind] == '{' || reader.bytes[reader.cursor.behind] == '"');
}

// --- Which format ---

static bool name_ends_with(const char *name, const char *ending)
{
    size_t length = strlen(name);
    size_t ending_length = strlen(ending);

    return length >= ending_length && strcasecmp(name + length - ending_length, ending) == 0;
}

static enum ql_format reader_detect(struct ql_reader reader)
{
    const bool named_json = name_ends_with(reader.path, ".json");
    struct ql_raw_item line;
    bool json = false;
    bool blank = true;

    if (ql_wiki_dump_detect(reader.bytes, reader.size_bytes)) {
        return QL_FORMAT_WIKIQUOTE;
    }

    if (name_ends_with(reader.path, ".csv")) {
        return QL_FORMAT_CSV;
    }
    if (name_ends_with(reader.path, ".jsonl") || name_ends_with(reader.path, ".ndjson")) {
        return QL_FORMAT_JSONL;
    }
    if (name_ends_with(reader.path, ".tsv") || name_ends_with(reader.path, ".tab")) {
        return QL_FORMAT_TSV;
    }
    if (starts_as_array(reader)) {
        return QL_FORMAT_JSON;
    }
    while (reader.cursor.behind < DETECTION_BYTES && reader_line(&reader, &line)) {
        if (line_is_separator(&line) && !named_json) {
            return QL_FORMAT_FORTUNE;
        }
        if (blank && line.length > 0) {
            blank = false;
            json = line.bytes[0] == '{' && line.bytes[line.length - 1] == '}';
        }
    }
    if (json) {
        return QL_FORMAT_JSONL;
    }
    return named_json ? QL_FORMAT_JSON : QL_FORMAT_LINES; // whose reader says why it is not an array
}

void ql_reader_open(struct ql_reader *reader, const char *path, const char *bytes, size_t size_bytes,
                    enum ql_format format)
{
    *reader = (struct ql_reader){.path = path, .bytes = bytes, .size_bytes = size_bytes};
    reader->format = format == QL_FORMAT_AUTO ? reader_detect(*reader) : format;
}

enum ql_status ql_reader_read(struct ql_reader *reader, struct ql_raw_item *item, bool *found, struct ql_error *error)
{
    switch (reader->format) {
    case QL_FORMAT_FORTUNE:
        *found = reader_fortune(reader, item);
        return QL_OK;
    case QL_FORMAT_CSV:
        return reader_csv(reader, item, found, error);
    case QL_FORMAT_JSON:
        return reader_json(reader, item, found, error);
    case QL_FORMAT_AUTO:
    case QL_FORMAT_LINES:
    case QL_FORMAT_TSV:
    case QL_FORMAT_JSONL:
    case QL_FORMAT_WIKIQUOTE: // has its own reader, wiki_dump
        *found = reader_line(reader, item);
        return QL_OK;
    }
    return QL_OK;
}
