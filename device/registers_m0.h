// Save and restore r4 to r11, which belong to the caller, around assembly for Cortex-M0+: 32 bytes of stack, 28 cycles.
// Uses: nothing.
#ifndef QL_DEVICE_REGISTERS_M0_H
#define QL_DEVICE_REGISTERS_M0_H

// clang-format off
#define QL_M0_SAVE         \
    "   push {r4-r7}\n"    \
    "   mov r4, r8\n"      \
    "   mov r5, r9\n"      \
    "   mov r6, r10\n"     \
    "   mov r7, r11\n"     \
    "   push {r4-r7}\n"

#define QL_M0_RESTORE      \
    "   pop {r4-r7}\n"     \
    "   mov r8, r4\n"      \
    "   mov r9, r5\n"      \
    "   mov r10, r6\n"     \
    "   mov r11, r7\n"     \
    "   pop {r4-r7}\n"
// clang-format on

#endif
