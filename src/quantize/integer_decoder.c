// The layers of a decoder in integers: see integer_decoder.h. The units of a vector, and the gain of the norm before
// it, are multiplied into the weights that read the vector, before these are rounded.
// Uses: base, device, model, quantize/{calibration,integer_matrix}.
#include "quantize/integer_decoder.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "device/attention_s8.h"
#include "device/rms_norm_s8.h"
#include "model/row_quantizer.h"

enum {
    BYTE_LIMIT = 127,       // of all vectors that are inputs of products
    SCORE_BITS_LIMIT = 20,  // with more, a step of a score would be below the steps of device/sampler_power.h
    GAIN_BITS_LIMIT = 3,    // as in the kernel
    FEED_SHIFT_LIMIT = 20,  // 2^30 / 2^20: the greatest result of the gate still fills a byte
    WEIGHT_BITS_LIMIT = 15, // more than the bits of a byte, and few enough for a context of 512
    WIDTH_LIMIT = 4096,     // of the norm's kernel
    EMBEDDING_SHIFT_LIMIT = 15,
    NORM_BITS = 14, // of a norm's multiplier, which is 2^14 to 2^15
};

// The most units of a value that rounding in a row may cost, for vectors that never occur: those in which every number
// has the greatest magnitude and the sign of its weight. For vectors that do occur, it is a small part of that.
enum {
    ENTRY_ERROR_LIMIT = 128,    // half a step of a key or value
    RESIDUAL_ERROR_LIMIT = 256, // 1/16
    FEED_ERROR_LIMIT = 128,     // 1/8 of what the gate takes
    LOGIT_ERROR_LIMIT = 64,     // 1/16
};

// The calibrated range of an int16 is a quarter more than the largest number seen.
static const double headroom = 1.25;

static const double log2_e = 1.4426950408889634;

// Rows of float weights that become rows of one matrix, one after another.
struct part {
    const char *name;     // for messages
    const float *weights; // (columns, rows)
    int rows, run;        // each `run` rows have a common unit
    const double *units;  // (rows / run) of the rows' values
};

struct builder {
    struct ql_integer_decoder *decoder;
    const struct ql_chain *from;
    const struct ql_calibration *calibration;
    enum ql_weight_format format;
    struct ql_arena *arena; // of the model
    struct ql_arena scratch;
    float *columns; // (widest) the factor of each column
    float *values;  // (widest) one row
    struct ql_row_draft *drafts;
    double *query_units, *key_units, *value_units; // (heads), (kv_heads), (kv_heads)
    double *up_units, *product_units;              // (F)
    struct ql_error *error;
};

static enum ql_status fail_memory(struct ql_error *error)
{
    return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the integer model");
}

static enum ql_status fail_not_finite(const struct builder *builder, const char *node)
{
    return ql_error_write(builder->error, QL_ERROR_INPUT,
                          "node '%s': a weight is not a finite number, so it has no integer form", node);
}

// The unit of a byte for numbers of this size; any unit if all numbers were 0.
static double byte_unit(float range)
{
    return (range > 0.0f ? (double)range : 1.0) / BYTE_LIMIT;
}

// Chooses the numbers of a norm, and returns the unit of its result.
static double make_norm(struct ql_integer_norm *norm, const struct ql_integer_decoder *decoder, float range)
{
    // The largest of E numbers is at least the root of the mean of their squares.
    const double unit = byte_unit(fmaxf(range, 1.0f));
    double multiplier = sqrt(decoder->E / 2.0) / unit;

    norm->shift = NORM_BITS;
    while (multiplier < 1 << NORM_BITS) {
        multiplier *= 2.0;
        norm->shift++;
    }
    norm->multiplier = (int)fmin(multiplier + 0.5, (double)INT16_MAX);
    return unit;
}

// The factor of each column that reads a norm.
static void set_normed_columns(struct builder *builder, const float *gain, double unit)
{
    for (int k = 0; k < builder->decoder->E; k++) {
        builder->columns[k] = gain[k] * (float)unit;
    }
}

static const struct part *find_part(const struct part *parts, int *row)
{
    while (*row >= parts->rows) { // NOLINT(clang-analyzer-core.*): the row is in one of the parts
        *row -= parts->rows;
        parts++;
    }
    return parts;
}

// Rounds the rows of the parts, which read the builder's columns.
static enum ql_status make_linear(struct builder *builder, struct ql_integer_linear *linear, const char *node,
                                  const struct part *parts, int part_count, int columns, double error_limit,
                                  enum ql_weight_format format)
{
    const struct ql_row_format row_format = ql_weight_format_rows(format);
    struct ql_integer_matrix *matrix = &linear->matrix;
    int rows = 0, worst;

    for (int i = 0; i < part_count; i++) {
        rows += parts[i].rows;
    }
    *matrix = (struct ql_integer_matrix){.is_s4 = format == QL_WEIGHTS_S4, .rows = rows, .columns = columns};
    matrix->weights = ql_arena_take(builder->arena, (size_t)rows, (size_t)columns);
    linear->rows = ql_arena_take(builder->arena, (size_t)rows, sizeof linear->rows[0]);
    if (builder->arena->exhausted) {
        return fail_memory(builder->error);
    }
    for (int r = 0; r < rows; r++) {
        int row = r;
        const struct part *part = find_part(parts, &row);
        int8_t *q = matrix->weights + (ptrdiff_t)r * columns;
        for (int k = 0; k < columns; k++) {
            builder->values[k] = part->weights[(ptrdiff_t)k * part->rows + row] * builder->columns[k];
        }
        const float scale = ql_row_quantizer_encode(&(struct ql_row_part){q, builder->values, columns}, 1, &row_format);
        if (scale == 0.0f) {
            return fail_not_finite(builder, node);
        }
        builder->drafts[r] = (struct ql_row_draft){.unit = (double)scale / part->units[row / part->run],
                                                   .reach = ql_row_reach(q, columns)};
    }
    if (!ql_row_drafts_fit(linear->rows, &linear->scale, builder->drafts, rows, error_limit, &worst)) {
        const struct ql_row_draft *draft = &builder->drafts[worst];
        const struct part *part = find_part(parts, &worst);
        const double step = draft->unit * part->units[worst / part->run];
        return ql_error_write(
            builder->error, QL_ERROR_INPUT,
            "node '%s', %s, row %d: its sum may reach %.3g in steps of %.3g, which leaves the other rows too few of 32 "
            "bits; train it further with a larger --weight-decay, or clip its weights",
            node, part->name, worst, (double)draft->reach * step, step);
    }
    return ql_integer_matrix_pack(matrix, builder->arena, builder->error);
}

// Units of queries, keys, and values: for keys and values, a byte for the range seen in calibration, with additional
// bits until they are rounded; for queries, the units in which scores are exponents of two.
static void set_entry_units(struct builder *builder, struct ql_integer_decoder_layer *layer,
                            const struct ql_decoder_ranges *ranges)
{
    const struct ql_integer_decoder *decoder = builder->decoder;
    const int group = decoder->heads / decoder->kv_heads;
    const double fine = 1 << QL_CACHE_FINE_BITS;
    double greatest = 0.0;

    for (int g = 0; g < decoder->kv_heads; g++) {
        builder->key_units[g] = byte_unit(ranges->key[g]) / fine;
        builder->value_units[g] = byte_unit(ranges->value[g]) / fine;
    }
    for (int h = 0; h < decoder->heads; h++) {
        // A query times this, times a key in bytes, is the base-2 logarithm of a weight.
        const double factor = builder->key_units[h / group] * fine * log2_e / sqrt((double)decoder->size);
        greatest = fmax(greatest, (double)ranges->query[h] * factor);
        builder->query_units[h] = 1.0 / factor;
    }
    layer->score_bits = SCORE_BITS_LIMIT;
    while (layer->score_bits > 0 && ldexp(greatest * headroom, layer->score_bits) > INT16_MAX) {
        layer->score_bits--;
    }
    for (int h = 0; h < decoder->heads; h++) {
        builder->query_units[h] = ldexp(builder->query_units[h], -layer->score_bits);
    }
}

static enum ql_status make_attention(struct builder *builder, int l)
{
    struct ql_integer_decoder *decoder = builder->decoder;
    struct ql_integer_decoder_layer *layer = &decoder->layers[l];
    const struct ql_chain_layer *from = &builder->from->layers[l];
    const struct ql_decoder_weights *w = &from->decoder;
    const struct ql_decoder_ranges *ranges = &builder->calibration->decoder[l];
    const int size = decoder->size, A = decoder->heads * size, K = decoder->kv_heads * size;
    const int group = decoder->heads / decoder->kv_heads;
    const double residual_unit = ldexp(1.0, -QL_RESIDUAL_UNIT_BITS);

    set_normed_columns(builder, w->attention_norm, make_norm(&layer->attention_norm, decoder, ranges->attention_norm));
    set_entry_units(builder, layer, ranges);
    const struct part entries[] = {{"query", w->query, A, size, builder->query_units},
                                   {"key", w->key, K, size, builder->key_units},
                                   {"value", w->value, K, size, builder->value_units}};
    enum ql_status status =
        make_linear(builder, &layer->entry, from->name, entries, 3, decoder->E, ENTRY_ERROR_LIMIT, builder->format);
    if (status != QL_OK) {
        return status;
    }
    layer->gain_bits = GAIN_BITS_LIMIT;
    for (int h = 0; h < decoder->heads; h++) {
        while (layer->gain_bits > 0 &&
               ldexp((double)ranges->attended[h], layer->gain_bits) > (double)ranges->value[h / group]) {
            layer->gain_bits--;
        }
    }
    for (int k = 0; k < A; k++) {
        builder->columns[k] =
            (float)ldexp(builder->value_units[k / size / group], QL_CACHE_FINE_BITS - layer->gain_bits);
    }
    const struct part output = {"output", w->output, decoder->E, decoder->E, &residual_unit};
    return make_linear(builder, &layer->output, from->name, &output, 1, A, RESIDUAL_ERROR_LIMIT, builder->format);
}

static enum ql_status make_feed(struct builder *builder, int l)
{
    struct ql_integer_decoder *decoder = builder->decoder;
    struct ql_integer_decoder_layer *layer = &decoder->layers[l];
    const struct ql_chain_layer *from = &builder->from->layers[l];
    const struct ql_decoder_weights *w = &from->decoder;
    const struct ql_decoder_ranges *ranges = &builder->calibration->decoder[l];
    const int F = decoder->feed;
    const double residual_unit = ldexp(1.0, -QL_RESIDUAL_UNIT_BITS), gate_unit = ldexp(1.0, -QL_INTEGER_UNIT_BITS);
    double least = INFINITY;

    for (int k = 0; k < F; k++) {
        builder->product_units[k] = byte_unit(ranges->product[k]);
        least = fmin(least, builder->product_units[k]);
    }
    layer->feed_shift = FEED_SHIFT_LIMIT;
    while (layer->feed_shift > 0 &&
           (double)ranges->up * headroom > ldexp(least, QL_INTEGER_UNIT_BITS - layer->feed_shift) * INT16_MAX) {
        layer->feed_shift--;
    }
    for (int k = 0; k < F; k++) {
        builder->up_units[k] = ldexp(builder->product_units[k], QL_INTEGER_UNIT_BITS - layer->feed_shift);
    }
    const struct part feed[] = {{"gate", w->gate, F, F, &gate_unit}, {"up", w->up, F, 1, builder->up_units}};
    set_normed_columns(builder, w->feed_norm, make_norm(&layer->feed_norm, decoder, ranges->feed_norm));
    const enum ql_status status =
        make_linear(builder, &layer->feed, from->name, feed, 2, decoder->E, FEED_ERROR_LIMIT, builder->format);
    if (status != QL_OK) {
        return status;
    }
    const struct part down = {"down", w->down, decoder->E, decoder->E, &residual_unit};
    for (int k = 0; k < F; k++) {
        builder->columns[k] = (float)builder->product_units[k];
    }
    return make_linear(builder, &layer->down, from->name, &down, 1, F, RESIDUAL_ERROR_LIMIT, QL_WEIGHTS_S8);
}

// Each token has a row of bytes with a scale of its own. A byte times a 15-bit multiplier is far below 32 bits, so only
// the multipliers limit the shift.
static enum ql_status make_embedding(struct builder *builder)
{
    struct ql_integer_decoder *decoder = builder->decoder;
    const struct ql_chain *from = builder->from;
    const struct ql_row_format format = {.limit = QL_ROW_LIMIT_S8};
    const int E = decoder->E;
    int shift = EMBEDDING_SHIFT_LIMIT, greatest = 0;

    for (int v = 0; v < from->V; v++) {
        const struct ql_row_part row = {decoder->embedding + (ptrdiff_t)v * E, from->embedding + (ptrdiff_t)v * E, E};
        const float scale = ql_row_quantizer_encode(&row, 1, &format);
        if (scale == 0.0f) {
            return fail_not_finite(builder, "embedding");
        }
        // A token without numbers needs no bits.
        builder->drafts[v].unit = ql_row_reach(row.q, E) == 0 ? 0.0 : ldexp((double)scale, QL_RESIDUAL_UNIT_BITS);
        greatest = builder->drafts[v].unit > builder->drafts[greatest].unit ? v : greatest;
    }
    while (shift > 0 && ldexp(builder->drafts[greatest].unit, shift) > INT16_MAX - 1) {
        shift--;
    }
    if (shift == 0) {
        return ql_error_write(builder->error, QL_ERROR_INPUT,
                              "the embedding of token %d reaches %.3g, but the integer form ends at 500; train it "
                              "further with a larger --weight-decay, or clip its weights",
                              greatest, ldexp(builder->drafts[greatest].unit * BYTE_LIMIT, -QL_RESIDUAL_UNIT_BITS));
    }
    decoder->embedding_scale = (struct ql_integer_scale){0, (uint8_t)shift};
    for (int v = 0; v < from->V; v++) {
        const double multiplier = floor(ldexp(builder->drafts[v].unit, shift) + 0.5);
        decoder->embedding_rows[v] =
            (struct ql_integer_row){.bias = 1 << shift >> 1, .multiplier = (int16_t)multiplier};
    }
    return QL_OK;
}

static enum ql_status make_logits(struct builder *builder)
{
    struct ql_integer_decoder *decoder = builder->decoder;
    const struct ql_chain *from = builder->from;
    const double logit_unit = ldexp(1.0, -QL_INTEGER_UNIT_BITS);
    const struct part logits = {"logits", from->output_weight, from->V, from->V, &logit_unit};

    set_normed_columns(builder, from->norm,
                       make_norm(&decoder->norm, decoder, builder->calibration->decoder[from->L].attention_norm));
    return make_linear(builder, &decoder->logits, from->output_name, &logits, 1, decoder->E, LOGIT_ERROR_LIMIT,
                       QL_WEIGHTS_S8);
}

enum ql_status ql_integer_decoder_check_sizes(int size, int E, struct ql_error *error)
{
    if (size > QL_INTEGER_HEAD_LIMIT) {
        return ql_error_write(
            error, QL_ERROR_INPUT,
            "a head of attention has %d values, but integers of 32 bits hold the scores of at most %d; train "
            "with more --num-heads",
            size, QL_INTEGER_HEAD_LIMIT);
    }
    if (E > WIDTH_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the layers are %d wide, but the integer form ends at %d; train with a smaller "
                              "--embedding-size",
                              E, WIDTH_LIMIT);
    }
    return QL_OK;
}

static void take_memory(struct builder *builder)
{
    struct ql_integer_decoder *decoder = builder->decoder;
    const size_t V = (size_t)builder->from->V, E = (size_t)decoder->E, F = (size_t)decoder->feed;
    const size_t widest = E > F ? E : F, rows = V > 3 * E ? V : 3 * E;
    const size_t heads = (size_t)decoder->heads, kv_heads = (size_t)decoder->kv_heads;

    decoder->steps = ql_arena_take(builder->arena, (size_t)decoder->size / 2, sizeof decoder->steps[0]);
    decoder->embedding = ql_arena_take(builder->arena, V, E);
    decoder->embedding_rows = ql_arena_take(builder->arena, V, sizeof decoder->embedding_rows[0]);
    builder->columns = ql_arena_take(&builder->scratch, widest, sizeof builder->columns[0]);
    builder->values = ql_arena_take(&builder->scratch, widest, sizeof builder->values[0]);
    builder->drafts = ql_arena_take(&builder->scratch, rows > 2 * F ? rows : 2 * F, sizeof builder->drafts[0]);
    builder->query_units = ql_arena_take(&builder->scratch, heads, sizeof(double));
    builder->key_units = ql_arena_take(&builder->scratch, kv_heads, sizeof(double));
    builder->value_units = ql_arena_take(&builder->scratch, kv_heads, sizeof(double));
    builder->up_units = ql_arena_take(&builder->scratch, F, sizeof(double));
    builder->product_units = ql_arena_take(&builder->scratch, F, sizeof(double));
}

enum ql_status ql_integer_decoder_init(struct ql_integer_decoder *decoder, const struct ql_chain *from,
                                       const struct ql_calibration *calibration, enum ql_weight_format format,
                                       struct ql_arena *arena, struct ql_error *error)
{
    const struct ql_decoder_weights *w = &from->layers[0].decoder;
    struct builder builder = {
        .decoder = decoder, .from = from, .calibration = calibration, .format = format, .arena = arena, .error = error};

    *decoder = (struct ql_integer_decoder){.E = from->layers[0].H,
                                           .heads = w->heads,
                                           .kv_heads = w->kv_heads,
                                           .size = w->size,
                                           .feed = w->feed,
                                           .context = w->context,
                                           .weight_bits = WEIGHT_BITS_LIMIT};
    decoder->epsilon = (int)ldexp((double)QL_DECODER_EPSILON * decoder->E, 2 * QL_RESIDUAL_UNIT_BITS);
    while ((int64_t)decoder->context << decoder->weight_bits > 1 << 24) {
        decoder->weight_bits--;
    }
    enum ql_status status = ql_integer_decoder_check_sizes(decoder->size, decoder->E, error);
    if (status != QL_OK) {
        return status;
    }
    take_memory(&builder);
    if (arena->exhausted || builder.scratch.exhausted) {
        status = fail_memory(error);
    } else {
        ql_rotary_steps(decoder->steps, decoder->size);
        status = make_embedding(&builder);
    }
    for (int l = 0; l < from->L && status == QL_OK; l++) {
        if ((status = make_attention(&builder, l)) == QL_OK) {
            status = make_feed(&builder, l);
        }
    }
    if (status == QL_OK) {
        status = make_logits(&builder);
    }
    ql_arena_free(&builder.scratch);
    return status;
}

void ql_integer_decoder_state_add(struct ql_state_layout *layout, const struct ql_integer_decoder *decoder, int L)
{
    const int K = decoder->kv_heads * decoder->size;
    struct ql_state_part cache = {.name = "keys",
                                  .layer = -1,
                                  .kind = QL_STATE_APPEND,
                                  .type = QL_ELEMENT_S8,
                                  .rank = 3,
                                  .dims = {L, decoder->context, K}};

    (void)ql_state_layout_add(layout, (struct ql_state_part){.name = "place",
                                                             .layer = -1,
                                                             .kind = QL_STATE_REPLACE,
                                                             .type = QL_ELEMENT_S32,
                                                             .rank = 1,
                                                             .dims = {QL_PLACE_SIZE}});
    (void)ql_state_layout_add(layout, cache);
    cache.name = "values";
    (void)ql_state_layout_add(layout, cache);
}
