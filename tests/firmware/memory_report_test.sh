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
    sh "$root/firmware/port/pico/link.sh" image.uf2 quotes.map "$flash" "$ram" 8192 "$stream" "$buffers" 2 \
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

# Without weights that could be placed.
stream=2 buffers=5760
: > matrices.txt
: > models.txt
linker='cp sample.map quotes.map'
expect 0 2097152 270336 \
    "image.uf2 code weights fonts state cache stack all free of" \
    " bytes of flash 13,312 1,048,576 12,288 0 0 0 1,074,176 1,022,976 2,097,152" \
    " bytes of RAM 512 0 0 20,736 0 8,192 29,440 240,896 270,336"
touch image.uf2
expect 1 1074175 270336 "image.uf2 does not fit into the flash: 1 bytes too many"
[[ ! -e image.uf2 ]] || { echo "the image of an earlier build is still there"; failed=1; }
expect 1 2097152 29439 "image.uf2 does not fit into the RAM: 1 bytes too many"
expect 0 1074176 29440

# What would make it fit: int4, or a shorter cache, in whole entries of 100 bytes.
echo "names_model piece 1000 int8 12800 128 500000" > models.txt
expect 0 2097152 270336 " bytes of RAM 512 0 0 7,936 12,800 8,192 29,440"
expect 1 600000 270336 "474,176 bytes too many. Take smaller models. QUOTES_QUANTIZE=int4 takes 500,000 bytes less: it fits."
expect 1 500000 270336 "574,176 bytes too many. Take smaller models. QUOTES_QUANTIZE=int4 takes 500,000 bytes less."
expect 1 2097152 29240 "200 bytes too many. Take smaller models. The keys and values of names_model take 12,800 bytes: a \
--context-length of at most 126 in place of 128 fits, or fewer --num-kv-heads."
expect 1 2097152 29239 "a --context-length of at most 125 in place of 128 fits"
expect 1 2097152 16639 "12,801 bytes too many. Take smaller models." \
    "with fewer --num-kv-heads or a shorter --context-length they take less."
echo "names_model character 1000 float 0 0 0" > models.txt
expect 1 600000 270336 "Each weight of a float model takes 4 bytes; QUOTES_QUANTIZE=int8 takes 1."
: > models.txt

# The linker's own complaints about room are left out where the report has them, and all others pass.
linker='cp sample.map quotes.map; echo "ld: region FLASH overflowed by 9 bytes" >&2; echo "ld: odd" >&2; exit 1'
expect 1 1000000 270336 "does not fit into the flash" "ld: odd"
grep -q overflowed out && { echo "the linker's complaint is repeated"; failed=1; }
expect 1 2097152 270336 "ld: region FLASH overflowed by 9 bytes"
linker='echo "ld: undefined reference" >&2; exit 1'
expect 1 2097152 270336 "ld: undefined reference"

# Weights go where there is room: 20,000 bytes, less those of b's rows. Matrices of 24 x 32 take two blocks of 384 bytes in
# int8.
linker='cp sample.map quotes.map; { echo "                0x2003b1e0                __end__ = ."
    echo "                0x2003b1e0                rows_end_a = ."
    echo "                0x2003b3e0                rows_end_b = ."
    echo "                0x20040000                __HeapLimit = ."; } >> quotes.map'
# placement MATRICES WORDS...: what the report says.
placement()
{
    echo "$1" | tr ' ' '\n' | tr ':' ' ' > matrices.txt
    shift
    expect "$code" 2097152 270336 "$@"
}
code=0
printf 'a character 1249000 int8 0 0 0\nb piece 1000000 int8 800 8 0\n' > models.txt
buffers=4000 placement "a:s8:24:32:768 b:s8:1200:16:19200" \
    "a: 768 of 768 bytes of weights are in RAM in its turn; about 2930 characters a second" \
    "b: 19200 of 19200 bytes of weights are in RAM in its turn; about 120 pieces a second" " bytes of RAM 512 19,712 0 19,936 800"
buffers=4000 placement "b:s8:1224:16:19584" \
    "b: 15360 of 19584 bytes of weights are in RAM in its turn, the others stream" " bytes of RAM 512 19,872 0 19,936 800"
# The frame takes more than these weights.
placement "a:s8:24:32:768" " bytes of RAM 512 15,000 0 19,936 800"
# 20,000 less the buffers are 16,000 of 28,800 bytes, 10,666 of the first 19,200: 55 blocks of 192; what that leaves is not
# enough for a block of 4,800, but is for another matrix.
buffers=4000
placement "a:s8:1200:16:19200 a:s8:12:400:4800 a:s8:300:16:4800" \
    "a: 15360 of 28800 bytes of weights are in RAM in its turn, the others stream from the flash; about" \
    " bytes of RAM 512 19,360 0 19,936 800"
stream=0 buffers=0
placement "a:s8:2400:16:38400" "a: 19968 of 38400 bytes of weights are in RAM in its turn, the others are read from the flash"
stream=2 buffers=20001 code=1
placement "a:s8:2400:16:38400" "the stream of a and the picture need 35001 bytes of RAM, and 20000 are left"
# All weights have room, but not beside the picture, where a self-test has its state: then they stream, which needs buffers.
buffers=4489 placement "b:s8:1200:16:19200" "the stream of b and the picture need 19489 bytes of RAM, and 19488 are left"
buffers=4488 code=0 placement "b:s8:1200:16:19200" "b: 19200 of 19200 bytes of weights are in RAM in its turn;"
buffers=4489 code=0 placement "b:s8:280:16:4480" "b: 4480 of 4480 bytes of weights are in RAM in its turn;"
exit $failed
