// Tables of what a token contributes to the first layer: see token_table.h. The pattern is searched for among the
// kernel calls, where shapes, layouts, and constants are known, and not among the graph's nodes, where it has many
// spellings.
// Uses: base, device, onnx.
#include "codegen/token_table.h"

#include <stdlib.h>
#include <string.h>

#include "device/recurrent_token.h"
#include "onnx/memory_plan.h"
#include "onnx/recurrent_call.h"

static bool run_lstm(const struct ql_kernel_arguments *arguments)
{
    void *const *b = arguments->buffers;
    const int *i = arguments->ints;
    return ql_lstm_token_f32(b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], i[0], i[1], i[2]);
}

static bool run_gru(const struct ql_kernel_arguments *arguments)
{
    void *const *b = arguments->buffers;
    const int *i = arguments->ints;
    return ql_gru_token_f32(b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], i[0], i[1], i[2]);
}

static bool run_rnn(const struct ql_kernel_arguments *arguments)
{
    void *const *b = arguments->buffers;
    const int *i = arguments->ints;
    return ql_rnn_token_f32(b[0], b[1], b[2], b[3], b[4], b[5], b[6], i[0], i[1], i[2]);
}

// The kernels with a table, by cell. Compared with the plain call, such a call has `tokens` in place of x, the table in
// place of w_ih, no bias of the input, and V in place of I.
static const struct ql_kernel token_kernels[] = {
    [QL_CELL_LSTM] = {"ql_lstm_token_f32", "device/recurrent_token.h", 4, 9, 0, 3, 0, 0, true, run_lstm},
    [QL_CELL_GRU] = {"ql_gru_token_f32", "device/recurrent_token.h", 3, 8, 0, 3, 0, 0, true, run_gru},
    [QL_CELL_RNN] = {"ql_rnn_token_f32", "device/recurrent_token.h", 3, 7, 0, 3, 0, 0, true, run_rnn},
};

static int root_of(const struct ql_program *program, int value)
{
    return value < 0 ? -1 : program->values[value].root;
}

// How the storage of a root is used.
struct use {
    int count;  // arguments of calls, and outputs of the graph, that are in it
    int gather; // the first call that gathers into it, or -1
    int writer; // the last call that writes to it, or -1
};

// The uses of all roots of the program, or NULL when there is not enough memory; the caller frees it.
static struct use *find_uses(const struct ql_program *program)
{
    struct use *uses = calloc((size_t)program->value_count + 1, sizeof uses[0]);

    for (int i = 0; i < program->value_count && uses != NULL; i++) {
        uses[i] = (struct use){0, -1, -1};
    }
    for (int i = 0; i < program->call_count && uses != NULL; i++) {
        const struct ql_kernel_call *call = &program->calls[i];
        for (int k = 0; k < call->kernel->buffer_count; k++) {
            if (call->buffers[k] >= 0) {
                struct use *use = &uses[root_of(program, call->buffers[k])];
                use->count++;
                use->writer = k < call->kernel->output_count ? i : use->writer;
            }
        }
        if (call->kernel == &ql_kernels[QL_KERNEL_GATHER] && uses[root_of(program, call->buffers[0])].gather < 0) {
            uses[root_of(program, call->buffers[0])].gather = i;
        }
    }
    for (int i = 0; i < program->graph->output_count && uses != NULL; i++) {
        uses[root_of(program, ql_program_result(program, i))].count++;
    }
    return uses;
}

// Returns whether a call after the gather, up to call `last`, writes where the gather reads its indices: a state that
// comes out where it went in.
static bool is_index_overwritten(const struct ql_program *program, const struct use *uses, int gather, int last)
{
    const int root = root_of(program, program->calls[gather].buffers[2]);
    bool found = false;

    for (int i = gather + 1; i <= last && i <= uses[root].writer; i++) {
        const struct ql_kernel_call *call = &program->calls[i];
        for (int k = 0; call->kernel != NULL && k < call->kernel->output_count; k++) {
            found = found || root_of(program, call->buffers[k]) == root;
        }
    }
    return found;
}

// The call that gathers the whole input of `layer` from a constant for that call alone, or -1. The layer has to find the
// indices as the gather found them.
static int find_gather(const struct ql_program *program, const struct use *uses, const struct ql_kernel_call *layer,
                       int x)
{
    const struct ql_program_value *value = &program->values[x];
    const int gather = uses[value->root].gather;

    if (value->offset != 0 || program->values[value->root].bytes != value->bytes || uses[value->root].count != 2 ||
        gather < 0 || &program->calls[gather] >= layer ||
        is_index_overwritten(program, uses, gather, (int)(layer - program->calls))) {
        return -1;
    }
    const struct ql_kernel_call *call = &program->calls[gather];
    bool rows = call->ints[0] == (int)sizeof(float) && call->ints[1] == 1 && call->ints[3] == layer->ints[1];
    return rows && ql_program_floats(program, call->buffers[1]) != NULL ? gather : -1;
}

// Leaves the gather as a call without a kernel. Returns false when there is not enough memory.
static bool replace(struct ql_program *program, int layer_index, int gather_index, const struct ql_recurrent_call *form)
{
    struct ql_kernel_call *layer = &program->calls[layer_index];
    struct ql_kernel_call *gather = &program->calls[gather_index];
    const int T = layer->ints[0], I = layer->ints[1], H = layer->ints[2];
    const struct ql_kernel *kernel = &token_kernels[form->cell];
    const int V = gather->ints[2], columns = ql_cell_gates(form->cell) * H;
    const float *embedding = ql_program_floats(program, gather->buffers[1]);
    const float *w_ih = ql_program_floats(program, layer->buffers[form->w_ih]);
    const float *bias = ql_program_floats(program, layer->buffers[form->bias_ih]);
    void *table;

    const int value = ql_program_add_constant(program, QL_ELEMENT_F32, 2, (const int[]){V, columns}, &table);
    if (value < 0) {
        return false;
    }
    for (int token = 0; token < V; token++) {
        float *row = (float *)table + (ptrdiff_t)token * columns;
        memcpy(row, bias, (size_t)columns * sizeof *row);
        ql_matvec_f32(row, embedding + (ptrdiff_t)token * I, w_ih, I, columns);
    }
    layer->buffers[form->x] = gather->buffers[2];
    layer->buffers[form->w_ih] = value;
    for (int k = form->bias_ih; k < kernel->buffer_count; k++) {
        layer->buffers[k] = layer->buffers[k + 1];
    }
    layer->kernel = kernel;
    layer->ints[1] = V;
    layer->macs -= (int64_t)T * I * columns;
    gather->kernel = NULL;
    return true;
}

// Replaces one call by the call with a table, if it can have one. Returns false when there is not enough memory.
static bool add_token_table(struct ql_program *program, const struct use *uses, int index)
{
    const struct ql_kernel_call *call = &program->calls[index];
    const struct ql_recurrent_call *form = ql_recurrent_call_find(call);

    if (form == NULL || ql_program_floats(program, call->buffers[form->w_ih]) == NULL ||
        ql_program_floats(program, call->buffers[form->bias_ih]) == NULL) {
        return true;
    }
    const int gather = find_gather(program, uses, call, call->buffers[form->x]);
    if (gather < 0) {
        return true;
    }
    const int64_t V = program->calls[gather].ints[2], I = call->ints[1];
    const int64_t columns = (int64_t)ql_cell_gates(form->cell) * call->ints[2];
    return V * columns > QL_VALUE_ELEMENT_LIMIT || V * columns > I * (V + columns) ||
           replace(program, index, gather, form);
}

enum ql_status ql_token_table_init(struct ql_program *program, struct ql_error *error)
{
    struct use *uses = find_uses(program);
    bool done = uses != NULL;

    for (int i = 0; i < program->call_count && done; i++) {
        done = add_token_table(program, uses, i);
    }
    free(uses);
    if (!done) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the table of the first layer");
    }
    ql_program_compact(program);
    return ql_memory_plan_init(program, false, SIZE_MAX, error);
}
