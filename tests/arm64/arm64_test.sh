#!/bin/bash
# Compiles the trainer and the kernels of device/ for 64-bit ARM, runs them in an emulator, and compares every bit with
# those of x86-64: tests/golden/trainings.txt, trainings_short.txt and device_bits.txt. It runs all short trainings and
# some whole ones with NEON, and some short ones in plain C and less optimized, because an emulated multiply-add takes a
# hundred times as long. Exit 77 without the tools. Checkpoints are not read or written here: they only copy bits, and
# their libraries are not available for ARM.
# Uses: aarch64-linux-gnu-gcc, qemu-aarch64 (tools/bootstrap arm64), sha256sum. Argument: the root of the sources.
set -euo pipefail

cd "$1"
for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
    if ! command -v $tool > /dev/null; then
        echo "$tool is missing: tools/bootstrap arm64"
        exit 77
    fi
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

# compile OUTPUT LEVEL FILE...: the flags of cmake/QlCompiler.cmake. A static program needs no libraries in the emulator.
compile()
{
    local output=$1 level=$2
    shift 2
    aarch64-linux-gnu-gcc -std=c11 -D_XOPEN_SOURCE=700 -D_DEFAULT_SOURCE "$level" -ffp-contract=off -fno-tree-slp-vectorize \
        -fno-math-errno -fno-trapping-math -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -static \
        -ffunction-sections -Wl,--gc-sections -Isrc -I. -o "$output" "$@" -lm -lpthread
}

# check_trainings PROGRAM FORM LENGTH [NAME...]: runs these trainings, or all, with the form; LENGTH is short or whole.
check_trainings()
{
    local program=$1 form=$2 length=$3 golden=$work/golden folder=$work/results committed=tests/golden/trainings.txt option=()
    shift 3
    if [ $length = short ]; then
        committed=tests/golden/trainings_short.txt
        option=(--short)
    fi
    rm -rf "$folder"
    mkdir "$folder"
    if [ $# = 0 ]; then
        cp $committed "$golden"
    else
        grep -E "  ($(IFS='|'; echo "$*"))\$" $committed > "$golden"
        [ "$(wc -l < "$golden")" = $# ]
    fi
    if ! QUILLET_VECTORS=$form qemu-aarch64 "$program" "${option[@]}" "$folder" 2 "$@" ||
        ! (cd "$folder" && sha256sum --quiet --check "$golden"); then
        echo "trainings end with other bits on arm64: ${program##*/}, $form, $length"
        status=1
    else
        echo "$(wc -l < "$golden") trainings: ${program##*/}, $form, $length"
    fi
}

for level in -O0 -O1 -O3; do
    compile "$work/bits$level" $level tests/device/device_bits.c src/base/cosine.c
    qemu-aarch64 "$work/bits$level" > "$work/printed"
    if ! diff tests/golden/device_bits.txt "$work/printed"; then
        echo "device_bits$level prints other bits on arm64"
        status=1
    fi
done

# A training does not use single steps (stepper.c).
mapfile -t sources < <(find src/base src/product src/model src/train src/corpus/token_text.c -name '*.c' \
    ! -name system_posix.c ! -name stepper.c)
for level in -O3 -O1; do
    compile "$work/trainings$level" $level tests/train/golden_trainings.c "${sources[@]}"
done
check_trainings "$work/trainings-O3" neon short
check_trainings "$work/trainings-O3" neon whole gru_odd_sizes rnn_int8
check_trainings "$work/trainings-O1" neon short gru_odd_sizes lstm_stream_dropout rnn_int8 transformer_odd_sizes
check_trainings "$work/trainings-O3" plain short gru_odd_sizes rnn_one_unit
exit $status
