// Microseconds per character of a model in float and in integers on this processor: one text alone, with each product
// that the processor can run, and 64 texts together. Markdown rows on stdout.
// Uses: engine/chain_reader, quantize/, bench/token_timer.h. Argument: a descriptor.
#include <stdio.h>
#include <stdlib.h>

#include "device/random.h"
#include "engine/chain_reader.h"
#include "engine/engine.h"
#include "engine/integer_stepper.h"
#include "model/stepper.h"
#include "onnx/descriptor.h"
#include "onnx/onnx_reader.h"
#include "quantize/integer_batch.h"
#include "quantize/product_x86.h"
#include "token_timer.h"

enum { ROUNDS = 100, CHARACTERS = 256 };

static struct ql_error error;

static void require(enum ql_status status)
{
    if (status != QL_OK) {
        (void)fprintf(stderr, "integer_speed: %s\n", error.message);
        exit(1);
    }
}

// The least microseconds per character of many rounds.
static double best(void (*run)(void *work), void *work)
{
    double least = 1e9;

    for (int round = 0; round < ROUNDS; round++) {
        const double begin = token_timer_now_us();
        run(work);
        const double us = (token_timer_now_us() - begin) / CHARACTERS;
        least = us < least ? us : least;
    }
    return least;
}

static void run_float(void *work)
{
    struct ql_stepper *stepper = work;

    for (int k = 0; k < CHARACTERS; k++) {
        ql_stepper_step(stepper, k % ql_stepper_chain(stepper)->V);
    }
}

static void run_stepper(void *work)
{
    struct ql_integer_stepper *stepper = work;

    for (int k = 0; k < CHARACTERS; k++) {
        ql_integer_stepper_step(stepper, k % stepper->model->V);
    }
}

struct batch_work {
    struct ql_integer_batch batch;
    struct ql_integer_batch_scratch scratch;
    void *states[QL_INTEGER_BATCH_LIMIT];
    int tokens[QL_INTEGER_BATCH_LIMIT];
    int32_t *logits;
    int B;
};

static void run_batch(void *work)
{
    struct batch_work *batch = work;

    for (int k = 0; k < CHARACTERS; k += batch->B) {
        ql_integer_batch_step(&batch->batch, &batch->scratch, batch->states, (const void *const *)batch->states,
                              batch->tokens, batch->logits, batch->B);
    }
}

static void measure_batch(const struct ql_integer_model *model, const struct ql_integer_product *product, int B)
{
    struct batch_work work = {.B = B};
    struct ql_arena arena = {0};

    require(ql_integer_batch_init(&work.batch, model, product, &error));
    ql_integer_batch_scratch_init(&work.scratch, &work.batch, &arena);
    work.logits = ql_arena_take(&arena, (size_t)B * (size_t)model->V, sizeof work.logits[0]);
    for (int b = 0; b < B; b++) {
        work.states[b] = ql_arena_take(&arena, 1, ql_integer_batch_state_bytes(&work.batch));
        work.tokens[b] = b % model->V;
    }
    require(arena.exhausted ? ql_error_write(&error, QL_ERROR_SYSTEM, "no memory") : QL_OK);
    (void)printf("| int8, %s, batched engine, %d at a time | %.2f |\n", product->name, B, best(run_batch, &work));
    ql_integer_batch_free(&work.batch);
    ql_arena_free(&arena);
}

int main(int count, char **arguments)
{
    static struct ql_descriptor descriptor;
    static struct ql_graph graph;
    static struct ql_chain chain;
    static struct ql_integer_model integer;
    struct ql_stepper reader;
    struct ql_calibration calibration;
    const struct ql_integer_product *products[QL_INTEGER_PRODUCT_LIMIT];
    const int product_count = ql_integer_product_list(products);

    if (count != 2) {
        (void)fprintf(stderr, "usage: integer_speed DESCRIPTOR\n");
        return 2;
    }
    require(ql_descriptor_load(&descriptor, arguments[1], &error));
    require(ql_onnx_load(&graph, descriptor.path, &error));
    require(ql_chain_read(&chain, &graph, &descriptor, &error));
    require(ql_calibration_init(&calibration, &chain, NULL, 0, &error));
    require(ql_integer_model_init(&integer, &chain, &calibration, QL_WEIGHTS_S8, &error));
    require(ql_stepper_open(&reader, &chain, &error));
    (void)printf("| float, the kernels of device/, one at a time | %.2f |\n", best(run_float, &reader));
    for (int k = product_count - 1; k >= 0; k--) {
        struct ql_integer_stepper stepper;
        require(ql_integer_stepper_init(&stepper, &integer, products[k], &error));
        (void)printf("| int8, %s, one at a time | %.2f |\n", products[k]->name, best(run_stepper, &stepper));
        ql_integer_stepper_free(&stepper);
        if (k < product_count - 1) {
            measure_batch(&integer, products[k], 1);
            measure_batch(&integer, products[k], QL_INTEGER_BATCH_LIMIT);
        }
    }
    ql_calibration_free(&calibration);
    return 0;
}
