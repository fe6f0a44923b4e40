// The integer form of decoders: compared with the float model, with its definition written out, and with many texts at
// once; and models that have none.
// Uses: ql_engine, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/attention_s8.h"
#include "device/decoder_s8.h"
#include "device/rms_norm_s8.h"
#include "device/rotary_s16.h"
#include "engine/chain_reader.h"
#include "engine/integer_form.h"
#include "model/stepper.h"
#include "onnx/model_graph.h"
#include "quantize/integer_batch.h"
#include "quantize/product_x86.h"

enum { V_LIMIT = 60, WIDTH_LIMIT = 200, CONTEXT_LIMIT = 40, LAYER_LIMIT = 3 };

// All sizes differ where they can; the second is the smallest possible.
static const struct ql_dimensions cases[] = {
    {.V = 40, .E = 24, .L = 2, .heads = 4, .kv_heads = 2, .feed = 35, .context = 9},
    {.V = 3, .E = 2, .L = 1, .heads = 1, .kv_heads = 1, .feed = 1, .context = 1},
    {.V = 60, .E = 48, .L = 3, .heads = 6, .kv_heads = 6, .feed = 100, .context = 40},
    {.V = 31, .E = 36, .L = 2, .heads = 3, .kv_heads = 1, .feed = 21, .context = 16},
};

enum { CASES = sizeof cases / sizeof cases[0] };

// A random model, its graph and its float form.
struct fixture {
    struct ql_model model;
    struct ql_graph graph;
    struct ql_descriptor descriptor;
    struct ql_chain from;
};

static void open_fixture(struct fixture *fixture, struct ql_dimensions d, float gain)
{
    struct ql_state_layout state = {0};
    struct ql_error error;

    d.layer = QL_LAYER_DECODER;
    d.H = d.E;
    *fixture = (struct fixture){0};
    assert_int_equal(ql_model_init(&fixture->model, d, &error), QL_OK);
    ql_model_reset(&fixture->model, (uint32_t)(d.V + d.E + d.L));
    for (size_t i = 0; i < fixture->model.count; i++) {
        // Gains of norms begin with 1; here they differ.
        fixture->model.block[i] *= fixture->model.block[i] == 1.0f ? 0.7f + 0.1f * (float)(i % 7) : gain;
    }
    // Each head of values has its own range.
    for (int l = 0; l < d.L; l++) {
        const int size = d.E / d.heads;
        for (int g = 1; g < d.kv_heads; g++) {
            for (int i = 0; i < size * d.E; i++) {
                fixture->model.layers[l].decoder.value[g * size * d.E + i] *= (float)(1 << (2 * g % 5));
            }
        }
    }
    fixture->descriptor.vocabulary.count = d.V;
    for (int v = 0; v < d.V; v++) {
        fixture->descriptor.vocabulary.symbols[v] = v == 0 ? '\n' : 0x100 + (uint32_t)v;
    }
    fixture->descriptor.reset_count = 1;
    ql_architecture_graph_state_add(&state, &fixture->model.dimensions);
    ql_descriptor_set_state(&fixture->descriptor, &state);
    assert_int_equal(ql_model_graph_init(&fixture->graph, &fixture->model, 0, &error), QL_OK);
    if (ql_chain_read(&fixture->from, &fixture->graph, &fixture->descriptor, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
}

static void close_fixture(struct fixture *fixture)
{
    ql_chain_free(&fixture->from);
    ql_graph_free(&fixture->graph);
    ql_model_free(&fixture->model);
}

static uint32_t next_random(uint32_t *random)
{
    *random = *random * 1664525u + 1013904223u;
    return *random >> 16;
}

// Mostly long texts, so that the cache wraps around.
static int next_token(uint32_t *random, int V)
{
    const int token = (int)(next_random(random) % (uint32_t)V);
    return token == 0 && next_random(random) % 4 != 0 ? 1 : token;
}

// The integer form, calibrated on a short text of the tokens above: one that the model writes is long.
static void open_form(struct ql_integer_form *form, const struct fixture *fixture, enum ql_weight_format format)
{
    enum { LENGTH = 500 };
    struct ql_calibration calibration;
    struct ql_error error;
    uint16_t tokens[LENGTH];
    uint32_t random = 5;

    *form = (struct ql_integer_form){0};
    for (int t = 0; t < LENGTH; t++) {
        tokens[t] = (uint16_t)next_token(&random, fixture->model.dimensions.V);
    }
    assert_int_equal(ql_calibration_init(&calibration, &fixture->from, tokens, LENGTH, &error), QL_OK);
    if (ql_integer_model_init(&form->model, &fixture->from, &calibration, format, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(ql_integer_stepper_init(&form->stepper, &form->model, &ql_integer_product_plain, &error), QL_OK);
    ql_calibration_free(&calibration);
}

static void graph_of_a_decoder_is_read_to_the_bit(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct fixture fixture;
        struct ql_error error;
        struct ql_stepper trained, found;
        struct ql_model_info info = {.items = true};
        uint32_t random = 1;
        open_fixture(&fixture, cases[i], 10.0f);
        info.vocabulary = fixture.descriptor.vocabulary;
        assert_int_equal(ql_stepper_init(&trained, &fixture.model, &info, &error), QL_OK);
        assert_int_equal(ql_stepper_open(&found, &fixture.from, &error), QL_OK);
        for (int t = 0; t < 100; t++) {
            const int token = next_token(&random, cases[i].V);
            ql_stepper_step(&trained, token);
            ql_stepper_step(&found, token);
            assert_memory_equal(trained.logits, found.logits, (size_t)cases[i].V * sizeof(float));
        }
        ql_stepper_free(&found);
        ql_stepper_free(&trained);
        close_fixture(&fixture);
    }
}

// Layers of random weights accumulate noise; a trained model has a few percent of this.
static const double noise_limits[] = {[QL_WEIGHTS_S8] = 0.3, [QL_WEIGHTS_S4] = 0.6};

// Fails where the logits of an integer form are not near those of its float model.
static void check_logits(struct ql_integer_form *form, const struct ql_chain *from, const char *name)
{
    struct ql_error error;
    struct ql_stepper reader;
    double difference = 0.0, power = 0.0;
    uint32_t random = 1;

    assert_int_equal(ql_stepper_open(&reader, from, &error), QL_OK);
    for (int t = 0; t < 200; t++) {
        const int token = next_token(&random, from->V);
        ql_stepper_step(&reader, token);
        ql_integer_stepper_step(&form->stepper, token);
        for (int v = 0; v < from->V; v++) {
            const double exact = (double)reader.logits[v];
            difference += pow(exact - form->stepper.logits[v] / 1024.0, 2.0);
            power += exact * exact;
        }
    }
    if (sqrt(difference / power) >= noise_limits[form->model.format]) {
        fail_msg("%s: noise of %.3f", name, sqrt(difference / power));
    }
    ql_stepper_free(&reader);
}

static void logits_of_integers_stay_near_those_of_float(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * CASES; i++) {
        const enum ql_weight_format format = i % 2 == 0 ? QL_WEIGHTS_S8 : QL_WEIGHTS_S4;
        struct fixture fixture;
        struct ql_error error;
        struct ql_integer_form form;
        open_fixture(&fixture, cases[i / 2], 10.0f);
        if (i == 0) {
            assert_int_equal(ql_integer_form_open(&form, &fixture.graph, &fixture.descriptor, format, NULL, &error),
                             QL_OK);
        } else {
            open_form(&form, &fixture, format);
        }
        check_logits(&form, &fixture.from, "random weights");
        ql_integer_form_close(&form);
        close_fixture(&fixture);
    }
}

// Row 3 of a matrix, or all of its rows, become 0, or so small that they count as 0. A token that is never drawn, for
// example, has such a row in the embedding, which is that of the output, too.
static void rows_of_zeros_leave_the_other_rows_alone(void **state)
{
    static const char *const names[] = {"query", "key", "value", "output", "gate", "up", "down", "embedding", "logits"};
    enum { MATRICES = sizeof names / sizeof names[0], TIMES = 3 };

    (void)state;
    for (int i = 0; i < 2 * TIMES * MATRICES; i++) {
        const enum ql_weight_format format = i % 2 == 0 ? QL_WEIGHTS_S8 : QL_WEIGHTS_S4;
        const int m = i / 2 % MATRICES, time = i / 2 / MATRICES;
        struct fixture fixture;
        struct ql_integer_form form;
        open_fixture(&fixture, cases[0], 10.0f);
        const struct ql_dimensions d = fixture.model.dimensions;
        const struct ql_decoder_weights *w = &fixture.from.layers[1].decoder;
        const int K = w->kv_heads * w->size, rows[] = {d.E, K, K, d.E, d.feed, d.feed, d.E, d.E, d.V};
        const int columns[] = {d.E, d.E, d.E, d.E, d.E, d.E, d.feed, d.V, d.E};
        const float *const weights[] = {w->query,
                                        w->key,
                                        w->value,
                                        w->output,
                                        w->gate,
                                        w->up,
                                        w->down,
                                        fixture.from.embedding,
                                        fixture.from.output_weight};
        for (int k = 0; k < columns[m]; k++) {
            for (int r = 0; r < rows[m]; r++) {
                // A token's row in the embedding is a column here, and all tokens without one are no model.
                const bool chosen = m == 7 ? k == 3 : r == 3 || (time == 2 && m < 7);
                float *weight = (float *)weights[m] + (ptrdiff_t)k * rows[m] + r;
                *weight *= !chosen ? 1.0f : time == 1 ? 1e-21f : 0.0f;
            }
        }
        open_form(&form, &fixture, format);
        check_logits(&form, &fixture.from, names[m]);
        ql_integer_form_close(&form);
        close_fixture(&fixture);
    }
}

// All entries of the cache may have the same weight, and the greatest value.
static void sums_of_attention_fit_for_any_context(void **state)
{
    static const int contexts[] = {1, 511, 512, 513, 1025, 4096};

    (void)state;
    for (size_t i = 0; i < sizeof contexts / sizeof contexts[0]; i++) {
        struct fixture fixture;
        struct ql_integer_form form;
        struct ql_dimensions d = cases[1];
        d.context = contexts[i];
        open_fixture(&fixture, d, 10.0f);
        open_form(&form, &fixture, QL_WEIGHTS_S8);
        const int64_t sum = INT64_C(127) * ql_attention_weight(0, 1, form.model.decoder.weight_bits) * contexts[i];
        assert_true(sum <= INT32_MAX);
        assert_true(form.model.decoder.weight_bits == 15 || 2 * sum > INT32_MAX / 2); // and not much smaller
        ql_integer_form_close(&form);
        close_fixture(&fixture);
    }
}

// The definition of docs/quantization.md: 64-bit sums over the unpacked weights, and the kernels of device/.
struct definition {
    int32_t place[QL_PLACE_SIZE];
    int8_t keys[LAYER_LIMIT][CONTEXT_LIMIT * WIDTH_LIMIT], values[LAYER_LIMIT][CONTEXT_LIMIT * WIDTH_LIMIT];
    int32_t logits[V_LIMIT];
};

static int32_t exact_value(int64_t sum, const struct ql_integer_row *row, struct ql_integer_scale scale)
{
    const int64_t rounded = (sum + ((INT64_C(1) << scale.pre_shift) >> 1)) >> scale.pre_shift;
    const int64_t product = rounded * row->multiplier + row->bias;
    assert_true(product <= INT32_MAX && product >= INT32_MIN);
    return (int32_t)(product >> scale.shift);
}

// Writes sums and values of the rows.
static void multiply(int32_t *sums, int32_t *values, const struct ql_integer_linear *linear, const int8_t *x)
{
    const struct ql_integer_matrix *m = &linear->matrix;

    for (int r = 0; r < m->rows; r++) {
        int64_t sum = 0, reach = 0;
        for (int c = 0; c < m->columns; c++) {
            sum += m->weights[r * m->columns + c] * x[c];
            reach += 127 * abs(m->weights[r * m->columns + c]);
        }
        assert_true(reach <= INT32_MAX);
        (void)exact_value(reach, &linear->rows[r], linear->scale); // no vector can exceed 32 bits
        (void)exact_value(-reach, &linear->rows[r], linear->scale);
        sums[r] = (int32_t)sum;
        values[r] = exact_value(sum, &linear->rows[r], linear->scale);
    }
}

static void step_layer(struct definition *d, const struct ql_integer_decoder *decoder, int l, int32_t *x,
                       const int16_t *cosine, const int16_t *sine)
{
    const struct ql_integer_decoder_layer *layer = &decoder->layers[l];
    const int A = decoder->heads * decoder->size, K = decoder->kv_heads * decoder->size;
    static int32_t sums[3 * WIDTH_LIMIT], values[3 * WIDTH_LIMIT], scratch[CONTEXT_LIMIT + WIDTH_LIMIT];
    static int8_t bytes[WIDTH_LIMIT];

    ql_rms_norm_s8(bytes, x, layer->attention_norm.multiplier, layer->attention_norm.shift, decoder->epsilon,
                   decoder->E);
    multiply(sums, values, &layer->entry, bytes);
    ql_rotary_turn_s16(values, cosine, sine, decoder->heads, decoder->size / 2);
    ql_rotary_turn_s16(values + A, cosine, sine, decoder->kv_heads, decoder->size / 2);
    ql_cache_write_s8(d->keys[l], values + A, d->place, K);
    ql_cache_write_s8(d->values[l], values + A + K, d->place, K);
    ql_attention_s8(bytes, scratch, values, d->keys[l], d->values[l], d->place, decoder->heads, decoder->kv_heads,
                    decoder->size, layer->score_bits, decoder->weight_bits, layer->gain_bits);
    multiply(sums, values, &layer->output, bytes);
    for (int k = 0; k < decoder->E; k++) {
        x[k] = ql_integer_clamp(x[k] + values[k], QL_RESIDUAL_LIMIT);
    }
    ql_rms_norm_s8(bytes, x, layer->feed_norm.multiplier, layer->feed_norm.shift, decoder->epsilon, decoder->E);
    multiply(sums, values, &layer->feed, bytes);
    ql_swiglu_s8(bytes, sums, layer->feed.rows, layer->feed.scale, layer->feed_shift, decoder->feed);
    multiply(sums, values, &layer->down, bytes);
    for (int k = 0; k < decoder->E; k++) {
        x[k] = ql_integer_clamp(x[k] + values[k], QL_RESIDUAL_LIMIT);
    }
}

static void step_definition(struct definition *d, const struct ql_integer_model *model, int token)
{
    const struct ql_integer_decoder *decoder = &model->decoder;
    int32_t x[WIDTH_LIMIT], sums[V_LIMIT];
    int16_t cosine[WIDTH_LIMIT], sine[WIDTH_LIMIT];
    int8_t normed[WIDTH_LIMIT];

    if (ql_text_rules_reset_at(&model->rules, token)) {
        memset(d, 0, sizeof *d);
    }
    ql_rotary_angles_s16(cosine, sine, d->place, decoder->steps, decoder->size / 2);
    for (int k = 0; k < decoder->E; k++) {
        x[k] = exact_value(decoder->embedding[token * decoder->E + k], &decoder->embedding_rows[token],
                           decoder->embedding_scale);
    }
    for (int l = 0; l < model->L; l++) {
        step_layer(d, decoder, l, x, cosine, sine);
    }
    ql_rms_norm_s8(normed, x, decoder->norm.multiplier, decoder->norm.shift, decoder->epsilon, decoder->E);
    multiply(sums, d->logits, &decoder->logits, normed);
    ql_cache_advance(d->place, decoder->context);
}

static void steppers_of_all_products_follow_the_definition(void **state)
{
    const struct ql_integer_product *products[QL_INTEGER_PRODUCT_LIMIT];
    const int product_count = ql_integer_product_list(products);
    static struct definition d;

    (void)state;
    for (int i = 0; i < 2 * CASES * product_count; i++) {
        const int k = i % CASES;
        struct fixture fixture;
        struct ql_error error;
        struct ql_integer_form form;
        struct ql_integer_stepper stepper;
        uint32_t random = 7;
        open_fixture(&fixture, cases[k], 15.0f);
        open_form(&form, &fixture, i / CASES % 2 == 0 ? QL_WEIGHTS_S8 : QL_WEIGHTS_S4);
        assert_int_equal(ql_integer_stepper_init(&stepper, &form.model, products[i / CASES / 2], &error), QL_OK);
        memset(&d, 0, sizeof d);
        for (int t = 0; t < 100; t++) {
            const int token = next_token(&random, cases[k].V);
            step_definition(&d, &form.model, token);
            ql_integer_stepper_step(&stepper, token);
            assert_memory_equal(stepper.logits, d.logits, (size_t)cases[k].V * sizeof d.logits[0]);
        }
        ql_integer_stepper_free(&stepper);
        ql_integer_form_close(&form);
        close_fixture(&fixture);
    }
}

// Each text takes different tokens; a text with fewer tokens is left out at the end.
static void texts_of_a_batch_are_those_of_steppers(void **state)
{
    enum { TEXTS = 5, STEPS = 60 };

    (void)state;
    for (int i = 0; i < CASES; i++) {
        const int V = cases[i].V;
        struct fixture fixture;
        struct ql_error error;
        struct ql_integer_form form;
        struct ql_integer_stepper steppers[TEXTS];
        struct ql_integer_batch batch;
        struct ql_integer_batch_scratch scratch;
        struct ql_arena arena = {0};
        void *states[TEXTS];
        static int32_t logits[TEXTS * V_LIMIT];
        uint32_t random = 9;
        open_fixture(&fixture, cases[i], 10.0f);
        open_form(&form, &fixture, QL_WEIGHTS_S4);
        assert_int_equal(ql_integer_batch_init(&batch, &form.model, ql_integer_product_fastest(), &error), QL_OK);
        ql_integer_batch_scratch_init(&scratch, &batch, &arena);
        for (int b = 0; b < TEXTS; b++) {
            assert_int_equal(ql_integer_stepper_init(&steppers[b], &form.model, &ql_integer_product_plain, &error),
                             QL_OK);
            states[b] = ql_arena_take(&arena, 1, ql_integer_batch_state_bytes(&batch));
        }
        for (int t = 0; t < STEPS; t++) {
            const int B = 1 + t % TEXTS;
            int tokens[TEXTS];
            for (int b = 0; b < B; b++) {
                tokens[b] = next_token(&random, V);
                ql_integer_stepper_step(&steppers[b], tokens[b]);
            }
            ql_integer_batch_step(&batch, &scratch, states, (const void *const *)states, tokens, logits, B);
            for (int b = 0; b < B; b++) {
                assert_memory_equal(logits + b * V, steppers[b].logits, (size_t)V * sizeof logits[0]);
            }
        }
        for (int b = 0; b < TEXTS; b++) {
            ql_integer_stepper_free(&steppers[b]);
        }
        ql_integer_batch_free(&batch);
        ql_arena_free(&arena);
        ql_integer_form_close(&form);
        close_fixture(&fixture);
    }
}

// Values beyond the calibrated ranges saturate; the sanitizers detect a sum that wraps around.
static void text_beyond_the_calibration_does_not_wrap(void **state)
{
    struct fixture fixture;
    struct ql_error error;
    struct ql_calibration calibration;
    struct ql_integer_model model;
    struct ql_integer_stepper stepper;
    const uint16_t tokens[] = {1};
    uint32_t random = 3;

    (void)state;
    open_fixture(&fixture, cases[0], 20.0f);
    assert_int_equal(ql_calibration_init(&calibration, &fixture.from, tokens, 1, &error), QL_OK);
    for (int l = 0; l < 2; l++) {
        calibration.decoder[l].key[0] /= 8.0f;
        calibration.decoder[l].query[1] /= 8.0f;
        for (int k = 0; k < fixture.from.layers[l].decoder.feed; k++) {
            calibration.decoder[l].product[k] /= 8.0f;
        }
        calibration.decoder[l].feed_norm /= 8.0f;
    }
    if (ql_integer_model_init(&model, &fixture.from, &calibration, QL_WEIGHTS_S8, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(ql_integer_stepper_init(&stepper, &model, &ql_integer_product_plain, &error), QL_OK);
    for (int t = 0; t < 5000; t++) {
        ql_integer_stepper_step(&stepper, next_token(&random, cases[0].V));
    }
    ql_integer_stepper_free(&stepper);
    ql_integer_model_free(&model);
    ql_calibration_free(&calibration);
    close_fixture(&fixture);
}

static void fails_with(struct fixture *fixture, const char *message)
{
    struct ql_calibration calibration;
    struct ql_integer_model model;
    struct ql_error error = {0};
    static const uint16_t tokens[] = {1, 2, 1, 0, 1};

    assert_int_equal(ql_calibration_init(&calibration, &fixture->from, tokens, 5, &error), QL_OK);
    assert_int_equal(ql_integer_model_init(&model, &fixture->from, &calibration, QL_WEIGHTS_S8, &error),
                     QL_ERROR_INPUT);
    if (strstr(error.message, message) == NULL) {
        fail_msg("%s", error.message);
    }
    ql_calibration_free(&calibration);
    close_fixture(fixture);
}

static void what_cannot_be_represented_is_named(void **state)
{
    struct fixture fixture;
    struct ql_dimensions wide = cases[1];

    (void)state;
    open_fixture(&fixture, cases[0], 1.0f);
    for (int k = 0; k < 24; k++) {
        ((float *)fixture.from.layers[1].decoder.down)[24 * k + 3] = 3e4f; // row 3 of down
    }
    fails_with(&fixture, "node 'layer_1', down, row 3");
    open_fixture(&fixture, cases[0], 1.0f);
    for (int k = 0; k < 24; k++) {
        ((float *)fixture.from.embedding)[24 * 5 + k] = 1e9f;
    }
    fails_with(&fixture, "embedding of token 5");
    wide.E = 1026;
    open_fixture(&fixture, wide, 1.0f);
    fails_with(&fixture, "with more --num-heads");
}

// Makes a node another one, of its first input alone or of a second one.
struct change {
    const char *node, *operator_name, *second;
};

static void change_node(struct ql_graph *graph, const struct change *change)
{
    for (int k = 0; k < graph->node_count; k++) {
        struct ql_node *node = &graph->nodes[k];
        if (strcmp(node->name, change->node) == 0) {
            node->operator_name = change->operator_name;
            node->input_count = change->second == NULL ? 1 : 2;
            if (change->second != NULL) {
                ((int *)node->inputs)[1] = ql_graph_find(graph, change->second);
            }
            return;
        }
    }
    fail_msg("there is no node '%s'", change->node);
}

static void what_is_no_decoder_of_ours_is_named(void **state)
{
    static const struct {
        struct change changes[2];
        const char *words;
    } wrong[] = {
        {{{"layer_0.attention_norm", "Identity", NULL}}, "multiplies by 10 learned matrices and gains; a layer has 9"},
        {{{"layer_0.attention_norm", "Identity", NULL}, {"layer_0.y", "Mul", "norm.weight"}},
         "node 'layer_0.query' multiplies by a matrix, where 'layers.0.attention_norm' is expected"},
        {{{"rotary.cos", "Identity", NULL}}, "computes no cosines"},
        {{{"layer_0.sigmoid", "Tanh", NULL}}, "after 1 token their logits differ from its own by"},
    };
    const struct ql_dimensions d = {.V = 12, .E = 8, .L = 1, .heads = 2, .kv_heads = 1, .feed = 5, .context = 4};

    (void)state;
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        struct fixture fixture;
        struct ql_error error;
        open_fixture(&fixture, d, 1.0f);
        ql_chain_free(&fixture.from);
        for (int i = 0; i < 2 && wrong[k].changes[i].node != NULL; i++) {
            change_node(&fixture.graph, &wrong[k].changes[i]);
        }
        assert_int_equal(ql_chain_read(&fixture.from, &fixture.graph, &fixture.descriptor, &error), QL_ERROR_INPUT);
        if (strstr(error.message, wrong[k].words) == NULL || strstr(error.message, "docs/transformer.md") == NULL) {
            fail_msg("'%s' does not say '%s'", error.message, wrong[k].words);
        }
        close_fixture(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(graph_of_a_decoder_is_read_to_the_bit),
        cmocka_unit_test(logits_of_integers_stay_near_those_of_float),
        cmocka_unit_test(rows_of_zeros_leave_the_other_rows_alone),
        cmocka_unit_test(sums_of_attention_fit_for_any_context),
        cmocka_unit_test(steppers_of_all_products_follow_the_definition),
        cmocka_unit_test(texts_of_a_batch_are_those_of_steppers),
        cmocka_unit_test(text_beyond_the_calibration_does_not_wrap),
        cmocka_unit_test(what_cannot_be_represented_is_named),
        cmocka_unit_test(what_is_no_decoder_of_ours_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
