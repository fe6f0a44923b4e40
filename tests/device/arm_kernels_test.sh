#!/bin/sh
# The integer products for Arm's small processors, from gcc and clang at every optimization level, in QEMU: each must
# give the sums over the original weights. Exit 77 without the tools.
# Uses: arm-none-eabi-gcc with newlib, clang, qemu-system-arm. Argument: the root of the sources.
set -eu

root=$1
warnings='-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror'
if ! command -v arm-none-eabi-gcc > /dev/null || ! command -v qemu-system-arm > /dev/null; then
    echo "arm-none-eabi-gcc or qemu-system-arm is missing (Debian: gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm)"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
headers=$(arm-none-eabi-gcc -print-sysroot)/include
[ -d "$headers" ] || headers=/usr/include/newlib
status=0

# run MACHINE FLASH RAM CPU COMPILER...: builds the check for a processor and lets it run.
run()
{
    machine=$1
    flash=$2
    ram=$3
    cpu=$4
    shift 4
    "$@" -std=c11 -mthumb -mcpu="$cpu" $warnings -I "$root" -c "$root/tests/device/arm_kernels.c" -o "$work/kernels.o"
    arm-none-eabi-gcc -mthumb -mcpu="$cpu" "$work/kernels.o" "$root/tests/codegen/arm_start.c" -nostartfiles \
        --specs=rdimon.specs -Wl,--defsym=flash_origin="$flash",--defsym=ram_origin="$ram" \
        -T "$root/tests/codegen/arm_machine.ld" -Wl,--no-warn-rwx-segments,--no-warn-mismatch -Wl,-z,noexecstack -o "$work/program.elf"
    if ! timeout 60 qemu-system-arm -machine "$machine" -nographic -monitor none -serial none \
        -semihosting-config enable=on,target=native -kernel "$work/program.elf" > "$work/printed" < /dev/null ||
        [ "$(cat "$work/printed")" != equal ]; then
        echo "$cpu, $*: $(head -3 "$work/printed")"
        status=1
    fi
}

# With one table of multipliers each part of a wide matrix makes it anew; with two, the first part makes that of the first
# panel for all. One level of optimization takes the one, the next the other.
panels=2
for level in 0 1 2 3 s; do
    panels=$((3 - panels))
    # A Cortex-M3 runs everything that a Cortex-M0+ does.
    run mps2-an385 0 0x20000000 cortex-m0plus arm-none-eabi-gcc -O$level
    run mps2-an385 0 0x20000000 cortex-m0plus arm-none-eabi-gcc -O$level -DQL_WEIGHT_SOURCE -DQL_M0_PANELS=$panels
    run mps2-an505 0x10000000 0x38000000 cortex-m33 arm-none-eabi-gcc -O$level
    run mps2-an505 0x10000000 0x38000000 cortex-m33 arm-none-eabi-gcc -O$level -DQL_WEIGHT_SOURCE
    if command -v clang > /dev/null; then
        run mps2-an385 0 0x20000000 cortex-m0plus clang --target=arm-none-eabi -isystem "$headers" -O$level
        run mps2-an505 0x10000000 0x38000000 cortex-m33 clang --target=arm-none-eabi -isystem "$headers" -O$level \
            -mfloat-abi=soft
    fi
done
exit $status
