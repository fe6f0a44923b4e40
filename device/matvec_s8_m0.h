// The int8 matrix product for Cortex-M0+; matvec_m0.h explains it. The sums are those of ql_matvec_s8_plain.
// Uses: device/matrix_s8.h, device/matvec_m0.h, stdint.h.
#ifndef QL_DEVICE_MATVEC_S8_M0_H
#define QL_DEVICE_MATVEC_S8_M0_H

#include <stdint.h>

#include "device/matrix_s8.h"
#include "device/matvec_m0.h"

#if defined(QL_MATVEC_M0)

// Twelve rows take 41 cycles for two columns, 1.708 for a product. The function contains only this code: a compiler
// cannot tell how long it is, and its branches might not reach across it.
//   r0 reads the words, r5 the table; p and q are in r6 and r7
//   ql_m0_word  a word of weights into its accumulator
//   ql_m0_last  the same at the end of a segment: the sum comes to a low register, to be stored
static QL_KERNEL_CODE void ql_m0_run_s8(const struct ql_m0_panel *panel)
{
    register const struct ql_m0_panel *r0 __asm__("r0") = panel;

    // clang-format off
    __asm__ volatile(
        QL_M0_ENTER
        "   .macro ql_m0_word w, sum\n"
        "   rev16 r1, \\w\n"
        "   muls \\w, r6, \\w\n"
        "   muls r1, r7, r1\n"
        "   add \\sum, \\w\n"
        "   add \\sum, r1\n"
        "   .endm\n"
        "   .macro ql_m0_last w, sum\n"
        "   rev16 r1, \\w\n"
        "   muls \\w, r6, \\w\n"
        "   muls r1, r7, r1\n"
        "   add \\w, \\sum\n"
        "   adds \\w, \\w, r1\n"
        "   .endm\n"
        "   b 1f\n"
        "   .rept 15\n"
        "   ldmia r5!, {r6, r7}\n"
        "   ldmia r0!, {r2-r4}\n"
        "   ql_m0_word r2, r8\n"
        "   ql_m0_word r3, r9\n"
        "   ql_m0_word r4, r10\n"
        "   ldmia r0!, {r2-r4}\n"
        "   ql_m0_word r2, r11\n"
        "   ql_m0_word r3, r12\n"
        "   ql_m0_word r4, lr\n"
        "   .endr\n"
        "   ldmia r5!, {r6, r7}\n"
        "   ldmia r0!, {r2-r4}\n"
        "   ql_m0_last r2, r8\n"
        "   ql_m0_last r3, r9\n"
        "   ql_m0_last r4, r10\n"
        "   stmia r5!, {r2-r4}\n"
        "   ldmia r0!, {r2-r4}\n"
        "   ql_m0_last r2, r11\n"
        "   ql_m0_last r3, r12\n"
        "   ql_m0_last r4, lr\n"
        "   stmia r5!, {r2-r4}\n"
        "1: ldmia r5!, {r1, r2}\n"
        "   mov r8, r1\n"
        "   mov r9, r1\n"
        "   mov r10, r1\n"
        "   mov r11, r1\n"
        "   mov r12, r1\n"
        "   mov lr, r1\n"
        "   add pc, r2\n"
        "   nop\n"
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
static const struct ql_m0_format ql_m0_format_s8 = {128, 6, 2, 22, 66};

static QL_KERNEL_CODE void ql_m0_work_s8(const void *job)
{
    ql_m0_work((const struct ql_m0_job *)job, &ql_m0_format_s8, ql_m0_run_s8);
}

static QL_KERNEL_CODE void ql_matvec_s8(int32_t *y, const struct ql_matrix_s8 *w, const int8_t *x)
{
    ql_m0_matvec(y, w->words, w->rows, w->columns, w->segment, x, &ql_m0_format_s8, ql_m0_work_s8);
}

#endif

#endif
