#!/bin/bash
# `quillet filter`, and --filter of predict, compare, evaluate and compile; the twin in JavaScript writes the same text.
# Uses: expect.sh, node and onnxruntime-node where they are. Arguments: the tool, json_get, the sources, the default
# list. shellcheck source-path=SCRIPTDIR
root=$(realpath "$3")
english=$4
source "$(dirname "$0")/expect.sh"

# expect_code CODE ARGUMENT...: like expect_exit; a refused text is not an error, so it needs no message.
expect_code()
{
    local expected=$1
    shift
    run "$@"
    ((code == expected)) || fail "exit $code, expected $expected"
}

# Lists and verdicts.
printf '# soft food\ntofu*\t2\n*rice*\t1\nbig bean\n' > words
printf 'A first item\nthe Second one!\n\n' > items
expect_exit 0 filter --words words --refuse items --output food.qlf
expect_stdout "refused items: 2"
expect_code 1 filter --filter food.qlf --check "no t0-fu"
expect_stdout "refused: 't0-fu', from symbol 4 on"
expect_code 1 filter --filter food.qlf --check "A FIRST item." --json
expect_json out refused true
expect_json out findings.0.kind item
expect_code 0 filter --filter food.qlf --check "A first beans item"
expect_code 0 filter --words words --min_rating 2 --check "rice"
expect_code 1 filter --words words,items --check "a first item"

# Wrong use.
expect_exit 2 filter
expect_exit 2 filter --words words --filter food.qlf
expect_exit 1 filter --words nowhere
expect_exit 1 filter --filter words
expect_stderr "is not a filter"
printf 'tofu\nto*fu\n' > wrong
expect_exit 1 filter --words wrong
expect_stderr "wrong:2:"
expect_exit 2 filter --words words --check $'\xff'
for text in "rice" "tofu"; do
    command="filter --check $text > /dev/full"
    "$tool" filter --filter food.qlf --check "$text" > /dev/full 2> err
    expect test $? -eq 2
    expect_stderr "No space left"
done
head -c 100 food.qlf > short.qlf
expect_exit 2 filter --filter short.qlf --check x
expect_stderr "cut short"

# A model that writes mostly listed words.
for i in {1..60}; do
    printf 'tofu\nrice pot\nbig bean\na first item\nsoft sauce %d\n' $((i % 7))
done > text
expect_exit 0 train --input text --sequences items --rnn_size 24 --num_layers 1 --embedding_size 8 --max_epochs 30 \
    --learning_rate 0.02 --generate 0 --run_name food
checkpoint=$(cat out)
expect_exit 0 export --init_from "$checkpoint" --export_file food.onnx
expect_exit 0 predict --init_from "$checkpoint" --generate 600 --seed 1
grep -qi 'tofu' out && grep -q 'rice' out && grep -q 'a first item' out || fail "the model has not learned its text"
expect_exit 0 predict --init_from "$checkpoint" --generate 600 --seed 1 --filter food.qlf
cp out filtered
expect_code 0 filter --filter food.qlf --check "$(head -n -1 filtered)"
expect_exit 0 evaluate --model food.json --length 600 --seed 1 --temperature 0.8 --filter food.qlf
expect_same out filtered
expect_exit 0 evaluate --model food.json --length 600 --seed 1 --temperature 0.8 --filter food.qlf --json
expect_exit 0 compare --init_from "$checkpoint" --filter food.qlf --format csv --seed 1
expect_code 0 filter --filter food.qlf --check "$(tr -d '"' < out | tr ',' '\n')"
# The prompt before the drawn text counts, and so does the end of the text.
for length in {1..12}; do
    expect_exit 0 evaluate --model food.json --prompt tof --length $length --seed 3 --temperature 0.2 --filter food.qlf
    expect_code 0 filter --filter food.qlf --check "$(cat out)"
done
expect_exit 1 evaluate --model food.json --filter nowhere.qlf
expect_exit 2 compile food.onnx --no-sampler --filter food.qlf
{
    printf '*%s*\n' {a..z}{a..z}
    echo ab
} > all
expect_exit 0 filter --words all --output all.qlf
expect_exit 1 predict --init_from "$checkpoint" --filter all.qlf
expect_stderr "nothing to say"

if [[ -e $root/web/node_modules/onnxruntime-node ]] && command -v node > /dev/null; then
    for settings in "--temperature 0.8" "--temperature 1.3" "--temperature 0.3" "--prompt=tof" "--temperature 0"; do
        for seed in 1 2 3; do
            # shellcheck disable=SC2086
            expect_exit 0 evaluate --model food.json --length 400 --seed $seed --filter food.qlf $settings
            cp out ours
            # shellcheck disable=SC2086
            node "$root/web/evaluate.js" --model food.json --length 400 --seed $seed --filter food.qlf $settings > out
            expect_same out ours
        done
    done
fi

# The default list: within its bytes, and no innocent word is refused.
if [[ -e $english ]]; then
    expect_exit 0 filter --default --output english.qlf --json
    (($("$json_get" out word_bytes) <= 40960)) || fail "the default list takes more than 40 KB"
    (($(grep -vc '^#\|^$' "$root/words/innocent.txt") >= 300)) || fail "there are fewer than 300 innocent words"
    expect_code 0 filter --filter english.qlf --check "$(grep -v '^#' "$root/words/innocent.txt")"
    expect_code 0 filter --filter english.qlf --check "Scunthorpe, Dickens, Hancock and Cockburn of Penistone, Essex"
fi
finish
