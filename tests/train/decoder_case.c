// One window of a decoder as the trainer and the reference see it: see decoder_case.h.
#include "decoder_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "device/random.h"
#include "train/dropout.h"

// The share of units dropped in a case with dropout.
static const double dropout_share = 0.3;

// In a case with smoothing: that of the targets, and the share of units dropped before the output.
static const double smoothing_share = 0.2, output_dropout_share = 0.4;

void decoder_case_write_name(char name[DECODER_CASE_NAME_BYTES], const struct decoder_setup *s)
{
    (void)snprintf(name, DECODER_CASE_NAME_BYTES, "V%d-E%d-L%d-heads%d-kv%d-F%d-T%d-B%d%s%s%s%s%s", s->V, s->E, s->L,
                   s->heads, s->kv_heads, s->feed, s->T, s->B, s->dropout ? "-dropout" : "",
                   s->padding ? "-padding" : "", s->smoothing ? "-smoothing" : "",
                   s->weights == QL_WEIGHTS_F32 ? "" : "-",
                   s->weights == QL_WEIGHTS_F32 ? "" : ql_weight_format_write(s->weights));
}

// Larger than the initial weights of a training, so that no part of the model is nearly linear, and smaller in wide
// models, where rounding errors would otherwise grow from layer to layer. Gains are around 1.
static void share_parameters(struct decoder_case *test_case, struct ql_random *random)
{
    struct ql_model *model = &test_case->model;

    for (int k = 0; k < model->tensor_count; k++) {
        const struct ql_tensor *tensor = &model->tensors[k];
        const size_t first = (size_t)(tensor->data - model->block);
        const size_t count = (size_t)tensor->rows * (size_t)(tensor->columns == 0 ? 1 : tensor->columns);
        const float bound = tensor->columns > 16 ? 2.4f / sqrtf((float)tensor->columns) : 0.6f;
        for (size_t i = 0; i < count; i++) {
            const float value = 2.0f * ql_random_step_f32(random) - 1.0f;
            tensor->data[i] = tensor->columns == 0 ? 1.0f + 0.5f * value : bound * value;
            test_case->parameters[first + i] = (double)tensor->data[i];
        }
    }
}

// Value heads and numbers behind the gate of different magnitudes, one of them zero.
static void share_units(struct decoder_case *test_case, struct ql_random *random)
{
    float ranges[16] = {0}, products[512] = {0};

    for (int l = 0; l < test_case->setup.L; l++) {
        for (int g = 0; g < test_case->setup.kv_heads; g++) {
            ranges[g] = l == 0 && g == 0 ? 0.0f : 0.1f + ql_random_step_f32(random);
        }
        for (int k = 0; k < test_case->setup.feed; k++) {
            products[k] = k == 1 ? 0.0f : 0.1f + ql_random_step_f32(random);
        }
        ql_trainer_set_units(&test_case->trainer, l, ranges, products);
    }
}

// Gives the reference the parameters that the trainer has rounded.
static void share_rounded(struct decoder_case *test_case)
{
    const struct ql_model *rounded = &test_case->trainer.rounded.model;

    for (size_t k = 0; k < rounded->count; k++) {
        test_case->parameters[k] = (double)rounded->block[k];
    }
    for (size_t k = 0; k < test_case->dims.V * test_case->dims.E; k++) {
        test_case->output[k] = (double)rounded->output_weight[k];
    }
    test_case->window.output = test_case->output;
}

// The last sequences are the shorter ones, as the batcher pads them.
static void share_window(struct decoder_case *test_case, struct ql_random *random)
{
    const struct decoder_setup *s = &test_case->setup;

    for (int t = 0; t < s->T; t++) {
        for (int b = 0; b < s->B; b++) {
            const int k = t * s->B + b;
            const bool counts = !s->padding || t == 0 || t * 3 < s->T * (3 - b % 3);
            test_case->tokens[k] = (int32_t)(ql_random_step(random) % (uint32_t)s->V);
            test_case->targets[k] = (int32_t)(ql_random_step(random) % (uint32_t)s->V);
            test_case->inputs[k] = (uint16_t)test_case->tokens[k];
            test_case->outputs[k] = (uint16_t)test_case->targets[k];
            test_case->weight[k] = counts ? 1 : 0;
            test_case->weights[k] = counts ? 1.0f : 0.0f;
            test_case->batch.total_weight += counts ? 1 : 0;
        }
    }
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

static void share_mask(struct decoder_case *test_case)
{
    const struct ql_trainer *trainer = &test_case->trainer;
    const size_t values = test_case->dims.T * test_case->dims.B * test_case->dims.E;

    for (size_t mask = 0; mask < 2 * test_case->dims.L + 1; mask++) {
        draw_mask(test_case->mask + mask * values, trainer, (struct ql_dropout_place){(int)mask, (float)dropout_share},
                  values);
    }
    draw_mask(test_case->output_mask, trainer,
              (struct ql_dropout_place){QL_DROPOUT_OUTPUT_MASK, (float)output_dropout_share}, values);
}

static bool take_memory(struct decoder_case *test_case)
{
    const struct ref_decoder_dims *d = &test_case->dims;
    const size_t places = d->T * d->B, count = ref_decoder_count(d);

    test_case->tokens = calloc(places, sizeof(int32_t));
    test_case->targets = calloc(places, sizeof(int32_t));
    test_case->inputs = calloc(places, sizeof(uint16_t));
    test_case->outputs = calloc(places, sizeof(uint16_t));
    test_case->weights = calloc(places, sizeof(float));
    test_case->weight = calloc(places, sizeof(double));
    test_case->mask = calloc((2 * d->L + 1) * places * d->E, sizeof(double));
    test_case->output_mask = calloc(places * d->E, sizeof(double));
    test_case->parameters = calloc(count, sizeof(double));
    test_case->gradient = calloc(count, sizeof(double));
    test_case->logits = calloc(places * d->V, sizeof(double));
    test_case->output = calloc(d->V * d->E, sizeof(double));
    return test_case->tokens != NULL && test_case->targets != NULL && test_case->inputs != NULL &&
           test_case->outputs != NULL && test_case->weights != NULL && test_case->weight != NULL &&
           test_case->mask != NULL && test_case->output_mask != NULL && test_case->parameters != NULL &&
           test_case->gradient != NULL && test_case->logits != NULL && test_case->output != NULL;
}

enum ql_status decoder_case_init(struct decoder_case *test_case, const struct decoder_setup *s, int threads,
                                 struct ql_error *error)
{
    const struct ql_dimensions d = {.V = s->V,
                                    .E = s->E,
                                    .H = s->E,
                                    .L = s->L,
                                    .layer = QL_LAYER_DECODER,
                                    .heads = s->heads,
                                    .kv_heads = s->kv_heads,
                                    .feed = s->feed,
                                    .context = s->T + 1};
    const struct ql_trainer_options options = {.batch_size = s->B,
                                               .seq_length = s->T,
                                               .threads = threads,
                                               .dropout = s->dropout ? dropout_share : 0,
                                               .output_dropout = s->smoothing ? output_dropout_share : 0,
                                               .label_smoothing = s->smoothing ? smoothing_share : 0,
                                               .beta2 = 0.98,
                                               .seed = s->seed,
                                               .weights = s->weights};
    struct ql_random random;
    enum ql_status status;

    *test_case = (struct decoder_case){.setup = *s,
                                       .dims = {(size_t)s->V, (size_t)s->E, (size_t)s->L, (size_t)s->heads,
                                                (size_t)s->kv_heads, (size_t)s->feed, (size_t)s->T, (size_t)s->B}};
    ql_random_init(&random, s->seed);
    if (!take_memory(test_case)) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
    }
    if ((status = ql_model_init(&test_case->model, d, error)) != QL_OK) {
        return status;
    }
    share_parameters(test_case, &random);
    if ((status = ql_trainer_init(&test_case->trainer, &test_case->model, &options, error)) != QL_OK) {
        return status;
    }
    if (s->weights != QL_WEIGHTS_F32) {
        share_units(test_case, &random);
    }
    share_window(test_case, &random);
    share_mask(test_case);
    test_case->window = (struct ref_decoder_window){.tokens = test_case->tokens,
                                                    .targets = test_case->targets,
                                                    .weight = s->padding ? test_case->weight : NULL,
                                                    .dropout_mask = s->dropout ? test_case->mask : NULL,
                                                    .output_mask = s->smoothing ? test_case->output_mask : NULL,
                                                    .label_smoothing = s->smoothing ? smoothing_share : 0};
    test_case->batch.inputs = test_case->inputs;
    test_case->batch.targets = test_case->outputs;
    test_case->batch.weights = s->padding ? test_case->weights : NULL;
    test_case->batch.T = s->T;
    test_case->batch.B = s->B;
    test_case->batch.reset = true;
    return QL_OK;
}

void decoder_case_free(struct decoder_case *test_case)
{
    ql_trainer_free(&test_case->trainer);
    ql_model_free(&test_case->model);
    free(test_case->tokens);
    free(test_case->targets);
    free(test_case->inputs);
    free(test_case->outputs);
    free(test_case->weights);
    free(test_case->weight);
    free(test_case->mask);
    free(test_case->output_mask);
    free(test_case->parameters);
    free(test_case->gradient);
    free(test_case->logits);
    free(test_case->output);
    *test_case = (struct decoder_case){0};
}

enum ql_status decoder_case_backward(struct decoder_case *test_case, double *loss, struct ql_error *error)
{
    ql_trainer_backward(&test_case->trainer, &test_case->batch, loss);
    if (test_case->setup.weights != QL_WEIGHTS_F32) {
        share_rounded(test_case);
    }
    return ref_decoder_run(&test_case->loss, test_case->logits, test_case->gradient, test_case->parameters,
                           &test_case->window, &test_case->dims)
               ? QL_OK
               : ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the reference");
}
