# What the tests on Arm's small processors in QEMU share: a folder to work in, and how a program is built and run. Exit 77
# without the tools. A script reads it with the root of the sources in `root`.
# Uses: arm-none-eabi-gcc with newlib, qemu-system-arm, arm_start.c, arm_machine.ld.

warnings='-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror'
if ! command -v arm-none-eabi-gcc > /dev/null || ! command -v qemu-system-arm > /dev/null; then
    echo "arm-none-eabi-gcc or qemu-system-arm is missing (Debian: gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm)"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
status=0

# emulate MACHINE FLASH RAM DRIVER FLAG...: builds model.c with a driver of tests/codegen and runs it into `printed`.
emulate()
{
    machine=$1
    flash=$2
    ram=$3
    driver=$4
    shift 4
    # The driver prints, and newlib's headers are not made for -Wpedantic; the generated source alone has the warnings.
    # shellcheck disable=SC2086
    arm-none-eabi-gcc -std=c11 -mthumb "$@" $warnings -c model.c -o model.o
    arm-none-eabi-gcc -std=c11 -mthumb "$@" -D MODEL=model -D 'HEADER="model.h"' -I . model.o \
        "$root/tests/codegen/$driver" "$root/tests/codegen/arm_start.c" -nostartfiles --specs=rdimon.specs \
        -Wl,--defsym=flash_origin="$flash",--defsym=ram_origin="$ram" -T "$root/tests/codegen/arm_machine.ld" \
        -Wl,--no-warn-rwx-segments -o program.elf
    if ! timeout 100 qemu-system-arm -machine "$machine" -nographic -monitor none -serial none \
        -semihosting-config enable=on,target=native -kernel program.elf > printed < /dev/null; then
        echo "$machine $*: the program fails"
        status=1
    fi
}
