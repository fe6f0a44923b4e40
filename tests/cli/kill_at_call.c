// Kills the process at its n-th call of a function that is used to save files: for LD_PRELOAD.
// KILL_AT_CALL is n; 0 kills nothing. At the end of a process that was not killed, CALL_COUNT_FILE gets the number of
// calls. The kill comes before the call, so n covers every state that a crash can leave.
// Uses: libdl.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long calls;

static void count_call(void)
{
    const char *limit = getenv("KILL_AT_CALL");

    calls++;
    if (limit != NULL && calls == strtol(limit, NULL, 10)) {
        (void)kill(getpid(), SIGKILL);
    }
}

// The function that this library wraps; memcpy, because C has no cast from an object pointer to a function pointer.
static void find(void *function, size_t size, const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    memcpy(function, &symbol, size);
}

FILE *fopen(const char *restrict path, const char *restrict mode)
{
    FILE *(*original)(const char *, const char *);
    find(&original, sizeof original, "fopen");
    if (mode[0] != 'r') {
        count_call();
    }
    return original(path, mode);
}

int open(const char *path, int flags, ...)
{
    int (*original)(const char *, int, ...);
    va_list arguments;
    mode_t mode = 0;

    find(&original, sizeof original, "open");
    if ((flags & O_CREAT) != 0) {
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
        count_call();
    }
    return original(path, flags, mode);
}

static int is_saved(FILE *stream)
{
    return stream != NULL && stream != stdout && stream != stderr && stream != stdin &&
           (fcntl(fileno(stream), F_GETFL) & O_ACCMODE) != O_RDONLY;
}

// The same as a kill between the open and the write: the data is still in the stream's buffer.
int fflush(FILE *stream)
{
    int (*original)(FILE *);
    find(&original, sizeof original, "fflush");
    if (is_saved(stream)) {
        count_call();
    }
    return original(stream);
}

int fclose(FILE *stream)
{
    int (*original)(FILE *);
    find(&original, sizeof original, "fclose");
    if (is_saved(stream)) {
        count_call();
    }
    return original(stream);
}

// A kill loses nothing that was written before it; only a machine without power would. So nothing waits for the disk.
int fsync(int descriptor)
{
    count_call();
    return fcntl(descriptor, F_GETFL) < 0 ? -1 : 0;
}

int rename(const char *old_path, const char *new_path)
{
    int (*original)(const char *, const char *);
    find(&original, sizeof original, "rename");
    count_call();
    return original(old_path, new_path);
}

int link(const char *old_path, const char *new_path)
{
    int (*original)(const char *, const char *);
    find(&original, sizeof original, "link");
    count_call();
    return original(old_path, new_path);
}

int unlink(const char *path)
{
    int (*original)(const char *);
    find(&original, sizeof original, "unlink");
    count_call();
    return original(path);
}

int unlinkat(int folder, const char *path, int flags)
{
    int (*original)(int, const char *, int);
    find(&original, sizeof original, "unlinkat");
    count_call();
    return original(folder, path, flags);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t offset)
{
    ssize_t (*original)(int, const void *, size_t, off_t);
    find(&original, sizeof original, "pwrite");
    count_call();
    return original(descriptor, bytes, size, offset);
}

int ftruncate(int descriptor, off_t size)
{
    int (*original)(int, off_t);
    find(&original, sizeof original, "ftruncate");
    count_call();
    return original(descriptor, size);
}

int mkdir(const char *path, mode_t mode)
{
    int (*original)(const char *, mode_t);
    find(&original, sizeof original, "mkdir");
    count_call();
    return original(path, mode);
}

__attribute__((destructor)) static void write_count(void)
{
    const char *path = getenv("CALL_COUNT_FILE");
    FILE *(*original)(const char *, const char *);

    find(&original, sizeof original, "fopen");
    FILE *stream = path == NULL ? NULL : original(path, "w");
    if (stream != NULL) {
        const long counted = calls;
        (void)fprintf(stream, "%ld\n", counted);
        (void)fclose(stream);
    }
}
