// The state that a training needs to be resumed: see training_state.h. Three vectors in the order of the model's block.
#include "checkpoint/training_state.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint/safetensors.h"

enum { STATE_TENSORS = 3 };
static const char *const tensor_names[STATE_TENSORS] = {"parameters", "adamw.mean", "adamw.variance"};

enum ql_status ql_training_state_save(const char *path, const struct ql_trainer *trainer,
                                      const struct ql_training_progress *progress, struct ql_error *error)
{
    const float *const vectors[STATE_TENSORS] = {trainer->model->block, trainer->mean, trainer->variance};
    struct ql_safetensors_entry entries[STATE_TENSORS];
    char text[256];

    for (int i = 0; i < STATE_TENSORS; i++) {
        entries[i] = (struct ql_safetensors_entry){
            .name = tensor_names[i],
            .dtype = "F32",
            .rank = 1,
            .shape = {(int64_t)trainer->model->count},
            .data = vectors[i],
            .size_bytes = trainer->model->count * sizeof(float),
        };
    }
    (void)snprintf(text, sizeof text, "epoch %d step %" PRIu64 " best_epoch %d best_loss %.17g elapsed %.3f",
                   progress->epoch, progress->step, progress->best_epoch, progress->best_loss,
                   progress->elapsed_seconds);
    json_t *metadata = json_pack("{s:s}", "progress", text);
    if (metadata == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", path);
    }
    enum ql_status status = ql_safetensors_save(path, entries, STATE_TENSORS, metadata, error);
    json_decref(metadata);
    return status;
}

// The numbers are in the metadata's text "progress".
static bool read_progress(struct ql_training_progress *progress, const char *text)
{
    int fields = sscanf(text, "epoch %d step %" SCNu64 " best_epoch %d best_loss %lg elapsed %lg", &progress->epoch,
                        &progress->step, &progress->best_epoch, &progress->best_loss, &progress->elapsed_seconds);

    return fields == 5 && progress->epoch >= 0 && progress->best_epoch >= 0 &&
           progress->best_epoch <= progress->epoch && !isnan(progress->best_loss) && progress->elapsed_seconds >= 0.0 &&
           isfinite(progress->elapsed_seconds);
}

enum ql_status ql_training_state_load(const char *path, struct ql_trainer *trainer,
                                      struct ql_training_progress *progress, struct ql_error *error)
{
    float *const vectors[STATE_TENSORS] = {trainer->model->block, trainer->mean, trainer->variance};
    struct ql_safetensors file;
    enum ql_status status = ql_safetensors_open(&file, path, QL_FILE_IN_FOLDER, error);

    if (status != QL_OK) {
        return status;
    }
    const char *text = ql_safetensors_metadata(&file, "progress");
    if (text == NULL || ql_safetensors_metadata(&file, "crc32") == NULL || !read_progress(progress, text)) {
        status = ql_error_write(error, QL_ERROR_INPUT, "%s: is damaged, or is not the state of a training", path);
    }
    for (int i = 0; i < STATE_TENSORS && status == QL_OK; i++) {
        const struct ql_safetensors_entry *entry = ql_safetensors_find(&file, tensor_names[i]);
        if (entry == NULL || strcmp(entry->dtype, "F32") != 0 ||
            entry->size_bytes != trainer->model->count * sizeof(float)) {
            status = ql_error_write(error, QL_ERROR_INPUT, "%s: belongs to a model of another size", path);
        } else {
            memcpy(vectors[i], entry->data, entry->size_bytes);
        }
    }
    trainer->step = progress->step;
    trainer->network_current = false;
    ql_safetensors_close(&file);
    return status;
}
