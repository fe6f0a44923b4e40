#!/bin/sh
# Compiles models for Arm's small processors and runs them in QEMU: the tokens and logits must be those of the engine,
# bit for bit, with emulated float and with a floating-point unit. Exit 77 without the tools.
# Uses: arm_machine.sh. Arguments: sources, random_model, engine_text, quillet.
set -eu

root=$1
random_model=$2
engine_text=$3
quillet=$4
# shellcheck source-path=SCRIPTDIR source=arm_machine.sh
. "$root/tests/codegen/arm_machine.sh"

# model RANDOM_MODEL_ARGUMENT... [-- QUILLET_OPTION...]: makes model.c, and lets `run` forget what the last model writes.
model()
{
    arguments=
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        arguments="$arguments $1"
        shift
    done
    [ $# -eq 0 ] || shift
    # shellcheck disable=SC2086
    "$random_model" $arguments
    "$quillet" compile --model model.json --output model.c "$@"
    rm -f expected.* is_cpp
}

# run MACHINE FLASH RAM STEPS FLAG...: compares what model.c writes on a processor. As C++, of which nothing is run, it is
# compiled once, with the first flags that optimize.
format=
run()
{
    machine=$1
    flash=$2
    ram=$3
    steps=$4
    shift 4
    # shellcheck disable=SC2086
    [ -e "expected.$steps" ] || "$engine_text" model.json "$steps" $format > "expected.$steps"
    if [ ! -e is_cpp ] && [ "$1" != -O0 ] && command -v arm-none-eabi-g++ > /dev/null; then
        touch is_cpp
        if ! arm-none-eabi-g++ -x c++ -std=c++11 -fsyntax-only -mthumb "$@" $warnings model.c; then
            echo "$*: does not compile as C++"
            status=1
        fi
    fi
    emulate "$machine" "$flash" "$ram" text_driver.c "$@" -D "STEPS=$steps"
    if ! cmp -s printed "expected.$steps"; then
        echo "$machine $* writes something else: $(diff printed "expected.$steps" | head -2)"
        status=1
    fi
}

for cell in lstm gru rnn; do
    model $cell 65 21 30 2 1 1 model
    run mps2-an385 0 0x20000000 100 -O2 -mcpu=cortex-m0plus
    run mps2-an385 0 0x20000000 100 -Os -mcpu=cortex-m3
    run mps2-an505 0x10000000 0x38000000 300 -O3 -mcpu=cortex-m33 -mfloat-abi=hard -mfpu=fpv5-sp-d16
done
# The same in integers.
for cell in lstm gru rnn; do
    for format in int8 int4; do
        model $cell 65 21 30 2 1 1 model -- --quantize $format
        run mps2-an385 0 0x20000000 100 -O0 -mcpu=cortex-m0plus
        run mps2-an385 0 0x20000000 100 -O2 -mcpu=cortex-m0plus
        run mps2-an385 0 0x20000000 100 -Os -mcpu=cortex-m3
        run mps2-an505 0x10000000 0x38000000 300 -O3 -mcpu=cortex-m33
    done
done
for format in int8 int4; do
    model transformer 40 24 24 2 1 4 model 4 2 35 20 -- --quantize $format
    run mps2-an385 0 0x20000000 100 -O2 -mcpu=cortex-m0plus
    run mps2-an385 0 0x20000000 100 -Os -mcpu=cortex-m3
    run mps2-an505 0x10000000 0x38000000 300 -O3 -mcpu=cortex-m33
done
# The smallest table of multipliers, for one segment; a smaller one is refused.
for format in int8 int4; do
    model lstm 65 21 70 2 1 1 model -- --quantize $format
    run mps2-an385 0 0x20000000 100 -O2 -mcpu=cortex-m0plus -D QL_M0_TABLE_WORDS=42
    if arm-none-eabi-gcc -std=c11 -mthumb -mcpu=cortex-m0plus -O2 -D QL_M0_TABLE_WORDS=41 -c model.c -o model.o 2> refused; then
        echo "$format: a table without room for one segment is compiled"
        status=1
    elif ! grep -q ql_m0_table_size_check refused; then
        echo "$format: a table without room for one segment has another error: $(head -1 refused)"
        status=1
    fi
done
# Processors that have some DSP instructions, but not those of the kernels, and one in a mode that cannot use them.
compiles()
{
    # shellcheck disable=SC2086
    if ! "$@" -std=c11 -O2 $warnings -c model.c -o model.o; then
        echo "$format: $* does not compile it"
        status=1
    fi
}
for format in int8 int4; do
    model lstm 65 21 30 2 1 1 model -- --quantize $format
    compiles arm-none-eabi-gcc -march=armv5te -marm
    compiles arm-none-eabi-gcc -mcpu=arm1136j-s -marm
    compiles arm-none-eabi-gcc -mcpu=arm1136j-s -mthumb
    if command -v clang > /dev/null; then
        headers=$(arm-none-eabi-gcc -print-sysroot)/include
        [ -d "$headers" ] || headers=/usr/include/newlib
        compiles clang --target=arm-none-eabi -isystem "$headers" -mcpu=arm1136j-s -mthumb
    fi
done
format=
# A names model of full size.
model lstm 65 84 128 2 1 1 model
run mps2-an385 0 0x20000000 100 -O2 -mcpu=cortex-m0plus
run mps2-an505 0x10000000 0x38000000 300 -O2 -mcpu=cortex-m33 -mfloat-abi=hard -mfpu=fpv5-sp-d16
exit $status
