// What `predict` and `compare` share: see sampling.h.
#include "cli/sampling.h"

#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "checkpoint/checkpoint.h"

uint32_t ql_cli_random_seed(void)
{
    uint32_t seed;

    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) {
        seed = (uint32_t)time(NULL);
    }
    return seed;
}

enum ql_status ql_cli_load_stepper(struct ql_stepper *stepper, struct ql_model_info *info, const char *init_from,
                                   struct ql_error *error)
{
    struct ql_model model;
    struct stat file;
    enum ql_status status;

    if (init_from == NULL) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--init_from is missing: a checkpoint, as checkpoints/RUN/checkpoint.1.safetensors");
    }
    if (stat(init_from, &file) == 0 && S_ISDIR(file.st_mode)) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: is a folder; choose one of its checkpoints (its summary.json names the best)",
                              init_from);
    }
    if ((status = ql_checkpoint_load(init_from, &model, info, error)) != QL_OK) {
        return status;
    }
    if (info->vocabulary.count == 0) {
        status = ql_error_write(error, QL_ERROR_INPUT,
                                "%s: has no vocabulary, so its tokens have no meaning; `quillet train --init_from` it "
                                "with the text to give it one",
                                init_from);
    } else {
        status = ql_stepper_init(stepper, &model, info, error);
    }
    ql_model_free(&model);
    return status;
}

enum ql_status ql_cli_text_write(struct ql_cli_text *text, uint32_t symbol, struct ql_error *error)
{
    if (text->capacity - text->size < 5) {
        size_t capacity = text->capacity == 0 ? 256 : 2 * text->capacity;
        char *bytes = realloc(text->bytes, capacity);
        if (bytes == NULL) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the text");
        }
        text->bytes = bytes;
        text->capacity = capacity;
    }
    text->size += ql_utf8_encode((unsigned char *)text->bytes + text->size, symbol);
    text->bytes[text->size] = '\0';
    return QL_OK;
}

json_t *ql_cli_path_to_json(const char *path)
{
    json_t *text = json_string(path);
    return text == NULL ? json_null() : text;
}

enum ql_status ql_cli_next(struct ql_stepper *stepper, struct ql_sampler *sampler, int *token, struct ql_error *error)
{
    *token = ql_stepper_next(stepper, *token, sampler);
    if (*token < 0) {
        return ql_error_write(error, QL_ERROR_NUMERIC, "the model's output is not a finite number");
    }
    return QL_OK;
}
