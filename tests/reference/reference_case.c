// One seeded test case for the reference: see reference_case.h.
// Sizes of the random values are those of a fresh PyTorch model, so that gates work in their nonlinear middle range.
// Uses: reference/, the C library.
#include "reference_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double DROPOUT = 0.4;
static const double PADDING_SHARE = 0.3;

// In no vocabulary: reading the target of a padding token is then certain to be an error.
static const int32_t PADDING_TARGET = -1;

const char *reference_cell_name(enum ref_cell cell)
{
    static const char *const names[] = {[REF_CELL_RNN] = "rnn", [REF_CELL_GRU] = "gru", [REF_CELL_LSTM] = "lstm"};
    return names[cell];
}

void reference_case_write_name(char name[REFERENCE_CASE_NAME_BYTES], const struct reference_setup *setup)
{
    const struct ref_dims *dims = &setup->dims;

    (void)snprintf(name, REFERENCE_CASE_NAME_BYTES, "%s-V%zu-E%zu-H%zu-L%zu-T%zu-B%zu%s%s%s%s",
                   reference_cell_name(dims->cell), dims->V, dims->E, dims->H, dims->L, dims->T, dims->B,
                   setup->dropout ? "-dropout" : "", setup->padding ? "-padding" : "", setup->carried ? "-carried" : "",
                   setup->smoothing ? "-smoothing" : "");
}

double reference_random_uniform(uint64_t *state, double low, double high)
{
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    return low + (high - low) * (double)(z >> 11) * 0x1p-53;
}

static void fill_uniform(double *values, size_t count, double limit, uint64_t *random)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = reference_random_uniform(random, -limit, limit);
    }
}

static void fill_tokens(int32_t *tokens, size_t count, size_t V, uint64_t *random)
{
    for (size_t i = 0; i < count; i++) {
        tokens[i] = (int32_t)reference_random_uniform(random, 0, (double)V);
    }
}

const char *reference_case_init(struct reference_case *test_case, const struct reference_setup *setup)
{
    *test_case = (struct reference_case){.setup = *setup};

    const struct ref_dims *dims = &setup->dims;
    const char *problem = ref_parameters_init(&test_case->parameters, dims);
    if (problem == NULL) {
        problem = ref_parameters_init(&test_case->dparameters, dims);
    }
    if (problem == NULL) {
        problem = ref_trace_init(&test_case->trace, dims);
    }
    if (problem == NULL) {
        problem = ref_trace_init(&test_case->dtrace, dims);
    }
    if (problem != NULL) {
        return problem;
    }

    size_t steps = dims->T * dims->B;
    size_t mask_values = (dims->L - 1) * steps * dims->H;
    size_t output_values = steps * dims->H;
    size_t state_values = dims->L * dims->B * dims->H;

    test_case->tokens = calloc(steps, sizeof test_case->tokens[0]);
    test_case->targets = calloc(steps, sizeof test_case->targets[0]);
    test_case->weight = calloc(steps, sizeof test_case->weight[0]);
    test_case->dropout_mask = calloc(mask_values + 1, sizeof test_case->dropout_mask[0]); // + 1: never empty
    test_case->output_mask = calloc(output_values, sizeof test_case->output_mask[0]);
    test_case->h0 = calloc(state_values, sizeof test_case->h0[0]);
    test_case->c0 = calloc(state_values, sizeof test_case->c0[0]);
    if (test_case->tokens == NULL || test_case->targets == NULL || test_case->weight == NULL ||
        test_case->dropout_mask == NULL || test_case->output_mask == NULL || test_case->h0 == NULL ||
        test_case->c0 == NULL) {
        return "out of memory";
    }

    uint64_t random = setup->seed;

    fill_uniform(test_case->parameters.values, test_case->parameters.value_count, 1 / sqrt((double)dims->H), &random);
    fill_uniform(test_case->parameters.tensors[0].data, dims->V * dims->E, 1, &random);
    fill_tokens(test_case->tokens, steps, dims->V, &random);
    fill_tokens(test_case->targets, steps, dims->V, &random);
    fill_uniform(test_case->h0, state_values, 1, &random);
    fill_uniform(test_case->c0, state_values, 2, &random); // c, unlike h, leaves [-1, 1]
    for (size_t i = 0; i < mask_values; i++) {
        test_case->dropout_mask[i] = reference_random_uniform(&random, 0, 1) < DROPOUT ? 0 : 1 / (1 - DROPOUT);
    }
    for (size_t i = 0; i < steps; i++) {
        bool is_padding = i > 0 && reference_random_uniform(&random, 0, 1) < PADDING_SHARE;
        test_case->weight[i] = is_padding ? 0 : 1;
        if (setup->padding && is_padding) {
            test_case->targets[i] = PADDING_TARGET;
        }
    }
    for (size_t i = 0; i < output_values; i++) {
        test_case->output_mask[i] = reference_random_uniform(&random, 0, 1) < DROPOUT ? 0 : 1 / (1 - DROPOUT);
    }

    test_case->window = (struct ref_window){
        .tokens = test_case->tokens,
        .targets = test_case->targets,
        .weight = setup->padding ? test_case->weight : NULL,
        .dropout_mask = setup->dropout ? test_case->dropout_mask : NULL,
        .output_mask = setup->smoothing ? test_case->output_mask : NULL,
        .label_smoothing = setup->smoothing ? REFERENCE_CASE_SMOOTHING : 0,
        .h0 = setup->carried ? test_case->h0 : NULL,
        .c0 = setup->carried && dims->cell == REF_CELL_LSTM ? test_case->c0 : NULL,
    };
    return NULL;
}

void reference_case_free(struct reference_case *test_case)
{
    ref_parameters_free(&test_case->parameters);
    ref_parameters_free(&test_case->dparameters);
    ref_trace_free(&test_case->trace);
    ref_trace_free(&test_case->dtrace);
    free(test_case->tokens);
    free(test_case->targets);
    free(test_case->weight);
    free(test_case->dropout_mask);
    free(test_case->output_mask);
    free(test_case->h0);
    free(test_case->c0);
    *test_case = (struct reference_case){0};
}

const char *reference_case_forward(struct reference_case *test_case)
{
    return ref_char_rnn_forward(&test_case->trace, &test_case->window, &test_case->parameters, &test_case->setup.dims);
}

const char *reference_case_backward(struct reference_case *test_case)
{
    const char *problem = reference_case_forward(test_case);
    if (problem == NULL) {
        ref_char_rnn_backward(&test_case->dparameters, &test_case->dtrace, &test_case->trace, &test_case->window,
                              &test_case->parameters, &test_case->setup.dims);
    }
    return problem;
}
