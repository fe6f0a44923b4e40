// Speed of training a decoder of 1.04 million parameters, in tokens a second of elapsed and of processor time, as one JSON
// line. usage: [QUILLET_VECTORS=FORM] decoder_speed THREADS. Beside PyTorch: bench/decoder_speed
// Uses: train, base/vectors, device/random.h.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/vectors.h"
#include "device/random.h"
#include "train/trainer.h"

// As in torch_transformer.py.
enum { V = 512, E = 128, L = 5, HEADS = 4, FEED = 336, B = 32, T = 128, STEPS = 6 };

static double seconds(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void fail(const char *message)
{
    (void)fprintf(stderr, "decoder_speed: %s\n", message);
    exit(2);
}

int main(int argc, char **argv)
{
    static uint16_t inputs[T * B], targets[T * B];
    static struct ql_trainer trainer;
    const struct ql_dimensions d = {.layer = QL_LAYER_DECODER,
                                    .V = V,
                                    .E = E,
                                    .H = E,
                                    .L = L,
                                    .heads = HEADS,
                                    .kv_heads = HEADS,
                                    .feed = FEED,
                                    .context = T};
    const struct ql_trainer_options options = {.batch_size = B,
                                               .seq_length = T,
                                               .threads = argc == 2 ? atoi(argv[1]) : 0,
                                               .dropout = 0.05,
                                               .grad_clip = 1.0,
                                               .weight_decay = 0.1,
                                               .beta2 = 0.999,
                                               .schedule = {.learning_rate = 0.001},
                                               .seed = 1};
    const struct ql_batch batch = {
        .inputs = inputs, .targets = targets, .total_weight = T * B, .T = T, .B = B, .reset = true};
    struct ql_trainer_result result;
    struct ql_model model;
    struct ql_error error;
    struct ql_random random;
    double start = 0.0, processor = 0.0;

    if (options.threads < 1) {
        fail("usage: decoder_speed THREADS");
    }
    ql_random_init(&random, 1);
    for (int i = 0; i < T * B; i++) {
        inputs[i] = (uint16_t)(ql_random_step(&random) % V);
        targets[i] = (uint16_t)(ql_random_step(&random) % V);
    }
    if (ql_vectors_reset(getenv("QUILLET_VECTORS"), &error) != QL_OK || ql_model_init(&model, d, &error) != QL_OK ||
        ql_trainer_init(&trainer, &model, &options, &error) != QL_OK) {
        fail(error.message);
    }
    ql_model_reset(&model, 1);
    for (int step = -1; step < STEPS; step++) { // one to warm up
        if (step == 0) {
            start = seconds(CLOCK_MONOTONIC);
            processor = seconds(CLOCK_PROCESS_CPUTIME_ID);
        }
        if (ql_trainer_step(&trainer, &batch, 0.001, &result, &error) != QL_OK) {
            fail(error.message);
        }
    }
    const double tokens = (double)STEPS * T * B;
    (void)printf("{\"form\": \"%s\", \"threads\": %d, \"parameters\": %zu, \"tokens_per_second\": %.0f, "
                 "\"tokens_per_processor_second\": %.0f}\n",
                 ql_vectors_name(ql_vectors()), options.threads, model.count,
                 tokens / (seconds(CLOCK_MONOTONIC) - start), tokens / (seconds(CLOCK_PROCESS_CPUTIME_ID) - processor));
    ql_trainer_free(&trainer);
    ql_model_free(&model);
    return 0;
}
