// The ranks of a command that mpirun has started several times. One of two files implements it: ranks_mpi.c where MPI is
// installed, ranks_alone.c elsewhere. No other file of the tool knows MPI.
// Uses: base/status, train/exchange.
#ifndef QL_CLI_RANKS_H
#define QL_CLI_RANKS_H

#include <stdbool.h>

#include "base/status.h"
#include "train/exchange.h"

// Joins the other ranks, and returns how to exchange values with them. A process that mpirun has not started is alone.
// Errors: QL_ERROR_SYSTEM in a build without MPI that was started as one of several ranks.
enum ql_status ql_cli_ranks_init(struct ql_exchange **exchange, struct ql_error *error);

// Leaves the other ranks; every rank must call it. Harmless without an init.
void ql_cli_ranks_free(void);

// Runs job number `number`. An error ends the jobs of all ranks.
typedef enum ql_status ql_cli_job(void *context, int number, struct ql_error *error);

// Hands out jobs 0 to count - 1, each to one rank, in their order, as ranks become free; returns when all are done. A
// job must not exchange values. Errors: those of the first rank that had one, on all ranks; jobs at work are done.
enum ql_status ql_cli_ranks_run(struct ql_exchange *exchange, int count, ql_cli_job *run, void *context,
                                struct ql_error *error);

#endif
