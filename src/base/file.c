// Files as a whole: see file.h. The rename makes the new content visible in one step; the fsync before it makes
// sure that the name never points to a file whose content is still on its way to the disk.
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_set.h"
#include "base/sha256.h"
#include "base/system.h"

static enum ql_status file_error(struct ql_error *error, const char *path, const char *doing)
{
    return ql_error_write(error, QL_ERROR_SYSTEM, "%s: cannot %s: %s", path, doing, strerror(errno));
}

static bool is_link(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
}

static enum ql_status link_error(struct ql_error *error, const char *path)
{
    return ql_error_write(
        error, QL_ERROR_SYSTEM,
        "%s: is a symbolic link, which is not followed here; replace it with a copy of what it points to, or remove it",
        path);
}

// --- Reading ---

static enum ql_status too_large(struct ql_error *error, const char *path, size_t limit_bytes)
{
    return ql_error_write(error, QL_ERROR_SYSTEM, "%s: has more than %zu bytes, which is the most that is read here",
                          path, limit_bytes);
}

// Reads up to `size` bytes; fewer mean the end of the file. Returns false on an error.
static bool read_up_to(int descriptor, unsigned char *data, size_t size, size_t *got)
{
    *got = 0;
    while (*got < size) {
        ssize_t step = read(descriptor, data + *got, size - *got);
        if (step == 0) {
            return true;
        }
        if (step < 0 && errno != EINTR) {
            return false;
        }
        *got += step < 0 ? 0 : (size_t)step;
    }
    return true;
}

// Reads a stream of unknown length into a heap block.
static enum ql_status file_read_stream(struct ql_file_view *view, int descriptor, const char *path, size_t limit_bytes,
                                       struct ql_error *error)
{
    size_t capacity = (size_t)1 << 16;
    size_t size = 0, got;
    unsigned char *data = malloc(capacity);

    while (data != NULL) {
        if (!read_up_to(descriptor, data + size, capacity - size, &got)) {
            enum ql_status status = file_error(error, path, "read");
            free(data);
            return status;
        }
        size += got;
        if (size > limit_bytes) {
            free(data);
            return too_large(error, path, limit_bytes);
        }
        if (size < capacity) {
            *view = (struct ql_file_view){.data = data, .size_bytes = size, .block = data};
            return QL_OK;
        }
        capacity *= 2;
        unsigned char *larger = realloc(data, capacity);
        if (larger == NULL) {
            free(data);
        }
        data = larger;
    }
    return ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory to read it", path);
}

static bool same_time(const struct stat *a, const struct stat *b)
{
    const struct timespec a_time = ql_system_change_time(a), b_time = ql_system_change_time(b);

    return a_time.tv_sec == b_time.tv_sec && a_time.tv_nsec == b_time.tv_nsec;
}

// Reads a regular file of a known size. A file that is changed meanwhile is refused: it could be a mixture of old and
// new.
static enum ql_status file_read_regular(struct ql_file_view *view, int descriptor, const char *path,
                                        const struct stat *info, struct ql_error *error)
{
    const size_t size = (size_t)info->st_size;
    unsigned char *data = malloc(size);
    struct stat after;
    size_t got;
    enum ql_status status = QL_OK;

    if (data == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory to read its %zu bytes", path, size);
    }
    if (!read_up_to(descriptor, data, size, &got) || fstat(descriptor, &after) != 0) {
        status = file_error(error, path, "read");
    } else if (got != size || after.st_size != info->st_size || !same_time(&after, info)) {
        status = ql_error_write(
            error, QL_ERROR_SYSTEM,
            "%s: was changed by another process while it was being read; try again when that process is done", path);
    }
    if (status != QL_OK) {
        free(data);
        return status;
    }
    *view = (struct ql_file_view){.data = data, .size_bytes = size, .block = data};
    return QL_OK;
}

// A device has no end, unless it is a terminal, or has no content, like /dev/null.
static enum ql_status file_read_device(struct ql_file_view *view, int descriptor, const char *path, size_t limit_bytes,
                                       struct ql_error *error)
{
    unsigned char first;

    if (isatty(descriptor) == 1) {
        return file_read_stream(view, descriptor, path, limit_bytes, error);
    }
    const ssize_t got = read(descriptor, &first, 1);
    if (got < 0) {
        return file_error(error, path, "read");
    }
    if (got == 0) {
        return file_read_stream(view, descriptor, path, 0, error);
    }
    return ql_error_write(error, QL_ERROR_SYSTEM, "%s: is a device, not a file", path);
}

static enum ql_status file_read(struct ql_file_view *view, int descriptor, const char *path, enum ql_file_kind kind,
                                size_t limit_bytes, struct ql_error *error)
{
    struct stat info;

    if (fstat(descriptor, &info) != 0) {
        return file_error(error, path, "read");
    }
    if (S_ISDIR(info.st_mode)) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: is a folder, not a file", path);
    }
    if (!S_ISREG(info.st_mode) && kind != QL_FILE_ANY) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: is a pipe or a device; it must be a file here", path);
    }
    if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) {
        return file_read_device(view, descriptor, path, limit_bytes, error);
    }
    if (!S_ISREG(info.st_mode) || info.st_size == 0) { // files of the kernel have size 0, but do have content
        return file_read_stream(view, descriptor, path, limit_bytes, error);
    }
    return (size_t)info.st_size > limit_bytes ? too_large(error, path, limit_bytes)
                                              : file_read_regular(view, descriptor, path, &info, error);
}

// Opens the file that has the name, or is about to have it. While files are changed together, a name is missing for a
// moment; the next attempt then finds the list of the change.
static int open_present(const char *path, int flags)
{
    enum { LOOKS = 3 };
    int descriptor = -1;

    for (int look = 0; look < LOOKS && descriptor < 0 && (look == 0 || errno == ENOENT); look++) {
        char *moved = ql_file_set_find(path);
        descriptor = moved == NULL ? -1 : open(moved, flags | O_NOFOLLOW);
        free(moved);
        if (descriptor < 0) {
            descriptor = open(path, flags);
        }
    }
    return descriptor;
}

// Reads standard input, for the first time.
static enum ql_status read_standard_input(struct ql_file_view *view, size_t limit_bytes, struct ql_error *error)
{
    static atomic_flag was_read = ATOMIC_FLAG_INIT;

    if (atomic_flag_test_and_set(&was_read)) {
        return ql_error_write(
            error, QL_ERROR_USAGE,
            "standard input: has already been read, and can be read only once; name it once, or save it to a file");
    }
    return file_read(view, STDIN_FILENO, "standard input", QL_FILE_ANY, limit_bytes, error);
}

enum ql_status ql_file_open_kind(struct ql_file_view *view, const char *path, enum ql_file_kind kind,
                                 size_t limit_bytes, struct ql_error *error)
{
    // A pipe without a writer would block the open.
    const int flags =
        O_RDONLY | O_CLOEXEC | (kind == QL_FILE_ANY ? 0 : O_NONBLOCK) | (kind == QL_FILE_IN_FOLDER ? O_NOFOLLOW : 0);

    *view = (struct ql_file_view){0};
    if (path[0] == '\0') {
        return ql_error_write(error, QL_ERROR_SYSTEM, "the name of a file to read is empty");
    }
    if (strcmp(path, "-") == 0 && kind == QL_FILE_ANY) {
        return read_standard_input(view, limit_bytes, error);
    }
    int descriptor = open_present(path, flags);
    if (descriptor < 0) {
        return kind == QL_FILE_IN_FOLDER && is_link(path) ? link_error(error, path) : file_error(error, path, "open");
    }
    enum ql_status status = file_read(view, descriptor, path, kind, limit_bytes, error);
    (void)close(descriptor);
    return status;
}

enum ql_status ql_file_open(struct ql_file_view *view, const char *path, struct ql_error *error)
{
    return ql_file_open_kind(view, path, QL_FILE_ANY, ql_file_limit_bytes, error);
}

void ql_file_close(struct ql_file_view *view)
{
    free(view->block);
    *view = (struct ql_file_view){0};
}

// --- Temporary files ---
// The process that writes to one holds its lock, so an abandoned file is recognized by its missing lock, however its
// owner ended.

// Removes the temporary file unless somebody is writing to it, or the file system does not support locks.
static void remove_stale(int folder, const char *name)
{
    int descriptor = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat info;

    if (descriptor < 0) {
        return;
    }
    if (fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid() &&
        flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
        (void)unlinkat(folder, name, 0);
    }
    (void)close(descriptor);
}

// Cleans up after killed processes in the folder of `path`: first finishes a change of several files, then removes the
// temporary files that it did not need. Each folder is checked only once; a process that writes thousands of files
// would check too often.
static void sweep(const char *path)
{
    static _Thread_local dev_t swept_device;
    static _Thread_local ino_t swept_inode;
    char *folder = ql_file_path_beside(path, "."), *above = ql_file_path_beside(path, "../.");
    struct stat info;
    DIR *entries = NULL;

    if (folder != NULL && above != NULL && stat(folder, &info) == 0 &&
        (info.st_dev != swept_device || info.st_ino != swept_inode)) {
        swept_device = info.st_dev;
        swept_inode = info.st_ino;
        // A change in the folder above may need files of this one.
        bool above_is_done = ql_file_set_finish(above);
        if (ql_file_set_finish(path) && above_is_done) {
            entries = opendir(folder);
        }
    }
    for (const struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        if (ql_temporary_name_check(entry->d_name)) {
            remove_stale(dirfd(entries), entry->d_name);
        }
    }
    if (entries != NULL) {
        (void)closedir(entries);
    }
    free(folder);
    free(above);
}

// Creates a file that nobody else has, with the mode and, as far as possible, the owner of the target.
static int open_temporary(char **name, const char *path, const struct stat *target)
{
    enum { ATTEMPTS = 100000 };
    static _Thread_local unsigned number;
    const mode_t mode = target == NULL ? 0666 : target->st_mode & 0700;

    for (int i = 0; i < ATTEMPTS; i++) {
        char own[64];
        (void)snprintf(own, sizeof own, "%s%ld-%u%s", ql_temporary_prefix, (long)getpid(), number++,
                       ql_temporary_suffix);
        *name = ql_file_path_beside(path, own);
        int descriptor = *name == NULL ? -1 : open(*name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (descriptor >= 0) {
            struct stat info;
            // Another process may have considered it abandoned before it was locked.
            bool taken = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
            if (!taken && fstat(descriptor, &info) == 0 && info.st_nlink > 0) {
                return descriptor;
            }
            if (!taken) { // nobody else will remove it
                (void)unlink(*name);
            }
            (void)close(descriptor);
        } else if (*name == NULL || errno != EEXIST) {
            break;
        }
        free(*name);
        *name = NULL;
    }
    int reason = errno;
    free(*name);
    *name = NULL;
    errno = reason;
    return -1;
}

// If the group cannot be kept, the new group gets no more rights than everybody had.
static bool keep_mode(int descriptor, const struct stat *target)
{
    struct stat info;
    mode_t mode = target->st_mode & 07777;

    if (fstat(descriptor, &info) != 0) {
        return false;
    }
    if ((info.st_uid != target->st_uid || info.st_gid != target->st_gid) &&
        fchown(descriptor, target->st_uid, target->st_gid) != 0) {
        mode = (mode & 0707) | ((mode & 07) << 3 & mode);
    }
    return fchmod(descriptor, mode) == 0;
}

// --- Writing ---

// Resolves symbolic links, including one whose target does not exist yet. NULL when there is not enough memory, or when
// links form a cycle.
static char *follow_links(const char *path)
{
    enum { LINK_LIMIT = 40 };
    char *now = strdup(path);

    for (int i = 0; now != NULL; i++) {
        char target[PATH_MAX];
        ssize_t length = readlink(now, target, sizeof target - 1);
        if (length < 0) {
            return now;
        }
        target[length] = '\0';
        char *next = i == LINK_LIMIT ? NULL : target[0] == '/' ? strdup(target) : ql_file_path_beside(now, target);
        errno = i == LINK_LIMIT ? ELOOP : errno;
        free(now);
        now = next;
    }
    return NULL;
}

// The properties of the file that has the name, or is about to have it.
static bool find_properties(struct stat *info, const char *path)
{
    bool found = stat(path, info) == 0;
    char *moved = found ? NULL : ql_file_set_find(path);

    // After the list was checked, the change may have been completed.
    found = found || (moved != NULL && stat(moved, info) == 0) || stat(path, info) == 0;
    free(moved);
    return found;
}

static bool is_protected(const char *path)
{
    return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0 && errno != ENOENT;
}

static bool is_same_inode(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

// Standard output or standard error, if that is the file: it may hold what others have written, and its writers go on
// where it is open, so that it must not be replaced. -1 otherwise.
static int find_standard(const struct stat *info)
{
    struct stat own;

    for (int descriptor = STDOUT_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        const int flags = fcntl(descriptor, F_GETFL);
        if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && fstat(descriptor, &own) == 0 &&
            is_same_inode(&own, info)) {
            return descriptor;
        }
    }
    return -1;
}

// Many tools write to standard output for "-". Here that would be a second way to do it in some commands, and in others
// a mixture with what they print.
static enum ql_status check_name(const char *path, struct ql_error *error)
{
    return strcmp(path, "-") != 0
               ? QL_OK
               : ql_error_write(error, QL_ERROR_USAGE,
                                "-: does not stand for standard output here; commands that can write there do so when "
                                "no output file is given. For a file of this name, write ./-");
}

// A rename replaces a link and does not follow it. So a link that appears after the check does no harm.
static enum ql_status check_kind(const char *path, enum ql_file_kind kind, struct ql_error *error)
{
    struct stat info;

    if (kind != QL_FILE_IN_FOLDER || lstat(path, &info) != 0 || S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)) {
        return QL_OK;
    }
    return S_ISLNK(info.st_mode)
               ? link_error(error, path)
               : ql_error_write(error, QL_ERROR_SYSTEM, "%s: is a pipe or a device; it must be a file here", path);
}

enum ql_status ql_file_writer_open_kind(struct ql_file_writer *writer, const char *path, enum ql_file_kind kind,
                                        struct ql_error *error)
{
    struct stat info;
    int descriptor;

    *writer = (struct ql_file_writer){0};
    if (path[0] == '\0') {
        return ql_error_write(error, QL_ERROR_SYSTEM, "the name of a file to write is empty");
    }
    if (check_name(path, error) != QL_OK) {
        return QL_ERROR_USAGE;
    }
    if (check_kind(path, kind, error) != QL_OK) {
        return QL_ERROR_SYSTEM;
    }
    const bool exists = find_properties(&info, path);
    const int standard = exists && kind == QL_FILE_ANY ? find_standard(&info) : -1;
    writer->path = kind == QL_FILE_IN_FOLDER || standard >= 0 ? strdup(path) : follow_links(path);
    if (writer->path == NULL) {
        return file_error(error, path, "write");
    }
    if (exists && S_ISDIR(info.st_mode)) {
        ql_file_writer_reset(writer);
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: cannot replace: it is a folder", path);
    }
    if (standard >= 0) {
        descriptor = fcntl(standard, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    } else if (exists && is_protected(path)) {
        descriptor = -1; // it is write-protected, although a rename could replace it
    } else if (exists && !S_ISREG(info.st_mode)) {
        descriptor = open(path, O_WRONLY | O_CLOEXEC);
    } else {
        sweep(writer->path);
        descriptor = open_temporary(&writer->temporary_path, writer->path, exists ? &info : NULL);
        if (descriptor >= 0 && exists && !keep_mode(descriptor, &info)) {
            int reason = errno;
            (void)close(descriptor);
            descriptor = -1;
            errno = reason;
        }
    }
    writer->stream = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (writer->stream == NULL) {
        enum ql_status status = file_error(error, path, "write");
        if (descriptor >= 0) {
            (void)close(descriptor);
        }
        ql_file_writer_reset(writer);
        return status;
    }
    return QL_OK;
}

enum ql_status ql_file_writer_open(struct ql_file_writer *writer, const char *path, struct ql_error *error)
{
    return ql_file_writer_open_kind(writer, path, QL_FILE_ANY, error);
}

enum ql_status ql_file_writer_hash(struct ql_file_writer *writer, char *sha256, struct ql_error *error)
{
    if (fflush(writer->stream) != 0) {
        return file_error(error, writer->path, "write");
    }
    return ql_sha256_read_file(sha256, fileno(writer->stream), writer->path, error);
}

// ENOSPC often occurs only at the flush. An earlier failed write has set the stream's error flag, but its reason is no
// longer known, and what it should have written is gone: then one more byte of the file, which is not kept, says why.
static enum ql_status flush(struct ql_file_writer *writer, struct ql_error *error)
{
    const bool failed = ferror(writer->stream) != 0;

    errno = 0;
    if (failed) {
        (void)fputc('\n', writer->stream);
    }
    if (fflush(writer->stream) == 0 && !failed &&
        (writer->temporary_path == NULL || ql_system_sync(fileno(writer->stream)))) {
        return QL_OK;
    }
    errno = errno == 0 ? EIO : errno;
    return file_error(error, writer->path, "write");
}

// Whether a device or a pipe accepts the last bytes shows only when it is closed.
static enum ql_status close_special(struct ql_file_writer *writer, struct ql_error *error)
{
    FILE *stream = writer->stream;

    if (writer->temporary_path != NULL) {
        return QL_OK;
    }
    writer->stream = NULL;
    return fclose(stream) == 0 ? QL_OK : file_error(error, writer->path, "write");
}

enum ql_status ql_file_writers_close(struct ql_file_writer *writers, size_t count, struct ql_error *error)
{
    struct ql_file_move *moves = calloc(count, sizeof *moves);
    size_t move_count = 0;
    bool unfinished = false;
    enum ql_status status = QL_OK;

    if (moves == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", writers[0].path);
    }
    for (size_t i = 0; i < count && status == QL_OK; i++) {
        status = flush(&writers[i], error);
    }
    for (size_t i = 0; i < count && status == QL_OK; i++) {
        status = close_special(&writers[i], error);
        if (writers[i].temporary_path != NULL) {
            moves[move_count++] =
                (struct ql_file_move){.temporary_path = writers[i].temporary_path, .path = writers[i].path};
        }
    }
    if (status == QL_OK && move_count > 0) {
        status = ql_file_set_move(moves, move_count, &unfinished, error);
    }
    for (size_t i = 0; i < count; i++) {
        if (status == QL_OK || unfinished) {
            free(writers[i].temporary_path); // the file no longer exists, or is still needed
            writers[i].temporary_path = NULL;
        }
        ql_file_writer_reset(&writers[i]); // the locks are held until here
    }
    free(moves);
    return status;
}

enum ql_status ql_file_writer_close(struct ql_file_writer *writer, struct ql_error *error)
{
    return ql_file_writers_close(writer, 1, error);
}

void ql_file_writer_reset(struct ql_file_writer *writer)
{
    if (writer->temporary_path != NULL) {
        (void)unlink(writer->temporary_path);
    }
    if (writer->stream != NULL) {
        (void)fclose(writer->stream);
    }
    free(writer->temporary_path);
    free(writer->path);
    *writer = (struct ql_file_writer){0};
}

enum ql_status ql_file_save_kind(const char *path, enum ql_file_kind kind, const void *data, size_t size_bytes,
                                 struct ql_error *error)
{
    struct ql_file_writer writer;
    enum ql_status status = ql_file_writer_open_kind(&writer, path, kind, error);

    if (status != QL_OK) {
        return status;
    }
    (void)fwrite(data, 1, size_bytes, writer.stream); // a failure is kept in the stream and reported at the close
    return ql_file_writer_close(&writer, error);
}

enum ql_status ql_file_save(const char *path, const void *data, size_t size_bytes, struct ql_error *error)
{
    return ql_file_save_kind(path, QL_FILE_ANY, data, size_bytes, error);
}

bool ql_file_is_same(const char *a, const char *b)
{
    struct stat a_info, b_info;
    char *a_path = follow_links(a), *b_path = follow_links(b);
    char *a_folder = a_path == NULL ? NULL : ql_file_path_beside(a_path, ".");
    char *b_folder = b_path == NULL ? NULL : ql_file_path_beside(b_path, ".");
    bool same = false;

    if (a_folder != NULL && b_folder != NULL) {
        same = strcmp(a_path + strlen(a_folder) - 1, b_path + strlen(b_folder) - 1) == 0 &&
               stat(a_folder, &a_info) == 0 && stat(b_folder, &b_info) == 0 && is_same_inode(&a_info, &b_info);
        same = same || (stat(a_path, &a_info) == 0 && stat(b_path, &b_info) == 0 && is_same_inode(&a_info, &b_info));
    }
    free(a_folder);
    free(b_folder);
    free(a_path);
    free(b_path);
    return same;
}

enum ql_status ql_file_check_output(const char *output, const char *const *inputs, size_t input_count,
                                    struct ql_error *error)
{
    struct stat there, input;

    if (output != NULL && check_name(output, error) != QL_OK) {
        return QL_ERROR_USAGE;
    }
    if (output == NULL || stat(output, &there) != 0 || !S_ISREG(there.st_mode)) {
        return QL_OK;
    }
    for (size_t i = 0; i < input_count; i++) {
        if (inputs[i] == NULL) {
            continue;
        }
        bool standard = strcmp(inputs[i], "-") == 0;
        if ((standard ? fstat(STDIN_FILENO, &input) : stat(inputs[i], &input)) == 0 && is_same_inode(&there, &input)) {
            return ql_error_write(error, QL_ERROR_USAGE,
                                  "%s: is also an input (%s), which the output would destroy; name another output",
                                  output, standard ? "standard input" : inputs[i]);
        }
    }
    return QL_OK;
}

enum ql_status ql_file_check_rereadable(const char *path, struct ql_error *error)
{
    const bool standard = strcmp(path, "-") == 0;
    struct stat info;

    if (standard || (stat(path, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode)))) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "%s: can be read only once, but is needed again here; save it to a file first",
                              standard ? "standard input" : path);
    }
    return QL_OK;
}

// --- Folders ---

enum ql_status ql_folder_lock(int *lock, const char *path, const char *doing, struct ql_error *error)
{
    *lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*lock >= 0 && flock(*lock, LOCK_EX | LOCK_NB) != 0) {
        bool taken = errno == EWOULDBLOCK;
        (void)close(*lock);
        *lock = -1;
        if (taken) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "%s: another process is %s; wait for it to end, or stop it",
                                  path, doing);
        }
    }
    return QL_OK;
}

void ql_folder_unlock(int lock)
{
    if (lock >= 0) {
        (void)close(lock);
    }
}

enum ql_status ql_folder_check_real(const char *path, struct ql_error *error)
{
    return is_link(path) ? link_error(error, path) : QL_OK;
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
