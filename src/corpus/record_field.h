// Finds the named fields in CSV rows (RFC 4180) and JSON lines.
// Rows come decoded, one at a time, from the format reader.
// Uses: corpus/text_buffer, jansson.
#ifndef QL_CORPUS_RECORD_FIELD_H
#define QL_CORPUS_RECORD_FIELD_H

#include "corpus/text_buffer.h"

// Where the fields stand in the rows of one CSV file. Not needed for JSON lines.
struct ql_field_map {
    size_t column_count;
    size_t text_column;   // from 0
    size_t author_column; // from 0; SIZE_MAX when there is none
};

// Reads the header row. Errors: QL_ERROR_INPUT that lists the columns when `field` or `author_field` is not among them.
enum ql_status ql_field_map_read(struct ql_field_map *map, const char *row, size_t length, const char *field,
                                 const char *author_field, struct ql_error *error);

#endif
