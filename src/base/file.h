// Files as a whole: read all of one, and write one, or several together, so that they are there whole or not at all.
// A save goes to a temporary file of its own beside the target, is flushed to the disk (fsync), and is then renamed.
// The target's mode stays what it was. A symbolic link stays one: the file that it leads to is replaced. A device or a
// pipe is written to as it is, and so is the file that standard output or standard error leads to, from where that
// stands: it may hold what others have written. QL_FILE_IN_FOLDER refuses links, devices and pipes. Temporary files that
// killed processes have left are removed by the next save in the folder.
// Uses: base/status, POSIX.
#ifndef QL_BASE_FILE_H
#define QL_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

// The bytes of a whole file. Valid until ql_file_close. An empty file has data != NULL and size 0.
struct ql_file_view {
    const unsigned char *data;
    size_t size_bytes;
    void *block; // the same memory; owned
};

// What may be opened.
enum ql_file_kind {
    QL_FILE_ANY,       // files, pipes, terminals, "-" for standard input, and /dev/null: what a user names
    QL_FILE_REGULAR,   // files only: what another file names
    QL_FILE_IN_FOLDER, // files only, and no symbolic links: a file of a folder that may come from somebody else, whose
                       // links would lead to files that nobody has named
};

// More is neither a text nor a model, but a mistake or a trap, such as a pipe without an end.
static const size_t ql_file_limit_bytes = (size_t)1 << 34;

// Reads the file into memory, so that later changes to the file have no effect on the view. Standard input is read once in
// a process: for the second time it would be empty.
// Errors: QL_ERROR_SYSTEM with the path and the system's reason; a folder, a device without an end; a file that is
// changed while it is read; more than `limit_bytes` (ql_file_open: ql_file_limit_bytes). QL_ERROR_USAGE for standard input
// that was read already.
enum ql_status ql_file_open(struct ql_file_view *view, const char *path, struct ql_error *error);
enum ql_status ql_file_open_kind(struct ql_file_view *view, const char *path, enum ql_file_kind kind,
                                 size_t limit_bytes, struct ql_error *error);
void ql_file_close(struct ql_file_view *view);

// A file that is being written. Use `stream` with stdio; errors are collected until the close.
struct ql_file_writer {
    FILE *stream;
    char *path;           // the name that the file will have; owned
    char *temporary_path; // the name that it has while it is written, NULL for what is written to as it is; owned
};

// Errors, here and at the close: QL_ERROR_SYSTEM with the path and the system's reason. QL_ERROR_USAGE for "-", which is
// standard input elsewhere.
// Kinds: QL_FILE_ANY (ql_file_writer_open), and QL_FILE_IN_FOLDER.
enum ql_status ql_file_writer_open(struct ql_file_writer *writer, const char *path, struct ql_error *error);
enum ql_status ql_file_writer_open_kind(struct ql_file_writer *writer, const char *path, enum ql_file_kind kind,
                                        struct ql_error *error);

// The SHA-256 of what was written so far. Errors: as at the close.
enum ql_status ql_file_writer_hash(struct ql_file_writer *writer, char *sha256, struct ql_error *error);

// Flushes, syncs and renames. On any error the target keeps its former content and the temporary file is removed.
// The writer is empty afterwards in either case.
enum ql_status ql_file_writer_close(struct ql_file_writer *writer, struct ql_error *error);

// The same for files that belong together: all are replaced, or none (base/file_set.h). Files in different folders are
// replaced in their order.
enum ql_status ql_file_writers_close(struct ql_file_writer *writers, size_t count, struct ql_error *error);

// Gives up: removes the temporary file and leaves the target as it was. Harmless on a closed writer.
void ql_file_writer_reset(struct ql_file_writer *writer);

// Writes `size_bytes` bytes to `path`, whole or not at all.
enum ql_status ql_file_save(const char *path, const void *data, size_t size_bytes, struct ql_error *error);
enum ql_status ql_file_save_kind(const char *path, enum ql_file_kind kind, const void *data, size_t size_bytes,
                                 struct ql_error *error);

// Fails with QL_ERROR_USAGE when `output` is one of the inputs, by whatever name: a save would destroy what the command
// reads. Inputs that are NULL or not there are passed over; "-" is standard input, and is refused as an output.
enum ql_status ql_file_check_output(const char *output, const char *const *inputs, size_t input_count,
                                    struct ql_error *error);

// Fails with QL_ERROR_USAGE for what gives its content only once, such as a pipe: for a file that is read again.
enum ql_status ql_file_check_rereadable(const char *path, struct ql_error *error);

// True when both names lead to one file, or would: even where it does not exist yet.
bool ql_file_is_same(const char *a, const char *b);

// Makes the folder and its parents where they are missing.
enum ql_status ql_folder_init(const char *path, struct ql_error *error);

// Fails for a symbolic link: for a folder within one that may come from somebody else (QL_FILE_IN_FOLDER).
enum ql_status ql_folder_check_real(const char *path, struct ql_error *error);

// Keeps other processes that ask for the same lock out of a folder, until it is unlocked or the process ends. `*lock`
// is -1 where the file system knows no locks.
// Errors: QL_ERROR_SYSTEM when another process has the lock: "FOLDER: another process is DOING; ...".
enum ql_status ql_folder_lock(int *lock, const char *path, const char *doing, struct ql_error *error);
void ql_folder_unlock(int lock);

#endif
