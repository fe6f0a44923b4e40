// The batched float engine for chains of layers: see batch_engine.h. Bit for bit what model/stepper computes for each
// stream alone.
// Uses: base, device, model/chain, product, generate/float_draw.
//
// What the first layer gets from a token is a table. All other products run over all streams of the batch at once, and
// so do the loops over gates. In each sum the order is that of device/: bias, inputs, then the state.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/vectors.h"
#include "device/gru.h"
#include "device/lstm.h"
#include "device/rnn.h"
#include "generate/batch_engine.h"
#include "generate/float_draw.h"
#include "product/matrix_product.h"

// What one thread works in.
struct scratch {
    float *x, *h, *c; // (B, H) a layer's input and state; x changes places with h from layer to layer
    float *gates;     // (B, GH)
    float *from_h;    // (B, GH) of a GRU
    struct ql_float_draw draw;
};

// The chain, with its matrices as the products take them.
struct chain_engine {
    struct ql_chain chain;
    struct ql_arena arena;
    struct {
        struct ql_packed_matrix w_ih, w_hh;
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

// A recurrent layer of all streams. The state and the input come in as rows; the new state leaves in h and c.
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

static enum ql_status step(void *context, int worker, void *const *after, const void *const *before, const int *tokens,
                           void *logits, int B, struct ql_error *error)
{
    const struct chain_engine *self = context;
    const struct ql_chain *chain = &self->chain;
    struct scratch *scratch = &self->scratch[worker];

    (void)error;
    assert(B <= QL_BATCH_LIMIT);
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
    float *sums = logits;
    if (chain->bias_last) {
        memset(sums, 0, (size_t)B * (size_t)chain->V * sizeof *sums);
    } else {
        copy_rows(sums, chain->output_bias, B, chain->V);
    }
    ql_product_rounded(sums, scratch->x, &self->output_weight, B);
    for (int k = 0; chain->bias_last && k < B * chain->V; k++) {
        sums[k] += chain->output_bias[k % chain->V];
    }
    return QL_OK;
}

static bool weigh(void *context, int worker, const void *logits, const struct ql_batch_sampling *sampling,
                  const uint32_t *barred)
{
    const struct chain_engine *self = context;
    return ql_float_draw_reset(&self->scratch[worker].draw, logits, sampling, barred);
}

static int draw(void *context, int worker, struct ql_random *random)
{
    const struct chain_engine *self = context;
    return ql_float_draw_next(&self->scratch[worker].draw, random);
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

static void pack_weights(struct chain_engine *self)
{
    const struct ql_chain *chain = &self->chain;

    for (int l = 0; l < chain->L; l++) {
        const struct ql_recurrent_weights *weights = &chain->layers[l].recurrent;
        const int I = chain->layers[l].I, H = chain->layers[l].H, GH = ql_cell_gates(weights->cell) * H;
        pack(&self->layers[l].w_hh, weights->w_hh, H, GH, &self->arena);
        if (weights->table == NULL) {
            pack(&self->layers[l].w_ih, weights->w_ih, I, GH, &self->arena);
        }
    }
    pack(&self->output_weight, chain->output_weight, chain->layers[chain->L - 1].H, chain->V, &self->arena);
}

static void take_scratch(struct chain_engine *self, int workers)
{
    const int H = ql_chain_width(&self->chain), GH = 4 * H;
    struct ql_arena *arena = &self->arena;

    self->scratch = ql_arena_take(arena, (size_t)workers, sizeof self->scratch[0]);
    for (int w = 0; w < workers && self->scratch != NULL; w++) {
        struct scratch *scratch = &self->scratch[w];
        scratch->x = take(arena, QL_BATCH_LIMIT, H);
        scratch->h = take(arena, QL_BATCH_LIMIT, H);
        scratch->c = take(arena, QL_BATCH_LIMIT, H);
        scratch->gates = take(arena, QL_BATCH_LIMIT, GH);
        scratch->from_h = take(arena, QL_BATCH_LIMIT, GH);
        ql_float_draw_init(&scratch->draw, self->chain.V, arena);
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
        .kind = "float, in batches",
        .step = step,
        .weigh = weigh,
        .draw = draw,
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
