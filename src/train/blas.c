// Matrix products for training: see blas.h.
#include "train/blas.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void ql_blas_init(void)
{
    openblas_set_num_threads(1);
}

const char *ql_blas_core(void)
{
    return openblas_get_corename();
}

const char *ql_blas_better_core(void)
{
#if defined(__x86_64__)
    const char *core = openblas_get_corename();
    // The generic x86-64 kernels, by the names that different versions give them.
    bool oldest = strcmp(core, "Prescott") == 0 || strcmp(core, "Core2") == 0 || strcmp(core, "Generic") == 0;
    if (getenv("OPENBLAS_CORETYPE") != NULL || !oldest) {
        return NULL;
    }
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl")) {
        return "SKYLAKEX";
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        return "HASWELL";
    }
#endif
    return NULL;
}
