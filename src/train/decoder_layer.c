// A decoder layer in training: see train_layer.h. All of it runs over the rows of the whole window at once; only attention
// looks at sequences one by one. A window is a sequence from position 0: nothing is carried from one to the next.
//
// Each half of the layer adds to what comes in, x + dropout(f(norm(x))). Of the norms only the inverse roots are kept, and of
// the feed-forward half only gate and up: the rest is made again on the way back.
#include <string.h>

#include "device/rotary.h"
#include "train/attention_batch.h"
#include "train/decoder_batch.h"
#include "train/dropout.h"
#include "train/train_layer.h"

// Masks of dropout: that of the embedding, then two of each layer.
enum { EMBEDDING_MASK, ATTENTION_MASK, FEED_MASK, LAYER_MASKS = 2 };

enum { FORWARD, BACKWARD, PACKED_FORMS };

static float *take(struct ql_arena *arena, int a, int b, int c)
{
    return ql_arena_take(arena, (size_t)a * (size_t)b, (size_t)c * sizeof(float));
}

// The sizes that all functions here need.
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
    const int size = ql_head_size(d), A = d->heads * size, K = d->kv_heads * size;

    *work = (struct ql_decoder_work){.normed = take(arena, T, S, d->E),
                                     .branch = take(arena, T, S, d->E),
                                     .feed = take(arena, T, S, d->feed),
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
    for (int t = 0; t < d->context; t++) {
        ql_rotary_angles_f32(training->cosine + (ptrdiff_t)t * pairs, training->sine + (ptrdiff_t)t * pairs, t, steps,
                             pairs);
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

static void drop(const struct ql_layer_pass *pass, float *x, int mask, int width)
{
    if (pass->dropout->probability > 0.0f) {
        ql_dropout_window(x, x, pass->dropout, mask, pass->batch, pass->shard, width);
    }
}

static void turn(const struct ql_train_layer *layer, float *x, struct sizes n, int width, bool back)
{
    const int pairs = ql_head_size(&layer->model->dimensions) / 2, heads = width / (2 * pairs);

    for (ptrdiff_t t = 0; t < n.T; t++) {
        const float *cosine = layer->decoder.cosine + t * pairs, *sine = layer->decoder.sine + t * pairs;
        float *rows = x + t * n.S * width;
        if (back) {
            ql_rotary_batch_backward(rows, cosine, sine, n.S, heads, pairs);
        } else {
            ql_rotary_batch_forward(rows, cosine, sine, n.S, heads, pairs);
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

// The embeddings of the window's tokens.
static void look_up(const struct ql_train_layer *layer, const struct ql_layer_pass *pass, struct sizes n)
{
    float *row = pass->trace->decoder.x;

    for (int t = 0; t < n.T; t++) {
        for (int s = 0; s < n.S; s++, row += n.E) {
            memcpy(row, layer->model->embedding + (ptrdiff_t)tokens_at(pass, t)[s] * n.E, (size_t)n.E * sizeof *row);
        }
    }
    drop(pass, pass->trace->decoder.x, EMBEDDING_MASK, n.E);
}

static void forward(const struct ql_train_layer *layer, const struct ql_layer_pass *pass)
{
    const struct ql_decoder_layer *tensors = &layer->model->layers[layer->l].decoder;
    const struct ql_decoder_trace *trace = &pass->trace->decoder;
    struct ql_decoder_work *work = &pass->scratch->decoder;
    const struct sizes n = sizes_of(layer, pass->batch->T, pass->shard.S);
    const struct ql_attention_shape shape = attention_shape(layer, n);
    const float *x = pass->x == NULL ? trace->x : pass->x;

    if (pass->x == NULL) {
        look_up(layer, pass, n);
    }
    ql_norm_batch_forward(work->normed, trace->attention_inverse, x, tensors->attention_norm, QL_DECODER_EPSILON,
                          n.rows, n.E);
    multiply(layer, trace->query, work->normed, QL_DECODER_QUERY, FORWARD, n.rows, false);
    multiply(layer, trace->key, work->normed, QL_DECODER_KEY, FORWARD, n.rows, false);
    multiply(layer, trace->value, work->normed, QL_DECODER_VALUE, FORWARD, n.rows, false);
    turn(layer, trace->query, n, n.A, false);
    turn(layer, trace->key, n, n.K, false);
    ql_attention_batch_forward(trace->attended, trace->query, trace->key, trace->value, &shape, &work->attention);
    multiply(layer, trace->middle, trace->attended, QL_DECODER_OUTPUT, FORWARD, n.rows, false);
    drop(pass, trace->middle, LAYER_MASKS * layer->l + ATTENTION_MASK, n.E);
    ql_batch_add(trace->middle, x, n.rows, n.E);

    ql_norm_batch_forward(work->normed, trace->feed_inverse, trace->middle, tensors->feed_norm, QL_DECODER_EPSILON,
                          n.rows, n.E);
    multiply(layer, trace->gate, work->normed, QL_DECODER_GATE, FORWARD, n.rows, false);
    multiply(layer, trace->up, work->normed, QL_DECODER_UP, FORWARD, n.rows, false);
    ql_swiglu_batch_forward(work->feed, trace->gate, trace->up, n.rows, n.F);
    multiply(layer, trace->y, work->feed, QL_DECODER_DOWN, FORWARD, n.rows, false);
    drop(pass, trace->y, LAYER_MASKS * layer->l + FEED_MASK, n.E);
    ql_batch_add(trace->y, trace->middle, n.rows, n.E);
    pass->trace->output = trace->y;
}

// dy becomes the gradient of the input of the feed-forward half.
static void backward_feed(const struct ql_train_layer *layer, const struct ql_layer_pass *pass, struct sizes n)
{
    const struct ql_decoder_layer *tensors = &layer->model->layers[layer->l].decoder;
    struct ql_decoder_layer *gradient = &pass->gradient->model.layers[layer->l].decoder;
    const struct ql_decoder_trace *trace = &pass->trace->decoder;
    struct ql_decoder_work *work = &pass->scratch->decoder;
    struct ql_product_scratch *product = &pass->scratch->product;

    memcpy(work->branch, pass->dy, (size_t)n.rows * (size_t)n.E * sizeof(float));
    drop(pass, work->branch, LAYER_MASKS * layer->l + FEED_MASK, n.E);
    ql_swiglu_batch_forward(work->feed, trace->gate, trace->up, n.rows, n.F);
    ql_product_transposed(gradient->down, work->branch, work->feed, n.E, n.F, n.rows, product);
    multiply(layer, work->feed, work->branch, QL_DECODER_DOWN, BACKWARD, n.rows, false);
    ql_swiglu_batch_backward(trace->gate, trace->up, work->feed, n.rows, n.F);

    ql_norm_batch_repeat(work->normed, trace->feed_inverse, trace->middle, tensors->feed_norm, n.rows, n.E);
    ql_product_transposed(gradient->gate, trace->gate, work->normed, n.F, n.E, n.rows, product);
    ql_product_transposed(gradient->up, trace->up, work->normed, n.F, n.E, n.rows, product);
    multiply(layer, work->branch, trace->gate, QL_DECODER_GATE, BACKWARD, n.rows, false);
    multiply(layer, work->branch, trace->up, QL_DECODER_UP, BACKWARD, n.rows, true);
    memset(gradient->feed_norm, 0, (size_t)n.E * sizeof(float));
    ql_norm_batch_backward(pass->dy, gradient->feed_norm, work->branch, trace->feed_inverse, trace->middle,
                           tensors->feed_norm, true, n.rows, n.E);
}

// dy becomes the gradient of the input of the layer.
static void backward_attention(const struct ql_train_layer *layer, const struct ql_layer_pass *pass, struct sizes n)
{
    const struct ql_decoder_layer *tensors = &layer->model->layers[layer->l].decoder;
    struct ql_decoder_layer *gradient = &pass->gradient->model.layers[layer->l].decoder;
    const struct ql_decoder_trace *trace = &pass->trace->decoder;
    struct ql_decoder_work *work = &pass->scratch->decoder;
    struct ql_product_scratch *product = &pass->scratch->product;
    const struct ql_attention_shape shape = attention_shape(layer, n);
    const float *x = pass->x == NULL ? trace->x : pass->x;

    memcpy(work->branch, pass->dy, (size_t)n.rows * (size_t)n.E * sizeof(float));
    drop(pass, work->branch, LAYER_MASKS * layer->l + ATTENTION_MASK, n.E);
    ql_product_transposed(gradient->output, work->branch, trace->attended, n.E, n.A, n.rows, product);
    multiply(layer, work->dattended, work->branch, QL_DECODER_OUTPUT, BACKWARD, n.rows, false);
    ql_attention_batch_backward(work->dquery, work->dkey, work->dvalue, work->dattended, trace->query, trace->key,
                                trace->value, &shape, &work->attention);
    turn(layer, work->dquery, n, n.A, true);
    turn(layer, work->dkey, n, n.K, true);

    ql_norm_batch_repeat(work->normed, trace->attention_inverse, x, tensors->attention_norm, n.rows, n.E);
    ql_product_transposed(gradient->query, work->dquery, work->normed, n.A, n.E, n.rows, product);
    ql_product_transposed(gradient->key, work->dkey, work->normed, n.K, n.E, n.rows, product);
    ql_product_transposed(gradient->value, work->dvalue, work->normed, n.K, n.E, n.rows, product);
    multiply(layer, work->branch, work->dquery, QL_DECODER_QUERY, BACKWARD, n.rows, false);
    multiply(layer, work->branch, work->dkey, QL_DECODER_KEY, BACKWARD, n.rows, true);
    multiply(layer, work->branch, work->dvalue, QL_DECODER_VALUE, BACKWARD, n.rows, true);
    memset(gradient->attention_norm, 0, (size_t)n.E * sizeof(float));
    ql_norm_batch_backward(pass->dy, gradient->attention_norm, work->branch, trace->attention_inverse, x,
                           tensors->attention_norm, true, n.rows, n.E);
}

// The embedding's gradient has its share from the output already.
static void backward(const struct ql_train_layer *layer, const struct ql_layer_pass *pass)
{
    const struct sizes n = sizes_of(layer, pass->batch->T, pass->shard.S);
    const float *dx = pass->dy;

    backward_feed(layer, pass, n);
    backward_attention(layer, pass, n);
    if (pass->x != NULL) {
        return;
    }
    drop(pass, pass->dy, EMBEDDING_MASK, n.E);
    for (int t = 0; t < n.T; t++) {
        for (int s = 0; s < n.S; s++, dx += n.E) {
            ql_batch_add(pass->gradient->model.embedding + (ptrdiff_t)tokens_at(pass, t)[s] * n.E, dx, 1, n.E);
        }
    }
}

const struct ql_layer_functions ql_decoder_layer_functions = {init, trace_init, prepare, forward, backward, NULL};
