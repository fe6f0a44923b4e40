// Starts a program in the SRAM of an RP2040, where the emulator has put it, and lets it print.
// Breakpoint 0 ends the program, 3 prints the text in r0, 4 the number. Uses: chip.ld for the addresses.
#include "chip.h"

#include <stdint.h>

extern uint32_t stack_top[], bss_begin[], bss_end[];
int main(void);

__attribute__((noreturn)) static void reset_handler(void)
{
    for (uint32_t *word = bss_begin; word < bss_end; word++) {
        *word = 0;
    }
    main();
    for (;;) {
        __asm volatile("bkpt #0");
    }
}

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack_top;
    void (*reset)(void);
} vectors = {stack_top, reset_handler};

void chip_print(const char *text)
{
    register const char *r0 __asm__("r0") = text;

    __asm volatile("bkpt #3" : : "r"(r0) : "memory");
}

void chip_print_number(int32_t number)
{
    register int32_t r0 __asm__("r0") = number;

    __asm volatile("bkpt #4" : : "r"(r0) : "memory");
}
