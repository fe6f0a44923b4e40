#!/bin/bash
# Builds the firmware's image with the Pico SDK and two tiny models, and lets firmware.test.js boot it in the emulator:
# every test with integer models on two processors, and some with one processor, with the other ways to read weights, and
# with float models. RAM for weights is made scarce, so that they stream as those of large models do. Then models of the sizes
# of the demo's are linked, with a filter and a lexicon, for each way to read weights: those of the names must have room.
# Skipped where the emulator, the compiler or the SDK is not installed; the folders `image*` keep the builds for the next
# time. Uses: cmake, ninja, arm-none-eabi-gcc, the Pico SDK, node. Arguments: the root of the sources, node (which may
# be missing), the programs with the models in integers and in float, the type, the program that writes UF2 files, the tool,
# random_model.
set -euo pipefail

root=$1 node=$2 integer=$3 float=$4 font_data=$5 uf2_writer=$6 quillet=$7 random_model=$8

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

# build NAME FORM OPTION...: the folder NAME, and NAME.uf2.
build()
{
    local name=$1 form=$2
    shift 2
    {
        cmake -S "$root/firmware/port/pico" -B "$name" -G Ninja -D CMAKE_BUILD_TYPE=Release -D PICO_SDK_PATH="$sdk" \
            -D QUOTES_BUILD=test -D QUOTES_BEST=1 -D QUOTES_MODELS_DIR="$PWD/$form" -D QUOTES_FONT_DATA="$font_data" \
            -D QUOTES_UF2_WRITER="$uf2_writer" -D QUOTES_UF2="$PWD/$name.uf2" "$@"
        cmake --build "$name"
    } > "$name.log" 2>&1 || {
        cat "$name.log" >&2
        exit 1
    }
    tail -n 4 "$name.log"
}

# boot NAME PROGRAM OPTION...: the tests, with options of node.
boot()
{
    local name=$1 program=$2
    shift 2
    QL_IMAGE=$PWD/$name.uf2 QL_SYMBOLS=$PWD/$name/quotes.elf QL_QUOTES=$program "$node" --test "$@" \
        "$root/tests/emulator/firmware.test.js"
}

build image integer -D QUOTES_WEIGHT_ROOM=5000
boot image "$integer"
some=(--test-name-pattern "ssd1683 shows" --test-name-pattern "the self-test passes" --test-name-pattern "statistics")
build image-xip integer -D QUOTES_WEIGHT_ROOM=5000 -D QUOTES_CORES=2 -D QUOTES_STREAM=XIP
boot image-xip "$integer" "${some[@]}"
build image-off integer -D QUOTES_WEIGHT_ROOM=5000 -D QUOTES_CORES=1 -D QUOTES_STREAM=OFF
boot image-off "$integer" "${some[@]}"
build image-float float
boot image-float "$float" "${some[@]}"

# The models of the demo: 587 pieces, 1 x 320 units; 57 characters, 2 x 128 units. Their texts do not matter.
mkdir -p sizes
cd sizes
"$random_model" lstm 587 64 320 1 1 1 quotes
"$random_model" lstm 57 64 128 2 1 2 names
printf 'damn\nhell\n' > listed
printf 'one\ntwo\n' > spelled
"$quillet" filter --words listed --output words.qlf > /dev/null
"$quillet" lexicon --words spelled --filter words.qlf --output words.qlx > /dev/null
"$quillet" compile quotes.json names.json --name quotes_model,names_model --quantize int8 --filter words.qlf \
    --lexicon words.qlx,off --output quotes_models.c --report > quotes_models.json
cd ..
for stream in XIP OFF ON; do
    build image-xip sizes -D QUOTES_WEIGHT_ROOM= -D QUOTES_STREAM=$stream
    grep "names_model: \([0-9]*\) of \1 bytes of weights are in RAM in its turn" image-xip.log > /dev/null || {
        echo "with QUOTES_STREAM=$stream the names are not whole in RAM" >&2
        exit 1
    }
done

# The size of the last of these images is recorded with the footprint of its parts.
tr -d ',' < image-xip.log | awk '/  bytes of flash/ { code = $4; constants = $5 + $6 } /  bytes of RAM/ {
    printf "%-12s %-14s %8d %9d %7d\n", "image", "cortex-m0plus", code, constants, $4 + $6 + $7 + $8 }' > image.footprint
bash "$root/tests/footprint/footprint.sh" "$root" image.footprint
