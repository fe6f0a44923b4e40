// Keeps a compiler from changing the bits of floating-point results; generated C begins with it.
// Not for inclusion by other files of device/: its pragmas hold to the end of the file that it is pasted into.
// Uses: nothing.
#ifndef QL_DEVICE_EXACT_H
#define QL_DEVICE_EXACT_H

// Every operation must be rounded once, in the order in which it is written. -ffast-math and its parts violate that.
// gcc defines macros for all of them; clang only for -ffast-math and -ffinite-math-only.
#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || \
    defined(__NO_SIGNED_ZEROS__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "compile this file without -ffast-math, its parts and -Ofast: its results are promised to the last bit"
#endif

// x87 arithmetic keeps more bits than a float has.
#if defined(__FLT_EVAL_METHOD__) && (__FLT_EVAL_METHOD__ == 1 || __FLT_EVAL_METHOD__ == 2)
#error "compile this file so that float arithmetic is float: on 32-bit x86 with -msse2 -mfpmath=sse"
#endif

// Sizes and places are counted in int, which needs 32 bits.
typedef char ql_exact_int_size_check[sizeof(int) >= 4 ? 1 : -1];

// A fused multiply-add rounds once where a product and a sum round twice. Both compilers make one by default where the
// processor has it; gcc does not know the pragma of the C standard. gcc 12 makes some (vfmaddsub) even when told not
// to, where it combines separate operations into vectors, so that pass is turned off; loops are still vectorized.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=off", "no-tree-slp-vectorize")
#else
#pragma STDC FP_CONTRACT OFF
#endif

// clang has no macro for -fassociative-math and -freciprocal-math, but these pragmas turn both off.
#if defined(__clang__) && __clang_major__ >= 11
#pragma clang fp reassociate(off)
#endif
#if defined(__clang__) && __clang_major__ >= 18
#pragma clang fp reciprocal(off)
#endif

#endif
