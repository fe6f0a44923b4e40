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

// The mean loss of a text in strips.
static double loss_in_strips(const struct ql_model *model, const struct ql_token_text *text, int strips)
{
    const struct ql_trainer_options options = {.batch_size = strips, .seq_length = 32, .threads = 1, .beta2 = 0.999};
    struct ql_model copy;
    struct ql_trainer trainer;
    struct ql_batcher batcher;
    struct ql_arena arena = {0};
    struct ql_error error;

    assert_int_equal(ql_model_init(&copy, model->dimensions, &error), QL_OK);
    memcpy(copy.block, model->block, model->count * sizeof copy.block[0]);
    assert_int_equal(ql_trainer_init(&trainer, &copy, &options, &error), QL_OK);
    assert_int_equal(ql_batcher_init(&batcher, text, false, strips, 32, &arena, &error), QL_OK);
    const double loss = ql_trainer_evaluate(&trainer, &batcher).loss;
    ql_arena_free(&arena);
    ql_trainer_free(&trainer);
    ql_model_free(&copy);
    return loss;
}

// One symbol of 21 switches a unit on that stays on, and without which the model expects too much. So a strip begins
// with some symbols that are expected too little.
static void strips_of_an_evaluated_stream_cost_little(void **state)
{
    enum { SYMBOLS = 6000, WIDTH = 2 };
    const struct ql_dimensions dimensions = {.cell = QL_CELL_RNN, .V = 3, .E = WIDTH, .H = WIDTH, .L = 1};
    static uint16_t tokens[SYMBOLS];
    const struct ql_token_text text = {.tokens = tokens, .count = SYMBOLS};
    struct ql_model model;
    struct ql_error error;

    (void)state;
    for (int t = 0; t < SYMBOLS; t++) {
        tokens[t] = (uint16_t)(t % 21 == 0 ? 2 : t / 21 % 2);
    }
    assert_int_equal(ql_model_init(&model, dimensions, &error), QL_OK);
    memset(model.block, 0, model.count * sizeof model.block[0]);
    model.embedding[2 * WIDTH] = 1.0f;             // token 2 ...
    model.layers[0].recurrent.weight_ih[0] = 4.0f; // ... switches the first unit on,
    model.layers[0].recurrent.weight_hh[0] = 2.0f; // which stays on
    model.output_weight[2 * WIDTH] = -2.0f;        // and makes token 2 rare
    const double whole = loss_in_strips(&model, &text, 1);
    for (int limit = 1; limit <= 256; limit *= 4) {
        const int strips = ql_batcher_evaluation_size(&text, false, limit);
        const double loss = loss_in_strips(&model, &text, strips);
        assert_true(loss - whole < 0.004 && whole - loss < 0.004);
        assert_true(strips >= 1 && strips <= limit);
    }
    assert_true(loss_in_strips(&model, &text, 256) - whole > 0.02); // as it was
    ql_model_free(&model);
}

static void items_and_short_texts_have_strips_too(void **state)
{
    const struct ql_token_text none = {.count = 2}, little = {.count = 1025}, much = {.count = 1000000};

    (void)state;
    assert_int_equal(ql_batcher_evaluation_size(&none, false, 64), 1);
    assert_int_equal(ql_batcher_evaluation_size(&little, false, 64), 1);
    assert_int_equal(ql_batcher_evaluation_size(&much, false, 64), 64);
    assert_int_equal(ql_batcher_evaluation_size(&much, false, 1000), 976);
    assert_int_equal(ql_batcher_evaluation_size(&little, true, 64), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(evaluation_in_the_midst_of_an_epoch_leaves_its_state, set_up, tear_down),
        cmocka_unit_test_setup_teardown(evaluation_made_twice_gives_the_same, set_up, tear_down),
        cmocka_unit_test(strips_of_an_evaluated_stream_cost_little),
        cmocka_unit_test(items_and_short_texts_have_strips_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
