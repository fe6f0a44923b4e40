#!/bin/bash
# `quillet evaluate`: the text of a checkpoint's `predict`, its options, and descriptors and models that are none.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/expect.sh"

numbers 400 > names.txt

# With every cell, it writes what the checkpoint writes, with the state reset after a line or not.
for sequences in items stream; do
    for cell in lstm gru rnn; do
        name=$cell-$sequences
        model=checkpoints/$name/checkpoint.2.safetensors
        expect_exit 0 train "${tiny[@]}" --input names.txt --model $cell --num_layers 3 --sequences $sequences \
            --run_name $name
        expect_exit 0 export --init_from "$model" --export_file $name.onnx
        for settings in "" "--temperature 0.3 --top-k 4" "--temperature 1.5 --top-p 0.7"; do
            # shellcheck disable=SC2086
            expect_exit 0 predict --init_from "$model" --generate 300 --seed 3 $settings
            cp out predicted
            # shellcheck disable=SC2086
            expect_exit 0 evaluate --model $name.json --length 300 --seed 3 $settings
            expect_same out predicted
        done
    done
done
model=lstm-items.json

# Length, prompt, seed; both spellings of an option.
expect_exit 0 evaluate --model $model --seed 1
expect test "$(wc -m < out)" -eq 513
expect_exit 0 evaluate --model $model --length 0 --seed 1 --prompt abc
expect_stdout abc
expect_exit 0 evaluate --model=$model --length=40 --temperature=0.3 --top-k=4 --top-p 0.9 --seed 5
cp out first
expect_exit 0 evaluate --model $model --length 40 --temperature 0.3 --top_k 4 --top_p 0.9 --seed 5
expect_same out first
expect_exit 0 evaluate --model $model --length 40
expect grep -qE '^\(seed [0-9]+\)$' err
cp out drawn
expect_exit 0 evaluate --model $model --length 40 --quiet --seed "$(sed -n 's/^(seed \([0-9]*\))$/\1/p' err)"
expect_same out drawn
expect test ! -s err
expect_exit 2 evaluate --model $model --prompt abz
expect_stderr "'z'"

# Candidates, of a decoder too, and with a lexicon. That web/ chooses the same is tested in the release build.
expect_exit 0 train --quiet --input names.txt --sequences items --model transformer --embedding-size 8 --num-heads 2 \
    --num-layers 2 --feed-size 8 --context-length 6 --max-epochs 2 --generate 0 --run-name short --threads 1
expect_exit 0 export --init_from checkpoints/short/checkpoint.2.safetensors --export_file short.onnx
expect_exit 0 lexicon --text names.txt --output names.qlx
for arguments in "lstm-items.json --best 3 --temperature 0.9" "gru-items.json --best 4 --min-length 20 --prompt a" \
    "short.json" "short.json --best 3 --temperature 0.5" "lstm-items.json --lexicon names.qlx --best 4"; do
    # shellcheck disable=SC2086
    expect_exit 0 evaluate --length 90 --seed 3 --model $arguments
    cp out first
    # shellcheck disable=SC2086
    expect_exit 0 evaluate --length 90 --seed 3 --model $arguments
    expect_same out first
    expect test -s first
done

# How well it predicts a text: the same as in the log of the training.
numbers 60 | tail -n 30 > held_out.txt
for name in lstm-items gru-items rnn-items; do
    expect_exit 0 train "${tiny[@]}" --num_layers 3 --init_from checkpoints/$name/checkpoint.2.safetensors \
        --input held_out.txt --validation held_out.txt --learning_rate 0 --weight_decay 0 --run_name measured-$name
    expect_exit 0 evaluate --model $name.json --text held_out.txt --json
    expect_json out characters 90
    expect_json out quantize off
    expect awk -F, -v nats="$("$json_get" out nats)" -v bits="$("$json_get" out bits_per_char)" '
        $1 == 2 { exit !((nats - $4) ^ 2 < 1e-10 && (bits - $5) ^ 2 < 1e-10) }' \
        checkpoints/measured-$name/training.log.csv
done
# Nothing is written, so what only concerns a text that is written is refused, also where it is as by default.
for option in "--length 512" "--temperature 0.8" "--top-p 1" "--top-k 0" "--seed 0" "--prompt=" "--best 1" "--min-length 0" \
    "--filter absent" "--lexicon absent"; do
    # shellcheck disable=SC2086
    expect_exit 2 evaluate --model $model --text held_out.txt $option
    option=${option%[ =]*}
    expect_stderr "writes nothing: leave out $option"
done
expect_exit 1 evaluate --model $model --text absent.txt
expect_stderr "absent.txt: cannot open"
echo abz > strange.txt
expect_exit 1 evaluate --model $model --text strange.txt
expect_stderr "strange.txt:1: the symbol 'z'"
expect test ! -s out

# The descriptor's settings are the defaults.
sed 's/"temperature": [0-9.]*/"temperature": 0/' $model > cold.json
expect_exit 0 evaluate --model cold.json --length 60 --seed 1 --json
cp out cold
expect_json cold temperature 0.0
expect_exit 0 evaluate --model $model --length 60 --seed 2 --temperature 0 --json
expect test "$("$json_get" cold text)" == "$("$json_get" out text)"

# A vocabulary in another order gives other symbols to the same tokens.
tr bcd cdb < <("$tool" evaluate --model $model --length 60 --seed 2) > turned
sed 's/abcdefghij/acdbefghij/' $model > turned.json
expect_exit 0 evaluate --model turned.json --length 60 --seed 2
expect_same out turned

# Invalid descriptors.
# refuse FIELD VALUE WORD: the descriptor with that field, in JSON, is refused with a message that has the word.
refuse()
{
    sed '$d' $model | sed '$s/$/,/' > broken.json
    printf '"%s": %s}\n' "$1" "$2" >> broken.json
    sed -i "0,/\"$1\"/{/\"$1\"/d}" broken.json
    grep -q "\"$1\"" broken.json || printf '{"%s": %s}' "$1" "$2" > broken.json
    expect_exit 1 evaluate --model broken.json --length 5
    expect_stderr "$3"
}
refuse filename 7 filename
refuse filename '""' filename
refuse filename '"absent.onnx"' absent.onnx
refuse filename '"names.txt"' names.txt
refuse filename '"."' ""
refuse temperature '"1"' temperature
refuse temperature -1 temperature
refuse temperature 1e999 ""
refuse top_p 0 top_p
refuse top_p 2 top_p
refuse top_k 1.5 top_k
refuse top_k -1 top_k
refuse vocabulary '""' vocabulary
refuse vocabulary '"\nabcabcabcab"' twice
refuse vocabulary '"\nabc"' ""
refuse vocabulary '["a"]' vocabulary
refuse vocabulary 'null' vocabulary
refuse reset '"z"' reset
for text in '' '{' '[]' 'null' '{}' $'\xff\xfe{}' '{"filename": "a"} x'; do
    printf '%s' "$text" > broken.json
    expect_exit 1 evaluate --model broken.json
    expect_stderr broken.json
done
head -c 100000 /dev/zero > broken.json
expect_exit 1 evaluate --model broken.json
expect_exit 1 evaluate --model absent.json
expect_stderr absent.json
expect_exit 1 evaluate --model lstm-items.onnx
expect_exit 2 evaluate
expect_stderr "--model is missing"

# Invalid models: truncated, and with a flipped bit anywhere, nothing crashes.
size=$(stat -c %s lstm-items.onnx)
sed 's/lstm-items/broken/' $model > broken.json
for bytes in 0 1 10 $((size / 2)) $((size - 1)); do
    head -c "$bytes" lstm-items.onnx > broken.onnx
    expect_exit 1 evaluate --model broken.json --length 5
done
RANDOM=2
for ((i = 0; i < 60; i++)); do
    place=$((RANDOM % size))
    byte=$(od -An -tu1 -j $place -N1 lstm-items.onnx)
    cp lstm-items.onnx broken.onnx
    printf '%b' "$(printf '\\x%02x' $((byte ^ 1 << (RANDOM % 8))))" |
        dd of=broken.onnx bs=1 seek=$place conv=notrunc status=none
    run evaluate --model broken.json --length 5 --seed 1
    expect test $code -le 1
done

# A result that cannot be written is a failure.
for arguments in "--length 10" "--length 100000000" "--length 10 --json"; do
    command="evaluate $arguments > /dev/full"
    # shellcheck disable=SC2086
    timeout 20 "$tool" evaluate --model $model $arguments > /dev/full 2> err
    expect test $? -eq 1
done
finish
