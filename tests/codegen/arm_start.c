// Starts a program on an Arm Cortex-M machine of QEMU: vector table, memory, floating point, semihosting, main.
// Uses: newlib's librdimon for the semihosting, arm_machine.ld for the addresses.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

extern uint32_t data_load[], data_begin[], data_end[], bss_begin[], bss_end[], stack_top[];
void initialise_monitor_handles(void);
int main(int argc, char **argv);
void reset_handler(void);

static void fault_handler(void)
{
    _Exit(100);
}

void reset_handler(void)
{
#if defined(__ARM_FP)
    *(volatile uint32_t *)0xe000ed88u |= 0xfu << 20; // CPACR: full access to the floating-point unit
    __asm volatile("dsb\n isb");
#endif
    memcpy(data_begin, data_load, (size_t)((char *)data_end - (char *)data_begin));
    memset(bss_begin, 0, (size_t)((char *)bss_end - (char *)bss_begin));
    initialise_monitor_handles();
    exit(main(0, NULL));
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    stack_top,     (void *)reset_handler, (void *)fault_handler, (void *)fault_handler,
    fault_handler, (void *)fault_handler, (void *)fault_handler,
};

void _init(void);
void _init(void)
{
}

void _fini(void);
void _fini(void)
{
}
