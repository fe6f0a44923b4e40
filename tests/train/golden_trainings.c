// Run small trainings and write the final parameters, moments, and losses of each, as raw little-endian bytes.
// tests/golden/trainings.txt holds the SHA-256 of each file; they are the same for every form of vectors, compiler,
// optimization level, processor and number of threads. With --short, each takes one epoch of half of the text, as in
// tests/golden/trainings_short.txt: two steps or more, for emulated processors.
// usage: [QUILLET_VECTORS=FORM] golden_trainings [--short] FOLDER THREADS [NAME...]
// Uses: train, model, base, device/random.h.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vectors.h"
#include "device/random.h"
#include "train/trainer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { TEXT_SIZE = 2000, SHORT_TEXT_SIZE = 1000 };

static const struct training {
    const char *name;
    struct ql_dimensions dimensions; // cell, V, E, H, L
    enum ql_weight_format weights;
    bool items;
    int batch_size, seq_length, epochs;
    struct ql_regularization regularization; // without seed and step
    enum ql_schedule_shape shape;
} trainings[] = {
    {"lstm_stream",
     {.cell = QL_CELL_LSTM, .V = 17, .E = 12, .H = 40, .L = 2, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_F32,
     false,
     20,
     25,
     2,
     {.dropout = 0.0f},
     QL_SCHEDULE_CONSTANT},
    {"lstm_stream_dropout",
     {.cell = QL_CELL_LSTM, .V = 17, .E = 12, .H = 40, .L = 2, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_F32,
     false,
     20,
     25,
     2,
     {.dropout = 0.3f},
     QL_SCHEDULE_COSINE},
    {"lstm_items",
     {.cell = QL_CELL_LSTM, .V = 17, .E = 12, .H = 40, .L = 2, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_F32,
     true,
     20,
     25,
     2,
     {.dropout = 0.0f},
     QL_SCHEDULE_COSINE},
    {"lstm_items_dropout",
     {.cell = QL_CELL_LSTM, .V = 17, .E = 12, .H = 40, .L = 2, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_F32,
     true,
     50,
     25,
     2,
     {.dropout = 0.4f},
     QL_SCHEDULE_COSINE},
    {"gru_stream",
     {.cell = QL_CELL_GRU, .V = 17, .E = 12, .H = 40, .L = 2, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_F32,
     false,
     20,
     25,
     2,
     {.dropout = 0.0f},
     QL_SCHEDULE_COSINE},
    {"gru_items_dropout",
     {.cell = QL_CELL_GRU, .V = 17, .E = 12, .H = 40, .L = 2, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_F32,
     true,
     50,
     25,
     2,
     {.dropout = 0.2f},
     QL_SCHEDULE_CONSTANT},
    {"rnn_stream",
     {.cell = QL_CELL_RNN, .V = 17, .E = 12, .H = 40, .L = 2, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_F32,
     false,
     20,
     25,
     2,
     {.dropout = 0.0f},
     QL_SCHEDULE_COSINE},
    {"rnn_items_dropout",
     {.cell = QL_CELL_RNN, .V = 17, .E = 12, .H = 40, .L = 2, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_F32,
     true,
     50,
     25,
     2,
     {.dropout = 0.2f},
     QL_SCHEDULE_COSINE},
    {"lstm_int8",
     {.cell = QL_CELL_LSTM, .V = 17, .E = 12, .H = 40, .L = 2, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_S8,
     false,
     20,
     25,
     2,
     {.dropout = 0.1f},
     QL_SCHEDULE_COSINE},
    {"lstm_int4_items",
     {.cell = QL_CELL_LSTM, .V = 17, .E = 12, .H = 40, .L = 2, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_S4,
     true,
     50,
     25,
     2,
     {.dropout = 0.1f},
     QL_SCHEDULE_COSINE},
    {"gru_int8_items",
     {.cell = QL_CELL_GRU, .V = 17, .E = 12, .H = 40, .L = 2, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_S8,
     true,
     20,
     25,
     2,
     {.dropout = 0.1f},
     QL_SCHEDULE_COSINE},
    {"gru_int4",
     {.cell = QL_CELL_GRU, .V = 17, .E = 12, .H = 40, .L = 2, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_S4,
     false,
     20,
     25,
     2,
     {.dropout = 0.1f},
     QL_SCHEDULE_COSINE},
    {"rnn_int8",
     {.cell = QL_CELL_RNN, .V = 17, .E = 12, .H = 40, .L = 2, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_S8,
     false,
     20,
     25,
     2,
     {.dropout = 0.1f},
     QL_SCHEDULE_COSINE},
    {"lstm_odd_sizes",
     {.cell = QL_CELL_LSTM, .V = 11, .E = 7, .H = 33, .L = 3, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_F32,
     true,
     37,
     19,
     2,
     {.dropout = 0.25f},
     QL_SCHEDULE_COSINE},
    {"gru_odd_sizes",
     {.cell = QL_CELL_GRU, .V = 13, .E = 1, .H = 31, .L = 3, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_F32,
     false,
     17,
     9,
     1,
     {.dropout = 0.25f},
     QL_SCHEDULE_COSINE},
    {"rnn_one_unit",
     {.cell = QL_CELL_RNN, .V = 2, .E = 1, .H = 1, .L = 1, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_F32,
     false,
     1,
     1,
     1,
     {.dropout = 0.0f},
     QL_SCHEDULE_COSINE},
    {"lstm_pieces",
     {.cell = QL_CELL_LSTM, .V = 587, .E = 16, .H = 40, .L = 2, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_F32,
     true,
     20,
     25,
     2,
     {.dropout = 0.2f},
     QL_SCHEDULE_COSINE},
    {"lstm_wide",
     {.cell = QL_CELL_LSTM, .V = 65, .E = 84, .H = 128, .L = 1, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_F32,
     false,
     32,
     16,
     1,
     {.dropout = 0.2f},
     QL_SCHEDULE_COSINE},
    {"transformer_stream",
     {.layer = QL_LAYER_DECODER,
      .V = 17,
      .E = 24,
      .H = 24,
      .L = 2,
      .heads = 2,
      .kv_heads = 2,
      .feed = 40,
      .context = 25},
     QL_WEIGHTS_F32,
     false,
     20,
     25,
     2,
     {.dropout = 0.0f},
     QL_SCHEDULE_COSINE},
    {"transformer_items_dropout",
     {.layer = QL_LAYER_DECODER,
      .V = 17,
      .E = 24,
      .H = 24,
      .L = 2,
      .heads = 4,
      .kv_heads = 2,
      .feed = 40,
      .context = 32},
     QL_WEIGHTS_F32,
     true,
     50,
     25,
     2,
     {.dropout = 0.2f},
     QL_SCHEDULE_COSINE},
    {"transformer_odd_sizes",
     {.layer = QL_LAYER_DECODER,
      .V = 11,
      .E = 30,
      .H = 30,
      .L = 3,
      .heads = 3,
      .kv_heads = 1,
      .feed = 37,
      .context = 43},
     QL_WEIGHTS_F32,
     false,
     17,
     43,
     1,
     {.dropout = 0.1f},
     QL_SCHEDULE_CONSTANT},
    {"transformer_wide",
     {.layer = QL_LAYER_DECODER,
      .V = 65,
      .E = 96,
      .H = 96,
      .L = 1,
      .heads = 3,
      .kv_heads = 3,
      .feed = 256,
      .context = 70},
     QL_WEIGHTS_F32,
     false,
     16,
     70,
     1,
     {.dropout = 0.1f},
     QL_SCHEDULE_COSINE},
    {"transformer_int8",
     {.layer = QL_LAYER_DECODER,
      .V = 17,
      .E = 24,
      .H = 24,
      .L = 2,
      .heads = 4,
      .kv_heads = 2,
      .feed = 40,
      .context = 25},
     QL_WEIGHTS_S8,
     false,
     20,
     25,
     2,
     {.dropout = 0.1f},
     QL_SCHEDULE_COSINE},
    {"transformer_int4_items",
     {.layer = QL_LAYER_DECODER,
      .V = 17,
      .E = 30,
      .H = 30,
      .L = 2,
      .heads = 3,
      .kv_heads = 1,
      .feed = 37,
      .context = 32},
     QL_WEIGHTS_S4,
     true,
     50,
     25,
     2,
     {.dropout = 0.1f},
     QL_SCHEDULE_COSINE},
    {"lstm_smoothed_items",
     {.cell = QL_CELL_LSTM, .V = 37, .E = 12, .H = 40, .L = 1, .layer = QL_LAYER_RECURRENT},
     QL_WEIGHTS_F32,
     true,
     20,
     25,
     1,
     {.output_dropout = 0.2f, .label_smoothing = 0.1f},
     QL_SCHEDULE_COSINE},
    {"transformer_smoothed",
     {.layer = QL_LAYER_DECODER,
      .V = 37,
      .E = 24,
      .H = 24,
      .L = 1,
      .heads = 2,
      .kv_heads = 2,
      .feed = 40,
      .context = 25},
     QL_WEIGHTS_F32,
     false,
     20,
     25,
     1,
     {.dropout = 0.1f, .output_dropout = 0.2f, .label_smoothing = 0.1f},
     QL_SCHEDULE_COSINE},
};

static void fail(const char *what)
{
    (void)fprintf(stderr, "golden_trainings: %s\n", what);
    exit(1);
}

// Words of a few letters in lines of 1 to 20 symbols, of an alphabet of V symbols.
static void make_text(uint16_t *tokens, size_t count, int V)
{
    struct ql_random random;

    ql_random_init(&random, 1);
    for (size_t k = 0; k < count; k++) {
        tokens[k] = (uint16_t)(ql_random_step(&random) % 12 == 0 ? 0 : (ql_random_step(&random) % 4 + k) % (size_t)V);
    }
    tokens[count - 1] = 0;
}

static void write_floats(FILE *file, const void *values, size_t bytes)
{
    if (fwrite(values, 1, bytes, file) != bytes) {
        fail("cannot write");
    }
}

static void run(const struct training *training, bool is_short, const char *folder, int threads)
{
    static uint16_t tokens[TEXT_SIZE];
    const struct ql_token_text text = {.tokens = tokens, .count = is_short ? SHORT_TEXT_SIZE : TEXT_SIZE};
    const int epochs = is_short ? 1 : training->epochs;
    const struct ql_trainer_options options = {
        .batch_size = training->batch_size,
        .seq_length = training->seq_length,
        .threads = threads,
        .dropout = (double)training->regularization.dropout,
        .output_dropout = (double)training->regularization.output_dropout,
        .label_smoothing = (double)training->regularization.label_smoothing,
        .grad_clip = 0.5,
        .weight_decay = 0.01,
        .beta2 = training->dimensions.layer == QL_LAYER_DECODER ? 0.98 : 0.999,
        .schedule = {.shape = training->shape, .learning_rate = 0.01, .final_learning_rate = 0.0001, .warmup_steps = 3},
        .seed = 77,
        .weights = training->weights,
    };
    struct ql_trainer trainer;
    struct ql_batcher batcher;
    struct ql_model model;
    struct ql_arena arena = {0};
    struct ql_error error = {.message = "no memory"};
    char path[4096];

    make_text(tokens, text.count, training->dimensions.V);
    if (ql_model_init(&model, training->dimensions, &error) != QL_OK ||
        ql_batcher_init(&batcher, &text, training->items, training->batch_size, training->seq_length, &arena, &error) !=
            QL_OK ||
        ql_trainer_init(&trainer, &model, &options, &error) != QL_OK) {
        fail(error.message);
    }
    ql_model_reset(&model, 5);
    if (snprintf(path, sizeof path, "%s/%s", folder, training->name) >= (int)sizeof path) {
        fail("the folder's name is too long");
    }
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        fail("cannot open the output; does the folder exist?");
    }
    for (int epoch = 1; epoch <= epochs; epoch++) {
        struct ql_trainer_result result;
        if (ql_trainer_epoch(&trainer, &batcher, epoch, (epoch - 1.0) / epochs, (double)epoch / epochs, NULL, NULL,
                             &result, &error) != QL_OK) {
            fail(error.message);
        }
        const double losses[] = {result.loss, result.gradient_norm, ql_trainer_evaluate(&trainer, &batcher).loss};
        write_floats(file, losses, sizeof losses);
    }
    write_floats(file, model.block, model.count * sizeof(float));
    write_floats(file, trainer.mean, model.count * sizeof(float));
    write_floats(file, trainer.variance, model.count * sizeof(float));
    if (fclose(file) != 0) {
        fail("cannot write");
    }
    ql_trainer_free(&trainer);
    ql_model_free(&model);
    ql_arena_free(&arena);
}

int main(int argc, char **argv)
{
    struct ql_error error;
    const bool is_short = argc >= 2 && strcmp(argv[1], "--short") == 0;
    char **const arguments = argv + 1 + is_short; // FOLDER THREADS [NAME...]
    const int count = argc - 1 - is_short;
    const int threads = count >= 2 ? atoi(arguments[1]) : 0;
    int runs = 0;

    if (ql_vectors_reset(getenv("QUILLET_VECTORS"), &error) != QL_OK) {
        fail(error.message);
    }
    if (threads < 1) {
        fail("usage: golden_trainings [--short] FOLDER THREADS [NAME...]");
    }
    for (size_t i = 0; i < COUNT(trainings); i++) {
        bool wanted = count == 2;
        for (int k = 2; k < count; k++) {
            wanted = wanted || strcmp(arguments[k], trainings[i].name) == 0;
        }
        if (wanted) {
            run(&trainings[i], is_short, arguments[0], threads);
            runs++;
        }
    }
    if (count > 2 && runs != count - 2) {
        fail("there is no training of such a name, or one is named twice");
    }
    return 0;
}
