// The batched float engine for recurrent layers: see rnn_engine.h.
// Uses: base, device, product, generate/float_draw.
//
// What the first layer gets from a token is a table. All other products run over all streams of the batch at once, and
// so do the loops over gates. In each sum the order is that of device/: bias, inputs, then the state.
#include "generate/rnn_engine.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/vectors.h"
#include "device/gru.h"
#include "device/lstm.h"
#include "device/rnn.h"
#include "generate/float_draw.h"
#include "product/matrix_product.h"

// What one thread works in.
struct scratch {
    float *x, *h, *c; // (B, H) a layer's input and state; x changes places with h from layer to layer
    float *gates;     // (B, GH)
    float *from_h;    // (B, GH) of a GRU
    struct ql_float_draw draw;
};

struct rnn {
    struct ql_dimensions dimensions;
    struct ql_arena arena;
    float *table; // (V, GH) what a token gives to the first layer, with its bias
    struct {
        struct ql_packed_matrix w_ih, w_hh;
        float *bias_ih, *bias_hh; // (GH)
    } layers[QL_MODEL_LAYER_LIMIT];
    struct ql_packed_matrix output_weight;
    float *output_bias; // (V)
    bool bias_last;
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

// One layer of all streams. The state and the input come in as rows; the new state leaves in h and c.
static void step_layer(const struct rnn *rnn, int l, struct scratch *scratch, const int *tokens, int B)
{
    const struct ql_dimensions d = rnn->dimensions;
    const int GH = ql_cell_gates(d.cell) * d.H;

    if (l == 0) {
        for (ptrdiff_t b = 0; b < B; b++) {
            memcpy(scratch->gates + b * GH, rnn->table + (ptrdiff_t)tokens[b] * GH, (size_t)GH * sizeof(float));
        }
    } else {
        copy_rows(scratch->gates, rnn->layers[l].bias_ih, B, GH);
        ql_product_rounded(scratch->gates, scratch->x, &rnn->layers[l].w_ih, B);
    }
    switch (d.cell) {
    case QL_CELL_LSTM:
        ql_product_rounded(scratch->gates, scratch->h, &rnn->layers[l].w_hh, B);
        lstm_cells(scratch->h, scratch->c, scratch->gates, B, d.H);
        break;
    case QL_CELL_GRU:
        copy_rows(scratch->from_h, rnn->layers[l].bias_hh, B, GH);
        ql_product_rounded(scratch->from_h, scratch->h, &rnn->layers[l].w_hh, B);
        gru_cells(scratch->h, scratch->from_h, scratch->gates, B, d.H);
        break;
    case QL_CELL_RNN:
        ql_product_rounded(scratch->gates, scratch->h, &rnn->layers[l].w_hh, B);
        rnn_cells(scratch->h, scratch->gates, B, d.H);
        break;
    }
}

static void load_state(float *rows, const void *const *before, int place, int B, int H)
{
    for (ptrdiff_t b = 0; b < B; b++) {
        if (before[b] == NULL) {
            memset(rows + b * H, 0, (size_t)H * sizeof *rows);
        } else {
            memcpy(rows + b * H, (const float *)before[b] + (ptrdiff_t)place * H, (size_t)H * sizeof *rows);
        }
    }
}

static void save_state(void *const *after, const float *rows, int place, int B, int H)
{
    for (ptrdiff_t b = 0; b < B; b++) {
        memcpy((float *)after[b] + (ptrdiff_t)place * H, rows + b * H, (size_t)H * sizeof *rows);
    }
}

static enum ql_status step(void *self, int worker, void *const *after, const void *const *before, const int *tokens,
                           void *logits, int B, struct ql_error *error)
{
    const struct rnn *rnn = self;
    const struct ql_dimensions d = rnn->dimensions;
    struct scratch *scratch = &rnn->scratch[worker];
    const bool lstm = d.cell == QL_CELL_LSTM;
    int place = 0;

    (void)error;
    assert(B <= QL_BATCH_LIMIT);
    for (int l = 0; l < d.L; l++) {
        load_state(scratch->h, before, place, B, d.H);
        if (lstm) {
            load_state(scratch->c, before, place + 1, B, d.H);
        }
        step_layer(rnn, l, scratch, tokens, B);
        save_state(after, scratch->h, place++, B, d.H);
        if (lstm) {
            save_state(after, scratch->c, place++, B, d.H);
        }
        float *output = scratch->h;
        scratch->h = scratch->x;
        scratch->x = output;
    }
    float *sums = logits;
    if (rnn->bias_last) {
        memset(sums, 0, (size_t)B * (size_t)d.V * sizeof *sums);
    } else {
        copy_rows(sums, rnn->output_bias, B, d.V);
    }
    ql_product_rounded(sums, scratch->x, &rnn->output_weight, B);
    for (int k = 0; rnn->bias_last && k < B * d.V; k++) {
        sums[k] += rnn->output_bias[k % d.V];
    }
    return QL_OK;
}

static bool weigh(void *self, int worker, const void *logits, const struct ql_batch_sampling *sampling,
                  const uint32_t *barred)
{
    const struct rnn *rnn = self;
    return ql_float_draw_reset(&rnn->scratch[worker].draw, logits, sampling, barred);
}

static int draw(void *self, int worker, struct ql_random *random)
{
    const struct rnn *rnn = self;
    return ql_float_draw_next(&rnn->scratch[worker].draw, random);
}

static void close_rnn(void *self)
{
    struct rnn *rnn = self;
    ql_arena_free(&rnn->arena);
    free(rnn);
}

// --- The weights ---

static float *take(struct ql_arena *arena, int rows, int columns)
{
    return ql_arena_take(arena, (size_t)rows, (size_t)columns * sizeof(float));
}

static void take_memory(struct rnn *rnn, int workers)
{
    const struct ql_dimensions d = rnn->dimensions;
    const int GH = ql_cell_gates(d.cell) * d.H;
    struct ql_arena *arena = &rnn->arena;

    rnn->table = take(arena, d.V, GH);
    rnn->output_bias = take(arena, d.V, 1);
    ql_packed_matrix_init(&rnn->output_weight, d.H, d.V, arena);
    for (int l = 0; l < d.L; l++) {
        ql_packed_matrix_init(&rnn->layers[l].w_hh, d.H, GH, arena);
        rnn->layers[l].bias_hh = take(arena, GH, 1);
        if (l > 0) {
            ql_packed_matrix_init(&rnn->layers[l].w_ih, d.H, GH, arena);
            rnn->layers[l].bias_ih = take(arena, GH, 1);
        }
    }
    rnn->scratch = ql_arena_take(arena, (size_t)workers, sizeof rnn->scratch[0]);
    for (int w = 0; w < workers && rnn->scratch != NULL; w++) {
        struct scratch *scratch = &rnn->scratch[w];
        scratch->x = take(arena, QL_BATCH_LIMIT, d.H);
        scratch->h = take(arena, QL_BATCH_LIMIT, d.H);
        scratch->c = take(arena, QL_BATCH_LIMIT, d.H);
        scratch->gates = take(arena, QL_BATCH_LIMIT, GH);
        scratch->from_h = take(arena, QL_BATCH_LIMIT, GH);
        ql_float_draw_init(&scratch->draw, d.V, arena);
    }
}

static void copy_weights(struct rnn *rnn, const struct ql_rnn_weights_view *weights)
{
    const struct ql_dimensions d = rnn->dimensions;
    const int GH = ql_cell_gates(d.cell) * d.H;

    for (int l = 0; l < d.L; l++) {
        assert(weights->layers[l].bias_ih != NULL && (d.cell != QL_CELL_GRU || weights->layers[l].bias_hh != NULL));
    }
    assert(weights->output_bias != NULL);
    copy_rows(rnn->table, weights->layers[0].bias_ih, d.V, GH);
    for (ptrdiff_t v = 0; v < d.V; v++) {
        ql_matvec_f32(rnn->table + v * GH, weights->embedding + v * d.E, weights->layers[0].w_ih, d.E, GH);
    }
    for (int l = 0; l < d.L; l++) {
        ql_packed_matrix_reset(&rnn->layers[l].w_hh, weights->layers[l].w_hh);
        if (d.cell == QL_CELL_GRU) {
            memcpy(rnn->layers[l].bias_hh, weights->layers[l].bias_hh, (size_t)GH * sizeof(float));
        }
        if (l > 0) {
            ql_packed_matrix_reset(&rnn->layers[l].w_ih, weights->layers[l].w_ih);
            memcpy(rnn->layers[l].bias_ih, weights->layers[l].bias_ih, (size_t)GH * sizeof(float));
        }
    }
    ql_packed_matrix_reset(&rnn->output_weight, weights->output_weight);
    memcpy(rnn->output_bias, weights->output_bias, (size_t)d.V * sizeof(float));
    rnn->bias_last = weights->bias_last;
}

enum ql_status ql_rnn_engine_open(struct ql_batch_engine *engine, const struct ql_rnn_weights_view *weights,
                                  int workers, struct ql_error *error)
{
    const struct ql_dimensions d = weights->dimensions;
    const int states = d.cell == QL_CELL_LSTM ? 2 : 1;
    struct rnn *rnn = calloc(1, sizeof *rnn);

    *engine = (struct ql_batch_engine){0};
    if (rnn != NULL) {
        rnn->dimensions = d;
        take_memory(rnn, workers);
    }
    if (rnn == NULL || rnn->arena.exhausted) {
        if (rnn != NULL) {
            close_rnn(rnn);
        }
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the model");
    }
    copy_weights(rnn, weights);
    *engine = (struct ql_batch_engine){
        .V = d.V,
        .state_bytes = (size_t)(states * d.L) * (size_t)d.H * sizeof(float),
        .logits_bytes = (size_t)d.V * sizeof(float),
        .kind = "float, in batches",
        .step = step,
        .weigh = weigh,
        .draw = draw,
        .close = close_rnn,
        .self = rnn,
    };
    return QL_OK;
}

enum ql_status ql_batch_engine_open_stepper(struct ql_batch_engine *engine, const struct ql_stepper *stepper,
                                            int workers, struct ql_error *error)
{
    struct ql_rnn_weights_view weights = {.dimensions = stepper->dimensions,
                                          .embedding = stepper->embedding,
                                          .output_weight = stepper->output_weight,
                                          .output_bias = stepper->output_bias};

    for (int l = 0; l < stepper->dimensions.L; l++) {
        weights.layers[l].w_ih = stepper->layers[l].w_ih;
        weights.layers[l].w_hh = stepper->layers[l].w_hh;
        weights.layers[l].bias_ih = stepper->layers[l].bias_ih;
        weights.layers[l].bias_hh = stepper->layers[l].bias_hh;
    }
    return ql_rnn_engine_open(engine, &weights, workers, error);
}

void ql_batch_engine_close(struct ql_batch_engine *engine)
{
    if (engine->close != NULL) {
        engine->close(engine->self);
    }
    *engine = (struct ql_batch_engine){0};
}
