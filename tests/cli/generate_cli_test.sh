#!/bin/bash
# `quillet generate`: the items are those of `predict` and `evaluate` with the items' seeds, whatever the threads.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/expect.sh"

numbers 200 > text.txt
expect_exit 0 train "${tiny[@]}" --input text.txt --sequences items --run_name run --num_layers 2
model=checkpoints/run/checkpoint.2.safetensors
expect_exit 0 export --init_from $model --export_file model.onnx
settings=(--temperature 0.9 --top_p 0.95 --top_k 8)
many=(generate --init_from $model --count 300 --seed 5 --max_length 30 "${settings[@]}")

expect_exit 0 "${many[@]}" --threads 1
cp out one
expect test "$(wc -l < one)" -eq 300
expect_stderr "300 items"
expect_stderr "symbols per step of the model"
expect_exit 0 "${many[@]}" --threads 3 --quiet
expect_same out one
expect test ! -s err
expect_exit 0 "${many[@]}" --output written.txt
expect_same written.txt one
expect test ! -s out
expect_exit 0 generate --model model.json --count 300 --seed 5 --max_length 30 "${settings[@]}"
expect_same out one
expect_exit 0 "${many[@]}" --seed 6
expect test -n "$(cmp out one)"
expect_exit 0 "${many[@]}" --count 40
head -n 40 one > some
expect_same out some

# JSON has each item's seed, with which the other commands write the same.
expect_exit 0 "${many[@]}" --count 12 --json
cp out items
while read -r line; do
    printf '%s\n' "$line" > item.json
    seed=$("$json_get" item.json seed)
    text=$("$json_get" item.json text)
    expect_exit 0 predict --init_from $model "${settings[@]}" --seed "$seed" --generate 30 --quiet
    expect test "$(head -n 1 out)" == "$text"
    expect_exit 0 evaluate --model model.json "${settings[@]}" --seed "$seed" --length 30 --quiet
    expect test "$(head -n 1 out)" == "$text"
done < items
expect test "$(wc -l < items)" -eq 12

# In integers too; from a checkpoint and from its graph the same, whatever the threads.
for format in int8 int4; do
    expect_exit 0 "${many[@]}" --threads 1 --quantize $format
    cp out integers
    expect test -n "$(cmp integers one)"
    expect_exit 0 generate --model model.json --count 300 --seed 5 --max_length 30 "${settings[@]}" --threads 3 \
        --quantize $format
    expect_same out integers
    expect_exit 0 "${many[@]}" --count 4 --json --quantize $format
    cp out items
    while read -r line; do
        printf '%s\n' "$line" > item.json
        seed=$("$json_get" item.json seed)
        text=$("$json_get" item.json text)
        expect_exit 0 predict --init_from $model "${settings[@]}" --seed "$seed" --generate 30 --quiet --quantize $format
        expect test "$(head -n 1 out)" == "$text"
    done < items
done
expect_exit 2 "${many[@]}" --quantize int3

# The best of several candidates is the same everywhere: of those that --json shows with seeds, the one with the lowest mean.
for format in off int8; do
    best=("${many[@]}" --best 5 --min_length 6 --count 40 --quantize $format)
    expect_exit 0 "${best[@]}" --threads 1 --quiet
    cp out chosen
    expect test "$(wc -l < chosen)" -eq 40
    expect_exit 0 generate --model model.json --seed 5 --max_length 30 "${settings[@]}" --best 5 --min_length 6 \
        --count 40 --quantize $format --threads 3 --quiet
    expect_same out chosen
    expect_exit 0 "${best[@]}" --json
    expect test -n "$(grep -v '"candidate":0' out)"
    head -n 6 out > items
    while read -r line; do
        printf '%s\n' "$line" > item.json
        seed=$("$json_get" item.json seed)
        text=$("$json_get" item.json text)
        expect_exit 0 predict --init_from $model "${settings[@]}" --seed "$seed" --generate 30 --quiet --best 5 \
            --min_length 6 --quantize $format
        expect test "$(cat out)" == "$text"
        expect_exit 0 evaluate --model model.json "${settings[@]}" --seed "$seed" --length 30 --quiet --best 5 \
            --min_length 6 --quantize $format
        expect test "$(cat out)" == "$text"
    done < items
done
expect_exit 2 "${many[@]}" --best 0
# A candidate that was cut is never taken if one has ended, such as the first, which is the item of --best 1.
short=(generate --init_from $model --count 200 --seed 5 --max_length 3 "${settings[@]}" --quiet --json)
for best in 1 5; do
    expect_exit 0 "${short[@]}" --best $best
    grep -o '"cut":[a-z]*' out > cut$best
done
expect test "$(paste -d ' ' cut1 cut5 | grep -c '"cut":true "cut":false')" -gt 20
expect test "$(paste -d ' ' cut1 cut5 | grep -c '"cut":false "cut":true')" -eq 0

# An item that does not end is cut, and reported as cut; the settings of a descriptor are the defaults.
expect_exit 0 generate --init_from $model --count 5 --seed 1 --max_length 1 --temperature 100
expect_stderr "cut after 1 character (--max-length)"
expect_exit 0 generate --init_from $model --count 1 --seed 1 --max_length 2 --temperature 100
expect_stderr "1 item, "
expect_stderr "1 item was cut after 2 characters (--max-length)"
expect_exit 0 generate --model model.json --count 5 --seed 1
cp out by_default
expect_exit 0 generate --model model.json --count 5 --seed 1 --temperature "$("$json_get" model.json temperature)"
expect_same out by_default

# --max-length counts what follows the prompt, and the help says so.
expect_exit 0 generate --init_from $model --count 200 --seed 1 --max_length 2 --prompt abc --temperature 100 --quiet
expect test "$(awk '{ print length }' out | sort -n | tail -n 1)" -eq 5
expect_exit 0 generate --help
expect test "$(tr -s ' \n' ' ' < out | grep -c 'cut an item at this many characters after the prompt')" -eq 1

# With a filter no listed word is written, and the text is that of `predict` with the filter; refused items are left out.
expect_exit 0 "${many[@]}" --quiet
grep -E '^.{2,4}$' out | head -n 1 > word.txt
expect test -s word.txt
expect_exit 0 filter --words word.txt --output words.qlf
expect_exit 0 "${many[@]}" --quiet --filter words.qlf
expect test "$(wc -l < out)" -eq 300
expect test "$(grep -cxFf word.txt out)" -eq 0
expect_exit 0 "${many[@]}" --count 12 --json --filter words.qlf
cp out items
while read -r line; do
    printf '%s\n' "$line" > item.json
    text=$("$json_get" item.json text)
    if [[ $("$json_get" item.json cut) == false ]]; then
        expect_exit 0 predict --init_from $model "${settings[@]}" --seed "$("$json_get" item.json seed)" --generate 30 \
            --quiet --filter words.qlf
        expect test "$(head -n 1 out)" == "$text"
    fi
done < items
expect_exit 0 "${many[@]}" --quiet
sort -u out | grep -E '^.{2,29}$' | head -n 20 > refused.txt
expect_exit 0 filter --refuse refused.txt --output items.qlf
expect_exit 0 "${many[@]}" --filter items.qlf
expect_stderr "items were refused"
expect test "$(grep -cxFf refused.txt out)" -eq 0
expect_exit 1 "${many[@]}" --filter absent.qlf

# An item that reaches the end of a decoder's context ends and counts as too long, in all forms of the model.
expect_exit 0 train --quiet --input text.txt --sequences items --model transformer --embedding-size 8 --num-heads 2 \
    --num-layers 2 --feed-size 8 --context-length 6 --max-epochs 2 --generate 0 --run-name short --threads 1
short=checkpoints/short/checkpoint.2.safetensors forms=0
expect_exit 0 export --init_from $short --export_file short.onnx
for form in "--init-from $short" "--model short.json" "--init-from $short --quantize int8" \
    "--model short.json --quantize int4"; do
    # shellcheck disable=SC2086
    expect_exit 0 generate $form --count 200 --seed 3 --json
    expect_stderr "(--max-length) or at the end of the context, 6 tokens"
    expect_stderr "batche"
    expect test "$(grep -c '"text":"......","cut":true' out)" -gt 50
    expect test "$(grep -Ec '"text":".{0,5}","cut":false' out)" -gt 5
    expect test "$(grep -Ec '"text":"(.{7,}","cut"|......","cut":false|.{0,5}","cut":true)' out)" -eq 0
    cp out "items$((++forms))"
done
expect_same items1 items2
# A candidate ends there, too; a text that is a stream continues.
expect_exit 0 evaluate --model short.json --best 5 --min-length 40 --seed 4
expect test "$(head -n 1 out | wc -m)" -le 7
expect_exit 0 predict --init_from $short --seed 4 --generate 60 --temperature 3 --quiet
expect test "$(wc -m < out)" -ge 60
expect_exit 0 train --quiet --input text.txt --sequences stream --model transformer --embedding-size 8 --num-heads 2 \
    --num-layers 1 --feed-size 8 --context-length 6 --max-epochs 1 --generate 0 --run-name endless --threads 1
expect_exit 0 generate --init_from checkpoints/endless/checkpoint.1.safetensors --count 50 --temperature 2 --max-length 40
expect test "$(awk 'length > 7' out | wc -l)" -gt 10

expect_exit 2 generate
expect_stderr "--init-from"
expect_exit 2 generate --init_from $model --model model.json
expect_exit 2 generate --init_from $model --count 0
expect_exit 2 generate --init_from $model --max_length 0
expect_exit 1 generate --init_from absent
expect_exit 1 generate --model absent.json
expect_exit 1 "${many[@]}" --output absent/items
expect_stderr "absent/items: cannot write"
command="generate > /dev/full"
"$tool" "${many[@]}" --count 100000 > /dev/full 2> err
expect test $? -eq 1

finish
