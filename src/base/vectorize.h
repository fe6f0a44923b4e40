// Marks a function of plain loops to be compiled once for each generation of x86-64 vectors, chosen at the start.
// Results do not depend on the choice: loops run over independent elements, and nothing is contracted or reordered.
// Uses: the compiler only.
#ifndef QL_BASE_VECTORIZE_H
#define QL_BASE_VECTORIZE_H

// The choice is made by the dynamic linker, before a sanitizer's runtime is ready for it.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define QL_VECTORIZED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define QL_VECTORIZED
#endif

#endif
