// Finds out what started this process: see launcher.h. Open MPI, MPICH and Slurm each set a variable of their own.
// Uses: POSIX.
#include "cli/launcher.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int ql_cli_launched_ranks(void)
{
    static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"};
    const char *steps = getenv("SLURM_STEP_NUM_TASKS");

    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        const char *value = getenv(sizes[k]);
        if (value != NULL) {
            return atoi(value);
        }
    }
    // srun without MPI sets its own variable, too; with --mpi=pmix it also sets this one.
    return getenv("PMIX_RANK") == NULL ? 0 : steps == NULL ? 1 : atoi(steps);
}

void ql_cli_host_name(char host[QL_HOST_NAME_BYTES])
{
    memset(host, 0, QL_HOST_NAME_BYTES);
    if (gethostname(host, QL_HOST_NAME_BYTES - 1) != 0) {
        memcpy(host, "?", 2);
    }
}
