// Items that are generated together equal those that a stepper writes one by one: for every cell, from a checkpoint's
// weights and through ONNX, in batches and stream by stream, with any number of threads.
// Uses: base/file, corpus/pieces, filter, generate, onnx, model/stepper, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "corpus/pieces.h"
#include "filter/guard.h"
#include "filter/lexicon_words.h"
#include "generate/generation.h"
#include "model/stepper.h"
#include "onnx/model_graph.h"
#include "onnx/onnx_reader.h"
#include "onnx/onnx_writer.h"

enum { ITEM_LIMIT = 500, LENGTH_LIMIT = 40 };

struct text {
    int length;
    bool cut, refused;
    uint16_t tokens[LENGTH_LIMIT]; // or its beginning
};

// What the callbacks collect.
struct collection {
    struct text *texts;
    uint32_t count, stop_at;
    uint32_t told;
};

static enum ql_status take_item(void *context, const struct ql_generated_item *item, struct ql_error *error)
{
    struct collection *collection = context;
    struct text *text = &collection->texts[collection->count];

    (void)error;
    assert_int_equal(item->number, collection->count);
    text->length = item->length;
    text->cut = item->cut;
    text->refused = item->refused;
    memcpy(text->tokens, item->tokens,
           (size_t)(item->length < LENGTH_LIMIT ? item->length : LENGTH_LIMIT) * sizeof text->tokens[0]);
    collection->count++;
    return QL_OK;
}

static bool take_progress(void *context, uint32_t complete)
{
    struct collection *collection = context;
    collection->told = complete;
    return collection->stop_at == 0 || complete < collection->stop_at;
}

// Random weights, made larger so that the model has clear preferences.
static void make_model(struct ql_model *model, struct ql_dimensions d)
{
    struct ql_error error;

    assert_int_equal(ql_model_init(model, d, &error), QL_OK);
    ql_model_reset(model, 3);
    for (int k = 0; k < d.V * d.H; k++) {
        model->output_weight[k] *= 6.0f;
    }
}

static struct ql_generator make_generator(const struct ql_batch_engine *engine, struct ql_thread_pool *pool)
{
    return (struct ql_generator){.engine = engine,
                                 .seed = 9,
                                 .sampling = {.temperature = 0.8f, .top_p = 0.95f, .top_k = 10},
                                 .max_length = LENGTH_LIMIT,
                                 .pool = pool};
}

static void generate(const struct ql_generator *generator, struct collection *collection, uint32_t count,
                     struct ql_generation_result *result)
{
    struct ql_error error = {QL_OK, ""};

    collection->texts = calloc(count, sizeof collection->texts[0]);
    assert_non_null(collection->texts);
    if (ql_generation_run(generator, 0, count, take_item, take_progress, collection, result, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(collection->count, count);
}

// One by one, as `predict` does.
static void check_items(struct ql_stepper *stepper, const struct ql_generator *generator, const struct text *texts,
                        uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct ql_sampler sampler = {.temperature = generator->sampling.temperature,
                                     .top_p = generator->sampling.top_p,
                                     .top_k = generator->sampling.top_k};
        int token = generator->rules.first_token;
        int length = 0;

        ql_random_init(&sampler.random, ql_generation_seed(generator->seed, i));
        ql_stepper_reset(stepper);
        while (length < generator->max_length) {
            token = ql_stepper_next(stepper, token, &sampler, NULL);
            if (token == generator->rules.newline) {
                break;
            }
            assert_true(length < texts[i].length);
            assert_int_equal(token, texts[i].tokens[length]);
            length++;
        }
        assert_int_equal(length, texts[i].length);
        assert_int_equal(texts[i].cut, length == generator->max_length);
    }
}

static void check_engine(struct ql_batch_engine *engine, struct ql_stepper *stepper, int threads, uint32_t count)
{
    struct ql_thread_pool pool;
    struct ql_error error;
    struct ql_generation_result result;
    struct collection collection = {0};

    assert_int_equal(ql_thread_pool_init(&pool, threads, &error), QL_OK);
    const struct ql_generator generator = make_generator(engine, &pool);
    generate(&generator, &collection, count, &result);
    check_items(stepper, &generator, collection.texts, count);

    uint64_t symbols = 0, cut = 0;
    for (uint32_t i = 0; i < count; i++) {
        symbols += (uint64_t)collection.texts[i].length + !collection.texts[i].cut;
        cut += collection.texts[i].cut;
    }
    assert_int_equal(result.symbols, symbols);
    assert_int_equal(result.cut, cut);
    assert_true(result.steps <= result.symbols);
    free(collection.texts);
    ql_thread_pool_free(&pool);
    ql_batch_engine_close(engine);
}

static void make_descriptor(struct ql_descriptor *descriptor, int V)
{
    *descriptor = (struct ql_descriptor){.vocabulary.count = V};
    for (int v = 0; v < V; v++) {
        descriptor->vocabulary.symbols[v] = v == 0 ? '\n' : 'a' + (uint32_t)v;
    }
}

// The model's graph, through the bytes of a file.
static void make_graph(struct ql_graph *graph, const struct ql_model *model)
{
    struct ql_graph exported = {0};
    struct ql_error error;
    unsigned char *bytes;
    size_t size_bytes;

    assert_int_equal(ql_model_graph_init(&exported, model, 0, &error), QL_OK);
    assert_int_equal(ql_onnx_write(&bytes, &size_bytes, &exported, &error), QL_OK);
    assert_int_equal(ql_onnx_read(graph, bytes, size_bytes, &error), QL_OK);
    ql_graph_free(&exported);
    free(bytes);
}

static void generated_items_are_those_written_one_by_one(void **state)
{
    static const int sizes[][3] = {{23, 7, 33}, {9, 16, 16}, {40, 12, 64}}; // V, E, H
    static struct ql_descriptor descriptor;
    struct ql_model_info info = {.items = false};
    struct ql_error error = {QL_OK, ""};

    (void)state;
    for (int k = 0; k < 27; k++) {
        const int *size = sizes[k % 3];
        const struct ql_dimensions d = {.cell = (enum ql_cell)(k / 3 % 3),
                                        .V = size[0],
                                        .E = size[1],
                                        .H = size[2],
                                        .L = 1 + k / 9,
                                        .layer = QL_LAYER_RECURRENT};
        const int threads = 1 + k % 3;
        struct ql_model model;
        struct ql_stepper stepper;
        struct ql_chain chain;
        struct ql_graph graph = {0};
        struct ql_batch_engine engine;

        make_model(&model, d);
        assert_int_equal(ql_stepper_init(&stepper, &model, &info, &error), QL_OK);
        assert_int_equal(ql_chain_init(&chain, &model, &info, &error), QL_OK);
        assert_int_equal(ql_batch_engine_open_chain(&engine, &chain, threads, &error), QL_OK);
        check_engine(&engine, &stepper, threads, 70);
        make_graph(&graph, &model);
        make_descriptor(&descriptor, d.V);
        if (ql_batch_engine_open_graph(&engine, &graph, &descriptor, threads, &error) != QL_OK) {
            fail_msg("%s", error.message);
        }
        assert_string_equal(engine.kind, "float, in batches");
        check_engine(&engine, &stepper, threads, 40);
        ql_graph_free(&graph);
        ql_stepper_free(&stepper);
        ql_model_free(&model);
    }
}

// Decoders, with texts beyond the context's end: their weights in batches, and their graphs stream by stream.
static void generated_items_of_a_decoder_are_those_written_one_by_one(void **state)
{
    static const struct ql_dimensions dimensions[] = {
        {.layer = QL_LAYER_DECODER,
         .V = 23,
         .E = 24,
         .H = 24,
         .L = 2,
         .heads = 3,
         .kv_heads = 1,
         .feed = 17,
         .context = 4},
        {.layer = QL_LAYER_DECODER,
         .V = 9,
         .E = 8,
         .H = 8,
         .L = 1,
         .heads = 2,
         .kv_heads = 2,
         .feed = 40,
         .context = 64},
    };
    static struct ql_descriptor descriptor;
    struct ql_model_info info = {.items = false};
    struct ql_error error = {QL_OK, ""};

    (void)state;
    for (int k = 0; k < 2; k++) {
        struct ql_model model;
        struct ql_stepper stepper;
        struct ql_chain chain;
        struct ql_graph graph = {0};
        struct ql_batch_engine engine;

        make_model(&model, dimensions[k]);
        for (size_t i = 0; i < model.count; i++) {
            // Far from the initial weights, with which attention would not change a draw. Gains stay 1.
            const bool is_embedding = i < (size_t)(model.dimensions.V * model.dimensions.E);
            model.block[i] *= model.block[i] == 1.0f ? 1.0f : is_embedding ? 4.0f : 25.0f;
        }
        assert_int_equal(ql_stepper_init(&stepper, &model, &info, &error), QL_OK);
        assert_int_equal(ql_chain_init(&chain, &model, &info, &error), QL_OK);
        assert_int_equal(ql_batch_engine_open_chain(&engine, &chain, 2, &error), QL_OK);
        check_engine(&engine, &stepper, 2, 70);
        make_graph(&graph, &model);
        make_descriptor(&descriptor, dimensions[k].V);
        (void)snprintf(descriptor.tokens, sizeof descriptor.tokens, "tokens");
        if (ql_batch_engine_open_graph(&engine, &graph, &descriptor, 2, &error) != QL_OK) {
            fail_msg("%s", error.message);
        }
        check_engine(&engine, &stepper, 2, 20);
        ql_graph_free(&graph);
        ql_stepper_free(&stepper);
        ql_model_free(&model);
    }
}

// A graph that ends in a sum with 0 is not recognized, and computes the same.
static void generated_items_of_an_unknown_graph_are_the_same(void **state)
{
    static const float zero = 0.0f;
    static struct ql_descriptor descriptor;
    const struct ql_dimensions d = {.cell = QL_CELL_GRU, .V = 23, .E = 7, .H = 33, .L = 2, .layer = QL_LAYER_RECURRENT};
    struct ql_model_info info = {.items = false};
    struct ql_error error = {QL_OK, ""};
    struct ql_model model;
    struct ql_stepper stepper;
    struct ql_graph graph = {0};
    struct ql_batch_engine engine;

    (void)state;
    make_model(&model, d);
    make_descriptor(&descriptor, d.V);
    make_graph(&graph, &model);
    const int nothing = ql_graph_add_value(&graph, "nothing", QL_ELEMENT_F32, 0, NULL, &zero);
    const int sum = ql_graph_add_value(&graph, "sum", QL_ELEMENT_F32, -1, NULL, NULL);
    ql_graph_add_node(&graph, "Add", "sum", (const int[]){graph.outputs[0], nothing}, 2, &sum, 1);
    graph.outputs[0] = sum;
    assert_int_equal(ql_stepper_init(&stepper, &model, &info, &error), QL_OK);
    if (ql_batch_engine_open_graph(&engine, &graph, &descriptor, 2, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    assert_string_equal(engine.kind, "float, stream by stream");
    check_engine(&engine, &stepper, 2, 40);
    ql_stepper_free(&stepper);
    ql_graph_free(&graph);
    ql_model_free(&model);
}

// Layers and output match the pattern, but each layer gets the other one's state.
static void graph_with_crossed_states_is_refused(void **state)
{
    static struct ql_descriptor descriptor;
    struct ql_error error = {QL_OK, ""};
    struct ql_model model;
    struct ql_graph graph = {0};
    struct ql_batch_engine engine;

    (void)state;
    make_model(&model, (struct ql_dimensions){
                           .cell = QL_CELL_RNN, .V = 9, .E = 4, .H = 10, .L = 2, .layer = QL_LAYER_RECURRENT});
    make_descriptor(&descriptor, 9);
    make_graph(&graph, &model);
    for (int n = 0; n < graph.node_count; n++) {
        if (strcmp(graph.nodes[n].operator_name, "Concat") == 0) {
            int *inputs = (int *)graph.nodes[n].inputs;
            const int first = inputs[0];
            inputs[0] = inputs[1];
            inputs[1] = first;
        }
    }
    assert_int_equal(ql_batch_engine_open_graph(&engine, &graph, &descriptor, 1, &error), QL_ERROR_INPUT);
    ql_graph_free(&graph);
    ql_model_free(&model);
}

// A model with a given engine, and one thread.
struct single {
    struct ql_model model;
    struct ql_stepper stepper;
    struct ql_batch_engine engine;
    struct ql_thread_pool pool;
};

static struct ql_generator open_single(struct single *single, struct ql_dimensions d)
{
    struct ql_model_info info = {.items = false};
    struct ql_chain chain;
    struct ql_error error;

    make_model(&single->model, d);
    assert_int_equal(ql_stepper_init(&single->stepper, &single->model, &info, &error), QL_OK);
    assert_int_equal(ql_chain_init(&chain, &single->model, &info, &error), QL_OK);
    assert_int_equal(ql_batch_engine_open_chain(&single->engine, &chain, 1, &error), QL_OK);
    assert_int_equal(ql_thread_pool_init(&single->pool, 1, &error), QL_OK);
    return make_generator(&single->engine, &single->pool);
}

static void close_single(struct single *single)
{
    ql_batch_engine_close(&single->engine);
    ql_thread_pool_free(&single->pool);
    ql_stepper_free(&single->stepper);
    ql_model_free(&single->model);
}

static const struct ql_dimensions small = {
    .cell = QL_CELL_LSTM, .V = 12, .E = 5, .H = 20, .L = 1, .layer = QL_LAYER_RECURRENT};

static void generation_without_newline_cuts_every_item(void **state)
{
    struct single single;
    struct ql_generator generator = open_single(&single, small);
    struct collection collection = {0};
    struct ql_generation_result result;

    (void)state;
    generator.rules.newline = -1;
    generator.max_length = 7;
    generate(&generator, &collection, 100, &result);
    check_items(&single.stepper, &generator, collection.texts, 100);
    assert_int_equal(result.cut, 100);
    assert_int_equal(result.symbols, 700);
    free(collection.texts);
    close_single(&single);
}

// Tokens of one, two and four characters.
static void make_pieces(struct ql_vocabulary *vocabulary)
{
    static const uint32_t pieces[][4] = {{'a', 'b'}, {'c', 'd'}, {'a', 'b', 'c', 'd'}, {'e', 'f'}};
    struct ql_error error;

    vocabulary->count = vocabulary->piece_count = 0;
    for (uint32_t symbol = 0; symbol < 8; symbol++) {
        vocabulary->symbols[vocabulary->count++] = symbol == 0 ? '\n' : 'a' + symbol - 1;
    }
    for (int k = 0; k < 4; k++) {
        assert_int_equal(ql_piece_add(vocabulary, pieces[k], k == 2 ? 4 : 2, &error), QL_OK);
    }
}

// An item is cut with the token that reaches the largest length, or before one that would pass it.
static void generation_with_pieces_never_passes_the_largest_length(void **state)
{
    static struct ql_vocabulary vocabulary;
    struct single single;
    struct ql_generator generator = open_single(&single, small);
    struct collection collection = {0};
    struct ql_generation_result result;
    int passed = 0;

    (void)state;
    make_pieces(&vocabulary);
    generator.vocabulary = &vocabulary;
    generator.max_length = 7;
    generate(&generator, &collection, 300, &result);
    for (int i = 0; i < 300; i++) {
        const struct text *text = &collection.texts[i];
        struct ql_sampler sampler = {.temperature = 0.8f, .top_p = 0.95f, .top_k = 10};
        int token = 0, length = 0, characters = 0;
        ql_random_init(&sampler.random, ql_generation_seed(generator.seed, (uint32_t)i));
        ql_stepper_reset(&single.stepper);
        while (characters < 7 && (token = ql_stepper_next(&single.stepper, token, &sampler, NULL)) != 0) {
            characters += ql_vocabulary_length(&vocabulary, token);
            if (characters <= 7) {
                assert_true(length < text->length);
                assert_int_equal(token, text->tokens[length]);
                length++;
            }
        }
        passed += characters > 7;
        assert_int_equal(length, text->length);
        assert_int_equal(text->cut, token != 0);
    }
    assert_true(passed > 0);
    free(collection.texts);
    close_single(&single);
}

// An item that is cut within a word is refused, whether its last token fits or not.
static void generation_refuses_items_that_are_cut_within_a_word(void **state)
{
    static const char words[] = "abcd\nab\nabeg\ncdab\nef\nefefg\ngab\nggab\nabcdabcdabcd\n";
    static struct ql_vocabulary vocabulary;
    struct single single;
    struct ql_generator generator = open_single(&single, small);
    struct collection collection = {0};
    struct ql_generation_result result;
    struct ql_lexicon_words list = {0};
    struct ql_lexicon_file file;
    struct ql_guard guard = {0};
    struct ql_error error;
    int counts[2] = {0};

    (void)state;
    make_pieces(&vocabulary);
    assert_int_equal(ql_file_save("generation_words.txt", words, sizeof words - 1, &error), QL_OK);
    assert_int_equal(ql_lexicon_words_load_list(&list, "generation_words.txt", &error), QL_OK);
    assert_int_equal(ql_lexicon_words_compile(&file, &list, NULL, NULL, 1, &error), QL_OK);
    assert_int_equal(ql_lexicon_file_save(&file, "generation_words.qlx", &error), QL_OK);
    assert_int_equal(ql_guard_load_lexicon(&guard, "generation_words.qlx", &vocabulary, &error), QL_OK);
    generator.vocabulary = &vocabulary;
    generator.lexicon = &guard.lexicon.lexicon;
    for (generator.max_length = 1; generator.max_length < 8; generator.max_length++) {
        collection = (struct collection){0};
        generate(&generator, &collection, 300, &result);
        for (int i = 0; i < 300; i++) {
            const struct text *text = &collection.texts[i];
            struct ql_lexicon_state words_state;
            ql_lexicon_init(&words_state);
            for (int k = 0; k < text->length; k++) {
                assert_true(ql_lexicon_take(&words_state, generator.lexicon, text->tokens[k]));
            }
            assert_int_equal(text->refused, !ql_lexicon_is_between(&words_state, generator.lexicon));
            counts[text->refused]++;
        }
        free(collection.texts);
    }
    assert_true(counts[0] > 0 && counts[1] > 0);
    ql_guard_free(&guard);
    ql_lexicon_file_free(&file);
    ql_lexicon_words_free(&list);
    close_single(&single);
}

static void generation_at_temperature_zero_computes_one_text(void **state)
{
    struct single single;
    struct ql_generator generator = open_single(&single, small);
    struct collection collection = {0};
    struct ql_generation_result result;

    (void)state;
    generator.sampling.temperature = 0.0f;
    generate(&generator, &collection, 1000, &result);
    assert_int_equal(result.symbols, 1000 * result.steps);
    for (int i = 1; i < 1000; i++) {
        assert_memory_equal(&collection.texts[i], &collection.texts[0], sizeof collection.texts[0]);
    }
    free(collection.texts);
    close_single(&single);
}

// A reset token other than the newline makes what follows independent of what came before.
static void generation_reset_token_begins_with_zeros(void **state)
{
    struct single single;
    struct ql_generator generator = open_single(&single, small);
    struct collection collection = {0};
    struct ql_generation_result result;
    int seen = 0;

    (void)state;
    generator.rules.resets[0] = 4;
    generator.rules.reset_count = 1;
    generator.sampling.temperature = 0.5f;
    generate(&generator, &collection, 500, &result);
    for (int i = 0; i < 500; i++) {
        const struct text *text = &collection.texts[i];
        struct ql_sampler sampler = {.temperature = 0.5f, .top_p = 0.95f, .top_k = 10};
        int token = 0;
        ql_random_init(&sampler.random, ql_generation_seed(generator.seed, (uint32_t)i));
        ql_stepper_reset(&single.stepper);
        for (int k = 0; k < text->length; k++) {
            if (token == generator.rules.resets[0]) {
                ql_stepper_reset(&single.stepper);
                seen++;
            }
            token = ql_stepper_next(&single.stepper, token, &sampler, NULL);
            assert_int_equal(token, text->tokens[k]);
        }
    }
    assert_true(seen > 0);
    free(collection.texts);
    close_single(&single);
}

static void generation_of_more_than_one_part_goes_on_with_the_numbers(void **state)
{
    struct single single;
    struct ql_generator generator = open_single(&single, small);
    struct collection collections[2] = {{0}, {0}};
    struct ql_generation_result result;

    (void)state;
    generate(&generator, &collections[0], ITEM_LIMIT, &result);
    generator.max_length = 1 << 20; // parts of 64 items
    generate(&generator, &collections[1], ITEM_LIMIT, &result);
    for (int i = 0; i < ITEM_LIMIT; i++) {
        if (!collections[0].texts[i].cut) {
            assert_memory_equal(&collections[0].texts[i], &collections[1].texts[i], sizeof collections[0].texts[i]);
        }
    }
    free(collections[0].texts);
    free(collections[1].texts);
    close_single(&single);
}

static void generation_of_a_model_without_numbers_is_an_error(void **state)
{
    struct single single;
    struct ql_generation_result result;
    struct ql_model_info info = {.items = false};
    struct ql_chain chain;
    struct ql_error error;
    struct collection collection = {0};

    (void)state;
    struct ql_generator generator = open_single(&single, small);
    ql_batch_engine_close(&single.engine);
    single.model.output_bias[3] = NAN;
    assert_int_equal(ql_chain_init(&chain, &single.model, &info, &error), QL_OK);
    assert_int_equal(ql_batch_engine_open_chain(&single.engine, &chain, 1, &error), QL_OK);
    assert_int_equal(ql_generation_run(&generator, 0, 10, take_item, NULL, &collection, &result, &error),
                     QL_ERROR_NUMERIC);
    assert_non_null(strstr(error.message, "not a finite number"));
    close_single(&single);
}

static void generation_that_is_stopped_hands_over_nothing_more(void **state)
{
    struct single single;
    struct ql_generator generator = open_single(&single, small);
    struct collection collection = {.stop_at = 100};
    struct ql_generation_result result;
    struct ql_error error;

    (void)state;
    assert_int_equal(
        ql_generation_run(&generator, 0, ITEM_LIMIT, take_item, take_progress, &collection, &result, &error),
        QL_ERROR_STOPPED);
    assert_int_equal(collection.count, 0);
    assert_true(collection.told >= 100);
    close_single(&single);
}

static int compare_seeds(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static void generation_seeds_of_a_run_differ(void **state)
{
    enum { COUNT = 200000 };
    static uint32_t seeds[COUNT];

    (void)state;
    for (uint32_t n = 0; n < COUNT; n++) {
        seeds[n] = ql_generation_seed(1, n);
    }
    qsort(seeds, COUNT, sizeof seeds[0], compare_seeds);
    for (int n = 1; n < COUNT; n++) {
        assert_true(seeds[n] != seeds[n - 1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generated_items_are_those_written_one_by_one),
        cmocka_unit_test(generated_items_of_a_decoder_are_those_written_one_by_one),
        cmocka_unit_test(generated_items_of_an_unknown_graph_are_the_same),
        cmocka_unit_test(graph_with_crossed_states_is_refused),
        cmocka_unit_test(generation_without_newline_cuts_every_item),
        cmocka_unit_test(generation_with_pieces_never_passes_the_largest_length),
        cmocka_unit_test(generation_refuses_items_that_are_cut_within_a_word),
        cmocka_unit_test(generation_at_temperature_zero_computes_one_text),
        cmocka_unit_test(generation_reset_token_begins_with_zeros),
        cmocka_unit_test(generation_of_more_than_one_part_goes_on_with_the_numbers),
        cmocka_unit_test(generation_of_a_model_without_numbers_is_an_error),
        cmocka_unit_test(generation_that_is_stopped_hands_over_nothing_more),
        cmocka_unit_test(generation_seeds_of_a_run_differ),
    };
    return cmocka_run_group_tests_name("generation", tests, NULL, NULL);
}
