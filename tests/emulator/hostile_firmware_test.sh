#!/bin/bash
# The firmware with a model that was trained on listed words: with the filter, no item that the emulated board writes
# holds one, in integers and in float, and its text is that of the program for the host. Without the filter, some do.
# With `lexicon`, a model of pieces writes with a lexicon of half of these words beside the filter, and chooses from eight
# candidates: no item holds another word. Without the lexicon, some do.
# Skipped where the emulator, the compiler, the SDK or the list is missing; the folder `hostile`, or `hostile_lexicon`,
# keeps the build. HOSTILE_PAGES (12; 6 with the lexicon) is how many pages of two items it writes in integers; in float,
# it writes a twelfth of them.
# Uses: cmake, ninja, arm-none-eabi-gcc, the Pico SDK, the tool. Arguments: the root of the sources, the build folder,
# hostile_lines, the compiler for the host, and with a lexicon `lexicon` and spelled_lines.
set -euo pipefail

root=$1 build=$2 counter=$3 cc=$4 mode=${5:-filter} speller=${6:-}
quillet=$build/quillet
words=$build/english.words
seed=7
folder=hostile pieces=0 best=1 pages=${HOSTILE_PAGES:-12} guards=(--filter words.qlf)
if [[ $mode == lexicon ]]; then
    folder=hostile_lexicon pieces=400 best=8 pages=${HOSTILE_PAGES:-6} guards+=(--lexicon words.qlx)
fi

skip()
{
    echo "$1 is missing: tools/bootstrap pico web" >&2
    exit 77
}
[[ -e $words ]] || skip "the default list"
[[ -e $root/emulator/node_modules/rp2040js ]] || skip "the emulator"
command -v arm-none-eabi-gcc > /dev/null || skip "arm-none-eabi-gcc"
command -v ninja > /dev/null || skip "ninja"
for sdk in "${PICO_SDK_PATH:-/usr/src/pico-sdk}" "$root/third_party/pico/pico-sdk" ""; do
    [[ ! -e $sdk/pico_sdk_init.cmake ]] || break
done
[[ -n $sdk ]] || skip "the Pico SDK"

mkdir -p $folder
cd $folder
rm -rf runs
sh "$root/tests/filter/make_hostile.sh" "$root" "$quillet" "$words" $pieces > /dev/null
"$quillet" filter --words "$words" --output words.qlf > /dev/null
if [[ $mode == lexicon ]]; then
    sh "$root/tests/filter/hostile_words.sh" "$root" "$words" > listed
    "$quillet" lexicon --words listed --filter words.qlf --output words.qlx > /dev/null
fi

# compile NUMBERS OPTION...: the C of both models, which are the same.
compile()
{
    "$quillet" compile hostile.json hostile.json --name quotes_model,names_model --output quotes_models.c --report \
        --quantize "$@" > quotes_models.json 2>> log
}

# quietly COMMAND...: what it prints is shown when it fails.
quietly()
{
    "$@" > log 2>&1 || {
        cat log >&2
        exit 1
    }
}

# on_host PAGES: what the program for the host writes.
on_host()
{
    # shellcheck disable=SC2046
    quietly "$cc" -std=c11 -D_POSIX_C_SOURCE=200809L -O1 -ffp-contract=off -I "$root" -I "$root/firmware" \
        -I "$root/firmware/app" -I . -o quotes "$root"/firmware/port/host/*.c "$root/firmware/app/compiled_models.c" \
        quotes_models.c "$build"/firmware/libql_{app,panel,layout}.a \
        $(pkg-config --cflags --libs libpng) -lm
    ./quotes --console --best $best --seed $seed --temperature 1.1 --count "$1" < /dev/null
}

# texts: the items of a console's lines, from the seed on; the line before a mark's end is one.
texts()
{
    tr -d '\r' | awk -v seed="= seed $seed" '$0 == seed { on = 1; next } /^= mark end/ && on { print line } { line = $0 }'
}

# expect PAGES NUMBERS: so many pages, of two items at least, hold no word that must not be there, and are the host's.
expect()
{
    local pages=$1 numbers=$2 count
    compile "$numbers" "${guards[@]}"
    quietly cmake -S "$root/firmware/port/pico" -B image -G Ninja -D CMAKE_BUILD_TYPE=Release \
        -D PICO_SDK_PATH="$sdk" -D QUOTES_BUILD=test -D QUOTES_BEST=$best -D QUOTES_MINUTES=1 -D QUOTES_MODELS_DIR="$PWD" \
        -D QUOTES_FONT_DATA="$build/firmware/font_data.c" -D QUOTES_UF2_WRITER="$build/firmware/uf2_writer" \
        -D QUOTES_UF2="$PWD/quotes.uf2"
    quietly cmake --build image
    "$quillet" emulate quotes.uf2 --elf image/quotes.elf --send "temperature 1.1" --send "seed $seed" \
        --until "= page begin $((pages + 2))" --quiet < /dev/null > device.out
    texts < device.out > device.txt
    on_host "$pages" | texts > host.txt
    cmp <(head -n "$(wc -l < host.txt)" device.txt) host.txt
    count=$("$counter" "$words" < host.txt)
    echo "$numbers, filtered: $count"
    [[ $count == *"with_words 0" ]]
    (($(wc -l < host.txt) >= 2 * pages))
}

expect "$pages" int8
if [[ $mode == lexicon ]]; then
    count=$("$speller" listed < device.txt)
    echo "int8, with the lexicon: $count"
    [[ $count == *"unlisted 0" ]]
    compile int8 --filter words.qlf
    count=$(on_host "$pages" | texts | "$speller" listed 2> log)
    echo "int8, without the lexicon: $count"
    ((${count##* } > 0))
    exit
fi
expect $(((pages + 11) / 12)) off

# That the model has learned to say such words at all is seen on the host; a page there takes a second, as on a panel.
compile int8
count=$(on_host $((2 * pages)) | texts | "$counter" "$words")
echo "int8, not filtered: $count"
((${count##* } > 0))
