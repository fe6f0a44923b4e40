// Speed of training, of its largest matrix product, and of the processor's multiply-adds in registers, as one JSON line.
// usage: [QUILLET_VECTORS=FORM] train_speed THREADS
// Uses: train, product, base/vectors, the compiler's intrinsics. Run by bench/speed.
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/vectors.h"
#include "device/random.h"
#include "product/matrix_product.h"
#include "train/trainer.h"

// The names model of bench/speed.
enum { V = 65, E = 84, H = 128, L = 2, B = 64, T = 64, STEPS = 40 };

// The plain form is a hundred times slower, and is measured with that much less work.
static int less(int count)
{
    return ql_vectors() == QL_VECTORS_PLAIN ? (count + 19) / 20 : count;
}

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
                                               .beta2 = 0.999,
                                               .schedule = {.learning_rate = 0.001},
                                               .seed = 1};
    const struct ql_batch batch = {.inputs = inputs, .targets = targets, .total_weight = T * B, .T = T, .B = B};
    struct ql_trainer_result result;

    ql_random_init(&random, 1);
    for (int i = 0; i < T * B; i++) {
        inputs[i] = (uint16_t)(ql_random_step(&random) % V);
        targets[i] = (uint16_t)(ql_random_step(&random) % V);
    }
    if (ql_model_init(
            &model,
            (struct ql_dimensions){.cell = QL_CELL_LSTM, .V = V, .E = E, .H = H, .L = L, .layer = QL_LAYER_RECURRENT},
            &error) != QL_OK ||
        ql_trainer_init(&trainer, &model, &options, &error) != QL_OK) {
        (void)fprintf(stderr, "train_speed: %s\n", error.message);
        exit(1);
    }
    ql_model_reset(&model, 1);
    double start = 0.0;
    const int steps = less(STEPS);
    for (int step = -less(4); step < steps; step++) { // a few steps to warm up
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
    return (double)steps * T * B / elapsed;
}

// --- Fused multiply-adds in registers: the upper bound for any product ---

// Twelve chains of dependent terms keep two units busy at a latency of up to six cycles.
enum { CHAINS = 12, PEAK_STEPS = 20000000 };

#define PEAK_LOOP(vector, set, fused)                             \
    vector sums[CHAINS];                                          \
    const vector factor = set(0.999f), term = set(0.001f);        \
    _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++)     \
    {                                                             \
        sums[i] = set((float)i);                                  \
    }                                                             \
    for (int step = 0; step < PEAK_STEPS; step++) {               \
        _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++) \
        {                                                         \
            sums[i] = fused(sums[i], factor, term);               \
        }                                                         \
    }                                                             \
    for (int i = 1; i < CHAINS; i++) {                            \
        sums[0] = fused(sums[0], factor, sums[i]);                \
    }                                                             \
    memcpy(result, &sums[0], sizeof *result)

static int chain_plain(float *result)
{
#define SET_PLAIN(x) (x)
    PEAK_LOOP(float, SET_PLAIN, fmaf);
    return 1;
}

#if defined(__x86_64__)
#include <immintrin.h>
QL_TARGET_AVX2 static int chain_avx2(float *result)
{
    PEAK_LOOP(__m256, _mm256_set1_ps, _mm256_fmadd_ps);
    return 8;
}

QL_TARGET_AVX512 static int chain_avx512(float *result)
{
    PEAK_LOOP(__m512, _mm512_set1_ps, _mm512_fmadd_ps);
    return 16;
}
#elif defined(__aarch64__)
#include <arm_neon.h>
static int chain_neon(float *result)
{
#define FUSED_NEON(a, b, c) vfmaq_f32((c), (a), (b))
    PEAK_LOOP(float32x4_t, vdupq_n_f32, FUSED_NEON);
    return 4;
}
#endif

// Returns the lanes of a vector; `result` keeps the compiler from removing the loop.
static int run_chains(float *result)
{
    switch (ql_vectors()) {
#if defined(__x86_64__)
    case QL_VECTORS_AVX512:
        return chain_avx512(result);
    case QL_VECTORS_AVX2:
        return chain_avx2(result);
#elif defined(__aarch64__)
    case QL_VECTORS_NEON:
        return chain_neon(result);
#endif
    default:
        return chain_plain(result);
    }
}

static void *measure_chains(void *argument)
{
    double *rate = argument;
    float result;
    double start = seconds();
    int lanes = run_chains(&result);

    *rate = 2.0 * lanes * CHAINS * PEAK_STEPS / (seconds() - start) + (result > 1e30f ? 1.0 : 0.0);
    return NULL;
}

// The input product of a layer over a shard of 16 sequences.
static void *measure_product(void *argument)
{
    enum { ROWS = 16 * T, TIMES = 240 };
    double *rate = argument;
    struct ql_arena arena = {0};
    float *a = ql_arena_take(&arena, ROWS, H * sizeof(float));
    float *b = ql_arena_take(&arena, 4 * H, H * sizeof(float));
    float *c = ql_arena_take(&arena, ROWS, 4 * H * sizeof(float));
    struct ql_packed_matrix matrix;
    double start = 0.0;

    ql_packed_matrix_init(&matrix, H, 4 * H, &arena);
    if (arena.exhausted) {
        exit(1);
    }
    ql_packed_matrix_reset(&matrix, b);
    const int times = less(TIMES);
    for (int i = -less(4); i < times; i++) {
        if (i == 0) {
            start = seconds();
        }
        ql_product_fused(c, a, &matrix, ROWS, false);
    }
    *rate = 2.0 * ROWS * 4 * H * H * times / (seconds() - start);
    ql_arena_free(&arena);
    return NULL;
}

// The total speed of `threads` threads at the same time, in operations per second.
static double measure_together(void *(*measure)(void *), int threads)
{
    pthread_t handles[QL_THREAD_LIMIT];
    double rates[QL_THREAD_LIMIT];
    double sum = 0.0;

    for (int i = 0; i < threads; i++) {
        if (pthread_create(&handles[i], NULL, measure, &rates[i]) != 0) {
            exit(1);
        }
    }
    for (int i = 0; i < threads; i++) {
        (void)pthread_join(handles[i], NULL);
        sum += rates[i];
    }
    return sum;
}

// Floating-point operations for a character: three products (forward, inputs back, weights back) with each weight,
// except the first layer's input weights, whose product is a look-up.
static double operations(void)
{
    return 3.0 * 2.0 * (4.0 * H * H + (L - 1) * 4.0 * H * 2.0 * H + H * V);
}

int main(int argc, char **argv)
{
    struct ql_error error;
    int threads = argc == 2 ? atoi(argv[1]) : 0;

    if (threads < 1 || threads > QL_THREAD_LIMIT) {
        (void)fprintf(stderr, "usage: train_speed THREADS\n");
        return 2;
    }
    if (ql_vectors_reset(getenv("QUILLET_VECTORS"), &error) != QL_OK) {
        (void)fprintf(stderr, "train_speed: %s\n", error.message);
        return 2;
    }
    double peak = measure_together(measure_chains, threads);
    double product = measure_together(measure_product, threads);
    double training = measure_training(threads);
    (void)printf("{\"form\": \"%s\", \"threads\": %d, \"chars_per_second\": %.0f, \"product_gflops\": %.1f, "
                 "\"peak_gflops\": %.1f, \"share_of_peak\": %.3f}\n",
                 ql_vectors_name(ql_vectors()), threads, training, product * 1e-9, peak * 1e-9,
                 training * operations() / peak);
    return 0;
}
