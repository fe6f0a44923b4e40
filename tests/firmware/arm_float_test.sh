#!/bin/sh
# The board's own product and sum of floats against the compiler's, and its own memcpy and memset, in QEMU. Exit 77 without
# the tools.
# Uses: arm-none-eabi-gcc with newlib, qemu-system-arm. Argument: the root of the sources.
set -eu
root=$1
if ! command -v arm-none-eabi-gcc > /dev/null || ! command -v qemu-system-arm > /dev/null; then
    echo "arm-none-eabi-gcc or qemu-system-arm is missing: run tools/bootstrap arm"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# run SOURCE OPTION...: builds a driver and lets it run.
run()
{
    arm-none-eabi-gcc -std=c11 -mthumb -mcpu=cortex-m0plus -O2 "$@" "$root/tests/codegen/arm_start.c" -nostartfiles \
        --specs=rdimon.specs -Wl,--defsym=flash_origin=0,--defsym=ram_origin=0x20000000 \
        -T "$root/tests/codegen/arm_machine.ld" -Wl,--no-warn-rwx-segments -o "$work/program.elf"
    timeout 100 qemu-system-arm -machine mps2-an385 -nographic -monitor none -serial none \
        -semihosting-config enable=on,target=native -kernel "$work/program.elf" < /dev/null
}

run "$root/tests/firmware/arm_float_driver.c" "$root/firmware/port/pico/float.S" \
    -Wl,--wrap=__aeabi_fmul,--wrap=__aeabi_fadd
arm-none-eabi-gcc -mcpu=cortex-m0plus -Dmemcpy=board_memcpy -Dmemset=board_memset -c "$root/firmware/port/pico/memory.S" \
    -o "$work/memory.o"
run "$root/tests/firmware/arm_memory_driver.c" "$work/memory.o"
