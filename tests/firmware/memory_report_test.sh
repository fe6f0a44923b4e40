#!/bin/bash
# What the build of the firmware says about memory: sums by purpose, and clear words when something does not fit.
# Uses: firmware/port/pico/link.sh with small maps and a stand-in for the linker. Argument: the root of the sources.
root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0

# As GNU ld writes it: long section names have their numbers on the next line.
cat > sample.map <<'END'
Memory Configuration

FLASH            0x10000000         0x00200000         xr

Linker script and memory map

.boot2          0x10000000      0x100
 .boot2         0x10000000      0x100 boot2.S.o

.text           0x10000100     0x2000
 .text.main     0x10000100      0xf00 CMakeFiles/quotes.dir/main.c.o
 *fill*         0x10001000      0x100
 .text.a_function_with_a_long_name
                0x10001100     0x1000 CMakeFiles/quotes.dir/main.c.o
                0x10001100                a_function_with_a_long_name

.rodata         0x10002100   0x104000
 .rodata.names_model_w_hh
                0x10002100   0x100000 CMakeFiles/quotes.dir/build/quotes_models.c.o
 .rodata.glyphs 0x10102100     0x3000 CMakeFiles/quotes.dir/build/fonts.c.o
 .rodata.str1.4
                0x10105100     0x1000 CMakeFiles/quotes.dir/main.c.o

.data           0x20000000      0x300 load address 0x10106100
 .text.names_model_run
                0x20000000      0x200 CMakeFiles/quotes.dir/build/quotes_models.c.o
 .data.x        0x20000200      0x100 CMakeFiles/quotes.dir/main.c.o

.bss            0x20000300     0x5000
 .bss.appliance
                0x20000300     0x5000 CMakeFiles/quotes.dir/main.c.o

.stack_dummy    0x20040000     0x2000
 .stack         0x20040000     0x2000 crt0.S.o
END

# expect CODE FLASH RAM WORDS...: the report, with this much memory, and a linker that ends with LINKED.
expect()
{
    local code=$1 flash=$2 ram=$3 words
    shift 3
    sh "$root/firmware/port/pico/link.sh" image.uf2 quotes.map "$flash" "$ram" 8192 "$main_ram" "$stream" \
        sh -c "$linker" > out 2>&1
    local got=$?
    if ((got != code)); then
        echo "exit $got, expected $code, with: $linker"
        cat out
        failed=1
    fi
    for words in "$@"; do
        if ! tr -s ' ' < out | grep -qF -- "$words"; then
            echo "'$words' is not in:"
            cat out
            failed=1
        fi
    done
}

# Without weights that could be placed, the linker runs once.
main_ram=262144 stream=1000
: > weights.txt
linker='cp sample.map quotes.map'
expect 0 2097152 270336 \
    "image.uf2 code weights fonts state stack all free of" \
    " bytes of flash 13,312 1,048,576 12,288 0 0 1,074,176 1,022,976 2,097,152" \
    " bytes of RAM 512 0 0 20,736 8,192 29,440 240,896 270,336"
touch image.uf2
expect 1 1074175 270336 "image.uf2 does not fit into the flash: 1 bytes too many"
[[ ! -e image.uf2 ]] || { echo "the image of an earlier build is still there"; failed=1; }
expect 1 2097152 29439 "image.uf2 does not fit into the RAM: 1 bytes too many"
expect 0 1074176 29440

# The linker's own complaints about room are left out where the report has them, and all others pass.
linker='cp sample.map quotes.map; echo "ld: region FLASH overflowed by 9 bytes" >&2; echo "ld: odd" >&2; exit 1'
expect 1 1000000 270336 "does not fit into the flash" "ld: odd"
grep -q overflowed out && { echo "the linker's complaint is repeated"; failed=1; }
expect 1 2097152 270336 "ld: region FLASH overflowed by 9 bytes"
linker='echo "ld: undefined reference" >&2; exit 1'
expect 1 2097152 270336 "ld: undefined reference"

# Weights go where the first link has left room: 20,000 bytes, less 64 for alignment.
linker='cp sample.map quotes.map; echo "                0x2003b1e0                __end__ = ." >> quotes.map'
# placement WEIGHTS RAM FLASH BUFFERS WORDS...: what the memory map includes, and what the report says.
placement()
{
    echo "$1" | tr ' ' '\n' | tr ':' ' ' > weights.txt
    local weights=$1 included="$2|$3|. += $4;" got
    shift 4
    expect 0 2097152 270336 "$@"
    got="$(cat ram_weights.ld)|$(cat flash_weights.ld)|$(tail -n 1 stream_buffers.ld)"
    if [[ $got != "$included" ]]; then
        echo "$weights: the memory map has $got"
        failed=1
    fi
}
a='*(.weights.a)' b='*(.weights.b)' both=$'*(.weights.a)\n*(.weights.b)'
placement "19000:b 900:a" "$both" "" 0 "a: the weights are copied to RAM, where 19936 bytes are left for their 900" \
    "b: the weights are copied to RAM, where 19036 bytes are left for their 19000"
placement "19000:b 18900:a" "$a" "$b" 1000 "a: the weights are copied to RAM, where 18936 bytes are left for their 18900" \
    "b: the weights stream from the flash, because RAM has 36 bytes left for their 19000"
placement "19000:b 18937:a" "" "$both" 1000 \
    "a: the weights stream from the flash, because RAM has 18936 bytes left for their 18937"
stream=0
placement "19000:b 18937:a" "$a" "$b" 0 "b: the weights are read from the flash through its cache, because RAM has 999 bytes"
main_ram=0
placement "900:a" "" "$a" 0 "a: the weights are read from the flash"
exit $failed
