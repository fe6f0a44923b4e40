// A language model as a chain: see chain.h.
#include "model/chain.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "device/matvec.h"

static float *take(struct ql_chain *chain, int rows, int columns)
{
    return ql_arena_take(&chain->arena, (size_t)rows, (size_t)columns * sizeof(float));
}

// A copy of (rows, columns), or NULL when there is not enough memory.
static const float *copy(struct ql_chain *chain, const float *from, int rows, int columns)
{
    float *to = take(chain, rows, columns);

    if (to != NULL) {
        memcpy(to, from, (size_t)rows * (size_t)columns * sizeof *to);
    }
    return to;
}

// (rows, columns) as (columns, rows)
static const float *transpose(struct ql_chain *chain, const float *from, int rows, int columns)
{
    float *to = take(chain, rows, columns);

    for (int row = 0; row < rows && to != NULL; row++) {
        for (int column = 0; column < columns; column++) {
            to[(ptrdiff_t)column * rows + row] = from[(ptrdiff_t)row * columns + column];
        }
    }
    return to;
}

static const float *add(struct ql_chain *chain, const float *a, const float *b, int count)
{
    float *sum = take(chain, count, 1);

    for (int k = 0; k < count && sum != NULL; k++) {
        sum[k] = a[k] + b[k];
    }
    return sum;
}

// The name of the layer's node in an exported graph, or the prefix of its nodes' names.
static const char *name_layer(struct ql_chain *chain, enum ql_layer_kind kind, int l)
{
    enum { NAME_BYTES = 16 };
    char *name = ql_arena_take(&chain->arena, NAME_BYTES, 1);

    if (name != NULL) {
        (void)snprintf(name, NAME_BYTES, kind == QL_LAYER_RECURRENT ? "rnn_l%d" : "layer_%d", l);
    }
    return name;
}

static void add_recurrent(struct ql_chain *chain, struct ql_chain_layer *layer, const struct ql_recurrent_layer *from,
                          enum ql_cell cell)
{
    const int GH = ql_cell_gates(cell) * layer->H;
    const bool apart = cell == QL_CELL_GRU; // the reset gate multiplies one of its two sums

    layer->recurrent = (struct ql_recurrent_weights){
        .cell = cell,
        .w_ih = transpose(chain, from->weight_ih, GH, layer->I),
        .w_hh = transpose(chain, from->weight_hh, GH, layer->H),
        .bias_ih = apart ? copy(chain, from->bias_ih, GH, 1) : add(chain, from->bias_ih, from->bias_hh, GH),
        .bias_hh = apart ? copy(chain, from->bias_hh, GH, 1) : NULL,
    };
}

static void add_decoder(struct ql_chain *chain, struct ql_chain_layer *layer, const struct ql_decoder_layer *from,
                        const struct ql_dimensions *d)
{
    const int size = ql_head_size(d), E = d->E, A = d->heads * size, K = d->kv_heads * size, F = d->feed;

    layer->decoder = (struct ql_decoder_weights){
        .heads = d->heads,
        .kv_heads = d->kv_heads,
        .size = size,
        .feed = F,
        .context = d->context,
        .attention_norm = copy(chain, from->attention_norm, E, 1),
        .query = transpose(chain, from->query, A, E),
        .key = transpose(chain, from->key, K, E),
        .value = transpose(chain, from->value, K, E),
        .output = transpose(chain, from->output, E, A),
        .feed_norm = copy(chain, from->feed_norm, E, 1),
        .gate = transpose(chain, from->gate, F, E),
        .up = transpose(chain, from->up, F, E),
        .down = transpose(chain, from->down, E, F),
    };
}

enum ql_status ql_chain_init(struct ql_chain *chain, const struct ql_model *model, const struct ql_model_info *info,
                             struct ql_error *error)
{
    const struct ql_dimensions d = model->dimensions;

    *chain = (struct ql_chain){.rules = ql_model_info_text_rules(info), .V = d.V, .L = d.L, .output_name = "output"};
    chain->embedding = copy(chain, model->embedding, d.V, d.E);
    for (int l = 0; l < d.L; l++) {
        struct ql_chain_layer *layer = &chain->layers[l];
        *layer = (struct ql_chain_layer){.kind = model->layers[l].kind,
                                         .name = name_layer(chain, model->layers[l].kind, l),
                                         .I = l == 0 ? d.E : d.H,
                                         .H = d.H};
        switch (layer->kind) {
        case QL_LAYER_RECURRENT:
            add_recurrent(chain, layer, &model->layers[l].recurrent, d.cell);
            break;
        case QL_LAYER_DECODER:
            add_decoder(chain, layer, &model->layers[l].decoder, &d);
            break;
        }
    }
    chain->norm = model->norm == NULL ? NULL : copy(chain, model->norm, d.H, 1);
    chain->output_weight = transpose(chain, model->output_weight, d.V, d.H);
    chain->output_bias = model->output_bias == NULL ? NULL : copy(chain, model->output_bias, d.V, 1);
    return ql_chain_finish(chain, error);
}

void ql_chain_free(struct ql_chain *chain)
{
    ql_arena_free(&chain->arena);
    *chain = (struct ql_chain){0};
}

static void add_table(struct ql_chain *chain, struct ql_chain_layer *layer)
{
    struct ql_recurrent_weights *weights = &layer->recurrent;
    const int GH = ql_cell_gates(weights->cell) * layer->H;
    float *table = take(chain, chain->V, GH);

    for (ptrdiff_t v = 0; v < chain->V && table != NULL; v++) {
        float *row = table + v * GH;
        memcpy(row, weights->bias_ih, (size_t)GH * sizeof *row);
        ql_matvec_f32(row, chain->embedding + v * layer->I, weights->w_ih, layer->I, GH);
    }
    weights->table = table;
}

static void add_rotary_steps(struct ql_chain *chain, int size)
{
    uint32_t *steps = ql_arena_take(&chain->arena, (size_t)size / 2, sizeof steps[0]);

    if (steps != NULL) {
        ql_rotary_steps(steps, size);
    }
    chain->rotary_steps = steps;
}

// The sizes that determine the layout of a layer's state.
static struct ql_dimensions layer_dimensions(const struct ql_chain_layer *layer)
{
    struct ql_dimensions d = {.layer = layer->kind, .E = layer->I, .H = layer->H};

    switch (layer->kind) {
    case QL_LAYER_RECURRENT:
        d.cell = layer->recurrent.cell;
        break;
    case QL_LAYER_DECODER:
        d.heads = layer->decoder.heads;
        d.kv_heads = layer->decoder.kv_heads;
        d.context = layer->decoder.context;
        break;
    }
    return d;
}

enum ql_status ql_chain_finish(struct ql_chain *chain, struct ql_error *error)
{
    assert(chain->L >= 1 && chain->L <= QL_MODEL_LAYER_LIMIT);
    if (!chain->arena.exhausted) {
        for (int l = 0; l < chain->L; l++) {
            const struct ql_dimensions d = layer_dimensions(&chain->layers[l]);
            ql_architecture_state_add(&chain->layout, &d, l);
        }
        switch (chain->layers[0].kind) {
        case QL_LAYER_RECURRENT:
            add_table(chain, &chain->layers[0]);
            break;
        case QL_LAYER_DECODER:
            add_rotary_steps(chain, chain->layers[0].decoder.size);
            break;
        }
    }
    if (chain->arena.exhausted) {
        ql_chain_free(chain);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the model");
    }
    return QL_OK;
}

int ql_chain_width(const struct ql_chain *chain)
{
    int width = 0;

    for (int l = 0; l < chain->L; l++) {
        width = chain->layers[l].H > width ? chain->layers[l].H : width;
    }
    return width;
}
