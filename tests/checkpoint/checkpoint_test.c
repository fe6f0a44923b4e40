// Checkpoints: a saved model is loaded unchanged, damage of any kind is refused, foreign files are read or refused with
// a reason.
// Uses: checkpoint, model, checkpoint_sample, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "checkpoint/checkpoint.h"
#include "checkpoint/safetensors.h"
#include "checkpoint_sample.h"
#include "model/stepper.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char path[] = "checkpoint_test.safetensors";

static const enum ql_cell cells[] = {QL_CELL_LSTM, QL_CELL_GRU, QL_CELL_RNN};

static void model_saved_comes_back_whole(void **state)
{
    static const struct {
        int V, E, H, L;
    } sizes[] = {{1, 1, 1, 1}, {12, 12, 12, 2}, {7, 3, 5, 3}, {12, 1, 4, QL_MODEL_LAYER_LIMIT}};
    static struct ql_model_info info, loaded_info;
    (void)state;

    for (size_t i = 0; i < COUNT(cells) * COUNT(sizes); i++) {
        size_t size = i / COUNT(cells);
        struct ql_dimensions d = {.cell = cells[i % COUNT(cells)],
                                  .V = sizes[size].V,
                                  .E = sizes[size].E,
                                  .H = sizes[size].H,
                                  .L = sizes[size].L,
                                  .layer = QL_LAYER_RECURRENT};
        struct ql_model model, loaded;
        struct ql_error error;

        sample_model_init(&model, d, (uint32_t)i);
        sample_vocabulary_init(&info.vocabulary, d.V, true);
        info.items = i % 2 == 1;
        info.dropout = 0.1 * (double)(i % 3);
        info.weights = (enum ql_weight_format)(i / 3 % 3);
        assert_int_equal(ql_checkpoint_save(path, &model, &info, &error), QL_OK);
        if (ql_checkpoint_load(path, &loaded, &loaded_info, &error) != QL_OK) {
            fail_msg("%s", error.message);
        }
        assert_memory_equal(&loaded.dimensions, &d, sizeof d);
        assert_int_equal(loaded.count, model.count);
        assert_memory_equal(loaded.block, model.block, model.count * sizeof(float));
        assert_int_equal(loaded_info.vocabulary.count, d.V);
        assert_memory_equal(loaded_info.vocabulary.symbols, info.vocabulary.symbols, (size_t)d.V * sizeof(uint32_t));
        assert_int_equal(loaded_info.items, info.items);
        assert_true(fabs(loaded_info.dropout - info.dropout) < 1e-9);
        assert_int_equal(loaded_info.weights, info.weights);
        ql_model_free(&loaded);
        ql_model_free(&model);
    }
}

// The smallest possible model of each cell, in a file of about 900 bytes.
static unsigned char *save_small(enum ql_cell cell, size_t *size_bytes)
{
    static struct ql_model_info info;
    struct ql_model model;
    struct ql_error error;

    sample_model_init(
        &model, (struct ql_dimensions){.cell = cell, .V = 2, .E = 1, .H = 1, .L = 1, .layer = QL_LAYER_RECURRENT}, 3);
    sample_vocabulary_init(&info.vocabulary, 2, false);
    info.dropout = 0.25;
    assert_int_equal(ql_checkpoint_save(path, &model, &info, &error), QL_OK);
    ql_model_free(&model);
    return sample_file_load(path, size_bytes);
}

static void model_saved_twice_gives_the_same_bytes(void **state)
{
    size_t size_bytes, again_bytes;
    unsigned char *bytes = save_small(QL_CELL_GRU, &size_bytes);
    unsigned char *again = save_small(QL_CELL_GRU, &again_bytes);
    (void)state;

    assert_int_equal(size_bytes, again_bytes);
    assert_memory_equal(bytes, again, size_bytes);
    test_free(bytes);
    test_free(again);
}

// True when the file in `path` is refused by an error that names it.
static bool is_refused(struct ql_error *error)
{
    static struct ql_model_info info;
    struct ql_model model;
    enum ql_status status = ql_checkpoint_load(path, &model, &info, error);

    if (status == QL_OK) {
        ql_model_free(&model);
        return false;
    }
    return model.block == NULL && strstr(error->message, path) != NULL;
}

static void any_flipped_bit_is_refused(void **state)
{
    (void)state;

    for (size_t i = 0; i < COUNT(cells); i++) {
        size_t size_bytes;
        struct ql_error error;
        unsigned char *bytes = save_small(cells[i], &size_bytes);
        FILE *file = fopen(path, "r+b");
        assert_non_null(file);
        for (size_t bit = 0; bit < 8 * size_bytes; bit++) {
            unsigned char flipped = (unsigned char)(bytes[bit / 8] ^ (1u << bit % 8));
            assert_int_equal(pwrite(fileno(file), &flipped, 1, (off_t)(bit / 8)), 1);
            if (!is_refused(&error)) {
                fail_msg("bit %zu of byte %zu (%c): was not refused", bit % 8, bit / 8, bytes[bit / 8]);
            }
            assert_int_equal(pwrite(fileno(file), &bytes[bit / 8], 1, (off_t)(bit / 8)), 1);
        }
        assert_false(is_refused(&error)); // intact again
        assert_int_equal(fclose(file), 0);
        test_free(bytes);
    }
}

static void file_of_any_other_length_is_refused(void **state)
{
    size_t size_bytes;
    struct ql_error error;
    unsigned char *bytes = save_small(QL_CELL_LSTM, &size_bytes);
    (void)state;

    for (size_t length = 0; length < size_bytes; length++) {
        sample_file_save(path, bytes, length);
        if (!is_refused(&error)) {
            fail_msg("cut to %zu of %zu bytes: was not refused", length, size_bytes);
        }
    }
    bytes[size_bytes] = 0;
    sample_file_save(path, bytes, size_bytes + 1);
    assert_true(is_refused(&error));
    test_free(bytes);
}

static void file_that_is_not_there_is_an_error_that_says_so(void **state)
{
    struct ql_error error;
    (void)state;

    (void)unlink(path);
    assert_true(is_refused(&error));
    assert_int_equal(error.status, QL_ERROR_SYSTEM);
    assert_non_null(strstr(error.message, "No such file"));
}

// A file that another program may have written: the tensors of a GRU with 2 layers, each of which a test may change.
struct foreign {
    struct ql_model model;
    struct ql_safetensors_entry entries[QL_MODEL_TENSOR_LIMIT];
    size_t count;
    json_t *metadata;
};

static void foreign_init(struct foreign *foreign)
{
    sample_model_init(
        &foreign->model,
        (struct ql_dimensions){.cell = QL_CELL_GRU, .V = 5, .E = 3, .H = 4, .L = 2, .layer = QL_LAYER_RECURRENT}, 1);
    foreign->count = (size_t)foreign->model.tensor_count;
    foreign->metadata = json_pack("{s:s}", "format", "pt");
    for (size_t i = 0; i < foreign->count; i++) {
        const struct ql_tensor *tensor = &foreign->model.tensors[i];
        int columns = tensor->columns == 0 ? 1 : tensor->columns;
        foreign->entries[i] = (struct ql_safetensors_entry){
            .name = tensor->name,
            .dtype = "F32",
            .rank = tensor->columns == 0 ? 1 : 2,
            .shape = {tensor->rows, tensor->columns},
            .data = tensor->data,
            .size_bytes = (size_t)tensor->rows * (size_t)columns * sizeof(float),
        };
    }
}

static struct ql_safetensors_entry *foreign_entry(struct foreign *foreign, const char *name)
{
    for (size_t i = 0; i < foreign->count; i++) {
        if (strcmp(foreign->entries[i].name, name) == 0) {
            return &foreign->entries[i];
        }
    }
    fail_msg("there is no tensor %s", name);
    return NULL;
}

static void foreign_save(struct foreign *foreign)
{
    struct ql_error error;

    assert_int_equal(ql_safetensors_save(path, foreign->entries, foreign->count, foreign->metadata, &error), QL_OK);
}

static void foreign_free(struct foreign *foreign)
{
    json_decref(foreign->metadata);
    ql_model_free(&foreign->model);
}

// Saves the file, expects that it is refused with a message that has all the words, and frees it.
static void expect_refusal(struct foreign *foreign, const char *word, const char *other_word)
{
    struct ql_error error;

    foreign_save(foreign);
    if (!is_refused(&error) || strstr(error.message, word) == NULL || strstr(error.message, other_word) == NULL) {
        fail_msg("'%s' should name the file, '%s' and '%s'", error.message, word, other_word);
    }
    foreign_free(foreign);
}

static void foreign_file_is_read(void **state)
{
    static struct ql_model_info info;
    struct foreign foreign;
    struct ql_model model;
    struct ql_error error;
    (void)state;

    foreign_init(&foreign);
    for (size_t i = 0; i < foreign.count / 2; i++) { // the order does not matter
        struct ql_safetensors_entry entry = foreign.entries[i];
        foreign.entries[i] = foreign.entries[foreign.count - 1 - i];
        foreign.entries[foreign.count - 1 - i] = entry;
    }
    foreign_save(&foreign);
    if (ql_checkpoint_load(path, &model, &info, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    assert_memory_equal(&model.dimensions, &foreign.model.dimensions, sizeof model.dimensions);
    assert_memory_equal(model.block, foreign.model.block, model.count * sizeof(float));
    assert_int_equal(info.vocabulary.count, 0);
    assert_false(info.items);
    assert_true(info.dropout == 0.0);
    assert_int_equal(info.weights, QL_WEIGHTS_F32);
    ql_model_free(&model);
    foreign_free(&foreign);
}

static void missing_tensor_is_named(void **state)
{
    struct foreign foreign;
    (void)state;

    for (size_t i = 0; i < 11; i++) {
        char name[32];
        foreign_init(&foreign);
        assert_int_equal(foreign.count, 11);
        (void)snprintf(name, sizeof name, "%s", foreign.entries[i].name);
        foreign.entries[i] = foreign.entries[--foreign.count];
        if (strcmp(name, "output.bias") == 0) { // that one may be left out
            foreign_free(&foreign);
            continue;
        }
        // Without its weight_hh the second layer does not exist, and its other tensors are unknown.
        bool is_layer = strcmp(name, "rnn.weight_hh_l1") == 0;
        expect_refusal(&foreign, is_layer ? "_l1'" : name, is_layer ? "1 layers" : "no tensor");
    }
}

static void unknown_tensor_is_named(void **state)
{
    static const char *const names[] = {"rnn.weight_ih_l0_reverse", "rnn.weight_hr_l0", "rnn.weight_hh_l3", "x", ""};
    (void)state;

    for (size_t i = 0; i < COUNT(names); i++) {
        struct foreign foreign;
        foreign_init(&foreign);
        foreign.entries[foreign.count] = *foreign_entry(&foreign, "rnn.weight_hh_l0");
        foreign.entries[foreign.count++].name = names[i];
        expect_refusal(&foreign, "has a tensor", names[i]);
    }
}

static void tensor_of_another_shape_is_named(void **state)
{
    static const struct {
        const char *name;
        int rank;
        int64_t shape[2];
        const char *word;
    } changes[] = {
        {"embedding.weight", 1, {15, 0}, "2 dimensions"},
        {"embedding.weight", 2, {3, 5}, "rnn.weight_ih_l0"}, // other sizes do not match anything else
        {"rnn.weight_ih_l0", 2, {3, 12}, "(12, 3)"},
        {"rnn.weight_ih_l0", 1, {36, 0}, "(12, 3)"},
        {"rnn.weight_hh_l0", 2, {4, 12}, "4 rows for 12 units"},
        {"rnn.weight_hh_l0", 2, {48, 1}, "48 rows for 1 units"},
        {"rnn.weight_hh_l1", 2, {4, 12}, "(12, 4)"},
        {"rnn.bias_hh_l1", 2, {12, 1}, "(12)"},
        {"rnn.bias_hh_l1", 2, {1, 12}, "(12)"},
        {"output.weight", 2, {4, 5}, "(5, 4)"},
        {"output.bias", 2, {1, 5}, "(5)"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(changes); i++) {
        struct foreign foreign;
        foreign_init(&foreign);
        struct ql_safetensors_entry *entry = foreign_entry(&foreign, changes[i].name);
        entry->rank = changes[i].rank;
        memcpy(entry->shape, changes[i].shape, sizeof changes[i].shape);
        bool is_embedding = i == 1;
        expect_refusal(&foreign, is_embedding ? "tensor" : changes[i].name, changes[i].word);
    }
}

static void tensor_of_another_type_is_named(void **state)
{
    static const struct {
        const char *dtype;
        size_t size_bytes;
    } types[] = {{"F64", 8}, {"I16", 2}, {"U16", 2}, {"I32", 4}};
    static const double data[5];
    (void)state;

    for (size_t i = 0; i < COUNT(types); i++) {
        struct foreign foreign;
        foreign_init(&foreign);
        struct ql_safetensors_entry *entry = foreign_entry(&foreign, "output.bias");
        entry->dtype = types[i].dtype;
        entry->data = data;
        entry->size_bytes = 5 * types[i].size_bytes;
        expect_refusal(&foreign, "output.bias", types[i].dtype);
    }
}

// Loads the file; its tensors must be those of `model`.
static void expect_model(const struct ql_model *expected)
{
    static struct ql_model_info info;
    struct ql_model model;
    struct ql_error error;

    if (ql_checkpoint_load(path, &model, &info, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    assert_memory_equal(&model.dimensions, &expected->dimensions, sizeof model.dimensions);
    assert_memory_equal(model.block, expected->block, model.count * sizeof(float));
    ql_model_free(&model);
}

static void usual_names_of_others_are_understood(void **state)
{
    // The prefix of all, then the names for "embedding", "rnn" and "output".
    static const char *const words[][4] = {
        {"", "embedding", "lstm", "fc"},       {"", "encoder", "rnn", "decoder"},
        {"module.", "embed", "gru", "linear"}, {"_orig_mod.module.", "emb", "rnn", "out"},
        {"model.", "wte", "lstm", "lm_head"},  {"net.", "embeddings", "layers.rnn", "head"},
    };
    static char names[QL_MODEL_TENSOR_LIMIT][96];
    (void)state;

    for (size_t w = 0; w < COUNT(words); w++) {
        struct foreign foreign;
        foreign_init(&foreign);
        for (size_t i = 0; i < foreign.count; i++) {
            const char *name = foreign.entries[i].name, *dot = strchr(name, '.');
            const char *word = name[0] == 'e' ? words[w][1] : name[0] == 'r' ? words[w][2] : words[w][3];
            (void)snprintf(names[i], sizeof names[i], "%s%s%s", words[w][0], word, dot);
            foreign.entries[i].name = names[i];
        }
        foreign_save(&foreign);
        expect_model(&foreign.model);
        foreign_free(&foreign);
    }
}

static void half_precision_of_others_is_widened(void **state)
{
    static uint16_t halves[2][12];
    (void)state;

    for (int is_brain = 0; is_brain < 2; is_brain++) {
        struct foreign foreign;
        foreign_init(&foreign);
        struct ql_safetensors_entry *entry = foreign_entry(&foreign, "rnn.bias_ih_l1");
        for (int k = 0; k < 12; k++) { // 1.5, 1.5 * 2^-1, ...
            halves[is_brain][k] = (uint16_t)(is_brain ? 0x3fc0 - (k << 7) : 0x3e00 - (k << 10));
            foreign.model.layers[1].recurrent.bias_ih[k] = ldexpf(1.5f, -k);
        }
        entry->dtype = is_brain ? "BF16" : "F16";
        entry->data = halves[is_brain];
        entry->size_bytes = sizeof halves[0];
        foreign_save(&foreign);
        expect_model(&foreign.model);
        json_object_set_new(foreign.metadata, "vocabulary", json_string("abcde"));
        json_object_set_new(foreign.metadata, "sequences", json_string("items"));
        json_object_set_new(foreign.metadata, "model", json_string("gru"));
        json_object_set_new(foreign.metadata, "quillet", json_string("quillet 1"));
        expect_refusal(&foreign, "rnn.bias_ih_l1", entry->dtype); // ours are float32
    }
}

static void foreign_remove(struct foreign *foreign, const char *part)
{
    for (size_t i = foreign->count; i-- > 0;) {
        if (strstr(foreign->entries[i].name, part) != NULL) {
            foreign->entries[i] = foreign->entries[--foreign->count];
        }
    }
}

static void what_others_leave_out_is_filled_in(void **state)
{
    struct foreign foreign;
    (void)state;

    // Without biases.
    foreign_init(&foreign);
    foreign_remove(&foreign, "bias");
    for (int l = 0; l < 2; l++) {
        memset(foreign.model.layers[l].recurrent.bias_ih, 0, 12 * sizeof(float));
        memset(foreign.model.layers[l].recurrent.bias_hh, 0, 12 * sizeof(float));
    }
    memset(foreign.model.tensors[foreign.model.tensor_count - 1].data, 0, 5 * sizeof(float));
    foreign_save(&foreign);
    expect_model(&foreign.model);
    foreign_free(&foreign);

    // The output's matrix is the embedding, which here is as wide as the layers; or the tokens are one-hot.
    for (int is_tied = 0; is_tied < 2; is_tied++) {
        struct ql_dimensions d = {.cell = QL_CELL_LSTM, .V = 5, .E = is_tied ? 4 : 5, .H = 4, .L = 1};
        d.layer = QL_LAYER_RECURRENT;
        foreign_init(&foreign);
        ql_model_free(&foreign.model);
        sample_model_init(&foreign.model, d, 2);
        foreign.count = (size_t)foreign.model.tensor_count;
        for (size_t i = 0; i < foreign.count; i++) {
            const struct ql_tensor *tensor = &foreign.model.tensors[i];
            foreign.entries[i] =
                (struct ql_safetensors_entry){.name = tensor->name,
                                              .dtype = "F32",
                                              .rank = tensor->columns == 0 ? 1 : 2,
                                              .shape = {tensor->rows, tensor->columns},
                                              .data = tensor->data,
                                              .size_bytes = (size_t)tensor->rows * sizeof(float) *
                                                            (size_t)(tensor->columns == 0 ? 1 : tensor->columns)};
        }
        float *embedding = foreign.model.tensors[0].data;
        if (is_tied) {
            memcpy(foreign.model.tensors[foreign.model.tensor_count - 2].data, embedding, 20 * sizeof(float));
        }
        for (int k = 0; k < 25 && !is_tied; k++) {
            embedding[k] = k % 6 == 0 ? 1.0f : 0.0f;
        }
        foreign_remove(&foreign, is_tied ? "output.weight" : "embedding");
        foreign_save(&foreign);
        expect_model(&foreign.model);
        foreign_free(&foreign);
    }
}

static void file_of_names_says_what_no_rule_knows(void **state)
{
    static const char names_path[] = "checkpoint_test.names.json";
    static const char names[] = "{\"embedding.weight\": \"first.table\", \"output.weight\": \"last.w\"}";
    struct foreign foreign;
    (void)state;

    foreign_init(&foreign);
    foreign_entry(&foreign, "embedding.weight")->name = "first.table";
    foreign_entry(&foreign, "output.weight")->name = "last.w";
    foreign_save(&foreign);
    sample_file_save(names_path, names, sizeof names - 1);
    expect_model(&foreign.model);
    sample_file_save(names_path, "{\"output.weight\": \"lost\"}", 25);
    expect_refusal(&foreign, "checkpoint_test.names.json", "'output.weight' should be");
    sample_file_save(names_path, "[]", 2);
    foreign_init(&foreign);
    expect_refusal(&foreign, "checkpoint_test.names.json", "must be a JSON object");
    assert_int_equal(unlink(names_path), 0);

    // Without it, expected and existing names are listed side by side, with the line to write.
    foreign_init(&foreign);
    foreign_entry(&foreign, "embedding.weight")->name = "first.table";
    foreign_entry(&foreign, "output.weight")->name = "last.w";
    expect_refusal(&foreign, "has no tensor 'embedding.weight', nor 'output.weight' (V, H)",
                   "'first.table' (5, 3), 'last.w' (5, 4)");
    // An unknown tensor keeps anything from being filled in.
    foreign_init(&foreign);
    foreign_remove(&foreign, "bias");
    foreign_entry(&foreign, "output.weight")->name = "last.w";
    expect_refusal(&foreign, ".names.json", "'last.w'");
    // Two tensors for the same role are ambiguous.
    foreign_init(&foreign);
    foreign.entries[foreign.count] = *foreign_entry(&foreign, "output.weight");
    foreign.entries[foreign.count++].name = "fc.weight";
    expect_refusal(&foreign, "has a tensor", "fc.weight");
}

static void names_are_exchanged_whatever_their_order(void **state)
{
    static const char names_path[] = "checkpoint_test.names.json";
    static const char first[] = "rnn.bias_ih_l0", second[] = "rnn.bias_hh_l0";
    char names[200];
    struct foreign foreign;
    (void)state;

    for (int k = 0; k < 2; k++) {
        foreign_init(&foreign);
        struct ql_safetensors_entry *ih = foreign_entry(&foreign, first), *hh = foreign_entry(&foreign, second);
        ih->name = second;
        hh->name = first;
        foreign_save(&foreign);
        const int length = snprintf(names, sizeof names, "{\"%s\": \"%s\", \"%s\": \"%s\"}", k == 0 ? first : second,
                                    k == 0 ? second : first, k == 0 ? second : first, k == 0 ? first : second);
        sample_file_save(names_path, names, (size_t)length);
        expect_model(&foreign.model);
        foreign_free(&foreign);
    }
    // What the name stood for would be forgotten.
    foreign_init(&foreign);
    const int length = snprintf(names, sizeof names, "{\"%s\": \"%s\"}", first, second);
    sample_file_save(names_path, names, (size_t)length);
    expect_refusal(&foreign, "this gives two tensors of the checkpoint the name 'rnn.bias_ih_l0'", names_path);
    assert_int_equal(unlink(names_path), 0);
}

static void value_that_is_not_finite_is_named_with_its_place(void **state)
{
    static const float values[] = {(float)NAN, (float)INFINITY, -(float)INFINITY};
    static const char *const words[] = {"nan at position 7", "inf at position 7", "-inf at position 7"};
    (void)state;

    for (size_t i = 0; i < COUNT(values); i++) {
        struct foreign foreign;
        foreign_init(&foreign);
        foreign.model.layers[1].recurrent.weight_hh[7] = values[i];
        expect_refusal(&foreign, "rnn.weight_hh_l1", words[i]);
    }
}

static void metadata_that_does_not_fit_is_refused(void **state)
{
    static const struct {
        const char *key, *value, *word;
    } changes[] = {
        {"vocabulary", "abcd", "4 symbols"},
        {"vocabulary", "abcdef", "6 symbols"},
        {"vocabulary", "", "empty"},
        {"vocabulary", "abcda", "twice"},
        {"vocabulary", "edcba", "order"},
        {"pieces", "ab", "not the vocabulary"},
        {"sequences", "Items", "'Items'"},
        {"dropout", "1", "'1'"},
        {"dropout", "-0.1", "'-0.1'"},
        {"dropout", "nan", "'nan'"},
        {"dropout", "0.2x", "'0.2x'"},
        {"dropout", "", "''"},
        {"quantize", "int2", "'int2'"},
        {"quantize", "", "''"},
        {"quillet", "quillet 2", "'quillet 2'"},
        {"quillet", "quillet 1", "not complete"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(changes); i++) {
        struct foreign foreign;
        foreign_init(&foreign);
        assert_int_equal(json_object_set_new(foreign.metadata, changes[i].key, json_string(changes[i].value)), 0);
        expect_refusal(&foreign, changes[i].word, "");
    }
}

// The file's metadata decides, and the shapes must match: these are those of a GRU.
static void model_of_the_metadata_decides_what_the_shapes_must_be(void **state)
{
    static const struct {
        const char *model, *word;
    } changes[] = {{"lstm", "(16, 3)"}, {"rnn", "(4, 3)"}, {"mlp", "'mlp'"}};
    (void)state;

    for (size_t i = 0; i < COUNT(changes); i++) {
        struct foreign foreign;
        foreign_init(&foreign);
        json_object_set_new(foreign.metadata, "quillet", json_string("quillet 1"));
        json_object_set_new(foreign.metadata, "vocabulary", json_string("abcde"));
        json_object_set_new(foreign.metadata, "sequences", json_string("items"));
        json_object_set_new(foreign.metadata, "model", json_string(changes[i].model));
        expect_refusal(&foreign, changes[i].word, changes[i].model);
    }
}

static void sizes_that_no_model_has_are_refused(void **state)
{
    static const struct {
        int64_t V, E;
        const char *word;
    } changes[] = {{0, 3, "vocabulary size is 0"},
                   {5, 0, "embedding_size is 0"},
                   {5000, 0, "too large"},
                   {0, 5000000000, "too large"},
                   {0, 100000, "vocabulary size is 0"}};
    (void)state;

    for (size_t i = 0; i < COUNT(changes); i++) {
        struct foreign foreign;
        foreign_init(&foreign);
        struct ql_safetensors_entry *entry = foreign_entry(&foreign, "embedding.weight");
        entry->shape[0] = changes[i].V;
        entry->shape[1] = changes[i].E;
        entry->size_bytes = 0;
        expect_refusal(&foreign, changes[i].word, "");
    }
}

// pytorch_gru.safetensors was written by make_pytorch_gru.py: a model, and in the metadata the logits that PyTorch
// gives after some tokens.
static void model_written_by_pytorch_gives_its_logits(void **state)
{
    static const char golden_path[] = QL_SOURCE_DIR "/tests/checkpoint/pytorch_gru.safetensors";
    static const double tolerance = 1e-6; // rounding errors of logits of order 1
    static struct ql_model_info info;
    struct ql_model model;
    struct ql_stepper stepper;
    struct ql_safetensors file;
    struct ql_error error;
    char *rest;
    (void)state;

    if (ql_checkpoint_load(golden_path, &model, &info, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(model.dimensions.cell, QL_CELL_GRU);
    assert_int_equal(info.vocabulary.count, model.dimensions.V);
    assert_true(info.dropout == 0.25);
    assert_int_equal(ql_stepper_init(&stepper, &model, &info, &error), QL_OK);
    assert_int_equal(ql_safetensors_open(&file, golden_path, QL_FILE_REGULAR, &error), QL_OK);
    const char *tokens = ql_safetensors_metadata(&file, "tokens");
    const char *logits = ql_safetensors_metadata(&file, "logits");
    assert_non_null(tokens);
    assert_non_null(logits);
    int steps = 0;
    for (; *tokens != '\0'; steps++) {
        int token = (int)strtol(tokens, &rest, 10);
        assert_true(rest != tokens && token >= 0 && token < model.dimensions.V);
        tokens = rest;
        ql_stepper_step(&stepper, token);
        for (int v = 0; v < model.dimensions.V; v++) {
            double expected = strtod(logits, &rest);
            assert_true(rest != logits);
            assert_true(fabs((double)stepper.logits[v] - expected) < tolerance);
            logits = rest;
        }
    }
    assert_int_equal(steps, 8);
    ql_safetensors_close(&file);
    ql_stepper_free(&stepper);
    ql_model_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(model_saved_comes_back_whole),
        cmocka_unit_test(model_saved_twice_gives_the_same_bytes),
        cmocka_unit_test(any_flipped_bit_is_refused),
        cmocka_unit_test(file_of_any_other_length_is_refused),
        cmocka_unit_test(file_that_is_not_there_is_an_error_that_says_so),
        cmocka_unit_test(foreign_file_is_read),
        cmocka_unit_test(missing_tensor_is_named),
        cmocka_unit_test(unknown_tensor_is_named),
        cmocka_unit_test(usual_names_of_others_are_understood),
        cmocka_unit_test(half_precision_of_others_is_widened),
        cmocka_unit_test(what_others_leave_out_is_filled_in),
        cmocka_unit_test(file_of_names_says_what_no_rule_knows),
        cmocka_unit_test(tensor_of_another_shape_is_named),
        cmocka_unit_test(tensor_of_another_type_is_named),
        cmocka_unit_test(names_are_exchanged_whatever_their_order),
        cmocka_unit_test(value_that_is_not_finite_is_named_with_its_place),
        cmocka_unit_test(metadata_that_does_not_fit_is_refused),
        cmocka_unit_test(model_of_the_metadata_decides_what_the_shapes_must_be),
        cmocka_unit_test(sizes_that_no_model_has_are_refused),
        cmocka_unit_test(model_written_by_pytorch_gives_its_logits),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
