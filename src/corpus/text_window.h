// Reads a text in UTF-8 one part after the other, so that a large file is never in memory as a whole. A small file is
// read whole and decoded (base/text_file.h), as is any input from a pipe or in another encoding. In a large file the
// caller must handle line ends and NUL bytes.
// Uses: base/{file,status,text_file}, POSIX.
#ifndef QL_CORPUS_TEXT_WINDOW_H
#define QL_CORPUS_TEXT_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/file.h"
#include "base/status.h"

// Files from this size on are read in parts.
static const size_t ql_text_window_large_bytes = (size_t)1 << 25;

struct ql_text_window {
    const unsigned char *data; // the part that is in memory
    size_t size_bytes;
    size_t offset; // of its first byte in the file
    bool complete; // the part reaches to the end of the file
    size_t file_bytes;
    size_t mark_bytes; // of the mark of UTF-8 at the beginning
    // of a large file
    int descriptor; // -1 for a small one
    unsigned char *block;
    struct ql_file_view view; // of a small one
};

// Opens the file at its beginning. Errors: those of ql_text_file_open.
enum ql_status ql_text_window_open(struct ql_text_window *window, const char *path, struct ql_error *error);

// Drops the first `used` bytes of the part and reads on. Does nothing where the part is complete already.
// Errors: QL_ERROR_SYSTEM, also for a file that has become shorter or longer since it was opened.
enum ql_status ql_text_window_move(struct ql_text_window *window, size_t used, const char *path,
                                   struct ql_error *error);

// Harmless on {.descriptor = -1}.
void ql_text_window_close(struct ql_text_window *window);

#endif
