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

// Largest E and H. Beyond, it is no tiny model, and sizes would no longer be safe in an int.
enum { MODEL_SIZE_LIMIT = 8192 };

// Most parameters: 400 MB, a hundred times what a microcontroller holds.
enum { MODEL_PARAMETER_LIMIT = 100000000 };

static const char *const cell_names[] = {"lstm", "gru", "rnn"};

struct ql_text_rules ql_model_info_text_rules(const struct ql_model_info *info)
{
    struct ql_text_rules rules;

    ql_text_rules_init(&rules, info->vocabulary.symbols, info->vocabulary.count);
    if (info->items && rules.newline >= 0) {
        rules.resets[rules.reset_count++] = rules.newline;
    }
    return rules;
}

int ql_cell_gates(enum ql_cell cell)
{
    return cell == QL_CELL_LSTM ? 4 : cell == QL_CELL_GRU ? 3 : 1;
}

const char *ql_cell_write(enum ql_cell cell)
{
    return cell_names[cell];
}

enum ql_status ql_cell_read(enum ql_cell *cell, const char *name, struct ql_error *error)
{
    for (int i = 0; i < 3; i++) {
        if (strcmp(name, cell_names[i]) == 0) {
            *cell = (enum ql_cell)i;
            return QL_OK;
        }
    }
    return ql_error_write(error, QL_ERROR_USAGE, "'%s' is no model type; there are lstm, gru and rnn", name);
}

// Adds a tensor to the table. Its place is the end of what is there; `data` is set when the block exists.
static void model_add(struct ql_model *model, float **field, const char *name, int rows, int columns)
{
    assert(model->tensor_count < QL_MODEL_TENSOR_LIMIT);
    struct ql_tensor *tensor = &model->tensors[model->tensor_count++];
    (void)snprintf(tensor->name, sizeof tensor->name, "%s", name);
    tensor->rows = rows;
    tensor->columns = columns;
    if (model->block != NULL) {
        tensor->data = model->block + model->count;
        *field = tensor->data;
    }
    model->count += (size_t)rows * (size_t)(columns == 0 ? 1 : columns);
}

// Lays out the whole table. It runs twice: to count, and, when there is a block, to place.
static void model_lay_out(struct ql_model *model)
{
    const struct ql_dimensions d = model->dimensions;
    int gate_rows = ql_cell_gates(d.cell) * d.H;
    char name[32];

    model->count = 0;
    model->tensor_count = 0;
    model_add(model, &model->embedding, "embedding.weight", d.V, d.E);
    for (int l = 0; l < d.L; l++) {
        struct ql_layer *layer = &model->layers[l];
        (void)snprintf(name, sizeof name, "rnn.weight_ih_l%d", l);
        model_add(model, &layer->weight_ih, name, gate_rows, l == 0 ? d.E : d.H);
        (void)snprintf(name, sizeof name, "rnn.weight_hh_l%d", l);
        model_add(model, &layer->weight_hh, name, gate_rows, d.H);
        (void)snprintf(name, sizeof name, "rnn.bias_ih_l%d", l);
        model_add(model, &layer->bias_ih, name, gate_rows, 0);
        (void)snprintf(name, sizeof name, "rnn.bias_hh_l%d", l);
        model_add(model, &layer->bias_hh, name, gate_rows, 0);
    }
    model_add(model, &model->output_weight, "output.weight", d.V, d.H);
    model_add(model, &model->output_bias, "output.bias", d.V, 0);
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
        (status = model_check_size("embedding_size", dimensions.E, MODEL_SIZE_LIMIT, error)) != QL_OK ||
        (status = model_check_size("rnn_size", dimensions.H, MODEL_SIZE_LIMIT, error)) != QL_OK ||
        (status = model_check_size("num_layers", dimensions.L, QL_MODEL_LAYER_LIMIT, error)) != QL_OK) {
        return status;
    }
    model_lay_out(model);
    if (model->count > MODEL_PARAMETER_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT, "the model would have %zu parameters; at most %d are possible",
                              model->count, MODEL_PARAMETER_LIMIT);
    }
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

void ql_model_state_layout(struct ql_state_layout *layout, const struct ql_dimensions *dimensions)
{
    static const char *const names[] = {"h", "c"};
    const int parts = dimensions->cell == QL_CELL_LSTM ? 2 : 1;

    *layout = (struct ql_state_layout){0};
    for (int l = 0; l < dimensions->L; l++) {
        for (int k = 0; k < parts; k++) {
            const bool added = ql_state_layout_add(layout, (struct ql_state_part){.name = names[k],
                                                                                  .layer = l,
                                                                                  .kind = QL_STATE_REPLACE,
                                                                                  .type = QL_ELEMENT_F32,
                                                                                  .rank = 1,
                                                                                  .dims = {dimensions->H}});
            assert(added);
            (void)added;
        }
    }
}

static void model_reset_uniform(struct ql_random *random, float *values, size_t count, int inputs)
{
    float bound = 1.0f / sqrtf((float)inputs);

    for (size_t i = 0; i < count; i++) {
        values[i] = (2.0f * ql_random_step_f32(random) - 1.0f) * bound;
    }
}

// Box and Muller 1958. 1 - u lies in (0, 1], where the logarithm is finite.
static void model_reset_normal(struct ql_random *random, float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double radius = sqrt(-2.0 * ql_log_f64(1.0 - (double)ql_random_step_f32(random)));
        values[i] = (float)(radius * ql_cosine_of_turns((double)ql_random_step_f32(random)));
    }
}

void ql_model_reset(struct ql_model *model, uint32_t seed)
{
    struct ql_random random;
    size_t embedding_count = (size_t)model->dimensions.V * (size_t)model->dimensions.E;

    // All tensors but the embedding, which is the first of the block, get 1 / sqrt(H): the output layer has H inputs.
    ql_random_init(&random, seed);
    model_reset_normal(&random, model->embedding, embedding_count);
    model_reset_uniform(&random, model->block + embedding_count, model->count - embedding_count, model->dimensions.H);
}
