// Cuts an input into raw items: see format_reader.h. Everything is built on one function that takes a line.
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

// A row ends at the first line end outside of quotes; whether a quote is well placed is checked with the fields.
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

static bool name_ends_with(const char *name, const char *ending)
{
    size_t length = strlen(name);
    size_t ending_length = strlen(ending);

    return length >= ending_length && strcasecmp(name + length - ending_length, ending) == 0;
}

static enum ql_format reader_detect(struct ql_reader reader)
{
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
    while (reader.cursor.behind < DETECTION_BYTES && reader_line(&reader, &line)) {
        if (line_is_separator(&line)) {
            return QL_FORMAT_FORTUNE;
        }
        if (blank && line.length > 0) {
            blank = false;
            json = line.bytes[0] == '{' && line.bytes[line.length - 1] == '}';
        }
    }
    return json ? QL_FORMAT_JSONL : QL_FORMAT_LINES;
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
    case QL_FORMAT_AUTO:
    case QL_FORMAT_LINES:
    case QL_FORMAT_JSONL:
    case QL_FORMAT_WIKIQUOTE: // has a reader of its own, wiki_dump
        *found = reader_line(reader, item);
        return QL_OK;
    }
    return QL_OK;
}
