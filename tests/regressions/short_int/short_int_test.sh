#!/bin/bash
# Generated C was compiled for processors whose int has 16 bits, where its sums overflow, without a word. Guards: a float
# and an integer model are errors of the compiler there, and are none where int has 32 bits.
# Uses: expect.sh, clang, which knows such processors without their libraries. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

if ! command -v clang > /dev/null; then
    echo "clang is missing (Debian: clang)"
    exit 77
fi
numbers 200 > names.txt
expect_exit 0 train "${tiny[@]}" --input names.txt --rnn_size 24 --max_epochs 1 --run_name r
expect_exit 0 export --init_from checkpoints/r/checkpoint.1.safetensors --export_file m.onnx --quiet
cat > string.h <<'END_OF_HEADER'
#include <stddef.h>
void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
END_OF_HEADER

for format in off int8; do
    expect_exit 0 compile m.onnx --output m.c --quantize $format
    for target in avr msp430 riscv32; do
        command="clang --target=$target m.c, in the format $format"
        if clang --target=$target -ffreestanding -I . -std=c11 -w -fsyntax-only m.c 2> err; then
            [[ $target == riscv32 ]] || fail "is compiled"
        elif [[ $target == riscv32 ]] || ! grep -q 'int_size_check' err; then
            fail "has another error: $(head -1 err)"
        fi
    done
done

finish
