// The one description of a model: see model.h. The table of tensors is built once, here, from the dimensions.
// Uses: base, device.
#include "model/model.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cosine.h"
#include "device/elementary.h"
#include "device/random.h"

// Most parameters: 400 MB, a hundred times as much as a microcontroller holds.
enum { MODEL_PARAMETER_LIMIT = 100000000 };

// Of a decoder's initial matrices. Its embedding stands out against what the first layers add to it.
static const float small_deviation = 0.02f;
static const float tied_deviation = 0.1f;

struct ql_text_rules ql_model_info_text_rules(const struct ql_model_info *info)
{
    struct ql_text_rules rules;

    ql_text_rules_init(&rules, info->vocabulary.symbols, info->vocabulary.count);
    if (info->items && rules.newline >= 0) {
        rules.resets[rules.reset_count++] = rules.newline;
    }
    return rules;
}

// Adds a tensor to the table. It is placed after the existing ones; `data` and `pointer` are set when the block exists.
static void model_add(struct ql_model *model, const struct ql_tensor_form *form, int l, float **pointer)
{
    assert(model->tensor_count < QL_MODEL_TENSOR_LIMIT);
    struct ql_tensor *tensor = &model->tensors[model->tensor_count++];

    ql_tensor_form_write(form, tensor->name, l);
    tensor->rows = ql_size_of(form->rows, &model->dimensions, l);
    tensor->columns = ql_size_of(form->columns, &model->dimensions, l);
    tensor->form = form;
    if (model->block != NULL) {
        tensor->data = model->block + model->count;
        *pointer = tensor->data;
    }
    model->count += (size_t)tensor->rows * (size_t)(tensor->columns == 0 ? 1 : tensor->columns);
}

// Lays out the whole table. It runs twice: to count, and, once there is a block, to set the pointers.
static void model_lay_out(struct ql_model *model)
{
    const struct ql_architecture *architecture = ql_architecture_of(&model->dimensions);
    float **const ends[] = {[QL_END_EMBEDDING] = &model->embedding,
                            [QL_END_NORM] = &model->norm,
                            [QL_END_OUTPUT_WEIGHT] = &model->output_weight,
                            [QL_END_OUTPUT_BIAS] = &model->output_bias};

    model->count = 0;
    model->tensor_count = 0;
    for (int k = 0; k < architecture->head_count; k++) {
        model_add(model, &architecture->head[k], 0, ends[architecture->head[k].place]);
    }
    for (int l = 0; l < model->dimensions.L; l++) {
        model->layers[l].kind = architecture->layer;
        for (int k = 0; k < architecture->body_count; k++) {
            const struct ql_tensor_form *form = &architecture->body[k];
            unsigned char *layer = (unsigned char *)&model->layers[l];
            model_add(model, form, l, (float **)(void *)(layer + form->place));
        }
    }
    for (int k = 0; k < architecture->tail_count; k++) {
        model_add(model, &architecture->tail[k], 0, ends[architecture->tail[k].place]);
    }
    if (architecture->tied) {
        model->output_weight = model->embedding;
    }
}

static enum ql_status model_check_size(const char *option, int value, int limit, struct ql_error *error)
{
    if (value < 1 || value > limit) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s is %d; it must be from 1 to %d", option, value, limit);
    }
    return QL_OK;
}

enum ql_status ql_model_init(struct ql_model *model, struct ql_dimensions dimensions, struct ql_error *error)
{
    enum ql_status status;

    *model = (struct ql_model){.dimensions = dimensions};
    if ((status = model_check_size("vocabulary size", dimensions.V, QL_VOCABULARY_LIMIT, error)) != QL_OK ||
        (status = model_check_size("embedding_size", dimensions.E, QL_MODEL_SIZE_LIMIT, error)) != QL_OK ||
        (status = model_check_size("rnn_size", dimensions.H, QL_MODEL_SIZE_LIMIT, error)) != QL_OK ||
        (status = model_check_size("num_layers", dimensions.L, QL_MODEL_LAYER_LIMIT, error)) != QL_OK ||
        (status = ql_architecture_check(&dimensions, error)) != QL_OK) {
        return status;
    }
    model_lay_out(model);
    if (model->count > MODEL_PARAMETER_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT, "the model would have %zu parameters; at most %d are possible",
                              model->count, MODEL_PARAMETER_LIMIT);
    }
    assert(model->count > 0);
    model->block = calloc(model->count, sizeof model->block[0]);
    if (model->block == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for a model of %zu parameters", model->count);
    }
    model_lay_out(model);
    return QL_OK;
}

void ql_model_free(struct ql_model *model)
{
    free(model->block);
    *model = (struct ql_model){0};
}

static void model_reset_uniform(struct ql_random *random, float *values, size_t count, int inputs)
{
    float bound = 1.0f / sqrtf((float)inputs);

    for (size_t i = 0; i < count; i++) {
        values[i] = (2.0f * ql_random_step_f32(random) - 1.0f) * bound;
    }
}

// Box and Muller 1958. 1 - u is in (0, 1], where the logarithm is finite.
static void model_reset_normal(struct ql_random *random, float *values, size_t count, float deviation)
{
    for (size_t i = 0; i < count; i++) {
        double radius = sqrt(-2.0 * ql_log_f64(1.0 - (double)ql_random_step_f32(random)));
        values[i] = deviation * (float)(radius * ql_cosine_of_turns((double)ql_random_step_f32(random)));
    }
}

void ql_model_reset(struct ql_model *model, uint32_t seed)
{
    struct ql_random random;

    ql_random_init(&random, seed);
    for (int k = 0; k < model->tensor_count; k++) {
        const struct ql_tensor *tensor = &model->tensors[k];
        const size_t count = (size_t)tensor->rows * (size_t)(tensor->columns == 0 ? 1 : tensor->columns);
        switch (tensor->form->begin) {
        case QL_BEGIN_UNIFORM:
            model_reset_uniform(&random, tensor->data, count, model->dimensions.H);
            break;
        case QL_BEGIN_NORMAL:
            model_reset_normal(&random, tensor->data, count, 1.0f);
            break;
        case QL_BEGIN_SMALL:
            model_reset_normal(&random, tensor->data, count, small_deviation);
            break;
        case QL_BEGIN_TIED:
            model_reset_normal(&random, tensor->data, count, tied_deviation);
            break;
        case QL_BEGIN_RESIDUAL:
            model_reset_normal(&random, tensor->data, count,
                               small_deviation / sqrtf(2.0f * (float)model->dimensions.L));
            break;
        case QL_BEGIN_ONE:
            for (size_t i = 0; i < count; i++) {
                tensor->data[i] = 1.0f;
            }
            break;
        }
    }
}
