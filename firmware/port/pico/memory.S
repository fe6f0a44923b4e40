// memcpy and memset for a Cortex-M0+, five words at a time: 3 and 1.8 cycles a word, where the C library's take 8 and
// 4. Unaligned data is moved byte by byte. They are in RAM, because they run while the flash cannot be read.
// Uses: nothing.

#if !defined(__ARM_ARCH_6M__)
#error "these are for the Cortex-M0+; other chips have better instructions"
#endif

.syntax unified
.cpu cortex-m0plus
.thumb

.section .time_critical.memory, "ax"

// r0 to, r1 from, r2 bytes; returns `to`
.global memcpy
.type memcpy, %function
.thumb_func
.align 2
memcpy:
    push {r0, r4-r7, lr}
    mov r3, r0
    orrs r3, r1
    lsls r3, r3, #30
    bne .Lcopy_bytes
    subs r2, #20
    blo .Lcopy_rest
.Lcopy_five:
    ldmia r1!, {r3-r7}
    stmia r0!, {r3-r7}
    subs r2, #20
    bhs .Lcopy_five
.Lcopy_rest:
    adds r2, #16 // bytes that are left, less 4
    blo .Lcopy_last
.Lcopy_word:
    ldmia r1!, {r3}
    stmia r0!, {r3}
    subs r2, #4
    bhs .Lcopy_word
.Lcopy_last:
    adds r2, #4
.Lcopy_bytes:
    subs r2, #1
    blo .Lcopied
    ldrb r3, [r1]
    strb r3, [r0]
    adds r1, #1
    adds r0, #1
    b .Lcopy_bytes
.Lcopied:
    pop {r0, r4-r7, pc}
.size memcpy, . - memcpy

// r0 to, r1 byte, r2 bytes; returns `to`
.global memset
.type memset, %function
.thumb_func
.align 2
memset:
    push {r0, r4-r6, lr}
    uxtb r1, r1
    lsls r3, r0, #30
    bne .Lset_bytes
    lsls r3, r1, #8
    orrs r1, r3
    lsls r3, r1, #16
    orrs r1, r3
    mov r3, r1
    mov r4, r1
    mov r5, r1
    mov r6, r1
    subs r2, #20
    blo .Lset_rest
.Lset_five:
    stmia r0!, {r1, r3-r6}
    subs r2, #20
    bhs .Lset_five
.Lset_rest:
    adds r2, #16 // bytes that are left, less 4
    blo .Lset_last
.Lset_word:
    stmia r0!, {r1}
    subs r2, #4
    bhs .Lset_word
.Lset_last:
    adds r2, #4
.Lset_bytes:
    subs r2, #1
    blo .Lset
    strb r1, [r0]
    adds r0, #1
    b .Lset_bytes
.Lset:
    pop {r0, r4-r6, pc}
.size memset, . - memset
