// The ranks of a command, through MPI: see ranks.h. Every wait yields the processor, because there may be more ranks
// than processors.
// Uses: train/exchange, MPI, POSIX.
#include "cli/ranks.h"

#include <mpi.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/launcher.h"
#include "cli/progress.h"

// Messages toward the last rank, and messages on the way back.
// Also a rank's request for a job, and the answer.
enum { TAG_FORTH = 1, TAG_BACK, TAG_ASK, TAG_JOB };

// The requests of a chain: for each piece, one in each role. The arrays grow to the largest number of pieces needed.
struct chain {
    MPI_Request *from_before, *to_after, *from_after, *to_before;
    size_t room;
};

static struct chain chain;
static struct ql_exchange exchange_mpi;
static bool initialized;

static bool make_room(size_t count)
{
    if (count > chain.room) {
        MPI_Request *block = realloc(chain.from_before, 4 * count * sizeof block[0]);
        if (block == NULL) {
            return false;
        }
        chain.from_before = block;
        chain.to_after = block + count;
        chain.from_after = block + 2 * count;
        chain.to_before = block + 3 * count;
        chain.room = count;
    }
    return true;
}

static bool arrived(MPI_Request *request)
{
    int done = 0;

    (void)MPI_Test(request, &done, MPI_STATUS_IGNORE);
    return done != 0;
}

static void wait_for(MPI_Request *request)
{
    while (!arrived(request)) {
        (void)sched_yield();
    }
}

// Pieces travel in both directions at the same time, in order in each direction: a piece is passed on as soon as it
// arrives. A returning piece is written to the place that it was sent from, so that send must be complete.
static void sum_chain(struct ql_exchange *exchange, const struct ql_exchange_piece *pieces, size_t count,
                      ql_exchange_add *add, void *context)
{
    const int rank = exchange->rank;
    const bool first = rank == 0, last = rank == exchange->ranks - 1;
    const double start = ql_cli_seconds();
    size_t added = 0, expected = 0, back = 0;

    if (!make_room(count)) {
        (void)fprintf(stderr, "quillet: rank %d: not enough memory for the exchange of gradients\n", rank);
        (void)MPI_Abort(MPI_COMM_WORLD, QL_EXIT_FAILED);
    }
    for (size_t k = 0; k < count && !first; k++) {
        (void)MPI_Irecv(pieces[k].data, (int)pieces[k].size_bytes, MPI_BYTE, rank - 1, TAG_FORTH, MPI_COMM_WORLD,
                        &chain.from_before[k]);
    }
    while (back < count) {
        const size_t before = added + expected + back;
        if (added < count && (first || arrived(&chain.from_before[added]))) {
            add(context, added);
            (void)MPI_Isend(pieces[added].data, (int)pieces[added].size_bytes, MPI_BYTE, last ? rank - 1 : rank + 1,
                            last ? TAG_BACK : TAG_FORTH, MPI_COMM_WORLD,
                            last ? &chain.to_before[added] : &chain.to_after[added]);
            added++;
            back += last ? 1 : 0;
        }
        if (!last && expected < added && arrived(&chain.to_after[expected])) {
            (void)MPI_Irecv(pieces[expected].data, (int)pieces[expected].size_bytes, MPI_BYTE, rank + 1, TAG_BACK,
                            MPI_COMM_WORLD, &chain.from_after[expected]);
            expected++;
        }
        if (!last && back < expected && arrived(&chain.from_after[back])) {
            if (!first) {
                (void)MPI_Isend(pieces[back].data, (int)pieces[back].size_bytes, MPI_BYTE, rank - 1, TAG_BACK,
                                MPI_COMM_WORLD, &chain.to_before[back]);
            }
            back++;
        }
        if (added + expected + back == before) {
            (void)sched_yield();
        }
    }
    for (size_t k = 0; k < count && !first; k++) {
        wait_for(&chain.to_before[k]);
    }
    exchange->seconds += ql_cli_seconds() - start;
    exchange->rounds++;
}

enum ql_status ql_cli_ranks_init(struct ql_exchange **exchange, struct ql_error *error)
{
    int level;

    *exchange = ql_exchange_alone();
    if (ql_cli_launched_ranks() == 0) {
        return QL_OK;
    }
    // Only one thread at a time calls MPI; the pool's threads never do.
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &level) != MPI_SUCCESS || level < MPI_THREAD_SERIALIZED) {
        return ql_error_write(error, QL_ERROR_SYSTEM,
                              "this MPI cannot serve a program with threads; install Open MPI: tools/bootstrap mpi");
    }
    initialized = true;
    exchange_mpi.sum = sum_chain;
    (void)MPI_Comm_rank(MPI_COMM_WORLD, &exchange_mpi.rank);
    (void)MPI_Comm_size(MPI_COMM_WORLD, &exchange_mpi.ranks);
    ql_cli_rank = exchange_mpi.rank;
    if (exchange_mpi.ranks > 1) {
        *exchange = &exchange_mpi;
    }
    return QL_OK;
}

void ql_cli_ranks_free(void)
{
    if (initialized) {
        (void)MPI_Finalize();
    }
    initialized = false;
    free(chain.from_before);
    chain = (struct chain){0};
}

// --- Jobs ---

// The remaining jobs, on rank 0. A separate thread answers the other ranks while rank 0 is working, too.
struct job_list {
    pthread_mutex_t mutex;
    int next, count, ranks;
};

// The next job, or -1. After `failed` there are no more jobs for anybody.
static int take_job(struct job_list *jobs, bool failed)
{
    (void)pthread_mutex_lock(&jobs->mutex);
    jobs->next = failed ? jobs->count : jobs->next;
    const int job = jobs->next < jobs->count ? jobs->next++ : -1;
    (void)pthread_mutex_unlock(&jobs->mutex);
    return job;
}

// Answers until every other rank has been told that no job is left. Meanwhile no other thread of rank 0 calls MPI.
static void *answer_ranks(void *argument)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    struct job_list *jobs = argument;

    for (int waiting = jobs->ranks - 1; waiting > 0;) {
        MPI_Status from;
        int asked = 0, failed, job;
        (void)MPI_Iprobe(MPI_ANY_SOURCE, TAG_ASK, MPI_COMM_WORLD, &asked, &from);
        if (!asked) {
            (void)nanosleep(&pause, NULL);
            continue;
        }
        (void)MPI_Recv(&failed, 1, MPI_INT, from.MPI_SOURCE, TAG_ASK, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        job = take_job(jobs, failed != 0);
        (void)MPI_Send(&job, 1, MPI_INT, from.MPI_SOURCE, TAG_JOB, MPI_COMM_WORLD);
        waiting -= job < 0 ? 1 : 0;
    }
    return NULL;
}

static int ask_for_job(bool failed)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    int asked = failed ? 1 : 0, job = -1, here = 0;
    MPI_Request answer;

    (void)MPI_Irecv(&job, 1, MPI_INT, 0, TAG_JOB, MPI_COMM_WORLD, &answer);
    (void)MPI_Send(&asked, 1, MPI_INT, 0, TAG_ASK, MPI_COMM_WORLD);
    for (; !here; (void)nanosleep(&pause, NULL)) {
        (void)MPI_Test(&answer, &here, MPI_STATUS_IGNORE);
    }
    // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): MPI_Test has waited for it
    return job;
}

enum ql_status ql_cli_ranks_run(struct ql_exchange *exchange, int count, ql_cli_job *run, void *context,
                                struct ql_error *error)
{
    struct job_list jobs = {.count = count, .ranks = exchange->ranks};
    pthread_t thread;
    enum ql_status status = QL_OK;

    (void)pthread_mutex_init(&jobs.mutex, NULL);
    const bool answers = exchange->ranks > 1 && exchange->rank == 0;
    if (answers && pthread_create(&thread, NULL, answer_ranks, &jobs) != 0) {
        (void)fprintf(stderr, "quillet: cannot start the thread that gives jobs to ranks\n");
        (void)MPI_Abort(MPI_COMM_WORLD, QL_EXIT_FAILED);
    }
    for (int job = 0; job >= 0;) {
        job = exchange->rank == 0 ? take_job(&jobs, status != QL_OK) : ask_for_job(status != QL_OK);
        if (job >= 0) {
            status = run(context, job, error);
        }
    }
    if (answers) {
        (void)pthread_join(thread, NULL);
    }
    (void)pthread_mutex_destroy(&jobs.mutex);
    return ql_exchange_agree(exchange, status, error);
}
