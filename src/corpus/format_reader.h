// Cuts an input into raw items, one at a time, without copying: lines, fortune items, CSV rows, JSON lines.
// The fields of a row are taken apart later, after its bytes have been decoded (record_field).
// Uses: base/{bytes,status}, corpus/prepare_options.
#ifndef QL_CORPUS_FORMAT_READER_H
#define QL_CORPUS_FORMAT_READER_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/status.h"
#include "corpus/prepare_options.h"

// The caller keeps `path` and `bytes` alive while the reader is used; there is nothing to close.
struct ql_reader {
    const char *path;  // for messages
    const char *bytes; // as ql_text_decode leaves them
    size_t size_bytes;
    struct ql_bytes_line cursor; // the line that was read last
    enum ql_format format;       // never QL_FORMAT_AUTO
    bool begun, ended;           // a JSON array was opened, was closed
};

// A raw item: points into the reader's bytes; no line end at its end.
struct ql_raw_item {
    const char *bytes;
    size_t length;
    size_t line; // of its first byte, from 1
};

// Starts at the beginning. With QL_FORMAT_AUTO the format is
// - Wikiquote's dump, when the bytes begin as one;
// - that of the name's ending: .csv; .tsv and .tab; .jsonl and .ndjson;
// - otherwise JSON when the text starts with "[" and then "{" or a quotation mark;
// - otherwise fortune when one of the lines in the first 64 KiB is only "%", unless the name ends in .json;
// - otherwise JSON lines when the first line that is not blank starts with "{" and ends with "}";
// - otherwise JSON when the name ends in .json, so that a file that is not an array is an error;
// - otherwise lines.
void ql_reader_open(struct ql_reader *reader, const char *path, const char *bytes, size_t size_bytes,
                    enum ql_format format);

// Gets the next raw item; `*found` is false at the end. A blank line is an item, and so is what follows the last line
// end if it is not empty; an empty part between two "%" lines is not an item.
// Errors: QL_ERROR_INPUT with file and line when a quoted CSV field or a JSON array is never closed, or text follows
// one.
enum ql_status ql_reader_read(struct ql_reader *reader, struct ql_raw_item *item, bool *found, struct ql_error *error);

#endif
