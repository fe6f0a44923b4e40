// Makes the n-th call of a function that can fail, fail: for LD_PRELOAD. It counts allocations, and calls that open,
// read, write, sync, rename, and map files, or create folders, threads, processes, and sockets, from the beginning of
// main, including those by libraries. FAIL_AT_CALL is n; 0 fails nothing. FAIL_COUNT_FILE gets the number of calls at
// the end, and FAIL_NAME_FILE the name of the function that failed. Only a program called
// quillet is counted, and not what it starts.
// With AddressSanitizer, load this library before its own; its checks stay.
// Uses: libdl, Linux with glibc.
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls;
static atomic_bool counting;
static long limit;
static char count_path[4096], name_path[4096];

// The function that this library wraps; memcpy, because C has no cast from an object pointer to a function pointer.
static void find(void *function, const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    memcpy(function, &symbol, sizeof symbol);
}

// Writes without stdio, which would call these functions again.
static void write_file(const char *path, const char *text)
{
    int (*original_open)(const char *, int, ...);
    ssize_t (*original_write)(int, const void *, size_t);

    find(&original_open, "open");
    find(&original_write, "write");
    int file = path[0] == '\0' ? -1 : original_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file >= 0) {
        (void)!original_write(file, text, strlen(text));
        (void)close(file);
    }
}

static bool fails(const char *name, int reason)
{
    if (!atomic_load(&counting) || atomic_fetch_add(&calls, 1) + 1 != limit) {
        return false;
    }
    write_file(name_path, name);
    errno = reason;
    return true;
}

static int (*original_main)(int, char **, char **);

static void write_count(void)
{
    char text[32];

    atomic_store(&counting, false);
    (void)snprintf(text, sizeof text, "%ld\n", atomic_load(&calls));
    write_file(count_path, text);
}

static void copy_variable(char *to, size_t room, const char *name)
{
    const char *value = getenv(name);
    (void)snprintf(to, room, "%s", value == NULL ? "" : value);
}

static int counted_main(int argc, char **argv, char **environment)
{
    const char *number = getenv("FAIL_AT_CALL");
    const char *name = strrchr(argv[0], '/');

    if (strcmp(name == NULL ? argv[0] : name + 1, "quillet") != 0) {
        return original_main(argc, argv, environment);
    }
    limit = number == NULL ? 0 : strtol(number, NULL, 10);
    copy_variable(count_path, sizeof count_path, "FAIL_COUNT_FILE");
    copy_variable(name_path, sizeof name_path, "FAIL_NAME_FILE");
    (void)unsetenv("LD_PRELOAD");
    (void)unsetenv("FAIL_AT_CALL");
    (void)atexit(write_count);
    atomic_store(&counting, true);
    int code = original_main(argc, argv, environment);
    atomic_store(&counting, false);
    return code;
}

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end);

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end)
{
    int (*original)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void),
                    void *);

    find(&original, "__libc_start_main");
    original_main = main;
    return original(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}

// Defines NAME, which fails with REASON and RESULT.
#define STAND_BEFORE(type, name, reason, result, parameters, arguments) \
    type name parameters                                                \
    {                                                                   \
        static type(*original) parameters;                              \
        if (fails(#name, reason)) {                                     \
            return result;                                              \
        }                                                               \
        if (original == NULL) {                                         \
            find(&original, #name);                                     \
        }                                                               \
        return original arguments;                                      \
    }

// clang-format off
STAND_BEFORE(void *, malloc, ENOMEM, NULL, (size_t size), (size))
STAND_BEFORE(void *, calloc, ENOMEM, NULL, (size_t count, size_t size), (count, size))
STAND_BEFORE(void *, realloc, ENOMEM, NULL, (void *block, size_t size), (block, size))
STAND_BEFORE(void *, aligned_alloc, ENOMEM, NULL, (size_t alignment, size_t size), (alignment, size))
STAND_BEFORE(int, posix_memalign, ENOMEM, ENOMEM, (void **block, size_t alignment, size_t size), (block, alignment, size))
STAND_BEFORE(void *, mmap, ENOMEM, MAP_FAILED, (void *address, size_t size, int access, int flags, int file, off_t offset),
             (address, size, access, flags, file, offset))
STAND_BEFORE(FILE *, fopen, EMFILE, NULL, (const char *restrict path, const char *restrict mode), (path, mode))
STAND_BEFORE(FILE *, fdopen, ENOMEM, NULL, (int file, const char *mode), (file, mode))
STAND_BEFORE(DIR *, opendir, EMFILE, NULL, (const char *path), (path))
STAND_BEFORE(DIR *, fdopendir, ENOMEM, NULL, (int file), (file))
STAND_BEFORE(ssize_t, read, EIO, -1, (int file, void *bytes, size_t size), (file, bytes, size))
STAND_BEFORE(ssize_t, pread, EIO, -1, (int file, void *bytes, size_t size, off_t offset), (file, bytes, size, offset))
STAND_BEFORE(ssize_t, write, ENOSPC, -1, (int file, const void *bytes, size_t size), (file, bytes, size))
STAND_BEFORE(int, fsync, EIO, -1, (int file), (file))
STAND_BEFORE(int, fdatasync, EIO, -1, (int file), (file))
STAND_BEFORE(int, ftruncate, EIO, -1, (int file, off_t size), (file, size))
STAND_BEFORE(int, fchmod, EPERM, -1, (int file, mode_t mode), (file, mode))
STAND_BEFORE(int, rename, EIO, -1, (const char *from, const char *to), (from, to))
STAND_BEFORE(int, renameat, EIO, -1, (int from_folder, const char *from, int to_folder, const char *to),
             (from_folder, from, to_folder, to))
STAND_BEFORE(int, link, EIO, -1, (const char *from, const char *to), (from, to))
STAND_BEFORE(int, linkat, EIO, -1, (int from_folder, const char *from, int to_folder, const char *to, int flags),
             (from_folder, from, to_folder, to, flags))
STAND_BEFORE(int, mkdir, ENOSPC, -1, (const char *path, mode_t mode), (path, mode))
STAND_BEFORE(int, mkstemp, EMFILE, -1, (char *path), (path))
STAND_BEFORE(char *, mkdtemp, ENOSPC, NULL, (char *path), (path))
STAND_BEFORE(char *, realpath, EIO, NULL, (const char *restrict path, char *restrict resolved), (path, resolved))
STAND_BEFORE(int, fstat, EIO, -1, (int file, struct stat *properties), (file, properties))
STAND_BEFORE(int, pthread_create, EAGAIN, EAGAIN, (pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
             void *(*routine)(void *), void *restrict argument), (thread, attributes, routine, argument))
STAND_BEFORE(pid_t, fork, EAGAIN, -1, (void), ())
STAND_BEFORE(int, posix_spawn, EAGAIN, EAGAIN, (pid_t *restrict pid, const char *restrict path,
             const posix_spawn_file_actions_t *restrict actions, const posix_spawnattr_t *restrict attributes,
             char *const arguments[restrict], char *const environment[restrict]),
             (pid, path, actions, attributes, arguments, environment))
STAND_BEFORE(int, posix_spawnp, EAGAIN, EAGAIN, (pid_t *restrict pid, const char *restrict path,
             const posix_spawn_file_actions_t *restrict actions, const posix_spawnattr_t *restrict attributes,
             char *const arguments[restrict], char *const environment[restrict]),
             (pid, path, actions, attributes, arguments, environment))
STAND_BEFORE(int, pipe, EMFILE, -1, (int files[2]), (files))
STAND_BEFORE(int, pipe2, EMFILE, -1, (int files[2], int flags), (files, flags))
STAND_BEFORE(int, socket, EMFILE, -1, (int domain, int type, int protocol), (domain, type, protocol))
STAND_BEFORE(int, bind, EADDRINUSE, -1, (int file, const struct sockaddr *address, socklen_t size), (file, address, size))
STAND_BEFORE(int, listen, EADDRINUSE, -1, (int file, int backlog), (file, backlog))
STAND_BEFORE(int, accept4, EMFILE, -1, (int file, struct sockaddr *restrict address, socklen_t *restrict size, int flags),
             (file, address, size, flags))
STAND_BEFORE(ssize_t, send, ECONNRESET, -1, (int file, const void *bytes, size_t size, int flags), (file, bytes, size, flags))
STAND_BEFORE(ssize_t, sendmsg, ECONNRESET, -1, (int file, const struct msghdr *message, int flags), (file, message, flags))
STAND_BEFORE(ssize_t, recv, ECONNRESET, -1, (int file, void *bytes, size_t size, int flags), (file, bytes, size, flags))
STAND_BEFORE(ssize_t, getrandom, ENOSYS, -1, (void *bytes, size_t size, unsigned flags), (bytes, size, flags))
// clang-format on

static bool makes_file(int flags)
{
    return (flags & (O_CREAT | __O_TMPFILE)) != 0;
}

int open(const char *path, int flags, ...)
{
    static int (*original)(const char *, int, ...);
    va_list arguments;
    mode_t mode = 0;

    if (fails("open", makes_file(flags) ? ENOSPC : EMFILE)) {
        return -1;
    }
    if (original == NULL) {
        find(&original, "open");
    }
    va_start(arguments, flags);
    mode = makes_file(flags) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return original(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    static int (*original)(int, const char *, int, ...);
    va_list arguments;
    mode_t mode = 0;

    if (fails("openat", makes_file(flags) ? ENOSPC : EMFILE)) {
        return -1;
    }
    if (original == NULL) {
        find(&original, "openat");
    }
    va_start(arguments, flags);
    mode = makes_file(flags) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return original(folder, path, flags, mode);
}

// Messages go to stderr, which has no buffer, and are left alone.
int fflush(FILE *stream)
{
    static int (*original)(FILE *);

    if (stream != stderr && stream != NULL && fails("fflush", ENOSPC)) {
        return EOF;
    }
    if (original == NULL) {
        find(&original, "fflush");
    }
    return original(stream);
}

// The stream is closed in any case.
int fclose(FILE *stream)
{
    static int (*original)(FILE *);
    const bool failing = fails("fclose", ENOSPC);

    if (original == NULL) {
        find(&original, "fclose");
    }
    if (failing) {
        (void)original(stream);
        errno = ENOSPC;
        return EOF;
    }
    return original(stream);
}
