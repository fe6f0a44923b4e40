// Keeps finished cells in a folder, so that an interrupted study continues where it was, and a larger study takes over
// the cells that are there. A file holds the result and, as its key, everything that the result depends on.
// Uses: base, jansson.
#ifndef QL_STUDY_STUDY_CELL_FILE_H
#define QL_STUDY_STUDY_CELL_FILE_H

#include <jansson.h>

#include "base/status.h"

// The result with that key, or NULL when it is not there, damaged, or of another key. The caller releases it.
json_t *ql_study_cell_file_load(const char *folder, const char *key);

// Keeps a result, whole or not at all. The folder must exist.
enum ql_status ql_study_cell_file_save(const char *folder, const char *key, json_t *result, struct ql_error *error);

// A file's content as 16 hexadecimal digits, for keys. Errors: those of reading; QL_ERROR_USAGE for what can be read only
// once, such as a pipe, since it is read again for its content.
enum { QL_CONTENT_BYTES = 17 };
enum ql_status ql_content_read(char content[QL_CONTENT_BYTES], const char *path, struct ql_error *error);

#endif
