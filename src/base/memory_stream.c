// A stream that writes into memory: see memory_stream.h.
// stdio passes its buffers to our function, and notices when it fails. On a system without such streams, open_memstream
// must do.
// Uses: the C library, base/system.
#include "base/memory_stream.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/system.h"

static ssize_t take(void *self, const char *bytes, size_t count)
{
    struct ql_memory_stream *memory = self;

    if (memory->size + count + 1 > memory->room) {
        const size_t room = 2 * (memory->size + count) + 1024;
        char *larger = memory->failed ? NULL : realloc(memory->text, room);
        if (larger == NULL) {
            memory->failed = true;
            return 0; // stdio treats this as an error
        }
        memory->text = larger;
        memory->room = room;
    }
    memcpy(memory->text + memory->size, bytes, count);
    memory->size += count;
    return (ssize_t)count;
}

bool ql_memory_stream_open(struct ql_memory_stream *memory)
{
    *memory = (struct ql_memory_stream){0};
    memory->text = malloc(1); // so that an empty text is valid, too
    if (memory->text == NULL) {
        return false;
    }
    memory->room = 1;
    memory->stream = ql_system_writer(memory, take);
    if (memory->stream == NULL) {
        free(memory->text);
        *memory = (struct ql_memory_stream){0};
        memory->stream = open_memstream(&memory->text, &memory->size);
    }
    return memory->stream != NULL;
}

char *ql_memory_stream_close(struct ql_memory_stream *memory)
{
    if (memory->stream == NULL) {
        return NULL;
    }
    const bool written = ferror(memory->stream) == 0;
    const bool closed = fclose(memory->stream) == 0;

    memory->stream = NULL;
    if (!written || !closed || memory->failed || memory->text == NULL) {
        free(memory->text);
        memory->text = NULL;
        return NULL;
    }
    memory->text[memory->size] = '\0';
    return memory->text;
}
