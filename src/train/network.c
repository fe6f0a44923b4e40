// The model over a window of time: see network.h.
//
// Three things make it fast. The first layer's input is a table with a row for each symbol, made once per step, instead
// of a product for each character. The input products of the other layers, and all gradients of weights, are one
// product over the whole window. Only h W_hh and its way back go step by step, with the gates applied while they are
// in the cache.
#include "train/network.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/vectors.h"
#include "device/activation.h"
#include "device/elementary.h"
#include "train/cell_batch.h"
#include "train/dropout.h"

static float *take(struct ql_arena *arena, int a, int b, int c)
{
    return ql_arena_take(arena, (size_t)a * (size_t)b, (size_t)c * sizeof(float));
}

void ql_network_init(struct ql_network *network, const struct ql_model *model, const struct ql_rounded_model *rounded,
                     struct ql_arena *arena)
{
    const struct ql_dimensions d = model->dimensions;
    int GH = ql_cell_gates(d.cell) * d.H;

    *network = (struct ql_network){.model = model, .exact = model};
    if (rounded == NULL) {
        network->input_table = take(arena, 1, d.V, GH);
    } else {
        network->model = &rounded->model;
        network->rounded = true;
        network->input_table = rounded->input_table;
    }
    for (int l = 0; l < d.L; l++) {
        const int inputs = l == 0 ? d.E : d.H;
        ql_packed_matrix_init(&network->layers[l].w_hh, d.H, GH, arena);
        ql_packed_matrix_init(&network->layers[l].w_hh_back, GH, d.H, arena);
        ql_packed_matrix_init(&network->layers[l].w_ih, inputs, GH, arena);
        ql_packed_matrix_init(&network->layers[l].w_ih_back, GH, inputs, arena);
    }
    ql_packed_matrix_init(&network->output, d.H, d.V, arena);
    ql_packed_matrix_init(&network->output_back, d.V, d.H, arena);
}

void ql_workspace_init(struct ql_workspace *workspace, const struct ql_network *network, int T, int S, bool dropout,
                       struct ql_arena *arena)
{
    const struct ql_dimensions d = network->model->dimensions;
    int GH = ql_cell_gates(d.cell) * d.H;

    *workspace = (struct ql_workspace){
        .logits = take(arena, T, S, d.V),
        .dh = take(arena, T, S, d.H),
        .dh_now = take(arena, 1, S, d.H),
        .carry = take(arena, 1, S, d.H),
        .dc = take(arena, 1, S, d.H),
        .from_h = take(arena, 1, S, GH),
    };
    ql_product_scratch_init(&workspace->product, d.H > d.E ? d.H : d.E, arena);
    for (int l = 0; l < d.L; l++) {
        struct ql_layer_trace *trace = &workspace->layers[l];
        trace->input = dropout && l > 0 ? take(arena, T, S, d.H) : NULL;
        trace->gates = take(arena, T, S, GH);
        trace->h = take(arena, T + 1, S, d.H);
        trace->h_input = network->rounded && d.cell == QL_CELL_GRU ? take(arena, T + 1, S, d.H) : trace->h;
        trace->c = d.cell == QL_CELL_LSTM ? take(arena, T + 1, S, d.H) : NULL;
        trace->tanh_c = d.cell == QL_CELL_LSTM ? take(arena, T, S, d.H) : NULL;
        trace->n_from_h = d.cell == QL_CELL_GRU ? take(arena, T, S, d.H) : NULL;
        trace->dfrom_h = d.cell == QL_CELL_GRU ? take(arena, T, S, GH) : NULL;
    }
}

// Tasks of ql_network_reset: for each layer, and for the output, the forward and the backward form of its matrices.
enum { FORWARD, BACKWARD, PACKED_FORMS };

int ql_network_reset_tasks(const struct ql_network *network)
{
    return PACKED_FORMS * (network->model->dimensions.L + 1);
}

// The first layer's table, and what its gradient needs. A rounded model has made the table by itself.
static void reset_inputs(struct ql_network *network, int form)
{
    const struct ql_model *exact = network->exact;
    const float *weight = exact->layers[0].recurrent.weight_ih;

    if (form == FORWARD && !network->rounded) {
        ql_packed_matrix_reset_transposed(&network->layers[0].w_ih, weight);
        ql_product_fused(network->input_table, exact->embedding, &network->layers[0].w_ih, exact->dimensions.V, false);
    } else if (form == BACKWARD) {
        ql_packed_matrix_reset(&network->layers[0].w_ih_back, weight);
    }
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

void ql_network_reset(struct ql_network *network, int task)
{
    const struct ql_model *model = network->model;
    const int l = task / PACKED_FORMS, form = task % PACKED_FORMS;

    if (l == model->dimensions.L) {
        reset_matrix(&network->output, &network->output_back, model->output_weight, form);
        return;
    }
    reset_matrix(&network->layers[l].w_hh, &network->layers[l].w_hh_back, model->layers[l].recurrent.weight_hh, form);
    if (l == 0) {
        reset_inputs(network, form);
    } else {
        reset_matrix(&network->layers[l].w_ih, &network->layers[l].w_ih_back, model->layers[l].recurrent.weight_ih,
                     form);
    }
}

// Where a layer's input stands: its own copy after dropout, or the output of the layer below.
static const float *layer_input(const struct ql_workspace *workspace, int l, ptrdiff_t step_size, bool dropout)
{
    return dropout ? workspace->layers[l].input : workspace->layers[l - 1].h_input + step_size;
}

static struct ql_dropout layer_dropout(const struct ql_dropout_plan *plan, int l)
{
    return (struct ql_dropout){plan->probability, ql_dropout_key(plan->seed, plan->step, l)};
}

// Multiplies x (T, S, H) by layer l's mask. The mask's index counts over the whole batch, (T, B, H).
static void apply_dropout(float *y, const float *x, const struct ql_dropout_plan *plan, int l,
                          const struct ql_batch *batch, struct ql_shard shard, int H)
{
    struct ql_dropout dropout = layer_dropout(plan, l);
    ptrdiff_t SH = (ptrdiff_t)shard.S * H;

    for (int t = 0; t < batch->T; t++) {
        uint32_t first = ((uint32_t)t * (uint32_t)batch->B + (uint32_t)shard.first) * (uint32_t)H;
        ql_dropout_forward(y + t * SH, x + t * SH, &dropout, first, (int)SH);
    }
}

static void forward_layer(const struct ql_network *network, struct ql_workspace *workspace,
                          const struct ql_batch *batch, struct ql_shard shard, struct ql_state *state,
                          const struct ql_dropout_plan *dropout, int l)
{
    const struct ql_dimensions d = network->model->dimensions;
    const struct ql_recurrent_layer *layer = &network->model->layers[l].recurrent;
    struct ql_layer_trace *trace = &workspace->layers[l];
    const int S = shard.S, GH = ql_cell_gates(d.cell) * d.H;
    const ptrdiff_t SH = (ptrdiff_t)S * d.H, SGH = (ptrdiff_t)S * GH;
    float *state_h = state->h + ((ptrdiff_t)l * batch->B + shard.first) * d.H;
    float *state_c = d.cell == QL_CELL_LSTM ? state->c + ((ptrdiff_t)l * batch->B + shard.first) * d.H : NULL;
    const size_t state_bytes = (size_t)SH * sizeof(float);

    if (batch->reset) {
        memset(state_h, 0, state_bytes);
    }
    memcpy(trace->h, state_h, state_bytes);
    if (network->rounded) {
        ql_state_batch_round(trace->h_input, trace->h, S, d.H);
    }
    if (d.cell == QL_CELL_LSTM) {
        if (batch->reset) {
            memset(state_c, 0, state_bytes);
        }
        memcpy(trace->c, state_c, state_bytes);
    }

    if (l > 0) {
        if (dropout->probability > 0.0f) {
            apply_dropout(trace->input, workspace->layers[l - 1].h_input + SH, dropout, l, batch, shard, d.H);
        }
        ql_product_fused(trace->gates, layer_input(workspace, l, SH, dropout->probability > 0.0f),
                         &network->layers[l].w_ih, batch->T * S, false);
    }
    for (int t = 0; t < batch->T; t++) {
        float *gates = trace->gates + t * SGH;
        const float *h_before = trace->h + t * SH;
        const float *h_input = trace->h_input + t * SH;
        float *h = trace->h + (t + 1) * SH;

        if (l == 0) {
            const uint16_t *tokens = batch->inputs + (ptrdiff_t)t * batch->B + shard.first;
            for (int s = 0; s < S; s++) {
                memcpy(gates + (ptrdiff_t)s * GH, network->input_table + (ptrdiff_t)tokens[s] * GH,
                       (size_t)GH * sizeof(float));
            }
        }
        switch (d.cell) {
        case QL_CELL_LSTM:
            ql_product_fused(gates, h_input, &network->layers[l].w_hh, S, true);
            ql_lstm_batch_forward(h, trace->c + (t + 1) * SH, trace->tanh_c + t * SH, gates, trace->c + t * SH,
                                  layer->bias_ih, layer->bias_hh, S, d.H);
            break;
        case QL_CELL_GRU:
            ql_product_fused(workspace->from_h, h_input, &network->layers[l].w_hh, S, false);
            ql_gru_batch_forward(h, gates, trace->n_from_h + t * SH, workspace->from_h, h_before, layer->bias_ih,
                                 layer->bias_hh, S, d.H);
            break;
        case QL_CELL_RNN:
            ql_product_fused(gates, h_input, &network->layers[l].w_hh, S, true);
            ql_rnn_batch_forward(h, gates, layer->bias_ih, layer->bias_hh, S, d.H);
            break;
        }
        if (network->rounded) {
            ql_state_batch_round(trace->h_input + (t + 1) * SH, h, S, d.H);
        }
    }
    memcpy(state_h, trace->h + batch->T * SH, state_bytes);
    if (d.cell == QL_CELL_LSTM) {
        memcpy(state_c, trace->c + batch->T * SH, state_bytes);
    }
}

// Cross-entropy of one row of logits, in nats; the row becomes scale (softmax - one_hot(target)).
QL_VECTORIZED_VALUE(static, double, cross_entropy,
                    (float *restrict row, const float *restrict bias, int V, int target, float scale),
                    (row, bias, V, target, scale))
{
    enum { LANES = 16 }; // partial sums in a fixed order, whatever the width of the vectors
    float partial[LANES] = {0};
    float largest = row[0] + bias[0];

    for (int v = 0; v < V; v++) {
        row[v] += bias[v];
        largest = row[v] > largest ? row[v] : largest;
    }
    float target_logit = row[target] - largest;
    for (int v = 0; v < V; v++) {
        row[v] = ql_exp_f32(row[v] - largest);
    }
    int v = 0;
    for (; v + LANES <= V; v += LANES) {
        for (int k = 0; k < LANES; k++) {
            partial[k] += row[v + k];
        }
    }
    for (int k = 0; v < V; v++, k++) {
        partial[k] += row[v];
    }
    float sum = 0.0f;
    for (int k = 0; k < LANES; k++) {
        sum += partial[k];
    }
    float factor = scale / sum;
    for (v = 0; v < V; v++) {
        row[v] *= factor;
    }
    row[target] -= scale;
    return ql_log_f64((double)sum) - (double)target_logit;
}

double ql_network_forward(const struct ql_network *network, struct ql_workspace *workspace,
                          const struct ql_batch *batch, struct ql_shard shard, struct ql_state *state,
                          const struct ql_dropout_plan *dropout)
{
    const struct ql_model *model = network->model;
    const struct ql_dimensions d = model->dimensions;
    double loss = 0.0;

    for (int l = 0; l < d.L; l++) {
        forward_layer(network, workspace, batch, shard, state, dropout, l);
    }
    const float *h_top = workspace->layers[d.L - 1].h_input + (ptrdiff_t)shard.S * d.H;
    ql_product_fused(workspace->logits, h_top, &network->output, batch->T * shard.S, false);
    for (int t = 0; t < batch->T; t++) {
        for (int s = 0; s < shard.S; s++) {
            ptrdiff_t place = (ptrdiff_t)t * batch->B + shard.first + s;
            float weight = batch->weights == NULL ? 1.0f : batch->weights[place];
            float *row = workspace->logits + ((ptrdiff_t)t * shard.S + s) * d.V;
            double nats = cross_entropy(row, model->output_bias, d.V, batch->targets[place],
                                        (float)(weight / batch->total_weight));
            loss += weight > 0.0f ? nats : 0.0;
        }
    }
    return loss;
}

static void backward_layer(const struct ql_network *network, struct ql_workspace *workspace,
                           const struct ql_batch *batch, struct ql_shard shard, const struct ql_dropout_plan *dropout,
                           struct ql_gradient *gradient, int l)
{
    const struct ql_dimensions d = network->model->dimensions;
    struct ql_recurrent_layer *dlayer = &gradient->model.layers[l].recurrent;
    struct ql_layer_trace *trace = &workspace->layers[l];
    const int S = shard.S, GH = ql_cell_gates(d.cell) * d.H;
    const ptrdiff_t SH = (ptrdiff_t)S * d.H, SGH = (ptrdiff_t)S * GH;
    const int rows = batch->T * S;

    memset(workspace->carry, 0, (size_t)SH * sizeof(float));
    memset(workspace->dc, 0, (size_t)SH * sizeof(float));
    memset(dlayer->bias_ih, 0, (size_t)GH * sizeof(float));
    memset(dlayer->bias_hh, 0, (size_t)GH * sizeof(float));

    for (int t = batch->T - 1; t >= 0; t--) {
        float *gates = trace->gates + t * SGH;
        const float *from_above = workspace->dh + t * SH;
        const float *dfrom_h = gates;

        for (ptrdiff_t k = 0; k < SH; k++) {
            workspace->dh_now[k] = from_above[k] + workspace->carry[k];
        }
        switch (d.cell) {
        case QL_CELL_LSTM:
            ql_lstm_batch_backward(gates, workspace->dc, dlayer->bias_ih, workspace->dh_now, trace->tanh_c + t * SH,
                                   trace->c + t * SH, S, d.H);
            break;
        case QL_CELL_GRU:
            ql_gru_batch_backward(gates, trace->dfrom_h + t * SGH, workspace->carry, dlayer->bias_ih, dlayer->bias_hh,
                                  workspace->dh_now, trace->n_from_h + t * SH, trace->h + t * SH, S, d.H);
            dfrom_h = trace->dfrom_h + t * SGH;
            break;
        case QL_CELL_RNN:
            ql_rnn_batch_backward(gates, dlayer->bias_ih, workspace->dh_now, S, d.H);
            break;
        }
        if (t > 0) { // the window's start is where truncated backpropagation ends
            ql_product_fused(workspace->carry, dfrom_h, &network->layers[l].w_hh_back, S, d.cell == QL_CELL_GRU);
        }
        if (l == 0) {
            const uint16_t *tokens = batch->inputs + (ptrdiff_t)t * batch->B + shard.first;
            for (int s = 0; s < S; s++) {
                float *row = gradient->input_table + (ptrdiff_t)tokens[s] * GH;
                for (int k = 0; k < GH; k++) {
                    row[k] += gates[(ptrdiff_t)s * GH + k];
                }
            }
        }
    }
    if (d.cell != QL_CELL_GRU) { // both biases enter the same sum
        memcpy(dlayer->bias_hh, dlayer->bias_ih, (size_t)GH * sizeof(float));
    }
    ql_product_transposed(dlayer->weight_hh, d.cell == QL_CELL_GRU ? trace->dfrom_h : trace->gates, trace->h_input, GH,
                          d.H, rows, &workspace->product);
    if (l > 0) {
        bool dropped = dropout->probability > 0.0f;
        ql_product_transposed(dlayer->weight_ih, trace->gates, layer_input(workspace, l, SH, dropped), GH, d.H, rows,
                              &workspace->product);
        ql_product_fused(workspace->dh, trace->gates, &network->layers[l].w_ih_back, rows, false);
        if (dropped) {
            apply_dropout(workspace->dh, workspace->dh, dropout, l, batch, shard, d.H);
        }
    }
}

void ql_network_backward(const struct ql_network *network, struct ql_workspace *workspace, const struct ql_batch *batch,
                         struct ql_shard shard, const struct ql_dropout_plan *dropout, struct ql_gradient *gradient)
{
    const struct ql_model *model = network->model;
    const struct ql_dimensions d = model->dimensions;
    const int rows = batch->T * shard.S;
    const float *dlogits = workspace->logits;
    float *dbias = gradient->model.output_bias;

    memset(gradient->input_table, 0, (size_t)d.V * (size_t)(ql_cell_gates(d.cell) * d.H) * sizeof(float));
    memset(dbias, 0, (size_t)d.V * sizeof(float));
    for (int r = 0; r < rows; r++) {
        for (int v = 0; v < d.V; v++) {
            dbias[v] += dlogits[(ptrdiff_t)r * d.V + v];
        }
    }
    const float *h_top = workspace->layers[d.L - 1].h_input + (ptrdiff_t)shard.S * d.H;
    ql_product_transposed(gradient->model.output_weight, dlogits, h_top, d.V, d.H, rows, &workspace->product);
    ql_product_fused(workspace->dh, dlogits, &network->output_back, rows, false);
    for (int l = d.L - 1; l >= 0; l--) {
        backward_layer(network, workspace, batch, shard, dropout, gradient, l);
    }
}

void ql_network_backward_embedding(const struct ql_network *network, struct ql_workspace *workspace,
                                   struct ql_gradient *gradient, int task)
{
    const struct ql_model *exact = network->exact;
    const struct ql_dimensions d = exact->dimensions;

    if (task == 0) {
        ql_product_fused(gradient->model.embedding, gradient->input_table, &network->layers[0].w_ih_back, d.V, false);
    } else {
        ql_product_transposed(gradient->model.layers[0].recurrent.weight_ih, gradient->input_table, exact->embedding,
                              ql_cell_gates(d.cell) * d.H, d.E, d.V, &workspace->product);
    }
}
