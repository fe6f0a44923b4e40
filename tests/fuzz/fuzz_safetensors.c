// Fuzz target: the safetensors reader from memory, then the load of a checkpoint from a file of the same bytes.
// Everything that is read is also used, so that a sanitizer detects a tensor with wrong offsets.
// Uses: checkpoint, model, Linux (a file in memory).
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checkpoint/checkpoint.h"
#include "checkpoint/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

// Receives the sums, so that no compiler removes them.
static volatile unsigned sink;

static unsigned sum_bytes(const unsigned char *bytes, size_t count)
{
    unsigned sum = 0;

    for (size_t k = 0; k < count; k++) {
        sum = 31 * sum + bytes[k];
    }
    return sum;
}

// True when the bytes are in the format.
static int read_memory(const uint8_t *data, size_t size_bytes)
{
    struct ql_safetensors file;
    struct ql_error error = {0};

    if (ql_safetensors_read(&file, data, size_bytes, "fuzz", &error) != QL_OK) {
        assert(strncmp(error.message, "fuzz: ", 6) == 0);
        return 0;
    }
    size_t covered = 0;
    for (size_t i = 0; i < file.entry_count; i++) {
        const struct ql_safetensors_entry *entry = &file.entries[i];
        assert(ql_safetensors_find(&file, entry->name) == entry);
        sink += sum_bytes(entry->data, entry->size_bytes);
        covered += entry->size_bytes;
    }
    assert(covered <= size_bytes);
    (void)ql_safetensors_metadata(&file, "vocabulary");
    ql_safetensors_close(&file);
    return 1;
}

static void load_checkpoint(const uint8_t *data, size_t size_bytes, int in_format)
{
    static struct ql_model_info info;
    struct ql_model model;
    struct ql_error error = {0};
    char path[64];
    int file = memfd_create("fuzz", MFD_CLOEXEC);

    if (file < 0 || write(file, data, size_bytes) != (ssize_t)size_bytes) {
        abort();
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (ql_checkpoint_load(path, &model, &info, &error) == QL_OK) {
        assert(in_format);
        for (size_t k = 0; k < model.count; k++) {
            assert(model.block[k] - model.block[k] == 0.0f); // finite
        }
        ql_model_free(&model);
    } else {
        assert(strstr(error.message, path) != NULL);
    }
    (void)close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    load_checkpoint(data, size_bytes, read_memory(data, size_bytes));
    return 0;
}
