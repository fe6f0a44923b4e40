// The form of vector instructions that every vectorized loop and product of the process uses, and the one switch for it.
// No result depends on the form: it decides speed only. The environment variable QUILLET_VECTORS forces a form by name.
// Uses: base/status.
#ifndef QL_BASE_VECTORS_H
#define QL_BASE_VECTORS_H

#include <stdbool.h>

#include "base/status.h"

enum ql_vectors {
    QL_VECTORS_PLAIN,  // C without vector instructions beyond those of every processor of the architecture
    QL_VECTORS_NEON,   // arm64
    QL_VECTORS_AVX2,   // x86-64 with AVX2 and FMA
    QL_VECTORS_AVX512, // x86-64 with AVX-512 F, BW, DQ and VL
    QL_VECTORS_COUNT,
};

// Return the form in use: the one that QUILLET_VECTORS names, or the widest that the processor has. A name that is not
// usable counts as unset here; a program reports it by ql_vectors_reset first.
enum ql_vectors ql_vectors(void);

// Choose a form by its name, or the widest form where `name` is NULL or empty. Call it while no other thread computes.
// Errors: QL_ERROR_USAGE for an unknown name, and for a form that the processor lacks; the form stays as it was.
enum ql_status ql_vectors_reset(const char *name, struct ql_error *error);

// Return whether this processor, and this build, can run the form.
bool ql_vectors_check(enum ql_vectors form);

// Return the name, as QUILLET_VECTORS takes it.
const char *ql_vectors_name(enum ql_vectors form);

// Define a function of plain loops that is compiled once for each form of vectors of this architecture and dispatched
// by ql_vectors(). All loops must run over independent elements, so that no result depends on the form. Write
//     QL_VECTORIZED(static, void, scale, (float *x, int count, float factor), (x, count, factor))
//     {
//         ...
//     }
// The first argument is `static` or empty. QL_VECTORIZED_VALUE is the same for a function that returns a value.
#define QL_VECTORIZED(storage, type, name, parameters, arguments) \
    QL_VECTORIZED_AS(storage, type, name, parameters, arguments, )
#define QL_VECTORIZED_VALUE(storage, type, name, parameters, arguments) \
    QL_VECTORIZED_AS(storage, type, name, parameters, arguments, return )

#define QL_VECTORIZED_AS(storage, type, name, parameters, arguments, give)     \
    static inline __attribute__((always_inline)) type name##_loops parameters; \
    QL_VECTORIZED_FORMS(type, name, parameters, arguments, give)               \
    static __attribute__((flatten)) type name##_plain parameters               \
    {                                                                          \
        give name##_loops arguments;                                           \
    }                                                                          \
    storage type name parameters                                               \
    {                                                                          \
        switch (ql_vectors()) {                                                \
            QL_VECTORIZED_CASES(name, arguments, give)                         \
        default:                                                               \
            give name##_plain arguments;                                       \
            break;                                                             \
        }                                                                      \
    }                                                                          \
    static inline __attribute__((always_inline)) type name##_loops parameters

// What a function needs from the compiler to be made for a form. Arm64 has its vectors in every build.
#if defined(__x86_64__) && defined(__GNUC__)
#define QL_TARGET_AVX2 __attribute__((target("avx2,fma")))
#define QL_TARGET_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define QL_VECTORIZED_FORMS(type, name, parameters, arguments, give)               \
    QL_TARGET_AVX2 __attribute__((flatten)) static type name##_avx2 parameters     \
    {                                                                              \
        give name##_loops arguments;                                               \
    }                                                                              \
    QL_TARGET_AVX512 __attribute__((flatten)) static type name##_avx512 parameters \
    {                                                                              \
        give name##_loops arguments;                                               \
    }
#define QL_VECTORIZED_CASES(name, arguments, give) \
    case QL_VECTORS_AVX512:                        \
        give name##_avx512 arguments;              \
        break;                                     \
    case QL_VECTORS_AVX2:                          \
        give name##_avx2 arguments;                \
        break;
#else
#define QL_VECTORIZED_FORMS(type, name, parameters, arguments, give)
#define QL_VECTORIZED_CASES(name, arguments, give)
#endif

#endif
