// Many streams of an integer model at once: states and logits are those of each stream alone, for all cells and all
// products; and tanh of many numbers equals tanh of each.
// Uses: quantize/{integer_batch,product_x86,tanh_many}, device/random, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "device/random.h"
#include "device/tanh_s16.h"
#include "engine/integer_stepper.h"
#include "quantize/integer_batch.h"
#include "quantize/product_x86.h"
#include "quantize/tanh_many.h"

enum { V = 11, L = 2, STREAMS = 9, STEPS = 200, RESET = 4 };

static const int HIDDEN[L] = {70, 21};

static float *random_floats(struct ql_arena *arena, int count, float limit, struct ql_random *random)
{
    float *values = ql_arena_take(arena, (size_t)count, sizeof values[0]);

    assert_non_null(values);
    for (int k = 0; k < count; k++) {
        values[k] = limit * (2.0f * ql_random_step_f32(random) - 1.0f);
    }
    return values;
}

// `inputs` are the values of an embedding: with 5 there is a table for the first layer, with 1 a product.
static void make_model(struct ql_integer_model *integer, enum ql_cell cell, enum ql_weight_format format, int inputs)
{
    const int gates = cell == QL_CELL_LSTM ? 4 : cell == QL_CELL_GRU ? 3 : 1;
    struct ql_chain chain = {.V = V, .L = L, .output_name = "output", .rules.resets = {RESET}};
    struct ql_calibration calibration;
    struct ql_error error;
    struct ql_random random;

    ql_random_init(&random, 5);
    chain.rules.reset_count = 1;
    chain.embedding = random_floats(&chain.arena, V * inputs, 2.0f, &random);
    for (int l = 0; l < L; l++) {
        const int H = HIDDEN[l], I = l == 0 ? inputs : HIDDEN[l - 1];
        chain.layers[l] = (struct ql_chain_layer){.kind = QL_LAYER_RECURRENT,
                                                  .name = l == 0 ? "first" : "second",
                                                  .I = I,
                                                  .H = H,
                                                  .recurrent = {.cell = cell}};
        struct ql_recurrent_weights *weights = &chain.layers[l].recurrent;
        weights->w_ih = random_floats(&chain.arena, I * gates * H, 0.5f, &random);
        weights->w_hh = random_floats(&chain.arena, H * gates * H, 0.5f, &random);
        weights->bias_ih = random_floats(&chain.arena, gates * H, 1.0f, &random);
        weights->bias_hh = cell == QL_CELL_GRU ? random_floats(&chain.arena, gates * H, 1.0f, &random) : NULL;
    }
    chain.output_weight = random_floats(&chain.arena, HIDDEN[L - 1] * V, 1.0f, &random);
    chain.output_bias = random_floats(&chain.arena, V, 1.0f, &random);
    enum ql_status status = ql_chain_finish(&chain, &error);
    if (status == QL_OK) {
        status = ql_calibration_init(&calibration, &chain, NULL, 0, &error);
    }
    if (status == QL_OK) {
        calibration.cell_magnitude[0] /= 8.0f; // so that cells reach the limit of their range
        status = ql_integer_model_init(integer, &chain, &calibration, format, &error);
    }
    if (status != QL_OK) {
        fail_msg("%s", error.message);
    }
    ql_calibration_free(&calibration);
    ql_chain_free(&chain);
}

// The streams take different tokens; the state of one is updated in place, those of the others alternate between two
// buffers.
static void compare(const struct ql_integer_model *model, const struct ql_integer_product *product)
{
    struct ql_integer_stepper steppers[STREAMS];
    struct ql_integer_batch batch;
    struct ql_integer_batch_scratch scratch;
    struct ql_arena arena = {0};
    struct ql_error error;
    struct ql_random random;
    void *states[2][STREAMS];
    int32_t logits[STREAMS * V];

    ql_random_init(&random, 6);
    assert_int_equal(ql_integer_batch_init(&batch, model, product, &error), QL_OK);
    ql_integer_batch_scratch_init(&scratch, &batch, &arena);
    for (int b = 0; b < STREAMS; b++) {
        assert_int_equal(ql_integer_stepper_init(&steppers[b], model, &ql_integer_product_plain, &error), QL_OK);
        states[0][b] = ql_arena_take(&arena, 1, ql_integer_batch_state_bytes(&batch));
        states[1][b] = b == 0 ? states[0][b] : ql_arena_take(&arena, 1, ql_integer_batch_state_bytes(&batch));
    }
    assert_false(arena.exhausted);
    for (int step = 0; step < STEPS; step++) {
        const void *before[STREAMS];
        int tokens[STREAMS];
        const int B = 1 + step % STREAMS; // later streams are left behind
        for (int b = 0; b < B; b++) {
            before[b] = step == b ? NULL : states[step / STREAMS % 2][b];
            tokens[b] = (int)(ql_random_step(&random) % V);
        }
        for (int b = 0; b < B; b++) {
            if (step == b) {
                ql_integer_stepper_reset(&steppers[b]);
            }
            ql_integer_stepper_step(&steppers[b], tokens[b]);
        }
        void **after = states[(step + 1) / STREAMS % 2];
        ql_integer_batch_step(&batch, &scratch, after, before, tokens, logits, B);
        for (int b = 0; b < B; b++) {
            assert_memory_equal(logits + b * V, steppers[b].logits, V * sizeof logits[0]);
        }
        for (int b = B; b < STREAMS; b++) {
            if (after[b] != states[step / STREAMS % 2][b]) {
                memcpy(after[b], states[step / STREAMS % 2][b], ql_integer_batch_state_bytes(&batch));
            }
        }
    }
    for (int b = 0; b < STREAMS; b++) {
        ql_integer_stepper_free(&steppers[b]);
    }
    ql_integer_batch_free(&batch);
    ql_arena_free(&arena);
}

static void batch_of_streams_writes_what_each_writes_alone(void **state)
{
    (void)state;
    static const enum ql_cell cells[] = {QL_CELL_LSTM, QL_CELL_GRU, QL_CELL_RNN};
    const struct ql_integer_product *products[QL_INTEGER_PRODUCT_LIMIT];
    const int count = ql_integer_product_list(products);

    for (int cell = 0; cell < 3; cell++) {
        for (int form = 0; form < 4; form++) {
            struct ql_integer_model model;
            make_model(&model, cells[cell], form % 2 == 0 ? QL_WEIGHTS_S8 : QL_WEIGHTS_S4, form < 2 ? 5 : 1);
            assert_int_equal(model.table == NULL, form >= 2);
            for (int k = 0; k < count; k++) {
                compare(&model, products[k]);
            }
            ql_integer_model_free(&model);
        }
    }
}

static void tanh_of_many_is_tanh_of_each(void **state)
{
    (void)state;
    static const int32_t edges[] = {INT32_MIN, -(1 << 25), 1 << 25, INT32_MAX};
    int32_t x[37], y[37];

    for (int32_t first = -8000; first < 8000; first += 29) {
        for (int k = 0; k < 37; k++) {
            x[k] = k < 4 ? edges[k] : first + k;
        }
        ql_tanh_write_many(y, x, 37);
        for (int k = 0; k < 37; k++) {
            assert_int_equal(y[k], ql_tanh_s16(x[k]));
        }
        ql_tanh_write_many(x, x, 37);
        assert_memory_equal(x, y, sizeof x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_of_streams_writes_what_each_writes_alone),
        cmocka_unit_test(tanh_of_many_is_tanh_of_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
