#!/bin/bash
# `quotes`, the device's application on the host: with stubs, and with two models compiled to C.
# Uses: expect.sh, a C compiler, libpng. Arguments: the tool, json_get; the root of the sources, the C of the type.
# shellcheck source-path=SCRIPTDIR
root=$(realpath "$3")
font_data=$(realpath "$4")
source "$(dirname "$0")/expect.sh"

# build PROGRAM MODELS.C...: what firmware/CMakeLists.txt does.
build()
{
    local program=$1 sources=("$root"/firmware/{port/host,panel}/*.c "$font_data") source
    shift
    for source in "$root"/firmware/app/*.c; do
        [[ $source == *_models.c ]] || sources+=("$source")
    done
    cc -std=gnu11 -O2 -I "$root" -I "$root/firmware" -I "$root/firmware/app" -I . -o "$program" "${sources[@]}" \
        "$@" -lpng -lm 2> err || fail "$program does not compile"
}

# expect_quotes CODE ARGUMENT...
expect_quotes()
{
    local expected=$1
    shift
    command="(quotes) $*"
    ./quotes "$@" > out 2> err < /dev/null
    code=$?
    ((code == expected)) || fail "exit $code, expected $expected"
}

# The stub.
build quotes "$root"/firmware/app/stub_models.c
expect_quotes 0 --seed 1 --count 200
expect test "$(grep -c '^    -- ' out)" -eq 200
expect test "$(awk 'length > 60' out | wc -l)" -eq 0
expect test "$(grep -c 'longer than a page' out)" -eq 0
cp out first
expect_quotes 0 --seed=1 --count=200
expect_same out first
expect_quotes 0 --seed 2 --count 200
expect test -n "$(cmp out first)"
expect_quotes 0 --count 0
expect test ! -s out
expect_quotes 0
expect grep -qE '^\(seed [0-9]+\)$' err
expect_quotes 1 --width 1 --seed 1
expect_stderr "none of 50 names fits"
expect_quotes 0 --help
expect_stdout "--raw"
expect test "$(wc -L < out)" -le 80
for arguments in "--nonsense" "more" "--count -1" "--count x" "--seed 4294967296" "--top-p 0" "--temperature" \
    "--top-k 0.5" "--raw=poems" "--best 0" "--best 51" "--min-length -1"; do
    # shellcheck disable=SC2086
    expect_quotes 2 $arguments
    expect test -s err
done
./quotes --raw --length 100000000 --seed 1 > /dev/full 2> err
expect test $? -eq 1

# The console of the device: its commands go in, and the lines for programs come out.
printf 'seed 7\nnonsense\ntemperature 0.7\nselftest\n' > commands
./quotes --console --count 2 < commands > out 2> err
expect test $? -eq 0
expect grep -qx '= seed 7' out
expect grep -qx '= error command unknown; help lists them' out
expect grep -qx '= temperature 0.7' out
expect grep -qx '= selftest pass' out
expect test "$(grep -cx '= page done' out)" -eq 2
expect test "$(grep -c '^= mark begin' out)" -eq "$(($(grep -c '^= mark end' out) + 1))" # of the page before the seed
./quotes --console --seed 7 < /dev/null > out 2> err
expect test $? -eq 0
expect grep -qx '= page done' out

# A text cannot control a terminal; a pipe gets it unchanged. The stub's symbols are ASCII.
sed 's|has nothing|has\\033[2Jnothing|; s|"A. Stub"|"A. \\033[31mStub"|' "$root"/firmware/app/stub_models.c > hostile_models.c
build hostile hostile_models.c
./hostile --seed 1 --count 20 > out
expect grep -qaF "$(printf '\033[2J')" out
if command -v script > /dev/null; then
    for arguments in "--count 20" "--raw --length 5000" "--raw=names" "--console --count 8"; do
        script -qec "./hostile --seed 1 $arguments < /dev/null" /dev/null > typed < /dev/null
        expect test "$(tr -d '\r\n -~' < typed | wc -c)" -eq 0
        expect grep -qE '\\x1b\[2Jn|\\x1b\[31mS' typed
    done
fi

# Two models.
numbers 300 > names.txt
sed 's/\(.\)\(.\)/\1 \2-/' names.txt > quotes.txt
for kind in names quotes; do
    expect_exit 0 train "${tiny[@]}" --input $kind.txt --max_epochs 6 --sequences items --run_name $kind
    expect_exit 0 export --init_from checkpoints/$kind/checkpoint.6.safetensors --export_file $kind.onnx \
        --temperature 0.9 --top_p 0.95 --top_k 10
done
expect_exit 0 compile quotes.json names.json --name quotes_model,names_model --output quotes_models.c
build quotes "$root"/firmware/app/compiled_models.c quotes_models.c

# The bare stream equals what the models write elsewhere, with any settings.
for seed in 1 2 4294967295; do
    for settings in "" "--temperature 0.3 --top-k 4" "--temperature=1.5 --top-p 0.7 --top-k=0" "--temperature 0"; do
        for kind in quotes names; do
            # shellcheck disable=SC2086
            expect_exit 0 evaluate --model $kind.json --length 400 --seed $seed $settings
            cp out evaluated
            # shellcheck disable=SC2086
            expect_quotes 0 --raw=$kind --length 400 --seed $seed $settings
            expect_same out evaluated
        done
    done
done
expect_quotes 0 --raw --seed 1
expect_exit 0 evaluate --model quotes.json --seed 1
expect test "$(wc -m < out)" -eq 513

# Pages: quote above, name below, none empty, none too wide.
expect_quotes 0 --seed 3 --count 100 --width 12
expect test "$(grep -c '^    -- .' out)" -eq 100
expect test "$(awk 'length > 12' out | wc -l)" -eq 0
expect test "$(grep -c '^$' out)" -eq 99

# The quotes of a seed's pages are the items of `generate` with this seed, even if there is a choice among candidates.
for settings in "--best 6 --min-length 5" "--best 20 --min-length 8 --temperature 1.2"; do
    # shellcheck disable=SC2086
    expect_quotes 0 --seed 3 --count 40 --width 500 $settings
    awk 'NR % 3 == 1' out | sed 's/^ *//; s/ *$//' > pages # lines have no spaces at their ends
    # shellcheck disable=SC2086
    expect_exit 0 generate --model quotes.json --seed 3 --count 40 $settings --quiet
    sed -i 's/^ *//; s/ *$//' out
    # A blank item is not on a page.
    paste -d '\t' pages out | awk -F '\t' 'length($2) >= 5' > both
    expect test "$(wc -l < both)" -gt 20
    expect test "$(awk -F '\t' '$1 != $2' both | wc -l)" -eq 0
done
printf 'best 3\nseed 9\n' | ./quotes --console --count 1 > out 2> err
expect grep -qx '= best 3' out
expect test "$(grep -c '^= candidate [123] of 3 bits [0-9.]*$' out)" -eq 3

# With a lexicon for the quotes, all their words are in the list, and the names are free; the console reports this.
tr -cs 'a-z' '\n' < quotes.txt | sort -u | sed '/^$/d; 1~2d' > words.txt
expect_exit 0 lexicon --words words.txt --output quotes.qlx
expect_exit 2 compile quotes.json names.json --name quotes_model,names_model --lexicon quotes.qlx,off,off
expect_exit 0 compile quotes.json names.json --name quotes_model,names_model --lexicon quotes.qlx,off \
    --output quotes_models.c
build quotes "$root"/firmware/app/compiled_models.c quotes_models.c
expect_quotes 0 --seed 3 --count 60 --width 500 --temperature 1.5 --best 4 --min_length 5
awk 'NR % 3 == 1' out | tr -cs 'a-zA-Z' '\n' | tr A-Z a-z | sed '/^$/d' | sort -u > written
expect test "$(wc -l < written)" -gt 2
expect test "$(comm -23 written <(sort -u words.txt) | wc -l)" -eq 0
expect test "$(awk 'NR % 3 == 2' out | tr -cs 'a-zA-Z' '\n' | sort -u | comm -23 - <(sort -u words.txt) | wc -l)" -gt 10
expect_quotes 0 --seed 3 --console --count 1
expect grep -qx "= quotes filter off lexicon $(wc -l < words.txt) words" out
expect grep -qx '= names filter off lexicon off' out

finish
