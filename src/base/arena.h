// An arena: memory that is taken piece by piece and given back all at once.
// Pieces are zeroed and aligned to 64 bytes, the cache line and the widest vector.
// Uses: the C library only.
#ifndef QL_BASE_ARENA_H
#define QL_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct ql_arena {
    void *last;         // the newest piece; each piece knows the one before it
    size_t total_bytes; // of all pieces
    size_t limit_bytes; // that all pieces together may take; 0 means no limit
    bool exhausted;     // a piece could not be had; stays so
};

// Takes count * size_bytes bytes. When there is not enough memory it returns NULL and sets `exhausted`, so that a
// caller may take all its pieces first and check once. The arena must start as {0}, or as {.limit_bytes = ...}.
void *ql_arena_take(struct ql_arena *arena, size_t count, size_t size_bytes);

// Gives back all pieces.
void ql_arena_free(struct ql_arena *arena);

#endif
