// Functions for macOS and other systems, in place of those for Linux: see system.h. Where POSIX 2008 has no function,
// the common extension is used if the headers define it.
// Uses: POSIX.
#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Counts all processors of the machine: there is no portable way to ask which of them this process may use.
int ql_system_processors(void)
{
#ifdef _SC_NPROCESSORS_ONLN
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > 4096 ? 4096 : (int)count;
#else
    return 1;
#endif
}

double ql_system_memory_bytes(void)
{
#ifdef _SC_PHYS_PAGES
    const long pages = sysconf(_SC_PHYS_PAGES);
    return pages > 0 ? (double)pages * (double)sysconf(_SC_PAGESIZE) : 0.0;
#else
    return 0.0;
#endif
}

bool ql_system_random(void *bytes, size_t size_bytes)
{
    const int device = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    size_t done = 0;

    while (device >= 0 && done < size_bytes) {
        const ssize_t got = read(device, (unsigned char *)bytes + done, size_bytes - done);
        if (got <= 0 && errno != EINTR) {
            break;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    if (device >= 0) {
        (void)close(device);
    }
    return device >= 0 && done == size_bytes;
}

// A program that another thread starts between the two calls inherits the ends; nothing here starts programs in threads.
bool ql_system_pipe(int ends[2])
{
    if (pipe(ends) != 0) {
        return false;
    }
    for (int k = 0; k < 2; k++) {
        if (fcntl(ends[k], F_SETFD, FD_CLOEXEC) != 0) {
            const int reason = errno;
            (void)close(ends[0]);
            (void)close(ends[1]);
            ends[0] = ends[1] = -1;
            errno = reason;
            return false;
        }
    }
    return true;
}

// BSD has funopen, whose callback takes other types; POSIX has nothing.
FILE *ql_system_writer(void *self, ssize_t (*write)(void *self, const char *bytes, size_t count))
{
    (void)self;
    (void)write;
    return NULL;
}

// macOS: fsync leaves the data in the drive's own buffer. Some file systems support only fsync.
bool ql_system_sync(int descriptor)
{
#ifdef F_FULLFSYNC
    if (fcntl(descriptor, F_FULLFSYNC) == 0) {
        return true;
    }
#endif
    return fsync(descriptor) == 0;
}

struct timespec ql_system_change_time(const struct stat *file)
{
#ifdef __APPLE__
    return file->st_mtimespec;
#else
    return file->st_mtim;
#endif
}

void ql_system_descriptor_path(char *path, size_t path_bytes, int descriptor)
{
    (void)snprintf(path, path_bytes, "/dev/fd/%d", descriptor);
}

const char *ql_system_program(const char *argv_0)
{
    return argv_0;
}

// Writes the file's real path if the file is executable.
static bool resolve_program(char *path, size_t path_bytes, const char *name)
{
    char *real = access(name, X_OK) == 0 ? realpath(name, NULL) : NULL;
    const bool fits = real != NULL && snprintf(path, path_bytes, "%s", real) < (int)path_bytes;

    free(real);
    return fits;
}

// argv[0] is a path, or a name that the shell has found in PATH.
bool ql_system_program_path(char *path, size_t path_bytes, const char *argv_0)
{
    const char *place = getenv("PATH");
    char candidate[4096];

    if (strchr(argv_0, '/') != NULL) {
        return resolve_program(path, path_bytes, argv_0);
    }
    for (size_t length; place != NULL; place = place[length] == '\0' ? NULL : place + length + 1) {
        length = strcspn(place, ":");
        if (length > 0 &&
            snprintf(candidate, sizeof candidate, "%.*s/%s", (int)length, place, argv_0) < (int)sizeof candidate &&
            resolve_program(path, path_bytes, candidate)) {
            return true;
        }
    }
    return false;
}
