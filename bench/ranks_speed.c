// Speed of a training that is divided among ranks, and of the exchange alone, as one JSON line of rank 0: the fastest
// step, because other programs on the machine slow down the others.
// usage: mpirun -n RANKS ranks_speed train H THREADS BATCH STEPS
//        mpirun -n RANKS ranks_speed exchange BYTES PIECE_BYTES ROUNDS
// Uses: train, cli/{progress,ranks}, device/random.h. Run by bench/ranks.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/progress.h"
#include "cli/ranks.h"
#include "device/random.h"
#include "train/trainer.h"

// The names model, with a chosen H for its two layers.
enum { V = 65, E = 84, L = 2, T = 64, WARM_STEPS = 3 };

int ql_cli_rank; // from cli/cli.h, which this program does not use

static int fail(const char *what)
{
    (void)fprintf(stderr, "ranks_speed: %s\n", what);
    ql_cli_ranks_free();
    return 1;
}

// --- A training ---

// The processor time of this process, regardless of other processes.
static double processor_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int measure_training(struct ql_exchange *exchange, int H, int threads, int B, int steps)
{
    static struct ql_trainer trainer;
    struct ql_model model;
    struct ql_error error;
    struct ql_random random;
    struct ql_trainer_result result;
    const struct ql_dimensions d = {.cell = QL_CELL_LSTM, .V = V, .E = E, .H = H, .L = L, .layer = QL_LAYER_RECURRENT};
    const struct ql_trainer_options options = {.batch_size = B,
                                               .seq_length = T,
                                               .threads = threads,
                                               .dropout = 0.2,
                                               .grad_clip = 5.0,
                                               .weight_decay = 0.01,
                                               .beta2 = 0.999,
                                               .schedule = {.learning_rate = 0.001},
                                               .seed = 1,
                                               .exchange = exchange};
    const size_t places = (size_t)T * (size_t)B;
    uint16_t *tokens = malloc(2 * places * sizeof tokens[0]);
    double fastest = INFINITY, waited = 0.0, least = INFINITY;
    size_t bytes = 0;

    if (tokens == NULL || ql_model_init(&model, d, &error) != QL_OK ||
        ql_trainer_init(&trainer, &model, &options, &error) != QL_OK) {
        return fail("not enough memory");
    }
    ql_random_init(&random, 1);
    for (size_t k = 0; k < 2 * places; k++) {
        tokens[k] = (uint16_t)(ql_random_step(&random) % V);
    }
    const struct ql_batch batch = {
        .inputs = tokens, .targets = tokens + places, .total_weight = (double)places, .T = T, .B = B};
    ql_model_reset(&model, 1);
    for (int k = -WARM_STEPS; k < steps; k++) {
        const double start = ql_cli_seconds(), before = exchange->seconds, used = processor_seconds();
        if (ql_trainer_step(&trainer, &batch, 0.001, &result, &error) != QL_OK) {
            return fail(error.message);
        }
        const double seconds = ql_cli_seconds() - start;
        const double own = processor_seconds() - used;
        least = k >= 0 && own < least ? own : least;
        if (k >= 0 && seconds < fastest) {
            fastest = seconds;
            waited = exchange->seconds - before;
        }
    }
    for (size_t k = 0; k < trainer.piece_count; k++) {
        bytes += trainer.pieces[k].size_bytes;
    }
    if (exchange->rank == 0) {
        (void)printf("{\"ranks\": %d, \"threads\": %d, \"batch\": %d, \"parameters\": %zu, \"bytes\": %zu, "
                     "\"pieces\": %zu, \"chars_per_second\": %.0f, \"step_ms\": %.4f, \"exchange_ms\": %.4f, "
                     "\"processor_ms\": %.4f}\n",
                     exchange->ranks, threads, B, model.count, bytes, trainer.piece_count, (double)places / fastest,
                     1e3 * fastest, 1e3 * waited, 1e3 * least);
    }
    ql_trainer_free(&trainer);
    ql_model_free(&model);
    free(tokens);
    return 0;
}

// --- The exchange alone ---

struct share {
    const struct ql_exchange_piece *pieces;
    const float *own;
};

static void add_own(void *context, size_t piece)
{
    const struct share *share = context;
    float *sum = share->pieces[piece].data;
    const size_t count = share->pieces[piece].size_bytes / sizeof sum[0];
    const float *own = share->own + (sum - (float *)share->pieces[0].data);

    for (size_t k = 0; k < count; k++) {
        sum[k] += own[k];
    }
}

static int double_in_order(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static int measure_exchange(struct ql_exchange *exchange, size_t bytes, size_t piece_bytes, int rounds)
{
    const size_t count = (bytes + piece_bytes - 1) / piece_bytes;
    struct ql_exchange_piece *pieces = calloc(count, sizeof pieces[0]);
    float *sum = calloc(1, bytes), *own = calloc(1, bytes);
    double *times = calloc((size_t)rounds, sizeof times[0]);

    if (pieces == NULL || sum == NULL || own == NULL || times == NULL) {
        return fail("not enough memory");
    }
    for (size_t k = 0; k < count; k++) {
        const size_t left = bytes - k * piece_bytes;
        pieces[k] = (struct ql_exchange_piece){(char *)sum + k * piece_bytes, left < piece_bytes ? left : piece_bytes};
    }
    struct share share = {pieces, own};
    for (int k = -WARM_STEPS; k < rounds; k++) {
        const double start = ql_cli_seconds();
        exchange->sum(exchange, pieces, count, add_own, &share);
        if (k >= 0) {
            times[k] = ql_cli_seconds() - start;
        }
    }
    qsort(times, (size_t)rounds, sizeof times[0], double_in_order);
    if (exchange->rank == 0) {
        (void)printf("{\"ranks\": %d, \"bytes\": %zu, \"piece_bytes\": %zu, \"median_us\": %.2f, \"best_us\": %.2f}\n",
                     exchange->ranks, bytes, piece_bytes, 1e6 * times[rounds / 2], 1e6 * times[0]);
    }
    free(pieces);
    free(sum);
    free(own);
    free(times);
    return 0;
}

int main(int argc, char **argv)
{
    struct ql_exchange *exchange;
    struct ql_error error;
    long numbers[4] = {0};
    int exit_code;

    for (int k = 2; k < argc && k < 6; k++) {
        numbers[k - 2] = strtol(argv[k], NULL, 10);
    }
    const bool trains = argc == 6 && strcmp(argv[1], "train") == 0;
    const bool exchanges = argc == 5 && strcmp(argv[1], "exchange") == 0 && numbers[1] % 4 == 0;
    if ((!trains && !exchanges) || numbers[0] < 4 || numbers[1] < 1 || numbers[2] < 1 || (trains && numbers[3] < 1)) {
        (void)fprintf(stderr, "usage: ranks_speed train H THREADS BATCH STEPS\n"
                              "       ranks_speed exchange BYTES PIECE_BYTES ROUNDS\n");
        return 2;
    }
    if (ql_cli_ranks_init(&exchange, &error) != QL_OK) {
        return fail(error.message);
    }
    ql_cli_rank = exchange->rank;
    exit_code = trains ? measure_training(exchange, (int)numbers[0], (int)numbers[1], (int)numbers[2], (int)numbers[3])
                       : measure_exchange(exchange, (size_t)numbers[0] / 4 * 4, (size_t)numbers[1], (int)numbers[2]);
    ql_cli_ranks_free();
    return exit_code;
}
