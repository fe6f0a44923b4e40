// Files as a whole: see file.h. The rename makes the new content visible in one step; the fsync before it makes
// sure that the name never points to a file whose content is still on its way to the disk.
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/system.h"

static enum ql_status file_error(struct ql_error *error, const char *path, const char *doing)
{
    return ql_error_write(error, QL_ERROR_SYSTEM, "%s: cannot %s: %s", path, doing, strerror(errno));
}

// Reads a stream of unknown length into a heap block.
static enum ql_status file_read_stream(struct ql_file_view *view, int descriptor, const char *path,
                                       struct ql_error *error)
{
    size_t capacity = (size_t)1 << 16;
    size_t size = 0;
    unsigned char *data = malloc(capacity);

    while (data != NULL) {
        ssize_t got = read(descriptor, data + size, capacity - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            free(data);
            return file_error(error, path, "read");
        }
        if (got == 0) {
            *view = (struct ql_file_view){.data = data, .size_bytes = size, .block = data};
            return QL_OK;
        }
        size += (size_t)got;
        if (size == capacity) {
            capacity *= 2;
            unsigned char *larger = realloc(data, capacity);
            if (larger == NULL) {
                free(data);
            }
            data = larger;
        }
    }
    return ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory to read it", path);
}

enum ql_status ql_file_open(struct ql_file_view *view, const char *path, struct ql_error *error)
{
    *view = (struct ql_file_view){0};
    if (path[0] == '\0') {
        return ql_error_write(error, QL_ERROR_SYSTEM, "the name of a file to read is empty");
    }
    if (strcmp(path, "-") == 0) {
        return file_read_stream(view, STDIN_FILENO, "standard input", error);
    }
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return file_error(error, path, "open");
    }
    struct stat info;
    enum ql_status status = QL_OK;
    if (fstat(descriptor, &info) != 0) {
        status = file_error(error, path, "read");
    } else if (S_ISDIR(info.st_mode)) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "%s: is a folder, not a file", path);
    } else if (!S_ISREG(info.st_mode) || info.st_size == 0) {
        status = file_read_stream(view, descriptor, path, error);
    } else {
        void *mapping = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (mapping == MAP_FAILED) {
            status = file_read_stream(view, descriptor, path, error);
        } else {
            *view = (struct ql_file_view){.data = mapping, .size_bytes = (size_t)info.st_size, .mapping = mapping};
        }
    }
    (void)close(descriptor);
    return status;
}

void ql_file_close(struct ql_file_view *view)
{
    if (view->mapping != NULL) {
        (void)munmap(view->mapping, view->size_bytes);
    } else {
        free(view->block);
    }
    *view = (struct ql_file_view){0};
}

// True for what is there and is neither file nor folder: a device or a pipe, which a rename would destroy.
static bool file_is_special(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

enum ql_status ql_file_writer_open(struct ql_file_writer *writer, const char *path, struct ql_error *error)
{
    static const char suffix[] = ".partial";
    bool special = file_is_special(path);
    char *target = realpath(path, NULL); // NULL where there is no such file yet

    *writer = (struct ql_file_writer){.path = target == NULL ? strdup(path) : target};
    if (writer->path != NULL && !special) {
        writer->temporary_path = malloc(strlen(writer->path) + sizeof suffix);
    }
    if (writer->path == NULL || (writer->temporary_path == NULL && !special)) {
        ql_file_writer_reset(writer);
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", path);
    }
    if (special) {
        writer->stream = fopen(path, "wbe");
    } else {
        (void)stpcpy(stpcpy(writer->temporary_path, writer->path), suffix);
        (void)unlink(writer->temporary_path); // what a kill has left, or a link that somebody has laid there
        writer->stream = fopen(writer->temporary_path, "wbxe");
    }
    if (writer->stream == NULL) {
        enum ql_status status = file_error(error, path, "write");
        ql_file_writer_reset(writer);
        return status;
    }
    return QL_OK;
}

// The folder holds the name, so the rename is durable only when the folder is synced too. Some file systems
// refuse to sync a folder; the file itself is safe then all the same.
static void file_sync_folder(const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);

    if (length >= sizeof folder) {
        return;
    }
    memcpy(folder, path, length);
    folder[length] = '\0';
    if (length == 0) {
        (void)snprintf(folder, sizeof folder, "%s", slash == NULL ? "." : "/");
    }
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        (void)ql_system_sync(descriptor);
        (void)close(descriptor);
    }
}

enum ql_status ql_file_writer_close(struct ql_file_writer *writer, struct ql_error *error)
{
    enum ql_status status = QL_OK;
    FILE *stream = writer->stream;

    writer->stream = NULL;
    // A write that failed earlier has left the stream's error flag, and its reason in errno; ENOSPC often comes only at
    // the flush.
    bool failed = ferror(stream) != 0 || fflush(stream) != 0 ||
                  (writer->temporary_path != NULL && !ql_system_sync(fileno(stream)));
    int reason = errno;
    if (fclose(stream) != 0 && !failed) {
        failed = true;
        reason = errno;
    }
    if (failed) {
        errno = reason == 0 ? EIO : reason;
        status = file_error(error, writer->path, "write");
    } else if (writer->temporary_path == NULL) {
        status = QL_OK;
    } else if (rename(writer->temporary_path, writer->path) != 0) {
        status = file_error(error, writer->path, "replace");
    } else {
        file_sync_folder(writer->path);
        free(writer->temporary_path);
        writer->temporary_path = NULL;
    }
    ql_file_writer_reset(writer);
    return status;
}

void ql_file_writer_reset(struct ql_file_writer *writer)
{
    if (writer->stream != NULL) {
        (void)fclose(writer->stream);
    }
    if (writer->temporary_path != NULL) {
        (void)unlink(writer->temporary_path);
    }
    free(writer->temporary_path);
    free(writer->path);
    *writer = (struct ql_file_writer){0};
}

enum ql_status ql_file_save(const char *path, const void *data, size_t size_bytes, struct ql_error *error)
{
    struct ql_file_writer writer;
    enum ql_status status = ql_file_writer_open(&writer, path, error);

    if (status != QL_OK) {
        return status;
    }
    (void)fwrite(data, 1, size_bytes, writer.stream); // a failure stays in the stream and shows at the close
    return ql_file_writer_close(&writer, error);
}

enum ql_status ql_folder_init(const char *path, struct ql_error *error)
{
    char *partial = strdup(path);
    enum ql_status status = QL_OK;

    if (path[0] == '\0') {
        free(partial);
        return ql_error_write(error, QL_ERROR_SYSTEM, "the name of a folder to make is empty");
    }
    if (partial == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", path);
    }
    for (char *end = partial + 1;; end++) {
        if (*end != '/' && *end != '\0') {
            continue;
        }
        char kept = *end;
        *end = '\0';
        if (mkdir(partial, 0777) != 0 && errno != EEXIST) {
            status = file_error(error, partial, "make the folder");
            break;
        }
        *end = kept;
        if (kept == '\0') {
            break;
        }
    }
    if (status == QL_OK) {
        struct stat info;
        if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
            status = ql_error_write(error, QL_ERROR_SYSTEM, "%s: exists and is not a folder", path);
        }
    }
    free(partial);
    return status;
}
