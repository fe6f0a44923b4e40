// Memory for jansson: see library_memory.h.
// Uses: jansson.
#include "cli/library_memory.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_bool failed;

static void *take(size_t size_bytes)
{
    void *block = atomic_load(&failed) ? NULL : malloc(size_bytes);

    if (block == NULL) {
        atomic_store(&failed, true);
    }
    return block;
}

void ql_cli_library_memory_init(void)
{
    json_set_alloc_funcs(take, free);
}

bool ql_cli_library_memory_failed(void)
{
    return atomic_load(&failed);
}
