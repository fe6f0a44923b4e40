// What a program that measures itself in the emulator can say to it.
// Uses: stdint.h.
#ifndef CHIP_H
#define CHIP_H

#include <stdint.h>

// Between the two, cycles are counted; `end` prints them.
#define CHIP_BEGIN() __asm volatile("bkpt #1" ::: "memory")
#define CHIP_END() __asm volatile("bkpt #2" ::: "memory")

void chip_print(const char *text);
void chip_print_number(int32_t number);

#endif
