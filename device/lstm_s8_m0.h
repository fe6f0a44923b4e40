// The units of an LSTM layer on Cortex-M0+, from the gates' activations: 77 cycles each; compiled C takes 104. The
// values are those of lstm_s8.h. Meant for gcc and clang on ARMv6-M.
// Uses: device/kernel_code.h, device/registers_m0.h, device/tanh_s16.h, stdint.h.
#ifndef QL_DEVICE_LSTM_S8_M0_H
#define QL_DEVICE_LSTM_S8_M0_H

#include <stdint.h>

#include "device/kernel_code.h"
#include "device/registers_m0.h"
#include "device/tanh_s16.h"

#if defined(__ARM_ARCH_6M__) && defined(__GNUC__)
#define QL_LSTM_M0

// What the assembly loads into registers, in this order.
struct ql_lstm_m0 {
    int32_t *sums;        // r0: tanh of gate i's rows; the other gates' follow at one, two, and three strides
    int16_t *c;           // r1
    int8_t *h;            // r2
    int32_t *end;         // [sp], of the sums
    uint32_t stride;      // r8, in bytes
    const int16_t *table; // r11
    int32_t cell_bits;    // lr
    int32_t one;          // r9: 2^15 + 1, for a sigmoid
    int32_t half;         // r10: 2^14
    uint32_t width;       // r12: of a cell's range, from -32767 to 32767
};

// ql_lstm_limit turns a number that is too far from 0 into 32767 with its sign: 2 sign + 1 is 1 or -1; it is multiplied
// by 2^15, and then subtracted from the product.
static QL_KERNEL_CODE void ql_lstm_m0_run(const struct ql_lstm_m0 *work)
{
    register const struct ql_lstm_m0 *r0 __asm__("r0") = work;

    // clang-format off
    __asm__ volatile(
        "   .syntax unified\n"
        "   .macro ql_lstm_limit number, other\n"
        "   asrs \\number, \\number, #31\n"
        "   adds \\number, \\number, \\number\n"
        "   adds \\number, #1\n"
        "   lsls \\other, \\number, #15\n"
        "   subs \\number, \\other, \\number\n"
        "   .endm\n"
        QL_M0_SAVE
        "   ldmia r0!, {r1-r7}\n"
        "   mov r8, r5\n"
        "   mov r11, r6\n"
        "   mov lr, r7\n"
        "   push {r4}\n"
        "   ldmia r0!, {r4-r6}\n"
        "   mov r9, r4\n"
        "   mov r10, r5\n"
        "   mov r12, r6\n"
        "   mov r0, r1\n"
        "   mov r1, r2\n"
        "   mov r2, r3\n"
        // i g >> cell_bits
        "1: mov r7, r8\n"
        "   ldr r3, [r0]\n"
        "   ldr r4, [r0, r7]\n"
        "   lsls r5, r7, #1\n"
        "   ldr r6, [r0, r5]\n"
        "   add r3, r9\n"
        "   asrs r3, r3, #1\n"
        "   muls r3, r6, r3\n"
        "   mov r6, lr\n"
        "   asrs r3, r3, r6\n"
        // c = f c + i g
        "   add r4, r9\n"
        "   asrs r4, r4, #1\n"
        "   ldrh r7, [r1]\n"
        "   sxth r7, r7\n"
        "   muls r4, r7, r4\n"
        "   adds r3, r3, r4\n"
        "   add r3, r10\n"
        "   asrs r3, r3, #15\n"
        "   mov r4, r9\n"
        "   adds r4, r4, r3\n"
        "   subs r4, #2\n"
        "   cmp r4, r12\n"
        "   bhi 4f\n"
        "2: strh r3, [r1]\n"
        // r7 = tanh(c), as in gate_s16_m0.h
        "   lsls r3, r3, r6\n"
        "   adds r3, #16\n"
        "   asrs r3, r3, #5\n"
        "   movs r4, #192\n"
        "   lsls r4, r4, #5\n"
        "   adds r7, r3, r4\n"
        "   lsls r4, r4, #1\n"
        "   cmp r7, r4\n"
        "   bhs 5f\n"
        "   lsls r4, r7, #27\n"
        "   lsrs r4, r4, #27\n"
        "   lsrs r7, r7, #5\n"
        "   lsls r7, r7, #1\n"
        "   add r7, r11\n"
        "   ldrh r3, [r7]\n"
        "   sxth r3, r3\n"
        "   movs r6, #2\n"
        "   ldrsh r7, [r7, r6]\n"
        "   subs r7, r7, r3\n"
        "   muls r7, r4, r7\n"
        "   adds r7, #16\n"
        "   asrs r7, r7, #5\n"
        "   adds r7, r7, r3\n"
        // h = o tanh(c), in units of 1 / 127
        "3: mov r4, r8\n"
        "   adds r5, r5, r4\n"
        "   ldr r4, [r0, r5]\n"
        "   add r4, r9\n"
        "   asrs r4, r4, #1\n"
        "   muls r7, r4, r7\n"
        "   add r7, r10\n"
        "   asrs r7, r7, #15\n"
        "   lsls r4, r7, #7\n"
        "   subs r4, r4, r7\n"
        "   add r4, r10\n"
        "   asrs r4, r4, #15\n"
        "   strb r4, [r2]\n"
        "   adds r0, #4\n"
        "   adds r1, #2\n"
        "   adds r2, #1\n"
        "   ldr r4, [sp]\n"
        "   cmp r0, r4\n"
        "   bne 1b\n"
        "   b 6f\n"
        "4: ql_lstm_limit r3, r4\n"
        "   b 2b\n"
        "5: ql_lstm_limit r7, r4\n"
        "   b 3b\n"
        "   .purgem ql_lstm_limit\n"
        "6: add sp, #4\n"
        QL_M0_RESTORE
        : "+r"(r0)
        :
        : "r1", "r2", "r3", "r12", "lr", "cc", "memory");
    // clang-format on
}

// The units from `first` to `end`, at least one: see ql_lstm_update_s8.
static inline void ql_lstm_m0_units(int8_t *h, int16_t *c, int32_t *sums, int cell_bits, int H, int first, int end)
{
    const struct ql_lstm_m0 work = {sums + first,  c + first, h + first, sums + end, (uint32_t)H * sizeof sums[0],
                                    ql_tanh_table, cell_bits, 32769,     16384,      65534};

    ql_lstm_m0_run(&work);
}

#endif

#endif
