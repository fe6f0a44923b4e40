// How functions and tables are declared that a firmware may place in memory of its choice.
// Uses: the compiler only.
#ifndef QL_DEVICE_KERNEL_CODE_H
#define QL_DEVICE_KERNEL_CODE_H

// This comes after `static` in an integer kernel. On Cortex-M0+ a kernel is never inlined: a compiler cannot tell how long
// some of them are, and its branches might not reach across them. A firmware may define it with a section in SRAM, as in
// -D 'QL_KERNEL_CODE=__attribute__((noinline, unused, section(".time_critical.quillet")))'.
#ifndef QL_KERNEL_CODE
#if defined(__ARM_ARCH_6M__) && defined(__GNUC__)
#define QL_KERNEL_CODE __attribute__((noinline, unused))
#else
#define QL_KERNEL_CODE inline
#endif
#endif

// This comes after `static` in a table that kernels read at every step. A firmware may define it with a section in SRAM.
#ifndef QL_KERNEL_DATA
#define QL_KERNEL_DATA
#endif

// This comes after `static` in a function that kernels in plain C call and those in assembly do not, so it may be without
// a caller.
#if defined(__GNUC__)
#define QL_KERNEL_STEP inline __attribute__((unused))
#else
#define QL_KERNEL_STEP inline
#endif

#endif
