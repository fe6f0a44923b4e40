// Rows through tanh on Cortex-M0+: 31.5 cycles each; compiled C takes 45. The values are those of gate_s16.h. Meant for
// gcc and clang on ARMv6-M.
// Uses: device/integer_row.h, device/kernel_code.h, device/registers_m0.h, device/tanh_s16.h, stdint.h.
#ifndef QL_DEVICE_GATE_S16_M0_H
#define QL_DEVICE_GATE_S16_M0_H

#include <stdint.h>

#include "device/integer_row.h"
#include "device/kernel_code.h"
#include "device/registers_m0.h"
#include "device/tanh_s16.h"

#if defined(__ARM_ARCH_6M__) && defined(__GNUC__)
#define QL_GATE_M0

// What the assembly loads into registers, in this order.
struct ql_gate_m0 {
    int32_t *sums;                     // r0
    const struct ql_integer_row *rows; // r1
    const int16_t *table;              // r2
    int32_t *end;                      // r8, of the sums
    int32_t half;                      // r9: half of what pre_shift drops
    int32_t reach, width;              // r10, r11: the table's, from 0 and as a whole
    int32_t pre_shift, shift;          // r6, r7
};

// value = (((sum + half) >> pre_shift) * multiplier + bias) >> shift
// place = value + reach, which cannot overflow, as no row's value exceeds 2^30; below 0 or from width on, tanh is 32767
//         with a sign
// tanh  = entry + (((next entry - entry) * (place % 32) + 16) >> 5)
static QL_KERNEL_CODE void ql_gate_m0_run(const struct ql_gate_m0 *work)
{
    register const struct ql_gate_m0 *r0 __asm__("r0") = work;

    // clang-format off
    __asm__ volatile(
        "   .syntax unified\n"
        // Where the tanh is out of the table's range, `over` handles it and returns to `back`.
        "   .macro ql_gate_row over, back\n"
        "   ldr r3, [r0]\n"
        "   add r3, r9\n"
        "   asrs r3, r3, r6\n"
        "   ldmia r1!, {r4, r5}\n"
        "   uxth r5, r5\n"
        "   muls r3, r5, r3\n"
        "   adds r3, r3, r4\n"
        "   asrs r3, r3, r7\n"
        "   add r3, r10\n"
        "   cmp r3, r11\n"
        "   bhs \\over\\()f\n"
        "   lsrs r4, r3, #5\n"
        "   lsls r4, r4, #1\n"
        "   lsls r3, r3, #27\n"
        "   lsrs r3, r3, #27\n"
        "   ldrsh r5, [r2, r4]\n"
        "   adds r4, #2\n"
        "   ldrsh r4, [r2, r4]\n"
        "   subs r4, r4, r5\n"
        "   muls r3, r4, r3\n"
        "   adds r3, #16\n"
        "   asrs r3, r3, #5\n"
        "   adds r3, r3, r5\n"
        "\\back: stmia r0!, {r3}\n"
        "   .endm\n"
        // 2 sign + 1 is 1 or -1; multiply by 2^15, then subtract the number itself.
        "   .macro ql_gate_limit over, back\n"
        "\\over: asrs r3, r3, #31\n"
        "   adds r3, r3, r3\n"
        "   adds r3, #1\n"
        "   lsls r4, r3, #15\n"
        "   subs r3, r4, r3\n"
        "   b \\back\\()b\n"
        "   .endm\n"
        QL_M0_SAVE
        "   ldmia r0!, {r1-r7}\n"
        "   mov r8, r4\n"
        "   mov r9, r5\n"
        "   mov r10, r6\n"
        "   mov r11, r7\n"
        "   ldmia r0!, {r6, r7}\n"
        "   mov r0, r1\n"
        "   mov r1, r2\n"
        "   mov r2, r3\n"
        "   mov r3, r8\n" // an odd number of rows begins with the second one
        "   subs r3, r3, r0\n"
        "   lsrs r3, r3, #3\n"
        "   bcs 2f\n"
        "1: ql_gate_row 4, 5\n"
        "2: ql_gate_row 6, 7\n"
        "   cmp r0, r8\n"
        "   bne 1b\n"
        "   b 3f\n"
        "   ql_gate_limit 4, 5\n"
        "   ql_gate_limit 6, 7\n"
        "3:\n"
        QL_M0_RESTORE
        "   .purgem ql_gate_row\n"
        "   .purgem ql_gate_limit\n"
        : "+r"(r0)
        :
        : "r1", "r2", "r3", "cc", "memory");
    // clang-format on
}

static inline void ql_gate_tanh_s16(int32_t *sums, const struct ql_integer_row *rows, struct ql_integer_scale scale,
                                    int count)
{
    const struct ql_gate_m0 work = {sums,
                                    rows,
                                    ql_tanh_table,
                                    sums + count,
                                    (1 << scale.pre_shift) >> 1,
                                    QL_TANH_REACH,
                                    2 * QL_TANH_REACH,
                                    scale.pre_shift,
                                    scale.shift};

    if (count > 0) {
        ql_gate_m0_run(&work);
    }
}

#endif

#endif
