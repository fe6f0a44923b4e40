# Projects of others with the installed Quillet: find_package, pkg-config, and the examples as they are installed: a program
# for this machine, a firmware with the Pico SDK, and the frame's firmware with two models; the images in the emulator.
# Uses: run_installed.sh, cmake, pkg-config, gcc; what builds for the Pico and Node, where they are there.
# shellcheck shell=bash

fail()
{
    echo "FAILED: $*"
    cat log
    exit 1
}

# build FOLDER OPTION...: configures and builds the example.
build()
{
    local folder=$1
    shift
    { cmake -S "$folder" -B "$folder/build" -G Ninja -D CMAKE_PREFIX_PATH="$PREFIX" "$@" &&
        cmake --build "$folder/build"; } > log 2>&1 || fail "$folder does not build"
}

cp -r "$PREFIX/share/doc/quillet/examples" examples
words=(zero one two three four five six seven eight nine)
for ((i = 0; i < 600; i++)); do
    n=$((i * 7919 % 1000))
    echo "${words[n / 100]} ${words[n / 10 % 10]}, ${words[n % 10]}." >> quotes.txt
    first=${words[n / 100]} last=${words[n % 100 / 10]}
    echo "${first^} ${last^}-${words[n % 10]^}" >> names.txt
done
for kind in quotes names; do
    quillet train --input $kind.txt --sequences items --embedding-size 8 --rnn-size 24 --num-layers 1 --max-epochs 6 \
        --learning-rate 0.02 --generate 0 --seed 1 --threads 1 --run-name $kind --quiet > /dev/null
    quillet export --init-from checkpoints/$kind/checkpoint.6.safetensors --export-file $kind.onnx --temperature 0.9 --quiet
done
filter=default
[[ -e $PREFIX/share/quillet/english.qlf ]] || filter=off

# A program of this machine. It has the text of the tool, and follows its model.
build examples/cmake -D MODEL="$PWD/names.json" -D FILTER=$filter
examples/cmake/build/invented_names 1 > names.host
[[ $(wc -l < names.host) == 10 ]] || fail "not ten names"
guard=()
[[ $filter == off ]] || guard=(--filter "$PREFIX/share/quillet/english.qlf")
quillet evaluate --model names.json --quantize int8 --seed 1 --length "$(wc -m < names.host)" "${guard[@]}" > names.tool
head -10 names.tool | cmp - names.host || fail "the program does not write what the tool writes"
quillet export --init-from checkpoints/names/checkpoint.6.safetensors --export-file names.onnx --temperature 0.1 --quiet
cmake --build examples/cmake/build > log 2>&1 || fail "the program of a new model does not build"
examples/cmake/build/invented_names 1 > names.bold
! cmp -s names.host names.bold || fail "the program has the model of the first build"
quillet export --init-from checkpoints/names/checkpoint.6.safetensors --export-file names.onnx --temperature 0.9 --quiet

# Invalid uses are reported.
refuse()
{
    if cmake -S examples/cmake -B refused -G Ninja -D CMAKE_PREFIX_PATH="$PREFIX" "${@:2}" > log 2>&1; then
        fail "this is accepted: ${*:2}"
    fi
    tr -s ' \n' ' ' < log | grep -qF -- "$1" || fail "'$1' is not said"
}
refuse "absent.json is not there" -D MODEL=absent.json -D FILTER=off
echo '{}' > empty.json
refuse "has no \"filename\"" -D MODEL="$PWD/empty.json" -D FILTER=off

# A header of device/ by pkg-config.
cat > kernel.c <<'END_OF_C'
#include "device/random.h"
#include <stdio.h>
int main(void)
{
    return puts("ok") < 0;
}
END_OF_C
if command -v pkg-config > /dev/null; then
    export PKG_CONFIG_PATH=$PREFIX/share/pkgconfig
    # shellcheck disable=SC2046
    gcc -std=c11 -Wall -Wextra -Werror kernel.c $(pkg-config --cflags quillet) -o kernel 2> log || fail "pkg-config"
    [[ $(pkg-config --modversion quillet) == "$(quillet --version | sed 's/quillet //; s/+.*//')" ]] || fail "version"
    "$(pkg-config --variable=program quillet)" --version > log || fail "pkg-config does not find the tool"
fi

# Firmware.
if [[ -z ${PICO_SDK_PATH:-} ]] || ! command -v arm-none-eabi-gcc ninja > /dev/null; then
    echo "note: no Pico SDK or no compiler for it: the firmware is left out"
    exit 0
fi
build examples/pico -D MODEL="$PWD/names.json" -D FILTER=$filter
# The names are Polish, in pieces: their letters are in the type of the panel.
sed 's/e/ł/g; s/S/Ś/g' names.txt > polish.txt
quillet train --input polish.txt --sequences items --pieces 20 --embedding-size 8 --rnn-size 24 --num-layers 1 --max-epochs 6 \
    --learning-rate 0.02 --generate 0 --seed 1 --threads 1 --run-name polish --quiet > /dev/null
quillet export --init-from checkpoints/polish/checkpoint.6.safetensors --export-file polish.onnx --temperature 0.9 --quiet
build examples/frame_firmware -D QUOTES="$PWD/quotes.json" -D NAMES="$PWD/polish.json" -D FILTER=$filter
if [[ -e /usr/share/fonts/opentype/ebgaramond/EBGaramond12-Regular.otf ]]; then
    for letter in $((0x142)) $((0x15a)); do
        grep -q "ql_font_symbols.*,$letter," examples/frame_firmware/build/quillet/my_frame/font_data.c ||
            fail "the panel's type lacks letter $letter of the pieces"
    done
fi
# A setting that the firmware does not know is refused when the project is configured.
mkdir refused_frame
sed 's/QUOTES_PANEL=ssd1683/QUOTES_STREAM=off/' examples/frame_firmware/CMakeLists.txt > refused_frame/CMakeLists.txt
! cmake -S refused_frame -B refused_frame/build -G Ninja -D CMAKE_PREFIX_PATH="$PREFIX" -D QUOTES="$PWD/quotes.json" \
    -D NAMES="$PWD/names.json" -D FILTER=$filter > log 2>&1 || fail "QUOTES_STREAM=off is accepted"
grep -q 'QUOTES_STREAM is off' log || fail "QUOTES_STREAM=off is not named"
if ! command -v node > /dev/null || [[ ! -e $PREFIX/share/quillet/emulator/node_modules/rp2040js ]]; then
    echo "note: no Node or no rp2040js: the images are not started"
    exit 0
fi
quillet emulate examples/pico/build/invented_names.uf2 --panel none --quiet --seconds 15 < /dev/null > console 2> log ||
    fail "the image does not run"
tr -d '\r' < console | head -10 | cmp - names.host || fail "the image does not write what the program writes"
quillet emulate examples/frame_firmware/build/my_frame.uf2 --send "seed 5" --send next --pages 1 --png page.png --seconds 60 \
    < /dev/null > console 2> log || fail "the frame does not run"
[[ -s page.png ]] || fail "the frame shows no page"
