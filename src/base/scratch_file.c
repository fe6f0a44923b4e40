// Files without a name: see scratch_file.h. Bytes are written and not only mapped, because on a full disk a write
// fails, but a process that writes to a mapping is killed. Uses: base/status, POSIX, madvise.
#include "base/scratch_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BLOCK_BYTES = 1 << 18 };

static enum ql_status fail(const struct ql_scratch_file *file, int reason, struct ql_error *error)
{
    return ql_error_write(error, QL_ERROR_SYSTEM,
                          "%s: cannot keep a long text in a temporary file there: %s; TMPDIR names another folder",
                          file->folder, strerror(reason));
}

enum ql_status ql_scratch_file_open(struct ql_scratch_file *file, struct ql_error *error)
{
    const char *chosen = getenv("TMPDIR");
    char path[sizeof file->folder + 32];

    *file = (struct ql_scratch_file){.descriptor = -1};
    (void)snprintf(file->folder, sizeof file->folder, "%s", chosen == NULL || chosen[0] == '\0' ? "/var/tmp" : chosen);
    (void)snprintf(path, sizeof path, "%s/quillet-XXXXXX", file->folder);
    file->descriptor = mkstemp(path);
    if (file->descriptor < 0) {
        return fail(file, errno, error);
    }
    (void)unlink(path);
    (void)fcntl(file->descriptor, F_SETFD, FD_CLOEXEC);
    file->block = malloc(BLOCK_BYTES);
    if (file->block == NULL) {
        ql_scratch_file_close(file);
        return fail(file, ENOMEM, error);
    }
    return QL_OK;
}

static enum ql_status flush(struct ql_scratch_file *file, struct ql_error *error)
{
    for (size_t done = 0; done < file->block_bytes;) {
        const ssize_t wrote = write(file->descriptor, file->block + done, file->block_bytes - done);
        if (wrote < 0 && errno != EINTR) {
            return fail(file, errno, error);
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    file->block_bytes = 0;
    return QL_OK;
}

enum ql_status ql_scratch_file_write(struct ql_scratch_file *file, const void *bytes, size_t size_bytes,
                                     struct ql_error *error)
{
    for (size_t done = 0; done < size_bytes;) {
        const size_t room = BLOCK_BYTES - file->block_bytes, left = size_bytes - done;
        const size_t part = left < room ? left : room;
        memcpy(file->block + file->block_bytes, (const unsigned char *)bytes + done, part);
        file->block_bytes += part;
        file->size_bytes += part;
        done += part;
        if (file->block_bytes == BLOCK_BYTES) {
            const enum ql_status status = flush(file, error);
            if (status != QL_OK) {
                return status;
            }
        }
    }
    return QL_OK;
}

enum ql_status ql_scratch_file_map(struct ql_scratch_file *file, void **memory, struct ql_error *error)
{
    enum ql_status status = flush(file, error);

    if (status == QL_OK) {
        *memory = mmap(NULL, file->size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file->descriptor, 0);
        if (*memory == MAP_FAILED) {
            *memory = NULL;
            status = fail(file, errno, error);
        }
    }
    ql_scratch_file_close(file);
    return status;
}

void ql_scratch_file_close(struct ql_scratch_file *file)
{
    if (file->descriptor >= 0) {
        (void)close(file->descriptor);
    }
    free(file->block);
    file->block = NULL;
    file->descriptor = -1;
}

void ql_scratch_memory_rest(void *memory, size_t size_bytes)
{
    (void)madvise(memory, size_bytes, MADV_DONTNEED); // a shared mapping: its bytes stay in the file
}

void ql_scratch_memory_free(void *memory, size_t size_bytes)
{
    (void)munmap(memory, size_bytes);
}
