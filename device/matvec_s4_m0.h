// The int4 matrix product for Cortex-M0+; matvec_m0.h explains it. The sums are those of ql_matvec_s4_plain.
// Uses: device/matrix_s4.h, device/matvec_m0.h, stdint.h.
#ifndef QL_DEVICE_MATVEC_S4_M0_H
#define QL_DEVICE_MATVEC_S4_M0_H

#include <stdint.h>

#include "device/matrix_s4.h"
#include "device/matvec_m0.h"

#if defined(QL_MATVEC_M0)

// A word is L + 16 H, where L and H are words like those of int8 with fields of 4 bits. H is computed with a shift and
// a mask, in r4. L costs nothing: the first accumulator takes L + 16 H as it is, and 16 times the second is subtracted
// at the end of the segment. Twelve rows take 45 cycles for two columns, 1.875 for a product. The function contains
// only this code, as ql_m0_run_s8 does.
//   r0 reads the words, r5 the table; p and q are in r6 and r7
//   ql_m0_half  multiplies L + 16 H or H, in w
static QL_KERNEL_CODE void ql_m0_run_s4(const struct ql_m0_panel *panel)
{
    register const struct ql_m0_panel *r0 __asm__("r0") = panel;

    // clang-format off
    __asm__ volatile(
        QL_M0_ENTER
        "   .macro ql_m0_half w\n"
        "   rev16 r1, \\w\n"
        "   muls \\w, r6, \\w\n"
        "   muls r1, r7, r1\n"
        "   .endm\n"
        "   .macro ql_m0_load\n"
        "   ldmia r0!, {r2}\n"
        "   lsrs r3, r2, #4\n"
        "   ands r3, r3, r4\n"
        "   .endm\n"
        "   .macro ql_m0_word low, high\n"
        "   ql_m0_load\n"
        "   ql_m0_half r2\n"
        "   add \\low, r2\n"
        "   add \\low, r1\n"
        "   ql_m0_half r3\n"
        "   add \\high, r3\n"
        "   add \\high, r1\n"
        "   .endm\n"
        "   .macro ql_m0_last low, high\n"
        "   ql_m0_load\n"
        "   ql_m0_half r2\n"
        "   add r2, \\low\n"
        "   adds r2, r2, r1\n"
        "   ql_m0_half r3\n"
        "   add r3, \\high\n"
        "   adds r3, r3, r1\n"
        "   lsls r1, r3, #4\n"
        "   subs r2, r2, r1\n"
        "   stmia r5!, {r2, r3}\n"
        "   .endm\n"
        "   b 1f\n"
        "   .rept 15\n"
        "   ldmia r5!, {r6, r7}\n"
        "   ql_m0_word r8, r9\n"
        "   ql_m0_word r10, r11\n"
        "   ql_m0_word r12, lr\n"
        "   .endr\n"
        "   ldmia r5!, {r6, r7}\n"
        "   ql_m0_last r8, r9\n"
        "   ql_m0_last r10, r11\n"
        "   ql_m0_last r12, lr\n"
        "1: ldmia r5!, {r1-r4}\n"
        "   mov r8, r2\n"
        "   mov r9, r1\n"
        "   mov r10, r2\n"
        "   mov r11, r1\n"
        "   mov r12, r2\n"
        "   mov lr, r1\n"
        "   add pc, r3\n"
        "   nop\n"
        "   .purgem ql_m0_half\n"
        "   .purgem ql_m0_load\n"
        "   .purgem ql_m0_word\n"
        "   .purgem ql_m0_last\n"
        QL_M0_ADD_UP
        QL_M0_LEAVE
        : "+r"(r0)
        :
        : "r1", "r2", "r3", "r12", "lr", "cc", "memory");
    // clang-format on
}

// offset, pair_words, header_words, jump_bytes, pair_bytes
static const struct ql_m0_format ql_m0_format_s4 = {8, 3, 4, 36, 80};

static QL_KERNEL_CODE void ql_m0_work_s4(const void *job)
{
    ql_m0_work((const struct ql_m0_job *)job, &ql_m0_format_s4, ql_m0_run_s4);
}

static QL_KERNEL_CODE void ql_matvec_s4(int32_t *y, const struct ql_matrix_s4 *w, const int8_t *x)
{
    ql_m0_matvec(y, w->words, w->rows, w->columns, w->segment, x, &ql_m0_format_s4, ql_m0_work_s4);
}

#endif

#endif
