// Functions specific to Linux: see system.h. No other file of the tool needs _GNU_SOURCE.
// Uses: Linux through glibc or musl.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/system.h"

int ql_system_processors(void)
{
    cpu_set_t set;
    const int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    return count < 1 ? 1 : count;
}

double ql_system_memory_bytes(void)
{
    return (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
}

bool ql_system_random(void *bytes, size_t size_bytes)
{
    return getrandom(bytes, size_bytes, 0) == (ssize_t)size_bytes;
}

bool ql_system_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC) == 0;
}

FILE *ql_system_writer(void *self, ssize_t (*write)(void *self, const char *bytes, size_t count))
{
    return fopencookie(self, "w", (cookie_io_functions_t){.write = write});
}

bool ql_system_sync(int descriptor)
{
    return fsync(descriptor) == 0;
}

struct timespec ql_system_change_time(const struct stat *file)
{
    return file->st_mtim;
}

void ql_system_descriptor_path(char *path, size_t path_bytes, int descriptor)
{
    (void)snprintf(path, path_bytes, "/proc/self/fd/%d", descriptor);
}

// It works no matter how the program was started, and after its file was renamed or replaced.
const char *ql_system_program(const char *argv_0)
{
    (void)argv_0;
    return "/proc/self/exe";
}

bool ql_system_program_path(char *path, size_t path_bytes, const char *argv_0)
{
    const ssize_t length = readlink("/proc/self/exe", path, path_bytes);

    (void)argv_0;
    if (length <= 0 || (size_t)length >= path_bytes) {
        return false;
    }
    path[length] = '\0';
    return true;
}
