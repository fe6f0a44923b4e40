// A decoder layer in training: see train_layer.h. Attention handles sequences one by one. The steps before and after it
// process the rows of the window part by part, so that each part is still in the second-level cache for its next
// product. A window is a sequence from position 0: nothing is carried from one to the next.
// Uses: device/rotary.h, train/{attention_batch,decoder_batch,dropout,train_layer}.
//
// Each half of the layer computes x + dropout(f(norm(x))). Only the inverse roots of the norms and the feed-forward
// half's gate and up are kept; everything else is computed again in the backward pass.
#include <string.h>

#include "device/rotary.h"
#include "train/attention_batch.h"
#include "train/decoder_batch.h"
#include "train/dropout.h"
#include "train/train_layer.h"

// Dropout masks: one for the embedding, then two for each layer.
enum { EMBEDDING_MASK, ATTENTION_MASK, FEED_MASK, LAYER_MASKS = 2 };

enum { FORWARD, BACKWARD, PACKED_FORMS };

static float *take(struct ql_arena *arena, int a, int b, int c)
{
    return ql_arena_take(arena, (size_t)a * (size_t)b, (size_t)c * sizeof(float));
}

// The sizes that all functions in this file need.
struct sizes {
    int T, S, rows, E, A, K, F;
};

static struct sizes sizes_of(const struct ql_train_layer *layer, int T, int S)
{
    const struct ql_dimensions *d = &layer->model->dimensions;
    const int size = ql_head_size(d);

    return (struct sizes){T, S, T * S, d->E, d->heads * size, d->kv_heads * size, d->feed};
}

void ql_decoder_work_init(struct ql_decoder_work *work, const struct ql_dimensions *d, int T, int S,
                          struct ql_arena *arena)
{
    const int size = ql_head_size(d), A = d->heads * size, K = d->kv_heads * size, rows = ql_part_limit(T, S);

    *work = (struct ql_decoder_work){.normed = take(arena, rows, 1, d->E),
                                     .branch = take(arena, rows, 1, d->E),
                                     .feed = take(arena, rows, 1, d->feed),
                                     .dquery = take(arena, T, S, A),
                                     .dkey = take(arena, T, S, K),
                                     .dvalue = take(arena, T, S, K),
                                     .dattended = take(arena, T, S, A)};
    ql_attention_scratch_init(&work->attention, T, size, arena);
}

static void init_matrix(struct ql_packed_matrix *forms, int inputs, int outputs, struct ql_arena *arena)
{
    ql_packed_matrix_init(&forms[FORWARD], inputs, outputs, arena);
    ql_packed_matrix_init(&forms[BACKWARD], outputs, inputs, arena);
}

static void init_angles(struct ql_decoder_training *training, const struct ql_dimensions *d, struct ql_arena *arena)
{
    const int pairs = ql_head_size(d) / 2;
    uint32_t *steps = ql_arena_take(arena, (size_t)pairs, sizeof steps[0]);

    training->cosine = take(arena, 1, d->context, pairs);
    training->sine = take(arena, 1, d->context, pairs);
    if (arena->exhausted) {
        return;
    }
    ql_rotary_steps(steps, 2 * pairs);
    for (int64_t t = 0; t < d->context; t++) {
        ql_rotary_angles_f32(training->cosine + t * pairs, training->sine + t * pairs, &t, steps, pairs);
    }
}

static void init(struct ql_train_layer *layer, const struct ql_rounded_model *rounded, struct ql_arena *arena)
{
    struct ql_decoder_training *training = &layer->decoder;
    const struct sizes n = sizes_of(layer, 0, 0);

    (void)rounded;
    layer->prepare_tasks = QL_DECODER_MATRICES * PACKED_FORMS;
    layer->inner_dropout = true;
    init_matrix(training->matrices[QL_DECODER_QUERY], n.E, n.A, arena);
    init_matrix(training->matrices[QL_DECODER_KEY], n.E, n.K, arena);
    init_matrix(training->matrices[QL_DECODER_VALUE], n.E, n.K, arena);
    init_matrix(training->matrices[QL_DECODER_OUTPUT], n.A, n.E, arena);
    init_matrix(training->matrices[QL_DECODER_GATE], n.E, n.F, arena);
    init_matrix(training->matrices[QL_DECODER_UP], n.E, n.F, arena);
    init_matrix(training->matrices[QL_DECODER_DOWN], n.F, n.E, arena);
    init_angles(training, &layer->model->dimensions, arena);
}

static void trace_init(struct ql_layer_trace *trace, const struct ql_train_layer *layer, int T, int S,
                       struct ql_arena *arena)
{
    const struct sizes n = sizes_of(layer, T, S);

    trace->decoder = (struct ql_decoder_trace){.x = layer->l == 0 ? take(arena, T, S, n.E) : NULL,
                                               .attention_inverse = take(arena, T, S, 1),
                                               .query = take(arena, T, S, n.A),
                                               .key = take(arena, T, S, n.K),
                                               .value = take(arena, T, S, n.K),
                                               .attended = take(arena, T, S, n.A),
                                               .middle = take(arena, T, S, n.E),
                                               .feed_inverse = take(arena, T, S, 1),
                                               .gate = take(arena, T, S, n.F),
                                               .up = take(arena, T, S, n.F),
                                               .y = take(arena, T, S, n.E)};
}

static void prepare(struct ql_train_layer *layer, int task)
{
    const struct ql_decoder_layer *tensors = &layer->model->layers[layer->l].decoder;
    const float *const weights[QL_DECODER_MATRICES] = {
        [QL_DECODER_QUERY] = tensors->query,   [QL_DECODER_KEY] = tensors->key,   [QL_DECODER_VALUE] = tensors->value,
        [QL_DECODER_OUTPUT] = tensors->output, [QL_DECODER_GATE] = tensors->gate, [QL_DECODER_UP] = tensors->up,
        [QL_DECODER_DOWN] = tensors->down};
    struct ql_packed_matrix *forms = layer->decoder.matrices[task / PACKED_FORMS];

    if (task % PACKED_FORMS == FORWARD) {
        ql_packed_matrix_reset_transposed(&forms[FORWARD], weights[task / PACKED_FORMS]);
    } else {
        ql_packed_matrix_reset(&forms[BACKWARD], weights[task / PACKED_FORMS]);
    }
}

// y = x W, or y += x W
static void multiply(const struct ql_train_layer *layer, float *y, const float *x, int matrix, int form, int rows,
                     bool add)
{
    ql_product_fused(y, x, &layer->decoder.matrices[matrix][form], rows, add);
}

// Applies dropout to a part of the window.
static void drop(const struct ql_layer_pass *pass, float *x, int mask, int width, struct ql_part part)
{
    const struct ql_dropout_place place = {mask, pass->regularization->dropout};

    if (place.probability > 0.0f) {
        ql_dropout_steps(x, x, pass->regularization, place, pass->batch, pass->shard, width, part.first, part.steps);
    }
}

// Applies the rotary positions to the rows of a part, of which x is the first.
static void turn(const struct ql_train_layer *layer, float *x, int S, int width, struct ql_part part, bool back)
{
    const int pairs = ql_head_size(&layer->model->dimensions) / 2, heads = width / (2 * pairs);

    for (int t = part.first; t < part.first + part.steps; t++, x += (ptrdiff_t)S * width) {
        const float *cosine = layer->decoder.cosine + (ptrdiff_t)t * pairs;
        const float *sine = layer->decoder.sine + (ptrdiff_t)t * pairs;
        if (back) {
            ql_rotary_batch_backward(x, cosine, sine, S, heads, pairs);
        } else {
            ql_rotary_batch_forward(x, cosine, sine, S, heads, pairs);
        }
    }
}

static struct ql_attention_shape attention_shape(const struct ql_train_layer *layer, struct sizes n)
{
    const struct ql_dimensions *d = &layer->model->dimensions;
    return (struct ql_attention_shape){n.T, n.S, d->heads, d->kv_heads, ql_head_size(d)};
}

static const uint16_t *tokens_at(const struct ql_layer_pass *pass, int t)
{
    return pass->batch->inputs + (ptrdiff_t)t * pass->batch->B + pass->shard.first;
}

// Row `part.row` of (T, S, width).
static float *at(float *x, struct ql_part part, int width)
{
    return x + (ptrdiff_t)part.row * width;
}

// The embeddings of a part's tokens.
static void look_up(const struct ql_train_layer *layer, const struct ql_layer_pass *pass, struct sizes n,
                    struct ql_part part)
{
    float *row = at(pass->trace->decoder.x, part, n.E);

    for (int t = part.first; t < part.first + part.steps; t++) {
        for (int s = 0; s < n.S; s++, row += n.E) {
            memcpy(row, layer->model->embedding + (ptrdiff_t)tokens_at(pass, t)[s] * n.E, (size_t)n.E * sizeof *row);
        }
    }
    drop(pass, at(pass->trace->decoder.x, part, n.E), EMBEDDING_MASK, n.E, part);
}

// Computes queries, keys, and values from the layer's input.
static void forward_entries(const struct ql_train_layer *layer, const struct ql_layer_pass *pass, struct sizes n,
                            struct ql_part part)
{
    const struct ql_decoder_layer *tensors = &layer->model->layers[layer->l].decoder;
    const struct ql_decoder_trace *trace = &pass->trace->decoder;
    float *normed = pass->scratch->decoder.normed;
    float *query = at(trace->query, part, n.A), *key = at(trace->key, part, n.K);
    const float *x = (pass->x == NULL ? trace->x : pass->x) + (ptrdiff_t)part.row * n.E;

    ql_norm_batch_forward(normed, trace->attention_inverse + part.row, x, tensors->attention_norm, QL_DECODER_EPSILON,
                          part.rows, n.E);
    multiply(layer, query, normed, QL_DECODER_QUERY, FORWARD, part.rows, false);
    multiply(layer, key, normed, QL_DECODER_KEY, FORWARD, part.rows, false);
    multiply(layer, at(trace->value, part, n.K), normed, QL_DECODER_VALUE, FORWARD, part.rows, false);
    turn(layer, query, n.S, n.A, part, false);
    turn(layer, key, n.S, n.K, part, false);
}

// Computes the layer's output from the output of attention.
static void forward_rest(const struct ql_train_layer *layer, const struct ql_layer_pass *pass, struct sizes n,
                         struct ql_part part)
{
    const struct ql_decoder_layer *tensors = &layer->model->layers[layer->l].decoder;
    const struct ql_decoder_trace *trace = &pass->trace->decoder;
    const struct ql_decoder_work *work = &pass->scratch->decoder;
    const float *x = (pass->x == NULL ? trace->x : pass->x) + (ptrdiff_t)part.row * n.E;
    float *middle = at(trace->middle, part, n.E), *y = at(trace->y, part, n.E);
    float *gate = at(trace->gate, part, n.F), *up = at(trace->up, part, n.F);

    multiply(layer, middle, at(trace->attended, part, n.A), QL_DECODER_OUTPUT, FORWARD, part.rows, false);
    drop(pass, middle, LAYER_MASKS * layer->l + ATTENTION_MASK, n.E, part);
    ql_batch_add(middle, x, part.rows, n.E);

    ql_norm_batch_forward(work->normed, trace->feed_inverse + part.row, middle, tensors->feed_norm, QL_DECODER_EPSILON,
                          part.rows, n.E);
    multiply(layer, gate, work->normed, QL_DECODER_GATE, FORWARD, part.rows, false);
    multiply(layer, up, work->normed, QL_DECODER_UP, FORWARD, part.rows, false);
    ql_swiglu_batch_forward(work->feed, gate, up, part.rows, n.F);
    multiply(layer, y, work->feed, QL_DECODER_DOWN, FORWARD, part.rows, false);
    drop(pass, y, LAYER_MASKS * layer->l + FEED_MASK, n.E, part);
    ql_batch_add(y, middle, part.rows, n.E);
}

static void forward(const struct ql_train_layer *layer, const struct ql_layer_pass *pass)
{
    const struct ql_decoder_trace *trace = &pass->trace->decoder;
    const struct sizes n = sizes_of(layer, pass->batch->T, pass->shard.S);
    const struct ql_attention_shape shape = attention_shape(layer, n);
    const struct ql_part start = {0};

    for (struct ql_part part = ql_part_next(start, n.T, n.S); part.rows > 0; part = ql_part_next(part, n.T, n.S)) {
        if (pass->x == NULL) {
            look_up(layer, pass, n, part);
        }
        forward_entries(layer, pass, n, part);
    }
    ql_attention_batch_forward(trace->attended, trace->query, trace->key, trace->value, &shape,
                               &pass->scratch->decoder.attention);
    for (struct ql_part part = ql_part_next(start, n.T, n.S); part.rows > 0; part = ql_part_next(part, n.T, n.S)) {
        forward_rest(layer, pass, n, part);
    }
    pass->trace->output = trace->y;
}

// Adds a part's share, a sum over its rows, to the gradient of a weight matrix (M, N).
static void add_gradient(const struct ql_layer_pass *pass, float *gradient, const float *dy, const float *x, int M,
                         int N, struct ql_part part)
{
    ql_product_transposed(gradient, dy, x, M, N, part.rows, part.row > 0, &pass->scratch->product);
}

// Turns dy into the gradient of the input of the feed-forward half.
static void backward_feed(const struct ql_train_layer *layer, const struct ql_layer_pass *pass, struct sizes n,
                          struct ql_part part)
{
    const struct ql_decoder_layer *tensors = &layer->model->layers[layer->l].decoder;
    struct ql_decoder_layer *gradient = &pass->gradient->model.layers[layer->l].decoder;
    const struct ql_decoder_trace *trace = &pass->trace->decoder;
    const struct ql_decoder_work *work = &pass->scratch->decoder;
    float *dy = at(pass->dy, part, n.E), *gate = at(trace->gate, part, n.F), *up = at(trace->up, part, n.F);
    const float *middle = at(trace->middle, part, n.E), *inverse = trace->feed_inverse + part.row;

    memcpy(work->branch, dy, (size_t)part.rows * (size_t)n.E * sizeof *dy);
    drop(pass, work->branch, LAYER_MASKS * layer->l + FEED_MASK, n.E, part);
    ql_swiglu_batch_forward(work->feed, gate, up, part.rows, n.F);
    add_gradient(pass, gradient->down, work->branch, work->feed, n.E, n.F, part);
    multiply(layer, work->feed, work->branch, QL_DECODER_DOWN, BACKWARD, part.rows, false);
    ql_swiglu_batch_backward(gate, up, work->feed, part.rows, n.F);

    ql_norm_batch_repeat(work->normed, inverse, middle, tensors->feed_norm, part.rows, n.E);
    add_gradient(pass, gradient->gate, gate, work->normed, n.F, n.E, part);
    add_gradient(pass, gradient->up, up, work->normed, n.F, n.E, part);
    multiply(layer, work->branch, gate, QL_DECODER_GATE, BACKWARD, part.rows, false);
    multiply(layer, work->branch, up, QL_DECODER_UP, BACKWARD, part.rows, true);
    ql_norm_batch_backward(dy, gradient->feed_norm, work->branch, inverse, middle, tensors->feed_norm, true, part.rows,
                           n.E);
}

// Computes the gradient of attention's output from dy.
static void backward_output(const struct ql_train_layer *layer, const struct ql_layer_pass *pass, struct sizes n,
                            struct ql_part part)
{
    struct ql_decoder_layer *gradient = &pass->gradient->model.layers[layer->l].decoder;
    const struct ql_decoder_work *work = &pass->scratch->decoder;

    memcpy(work->branch, at(pass->dy, part, n.E), (size_t)part.rows * (size_t)n.E * sizeof(float));
    drop(pass, work->branch, LAYER_MASKS * layer->l + ATTENTION_MASK, n.E, part);
    add_gradient(pass, gradient->output, work->branch, at(pass->trace->decoder.attended, part, n.A), n.E, n.A, part);
    multiply(layer, at(work->dattended, part, n.A), work->branch, QL_DECODER_OUTPUT, BACKWARD, part.rows, false);
}

// Turns dy into the gradient of the layer's input, using those of queries, keys, and values.
static void backward_entries(const struct ql_train_layer *layer, const struct ql_layer_pass *pass, struct sizes n,
                             struct ql_part part)
{
    const struct ql_decoder_layer *tensors = &layer->model->layers[layer->l].decoder;
    struct ql_decoder_layer *gradient = &pass->gradient->model.layers[layer->l].decoder;
    const struct ql_decoder_trace *trace = &pass->trace->decoder;
    const struct ql_decoder_work *work = &pass->scratch->decoder;
    const float *x = (pass->x == NULL ? trace->x : pass->x) + (ptrdiff_t)part.row * n.E;
    const float *inverse = trace->attention_inverse + part.row;
    float *dquery = at(work->dquery, part, n.A), *dkey = at(work->dkey, part, n.K);
    const float *dvalue = at(work->dvalue, part, n.K);

    turn(layer, dquery, n.S, n.A, part, true);
    turn(layer, dkey, n.S, n.K, part, true);
    ql_norm_batch_repeat(work->normed, inverse, x, tensors->attention_norm, part.rows, n.E);
    add_gradient(pass, gradient->query, dquery, work->normed, n.A, n.E, part);
    add_gradient(pass, gradient->key, dkey, work->normed, n.K, n.E, part);
    add_gradient(pass, gradient->value, dvalue, work->normed, n.K, n.E, part);
    multiply(layer, work->branch, dquery, QL_DECODER_QUERY, BACKWARD, part.rows, false);
    multiply(layer, work->branch, dkey, QL_DECODER_KEY, BACKWARD, part.rows, true);
    multiply(layer, work->branch, dvalue, QL_DECODER_VALUE, BACKWARD, part.rows, true);
    ql_norm_batch_backward(at(pass->dy, part, n.E), gradient->attention_norm, work->branch, inverse, x,
                           tensors->attention_norm, true, part.rows, n.E);
}

// Completes the embedding's gradient, which already has its share from the output.
static void backward_embedding(const struct ql_layer_pass *pass, struct sizes n, struct ql_part part)
{
    float *dx = at(pass->dy, part, n.E);

    drop(pass, dx, EMBEDDING_MASK, n.E, part);
    for (int t = part.first; t < part.first + part.steps; t++) {
        for (int s = 0; s < n.S; s++, dx += n.E) {
            ql_batch_add(pass->gradient->model.embedding + (ptrdiff_t)tokens_at(pass, t)[s] * n.E, dx, 1, n.E);
        }
    }
}

static void backward(const struct ql_train_layer *layer, const struct ql_layer_pass *pass)
{
    const struct sizes n = sizes_of(layer, pass->batch->T, pass->shard.S);
    const struct ql_attention_shape shape = attention_shape(layer, n);
    const struct ql_decoder_trace *trace = &pass->trace->decoder;
    struct ql_decoder_layer *gradient = &pass->gradient->model.layers[layer->l].decoder;
    struct ql_decoder_work *work = &pass->scratch->decoder;
    const struct ql_part start = {0};

    memset(gradient->feed_norm, 0, (size_t)n.E * sizeof(float));
    memset(gradient->attention_norm, 0, (size_t)n.E * sizeof(float));
    for (struct ql_part part = ql_part_next(start, n.T, n.S); part.rows > 0; part = ql_part_next(part, n.T, n.S)) {
        backward_feed(layer, pass, n, part);
        backward_output(layer, pass, n, part);
    }
    ql_attention_batch_backward(work->dquery, work->dkey, work->dvalue, work->dattended, trace->query, trace->key,
                                trace->value, &shape, &work->attention);
    for (struct ql_part part = ql_part_next(start, n.T, n.S); part.rows > 0; part = ql_part_next(part, n.T, n.S)) {
        backward_entries(layer, pass, n, part);
        if (pass->x == NULL) {
            backward_embedding(pass, n, part);
        }
    }
}

const struct ql_layer_functions ql_decoder_layer_functions = {init, trace_init, prepare, forward, backward, NULL};
