// A stream that writes into memory and remembers every failed allocation. With open_memstream alone, a text may lack a
// piece in its middle, or be NULL, although no call has failed.
// Uses: the C library, base/system.
#ifndef QL_BASE_MEMORY_STREAM_H
#define QL_BASE_MEMORY_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

// Must stay where it is while it is open. {0} is closed.
struct ql_memory_stream {
    FILE *stream; // for stdio
    char *text;   // (size), what was flushed so far; not a string before the close
    size_t size, room;
    bool failed;
};

// Returns false when there is not enough memory; the stream is closed then.
bool ql_memory_stream_open(struct ql_memory_stream *memory);

// Closes the stream, and returns its text as a string that the caller frees; its length is in `size`. NULL when an
// allocation failed at any time, and for a stream that is closed.
char *ql_memory_stream_close(struct ql_memory_stream *memory);

#endif
