// Speed of training, and of the matrix products that it is made of, as one JSON line.
// usage: train_speed THREADS | train_speed --core
// Uses: train, OpenBLAS. Run by bench/speed.
#include <cblas.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "device/random.h"
#include "train/blas.h"
#include "train/trainer.h"

// The seed's names model.
enum { V = 65, E = 84, H = 128, L = 2, B = 64, T = 64, STEPS = 40 };

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double measure_training(int threads)
{
    static uint16_t inputs[T * B], targets[T * B];
    static struct ql_trainer trainer;
    struct ql_model model;
    struct ql_error error;
    struct ql_random random;
    const struct ql_trainer_options options = {.batch_size = B,
                                               .seq_length = T,
                                               .threads = threads,
                                               .dropout = 0.2,
                                               .grad_clip = 5.0,
                                               .weight_decay = 0.01,
                                               .schedule = {.learning_rate = 0.001},
                                               .seed = 1};
    const struct ql_batch batch = {.inputs = inputs, .targets = targets, .total_weight = T * B, .T = T, .B = B};
    struct ql_trainer_result result;

    ql_random_init(&random, 1);
    for (int i = 0; i < T * B; i++) {
        inputs[i] = (uint16_t)(ql_random_step(&random) % V);
        targets[i] = (uint16_t)(ql_random_step(&random) % V);
    }
    if (ql_model_init(&model, (struct ql_dimensions){QL_CELL_LSTM, V, E, H, L}, &error) != QL_OK ||
        ql_trainer_init(&trainer, &model, &options, &error) != QL_OK) {
        (void)fprintf(stderr, "train_speed: %s\n", error.message);
        exit(1);
    }
    ql_model_reset(&model, 1);
    double start = 0.0;
    for (int step = -4; step < STEPS; step++) { // four steps to warm up
        if (step == 0) {
            start = seconds();
        }
        if (ql_trainer_step(&trainer, &batch, 0.001, &result, &error) != QL_OK) {
            (void)fprintf(stderr, "train_speed: %s\n", error.message);
            exit(1);
        }
    }
    double elapsed = seconds() - start;
    ql_trainer_free(&trainer);
    ql_model_free(&model);
    return (double)STEPS * T * B / elapsed;
}

// One thread's share of the machine's sgemm: the input product of a layer over a whole batch.
static void *multiply(void *argument)
{
    enum { ROWS = T * B, TIMES = 60 };
    double *rate = argument;
    float *a = calloc(ROWS * H, sizeof(float));
    float *b = calloc(4 * H * H, sizeof(float));
    float *c = calloc(ROWS * 4 * H, sizeof(float));
    double start = 0.0;

    for (int i = -4; i < TIMES && a != NULL && b != NULL && c != NULL; i++) {
        if (i == 0) {
            start = seconds();
        }
        ql_gemm_nn(c, a, b, ROWS, 4 * H, H, 0.0f);
    }
    *rate = 2.0 * ROWS * 4 * H * H * TIMES / (seconds() - start);
    free(a);
    free(b);
    free(c);
    return NULL;
}

static double measure_products(int threads)
{
    pthread_t handles[QL_THREAD_LIMIT];
    double rates[QL_THREAD_LIMIT];
    double sum = 0.0;

    for (int i = 0; i < threads; i++) {
        if (pthread_create(&handles[i], NULL, multiply, &rates[i]) != 0) {
            exit(1);
        }
    }
    for (int i = 0; i < threads; i++) {
        (void)pthread_join(handles[i], NULL);
        sum += rates[i];
    }
    return sum;
}

int main(int argc, char **argv)
{
    const char *core = ql_blas_better_core();

    if (argc == 2 && strcmp(argv[1], "--core") == 0) {
        (void)printf("%s\n", core == NULL ? "" : core);
        return 0;
    }
    int threads = argc == 2 ? atoi(argv[1]) : 0;
    if (threads < 1 || threads > QL_THREAD_LIMIT) {
        (void)fprintf(stderr, "usage: train_speed THREADS | train_speed --core\n");
        return 2;
    }
    ql_blas_init();
    double products = measure_products(threads);
    double training = measure_training(threads);
    (void)printf("{\"threads\": %d, \"chars_per_second\": %.0f, \"sgemm_gflops\": %.1f, \"openblas_core\": \"%s\"}\n",
                 threads, training, products * 1e-9, ql_blas_core());
    return 0;
}
