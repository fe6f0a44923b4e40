// The batched float engine for chains of layers: see batch_engine.h. Bit for bit what model/stepper computes for each
// stream alone.
// Uses: base, device, model/chain, product, generate/float_draw.
//
// The first layer's input for each token is in a table. All other products, and the loops over gates, run over all
// streams of the batch at once. Each sum has the order of device/: bias, inputs, then the state.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/vectors.h"
#include "device/attention.h"
#include "device/gru.h"
#include "device/lstm.h"
#include "device/normalize.h"
#include "device/rnn.h"
#include "device/rotary.h"
#include "generate/batch_engine.h"
#include "generate/float_draw.h"
#include "product/matrix_product.h"

// The working memory of one thread.
struct scratch {
    float *x, *h, *c; // (B, H) a layer's input and state; x changes places with h from layer to layer
    float *gates;     // (B, GH)
    float *from_h;    // (B, GH) of a GRU
    // For a decoder, whose x is the residual stream:
    float *normed, *branch; // (B, E)
    float *query, *y;       // (B, A)
    float *key, *value;     // (B, K)
    float *gate, *up;       // (B, F)
    float *cosine, *sine;   // (B, size / 2)
    float *scores;          // (context)
    struct ql_float_draw draw;
};

// The chain, with its matrices packed for the products.
struct chain_engine {
    struct ql_chain chain;
    struct ql_arena arena;
    struct {
        struct ql_packed_matrix w_ih, w_hh;                                // of a recurrent layer
        struct ql_packed_matrix query, key, value, output, gate, up, down; // of a decoder's
    } layers[QL_MODEL_LAYER_LIMIT];
    struct ql_packed_matrix output_weight;
    struct scratch *scratch; // of each worker
};

// --- The loops over gates, for all streams ---

QL_VECTORIZED(static, void, lstm_cells, (float *h, float *c, const float *gates, int B, int H), (h, c, gates, B, H))
{
    for (ptrdiff_t b = 0; b < B; b++) {
        ql_lstm_cell_f32(h + b * H, c + b * H, gates + 4 * b * H, H);
    }
}

QL_VECTORIZED(static, void, gru_cells, (float *h, const float *from_h, const float *from_x, int B, int H),
              (h, from_h, from_x, B, H))
{
    for (ptrdiff_t b = 0; b < B; b++) {
        ql_gru_cell_f32(h + b * H, from_h + 3 * b * H, from_x + 3 * b * H, H);
    }
}

QL_VECTORIZED(static, void, rnn_cells, (float *restrict h, const float *restrict sums, int B, int H), (h, sums, B, H))
{
    for (ptrdiff_t k = 0; k < (ptrdiff_t)B * H; k++) {
        h[k] = ql_tanh_f32(sums[k]);
    }
}

// --- The step ---

static void copy_rows(float *rows, const float *row, int B, int width)
{
    assert(row != NULL);
    for (ptrdiff_t b = 0; b < B; b++) {
        memcpy(rows + b * width, row, (size_t)width * sizeof *rows);
    }
}

// A recurrent layer of all streams. The state and the input are rows; the new state is returned in h and c.
static void step_recurrent(const struct chain_engine *self, int l, struct scratch *scratch, const int *tokens, int B)
{
    const struct ql_recurrent_weights *weights = &self->chain.layers[l].recurrent;
    const int H = self->chain.layers[l].H, GH = ql_cell_gates(weights->cell) * H;

    if (weights->table != NULL) {
        for (ptrdiff_t b = 0; b < B; b++) {
            memcpy(scratch->gates + b * GH, weights->table + (ptrdiff_t)tokens[b] * GH, (size_t)GH * sizeof(float));
        }
    } else {
        copy_rows(scratch->gates, weights->bias_ih, B, GH);
        ql_product_rounded(scratch->gates, scratch->x, &self->layers[l].w_ih, B);
    }
    switch (weights->cell) {
    case QL_CELL_LSTM:
        ql_product_rounded(scratch->gates, scratch->h, &self->layers[l].w_hh, B);
        lstm_cells(scratch->h, scratch->c, scratch->gates, B, H);
        break;
    case QL_CELL_GRU:
        copy_rows(scratch->from_h, weights->bias_hh, B, GH);
        ql_product_rounded(scratch->from_h, scratch->h, &self->layers[l].w_hh, B);
        gru_cells(scratch->h, scratch->from_h, scratch->gates, B, H);
        break;
    case QL_CELL_RNN:
        ql_product_rounded(scratch->gates, scratch->h, &self->layers[l].w_hh, B);
        rnn_cells(scratch->h, scratch->gates, B, H);
        break;
    }
}

static void load_part(float *rows, const void *const *before, const struct ql_state_part *part, int B)
{
    for (ptrdiff_t b = 0; b < B; b++) {
        if (before[b] == NULL) {
            memset(rows + b * part->count, 0, part->bytes);
        } else {
            memcpy(rows + b * part->count, (const unsigned char *)before[b] + part->offset, part->bytes);
        }
    }
}

static void save_part(void *const *after, const float *rows, const struct ql_state_part *part, int B)
{
    for (ptrdiff_t b = 0; b < B; b++) {
        memcpy((unsigned char *)after[b] + part->offset, rows + b * part->count, part->bytes);
    }
}

static void step_recurrent_layers(const struct chain_engine *self, struct scratch *scratch, void *const *after,
                                  const void *const *before, const int *tokens, int B)
{
    const struct ql_chain *chain = &self->chain;

    for (int l = 0; l < chain->L; l++) {
        const struct ql_state_part *parts = ql_state_layout_find(&chain->layout, l);
        const bool has_c = chain->layers[l].recurrent.cell == QL_CELL_LSTM;
        load_part(scratch->h, before, &parts[0], B);
        if (has_c) {
            load_part(scratch->c, before, &parts[1], B);
        }
        step_recurrent(self, l, scratch, tokens, B);
        save_part(after, scratch->h, &parts[0], B);
        if (has_c) {
            save_part(after, scratch->c, &parts[1], B);
        }
        float *output = scratch->h;
        scratch->h = scratch->x;
        scratch->x = output;
    }
}

// --- The layers of a decoder ---

QL_VECTORIZED(static, void, norm_rows, (float *y, const float *x, const float *gain, int B, int E), (y, x, gain, B, E))
{
    ql_rms_norm_f32(y, x, gain, B, E, QL_DECODER_EPSILON);
}

QL_VECTORIZED(static, void, swiglu_rows, (float *gate, const float *up, int B, int F), (gate, up, B, F))
{
    ql_swiglu_f32(gate, gate, up, B * F);
}

QL_VECTORIZED(static, void, attend,
              (float *y, float *scores, const float *query, const float *keys, const float *values,
               struct ql_attention_ring ring, const struct ql_decoder_weights *w, float scale),
              (y, scores, query, keys, values, ring, w, scale))
{
    ql_attention_f32(y, scores, query, keys, values, ring, w->heads, w->kv_heads, w->size, scale);
}

static void multiply(float *y, const float *x, const struct ql_packed_matrix *w, int B)
{
    memset(y, 0, (size_t)B * (size_t)w->N * sizeof *y);
    ql_product_rounded(y, x, w, B);
}

static void add_rows(float *x, const float *y, int count)
{
    for (int k = 0; k < count; k++) {
        x[k] += y[k];
    }
}

// Copies the ring of a stream from `before` to `after`, with the token's entry in place of the oldest. Entries that no
// token has written are left alone: nothing reads them.
static void append_entry(void *after, const void *before, const struct ql_state_part *part, const float *entry,
                         int64_t position)
{
    const size_t entry_bytes = part->bytes / (size_t)part->dims[0];
    const size_t used = position < part->dims[0] ? (size_t)position * entry_bytes : part->bytes;
    unsigned char *to = (unsigned char *)after + part->offset;

    if (before != NULL && before != after) {
        memcpy(to, (const unsigned char *)before + part->offset, used);
    }
    memcpy(to + (size_t)(position % part->dims[0]) * entry_bytes, entry, entry_bytes);
}

static void step_decoder(const struct chain_engine *self, int l, struct scratch *scratch, void *const *after,
                         const void *const *before, const int64_t *positions, int B)
{
    const struct ql_decoder_weights *w = &self->chain.layers[l].decoder;
    const struct ql_state_part *parts = ql_state_layout_find(&self->chain.layout, l);
    const int E = self->chain.layers[l].H, A = w->heads * w->size, K = w->kv_heads * w->size, pairs = w->size / 2;
    const float scale = ql_attention_scale(w->size);

    norm_rows(scratch->normed, scratch->x, w->attention_norm, B, E);
    multiply(scratch->query, scratch->normed, &self->layers[l].query, B);
    multiply(scratch->key, scratch->normed, &self->layers[l].key, B);
    multiply(scratch->value, scratch->normed, &self->layers[l].value, B);
    for (ptrdiff_t b = 0; b < B; b++) {
        const float *cosine = scratch->cosine + b * pairs, *sine = scratch->sine + b * pairs;
        unsigned char *state = after[b];
        ql_rotary_turn_f32(scratch->query + b * A, scratch->query + b * A, cosine, sine, w->heads, pairs);
        ql_rotary_turn_f32(scratch->key + b * K, scratch->key + b * K, cosine, sine, w->kv_heads, pairs);
        append_entry(state, before[b], &parts[0], scratch->key + b * K, positions[b]);
        append_entry(state, before[b], &parts[1], scratch->value + b * K, positions[b]);
        const float *keys = (const float *)(const void *)(state + parts[0].offset);
        const float *values = (const float *)(const void *)(state + parts[1].offset);
        attend(scratch->y + b * A, scratch->scores, scratch->query + b * A, keys, values,
               ql_attention_ring_at(positions[b], w->context), w, scale);
    }
    multiply(scratch->branch, scratch->y, &self->layers[l].output, B);
    add_rows(scratch->x, scratch->branch, B * E);

    norm_rows(scratch->normed, scratch->x, w->feed_norm, B, E);
    multiply(scratch->gate, scratch->normed, &self->layers[l].gate, B);
    multiply(scratch->up, scratch->normed, &self->layers[l].up, B);
    swiglu_rows(scratch->gate, scratch->up, B, w->feed);
    multiply(scratch->branch, scratch->gate, &self->layers[l].down, B);
    add_rows(scratch->x, scratch->branch, B * E);
}

static void step_decoder_layers(const struct chain_engine *self, struct scratch *scratch, void *const *after,
                                const void *const *before, const int *tokens, int B)
{
    const struct ql_chain *chain = &self->chain;
    const struct ql_state_part *counter = ql_state_layout_find(&chain->layout, -1);
    const int E = chain->layers[0].I, pairs = chain->layers[0].decoder.size / 2;
    int64_t positions[QL_BATCH_LIMIT];

    for (ptrdiff_t b = 0; b < B; b++) {
        positions[b] = 0;
        if (before[b] != NULL) {
            memcpy(&positions[b], (const unsigned char *)before[b] + counter->offset, sizeof positions[b]);
        }
        memcpy(scratch->x + b * E, chain->embedding + (ptrdiff_t)tokens[b] * E, (size_t)E * sizeof(float));
        ql_rotary_angles_f32(scratch->cosine + b * pairs, scratch->sine + b * pairs, &positions[b], chain->rotary_steps,
                             pairs);
    }
    for (int l = 0; l < chain->L; l++) {
        step_decoder(self, l, scratch, after, before, positions, B);
    }
    for (ptrdiff_t b = 0; b < B; b++) {
        const int64_t next = positions[b] + 1;
        memcpy((unsigned char *)after[b] + counter->offset, &next, sizeof next);
    }
    norm_rows(scratch->normed, scratch->x, chain->norm, B, E);
    memcpy(scratch->x, scratch->normed, (size_t)B * (size_t)E * sizeof(float));
}

static enum ql_status step(void *context, int worker, void *const *after, const void *const *before, const int *tokens,
                           void *logits, int B, struct ql_error *error)
{
    const struct chain_engine *self = context;
    const struct ql_chain *chain = &self->chain;
    struct scratch *scratch = &self->scratch[worker];

    (void)error;
    assert(B <= QL_BATCH_LIMIT);
    switch (chain->layers[0].kind) {
    case QL_LAYER_RECURRENT:
        step_recurrent_layers(self, scratch, after, before, tokens, B);
        break;
    case QL_LAYER_DECODER:
        step_decoder_layers(self, scratch, after, before, tokens, B);
        break;
    }
    float *sums = logits;
    if (chain->output_bias == NULL || chain->bias_last) {
        memset(sums, 0, (size_t)B * (size_t)chain->V * sizeof *sums);
    } else {
        copy_rows(sums, chain->output_bias, B, chain->V);
    }
    ql_product_rounded(sums, scratch->x, &self->output_weight, B);
    for (int k = 0; chain->output_bias != NULL && chain->bias_last && k < B * chain->V; k++) {
        sums[k] += chain->output_bias[k % chain->V];
    }
    return QL_OK;
}

static bool weigh(void *context, int worker, const void *logits, const struct ql_batch_sampling *sampling,
                  const uint32_t *blocked)
{
    const struct chain_engine *self = context;
    return ql_float_draw_reset(&self->scratch[worker].draw, logits, sampling, blocked);
}

static int draw(void *context, int worker, struct ql_random *random)
{
    const struct chain_engine *self = context;
    return ql_float_draw_next(&self->scratch[worker].draw, random);
}

static uint32_t cost(void *context, int worker, int token)
{
    const struct chain_engine *self = context;
    return ql_float_draw_cost(&self->scratch[worker].draw, token);
}

static void close_chain(void *context)
{
    struct chain_engine *self = context;
    ql_chain_free(&self->chain);
    ql_arena_free(&self->arena);
    free(self);
}

// --- The weights ---

static float *take(struct ql_arena *arena, int rows, int columns)
{
    return ql_arena_take(arena, (size_t)rows, (size_t)columns * sizeof(float));
}

static void pack(struct ql_packed_matrix *packed, const float *matrix, int K, int N, struct ql_arena *arena)
{
    ql_packed_matrix_init(packed, K, N, arena);
    if (!arena->exhausted) {
        ql_packed_matrix_reset(packed, matrix);
    }
}

static void pack_recurrent(struct chain_engine *self, int l)
{
    const struct ql_chain_layer *layer = &self->chain.layers[l];
    const struct ql_recurrent_weights *weights = &layer->recurrent;
    const int GH = ql_cell_gates(weights->cell) * layer->H;

    pack(&self->layers[l].w_hh, weights->w_hh, layer->H, GH, &self->arena);
    if (weights->table == NULL) {
        pack(&self->layers[l].w_ih, weights->w_ih, layer->I, GH, &self->arena);
    }
}

static void pack_decoder(struct chain_engine *self, int l)
{
    const struct ql_decoder_weights *w = &self->chain.layers[l].decoder;
    const int E = self->chain.layers[l].H, A = w->heads * w->size, K = w->kv_heads * w->size, F = w->feed;
    struct ql_arena *arena = &self->arena;

    pack(&self->layers[l].query, w->query, E, A, arena);
    pack(&self->layers[l].key, w->key, E, K, arena);
    pack(&self->layers[l].value, w->value, E, K, arena);
    pack(&self->layers[l].output, w->output, A, E, arena);
    pack(&self->layers[l].gate, w->gate, E, F, arena);
    pack(&self->layers[l].up, w->up, E, F, arena);
    pack(&self->layers[l].down, w->down, F, E, arena);
}

static void pack_weights(struct chain_engine *self)
{
    const struct ql_chain *chain = &self->chain;

    for (int l = 0; l < chain->L; l++) {
        switch (chain->layers[l].kind) {
        case QL_LAYER_RECURRENT:
            pack_recurrent(self, l);
            break;
        case QL_LAYER_DECODER:
            pack_decoder(self, l);
            break;
        }
    }
    pack(&self->output_weight, chain->output_weight, chain->layers[chain->L - 1].H, chain->V, &self->arena);
}

static void take_decoder_scratch(struct chain_engine *self, struct scratch *scratch)
{
    const struct ql_decoder_weights *w = &self->chain.layers[0].decoder;
    const int E = self->chain.layers[0].H, A = w->heads * w->size, K = w->kv_heads * w->size;
    struct ql_arena *arena = &self->arena;

    scratch->normed = take(arena, QL_BATCH_LIMIT, E);
    scratch->branch = take(arena, QL_BATCH_LIMIT, E);
    scratch->query = take(arena, QL_BATCH_LIMIT, A);
    scratch->y = take(arena, QL_BATCH_LIMIT, A);
    scratch->key = take(arena, QL_BATCH_LIMIT, K);
    scratch->value = take(arena, QL_BATCH_LIMIT, K);
    scratch->gate = take(arena, QL_BATCH_LIMIT, w->feed);
    scratch->up = take(arena, QL_BATCH_LIMIT, w->feed);
    scratch->cosine = take(arena, QL_BATCH_LIMIT, w->size / 2);
    scratch->sine = take(arena, QL_BATCH_LIMIT, w->size / 2);
    scratch->scores = take(arena, 1, w->context);
}

static void take_scratch(struct chain_engine *self, int workers)
{
    const int H = ql_chain_width(&self->chain), GH = 4 * H;
    struct ql_arena *arena = &self->arena;

    self->scratch = ql_arena_take(arena, (size_t)workers, sizeof self->scratch[0]);
    for (int w = 0; w < workers && self->scratch != NULL; w++) {
        struct scratch *scratch = &self->scratch[w];
        scratch->x = take(arena, QL_BATCH_LIMIT, H);
        ql_float_draw_init(&scratch->draw, self->chain.V, arena);
        if (self->chain.layers[0].kind == QL_LAYER_DECODER) {
            take_decoder_scratch(self, scratch);
            continue;
        }
        scratch->h = take(arena, QL_BATCH_LIMIT, H);
        scratch->c = take(arena, QL_BATCH_LIMIT, H);
        scratch->gates = take(arena, QL_BATCH_LIMIT, GH);
        scratch->from_h = take(arena, QL_BATCH_LIMIT, GH);
    }
}

enum ql_status ql_batch_engine_open_chain(struct ql_batch_engine *engine, struct ql_chain *chain, int workers,
                                          struct ql_error *error)
{
    struct chain_engine *self = calloc(1, sizeof *self);

    *engine = (struct ql_batch_engine){0};
    if (self == NULL) {
        ql_chain_free(chain);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the model");
    }
    self->chain = *chain;
    *chain = (struct ql_chain){0};
    pack_weights(self);
    take_scratch(self, workers);
    if (self->arena.exhausted) {
        close_chain(self);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the model");
    }
    *engine = (struct ql_batch_engine){
        .V = self->chain.V,
        .state_bytes = self->chain.layout.bytes,
        .logits_bytes = (size_t)self->chain.V * sizeof(float),
        .context = ql_state_layout_context(&self->chain.layout),
        .kind = "float, in batches",
        .step = step,
        .weigh = weigh,
        .draw = draw,
        .cost = cost,
        .close = close_chain,
        .self = self,
    };
    return QL_OK;
}

void ql_batch_engine_close(struct ql_batch_engine *engine)
{
    if (engine->close != NULL) {
        engine->close(engine->self);
    }
    *engine = (struct ql_batch_engine){0};
}
