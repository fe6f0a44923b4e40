// The form of vector instructions in use: see vectors.h.
// Uses: the compiler's builtin for processor features, the environment.
#include "base/vectors.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[QL_VECTORS_COUNT] = {"plain", "neon", "avx2", "avx512"};

enum { UNDECIDED = -1 };
static atomic_int chosen = UNDECIDED;

const char *ql_vectors_name(enum ql_vectors form)
{
    return names[form];
}

bool ql_vectors_check(enum ql_vectors form)
{
    switch (form) {
    case QL_VECTORS_PLAIN:
        return true;
#if defined(__aarch64__)
    case QL_VECTORS_NEON:
        return true;
#endif
#if defined(__x86_64__) && defined(__GNUC__)
    case QL_VECTORS_AVX2:
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case QL_VECTORS_AVX512:
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    default:
        return false;
    }
}

static enum ql_vectors widest(void)
{
    int form = QL_VECTORS_COUNT - 1;

    while (!ql_vectors_check((enum ql_vectors)form)) {
        form--;
    }
    return (enum ql_vectors)form;
}

enum ql_status ql_vectors_reset(const char *name, struct ql_error *error)
{
    if (name == NULL || name[0] == '\0') {
        atomic_store(&chosen, (int)widest());
        return QL_OK;
    }
    for (int form = 0; form < QL_VECTORS_COUNT; form++) {
        if (strcmp(names[form], name) != 0) {
            continue;
        }
        if (!ql_vectors_check((enum ql_vectors)form)) {
            return ql_error_write(error, QL_ERROR_USAGE,
                                  "QUILLET_VECTORS=%s: this processor does not have these vector instructions; "
                                  "unset the variable, or choose a narrower form, down to plain",
                                  name);
        }
        atomic_store(&chosen, form);
        return QL_OK;
    }
    return ql_error_write(
        error, QL_ERROR_USAGE,
        "QUILLET_VECTORS=%s: not a form of vector instructions; the forms are avx512, avx2, neon and plain", name);
}

enum ql_vectors ql_vectors(void)
{
    int form = atomic_load_explicit(&chosen, memory_order_relaxed);

    if (form == UNDECIDED) {
        if (ql_vectors_reset(getenv("QUILLET_VECTORS"), NULL) != QL_OK) {
            atomic_store(&chosen, (int)widest());
        }
        form = atomic_load(&chosen);
    }
    return (enum ql_vectors)form;
}
