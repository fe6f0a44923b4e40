#!/bin/bash
# The firmware with two decoders in integers, of pieces and of characters: the emulated board writes the pages of the
# program for the host, and its self-test passes. Skipped where the emulator, the compiler or the SDK is not installed;
# the folder `decoder` keeps the build for the next time.
# Uses: cmake, ninja, arm-none-eabi-gcc, the Pico SDK, the tool. Arguments: the root of the sources, the build folder, the
# compiler for the host.
set -euo pipefail

root=$1 build=$2 cc=$3
quillet=$build/quillet
seed=5

skip()
{
    echo "$1 is missing: tools/bootstrap pico" >&2
    exit 77
}
[[ -e $root/emulator/node_modules/rp2040js ]] || skip "the emulator"
command -v arm-none-eabi-gcc > /dev/null || skip "arm-none-eabi-gcc"
command -v ninja > /dev/null || skip "ninja"
for sdk in "${PICO_SDK_PATH:-/usr/src/pico-sdk}" "$root/third_party/pico/pico-sdk" ""; do
    [[ ! -e $sdk/pico_sdk_init.cmake ]] || break
done
[[ -n $sdk ]] || skip "the Pico SDK"

# quietly COMMAND...: what it prints is shown when it fails.
quietly()
{
    "$@" > log 2>&1 || {
        cat log >&2
        exit 1
    }
}

mkdir -p decoder
cd decoder
bash "$root/tests/emulator/make_models.sh" "$quillet" decoder
quietly cmake -S "$root/firmware/port/pico" -B image -G Ninja -D CMAKE_BUILD_TYPE=Release -D PICO_SDK_PATH="$sdk" \
    -D QUOTES_BUILD=test -D QUOTES_BEST=2 -D QUOTES_MODELS_DIR="$PWD/decoder" \
    -D QUOTES_FONT_DATA="$build/firmware/font_data.c" -D QUOTES_UF2_WRITER="$build/firmware/uf2_writer" \
    -D QUOTES_UF2="$PWD/quotes.uf2"
quietly cmake --build image
tail -n 5 log

# What the build says of the caches is what the report says, and what the models' sizes make of it.
cache=$((2 * 2 * 24 * 16 + 2 * 20 * 16))
grep -qE "bytes of RAM .* $(sed 's/\(.*\)\(...\)/\1,\2/' <<< $cache) " log

# The lines of a page of the seed, without times.
page()
{
    tr -d '\r' | awk -v seed="= seed $seed" '$0 == seed { on = 1 } on && !/^= [a-z]+ filter / { print }
        on && /^= page done/ { exit }' | sed -E 's/^(= mark end [0-9]+) .*/\1/; s/^(= page begin).*/\1/'
}

# shellcheck disable=SC2046
quietly "$cc" -std=c11 -D_XOPEN_SOURCE=700 -O1 -ffp-contract=off -I "$root" -I "$root/firmware" \
    -I "$root/firmware/app" -I decoder -o quotes "$root"/firmware/port/host/*.c "$root/firmware/app/compiled_models.c" \
    decoder/quotes_models.c "$build"/firmware/libql_{app,panel,layout}.a $(pkg-config --cflags --libs libpng) -lm
./quotes --console --best 2 --seed $seed --count 1 < /dev/null | page > host.txt
"$quillet" emulate quotes.uf2 --elf image/quotes.elf --send "seed $seed" --until "= page done" --after selftest \
    --after stats --quiet < /dev/null > device.out
page < device.out > device.txt
grep -q '^= page done' device.txt
cmp host.txt device.txt
grep -q '^= selftest pass' device.out
used=$(sed -nE 's/^= stats .* second_stack_bytes ([0-9]+) .*/\1/p' device.out)
echo "the second processor used $used of the 2816 bytes of its stack"
((used > 0 && used < 2816))
