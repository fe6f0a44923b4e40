// For MemorySanitizer, which takes memory for unwritten that a library without its instrumentation has written: jansson gets
// memory that counts as written from the beginning. Linked to every fuzz target of the preset msan.
// Uses: jansson.
#include <jansson.h>
#include <stdlib.h>

static void *take(size_t size_bytes)
{
    return calloc(1, size_bytes);
}

__attribute__((constructor)) static void use_known_memory(void)
{
    json_set_alloc_funcs(take, free);
}
