#!/bin/bash
# Builds the firmware's image with the Pico SDK and two tiny models, and lets firmware.test.js boot it in the emulator.
# Skipped where the emulator, the compiler or the SDK is not installed; the folder `image` keeps the build for the next
# time. Uses: cmake, ninja, arm-none-eabi-gcc, the Pico SDK, node. Arguments: the root of the sources, node (which may
# be missing), the folder of the models in C, the program with them, the type, the program that writes UF2 files.
set -euo pipefail

root=$1 node=$2 models=$3 quotes=$4 font_data=$5 uf2_writer=$6

skip()
{
    echo "$1 is not installed: tools/bootstrap pico" >&2
    exit 77
}
[[ -n $node && -e $root/emulator/node_modules/rp2040js ]] || skip "the emulator"
command -v arm-none-eabi-gcc > /dev/null || skip "arm-none-eabi-gcc"
command -v ninja > /dev/null || skip "ninja"
for sdk in "${PICO_SDK_PATH:-/usr/src/pico-sdk}" "$root/third_party/pico/pico-sdk" ""; do
    [[ ! -e $sdk/pico_sdk_init.cmake ]] || break
done
[[ -n $sdk ]] || skip "the Pico SDK"

{
    cmake -S "$root/firmware/port/pico" -B image -G Ninja -D CMAKE_BUILD_TYPE=Release -D PICO_SDK_PATH="$sdk" \
        -D QUOTES_BUILD=test -D QUOTES_BEST=1 -D QUOTES_MODELS_DIR="$models" -D QUOTES_FONT_DATA="$font_data" \
        -D QUOTES_UF2_WRITER="$uf2_writer" -D QUOTES_UF2="$PWD/quotes.uf2"
    cmake --build image
} > image.log 2>&1 || {
    cat image.log >&2
    exit 1
}
tail -n 4 image.log
QL_IMAGE=$PWD/quotes.uf2 QL_SYMBOLS=$PWD/image/quotes.elf QL_QUOTES=$quotes \
    exec "$node" --test "$root/tests/emulator/firmware.test.js"
