// What POSIX does not define and systems do differently: processors, memory, random bytes, pipes, time stamps, names.
// One of two files implements it, as CMake's QL_SYSTEM says: system_linux.c, or system_posix.c for macOS and the rest.
// Uses: POSIX.
#ifndef QL_BASE_SYSTEM_H
#define QL_BASE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

// Return the number of processors that this process may use, at least 1. On Linux, taskset and containers count.
int ql_system_processors(void);

// Return the memory of the machine in bytes, or 0 where the system does not tell.
double ql_system_memory_bytes(void);

// Fill `bytes` with random bytes of the system. False where it has none.
bool ql_system_random(void *bytes, size_t size_bytes);

// Open a pipe whose ends are closed in programs that this process starts. False with the reason in errno.
bool ql_system_pipe(int ends[2]);

// Return a stream for writing that hands what it gets to `write`, which returns how much it took; less is an error. NULL where
// there is no memory, or where the system has no such streams.
FILE *ql_system_writer(void *self, ssize_t (*write)(void *self, const char *bytes, size_t count));

// Write a descriptor that is open for writing to the disk itself. False with the reason in errno.
bool ql_system_sync(int descriptor);

// Return when the content of a file last changed.
struct timespec ql_system_change_time(const struct stat *file);

// Write the name under which an open descriptor of this process can be opened again.
void ql_system_descriptor_path(char *path, size_t path_bytes, int descriptor);

// Return the name by which this program can start itself with posix_spawnp: argv[0] of main() where the system has
// nothing better.
const char *ql_system_program(const char *argv_0);

// Write the absolute path of this program's file, links resolved. argv_0: of main(). False where it is not known.
bool ql_system_program_path(char *path, size_t path_bytes, const char *argv_0);

#endif
