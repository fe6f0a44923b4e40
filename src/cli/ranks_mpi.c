// The ranks of a command, by MPI: see ranks.h.
// Every wait gives the processor to others: ranks may be more than processors.
// Uses: train/exchange, MPI, POSIX.
#include "cli/ranks.h"

#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/launcher.h"
#include "cli/progress.h"

// What goes on towards the last rank, and what comes back.
enum { TAG_FORTH = 1, TAG_BACK };

// The requests of a chain, for each piece one in each role. They grow to the most pieces that were needed.
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

// Pieces go forth and back at the same time, in their order in each direction: a piece is passed on as soon as it is here.
// What comes back is written where the piece was sent from, so that send must be over.
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
    // One thread at a time calls MPI: the pool's threads never do.
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
