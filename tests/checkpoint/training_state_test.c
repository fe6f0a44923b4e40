// The state of a training: it is restored completely, and a state that is damaged or belongs to another model is
// refused. That a training continues from it to the same bits is tested in training_determinism_test.c.
// Uses: checkpoint, train, checkpoint_sample, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "checkpoint/checkpoint.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/training_state.h"
#include "checkpoint_sample.h"
#include "train/trainer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char path[] = "training_state_test.safetensors";

static const struct ql_dimensions small = {
    .cell = QL_CELL_RNN, .V = 2, .E = 1, .H = 1, .L = 1, .layer = QL_LAYER_RECURRENT};

static void trainer_init(struct ql_trainer *trainer, struct ql_model *model, struct ql_dimensions dimensions,
                         uint32_t seed)
{
    const struct ql_trainer_options options = {.batch_size = 1, .seq_length = 1, .threads = 1};
    struct ql_error error;

    sample_model_init(model, dimensions, seed);
    assert_int_equal(ql_trainer_init(trainer, model, &options, &error), QL_OK);
    for (size_t k = 0; k < model->count; k++) {
        trainer->mean[k] = (float)seed + (float)k;
        trainer->variance[k] = (float)seed * (float)k;
    }
    trainer->step = UINT64_C(10000000000) + seed;
}

static void trainer_free(struct ql_trainer *trainer, struct ql_model *model)
{
    ql_trainer_free(trainer);
    ql_model_free(model);
}

static void save_small(const struct ql_training_progress *progress)
{
    struct ql_training_progress saved = *progress;
    struct ql_trainer trainer;
    struct ql_model model;
    struct ql_error error;

    trainer_init(&trainer, &model, small, 3);
    saved.step = trainer.step;
    trainer.step += 5; // of an epoch that is not at its end
    assert_int_equal(ql_training_state_save(path, &trainer, &saved, &error), QL_OK);
    trainer_free(&trainer, &model);
}

static enum ql_status load_small(struct ql_training_progress *progress, struct ql_error *error)
{
    struct ql_trainer trainer, saved;
    struct ql_model model, saved_model;

    trainer_init(&trainer, &model, small, 4);
    trainer_init(&saved, &saved_model, small, 3);
    trainer.network_current = true; // as after an evaluation: its tables are of the model before the load
    enum ql_status status = ql_training_state_load(path, &trainer, progress, error);
    if (status == QL_OK) {
        size_t bytes = model.count * sizeof(float);
        assert_memory_equal(model.block, saved_model.block, bytes);
        assert_memory_equal(trainer.mean, saved.mean, bytes);
        assert_memory_equal(trainer.variance, saved.variance, bytes);
        assert_int_equal(trainer.step, saved.step);
        assert_int_equal(progress->step, saved.step);
        assert_false(trainer.network_current);
    }
    trainer_free(&saved, &saved_model);
    trainer_free(&trainer, &model);
    return status;
}

static void state_saved_comes_back_whole(void **state)
{
    static const struct ql_training_progress samples[] = {{0, 0, 0.0, 0.0, 0},
                                                          {7, 5, 1.0 / 3.0, 1234567.25, 0},
                                                          {1000000, 999999, 1e-300, 0.001, 0},
                                                          {3, 1, (double)INFINITY, 2, 0}};
    (void)state;

    for (size_t i = 0; i < COUNT(samples); i++) {
        struct ql_training_progress progress = {0};
        struct ql_error error;
        save_small(&samples[i]);
        assert_int_equal(load_small(&progress, &error), QL_OK);
        assert_int_equal(progress.epoch, samples[i].epoch);
        assert_int_equal(progress.best_epoch, samples[i].best_epoch);
        assert_true(progress.best_loss == samples[i].best_loss);
        assert_true(progress.elapsed_seconds == samples[i].elapsed_seconds);
    }
}

static void progress_that_cannot_be_is_refused(void **state)
{
    static const struct ql_training_progress samples[] = {{-1, 0, 1.0, 1.0, 0},
                                                          {3, 4, 1.0, 1.0, 0},
                                                          {3, -1, 1.0, 1.0, 0},
                                                          {3, 1, 1.0, -1.0, 0},
                                                          {3, 1, 1.0, (double)INFINITY, 0},
                                                          {3, 1, (double)NAN, 1.0, 0}};
    (void)state;

    for (size_t i = 0; i < COUNT(samples); i++) {
        struct ql_training_progress progress = {0};
        struct ql_error error;
        save_small(&samples[i]);
        assert_int_equal(load_small(&progress, &error), QL_ERROR_INPUT);
        assert_non_null(strstr(error.message, path));
    }
}

// The names in docs/checkpoint.md.
static void tensors_of_a_state_are_as_documented(void **state)
{
    static const char *const names[] = {"parameters", "adamw.mean", "adamw.variance"};
    const struct ql_training_progress saved = {2, 1, 1.25, 10, 0};
    struct ql_safetensors file;
    struct ql_error error;
    (void)state;

    save_small(&saved);
    assert_int_equal(ql_safetensors_open(&file, path, QL_FILE_REGULAR, &error), QL_OK);
    assert_int_equal(file.entry_count, COUNT(names));
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_non_null(ql_safetensors_find(&file, names[i]));
    }
    assert_string_equal(ql_safetensors_metadata(&file, "progress"),
                        "epoch 2 step 10000000003 best_epoch 1 best_loss 1.25 elapsed 10.000");
    ql_safetensors_close(&file);
}

static void any_flipped_bit_or_cut_is_refused(void **state)
{
    const struct ql_training_progress saved = {2, 1, 1.25, 10, 0};
    struct ql_training_progress progress;
    struct ql_error error;
    size_t size_bytes;
    (void)state;

    save_small(&saved);
    unsigned char *bytes = sample_file_load(path, &size_bytes);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    for (size_t bit = 0; bit < 8 * size_bytes; bit++) {
        unsigned char flipped = (unsigned char)(bytes[bit / 8] ^ (1u << bit % 8));
        assert_int_equal(pwrite(fileno(file), &flipped, 1, (off_t)(bit / 8)), 1);
        if (load_small(&progress, &error) == QL_OK || strstr(error.message, path) == NULL) {
            fail_msg("bit %zu of byte %zu (%c): was not refused", bit % 8, bit / 8, bytes[bit / 8]);
        }
        assert_int_equal(pwrite(fileno(file), &bytes[bit / 8], 1, (off_t)(bit / 8)), 1);
    }
    assert_int_equal(fclose(file), 0);
    for (size_t length = 0; length < size_bytes; length++) {
        sample_file_save(path, bytes, length);
        if (load_small(&progress, &error) == QL_OK) {
            fail_msg("cut to %zu of %zu bytes: was not refused", length, size_bytes);
        }
    }
    test_free(bytes);
}

static void state_of_another_model_is_refused(void **state)
{
    const struct ql_training_progress saved = {2, 1, 1.25, 10, 0};
    struct ql_training_progress progress;
    struct ql_trainer trainer;
    struct ql_model model;
    struct ql_error error;
    (void)state;

    save_small(&saved);
    trainer_init(
        &trainer, &model,
        (struct ql_dimensions){.cell = QL_CELL_RNN, .V = 2, .E = 2, .H = 1, .L = 1, .layer = QL_LAYER_RECURRENT}, 3);
    assert_int_equal(ql_training_state_load(path, &trainer, &progress, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, path));
    assert_non_null(strstr(error.message, "another size"));
    trainer_free(&trainer, &model);
}

static void checkpoint_in_place_of_a_state_is_refused(void **state)
{
    static struct ql_model_info info;
    struct ql_training_progress progress;
    struct ql_model model;
    struct ql_error error;
    (void)state;

    sample_model_init(&model, small, 3);
    sample_vocabulary_init(&info.vocabulary, small.V, false);
    assert_int_equal(ql_checkpoint_save(path, &model, &info, &error), QL_OK);
    ql_model_free(&model);
    assert_int_equal(load_small(&progress, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "not the state of a training"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_saved_comes_back_whole),
        cmocka_unit_test(progress_that_cannot_be_is_refused),
        cmocka_unit_test(tensors_of_a_state_are_as_documented),
        cmocka_unit_test(any_flipped_bit_or_cut_is_refused),
        cmocka_unit_test(state_of_another_model_is_refused),
        cmocka_unit_test(checkpoint_in_place_of_a_state_is_refused),
    };
    return cmocka_run_group_tests_name("training_state", tests, NULL, NULL);
}
