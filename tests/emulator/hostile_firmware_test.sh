#!/bin/bash
# The firmware with a model that was trained on listed words: with the filter, no item that the emulated board writes
# holds one, in integers and in float, and its text is that of the program for the host. Without the filter, some do.
# With `lexicon`, a model of pieces writes with a lexicon of half of these words beside the filter, and chooses from eight
# candidates: no item holds another word. Without the lexicon, some do.
# Skipped where the emulator, the compiler, the SDK or the list is missing; the folder `hostile`, or `hostile_lexicon`,
# keeps the build. It writes 12 pages of two items in integers, 6 with the lexicon, and a twelfth of them in float.
# With HOSTILE_ITEMS, it writes at least so many items in integers alone, in pieces of 6 pages from one seed each, and adds a
# line to the file `pieces` behind each of them; called again after an interruption, it goes on there. A piece counts for
# the image that wrote it.
# Uses: cmake, ninja, arm-none-eabi-gcc, the Pico SDK, the tool. Arguments: the root of the sources, the build folder,
# hostile_lines, the compiler for the host, and with a lexicon `lexicon` and spelled_lines.
set -euo pipefail
shopt -s inherit_errexit

root=$1 build=$2 counter=$3 cc=$4 mode=${5:-filter} speller=${6:-}
quillet=$build/quillet
words=$build/english.words
folder=hostile pieces=0 best=1 pages=12 guards=(--filter words.qlf)
if [[ $mode == lexicon ]]; then
    folder=hostile_lexicon pieces=400 best=8 pages=6 guards+=(--lexicon words.qlx)
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

# build_host: the program for the host.
build_host()
{
    # shellcheck disable=SC2046
    quietly "$cc" -std=c11 -D_XOPEN_SOURCE=700 -O1 -ffp-contract=off -I "$root" -I "$root/firmware" \
        -I "$root/firmware/app" -I . -o quotes "$root"/firmware/port/host/*.c "$root/firmware/app/compiled_models.c" \
        quotes_models.c "$build"/firmware/libql_{app,panel,layout}.a \
        $(pkg-config --cflags --libs libpng) -lm
}

# on_host SEED PAGES: the items that the program for the host writes.
on_host()
{
    ./quotes --console --best $best --seed "$1" --temperature 1.1 --count "$2" < /dev/null | texts "$1"
}

# texts SEED: the items of a console's lines, from the seed on; the line before a mark's end is one.
texts()
{
    tr -d '\r' | awk -v seed="= seed $1" '$0 == seed { on = 1; next } /^= mark end/ && on { print line } { line = $0 }'
}

# build NUMBERS: the image, and the program for the host, with filter and lexicon.
build()
{
    compile "$1" "${guards[@]}"
    build_host
    quietly cmake -S "$root/firmware/port/pico" -B image -G Ninja -D CMAKE_BUILD_TYPE=Release \
        -D PICO_SDK_PATH="$sdk" -D QUOTES_BUILD=test -D QUOTES_BEST=$best -D QUOTES_MINUTES=1 -D QUOTES_MODELS_DIR="$PWD" \
        -D QUOTES_FONT_DATA="$build/firmware/font_data.c" -D QUOTES_UF2_WRITER="$build/firmware/uf2_writer" \
        -D QUOTES_UF2="$PWD/quotes.uf2"
    quietly cmake --build image
}

# expect SEED PAGES: so many pages, of two items at least, hold no word that must not be there, and are the host's. Prints
# the counts.
expect()
{
    local seed=$1 pages=$2 count
    "$quillet" emulate quotes.uf2 --elf image/quotes.elf --send "temperature 1.1" --send "seed $seed" \
        --until "= page begin $((pages + 2))" --quiet < /dev/null > device.out
    texts "$seed" < device.out > device.txt
    on_host "$seed" "$pages" > host.txt
    cmp <(head -n "$(wc -l < host.txt)" device.txt) host.txt
    count=$("$counter" "$words" < host.txt)
    [[ $count == *"with_words 0" ]] || fail "$count"
    (($(wc -l < host.txt) >= 2 * pages)) || fail "too few items"
    if [[ $mode == lexicon ]]; then
        count+=", $("$speller" listed < host.txt)"
        [[ $count == *"unlisted 0" ]] || fail "$count"
    fi
    echo "$count"
}

fail()
{
    echo "hostile_firmware_test: $1" >&2
    exit 1
}

build int8
if [[ -n ${HOSTILE_ITEMS:-} ]]; then
    image=$(sha256sum quotes.uf2 | cut -c 1-16)
    for ((seed = 1; ; seed++)); do
        done=$(awk -v image="$image" '$1 == image { items += $5 } END { print items + 0 }' pieces 2> /dev/null || true)
        ((${done:-0} < HOSTILE_ITEMS)) || break
        if ! grep -q "^$image seed $seed " pieces 2> /dev/null; then
            counts=$(expect $seed 6)
            echo "$image seed $seed $counts" | tee -a pieces
        fi
    done
    echo "$mode: $done items of the emulated chip are those of the host, and hold no word that must not be there"
    exit
fi
count=$(expect 7 $pages)
echo "int8, with ${guards[*]}: $count"
if [[ $mode == lexicon ]]; then
    compile int8 --filter words.qlf
    build_host
    count=$(on_host 7 $pages | "$speller" listed 2> log)
    echo "int8, without the lexicon: $count"
    ((${count##* } > 0))
    exit
fi
build off
count=$(expect 7 1)
echo "float, with ${guards[*]}: $count"

# That the model has learned to say such words at all is seen on the host; a page there takes a second, as on a panel.
compile int8
build_host
count=$(on_host 7 $((2 * pages)) | "$counter" "$words")
echo "int8, not filtered: $count"
((${count##* } > 0))
