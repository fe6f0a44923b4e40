// Fuzz target: the reader of a training's state. A state that is refused leaves the trainer unchanged.
// Uses: checkpoint, train, Linux (a file in memory).
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checkpoint/training_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static struct ql_model model;
static struct ql_trainer trainer;

static void open_trainer(void)
{
    const struct ql_trainer_options options = {.batch_size = 1, .seq_length = 1, .threads = 1};
    struct ql_error error;

    if (ql_model_init(&model, (struct ql_dimensions){.cell = QL_CELL_GRU, .V = 5, .E = 3, .H = 4, .L = 1}, &error) !=
            QL_OK ||
        ql_trainer_init(&trainer, &model, &options, &error) != QL_OK) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct ql_training_progress progress = {0};
    struct ql_error error;
    char path[64];

    if (model.block == NULL) {
        open_trainer();
    }
    int file = memfd_create("state", MFD_CLOEXEC);
    if (file < 0 || write(file, data, size_bytes) != (ssize_t)size_bytes) {
        abort();
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (ql_training_state_load(path, &trainer, &progress, &error) == QL_OK) {
        assert(progress.epoch >= 0 && progress.best_epoch >= 0);
    } else {
        assert(error.message[0] != '\0');
    }
    (void)close(file);
    return 0;
}
