// The calls of a decoder in integers: see decoder_program.h.
// Uses: base, device/attention_s8.h, onnx, quantize/program_maker.
#include "quantize/decoder_program.h"

#include <stdio.h>

#include "device/attention_s8.h"

enum { PLACE, KEYS, VALUES }; // the parts of the state
enum { ENTRY_SCALE, OUTPUT_SCALE, FEED_SCALE, DOWN_SCALE, LAYER_SCALES };
enum { NAME_BYTES = 32 };

// The values that all layers use.
struct maker {
    struct ql_program_maker *base;
    const struct ql_integer_decoder *decoder;
    int place, keys, values;
    int cosine, sine; // (size / 2)
    int x;            // (E) the residual stream
};

// A matrix and its rows, as values.
struct linear {
    const struct ql_integer_matrix *matrix;
    int w, rows, scale;
};

static struct linear add_linear(struct maker *maker, const struct ql_integer_linear *linear, const char *name,
                                int scale)
{
    char rows_name[2 * NAME_BYTES];

    (void)snprintf(rows_name, sizeof rows_name, "%s_rows", name);
    return (struct linear){.matrix = &linear->matrix,
                           .w = ql_program_maker_add_matrix(maker->base, name, &linear->matrix),
                           .rows = ql_program_maker_add_rows(maker->base, rows_name, linear->rows, linear->matrix.rows),
                           .scale = ql_program_maker_add_scale(maker->base, scale)};
}

static struct linear add_layer_linear(struct maker *maker, const struct ql_integer_linear *linear, int l,
                                      const char *part, int scale)
{
    char name[NAME_BYTES];

    (void)snprintf(name, sizeof name, "layer%d_%s", l + 1, part);
    return add_linear(maker, linear, name, l * LAYER_SCALES + scale);
}

static int add_scratch(struct maker *maker, const char *name, enum ql_element type, int count)
{
    return ql_program_maker_add_scratch(maker->base, name, type, count);
}

static void add_call(struct maker *maker, enum ql_integer_kernel_id kernel, struct ql_kernel_call call)
{
    ql_program_maker_add_call(maker->base, kernel, call);
}

// y = norm(x), without its gain
static int add_norm(struct maker *maker, const struct ql_integer_norm *norm)
{
    const int E = maker->decoder->E, y = add_scratch(maker, "normed", QL_ELEMENT_S8, E);

    add_call(maker, QL_INTEGER_KERNEL_RMS_NORM,
             (struct ql_kernel_call){.buffers = {y, maker->x},
                                     .ints = {norm->multiplier, norm->shift, maker->decoder->epsilon, E}});
    return y;
}

// sums = W x
static void add_product(struct maker *maker, const struct linear *linear, int sums, int x)
{
    add_call(maker, QL_INTEGER_KERNEL_ROW_CLEAR,
             (struct ql_kernel_call){.buffers = {sums}, .ints = {linear->matrix->rows}});
    ql_program_maker_add_product(maker->base, linear->matrix, sums, linear->w, x);
}

static int add_sums(struct maker *maker, const struct linear *linear, int x)
{
    const int sums = add_scratch(maker, "sums", QL_ELEMENT_S32, linear->matrix->rows);

    add_product(maker, linear, sums, x);
    return sums;
}

// values = the values of the rows of sums, which may be the same
static void add_values(struct maker *maker, const struct linear *linear, int sums)
{
    add_call(
        maker, QL_INTEGER_KERNEL_ROW_VALUES,
        (struct ql_kernel_call){.buffers = {sums, sums, linear->rows, linear->scale}, .ints = {linear->matrix->rows}});
}

// x = x + W y
static void add_residual(struct maker *maker, const struct linear *linear, int y)
{
    const int sums = add_sums(maker, linear, y);

    add_call(
        maker, QL_INTEGER_KERNEL_RESIDUAL_ADD,
        (struct ql_kernel_call){.buffers = {maker->x, sums, linear->rows, linear->scale}, .ints = {maker->decoder->E}});
}

static void add_cache_write(struct maker *maker, int cache, int entry, int K)
{
    add_call(maker, QL_INTEGER_KERNEL_CACHE_WRITE,
             (struct ql_kernel_call){.buffers = {cache, entry, maker->place}, .ints = {K}});
}

static void add_attention(struct maker *maker, int l)
{
    const struct ql_integer_decoder *d = maker->decoder;
    const struct ql_integer_decoder_layer *layer = &d->layers[l];
    const int A = d->heads * d->size, K = d->kv_heads * d->size, cache = d->context * K;
    const struct linear entry = add_layer_linear(maker, &layer->entry, l, "entry", ENTRY_SCALE);
    const struct linear output = add_layer_linear(maker, &layer->output, l, "output", OUTPUT_SCALE);
    const int keys = ql_program_maker_add_view(maker->base, "", maker->keys, l * cache, cache);
    const int values = ql_program_maker_add_view(maker->base, "", maker->values, l * cache, cache);
    const int sums = add_sums(maker, &entry, add_norm(maker, &layer->attention_norm));

    add_values(maker, &entry, sums);
    const int query = ql_program_maker_add_view(maker->base, "", sums, 0, A);
    // Queries and keys are side by side, and are rotated together.
    add_call(maker, QL_INTEGER_KERNEL_ROTARY_TURN,
             (struct ql_kernel_call){.buffers = {query, maker->cosine, maker->sine},
                                     .ints = {d->heads + d->kv_heads, d->size / 2}});
    add_cache_write(maker, keys, ql_program_maker_add_view(maker->base, "", sums, A, K), K);
    add_cache_write(maker, values, ql_program_maker_add_view(maker->base, "", sums, A + K, K), K);
    const int attended = add_scratch(maker, "attended", QL_ELEMENT_S8, A);
    const int scores = add_scratch(maker, "scores", QL_ELEMENT_S32, d->context + d->size);
    add_call(maker, QL_INTEGER_KERNEL_ATTENTION,
             (struct ql_kernel_call){
                 .buffers = {attended, scores, query, keys, values, maker->place},
                 .ints = {d->heads, d->kv_heads, d->size, layer->score_bits, d->weight_bits, layer->gain_bits}});
    add_residual(maker, &output, attended);
}

static void add_feed(struct maker *maker, int l)
{
    const struct ql_integer_decoder *d = maker->decoder;
    const struct ql_integer_decoder_layer *layer = &d->layers[l];
    const struct linear feed = add_layer_linear(maker, &layer->feed, l, "feed", FEED_SCALE);
    const struct linear down = add_layer_linear(maker, &layer->down, l, "down", DOWN_SCALE);
    const int sums = add_sums(maker, &feed, add_norm(maker, &layer->feed_norm));
    const int product = add_scratch(maker, "product", QL_ELEMENT_S8, d->feed);

    add_call(maker, QL_INTEGER_KERNEL_SWIGLU,
             (struct ql_kernel_call){.buffers = {product, sums, feed.rows, feed.scale},
                                     .ints = {layer->feed_shift, d->feed}});
    add_residual(maker, &down, product);
}

static void add_layer(struct maker *maker, int l)
{
    char name[NAME_BYTES];

    (void)snprintf(name, sizeof name, "layer%d.attention", l + 1);
    add_attention(maker, l);
    ql_program_maker_end_node(maker->base, "attention", name, maker->x);
    (void)snprintf(name, sizeof name, "layer%d.feed", l + 1);
    add_feed(maker, l);
    ql_program_maker_end_node(maker->base, "feed_forward", name, maker->x);
}

// The shifts of all layers, then those of the logits and of the embedding.
static void add_scales(struct maker *maker)
{
    const int L = maker->base->model->L;
    struct ql_integer_scale *scales =
        ql_arena_take(&maker->base->made->arena, (size_t)L * LAYER_SCALES + 2, sizeof scales[0]);

    for (int l = 0; l < L && scales != NULL; l++) {
        const struct ql_integer_decoder_layer *layer = &maker->decoder->layers[l];
        scales[l * LAYER_SCALES + ENTRY_SCALE] = layer->entry.scale;
        scales[l * LAYER_SCALES + OUTPUT_SCALE] = layer->output.scale;
        scales[l * LAYER_SCALES + FEED_SCALE] = layer->feed.scale;
        scales[l * LAYER_SCALES + DOWN_SCALE] = layer->down.scale;
    }
    if (scales != NULL) {
        scales[L * LAYER_SCALES] = maker->decoder->logits.scale;
        scales[L * LAYER_SCALES + 1] = maker->decoder->embedding_scale;
    }
    ql_program_maker_add_scales(maker->base, scales, L * LAYER_SCALES + 2);
}

// Computes what the layers get from the token and its position.
static void add_begin(struct maker *maker)
{
    struct ql_program_maker *base = maker->base;
    const struct ql_integer_decoder *d = maker->decoder;
    const int V = base->model->V, pairs = d->size / 2;
    const int steps = ql_program_maker_add_constant(base, "steps", QL_ELEMENT_U32, 0, pairs, d->steps);
    const int table = ql_program_maker_add_constant(base, "embedding", QL_ELEMENT_S8, V, d->E, d->embedding);
    const int rows = ql_program_maker_add_rows(base, "embedding_rows", d->embedding_rows, V);
    const int scale = ql_program_maker_add_scale(base, base->model->L * LAYER_SCALES + 1);

    maker->cosine = add_scratch(maker, "cosine", QL_ELEMENT_S16, pairs);
    maker->sine = add_scratch(maker, "sine", QL_ELEMENT_S16, pairs);
    maker->x = add_scratch(maker, "x", QL_ELEMENT_S32, d->E);
    add_call(maker, QL_INTEGER_KERNEL_ROTARY_ANGLES,
             (struct ql_kernel_call){.buffers = {maker->cosine, maker->sine, maker->place, steps}, .ints = {pairs}});
    add_call(maker, QL_INTEGER_KERNEL_EMBED,
             (struct ql_kernel_call){.buffers = {maker->x, base->token, table, rows, scale}, .ints = {d->E}});
    ql_program_maker_end_node(base, "embedding", "begin", maker->x);
}

void ql_decoder_program_add(struct ql_program_maker *base)
{
    struct maker maker = {.base = base,
                          .decoder = &base->model->decoder,
                          .place = base->states[PLACE],
                          .keys = base->states[KEYS],
                          .values = base->states[VALUES]};

    add_scales(&maker);
    add_begin(&maker);
    for (int l = 0; l < base->model->L; l++) {
        add_layer(&maker, l);
    }
    const struct linear logits = add_linear(&maker, &maker.decoder->logits, "output", base->model->L * LAYER_SCALES);
    add_product(&maker, &logits, base->logits, add_norm(&maker, &maker.decoder->norm));
    add_values(&maker, &logits, base->logits);
    add_call(&maker, QL_INTEGER_KERNEL_CACHE_ADVANCE,
             (struct ql_kernel_call){.buffers = {maker.place}, .ints = {maker.decoder->context}});
    ql_program_maker_end_node(base, "linear", "output", base->logits);
}
