// A reference case as the trainer sees it: see trainer_case.h.
// Uses: reference_case, model, train, the C library.
#include "trainer_case.h"

#include <stdlib.h>
#include <string.h>

#include "train/dropout.h"

enum ql_cell trainer_case_cell(enum ref_cell cell)
{
    static const enum ql_cell cells[] = {
        [REF_CELL_RNN] = QL_CELL_RNN, [REF_CELL_GRU] = QL_CELL_GRU, [REF_CELL_LSTM] = QL_CELL_LSTM};
    return cells[cell];
}

// The two describe parameters independently; if the descriptions differ, the test has found a bug.
static enum ql_status share_parameters(struct trainer_case *test_case, struct ql_error *error)
{
    const struct ref_parameters *parameters = &test_case->reference.parameters;
    const struct ql_model *model = &test_case->model;

    if (parameters->tensor_count != (size_t)model->tensor_count || parameters->value_count != model->count) {
        return ql_error_write(error, QL_ERROR_INPUT, "model and reference differ in the number of their parameters");
    }
    for (size_t i = 0; i < parameters->tensor_count; i++) {
        const struct ref_tensor *theirs = &parameters->tensors[i];
        const struct ql_tensor *ours = &model->tensors[i];
        if (strcmp(theirs->name, ours->name) != 0 || theirs->shape[0] != (size_t)ours->rows ||
            (theirs->rank == 2 ? theirs->shape[1] != (size_t)ours->columns : ours->columns != 0)) {
            return ql_error_write(error, QL_ERROR_INPUT, "tensor %zu is %s for the reference, %s for the model", i,
                                  theirs->name, ours->name);
        }
    }
    for (size_t k = 0; k < model->count; k++) {
        model->block[k] = (float)parameters->values[k];
        parameters->values[k] = (double)model->block[k];
    }
    return QL_OK;
}

// The mask that the trainer draws at a place in its next step.
static void draw_mask(double *mask, const struct ql_trainer *trainer, struct ql_dropout_place place, size_t count)
{
    const struct ql_dropout dropout = {place.probability,
                                       ql_dropout_key(trainer->options.seed, trainer->step, place.mask)};

    for (size_t k = 0; k < count; k++) {
        const float one = 1.0f;
        float factor;
        ql_dropout_forward(&factor, &one, &dropout, (uint32_t)k, 1);
        mask[k] = (double)factor;
    }
}

// Mask l of the reference is for the output of layer l; the trainer counts it as the input of layer l + 1.
static void share_mask(struct trainer_case *test_case)
{
    struct reference_case *reference = &test_case->reference;
    const struct ref_dims *dims = &reference->setup.dims;
    size_t layer_values = dims->T * dims->B * dims->H;

    for (size_t l = 0; l + 1 < dims->L; l++) {
        draw_mask(reference->dropout_mask + l * layer_values, &test_case->trainer,
                  (struct ql_dropout_place){(int)l + 1, TRAINER_CASE_DROPOUT}, layer_values);
    }
}

static void share_window(struct trainer_case *test_case)
{
    const struct ref_window *window = &test_case->reference.window;
    size_t places = (size_t)test_case->batch.T * (size_t)test_case->batch.B;

    test_case->batch.total_weight = 0;
    for (size_t k = 0; k < places; k++) {
        bool counts = window->weight == NULL || window->weight[k] > 0;
        test_case->inputs[k] = (uint16_t)window->tokens[k];
        test_case->targets[k] = counts ? (uint16_t)window->targets[k] : 0;
        test_case->weights[k] = counts ? 1.0f : 0.0f;
        test_case->batch.total_weight += counts ? 1 : 0;
    }
    test_case->batch.reset = window->h0 == NULL;
    if (window->dropout_mask != NULL) {
        share_mask(test_case);
    }
    if (window->output_mask != NULL) {
        draw_mask(test_case->reference.output_mask, &test_case->trainer,
                  (struct ql_dropout_place){QL_DROPOUT_OUTPUT_MASK, TRAINER_CASE_OUTPUT_DROPOUT},
                  places * test_case->reference.setup.dims.H);
    }
}

enum ql_status trainer_case_init(struct trainer_case *test_case, const struct reference_setup *setup, int threads,
                                 struct ql_error *error)
{
    const struct ref_dims *dims = &setup->dims;
    size_t places = dims->T * dims->B;
    enum ql_status status;

    *test_case = (struct trainer_case){0};
    const char *problem = reference_case_init(&test_case->reference, setup);
    if (problem != NULL) {
        return ql_error_write(error, QL_ERROR_INPUT, "reference: %s", problem);
    }
    test_case->reference.window.h0 = NULL;
    test_case->reference.window.c0 = NULL;
    test_case->inputs = calloc(places, sizeof test_case->inputs[0]);
    test_case->targets = calloc(places, sizeof test_case->targets[0]);
    test_case->weights = calloc(places, sizeof test_case->weights[0]);
    if (test_case->inputs == NULL || test_case->targets == NULL || test_case->weights == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
    }
    struct ql_dimensions dimensions = {.cell = trainer_case_cell(dims->cell),
                                       .V = (int)dims->V,
                                       .E = (int)dims->E,
                                       .H = (int)dims->H,
                                       .L = (int)dims->L,
                                       .layer = QL_LAYER_RECURRENT};
    struct ql_trainer_options options = {
        .batch_size = (int)dims->B,
        .seq_length = (int)dims->T,
        .threads = threads,
        .dropout = setup->dropout ? (double)TRAINER_CASE_DROPOUT : 0.0,
        .output_dropout = setup->smoothing ? (double)TRAINER_CASE_OUTPUT_DROPOUT : 0.0,
        .label_smoothing = setup->smoothing ? REFERENCE_CASE_SMOOTHING : 0.0,
        .beta2 = 0.999,
        .seed = (uint32_t)setup->seed,
    };
    if ((status = ql_model_init(&test_case->model, dimensions, error)) != QL_OK ||
        (status = share_parameters(test_case, error)) != QL_OK ||
        (status = ql_trainer_init(&test_case->trainer, &test_case->model, &options, error)) != QL_OK) {
        return status;
    }
    test_case->batch = (struct ql_batch){
        .inputs = test_case->inputs,
        .targets = test_case->targets,
        .weights = setup->padding ? test_case->weights : NULL,
        .T = options.seq_length,
        .B = options.batch_size,
    };
    share_window(test_case);
    return QL_OK;
}

void trainer_case_free(struct trainer_case *test_case)
{
    ql_trainer_free(&test_case->trainer);
    ql_model_free(&test_case->model);
    reference_case_free(&test_case->reference);
    free(test_case->inputs);
    free(test_case->targets);
    free(test_case->weights);
    *test_case = (struct trainer_case){0};
}

enum ql_status trainer_case_backward(struct trainer_case *test_case, double *loss, struct ql_error *error)
{
    const char *problem = reference_case_backward(&test_case->reference);

    if (problem != NULL) {
        return ql_error_write(error, QL_ERROR_INPUT, "reference: %s", problem);
    }
    ql_trainer_backward(&test_case->trainer, &test_case->batch, loss);
    return QL_OK;
}

void trainer_case_step(struct trainer_case *test_case)
{
    struct reference_case *reference = &test_case->reference;
    const struct ref_dims *dims = &reference->setup.dims;
    size_t state_values = dims->B * dims->H;
    uint64_t random = reference->setup.seed + 1;

    for (size_t l = 0; l < dims->L; l++) {
        const struct ref_layer_trace *trace = &reference->trace.layers[l];
        size_t last = dims->T * state_values;
        memcpy(reference->h0 + l * state_values, trace->h + last, state_values * sizeof(double));
        memcpy(reference->c0 + l * state_values, trace->c + last, state_values * sizeof(double));
    }
    for (size_t k = 0; k < dims->T * dims->B; k++) {
        reference->tokens[k] = (int32_t)reference_random_uniform(&random, 0, (double)dims->V);
    }
    reference->window.h0 = reference->h0;
    reference->window.c0 = dims->cell == REF_CELL_LSTM ? reference->c0 : NULL;
    test_case->trainer.step++;
    share_window(test_case);
}

// The network keeps the top layer's output of a shard, after dropout; the output layer is applied to it here.
static void write_shard_logits(float *logits, const struct trainer_case *test_case, struct ql_shard shard)
{
    const struct ql_model *model = &test_case->model;
    const struct ql_dimensions d = model->dimensions;
    const struct ql_workspace *workspace = &test_case->trainer.workspaces[0];
    const float *h = test_case->trainer.options.output_dropout > 0.0
                         ? workspace->before_output
                         : workspace->traces[d.L - 1].recurrent.h + (size_t)shard.S * (size_t)d.H;

    for (int t = 0; t < test_case->batch.T; t++) {
        for (int s = 0; s < shard.S; s++) {
            const float *row = h + ((size_t)t * (size_t)shard.S + (size_t)s) * (size_t)d.H;
            float *sums = logits + ((size_t)t * (size_t)test_case->batch.B + (size_t)(shard.first + s)) * (size_t)d.V;
            for (int v = 0; v < d.V; v++) {
                sums[v] = model->output_bias[v];
                for (int k = 0; k < d.H; k++) {
                    sums[v] += model->output_weight[(size_t)v * (size_t)d.H + (size_t)k] * row[k];
                }
            }
        }
    }
}

void trainer_case_write_logits(float *logits, struct trainer_case *test_case)
{
    struct ql_trainer *trainer = &test_case->trainer;
    const struct ql_regularization regularization = ql_trainer_regularization(trainer);
    // The state for evaluations has the right size and holds nothing between them.
    struct ql_train_state state = trainer->validation_state;

    for (int k = 0; k < state.layout.part_count; k++) {
        memcpy(state.parts[k], trainer->training_state.parts[k],
               (size_t)test_case->batch.B * state.layout.parts[k].bytes);
    }
    for (int task = 0; task < ql_network_reset_tasks(&trainer->network); task++) {
        ql_network_reset(&trainer->network, task);
    }
    for (int first = 0; first < test_case->batch.B; first += QL_TRAINER_SHARD_SEQUENCES) {
        int left = test_case->batch.B - first;
        struct ql_shard shard = {first, left < QL_TRAINER_SHARD_SEQUENCES ? left : QL_TRAINER_SHARD_SEQUENCES};
        (void)ql_network_forward(&trainer->network, &trainer->workspaces[0], &test_case->batch, shard, &state,
                                 &regularization);
        write_shard_logits(logits, test_case, shard);
    }
}
