// Files as a whole: read all of one, map one, and write one so that it is there whole or not at all.
// A save goes to a temporary name beside the target, is flushed to the disk (fsync), and is then renamed. A symbolic
// link stays one: the file that it leads to is replaced. A device or a pipe is written to as it is.
// Uses: base/status, POSIX.
#ifndef QL_BASE_FILE_H
#define QL_BASE_FILE_H

#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

// A read-only view of a whole file. Valid until ql_file_close. An empty file has data != NULL and size 0.
struct ql_file_view {
    const unsigned char *data;
    size_t size_bytes;
    void *mapping; // the same memory when the file is mapped, otherwise NULL
    void *block;   // the same memory when it is a heap block (pipes, and what cannot be mapped), otherwise NULL
};

// Maps the file, or reads it into memory where it cannot be mapped ("-" is standard input). A mapped file must not be
// cut short by somebody else meanwhile: reading behind its new end would end the process.
// Errors: QL_ERROR_SYSTEM with the path and the system's reason.
enum ql_status ql_file_open(struct ql_file_view *view, const char *path, struct ql_error *error);
void ql_file_close(struct ql_file_view *view);

// A file that is being written. Use `stream` with stdio; errors are collected until the close.
struct ql_file_writer {
    FILE *stream;
    char *path;           // the name that the file will have; owned
    char *temporary_path; // the name that it has while it is written, NULL for a device or a pipe; owned
};

// Errors, here and at the close: QL_ERROR_SYSTEM with the path and the system's reason.
enum ql_status ql_file_writer_open(struct ql_file_writer *writer, const char *path, struct ql_error *error);

// Flushes, syncs and renames. On any error the target keeps its former content and the temporary file is removed.
// The writer is empty afterwards in either case.
enum ql_status ql_file_writer_close(struct ql_file_writer *writer, struct ql_error *error);

// Gives up: removes the temporary file and leaves the target as it was. Harmless on a closed writer.
void ql_file_writer_reset(struct ql_file_writer *writer);

// Writes `size_bytes` bytes to `path`, whole or not at all.
enum ql_status ql_file_save(const char *path, const void *data, size_t size_bytes, struct ql_error *error);

// Makes the folder and its parents where they are missing.
enum ql_status ql_folder_init(const char *path, struct ql_error *error);

#endif
