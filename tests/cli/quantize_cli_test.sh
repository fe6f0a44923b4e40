#!/bin/bash
# --quantize and --calibrate: predict, evaluate, compare, generated C, and verify agree; calibration texts that do not
# match; models without an integer form.
# Uses: expect.sh, gcc. Arguments: the tool, json_get, the root of the sources.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/expect.sh"
sources=$3

numbers 400 > names.txt

for cell in lstm gru rnn; do
    model=checkpoints/$cell/checkpoint.2.safetensors
    expect_exit 0 train "${tiny[@]}" --input names.txt --model $cell --num_layers 2 --run_name $cell
    expect_exit 0 export --init_from "$model" --export_file $cell.onnx
    expect_exit 0 predict --init_from "$model" --generate 300 --seed 3 --temperature 0.8
    cp out float
    for format in int8 int4; do
        expect_exit 0 predict --init_from "$model" --generate 300 --seed 3 --temperature 0.8 --quantize $format
        cp out predicted
        expect_exit 0 evaluate --model $cell.json --length 300 --seed 3 --temperature 0.8 --quantize $format
        expect_same out predicted
        # The draws differ, because the sampler does.
        expect test "$(cat float)" != "$(cat predicted)"
        expect_exit 0 evaluate --model $cell.json --length 300 --seed 3 --temperature 0.8 --quantize $format \
            --calibrate names.txt
        # The generated C, too.
        expect_exit 0 compile --model $cell.json --name model --output model.c --quantize $format
        printf '%s\n' '#include <stdio.h>' '#include "model.h"' 'int main(void) {' \
            'static struct model_state s; int t = MODEL_BEGIN; if (model_check(&s) != 0) return 1;' \
            'model_init(&s, 3); model_set(&s, 0.8f, 1.0f, 0);' \
            'for (int i = 0; i < 300; i++) { t = model_next(&s, t); fputs(model_symbol(t), stdout); }' \
            'puts(""); return 0; }' > main.c
        expect gcc -std=c11 -O1 -Wall -Wextra -Werror main.c model.c -o program
        ./program > out
        expect_same out predicted
    done
done

# With a filter, the same words are blocked in all of them.
printf '*ab*\n*ba*\n*ea*\n*dc*\n*cd*\n*hi*\n' > words
expect_exit 0 filter --words words --output words.qlf
expect_exit 0 predict --init_from "$model" --generate 300 --seed 3 --temperature 0.8 --quantize int4 --filter words.qlf
cp out filtered
expect test "$(cat filtered)" != "$(cat predicted)"
expect_exit 0 evaluate --model rnn.json --length 300 --seed 3 --temperature 0.8 --quantize int4 --filter words.qlf
expect_same out filtered
expect_exit 0 compile --model rnn.json --name model --output model.c --quantize int4 --filter words.qlf
expect gcc -std=c11 -O1 -Wall -Wextra -Werror main.c model.c -o program
./program > out
expect_same out filtered

expect_exit 0 compare --init_from checkpoints/lstm/checkpoint.2.safetensors --count 2 --seed 1 --quantize int8
expect_stdout "t = 0.3"

# With float nothing changes.
expect_exit 0 evaluate --model lstm.json --length 100 --seed 4
cp out off
expect_exit 0 evaluate --model lstm.json --length 100 --seed 4 --quantize off
expect_same out off

# The head and the report.
expect_exit 0 compile --model lstm.json --output lstm8.c --quantize int8 --calibrate names.txt
expect grep -q '^//   weights       int8, a scale for each row; calibrated on names.txt$' lstm8.c
expect_exit 0 compile --model lstm.json --output lstm8.c --quantize int8 --report
expect_json out weights int8
expect_exit 0 compile --model lstm.json --output lstm.c --report
expect_json out weights off

# Verify, in integers.
export QUILLET_DATA=$sources
integers=(verify --model lstm.json --quantize int4 --characters 300 --seeds 2 --length 50)
expect_exit 0 "${integers[@]}" --stages "gcc -O2"
expect_stdout "integers, plain"
expect_stdout "same bits"
run "${integers[@]}" --stages AVX
if ! grep -q "no stage has 'AVX' in its name" err; then
    expect test "$code" -eq 0
    expect_stdout "same bits"
fi
expect_exit 2 verify --model lstm.json --init_from checkpoints/lstm/checkpoint.2.safetensors --quantize int8
expect_stderr "checkpoint"

# Calibration texts.
printf 'ab\naz\n' > unknown.txt
expect_exit 1 evaluate --model lstm.json --quantize int8 --calibrate unknown.txt
expect_stderr "--calibrate: unknown.txt:2"
expect_stderr "z"
: > empty.txt
expect_exit 1 compile --model lstm.json --output never.c --quantize int8 --calibrate empty.txt
expect_stderr "empty.txt"
expect test ! -e never.c
expect_exit 1 predict --init_from checkpoints/lstm/checkpoint.2.safetensors --quantize int8 --calibrate nowhere.txt
expect_stderr "nowhere.txt"

# Options that do not go together.
expect_exit 2 evaluate --model lstm.json --quantize int7
expect_stderr "int7"
expect_exit 2 evaluate --model lstm.json --calibrate names.txt
expect_stderr "--quantize"
expect_exit 2 compile --model lstm.json --output never.c --quantize int8 --no_sampler
expect_stderr "--no-sampler"

finish
