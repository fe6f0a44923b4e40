// Recognizes a stack of recurrent layers: see rnn_pattern.h. It looks at kernel calls, where layouts are settled, and not
// at nodes, of which there are many spellings.
// Uses: generate/rnn_engine.h, onnx/program.
#include "generate/rnn_pattern.h"

#include <string.h>

// Where a layer's call has its buffers; those of the weights follow one another: w_ih, w_hh, bias_ih, bias_hh.
static const struct layer_form {
    enum ql_kernel_id kernel;
    enum ql_cell cell;
    int x, w_ih;
} forms[] = {
    {QL_KERNEL_LSTM_F32, QL_CELL_LSTM, 4, 7},
    {QL_KERNEL_GRU_F32, QL_CELL_GRU, 3, 5},
    {QL_KERNEL_RNN_F32, QL_CELL_RNN, 3, 5},
};

struct search {
    const struct ql_program *program;
    struct ql_rnn_weights_view *weights;
    int value; // root of what the calls so far have made, -1 before the look-up
    bool output, done;
};

static int root_of(const struct ql_program *program, int value)
{
    return value < 0 ? -1 : program->values[value].root;
}

static const float *constant(const struct ql_program *program, int value)
{
    if (value < 0) {
        return NULL;
    }
    const struct ql_program_value *root = ql_program_root(program, value);
    if (root->storage != QL_STORAGE_CONSTANT || root->type != QL_ELEMENT_F32) {
        return NULL;
    }
    return (const float *)root->data + program->values[value].offset / sizeof(float);
}

static bool take_lookup(struct search *search, const struct ql_kernel_call *call)
{
    struct ql_dimensions *d = &search->weights->dimensions;

    search->weights->embedding = constant(search->program, call->buffers[1]);
    d->E = call->ints[3];
    search->value = root_of(search->program, call->buffers[0]);
    return search->weights->embedding != NULL && call->ints[0] == (int)sizeof(float) && call->ints[1] == 1 &&
           call->ints[2] == d->V && call->ints[4] == 1;
}

static bool take_layer(struct search *search, const struct ql_kernel_call *call, const struct layer_form *form)
{
    const struct ql_program *program = search->program;
    struct ql_dimensions *d = &search->weights->dimensions;
    const int l = d->L++;

    if (l == QL_MODEL_LAYER_LIMIT || search->output || root_of(program, call->buffers[form->x]) != search->value) {
        return false;
    }
    if (l == 0) {
        d->cell = form->cell;
        d->H = call->ints[2];
    }
    search->weights->layers[l].w_ih = constant(program, call->buffers[form->w_ih]);
    search->weights->layers[l].w_hh = constant(program, call->buffers[form->w_ih + 1]);
    search->weights->layers[l].bias_ih = constant(program, call->buffers[form->w_ih + 2]);
    if (form->cell == QL_CELL_GRU) {
        search->weights->layers[l].bias_hh = constant(program, call->buffers[form->w_ih + 3]);
    }
    search->value = root_of(program, call->buffers[0]);
    return form->cell == d->cell && call->ints[0] == 1 && call->ints[1] == (l == 0 ? d->E : d->H) &&
           call->ints[2] == d->H && search->value >= 0 && search->weights->layers[l].w_ih != NULL &&
           search->weights->layers[l].w_hh != NULL && search->weights->layers[l].bias_ih != NULL &&
           (form->cell != QL_CELL_GRU || search->weights->layers[l].bias_hh != NULL);
}

// A product with the output's weights, with or without the bias that its sums begin with.
static bool take_output(struct search *search, const struct ql_kernel_call *call, bool with_bias)
{
    const struct ql_program *program = search->program;
    const struct ql_dimensions *d = &search->weights->dimensions;

    search->weights->output_weight = constant(program, call->buffers[2]);
    search->weights->output_bias = with_bias ? constant(program, call->buffers[3]) : NULL;
    const bool fits = d->L > 0 && !search->output && root_of(program, call->buffers[1]) == search->value &&
                      search->weights->output_weight != NULL && call->ints[0] == 1 && call->ints[1] == d->H &&
                      call->ints[2] == d->V;
    search->output = true;
    search->done = search->weights->output_bias != NULL;
    search->value = root_of(program, call->buffers[0]);
    return fits;
}

// The bias that is added behind.
static bool take_sum(struct search *search, const struct ql_kernel_call *call)
{
    const struct ql_program *program = search->program;

    if (!search->output || search->done || strcmp(call->operations[0]->name, "ql_add_f32") != 0) {
        return false;
    }
    for (int k = 1; k <= 2; k++) {
        const float *bias = constant(program, call->buffers[k]);
        if (bias != NULL && program->values[call->buffers[k]].count == search->weights->dimensions.V &&
            root_of(program, call->buffers[3 - k]) == search->value) {
            search->weights->output_bias = bias;
            search->weights->bias_last = search->done = true;
        }
    }
    return search->done;
}

static bool take_call(struct search *search, const struct ql_kernel_call *call)
{
    const ptrdiff_t kernel = call->kernel - ql_kernels;

    for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++) {
        if (kernel == (ptrdiff_t)forms[k].kernel) {
            return take_layer(search, call, &forms[k]);
        }
    }
    switch (kernel) {
    case QL_KERNEL_GATHER:
        return search->value < 0 && take_lookup(search, call);
    case QL_KERNEL_GEMM_F32:
        return take_output(search, call, true);
    case QL_KERNEL_MATMUL_F32:
        return take_output(search, call, false);
    case QL_KERNEL_BINARY_F32:
        return take_sum(search, call);
    case QL_KERNEL_COPY:
        return true;
    default:
        return false;
    }
}

bool ql_rnn_pattern_find(struct ql_rnn_weights_view *weights, const struct ql_program *program, int V)
{
    struct search search = {.program = program, .weights = weights, .value = -1};
    bool fits = true;

    *weights = (struct ql_rnn_weights_view){.dimensions = {.V = V}};
    for (int i = 0; i < program->call_count && fits; i++) {
        fits = take_call(&search, &program->calls[i]);
    }
    return fits && search.done;
}
