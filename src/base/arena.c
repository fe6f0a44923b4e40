// An arena: see arena.h. Every piece is a heap block whose first 64 bytes hold the link to the previous piece.
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_ALIGNMENT = 64 };

void *ql_arena_take(struct ql_arena *arena, size_t count, size_t size_bytes)
{
    if (size_bytes != 0 && count > (SIZE_MAX - 2 * ARENA_ALIGNMENT) / size_bytes) {
        arena->exhausted = true;
        return NULL;
    }
    size_t bytes = (count * size_bytes + 2 * ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
    bool allowed = arena->limit_bytes == 0 ||
                   (arena->total_bytes <= arena->limit_bytes && bytes <= arena->limit_bytes - arena->total_bytes);
    unsigned char *piece = allowed ? aligned_alloc(ARENA_ALIGNMENT, bytes) : NULL;
    if (piece == NULL) {
        arena->exhausted = true;
        return NULL;
    }
    memset(piece, 0, bytes);
    memcpy(piece, &arena->last, sizeof arena->last);
    arena->last = piece;
    arena->total_bytes += bytes;
    return piece + ARENA_ALIGNMENT;
}

void ql_arena_free(struct ql_arena *arena)
{
    while (arena->last != NULL) {
        void *piece = arena->last;
        memcpy(&arena->last, piece, sizeof arena->last);
        free(piece);
    }
    *arena = (struct ql_arena){0};
}
