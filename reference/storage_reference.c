// Memory for parameters and traces: see storage_reference.h.
// One block holds all values; the tensors and arrays are taken from it one after another.
// Uses: the C library.
#include "reference/storage_reference.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

// Blocks of H rows in the weights of a cell.
static const size_t GATE_COUNT[] = {[REF_CELL_RNN] = 1, [REF_CELL_GRU] = 3, [REF_CELL_LSTM] = 4};

static const char NO_MEMORY[] = "out of memory: choose smaller sizes";

static bool size_is_valid(size_t size)
{
    return size > 0 && size <= REF_SIZE_LIMIT;
}

static const char *dims_check(const struct ref_dims *dims)
{
    if (!size_is_valid(dims->V) || !size_is_valid(dims->E) || !size_is_valid(dims->H) || !size_is_valid(dims->L) ||
        !size_is_valid(dims->T) || !size_is_valid(dims->B)) {
        return "dims: a size is 0 or above REF_SIZE_LIMIT";
    }
    if (dims->cell != REF_CELL_RNN && dims->cell != REF_CELL_GRU && dims->cell != REF_CELL_LSTM) {
        return "dims: the cell is none of RNN, GRU and LSTM";
    }
    return NULL;
}

size_t ref_layer_input_size(const struct ref_dims *dims, size_t l)
{
    return l == 0 ? dims->E : dims->H;
}

static size_t tensor_size(const struct ref_tensor *tensor)
{
    return tensor->shape[0] * tensor->shape[1];
}

// `columns` is 0 for a tensor of rank 1.
static void tensor_init(struct ref_tensor *tensor, size_t rows, size_t columns, const char *name)
{
    (void)snprintf(tensor->name, sizeof tensor->name, "%s", name);
    tensor->rank = columns == 0 ? 1 : 2;
    tensor->shape[0] = rows;
    tensor->shape[1] = columns == 0 ? 1 : columns;
}

const char *ref_parameters_init(struct ref_parameters *parameters, const struct ref_dims *dims)
{
    *parameters = (struct ref_parameters){0};

    const char *problem = dims_check(dims);
    if (problem != NULL) {
        return problem;
    }

    parameters->tensor_count = FIRST_LAYER + TENSORS_PER_LAYER * dims->L + OUTPUT_TENSORS;
    parameters->tensors = calloc(parameters->tensor_count, sizeof parameters->tensors[0]);
    if (parameters->tensors == NULL) {
        ref_parameters_free(parameters);
        return NO_MEMORY;
    }

    tensor_init(&parameters->tensors[EMBEDDING_WEIGHT], dims->V, dims->E, "embedding.weight");
    for (size_t l = 0; l < dims->L; l++) {
        static const char *const names[TENSORS_PER_LAYER] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
        const size_t columns[TENSORS_PER_LAYER] = {ref_layer_input_size(dims, l), dims->H, 0, 0};

        for (size_t i = 0; i < TENSORS_PER_LAYER; i++) {
            char name[REF_TENSOR_NAME_BYTES];
            (void)snprintf(name, sizeof name, "rnn.%s_l%zu", names[i], l);
            tensor_init(&parameters->tensors[FIRST_LAYER + TENSORS_PER_LAYER * l + i], GATE_COUNT[dims->cell] * dims->H,
                        columns[i], name);
        }
    }
    struct ref_tensor *output = &parameters->tensors[FIRST_LAYER + TENSORS_PER_LAYER * dims->L];
    tensor_init(&output[OUTPUT_WEIGHT], dims->V, dims->H, "output.weight");
    tensor_init(&output[OUTPUT_BIAS], dims->V, 0, "output.bias");

    for (size_t i = 0; i < parameters->tensor_count; i++) {
        parameters->value_count += tensor_size(&parameters->tensors[i]);
    }
    parameters->values = calloc(parameters->value_count, sizeof parameters->values[0]);
    if (parameters->values == NULL) {
        ref_parameters_free(parameters);
        return NO_MEMORY;
    }

    double *data = parameters->values;
    for (size_t i = 0; i < parameters->tensor_count; i++) {
        parameters->tensors[i].data = data;
        data += tensor_size(&parameters->tensors[i]);
    }
    return NULL;
}

void ref_parameters_free(struct ref_parameters *parameters)
{
    free(parameters->tensors);
    free(parameters->values);
    *parameters = (struct ref_parameters){0};
}

const char *ref_trace_init(struct ref_trace *trace, const struct ref_dims *dims)
{
    *trace = (struct ref_trace){0};

    const char *problem = dims_check(dims);
    if (problem != NULL) {
        return problem;
    }

    size_t steps = dims->T * dims->B;
    size_t top_values = steps * dims->H;
    size_t logit_values = steps * dims->V;
    size_t state_values = (dims->T + 1) * dims->B * dims->H;
    size_t gate_values = steps * REF_GATES * dims->H;

    trace->value_count = top_values + logit_values;
    for (size_t l = 0; l < dims->L; l++) {
        trace->value_count += steps * ref_layer_input_size(dims, l) + 2 * state_values + gate_values;
    }
    trace->values = calloc(trace->value_count, sizeof trace->values[0]);
    trace->layers = calloc(dims->L, sizeof trace->layers[0]);
    if (trace->values == NULL || trace->layers == NULL) {
        ref_trace_free(trace);
        return NO_MEMORY;
    }

    double *values = trace->values;
    trace->top = values;
    values += top_values;
    trace->logits = values;
    values += logit_values;
    for (size_t l = 0; l < dims->L; l++) {
        struct ref_layer_trace *layer = &trace->layers[l];
        layer->input_size = ref_layer_input_size(dims, l);
        layer->x = values;
        values += steps * layer->input_size;
        layer->h = values;
        values += state_values;
        layer->c = values;
        values += state_values;
        layer->gates = values;
        values += gate_values;
    }
    return NULL;
}

void ref_trace_free(struct ref_trace *trace)
{
    free(trace->layers);
    free(trace->values);
    *trace = (struct ref_trace){0};
}
