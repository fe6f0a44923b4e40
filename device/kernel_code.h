// Where the code of the integer kernels and their tables go. A firmware may define QL_KERNEL_CODE with a section in SRAM,
// as in -D 'QL_KERNEL_CODE=__attribute__((noinline, unused, section(".time_critical.quillet")))', and QL_KERNEL_DATA
// likewise.
// Uses: the compiler only.
#ifndef QL_DEVICE_KERNEL_CODE_H
#define QL_DEVICE_KERNEL_CODE_H

// It comes after `static`. On Cortex-M0+ a kernel is never inlined: a compiler cannot tell how long some of them are,
// and its branches might not reach across them.
#ifndef QL_KERNEL_CODE
#if defined(__ARM_ARCH_6M__) && defined(__GNUC__)
#define QL_KERNEL_CODE __attribute__((noinline, unused))
#else
#define QL_KERNEL_CODE inline
#endif
#endif

// It comes after `static`, too.
#ifndef QL_KERNEL_DATA
#define QL_KERNEL_DATA
#endif

#endif
