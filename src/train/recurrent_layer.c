// A recurrent layer in training: see train_layer.h.
// Uses: train/{cell_batch,train_layer}.
//
// The first layer's input is a table with a row for each symbol, computed once per step, instead of a product for each
// character. Its gradient is summed by rows, too, and only then split into embedding and weights. The input products of
// the other layers, and all gradients of weights, are one product over the whole window. Only h W_hh and its backward
// pass go step by step, with the gates applied while they are in the cache.
#include <string.h>

#include "train/cell_batch.h"
#include "train/train_layer.h"

// Tasks of the preparation: the matrices in their forward and backward forms.
enum { FORWARD, BACKWARD, PACKED_FORMS };

// Tasks after the sum over shards: the gradients of embedding and input weights.
enum { EMBEDDING, INPUT_WEIGHT, TABLE_FACTORS };

// The number of steps whose input products are computed together: enough rows to use the weights well, and few enough
// that the gates are still in the second-level cache when the steps need them.
enum { STEPS_AT_ONCE = 6 };

static float *take(struct ql_arena *arena, int a, int b, int c)
{
    return ql_arena_take(arena, (size_t)a * (size_t)b, (size_t)c * sizeof(float));
}

static int gate_rows(const struct ql_train_layer *layer)
{
    return ql_cell_gates(layer->model->dimensions.cell) * layer->H;
}

static void init(struct ql_train_layer *layer, const struct ql_rounded_model *rounded, struct ql_arena *arena)
{
    struct ql_recurrent_training *training = &layer->recurrent;
    const int V = layer->model->dimensions.V, GH = gate_rows(layer);

    layer->prepare_tasks = PACKED_FORMS;
    ql_packed_matrix_init(&training->w_hh, layer->H, GH, arena);
    ql_packed_matrix_init(&training->w_hh_back, GH, layer->H, arena);
    ql_packed_matrix_init(&training->w_ih, layer->I, GH, arena);
    ql_packed_matrix_init(&training->w_ih_back, GH, layer->I, arena);
    if (layer->l == 0) {
        training->table = rounded == NULL ? take(arena, 1, V, GH) : rounded->input_table;
        layer->sum_count = (size_t)V * (size_t)GH;
        layer->finish_tasks = TABLE_FACTORS;
        layer->filled_later = (size_t)(layer->exact->layers[0].recurrent.weight_hh - layer->exact->block);
    }
}

static void trace_init(struct ql_layer_trace *trace, const struct ql_train_layer *layer, int T, int S,
                       struct ql_arena *arena)
{
    const enum ql_cell cell = layer->model->dimensions.cell;
    const int H = layer->H, GH = gate_rows(layer);
    struct ql_recurrent_trace *recurrent = &trace->recurrent;

    recurrent->gates = take(arena, T, S, GH);
    recurrent->h = take(arena, T + 1, S, H);
    recurrent->h_input = layer->rounded && cell == QL_CELL_GRU ? take(arena, T + 1, S, H) : recurrent->h;
    recurrent->c = cell == QL_CELL_LSTM ? take(arena, T + 1, S, H) : NULL;
    recurrent->tanh_c = cell == QL_CELL_LSTM ? take(arena, T, S, H) : NULL;
    recurrent->n_from_h = cell == QL_CELL_GRU ? take(arena, T, S, H) : NULL;
    recurrent->dfrom_h = cell == QL_CELL_GRU ? take(arena, T, S, GH) : NULL;
}

static void reset_matrix(struct ql_packed_matrix *forward, struct ql_packed_matrix *backward, const float *weight,
                         int form)
{
    if (form == FORWARD) {
        ql_packed_matrix_reset_transposed(forward, weight);
    } else {
        ql_packed_matrix_reset(backward, weight);
    }
}

static void prepare(struct ql_train_layer *layer, int form)
{
    struct ql_recurrent_training *training = &layer->recurrent;
    const struct ql_model *exact = layer->exact;
    const struct ql_recurrent_layer *tensors = &layer->model->layers[layer->l].recurrent;
    const float *exact_weight = exact->layers[layer->l].recurrent.weight_ih;

    reset_matrix(&training->w_hh, &training->w_hh_back, tensors->weight_hh, form);
    if (training->table == NULL) {
        reset_matrix(&training->w_ih, &training->w_ih_back, tensors->weight_ih, form);
    } else if (form == BACKWARD) {
        ql_packed_matrix_reset(&training->w_ih_back, exact_weight);
    } else if (!layer->rounded) { // a rounded model has its own table
        ql_packed_matrix_reset_transposed(&training->w_ih, exact_weight);
        ql_product_fused(training->table, exact->embedding, &training->w_ih, exact->dimensions.V, false);
    }
}

// Copies the state before the window to the first step of the trace; zeros where sequences begin.
static void begin(float *first, float *rows, const struct ql_batch *batch, size_t bytes)
{
    if (batch->reset) {
        memset(rows, 0, bytes);
    }
    memcpy(first, rows, bytes);
}

static void look_up(const struct ql_train_layer *layer, const struct ql_layer_pass *pass, float *gates, int t)
{
    const int S = pass->shard.S, GH = gate_rows(layer);
    const uint16_t *tokens = pass->batch->inputs + (ptrdiff_t)t * pass->batch->B + pass->shard.first;

    for (int s = 0; s < S; s++) {
        memcpy(gates + (ptrdiff_t)s * GH, layer->recurrent.table + (ptrdiff_t)tokens[s] * GH,
               (size_t)GH * sizeof(float));
    }
}

static void forward_step(const struct ql_train_layer *layer, const struct ql_layer_pass *pass, int t)
{
    const struct ql_recurrent_layer *tensors = &layer->model->layers[layer->l].recurrent;
    const struct ql_packed_matrix *w_hh = &layer->recurrent.w_hh;
    const struct ql_recurrent_trace *trace = &pass->trace->recurrent;
    const int S = pass->shard.S, H = layer->H;
    const ptrdiff_t SH = (ptrdiff_t)S * H;
    float *gates = trace->gates + t * S * (ptrdiff_t)gate_rows(layer);
    const float *h_before = trace->h + t * SH, *h_input = trace->h_input + t * SH;
    float *h = trace->h + (t + 1) * SH, *from_h = pass->scratch->from_h;

    if (layer->recurrent.table != NULL) {
        look_up(layer, pass, gates, t);
    }
    switch (layer->model->dimensions.cell) {
    case QL_CELL_LSTM:
        ql_product_fused(gates, h_input, w_hh, S, true);
        ql_lstm_batch_forward(h, trace->c + (t + 1) * SH, trace->tanh_c + t * SH, gates, trace->c + t * SH,
                              tensors->bias_ih, tensors->bias_hh, S, H);
        break;
    case QL_CELL_GRU:
        ql_product_fused(from_h, h_input, w_hh, S, false);
        ql_gru_batch_forward(h, gates, trace->n_from_h + t * SH, from_h, h_before, tensors->bias_ih, tensors->bias_hh,
                             S, H);
        break;
    case QL_CELL_RNN:
        ql_product_fused(gates, h_input, w_hh, S, true);
        ql_rnn_batch_forward(h, gates, tensors->bias_ih, tensors->bias_hh, S, H);
        break;
    }
    if (layer->rounded) {
        ql_state_batch_round(trace->h_input + (t + 1) * SH, h, S, H);
    }
}

static void forward(const struct ql_train_layer *layer, const struct ql_layer_pass *pass)
{
    const struct ql_recurrent_trace *trace = &pass->trace->recurrent;
    const int T = pass->batch->T, S = pass->shard.S;
    const ptrdiff_t SH = (ptrdiff_t)S * layer->H;
    const size_t state_bytes = (size_t)SH * sizeof(float);
    float *h_rows = ql_train_state_rows(pass->state, layer->l, 0, pass->shard);
    float *c_rows = trace->c == NULL ? NULL : ql_train_state_rows(pass->state, layer->l, 1, pass->shard);

    begin(trace->h, h_rows, pass->batch, state_bytes);
    if (layer->rounded) {
        ql_state_batch_round(trace->h_input, trace->h, S, layer->H);
    }
    if (c_rows != NULL) {
        begin(trace->c, c_rows, pass->batch, state_bytes);
    }
    for (int t = 0; t < T; t++) {
        if (layer->recurrent.table == NULL && t % STEPS_AT_ONCE == 0) {
            const int steps = T - t < STEPS_AT_ONCE ? T - t : STEPS_AT_ONCE;
            ql_product_fused(trace->gates + (ptrdiff_t)t * S * gate_rows(layer), pass->x + (ptrdiff_t)t * S * layer->I,
                             &layer->recurrent.w_ih, steps * S, false);
        }
        forward_step(layer, pass, t);
    }
    memcpy(h_rows, trace->h + T * SH, state_bytes);
    if (c_rows != NULL) {
        memcpy(c_rows, trace->c + T * SH, state_bytes);
    }
    pass->trace->output = trace->h_input + SH;
}

static void sum_rows(const struct ql_train_layer *layer, const struct ql_layer_pass *pass, const float *gates, int t)
{
    const int S = pass->shard.S, GH = gate_rows(layer);
    const uint16_t *tokens = pass->batch->inputs + (ptrdiff_t)t * pass->batch->B + pass->shard.first;
    float *sums = pass->gradient->sums + layer->sum_offset;

    for (int s = 0; s < S; s++) {
        float *row = sums + (ptrdiff_t)tokens[s] * GH;
        for (int k = 0; k < GH; k++) {
            row[k] += gates[(ptrdiff_t)s * GH + k];
        }
    }
}

// Compute the gradients of the gates from that of h after step t, in dh_now; `carry` gets the gradient of h before the
// step.
static void backward_step(const struct ql_train_layer *layer, const struct ql_layer_pass *pass, int t)
{
    const enum ql_cell cell = layer->model->dimensions.cell;
    const struct ql_recurrent_trace *trace = &pass->trace->recurrent;
    struct ql_recurrent_layer *gradient = &pass->gradient->model.layers[layer->l].recurrent;
    struct ql_layer_scratch *scratch = pass->scratch;
    const int S = pass->shard.S, H = layer->H, GH = gate_rows(layer);
    const ptrdiff_t SH = (ptrdiff_t)S * H, SGH = (ptrdiff_t)S * GH;
    float *gates = trace->gates + t * SGH;
    const float *dfrom_h = gates;

    switch (cell) {
    case QL_CELL_LSTM:
        ql_lstm_batch_backward(gates, scratch->dc, gradient->bias_ih, scratch->dh_now, trace->tanh_c + t * SH,
                               trace->c + t * SH, S, H);
        break;
    case QL_CELL_GRU:
        ql_gru_batch_backward(gates, trace->dfrom_h + t * SGH, scratch->carry, gradient->bias_ih, gradient->bias_hh,
                              scratch->dh_now, trace->n_from_h + t * SH, trace->h + t * SH, S, H);
        dfrom_h = trace->dfrom_h + t * SGH;
        break;
    case QL_CELL_RNN:
        ql_rnn_batch_backward(gates, gradient->bias_ih, scratch->dh_now, S, H);
        break;
    }
    if (t > 0) { // the window's start is where truncated backpropagation ends
        ql_product_fused(scratch->carry, dfrom_h, &layer->recurrent.w_hh_back, S, cell == QL_CELL_GRU);
    }
    if (layer->recurrent.table != NULL) {
        sum_rows(layer, pass, gates, t);
    }
}

static void backward(const struct ql_train_layer *layer, const struct ql_layer_pass *pass)
{
    const struct ql_recurrent_trace *trace = &pass->trace->recurrent;
    struct ql_recurrent_layer *gradient = &pass->gradient->model.layers[layer->l].recurrent;
    struct ql_layer_scratch *scratch = pass->scratch;
    const int T = pass->batch->T, S = pass->shard.S, rows = T * S, H = layer->H, GH = gate_rows(layer);
    const ptrdiff_t SH = (ptrdiff_t)S * H;
    const bool is_gru = layer->model->dimensions.cell == QL_CELL_GRU;

    memset(scratch->carry, 0, (size_t)SH * sizeof(float));
    memset(scratch->dc, 0, (size_t)SH * sizeof(float));
    memset(gradient->bias_ih, 0, (size_t)GH * sizeof(float));
    memset(gradient->bias_hh, 0, (size_t)GH * sizeof(float));
    memset(pass->gradient->sums + layer->sum_offset, 0, layer->sum_count * sizeof(float));
    for (int t = T - 1; t >= 0; t--) {
        const float *from_above = pass->dy + t * SH;
        for (ptrdiff_t k = 0; k < SH; k++) {
            scratch->dh_now[k] = from_above[k] + scratch->carry[k];
        }
        backward_step(layer, pass, t);
        if (layer->recurrent.table == NULL && t % STEPS_AT_ONCE == 0) {
            const int steps = T - t < STEPS_AT_ONCE ? T - t : STEPS_AT_ONCE;
            ql_product_fused(pass->dy + (ptrdiff_t)t * S * layer->I, trace->gates + (ptrdiff_t)t * S * GH,
                             &layer->recurrent.w_ih_back, steps * S, false);
        }
    }
    if (!is_gru) { // both biases enter the same sum
        memcpy(gradient->bias_hh, gradient->bias_ih, (size_t)GH * sizeof(float));
    }
    ql_product_transposed(gradient->weight_hh, is_gru ? trace->dfrom_h : trace->gates, trace->h_input, GH, H, rows,
                          false, &scratch->product);
    if (layer->recurrent.table == NULL) {
        ql_product_transposed(gradient->weight_ih, trace->gates, pass->x, GH, layer->I, rows, false, &scratch->product);
    }
}

// The table is embedding times input weights.
static void finish(const struct ql_train_layer *layer, struct ql_layer_scratch *scratch, struct ql_gradient *gradient,
                   int task)
{
    const struct ql_model *exact = layer->exact;
    const float *sums = gradient->sums + layer->sum_offset;
    const int V = exact->dimensions.V;

    if (task == EMBEDDING) {
        ql_product_fused(gradient->model.embedding, sums, &layer->recurrent.w_ih_back, V, false);
    } else {
        ql_product_transposed(gradient->model.layers[layer->l].recurrent.weight_ih, sums, exact->embedding,
                              gate_rows(layer), layer->I, V, false, &scratch->product);
    }
}

const struct ql_layer_functions ql_recurrent_layer_functions = {init, trace_init, prepare, forward, backward, finish};
