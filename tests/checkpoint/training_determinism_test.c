// The same training gives the same files: with any number of threads, and after a resume at the end of any epoch.
// Uses: checkpoint, train, checkpoint_sample, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "checkpoint/checkpoint.h"
#include "checkpoint/training_state.h"
#include "checkpoint_sample.h"
#include "device/random.h"
#include "train/trainer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// 50 sequences make four shards, of which the last is small: enough work for four threads.
enum { EPOCHS = 3, BATCH = 50, SEQUENCE = 7, SYMBOLS = 11, TEXT_SIZE = 1500 };

struct kind {
    enum ql_cell cell;
    bool items;
    enum ql_weight_format weights;
};

static const struct kind kinds[] = {
    {QL_CELL_LSTM, false, QL_WEIGHTS_F32}, {QL_CELL_LSTM, true, QL_WEIGHTS_F32}, {QL_CELL_GRU, false, QL_WEIGHTS_F32},
    {QL_CELL_GRU, true, QL_WEIGHTS_F32},   {QL_CELL_RNN, false, QL_WEIGHTS_F32}, {QL_CELL_RNN, true, QL_WEIGHTS_F32},
    {QL_CELL_LSTM, false, QL_WEIGHTS_S4},  {QL_CELL_GRU, true, QL_WEIGHTS_S8},   {QL_CELL_RNN, false, QL_WEIGHTS_S4},
};

static uint16_t tokens[TEXT_SIZE];

// Words of a few letters in lines of 1 to 20 symbols.
static int make_text(void **state)
{
    struct ql_random random;
    (void)state;

    ql_random_init(&random, 1);
    for (size_t k = 0; k < TEXT_SIZE; k++) {
        tokens[k] = (uint16_t)(ql_random_step(&random) % 12 == 0 ? 0 : (ql_random_step(&random) % 4 + k) % SYMBOLS);
    }
    tokens[TEXT_SIZE - 1] = 0;
    return 0;
}

static const char *file_name(char name[64], const char *what, int threads, int epoch)
{
    (void)snprintf(name, 64, "training_determinism_test.%s.%d.%d", what, threads, epoch);
    return name;
}

// Trains from epoch `first` to the end. From the second epoch on it starts from the state that a training with `source`
// threads has left. Files are named after `threads` and the epoch.
static void train(const struct kind *kind, int threads, int first, int source, uint32_t model_seed)
{
    static struct ql_model_info info;
    const struct ql_token_text text = {.tokens = tokens, .count = TEXT_SIZE};
    const struct ql_trainer_options options = {
        .batch_size = BATCH,
        .seq_length = SEQUENCE,
        .threads = threads,
        .dropout = 0.3,
        .grad_clip = 0.5,
        .weight_decay = 0.01,
        .beta2 = 0.999,
        .schedule = {.shape = QL_SCHEDULE_COSINE, .learning_rate = 0.01, .warmup_steps = 5},
        .seed = 77,
        .weights = kind->weights,
    };
    struct ql_training_progress progress = {0};
    struct ql_trainer_result result;
    struct ql_trainer trainer;
    struct ql_batcher batcher;
    struct ql_model model;
    struct ql_arena arena = {0};
    struct ql_error error;
    char name[64];

    sample_model_init(
        &model,
        (struct ql_dimensions){.cell = kind->cell, .V = SYMBOLS, .E = 5, .H = 24, .L = 2, .layer = QL_LAYER_RECURRENT},
        model_seed);
    sample_vocabulary_init(&info.vocabulary, SYMBOLS, false);
    info.items = kind->items;
    info.dropout = options.dropout;
    assert_int_equal(ql_batcher_init(&batcher, &text, kind->items, BATCH, SEQUENCE, &arena, &error), QL_OK);
    assert_int_equal(ql_trainer_init(&trainer, &model, &options, &error), QL_OK);
    if (first > 1) {
        if (ql_training_state_load(file_name(name, "state", source, first - 1), &trainer, &progress, &error) != QL_OK) {
            fail_msg("%s", error.message);
        }
        assert_int_equal(progress.epoch, first - 1);
        assert_int_equal(progress.best_epoch, first - 1);
        assert_true(progress.best_loss > 0.1 && progress.elapsed_seconds == 1.5);
    }
    for (int epoch = first; epoch <= EPOCHS; epoch++) {
        assert_int_equal(ql_trainer_epoch(&trainer, &batcher, epoch, (epoch - 1) / (double)EPOCHS,
                                          epoch / (double)EPOCHS, NULL, NULL, &result, &error),
                         QL_OK);
        progress = (struct ql_training_progress){epoch, epoch, ql_trainer_evaluate(&trainer, &batcher).loss, 1.5,
                                                 trainer.step};
        assert_int_equal(ql_checkpoint_save(file_name(name, "model", threads, epoch), &model, &info, &error), QL_OK);
        assert_int_equal(ql_training_state_save(file_name(name, "state", threads, epoch), &trainer, &progress, &error),
                         QL_OK);
    }
    ql_trainer_free(&trainer);
    ql_model_free(&model);
    ql_arena_free(&arena);
}

static void check_same_files(const struct kind *kind, int threads, int other_threads, int first)
{
    static const char *const whats[] = {"model", "state"};
    char name[64], other_name[64];

    for (size_t i = 0; i < COUNT(whats); i++) {
        for (int epoch = first; epoch <= EPOCHS; epoch++) {
            size_t size_bytes, other_bytes;
            unsigned char *bytes = sample_file_load(file_name(name, whats[i], threads, epoch), &size_bytes);
            unsigned char *other =
                sample_file_load(file_name(other_name, whats[i], other_threads, epoch), &other_bytes);
            if (size_bytes != other_bytes || memcmp(bytes, other, size_bytes) != 0) {
                fail_msg("%s, %s, quantize %s: %s and %s differ",
                         ql_architecture_find(QL_LAYER_RECURRENT, kind->cell)->name, kind->items ? "items" : "stream",
                         ql_weight_format_write(kind->weights), name, other_name);
            }
            test_free(bytes);
            test_free(other);
        }
    }
}

static void training_with_any_threads_gives_the_same_files(void **state)
{
    (void)state;

    for (size_t i = 0; i < COUNT(kinds); i++) {
        train(&kinds[i], 1, 1, 0, 5);
        train(&kinds[i], 2, 1, 0, 5);
        train(&kinds[i], 4, 1, 0, 5);
        check_same_files(&kinds[i], 1, 2, 1);
        check_same_files(&kinds[i], 1, 4, 1);
    }
}

// The second session begins with another random model, which the state must replace entirely.
static void training_resumed_after_any_epoch_gives_the_same_files(void **state)
{
    (void)state;

    for (size_t i = 0; i < COUNT(kinds); i++) {
        train(&kinds[i], 1, 1, 0, 5);
        for (int first = 2; first <= EPOCHS; first++) {
            train(&kinds[i], 3, first, 1, 6);
            check_same_files(&kinds[i], 1, 3, first);
        }
    }
}

// Without it, the tests above would also pass for a training that ignores its seed and its data.
static void training_of_another_model_gives_other_files(void **state)
{
    char name[64];
    size_t size_bytes, other_bytes;
    (void)state;

    train(&kinds[0], 1, 1, 0, 5);
    unsigned char *bytes = sample_file_load(file_name(name, "model", 1, EPOCHS), &size_bytes);
    unsigned char *first = sample_file_load(file_name(name, "model", 1, 1), &other_bytes);
    assert_int_equal(size_bytes, other_bytes);
    assert_memory_not_equal(bytes, first, size_bytes);
    train(&kinds[0], 1, 1, 0, 6);
    unsigned char *other = sample_file_load(file_name(name, "model", 1, EPOCHS), &other_bytes);
    assert_int_equal(size_bytes, other_bytes);
    assert_memory_not_equal(bytes, other, size_bytes);
    test_free(bytes);
    test_free(first);
    test_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_with_any_threads_gives_the_same_files),
        cmocka_unit_test(training_resumed_after_any_epoch_gives_the_same_files),
        cmocka_unit_test(training_of_another_model_gives_other_files),
    };
    return cmocka_run_group_tests_name("training_determinism", tests, make_text, NULL);
}
