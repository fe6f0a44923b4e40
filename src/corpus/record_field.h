// Finds the named fields in rows of tables (CSV by RFC 4180, TSV) and in JSON.
// Rows come decoded, one at a time, from the format reader.
// Uses: corpus/text_buffer, jansson.
#ifndef QL_CORPUS_RECORD_FIELD_H
#define QL_CORPUS_RECORD_FIELD_H

#include "corpus/text_buffer.h"

// Where the fields stand in the rows of one table. Not needed for JSON.
struct ql_field_map {
    char delimiter; // between fields; 0 before the header was read
    bool loose;     // TSV: a quotation mark counts only where a field begins and ends with one
    size_t column_count;
    size_t text_column;   // from 0
    size_t author_column; // from 0; SIZE_MAX when there is none
};

// Reads the header row. Where the map has no delimiter yet, it becomes the comma, semicolon, tab or bar by which the
// header has the named columns. Errors: QL_ERROR_INPUT that lists the columns when `field` or `author_field` is missing.
enum ql_status ql_field_map_read(struct ql_field_map *map, const char *row, size_t length, const char *field,
                                 const char *author_field, struct ql_error *error);

#endif
