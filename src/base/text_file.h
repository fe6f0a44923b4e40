// Text files as UTF-8 whose lines end in LF, whatever encoding and line ends they have. Everything that reads a text
// line by line opens it here.
// Uses: base/{file,status}, iconv.
#ifndef QL_BASE_TEXT_FILE_H
#define QL_BASE_TEXT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/file.h"
#include "base/status.h"

// Opens a file and decodes it as below, from UTF-8 or what its mark says. The caller closes the view with
// ql_file_close. Errors: those of ql_file_open and ql_text_decode.
enum ql_status ql_text_file_open(struct ql_file_view *view, const char *path, struct ql_error *error);

// Replaces the bytes of an open view by the same text in UTF-8, without a byte order mark, with LF for each CR LF and
// each other CR. `encoding` is a name that iconv knows; NULL is UTF-8, or UTF-16 or UTF-32 where the text starts with
// the mark of one of these. Bytes that are not UTF-8 in a text of UTF-8 stay as they are, for the caller to report;
// bytes that another encoding does not have are an error, or U+FFFD where `replace` is set. `path` is for messages.
// Errors: QL_ERROR_USAGE for an encoding that iconv does not know; QL_ERROR_INPUT with path and line for a NUL byte,
// for bytes that are not text, and for a mark that contradicts `encoding`; memory. The view stays open after an error.
enum ql_status ql_text_decode(struct ql_file_view *view, const char *path, const char *encoding, bool replace,
                              struct ql_error *error);

// Checks the name of an encoding. Errors: QL_ERROR_USAGE.
enum ql_status ql_text_encoding_check(const char *encoding, struct ql_error *error);

// Return true when the name stands for UTF-8, or is NULL.
bool ql_text_encoding_is_utf8(const char *encoding);

#endif
