// Ranks that are threads of the test, with an exchange that goes through memory: sharing, agreeing, and a training whose
// bits do not depend on their number.
// Uses: train, device/random.h, POSIX threads, cmocka.
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/random.h"
#include "train/trainer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { RANK_LIMIT = 6, CARRIED_BYTES = 1 << 20, TEXT_SIZE = 1500, SYMBOLS = 11, BATCH = 70 };

// Data shared by the ranks of a job. A round is one call of `sum` by each.
struct carrier {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    int ranks, turn, left;
    unsigned char bytes[CARRIED_BYTES];
};

static void copy_pieces(unsigned char *bytes, const struct ql_exchange_piece *pieces, size_t count, bool out)
{
    size_t place = 0;

    for (size_t k = 0; k < count; place += pieces[k].size_bytes, k++) {
        assert_true(place + pieces[k].size_bytes <= CARRIED_BYTES);
        memcpy(out ? bytes + place : pieces[k].data, out ? pieces[k].data : bytes + place, pieces[k].size_bytes);
    }
}

static void sum_carried(struct ql_exchange *exchange, const struct ql_exchange_piece *pieces, size_t count,
                        ql_exchange_add *add, void *context)
{
    struct carrier *carrier = exchange->link;

    (void)pthread_mutex_lock(&carrier->mutex);
    while (carrier->turn != exchange->rank) {
        (void)pthread_cond_wait(&carrier->moved, &carrier->mutex);
    }
    if (exchange->rank > 0) {
        copy_pieces(carrier->bytes, pieces, count, false);
    }
    for (size_t k = 0; k < count; k++) {
        add(context, k);
    }
    copy_pieces(carrier->bytes, pieces, count, true);
    carrier->turn++;
    (void)pthread_cond_broadcast(&carrier->moved);
    while (carrier->turn < carrier->ranks) {
        (void)pthread_cond_wait(&carrier->moved, &carrier->mutex);
    }
    copy_pieces(carrier->bytes, pieces, count, false);
    // The last one to leave starts the next round; until then no rank gets its turn.
    if (++carrier->left == carrier->ranks) {
        carrier->turn = 0;
        carrier->left = 0;
        (void)pthread_cond_broadcast(&carrier->moved);
    }
    (void)pthread_mutex_unlock(&carrier->mutex);
}

struct rank {
    struct ql_exchange exchange;
    void (*work)(struct rank *rank);
    // of a training
    int threads;
    bool items;
    double loss;
    struct ql_model model;
    // of other work
    enum ql_status status;
    struct ql_error error;
    char shared[64];
};

static void *run_rank(void *argument)
{
    struct rank *rank = argument;
    rank->work(rank);
    return NULL;
}

// Runs the work on each rank and returns when all are done.
static void run_ranks(struct rank *ranks, int count, void (*work)(struct rank *rank))
{
    static struct carrier carrier;
    pthread_t threads[RANK_LIMIT];

    carrier = (struct carrier){.ranks = count};
    (void)pthread_mutex_init(&carrier.mutex, NULL);
    (void)pthread_cond_init(&carrier.moved, NULL);
    for (int k = 0; k < count; k++) {
        ranks[k].exchange = (struct ql_exchange){.rank = k, .ranks = count, .sum = sum_carried, .link = &carrier};
        ranks[k].work = work;
        assert_int_equal(pthread_create(&threads[k], NULL, run_rank, &ranks[k]), 0);
    }
    for (int k = 0; k < count; k++) {
        (void)pthread_join(threads[k], NULL);
    }
}

static uint16_t tokens[TEXT_SIZE];

// An epoch with its evaluation. 70 sequences make five shards, the last of which is smaller.
static void train(struct rank *rank)
{
    const struct ql_token_text text = {.tokens = tokens, .count = TEXT_SIZE};
    const struct ql_trainer_options options = {
        .batch_size = BATCH,
        .seq_length = 7,
        .threads = rank->threads,
        .dropout = 0.3,
        .grad_clip = 0.5,
        .weight_decay = 0.01,
        .beta2 = 0.999,
        .schedule = {.shape = QL_SCHEDULE_CONSTANT, .learning_rate = 0.01},
        .seed = 77,
        .exchange = rank->exchange.ranks == 0 ? NULL : &rank->exchange,
    };
    const struct ql_dimensions d = {
        .cell = QL_CELL_LSTM, .V = SYMBOLS, .E = 5, .H = 40, .L = 2, .layer = QL_LAYER_RECURRENT};
    struct ql_trainer_result result;
    struct ql_trainer trainer;
    struct ql_batcher batcher;
    struct ql_arena arena = {0};
    struct ql_error error;

    assert_int_equal(ql_model_init(&rank->model, d, &error), QL_OK);
    ql_model_reset(&rank->model, 5);
    assert_int_equal(ql_batcher_init(&batcher, &text, rank->items, BATCH, 7, &arena, &error), QL_OK);
    assert_int_equal(ql_trainer_init(&trainer, &rank->model, &options, &error), QL_OK);
    assert_int_equal(ql_trainer_epoch(&trainer, &batcher, 1, 0.0, 1.0, NULL, NULL, &result, &error), QL_OK);
    rank->loss = result.loss + ql_trainer_evaluate(&trainer, &batcher).loss;
    ql_trainer_free(&trainer);
    ql_arena_free(&arena);
}

static void training_on_any_ranks_gives_the_same_bits(void **state)
{
    (void)state;

    for (int items = 0; items < 2; items++) {
        struct rank alone = {.threads = 1, .items = items == 1};
        train(&alone);
        for (int count = 1; count <= RANK_LIMIT; count++) {
            struct rank ranks[RANK_LIMIT];
            for (int k = 0; k < count; k++) {
                ranks[k] = (struct rank){.threads = 1 + k % 2, .items = items == 1};
            }
            run_ranks(ranks, count, train);
            for (int k = 0; k < count; k++) {
                assert_memory_equal(ranks[k].model.block, alone.model.block, alone.model.count * sizeof(float));
                assert_memory_equal(&ranks[k].loss, &alone.loss, sizeof alone.loss);
                ql_model_free(&ranks[k].model);
            }
        }
        ql_model_free(&alone.model);
    }
}

static void agree_on_failures_of_2_and_3(struct rank *rank)
{
    const bool fails = rank->exchange.rank == 2 || rank->exchange.rank == 3;
    enum ql_status status =
        fails ? ql_error_write(&rank->error, QL_ERROR_INPUT, "fault %d", rank->exchange.rank) : QL_OK;

    rank->status = ql_exchange_agree(&rank->exchange, status, &rank->error);
}

static void ranks_agree_on_the_first_failure(void **state)
{
    struct rank ranks[RANK_LIMIT] = {0};
    (void)state;

    run_ranks(ranks, 2, agree_on_failures_of_2_and_3);
    assert_int_equal(ranks[0].status, QL_OK);
    assert_int_equal(ranks[1].status, QL_OK);
    run_ranks(ranks, 5, agree_on_failures_of_2_and_3);
    for (int k = 0; k < 5; k++) {
        assert_int_equal(ranks[k].status, QL_ERROR_INPUT);
        assert_string_equal(ranks[k].error.message, "rank 2: fault 2");
    }
}

static void share_text(struct rank *rank)
{
    (void)snprintf(rank->shared, sizeof rank->shared, "of rank %d", rank->exchange.rank);
    ql_exchange_share(&rank->exchange, rank->shared, sizeof rank->shared);
}

static void ranks_share_what_rank_0_has(void **state)
{
    struct rank ranks[RANK_LIMIT] = {0};
    (void)state;

    run_ranks(ranks, 4, share_text);
    for (int k = 0; k < 4; k++) {
        assert_string_equal(ranks[k].shared, "of rank 0");
    }
}

static bool stop_on_rank_1(void *context, double share)
{
    const struct rank *rank = context;
    return rank->exchange.rank == 1 && share > 0.2;
}

static void train_until_stopped(struct rank *rank)
{
    const struct ql_token_text text = {.tokens = tokens, .count = TEXT_SIZE};
    const struct ql_trainer_options options = {.batch_size = 32,
                                               .seq_length = 4,
                                               .threads = 1,
                                               .schedule = {.learning_rate = 0.01},
                                               .exchange = &rank->exchange};
    const struct ql_dimensions d = {
        .cell = QL_CELL_RNN, .V = SYMBOLS, .E = 5, .H = 4, .L = 1, .layer = QL_LAYER_RECURRENT};
    struct ql_trainer_result result;
    struct ql_trainer trainer;
    struct ql_batcher batcher;
    struct ql_arena arena = {0};

    assert_int_equal(ql_model_init(&rank->model, d, &rank->error), QL_OK);
    assert_int_equal(ql_batcher_init(&batcher, &text, false, 32, 4, &arena, &rank->error), QL_OK);
    assert_int_equal(ql_trainer_init(&trainer, &rank->model, &options, &rank->error), QL_OK);
    rank->status = ql_trainer_epoch(&trainer, &batcher, 1, 0.0, 1.0, stop_on_rank_1, rank, &result, &rank->error);
    rank->loss = (double)trainer.step;
    ql_trainer_free(&trainer);
    ql_model_free(&rank->model);
    ql_arena_free(&arena);
}

static void training_that_one_rank_stops_stops_on_all_after_the_same_step(void **state)
{
    struct rank ranks[RANK_LIMIT] = {0};
    (void)state;

    run_ranks(ranks, 3, train_until_stopped);
    for (int k = 0; k < 3; k++) {
        assert_int_equal(ranks[k].status, QL_ERROR_STOPPED);
        assert_true(ranks[k].loss > 0.0 && ranks[k].loss == ranks[0].loss);
    }
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_on_any_ranks_gives_the_same_bits),
        cmocka_unit_test(ranks_agree_on_the_first_failure),
        cmocka_unit_test(ranks_share_what_rank_0_has),
        cmocka_unit_test(training_that_one_rank_stops_stops_on_all_after_the_same_step),
    };
    return cmocka_run_group_tests_name("exchange", tests, make_text, NULL);
}
