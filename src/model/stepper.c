// A model that reads or writes one text: see stepper.h.
#include "model/stepper.h"

#include <stddef.h>
#include <string.h>

#include "base/vectors.h"
#include "device/attention.h"
#include "device/gru.h"
#include "device/lstm.h"
#include "device/matvec.h"
#include "device/normalize.h"
#include "device/rnn.h"
#include "device/rotary.h"

const struct ql_chain *ql_stepper_chain(const struct ql_stepper *stepper)
{
    return stepper->shared != NULL ? stepper->shared : &stepper->own;
}

static float *take(struct ql_arena *arena, int count)
{
    return ql_arena_take(arena, (size_t)count, sizeof(float));
}

// All layers of a decoder have the same sizes.
static struct ql_decoder_scratch take_decoder(const struct ql_chain_layer *layer, struct ql_arena *arena)
{
    const struct ql_decoder_weights *weights = &layer->decoder;
    const int A = weights->heads * weights->size;

    return (struct ql_decoder_scratch){.x = take(arena, layer->H),
                                       .normed = take(arena, layer->H),
                                       .query = take(arena, A),
                                       .attended = take(arena, A),
                                       .scores = take(arena, weights->context),
                                       .gate = take(arena, weights->feed),
                                       .up = take(arena, weights->feed),
                                       .cosine = take(arena, weights->size / 2),
                                       .sine = take(arena, weights->size / 2)};
}

static enum ql_status take_memory(struct ql_stepper *stepper, struct ql_error *error)
{
    const struct ql_chain *chain = ql_stepper_chain(stepper);
    const size_t V = (size_t)chain->V;
    struct ql_arena *arena = &stepper->arena;

    stepper->state = ql_arena_take(arena, chain->layout.bytes, 1);
    if (chain->layers[0].kind == QL_LAYER_DECODER) {
        stepper->decoder = take_decoder(&chain->layers[0], arena);
    } else {
        stepper->gates = take(arena, 6 * ql_chain_width(chain));
    }
    stepper->logits = ql_arena_take(arena, V, sizeof stepper->logits[0]);
    stepper->weights = ql_arena_take(arena, V, sizeof stepper->weights[0]);
    stepper->candidates = ql_arena_take(arena, V, sizeof stepper->candidates[0]);
    if (arena->exhausted) {
        ql_stepper_free(stepper);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to run the model");
    }
    return QL_OK;
}

enum ql_status ql_stepper_open(struct ql_stepper *stepper, const struct ql_chain *chain, struct ql_error *error)
{
    *stepper = (struct ql_stepper){.shared = chain};
    return take_memory(stepper, error);
}

enum ql_status ql_stepper_init(struct ql_stepper *stepper, const struct ql_model *model,
                               const struct ql_model_info *info, struct ql_error *error)
{
    *stepper = (struct ql_stepper){0};
    const enum ql_status status = ql_chain_init(&stepper->own, model, info, error);
    return status == QL_OK ? take_memory(stepper, error) : status;
}

void ql_stepper_free(struct ql_stepper *stepper)
{
    ql_chain_free(&stepper->own);
    ql_arena_free(&stepper->arena);
    *stepper = (struct ql_stepper){0};
}

float *ql_stepper_part(const struct ql_stepper *stepper, int l, int k)
{
    const struct ql_state_part *part = ql_state_layout_find(&ql_stepper_chain(stepper)->layout, l) + k;
    return (float *)(void *)(stepper->state + part->offset);
}

int64_t *ql_stepper_position(const struct ql_stepper *stepper)
{
    return (int64_t *)(void *)ql_stepper_part(stepper, -1, 0);
}

void ql_stepper_reset(struct ql_stepper *stepper)
{
    memset(stepper->state, 0, ql_stepper_chain(stepper)->layout.bytes);
}

// --- The kernels of device/ that take the time, for each form of vectors. As separate functions they also keep their
// operands in registers, which the compiler does not manage in one function with many products. ---

QL_VECTORIZED(static, void, add_product, (float *y, const float *x, const float *w, int N, int M), (y, x, w, N, M))
{
    ql_matvec_f32(y, x, w, N, M);
}

QL_VECTORIZED(static, void, update_lstm, (float *h, float *c, float *gates, const float *w_hh, int H),
              (h, c, gates, w_hh, H))
{
    ql_lstm_update_f32(h, c, gates, w_hh, H);
}

QL_VECTORIZED(static, void, update_gru,
              (float *h, float *from_h, float *gates, const struct ql_recurrent_weights *w, int H),
              (h, from_h, gates, w, H))
{
    ql_gru_update_f32(h, from_h, gates, w->w_hh, w->bias_hh, H);
}

QL_VECTORIZED(static, void, update_rnn, (float *h, float *sums, const float *w_hh, int H), (h, sums, w_hh, H))
{
    ql_rnn_update_f32(h, sums, w_hh, H);
}

QL_VECTORIZED(static, void, attend,
              (const struct ql_decoder_scratch *s, const float *keys, const float *values,
               struct ql_attention_ring ring, const struct ql_decoder_weights *w, float scale),
              (s, keys, values, ring, w, scale))
{
    ql_attention_f32(s->attended, s->scores, s->query, keys, values, ring, w->heads, w->kv_heads, w->size, scale);
}

QL_VECTORIZED(static, void, activate, (float *gate, const float *up, int F), (gate, up, F))
{
    ql_swiglu_f32(gate, gate, up, F);
}

// --- Layers ---

// Computes the new state from the layer's input, or, in the first layer, from the token.
static void step_recurrent(struct ql_stepper *stepper, const struct ql_chain_layer *layer, int l, const float *x,
                           int token)
{
    const struct ql_recurrent_weights *weights = &layer->recurrent;
    const int H = layer->H, GH = ql_cell_gates(weights->cell) * H;
    float *gates = stepper->gates, *h = ql_stepper_part(stepper, l, 0);

    if (weights->table != NULL) {
        memcpy(gates, weights->table + (ptrdiff_t)token * GH, (size_t)GH * sizeof *gates);
    } else {
        memcpy(gates, weights->bias_ih, (size_t)GH * sizeof *gates);
        add_product(gates, x, weights->w_ih, layer->I, GH);
    }
    switch (weights->cell) {
    case QL_CELL_LSTM:
        update_lstm(h, ql_stepper_part(stepper, l, 1), gates, weights->w_hh, H);
        break;
    case QL_CELL_GRU:
        update_gru(h, gates + GH, gates, weights, H);
        break;
    case QL_CELL_RNN:
        update_rnn(h, gates, weights->w_hh, H);
        break;
    }
}

static void multiply(float *y, const float *x, const float *w, int N, int M)
{
    memset(y, 0, (size_t)M * sizeof *y);
    add_product(y, x, w, N, M);
}

static void add_to(float *x, const float *y, int count)
{
    for (int k = 0; k < count; k++) {
        x[k] += y[k];
    }
}

static void record_attention(struct ql_decoder_ranges *ranges, const struct ql_decoder_weights *w,
                             const struct ql_decoder_scratch *s, const float *key, const float *value)
{
    ql_decoder_ranges_add_norm(&ranges->attention_norm, s->x, w->heads * w->size);
    ql_decoder_ranges_add_pairs(ranges->query, s->query, w->heads, w->size);
    ql_decoder_ranges_add_pairs(ranges->key, key, w->kv_heads, w->size);
    ql_decoder_ranges_add_heads(ranges->value, value, w->kv_heads, w->size);
    ql_decoder_ranges_add_heads(ranges->attended, s->attended, w->heads, w->size);
}

// Passes x through the layer; the token's key and value replace the oldest ones in the ring.
static void step_decoder(struct ql_stepper *stepper, const struct ql_chain_layer *layer, int l, int64_t position)
{
    const struct ql_decoder_weights *w = &layer->decoder;
    const struct ql_decoder_scratch *s = &stepper->decoder;
    const struct ql_attention_ring ring = ql_attention_ring_at(position, w->context);
    const int E = layer->H, A = w->heads * w->size, K = w->kv_heads * w->size;
    const float scale = ql_attention_scale(w->size);
    float *keys = ql_stepper_part(stepper, l, 0), *values = ql_stepper_part(stepper, l, 1);
    float *key = keys + position % w->context * K, *value = values + position % w->context * K;

    ql_rms_norm_f32(s->normed, s->x, w->attention_norm, 1, E, QL_DECODER_EPSILON);
    multiply(s->query, s->normed, w->query, E, A);
    multiply(key, s->normed, w->key, E, K);
    multiply(value, s->normed, w->value, E, K);
    ql_rotary_turn_f32(s->query, s->query, s->cosine, s->sine, w->heads, w->size / 2);
    ql_rotary_turn_f32(key, key, s->cosine, s->sine, w->kv_heads, w->size / 2);
    attend(s, keys, values, ring, w, scale);
    if (stepper->ranges != NULL) {
        record_attention(&stepper->ranges[l], w, s, key, value);
    }
    multiply(s->normed, s->attended, w->output, A, E);
    add_to(s->x, s->normed, E);

    ql_rms_norm_f32(s->normed, s->x, w->feed_norm, 1, E, QL_DECODER_EPSILON);
    multiply(s->gate, s->normed, w->gate, E, w->feed);
    multiply(s->up, s->normed, w->up, E, w->feed);
    activate(s->gate, s->up, w->feed);
    if (stepper->ranges != NULL) {
        ql_decoder_ranges_add_norm(&stepper->ranges[l].feed_norm, s->x, E);
        ql_decoder_ranges_add(&stepper->ranges[l].up, s->up, w->feed);
        ql_decoder_ranges_add_heads(stepper->ranges[l].product, s->gate, w->feed, 1);
    }
    multiply(s->normed, s->gate, w->down, w->feed, E);
    add_to(s->x, s->normed, E);
}

void ql_stepper_step(struct ql_stepper *stepper, int token)
{
    const struct ql_chain *chain = ql_stepper_chain(stepper);
    const size_t logits_bytes = (size_t)chain->V * sizeof stepper->logits[0];
    const float *x = chain->embedding + (ptrdiff_t)token * chain->layers[0].I;

    if (ql_text_rules_reset_at(&chain->rules, token)) {
        ql_stepper_reset(stepper);
    }
    if (chain->rotary_steps != NULL) {
        memcpy(stepper->decoder.x, x, (size_t)chain->layers[0].I * sizeof *x);
        ql_rotary_angles_f32(stepper->decoder.cosine, stepper->decoder.sine, ql_stepper_position(stepper),
                             chain->rotary_steps, chain->layers[0].decoder.size / 2);
    }
    for (int l = 0; l < chain->L; l++) {
        const struct ql_chain_layer *layer = &chain->layers[l];
        switch (layer->kind) {
        case QL_LAYER_RECURRENT:
            step_recurrent(stepper, layer, l, x, token);
            x = ql_stepper_part(stepper, l, 0);
            break;
        case QL_LAYER_DECODER:
            step_decoder(stepper, layer, l, *ql_stepper_position(stepper));
            break;
        }
    }
    if (chain->rotary_steps != NULL) {
        ++*ql_stepper_position(stepper);
        x = stepper->decoder.x;
    }
    if (stepper->ranges != NULL) {
        ql_decoder_ranges_add_norm(&stepper->ranges[chain->L].attention_norm, x, chain->layers[chain->L - 1].H);
    }
    if (chain->norm != NULL) {
        ql_rms_norm_f32(stepper->decoder.normed, x, chain->norm, 1, chain->layers[chain->L - 1].H, QL_DECODER_EPSILON);
        x = stepper->decoder.normed;
    }
    if (chain->output_bias == NULL || chain->bias_last) {
        memset(stepper->logits, 0, logits_bytes);
    } else {
        memcpy(stepper->logits, chain->output_bias, logits_bytes);
    }
    add_product(stepper->logits, x, chain->output_weight, chain->layers[chain->L - 1].H, chain->V);
    for (int v = 0; chain->output_bias != NULL && chain->bias_last && v < chain->V; v++) {
        stepper->logits[v] += chain->output_bias[v];
    }
}

int ql_stepper_next(struct ql_stepper *stepper, int token, struct ql_sampler *sampler, const uint32_t *blocked)
{
    const struct ql_chain *chain = ql_stepper_chain(stepper);
    uint32_t words[QL_VOCABULARY_LIMIT / 32];

    ql_stepper_step(stepper, token);
    return ql_sampler_step_f32(sampler, stepper->logits, ql_text_rules_block(&chain->rules, words, blocked, chain->V),
                               stepper->weights, stepper->candidates, chain->V);
}
