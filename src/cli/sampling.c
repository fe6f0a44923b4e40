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

enum ql_status ql_cli_load_checkpoint(struct ql_model *model, struct ql_model_info *info, const char *init_from,
                                      struct ql_error *error)
{
    struct stat file;
    enum ql_status status;

    *model = (struct ql_model){0};
    if (init_from == NULL) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--init_from is missing: a checkpoint, as checkpoints/RUN/checkpoint.1.safetensors");
    }
    if (stat(init_from, &file) == 0 && S_ISDIR(file.st_mode)) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: is a folder; choose one of its checkpoints (its summary.json names the best)",
                              init_from);
    }
    if ((status = ql_checkpoint_load(init_from, model, info, error)) != QL_OK) {
        return status;
    }
    if (info->vocabulary.count == 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: has no vocabulary, so its tokens have no meaning; `quillet train --init_from` it "
                              "with the text to give it one",
                              init_from);
    }
    return QL_OK;
}

enum ql_status ql_cli_load_stepper(struct ql_stepper *stepper, struct ql_model_info *info, const char *init_from,
                                   struct ql_error *error)
{
    struct ql_model model;
    enum ql_status status = ql_cli_load_checkpoint(&model, info, init_from, error);

    if (status == QL_OK) {
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

static bool is_integer(const struct ql_cli_writer *writer)
{
    return writer->integer.model.V > 0;
}

enum ql_status ql_cli_writer_open(struct ql_cli_writer *writer, const struct ql_cli_sampling *sampling,
                                  struct ql_error *error)
{
    struct ql_model model = {0};
    enum ql_weight_format format;
    enum ql_status status = ql_cli_quantization_read(&format, &sampling->quantization, error);

    if (status == QL_OK) {
        status = ql_cli_load_checkpoint(&model, &writer->info, sampling->init_from, error);
    }
    if (status == QL_OK && format == QL_WEIGHTS_F32) {
        status = ql_stepper_init(&writer->stepper, &model, &writer->info, error);
    } else if (status == QL_OK) {
        status = ql_integer_form_open_model(&writer->integer, &model, &writer->info, format,
                                            sampling->quantization.calibrate, error);
    }
    const int newline = ql_vocabulary_encode(&writer->info.vocabulary, '\n');
    writer->first_token = newline < 0 ? 0 : newline;
    ql_model_free(&model);
    return status;
}

void ql_cli_writer_close(struct ql_cli_writer *writer)
{
    ql_stepper_free(&writer->stepper);
    ql_integer_form_close(&writer->integer);
}

void ql_cli_writer_begin(struct ql_cli_writer *writer, const struct ql_cli_sampling *sampling, double temperature)
{
    writer->sampler = (struct ql_sampler){
        .temperature = (float)temperature, .top_p = (float)sampling->top_p, .top_k = sampling->top_k};
    ql_random_init(&writer->sampler.random, sampling->seed);
    writer->integer_sampler = ql_integer_sampler((float)temperature, (float)sampling->top_p, sampling->top_k);
    writer->integer_sampler.random = writer->sampler.random;
    if (is_integer(writer)) {
        ql_integer_stepper_reset(&writer->integer.stepper);
    } else {
        ql_stepper_reset(&writer->stepper);
    }
}

void ql_cli_writer_step(struct ql_cli_writer *writer, int token)
{
    if (is_integer(writer)) {
        ql_integer_stepper_step(&writer->integer.stepper, token);
    } else {
        ql_stepper_step(&writer->stepper, token);
    }
}

enum ql_status ql_cli_writer_next(struct ql_cli_writer *writer, const uint32_t *barred, int *token,
                                  struct ql_error *error)
{
    *token = is_integer(writer)
                 ? ql_integer_stepper_next(&writer->integer.stepper, *token, &writer->integer_sampler, barred)
                 : ql_stepper_next(&writer->stepper, *token, &writer->sampler, barred);
    if (*token < 0) {
        return ql_error_write(error, QL_ERROR_NUMERIC, "the model's output is not a finite number");
    }
    return QL_OK;
}

static enum ql_status let_go(struct ql_cli_output *output, struct ql_error *error)
{
    if (output->stream != NULL) {
        (void)fwrite(output->item.bytes, 1, output->item.size, output->stream);
    } else {
        for (size_t place = 0; place < output->item.size;) {
            uint32_t symbol;
            place +=
                ql_utf8_decode(&symbol, (const unsigned char *)output->item.bytes + place, output->item.size - place);
            const enum ql_status status = ql_cli_text_write(&output->text, symbol, error);
            if (status != QL_OK) {
                return status;
            }
        }
    }
    output->item.size = 0;
    return QL_OK;
}

enum ql_status ql_cli_output_write(struct ql_cli_output *output, uint32_t symbol, struct ql_error *error)
{
    const bool waits = output->guard->is_on && output->guard->file.items.block > 0;
    const enum ql_status status = ql_cli_text_write(&output->item, symbol, error);

    if (status != QL_OK) {
        return status;
    }
    if (!waits) {
        return let_go(output, error);
    }
    return symbol == output->newline ? ql_cli_output_end(output, ql_guard_refuses(output->guard), error) : QL_OK;
}

enum ql_status ql_cli_output_end(struct ql_cli_output *output, bool refused, struct ql_error *error)
{
    if (refused) {
        output->item.size = 0;
    }
    return let_go(output, error);
}

void ql_cli_output_free(struct ql_cli_output *output)
{
    free(output->item.bytes);
    free(output->text.bytes);
}
