// The ranks of a command in a build without MPI: see ranks.h. There is only one.
// Uses: train/exchange.
#include "cli/ranks.h"

#include "cli/launcher.h"

enum ql_status ql_cli_ranks_init(struct ql_exchange **exchange, struct ql_error *error)
{
    const int ranks = ql_cli_launched_ranks();

    *exchange = ql_exchange_alone();
    if (ranks > 1) {
        return ql_error_write(error, QL_ERROR_SYSTEM,
                              "was started %d times at once, but built without MPI: run tools/bootstrap mpi, then "
                              "cmake --preset release and make",
                              ranks);
    }
    return QL_OK;
}

void ql_cli_ranks_free(void)
{
}

enum ql_status ql_cli_ranks_run(struct ql_exchange *exchange, int count, ql_cli_job *run, void *context,
                                struct ql_error *error)
{
    enum ql_status status = QL_OK;

    (void)exchange;
    for (int k = 0; k < count && status == QL_OK; k++) {
        status = run(context, k, error);
    }
    return status;
}
