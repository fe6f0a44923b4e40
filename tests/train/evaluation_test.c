// The loss over a text: it is the same each time, for any dropout of the training, and computing it does not affect the
// training. Uses: train/trainer, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "train/trainer.h"

enum { V = 5, H = 6, L = 2, B = 3, T = 4, TOKENS = 200, STATE = L * B * H };

struct fixture {
    uint16_t tokens[TOKENS];
    struct ql_token_text text;
    struct ql_arena arena;
    struct ql_model model;
    struct ql_trainer trainer;
    struct ql_batcher training, validation;
};

static int set_up(void **state)
{
    const struct ql_dimensions dimensions = {.cell = QL_CELL_LSTM, .V = V, .E = 3, .H = H, .L = L};
    const struct ql_trainer_options options = {
        .batch_size = B, .seq_length = T, .threads = 1, .dropout = 0.5, .grad_clip = 5.0, .beta2 = 0.999, .seed = 1};
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct ql_error error;

    assert_non_null(fixture);
    *state = fixture;
    for (int k = 0; k < TOKENS; k++) {
        fixture->tokens[k] = (uint16_t)(k == TOKENS - 1 ? 0 : k * k / 3 % V);
    }
    fixture->text = (struct ql_token_text){.tokens = fixture->tokens, .count = TOKENS};
    assert_int_equal(ql_model_init(&fixture->model, dimensions, &error), QL_OK);
    ql_model_reset(&fixture->model, 2);
    assert_int_equal(ql_trainer_init(&fixture->trainer, &fixture->model, &options, &error), QL_OK);
    struct ql_batcher *const batchers[] = {&fixture->training, &fixture->validation};
    for (int k = 0; k < 2; k++) {
        assert_int_equal(ql_batcher_init(batchers[k], &fixture->text, false, B, T, &fixture->arena, &error), QL_OK);
    }
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    ql_trainer_free(&fixture->trainer);
    ql_model_free(&fixture->model);
    ql_arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

static void evaluation_in_the_midst_of_an_epoch_leaves_its_state(void **state)
{
    struct fixture *fixture = *state;
    struct ql_trainer *trainer = &fixture->trainer;
    struct ql_trainer_result result;
    struct ql_batch batch;
    struct ql_error error;
    float before[QL_STATE_PART_LIMIT][STATE];

    for (int step = 0; step < 3; step++) {
        assert_true(ql_batcher_step(&fixture->training, &batch));
        assert_int_equal(ql_trainer_step(trainer, &batch, 0.01, &result, &error), QL_OK);
    }
    const struct ql_train_state *training = &trainer->training_state;
    const size_t sequences = (size_t)trainer->options.batch_size;
    for (int k = 0; k < training->layout.part_count; k++) {
        assert_true(sequences * training->layout.parts[k].bytes <= sizeof before[k]);
        memcpy(before[k], training->parts[k], sequences * training->layout.parts[k].bytes);
    }
    (void)ql_trainer_evaluate(trainer, &fixture->validation);
    for (int k = 0; k < training->layout.part_count; k++) {
        assert_memory_equal(before[k], training->parts[k], sequences * training->layout.parts[k].bytes);
    }
    assert_int_equal(trainer->step, 3);
}

static void evaluation_made_twice_gives_the_same(void **state)
{
    struct fixture *fixture = *state;
    const struct ql_trainer_result first = ql_trainer_evaluate(&fixture->trainer, &fixture->validation);
    const struct ql_trainer_result second = ql_trainer_evaluate(&fixture->trainer, &fixture->validation);

    assert_true(first.loss > 0.0 && first.loss == second.loss);
    assert_true(first.symbols == TOKENS - 1);
    // Dropout is only for training.
    fixture->trainer.options.dropout = 0.0;
    assert_true(ql_trainer_evaluate(&fixture->trainer, &fixture->validation).loss == first.loss);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(evaluation_in_the_midst_of_an_epoch_leaves_its_state, set_up, tear_down),
        cmocka_unit_test_setup_teardown(evaluation_made_twice_gives_the_same, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
