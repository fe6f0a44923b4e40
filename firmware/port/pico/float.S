// Product and sum of two floats on a Cortex-M0+, in less than two thirds of the time of the compiler's own, with
// results equal to the last bit (except that of two NaNs, the other one may be returned). Uses: the compiler's
// __aeabi_fmul and __aeabi_fadd, which handle all special cases: zeros, subnormal numbers, infinities, NaN, and results
// near either end of the range.
//
// The linker's --wrap=NAME makes calls of NAME end here. Both end in the same way: a significand in r0 whose highest
// bit has the value 1 (bit 31) or 1/2 (bit 30), with the lowest bit set if anything was lost below it; and in r2 the
// sign and the exponent, minus one for the significand's own 1 that will be added to it.

#if !defined(__ARM_ARCH_6M__)
#error "these are for the Cortex-M0+; other chips have better instructions"
#endif

.syntax unified
.cpu cortex-m0plus
.thumb

.section .time_critical.float, "ax"

.global __wrap___aeabi_fmul
.type __wrap___aeabi_fmul, %function
.thumb_func
.align 2
__wrap___aeabi_fmul:
    lsls r2, r0, #1
    lsls r3, r1, #1
    lsrs r2, r2, #24 // exponents
    lsrs r3, r3, #24
    subs r2, #1 // 0 and 255 become the largest unsigned numbers
    subs r3, #1
    cmp r2, #254
    bhs .Lslow_product
    cmp r3, #254
    bhs .Lslow_product
    adds r2, r3
    subs r2, #126 // the exponent of a product below 2, minus one
    cmp r2, #253
    bhs .Lslow_product
    push {r4, r5}

    movs r3, r0
    eors r3, r1
    lsrs r3, #31
    lsls r3, #31 // the sign
    lsls r2, #23
    adds r2, r3

    // Each significand of 24 bits is 256 * high + low.
    movs r5, #128
    lsls r5, #8 // the hidden bit, in the high half
    uxtb r3, r0
    lsls r0, #8
    lsrs r0, #16
    orrs r0, r5
    uxtb r4, r1
    lsls r1, #8
    lsrs r1, #16
    orrs r1, r5
    movs r5, r3
    muls r5, r4 // low * low
    muls r4, r0
    muls r3, r1
    muls r0, r1 // high * high: 2^30 up to 2^32
    adds r3, r4
    lsrs r4, r5, #8
    adds r3, r4
    lsrs r4, r3, #8
    adds r0, r4 // the product's upper 32 bits
    orrs r3, r5
    lsls r3, #24 // what is below them
    beq 1f
    movs r3, #1
    orrs r0, r3
1:
    cmp r0, #0
    bmi .Labove
    adds r0, r0
    b .Lround

.Lslow_product:
    ldr r2, =__real___aeabi_fmul
    bx r2

.Labove:
    movs r3, #1
    lsls r3, #23
    adds r2, r3

.Lround:
    lsrs r3, r0, #8 // the carry is the first bit that is cut off
    bcc 1f
    adds r3, #1
    lsls r0, #25 // and these are the others
    bne 1f
    lsrs r3, #1 // halfway: to even
    lsls r3, #1
1:
    adds r0, r2, r3 // a significand that was rounded up to 2 raises the exponent
    pop {r4, r5}
    bx lr
.size __wrap___aeabi_fmul, . - __wrap___aeabi_fmul

.global __wrap___aeabi_fadd
.type __wrap___aeabi_fadd, %function
.thumb_func
.align 2
__wrap___aeabi_fadd:
    lsls r2, r0, #1
    lsls r3, r1, #1
    cmp r2, r3
    bhs 1f
    mov r12, r0 // the larger one first
    movs r0, r1
    mov r1, r12
    mov r12, r2
    movs r2, r3
    mov r3, r12
1:
    lsrs r2, #24 // exponents
    lsrs r3, #24
    beq .Lslow_sum
    subs r2, #33 // far enough from both ends for everything that can happen below
    cmp r2, #221
    bhs .Lslow_sum
    adds r2, #32
    subs r3, r2, r3
    adds r3, #1 // their distance
    cmp r3, #26
    bhs 2f // too far: the smaller one is less than a quarter of the last bit
    push {r4, r5}

    movs r4, r0
    eors r4, r1 // whether the signs differ
    lsrs r5, r0, #31
    lsls r5, #31 // the sign
    lsls r2, #23
    adds r2, r5
    movs r5, #1
    lsls r5, #31
    lsls r0, #8
    orrs r0, r5
    lsrs r0, #1 // the larger significand, from bit 30 down
    lsls r1, #8
    orrs r1, r5
    lsrs r1, #1
    movs r5, r1
    lsrs r1, r3 // the smaller one, where it belongs
    rsbs r3, r3, #0
    adds r3, #32
    lsls r5, r3 // what it lost
    beq 1f
    movs r5, #1
    orrs r1, r5
1:
    cmp r4, #0
    bmi 1f
    adds r0, r1
    bmi .Labove
    adds r0, r0
    b .Lround
1:
    subs r0, r1
    beq 3f
    adds r0, r0
    bmi .Lround
    movs r3, #1
    lsls r3, #23
1:
    subs r2, r3
    adds r0, r0
    bpl 1b
    b .Lround
2:
    bx lr
3:
    pop {r4, r5} // a difference of zero is +0
    bx lr

.Lslow_sum:
    ldr r2, =__real___aeabi_fadd
    bx r2
.size __wrap___aeabi_fadd, . - __wrap___aeabi_fadd

.pool
